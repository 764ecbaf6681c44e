"""The man page that tools/man_page.py makes of a program's help texts. Argument: the program."""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import man_page  # noqa: E402

PROGRAM = sys.argv[1]

HELP = """Does things.
And \\more.
Usage: thing do [OPTIONS] FILE

Positionals:
  FILE TEXT REQUIRED          What to do

Options:
  -h,--help                   Print this help message and exit
  --a-name-that-is-much-too-long-for-this TEXT
                              .begins with a dot
                                {"an": "example"}

All's "well" - that ends well.

Example:
  thing do 'it'
"""


class Help(unittest.TestCase):
    def test_reads_what_a_command_says(self):
        found = man_page.Help(HELP)
        self.assertEqual(found.purpose, ["Does things.", "And \\more."])
        self.assertEqual(found.usage, "thing do [OPTIONS] FILE")
        self.assertEqual(found.lists["Positionals:"], [("FILE TEXT REQUIRED", ["What to do"])])
        name, explanation = found.lists["Options:"][1]
        self.assertEqual(name, "--a-name-that-is-much-too-long-for-this TEXT")
        self.assertEqual(explanation, [".begins with a dot", '  {"an": "example"}'])
        self.assertEqual(found.footer, ['All\'s "well" - that ends well.', "", "Example:", "  thing do 'it'"])

    def test_refuses_what_is_no_help_text(self):
        with self.assertRaises(ValueError):
            man_page.Help("Options:\n  --a   b\n")

    def test_nothing_becomes_a_request_of_roff(self):
        found = man_page.Help(HELP)
        lines = man_page.tagged(found.lists["Options:"]) + man_page.filled(found.purpose + [""] + found.footer)
        known = {".TP", ".B", ".PP", ".IP", ".RS", ".RE", ".nf", ".fi"}
        for line in lines:
            if line.startswith((".", "'")):
                self.assertIn(line.split()[0], known, line)
        self.assertIn("\\&.begins with a dot", lines)
        self.assertIn("Does things. And \\emore.", lines)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = man_page.man_page(PROGRAM, "systemctl(1)")

    def shown(self, *command):
        return subprocess.run(command, input=self.page, capture_output=True, text=True, check=False)

    def test_has_every_command_with_all_of_its_options(self):
        count = 0
        for words, found in man_page.commands(PROGRAM):
            if "Subcommands:" in found.lists:
                continue
            count += 1
            heading = ".SS " + man_page.escape(" ".join([pathlib.Path(PROGRAM).name, *words])) + "\n"
            self.assertEqual(self.page.count(heading), 1, heading)
            section = re.split(r"\n\.S[SH] ", self.page.split(heading)[1])[0]
            for which in ("Positionals:", "Options:"):
                for name, explanation in found.lists.get(which, []):
                    self.assertTrue(explanation and explanation[0], f"{words} {name}")
                    if name != "-h,--help":
                        self.assertIn(".B " + man_page.escape(name) + "\n", section)
        self.assertGreater(count, 5)

    def test_mandoc_and_groff_have_nothing_to_say(self):
        if not shutil.which("mandoc") or not shutil.which("groff"):
            self.skipTest("mandoc and groff-base are not installed")
        for command in (("mandoc", "-T", "lint"), ("groff", "-man", "-Tutf8", "-ww", "-z")):
            done = self.shown(*command)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), command)

    def test_can_be_read(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        text = re.sub(".\b", "", self.shown("mandoc", "-T", "utf8", "-O", "width=100").stdout)
        for words in ("NAME", "SYNOPSIS", "EXIT STATUS", "ktgate init [OPTIONS] DOMAIN DIR",
                      "ktgate init example.com /var/lib/ktgate/example.com",
                      '{"label":"alice@example.com","version":0,"value":"c29tZSBrZXk"}'):
            self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
