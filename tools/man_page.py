#!/usr/bin/env python3
"""Writes the man page of a program from what its commands say with --help.

    tools/man_page.py PROGRAM OUTPUT [--see-also "PAGE(1), ..."]

The page has a section for each command. Help texts are read as program/command_line.h prints them:
what it is for, `Usage:`, `Positionals:`, `Options:` and `Subcommands:`, and after these what the
command adds at its end. The date is SOURCE_DATE_EPOCH, or today.
"""

import argparse
import datetime
import itertools
import os
import pathlib
import subprocess
import sys
import textwrap

COLUMN = 30  # where the explanations of a help text begin
LISTS = ("Positionals:", "Options:", "Subcommands:")


class Help:
    """What one command says with --help."""

    def __init__(self, text):
        self.purpose, self.usage, self.lists, self.footer = [], "", {}, []
        items = None
        for line in text.split("\n"):
            if not self.usage:
                if line.startswith("Usage: "):
                    self.usage = line.removeprefix("Usage: ")
                else:
                    self.purpose.append(line)
            elif line in LISTS and not self.footer:
                items = self.lists.setdefault(line, [])
            elif items is not None and line:
                add_to(items, line)
            else:
                items = None
                if line or self.footer:
                    self.footer.append(line)
        if not self.usage:
            raise ValueError("a help text without usage")
        while self.footer and not self.footer[-1]:
            self.footer.pop()


def add_to(items, line):
    """Takes a line of a list: an item with the beginning of its explanation, or more of that."""
    if line[:COLUMN].strip() == "":
        items[-1][1].append(line[COLUMN:])
        return
    # A name that is too long has its line to itself.
    fits = len(line) <= COLUMN or line[COLUMN - 1] == " "
    name, explanation = (line[:COLUMN], line[COLUMN:]) if fits else (line, "")
    items.append((name.strip(), [explanation] if explanation else []))


def ask(program, command):
    done = subprocess.run([program, *command, "--help"], check=True, capture_output=True, text=True)
    return Help(done.stdout)


def commands(program, command=()):
    """Each command that can be run, with its words, in the order of the help texts."""
    found = ask(program, command)
    yield list(command), found
    for name, _ in found.lists.get("Subcommands:", []):
        yield from commands(program, (*command, name))


def escape(text):
    """`text` as roff shows it, wherever it stands in a line."""
    shown = "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text.replace("\\", "\\e"))
    shown = shown.replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace('"', "\\(dq")
    return shown.replace("^", "\\(ha").replace("~", "\\(ti")


def guard(text):
    """A line of text, whatever it begins with."""
    return "\\&" + text if text.startswith(".") else text


def kind_of(line):
    if not line.strip():
        return "between"
    return "as it is" if line.startswith("  ") else "text"


def filled(lines, between=".PP"):
    """Paragraphs; what is indented stays as it is."""
    page = []
    for kind, group in itertools.groupby(lines, kind_of):
        if kind == "between":
            page += [between] if page else []
        elif kind == "as it is":
            page += [".RS 4", ".nf", *[guard(escape(line.strip())) for line in group], ".fi", ".RE"]
        else:
            text = escape(" ".join(line.strip() for line in group))
            wrapped = textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)
            page += [guard(line) for line in wrapped]
    return page


def tagged(items):
    page = []
    for name, explanation in items:
        page += [".TP", f".B {escape(name)}"]
        page += filled(explanation, between=".IP")
    return page


def man_page(program, see_also=""):
    name = pathlib.Path(program).name
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    today = datetime.datetime.now(datetime.timezone.utc)
    date = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else today
    (_, root), *others = commands(program)
    purpose = " ".join(root.purpose).strip().rstrip(".")
    page = [
        f'.TH {name.upper()} 1 {date:%Y-%m-%d} "{escape(version)}"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(purpose)}",
        ".SH SYNOPSIS",
    ]
    runnable = [(words, found) for words, found in others if "Subcommands:" not in found.lists]
    for words, found in runnable:
        rest = found.usage.split()[1 + len(words):]
        page += [f".B {escape(' '.join([name, *words]))}", escape(" ".join(rest)), ".br"]
    page[-1:] = []
    page.append(".SH OPTIONS")
    page += tagged(root.lists["Options:"])
    page.append(".SH COMMANDS")
    for words, found in runnable:
        page.append(f".SS {escape(' '.join([name, *words]))}")
        page += filled(found.purpose)
        for which in ("Positionals:", "Options:"):
            # Each command has -h, which is said once.
            page += tagged([item for item in found.lists.get(which, []) if not item[0].startswith("-h,")])
        if found.footer and found.footer != root.footer:
            page += [".PP", *filled(found.footer)]
    if root.footer:
        page += [".SH EXIT STATUS", *filled(root.footer)]
    if see_also:
        page += [".SH SEE ALSO", escape(see_also)]
    return "\n".join(page) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--see-also", default="")
    arguments = parser.parse_args()
    arguments.output.write_text(man_page(arguments.program, arguments.see_also), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main())
