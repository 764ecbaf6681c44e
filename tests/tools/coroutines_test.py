"""What tools/lint/coroutines.py refuses and what it lets pass."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "lint"
sys.path.insert(0, str(LINT))
from coroutines import findings  # noqa: E402

CONDITION = "in the condition of an if, while, switch or for"
BRACED = "inside a braced initialiser"
OPERAND = "as an operand of ?:, && or ||"
TEMPORARY = "in one expression with a braced temporary"
LAMBDA = "in one expression with a capturing lambda"

GOOD = [
    "auto r = co_await f(std::move(named));",
    "auto r = co_await f(std::move(named)); if (!r) co_return fail(r);",
    "co_await f();",
    "co_return co_await f(x);",
    "auto&& r = co_await f();",
    "auto&& [a, b] = co_await f();",
    "const auto& [a, b] = co_await f(v[0], (*w)[1]);",
    "auto r = co_await f(static_cast<T&&>(x));",
    "auto r = co_await f(a && b, c ? 1 : 2);",
    "auto r = co_await f(g<T&&>(x));",
    "auto r = co_await f([](int x) { return Foo{x}; });",
    "auto r = co_await x[i].f();",
    "Foo named{1, 2}; auto r = co_await f(named);",
    "if (x == Foo{1} && y) co_await f();",
    "while (a || b) { auto r = co_await f(); use(r); }",
    "for (const auto& [k, v] : Map{{1, 2}}) { co_await f(k, v); }",
    "switch (x) { case A: co_await f(); break; case B::C: { co_await g(); } default: co_await h(); }",
    "do { co_await f(); } while (x && y);",
    "if (x) { co_await f(); } else { co_await g(); }",
    "if (x) [[likely]] { co_await f(); } else if (y) co_await g(); else co_await h();",
    "try { co_await f(); } catch (const E& e) { last = Foo{e}; }",
    "{ co_await f(); } { co_await g(); }",
    # In the body of a lambda, wherever the lambda itself stands.
    "co_spawn(ex, [self, n = Foo{1}]() -> awaitable<void> { co_await self->run(); }, detached);",
    "auto go = [&]() mutable -> std::map<int, int> { auto r = co_await f(); co_return r; };",
    "if (any([&](int x) -> awaitable<bool> { auto r = co_await f(x); co_return r; })) stop();",
    "const Handlers handlers{[this](Request q) -> awaitable<Response> { co_await f(q); }};",
    "return a && b(c, [=] { auto r = co_await f(); });",
    # Where functions may stand.
    "template <class T = int> struct S : Base<T> { awaitable<T> f() const noexcept { co_await g(); } };",
    "struct S { S() : a_{1}, b_{2} { go(); } awaitable<void> f() & { co_await g(); } int a_{3}; };",
    "namespace a::b { auto f() -> awaitable<Result<int>> { co_await g(); } }",
    "template <class T> requires C<T> auto f(T&& x) -> T { co_await g(x); }",
    "auto f() noexcept(true) -> awaitable<void> { co_await g(); }",
    "struct S { auto operator co_await() && { return a && Foo{1}; } };",
    "#define X(a) if (a) { \\\n }\nvoid f() { co_await g(); }",
    "#if A\n#endif\n{ co_await f(); }",
    # Not code.
    '// if (co_await f())\n/* a && co_await b */ g("if (co_await f())", \'{\', R"x(a && co_await b)x");',
    "auto n = 1'000'000; co_await f(n);",
]

BAD = [
    ("if (co_await f()) g();", [CONDITION]),
    ("if (auto r = co_await f(); !r) co_return;", [CONDITION]),
    ("if constexpr (co_await f()) g();", [CONDITION]),
    ("while (!g(co_await f())) { }", [CONDITION]),
    ("do { x(); } while (co_await f());", [CONDITION]),
    ("switch (co_await f()) { }", [CONDITION]),
    ("for (auto x : co_await f()) { }", [CONDITION]),
    ("for (auto x = co_await f(); x; ++x) { }", [CONDITION]),
    ("if (x) { } else if (co_await f()) { }", [CONDITION]),
    ("#endif\nif (co_await f()) { }", [CONDITION]),
    ("Foo x{co_await f()};", [BRACED]),
    ("auto x = Foo{.a = 1, .b = co_await f()};", [BRACED]),
    ("co_return Foo{1, g(co_await f())};", [BRACED]),
    ("std::vector<int> v = {co_await f()};", [BRACED]),
    ("int v[] {co_await f()};", [BRACED]),
    ("g({co_await f()});", [BRACED]),
    ("auto x = a && co_await f();", [OPERAND]),
    ("auto x = co_await f() || b;", [OPERAND]),
    ("auto x = (co_await f()).ok() and b;", [OPERAND]),
    ("auto x = a ? co_await f() : 0;", [OPERAND]),
    ("co_return (co_await f()) ? 1 : 0;", [OPERAND]),
    ("g(1, a && h(co_await f()));", [OPERAND]),
    ("auto&& x = a && co_await f();", [OPERAND]),
    ("auto r = co_await f(Foo{1});", [TEMPORARY]),
    ("auto r = co_await f(Foo<int>{});", [TEMPORARY]),
    ("auto r = co_await f({.a = 1});", [TEMPORARY]),
    ("auto r = co_await Foo{1}.f();", [TEMPORARY]),
    ("auto r = g(co_await f(), Foo{1});", [TEMPORARY]),
    ("if (x) co_await f(Foo{1});", [TEMPORARY]),
    ("case A: co_await f(Foo{1});", [TEMPORARY]),
    ("auto r = co_await f([x] { return x; });", [LAMBDA]),
    ("auto r = co_await f(1, [&](int y) -> int { return y; });", [LAMBDA]),
    ("auto r = co_await f([this, x = 1]() mutable { });", [LAMBDA]),
    ("co_spawn(ex, [self]() -> awaitable<void> { co_await f(Foo{1}); });", [TEMPORARY]),
    ("auto go = [] { if (co_await f()) g(); };", [CONDITION]),
    ("EXPECT_TRUE(co_await f());", ["in an argument of EXPECT_TRUE"]),
    ("KT_TRY(auto x, co_await f());", ["in an argument of KT_TRY"]),
    ("#define TRY(x) \\\n  if (co_await x) return\n", ["in a macro"]),
    ("struct S { awaitable<void> f() const { co_await g(Foo{1}); } };", [TEMPORARY]),
]


class Coroutines(unittest.TestCase):
    def test_good(self):
        for text in GOOD:
            # In a function too: brackets around must change nothing.
            for whole in (text, "awaitable<void> f() {\n" + text + "\n}"):
                with self.subTest(whole):
                    self.assertEqual(findings(whole), [])

    def test_bad(self):
        for text, reasons in BAD:
            for whole in (text, "awaitable<void> f() {\n" + text + "\n}", "x = Foo{1};\n" + text):
                with self.subTest(whole):
                    self.assertEqual([reason for _, reason in findings(whole)], reasons)

    def test_lines_are_those_of_co_await(self):
        text = 'auto s = R"(\n\n)";\nauto r =\n    f(Foo{1},\n      co_await g());\n/*\n*/ if (co_await h()) {\n}\n'
        self.assertEqual([line for line, _ in findings(text)], [6, 8])

    def test_exit_code_and_output(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
            command = [sys.executable, "-B", str(LINT / "coroutines.py"), file.name]
            file.write("awaitable<void> f() {\n  co_await g();\n}\n")
            file.flush()
            self.assertEqual(subprocess.run(command, check=False).returncode, 0)
            file.write("awaitable<void> f() {\n  if (co_await g()) h();\n}\n")
            file.flush()
            run = subprocess.run(command, check=False, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn(":5: co_await " + CONDITION, run.stdout)


if __name__ == "__main__":
    unittest.main()
