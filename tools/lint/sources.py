#!/usr/bin/env python3
"""The C++ files of the project, one a line: known to git, or new and not ignored.

    tools/lint/sources.py [pathspec...]     (default: *.h *.cc)
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources(*patterns):
    """Paths relative to ROOT, sorted."""
    # A checkout owned by someone else, as in a container, is not a reason to refuse.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard", "--", *(patterns or ("*.h", "*.cc"))]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listing.split("\0") if name and (ROOT / name).is_file()})


if __name__ == "__main__":
    print("\n".join(sources(*sys.argv[1:])))
