"""What systemd says to the unit that `ktgate init` writes. Argument: the program."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv[1]
# Of 10; tenths of it are the capability of port 443, and IP addresses, which are what it is for.
MOST_EXPOSURE = 20


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class ServiceUnit(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        directory = pathlib.Path(scratch.name, "kt")
        subprocess.run([PROGRAM, "init", "example.com", directory], check=True, capture_output=True)
        self.unit = directory / "ktgate.service"

    def analyze(self, *arguments):
        return subprocess.run(["systemd-analyze", *arguments, self.unit], capture_output=True, text=True, check=False)

    def test_systemd_understands_every_line(self):
        said = self.analyze("verify", "--man=no", "--recursive-errors=no").stderr
        about = [line for line in said.splitlines() if "ktgate.service" in line]
        self.assertEqual(about, [])
        # It is the unit that was read.
        self.unit.write_text(self.unit.read_text() + "\n[Service]\nNonsense=yes\n")
        self.assertIn("Nonsense", self.analyze("verify", "--man=no").stderr)

    def test_little_is_left_to_an_intruder(self):
        done = self.analyze("security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.unit.write_text("[Service]\nExecStart=/bin/true\n")
        laxer = self.analyze("security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}")
        self.assertNotEqual(laxer.returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
