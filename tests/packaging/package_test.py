"""The Debian package. Arguments: the program, and CPack's configuration."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, CONFIGURATION = sys.argv[1:3]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Built(unittest.TestCase):
    """What has the package, and its files below a directory. Made once for all tests."""

    made = None

    @classmethod
    def setUpClass(cls):
        if Built.made is None:
            Built.made = tempfile.TemporaryDirectory()
            unittest.addModuleCleanup(Built.made.cleanup)
            scratch = pathlib.Path(Built.made.name)
            output("cpack", "--config", CONFIGURATION, "-B", scratch / "package")
            (Built.package,) = (scratch / "package").glob("ktgate_*.deb")
            Built.scratch, Built.root = scratch, scratch / "root"
            output("dpkg-deb", "-x", Built.package, Built.root)


@unittest.skipUnless(shutil.which("dpkg-shlibdeps"), "dpkg-dev is not installed")
class Package(Built):
    def test_has_what_is_to_be_installed_and_belongs_to_root(self):
        listed = {}
        for line in output("dpkg-deb", "-c", self.package).splitlines():
            mode, owner, _, _, _, name = line.split()[:6]
            self.assertEqual(owner, "root/root", line)
            self.assertEqual(mode[8], "-", f"everybody could write: {line}")
            listed[name.removeprefix(".")] = mode
        self.assertEqual(listed["/usr/bin/ktgate"], "-rwxr-xr-x")
        self.assertEqual(listed["/etc/ktgate/"], "drwxr-xr-x")
        for name in ("/usr/lib/systemd/system/ktgate.service", "/usr/lib/sysusers.d/ktgate.conf",
                     "/usr/share/man/man1/ktgate.1", "/usr/share/doc/ktgate/copyright",
                     "/usr/share/doc/ktgate/README.md", "/usr/share/doc/ktgate/docs/operations.md"):
            self.assertEqual(listed.get(name), "-rw-r--r--", name)
        tops = ("/", "/usr/", "/usr/bin/", "/usr/lib/", "/usr/share/", "/etc/")
        stray = [name for name in listed
                 if name not in tops and "ktgate" not in name and not name.endswith("/") and name != "/usr/bin/kt"
                 and name != "/usr/share/man/man1/kt.1"]
        self.assertEqual(stray, [])
        self.assertEqual(list((self.root / "etc/ktgate").iterdir()), [])

    def test_names_the_packages_of_the_libraries_it_needs(self):
        control = output("dpkg-deb", "-f", self.package)
        depends = re.search(r"^Depends: (.*)$", control, re.M).group(1)
        libraries = re.findall(r"NEEDED +(\S+)", output("objdump", "-p", self.root / "usr/bin/ktgate"))
        self.assertIn("liblmdb.so.0", libraries)
        for library in libraries:
            if library.startswith("ld-"):
                continue
            owners = output("dpkg", "-S", f"*/{library}")
            package = owners.split(":")[0]
            self.assertRegex(depends, rf"(^|, ){re.escape(package)} ", library)

    def test_its_control_files_are_right(self):
        control = self.scratch / "control"
        output("dpkg-deb", "-e", self.package, control)
        for name in ("postinst", "prerm", "postrm"):
            output("sh", "-n", control / name)
            self.assertEqual((control / name).stat().st_mode & 0o777, 0o755)
        self.assertFalse((control / "conffiles").exists())
        # Each checksum holds.
        subprocess.run(["md5sum", "--check", "--quiet", control / "md5sums"], cwd=self.root, check=True)

    def test_its_program_runs(self):
        program = self.root / "usr/bin/ktgate"
        self.assertEqual(output(program, "--version"), output(PROGRAM, "--version"))
        directory = self.scratch / "kt"
        output(program, "init", "example.com", directory)
        self.assertTrue(output(program, "check", directory / "ktgate.toml").endswith("ok\n"))

    def test_the_service_runs_it_as_a_user_of_its_own(self):
        unit = (self.root / "usr/lib/systemd/system/ktgate.service").read_text()
        self.assertIn("\nExecStart=/usr/bin/ktgate serve /etc/ktgate/ktgate.toml\n", unit)
        self.assertIn("\nUser=ktgate\n", unit)
        self.assertIn("\nStateDirectory=ktgate\n", unit)
        self.assertNotRegex(unit, r"@[A-Z_]+@")
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        service = self.root / "usr/lib/systemd/system/ktgate.service"
        output("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", service)
        if shutil.which("systemd-sysusers"):
            (self.root / "etc/passwd").touch()
            (self.root / "etc/group").touch()
            output("systemd-sysusers", f"--root={self.root}", "ktgate.conf")
            users = (self.root / "etc/passwd").read_text()
            self.assertRegex(users, r"(?m)^ktgate:.*:/var/lib/ktgate:/usr/sbin/nologin$")
            for name in ("passwd", "group", "shadow", "gshadow"):
                for each in (self.root / "etc").glob(name + "*"):
                    each.unlink()


# Installs the package into a copy of this machine that goes with the process, uses it, and removes it.
INSTALL = """
set -e
mount -t tmpfs none "$1" && cd "$1" && mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root || exit 77
mount --rbind /proc root/proc && mount --rbind /dev root/dev
mount -t tmpfs none root/run && mount -t tmpfs none root/tmp
cp "$2" root/tmp/ktgate.deb
chroot root /bin/sh -e -c '
  as_service() { setpriv --reuid ktgate --regid ktgate --clear-groups "$@"; }
  dpkg --force-depends --install /tmp/ktgate.deb >&2
  stat -c "%U %a" /var/lib/ktgate
  as_service ktgate init example.com /var/lib/ktgate/example.com >&2
  mv /var/lib/ktgate/example.com/ktgate.toml /etc/ktgate/
  as_service ktgate check /etc/ktgate/ktgate.toml
  dpkg --purge ktgate >&2
  stat -c "%U" /var/lib/ktgate/example.com/main.log/signature.pem
  test ! -e /usr/bin/ktgate
'
"""


@unittest.skipUnless(shutil.which("dpkg-shlibdeps") and os.geteuid() == 0 and not pathlib.Path("/run/systemd/system").exists(),
                     "only root of a container installs packages for a test")
class Installed(Built):
    def test_can_be_installed_used_and_removed(self):
        mounts = self.scratch / "mounts"
        mounts.mkdir()
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", INSTALL, "sh", mounts,
                               self.package], capture_output=True, text=True, check=False)
        if done.returncode == 77 or "unshare failed" in done.stderr:
            self.skipTest("this machine allows no overlay")
        self.assertEqual(done.returncode, 0, done.stderr)
        owner, checked, ok, left = done.stdout.splitlines()
        self.assertEqual(owner, "ktgate 700")
        self.assertRegex(checked, "^log main: [0-9a-f]{64}, ")
        self.assertEqual((ok, left), ("ok", "ktgate"))
        self.assertIn("has the logs and their keys, and is left", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
