"""What tools/lint/includes.py refuses and what it lets pass, by the arrows of this project."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = ROOT / "tools" / "lint"
sys.path.insert(0, str(LINT))
from includes import arrows, faults  # noqa: E402

GOOD = [
    ("store/src/a.cc", '#include "store/a.h"\n#include "keytrans/types.h"\n#include <lmdb.h>\n'),
    ("log/src/a.cc", '#include "keytrans/types.h"'),  # through store
    ("client/src/a.cc", '#include "federation/a.h"'),
    ("keytrans/src/a.cc", '#include "private.h"\n#include <openssl/evp.h>\n#include <vector>'),
    ("tests/keytrans/a_test.cc", '#include "keytrans/types.h"\n#include <nlohmann/json.hpp>\n#include <chrono>'),
    ("tests/log/a_test.cc", '#include "tests/clock.h"\n#include "store/a.h"'),
    ("tests/fuzz/a.cc", '#include "client/a.h"\n#include "log/a.h"'),
    ("examples/a.cc", '#include "client/a.h"\n#include "log/a.h"'),
    ("gateway/src/a.cc", '#include "migration/a.h"\n#include <log/a.h>'),
]

BAD = [
    ("keytrans/src/a.cc", '#include "store/a.h"', "keytrans may not use store"),
    ("keytrans/include/keytrans/a.h", "#  include <log/a.h>", "keytrans may not use log"),
    ("keytrans/include/keytrans/a.h", '#include "wire.h"', "a public header includes the private wire.h"),
    ("keytrans/src/a.cc", "#include <nlohmann/json.hpp>", "keytrans may not use <nlohmann/json.hpp>"),
    ("keytrans/src/a.cc", "#include <lmdb.h>", "keytrans may not use <lmdb.h>"),
    ("keytrans/src/a.cc", "#include <sys/socket.h>", "keytrans may not use <sys/socket.h>"),
    ("keytrans/src/a.cc", "#include <chrono>", "keytrans may not use <chrono>"),
    ("store/src/a.cc", '#include "log/a.h"', "store may not use log"),
    ("federation/src/a.cc", '#include "store/a.h"', "federation may not use store"),
    ("log/src/a.cc", '#include "federation/a.h"', "log may not use federation"),
    ("client/src/a.cc", '#include "log/a.h"', "client may not use log"),
    ("client/src/a.cc", '#include "gateway/a.h"', "client may not use gateway"),
    ("tests/client/a_test.cc", '#include "log/a.h"', "client may not use log"),
    ("store/src/a.cc", '#include "../../log/src/a.h"', "../../log/src/a.h climbs out of its folder"),
]


class Includes(unittest.TestCase):
    def setUp(self):
        self.reaches = arrows(ROOT)

    def test_good(self):
        for name, text in GOOD:
            with self.subTest(f"{name} {text}"):
                self.assertEqual(list(faults(name, text, self.reaches)), [])

    def test_bad(self):
        for name, text, reason in BAD:
            with self.subTest(f"{name} {text}"):
                self.assertEqual(list(faults(name, "\n" + text, self.reaches)), [(2, reason)])

    def test_exit_code_and_output(self):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "cmake").mkdir()
            (root / "cmake" / "ktgate_library.cmake").write_text("set(ktgate_may_use_a b)\nset(ktgate_may_use_b \"\")\n")
            (root / "a").mkdir()
            (root / "b").mkdir()
            (root / "a" / "x.cc").write_text('#include "b/x.h"\n')
            command = [sys.executable, "-B", str(LINT / "includes.py"), directory]
            self.assertEqual(subprocess.run(command, check=False).returncode, 0)
            (root / "b" / "x.h").write_text('#pragma once\n#include "a/x.h"\n')
            run = subprocess.run(command, check=False, capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (1, "b/x.h:2: b may not use a\n"))


if __name__ == "__main__":
    unittest.main()
