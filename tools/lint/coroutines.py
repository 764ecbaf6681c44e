#!/usr/bin/env python3
"""Refuses the coroutine forms that g++ 12 miscompiles.

    tools/lint/coroutines.py [file...]     (default: every .h and .cc of the project)

Prints "file:line: reason" for each co_await in such a form, and exits with 1 if there was one:

  - in the condition of an if, while, switch or for; in a macro or its arguments, which may hide one
  - inside a braced initialiser, or as an operand of ?:, && or ||
  - in one expression with a braced temporary or aggregate, or with a capturing lambda

What is always right is `auto r = co_await f(std::move(named));` on its own, and then to look at r.

A file is read as tokens, nested brackets and statements. Types are not known: whether a `{` begins
a block or an initialiser, and whether `&&` is an operator, is told by what stands around it.
"""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sources import ROOT, sources

TOKEN = re.compile(
    r"""
    (?P<space>   \s+ | \\\n | //(?:\\\n|[^\n])* | /\*.*?\*/ )
  | (?P<macro>   ^[ \t]*\#(?:\\\n|[^\n])* )
  | (?P<literal> (?:u8|[uUL])?R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"
               | (?:u8|[uUL])?"(?:\\.|[^"\\\n])*"
               | (?:u8|[uUL])?'(?:\\.|[^'\\\n])+'
               | \.?\d(?:'?[\w.])* )
  | (?P<word>    operator\s+co_await\b | [A-Za-z_]\w* )
  | (?P<sign>    -> | :: | && | \|\| | [=!<>]= | . )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)

BRACKETS = {"(": ")", "[": "]", "{": "}"}
CONDITIONS = {"if", "while", "switch", "for"}
DEFINITIONS = {"namespace", "class", "struct", "union", "enum", "extern", "requires"}
AFTER_PARAMETERS = {"const", "noexcept", "override", "final", "volatile", "&", "&&"}
# After these words an expression begins, so that a `[` there is not a subscript.
BEFORE_EXPRESSION = {"return", "co_return", "co_yield", "co_await", "case", "throw", "else", "do"}
# Names written like EXPECT_TRUE.
MACRO_NAME = re.compile(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*")


@dataclass
class Token:
    kind: str
    text: str
    line: int


@dataclass
class Group:
    """A pair of brackets with what is inside."""

    kind: str  # "(", "[" of a subscript, attribute or binding, "capture" (the [...] of a lambda),
    #            "block", "lambda" (the body of one), "init" (a braced initialiser)
    items: list = field(default_factory=list)
    lambda_begun: bool = False  # the next `{` in here is the body of a lambda


def tokens(text):
    line = 1
    for match in TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield Token(match.lastgroup, match.group(), line)
        line += match.group().count("\n")


def is_token(item, *texts):
    return isinstance(item, Token) and item.text in texts


def is_word(item):
    return isinstance(item, Token) and item.kind == "word"


def is_macro(item):
    return isinstance(item, Token) and item.kind == "macro"


def is_group(item, *kinds):
    return isinstance(item, Group) and item.kind in kinds


def ends_statement(item):
    return is_token(item, ";") or is_macro(item) or is_group(item, "block")


def statement_so_far(items):
    start = len(items)
    while start > 0 and not ends_statement(items[start - 1]):
        start -= 1
    return items[start:]


# ---- From text to nested groups.


def square_kind(before):
    """What `[` begins after the items `before`."""
    if not before:
        return "capture"
    last = before[-1]
    if isinstance(last, Group):
        return "[" if not ends_statement(last) else "capture"
    if last.kind == "word":
        return "capture" if last.text in BEFORE_EXPRESSION else "["
    if last.text in ("&", "&&") and len(before) > 1 and is_token(before[-2], "auto"):
        return "["  # auto& [a, b]
    return "capture" if last.kind == "sign" else "["


def brace_kind(outer):
    """What `{` begins in the group `outer`."""
    if outer.lambda_begun:
        return "lambda"
    if outer.kind not in ("block", "lambda"):
        return "init"
    before = statement_so_far(outer.items)
    if not before or is_group(before[-1], "(", "[", "init"):
        # A body, after its parameters, condition, attribute or member initialisers. Or the elements
        # of an array of which the bound is the last thing said.
        array = before and is_group(before[-1], "[") and not is_attribute(before[-1])
        return "init" if array else "block"
    if is_token(before[-1], ":", "else", "do", "try", *AFTER_PARAMETERS):
        return "block"
    for place in reversed(range(len(before))):
        item = before[place]
        if is_token(item, "="):
            return "init"
        if is_token(item, *DEFINITIONS):
            return "block"
        if is_token(item, "->") and place > 0:
            if is_group(before[place - 1], "(") or is_token(before[place - 1], *AFTER_PARAMETERS):
                return "block"  # f() -> type {
    return "init"


def is_attribute(square):
    return len(square.items) == 1 and is_group(square.items[0], "[", "capture")


def parse(text):
    """The file as one block; the statements of a block stand in it one after the other."""
    stack = [Group("block")]
    for token in tokens(text):
        top = stack[-1]
        if token.kind == "sign" and token.text in BRACKETS:
            kind = token.text
            if kind == "[":
                before = statement_so_far(top.items) if top.kind in ("block", "lambda") else top.items
                kind = square_kind(before)
            elif kind == "{":
                kind = brace_kind(top)
                top.lambda_begun = False
            top.items.append(Group(kind))
            stack.append(top.items[-1])
        elif token.kind == "sign" and token.text in BRACKETS.values():
            if len(stack) > 1:
                closed = stack.pop()
                if closed.kind == "capture" and is_attribute(closed):
                    closed.kind = "["
                if closed.kind == "capture":
                    stack[-1].lambda_begun = True
        else:
            top.items.append(token)
            if token.text == ";":
                top.lambda_begun = False
    return stack[0]


# ---- From groups to expressions.


def statements(block):
    statement = []
    for item in block.items:
        statement.append(item)
        if ends_statement(item):
            yield statement
            statement = []
    yield statement


def expressions(statement):
    """(items, whether they are a condition): `if (a) b;` evaluates `a` and, apart from it, `b`."""
    rest = statement
    while rest:
        end = 0
        if is_token(rest[0], *CONDITIONS):
            end = next((i for i, item in enumerate(rest) if is_group(item, "(")), 0)
            if end:
                yield rest[end].items, True
        elif is_token(rest[0], "case", "default"):
            end = next((i for i, item in enumerate(rest) if is_token(item, ":")), 0)
        elif not is_token(rest[0], "else", "do"):
            break
        rest = rest[end + 1 :]
    yield rest, False


def operands(items):
    """The items between commas: && and its like reach no further."""
    part = []
    for item in items:
        if is_token(item, ","):
            yield part
            part = []
        else:
            part.append(item)
    yield part


def within(items):
    """The groups of the same expression: not what is in blocks and the bodies of lambdas."""
    for item in items:
        if is_group(item, "(", "[", "init", "capture"):
            yield item
            yield from within(item.items)


def awaits(items):
    """Each co_await of the expression."""
    for part in [items, *(group.items for group in within(items))]:
        yield from (item for item in part if is_token(item, "co_await"))


def bodies(items):
    """The nearest blocks and bodies of lambdas."""
    for part in [items, *(group.items for group in within(items))]:
        yield from (item for item in part if is_group(item, "block", "lambda"))


# ---- The rules.


def is_reference(items, place):
    """Whether the `&&` at `place` belongs to a type: `auto&& name =`, `T&&>`."""
    after = items[place + 1 : place + 3]
    if not after or is_token(after[0], ">", "..."):
        return True
    named = is_word(after[0]) or is_group(after[0], "[")
    return named and len(after) == 2 and is_token(after[1], "=")


def chooses(items):
    """Whether an operator among the items may leave an operand unevaluated."""
    return any(
        is_token(item, "?", "||", "or", "and") or (is_token(item, "&&") and not is_reference(items, place))
        for place, item in enumerate(items)
    )


def faults_of_place(items):
    """(co_await, reason) by where in its expression a co_await stands."""
    for part in operands(items):
        if chooses(part):
            yield from ((token, "as an operand of ?:, && or ||") for token in awaits(part))
        for place, item in enumerate(part):
            if is_group(item, "init"):
                yield from ((token, "inside a braced initialiser") for token in awaits(item.items))
            if is_group(item, "(") and place > 0 and is_word(part[place - 1]):
                name = part[place - 1].text
                if MACRO_NAME.fullmatch(name):
                    yield from ((token, f"in an argument of {name}") for token in awaits(item.items))
            if is_group(item, "(", "[", "init", "capture"):
                yield from faults_of_place(item.items)


def faults_of_company(items):
    """(co_await, reason) by what else is in the expression."""
    for group in within(items):
        if group.kind == "init" and not any(awaits(group.items)):
            yield from ((token, "in one expression with a braced temporary") for token in awaits(items))
        if group.kind == "capture" and group.items:
            yield from ((token, "in one expression with a capturing lambda") for token in awaits(items))


def faults(block):
    for statement in statements(block):
        for items, is_condition in expressions(statement):
            if is_condition:
                reason = "in the condition of an if, while, switch or for"
                yield from ((token, reason) for token in awaits(items))
            yield from faults_of_place(items)
            yield from faults_of_company(items)
    for item in block.items:
        if is_macro(item) and "co_await" in item.text:
            yield item, "in a macro"
    for body in bodies(block.items):
        yield from faults(body)


def findings(text):
    """(line, reason) in the order of lines."""
    return sorted({(token.line, reason) for token, reason in faults(parse(text))})


def main():
    failed = False
    for path in sys.argv[1:] or [ROOT / name for name in sources()]:
        text = Path(path).read_text(encoding="utf-8")
        for line, reason in findings(text):
            print(f"{os.path.relpath(path)}:{line}: co_await {reason}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
