#!/usr/bin/env python3
"""Refuses includes that break the dependency rule.

    tools/lint/includes.py [root]     (default: this project)

Prints "file:line: reason" for each of these and exits with 1 if there was one:

  - a folder, or its tests, includes a header of a folder it does not reach by the arrows in
    cmake/ktgate_library.cmake
  - a public header includes a private one, which others could then not include
  - keytrans/ includes anything but itself, the standard library without its clocks, what POSIX has
    for opening files with a mode (key files), OpenSSL, libsodium and tl::expected
  - a path climbs with `..`, around all of this
"""

import pathlib
import re
import sys

from sources import ROOT, sources

ARROWS = re.compile(r'^set\(ktgate_may_use_(\w+) (?:""|([\w ]+))\)', re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
PURE = {
    "keytrans": re.compile(
        r"(?!chrono$|ctime$)[a-z0-9_]+|fcntl\.h|sys/stat\.h|unistd\.h|openssl/.*|sodium\.h|tl/expected\.hpp"
    )
}


def arrows(root):
    """For each folder of the design the folders it reaches, itself among them."""
    text = (root / "cmake" / "ktgate_library.cmake").read_text(encoding="utf-8")
    direct = {name: set(targets.split()) for name, targets in ARROWS.findall(text)}
    if not direct:
        sys.exit("includes.py: no table in cmake/ktgate_library.cmake")

    def reach(name):
        return {name}.union(*(reach(target) for target in direct[name]))

    return {name: reach(name) for name in direct}


def faults(name, text, reaches):
    """(line, reason) for each include of the file `name` that breaks the rule."""
    parts = pathlib.PurePosixPath(name).parts
    folder = parts[1] if parts[0] == "tests" else parts[0]
    is_public = parts[1] == "include" if len(parts) > 1 else False
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, path = match[1] == '"', pathlib.PurePosixPath(match[2])
        other = path.parts[0]
        if ".." in path.parts:
            yield number, f"{path} climbs out of its folder"
        elif other in reaches and len(path.parts) > 1:
            if folder in reaches and other not in reaches[folder]:
                yield number, f"{folder} may not use {other}"
        elif quoted and is_public:
            yield number, f"a public header includes the private {path}"
        elif not quoted and parts[0] in PURE and not PURE[parts[0]].fullmatch(str(path)):
            yield number, f"{folder} may not use <{path}>"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    names = sources() if root == ROOT else [
        path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.suffix in (".h", ".cc")
    ]
    reaches = arrows(root)
    failed = False
    for name in names:
        for line, reason in faults(name, (root / name).read_text(encoding="utf-8"), reaches):
            print(f"{name}:{line}: {reason}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
