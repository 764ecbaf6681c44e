"""The status page in a browser: what it shows of working and of failing logs, on a phone and on a
desktop, light and dark. Arguments: the program, and a directory for the screenshots.

The browser is Debian's chromium, spoken to over a pipe. Screenshots are left for people to look at.
"""

import base64
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import zlib

PROGRAM, SCREENSHOTS = sys.argv[1], pathlib.Path(sys.argv[2])
DEADLINE = 60
SCREENS = {"phone": (390, 844), "desktop": (1280, 900)}
SCHEMES = ("light", "dark")

LOOK = """(() => {
  const style = (e) => getComputedStyle(e);
  const text = (e) => e.innerText.replace(/\\s+/g, ' ').trim();
  const cards = {};
  for (const e of document.querySelectorAll('article')) cards[e.id] = text(e);
  const small = [];
  for (const e of document.querySelectorAll('p, dt, dd, li, h1, h2, h3, span, a, code'))
    if (parseFloat(style(e).fontSize) < 12) small.push(text(e));
  return {
    title: document.title, verdict: text(document.querySelector('.verdict')), cards,
    background: style(document.body).backgroundColor, color: style(document.body).color,
    verdictColor: style(document.querySelector('.verdict')).color, small,
    inks: [...new Set([...document.querySelectorAll('dd, h3')].map((e) => style(e).color))],
    width: innerWidth, needed: document.documentElement.scrollWidth,
    columns: new Set([...document.querySelectorAll('main > div:last-child > article')].map((e) => e.offsetLeft)).size,
    resources: performance.getEntriesByType('resource').map((r) => r.name),
    scripts: document.scripts.length,
  };
})()"""


class Browser:
    """A headless chromium with one page."""

    def __init__(self, profile):
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()

        def set_pipes():
            os.dup2(to_browser, 20)
            os.dup2(from_browser, 21)
            os.dup2(20, 3)
            os.dup2(21, 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             # There is no other user to become in a container that has only root.
             *(["--no-sandbox"] if os.geteuid() == 0 else []),
             f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=set_pipes, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.pending, self.number, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def close(self):
        os.close(self.write_end)
        self.process.kill()
        self.process.wait()
        os.close(self.read_end)

    def message(self):
        while b"\0" not in self.pending:
            more = os.read(self.read_end, 1 << 16)
            if not more:
                raise RuntimeError("the browser is gone")
            self.pending += more
        whole, self.pending = self.pending.split(b"\0", 1)
        return json.loads(whole)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def show(self, url, size, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1],
                  deviceScaleFactor=1, mobile=size[0] < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def look(self):
        return self.call("Runtime.evaluate", expression=LOOK, returnByValue=True)["result"]["value"]

    def screenshot(self):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=False)
        return base64.b64decode(shot["data"])


def first_pixel(png):
    """Its colour; the first pixel of a line is stored as it is, whatever the filter."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, size = 8, b"", None
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR":
            size = struct.unpack(">II", png[at + 8:at + 16])
        if kind == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += 12 + length
    return size, tuple(zlib.decompress(data)[1:4])


def rgb(css):
    return tuple(int(part) for part in css[css.index("(") + 1:-1].split(",")[:3])


def contrast(one, other):
    """WCAG 2, relative luminance."""
    def luminance(colour):
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@unittest.skipUnless(shutil.which("chromium"), "chromium is not installed: tools/install_packages.sh --ci")
class StatusPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        cls.browser = Browser(cls.scratch / "profile")
        cls.addClassCleanup(cls.browser.close)

    def serve(self, name, more=""):
        """A gateway for example.com and `more`, and where it is."""
        directory = self.scratch / name
        subprocess.run([PROGRAM, "init", "example.com", directory, "--listen", "127.0.0.1:0"], check=True,
                       capture_output=True)
        with open(directory / "ktgate.toml", "a", encoding="utf-8") as file:
            file.write(more)
        gateway = subprocess.Popen([PROGRAM, "serve", directory / "ktgate.toml"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(gateway.stdout.close)
        self.addCleanup(gateway.wait)
        self.addCleanup(gateway.kill)
        return gateway.stdout.readline().strip() + "/"

    def wait_for(self, url, words):
        until = time.monotonic() + DEADLINE
        while True:
            with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
                if words in answer.read().decode():
                    return
            self.assertLess(time.monotonic(), until, f"the page does not say {words}")
            time.sleep(0.02)

    def looks(self, url, name):
        for screen, size in SCREENS.items():
            for scheme in SCHEMES:
                self.browser.show(url, size, scheme)
                seen = self.browser.look()
                png = self.browser.screenshot()
                (SCREENSHOTS / f"{name}-{screen}-{scheme}.png").write_bytes(png)
                yield screen, scheme, seen, png

    def expect_readable(self, screen, scheme, seen, png):
        self.assertEqual(seen["width"], SCREENS[screen][0])
        self.assertLessEqual(seen["needed"], seen["width"], "it has to be scrolled sideways")
        self.assertEqual(seen["small"], [])
        self.assertEqual((seen["resources"], seen["scripts"]), ([], 0))
        background, ink = rgb(seen["background"]), rgb(seen["color"])
        self.assertEqual(sum(background) < 3 * 128, scheme == "dark")
        self.assertGreater(contrast(background, ink), 7)
        self.assertGreater(contrast(background, rgb(seen["verdictColor"])), 4.5)
        self.assertEqual(seen["inks"], [seen["color"]])
        # What was drawn, not only what was computed: the policy lets the style through.
        self.assertEqual(first_pixel(png), (SCREENS[screen], background))
        said = [event for event in self.browser.events
                if event.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
                and "favicon" not in json.dumps(event)]
        self.assertEqual(said, [])

    def test_all_is_well(self):
        url = self.serve("well")
        self.wait_for(url, "epoch 1")
        for screen, scheme, seen, png in self.looks(url, "well"):
            self.expect_readable(screen, scheme, seen, png)
            self.assertEqual(seen["verdict"], "All is well.")
            self.assertIn("directory document epoch 1", seen["cards"]["domain-example.com"])
            self.assertRegex(seen["cards"]["log-main"], r"^works main LogId [0-9a-f]{64} mode contact-monitoring size 2 ")

    def test_a_log_fails(self):
        # An auditor that never signs keeps a log from growing, until users refuse its newest entry.
        key = subprocess.run([PROGRAM, "auditor", "create", self.scratch / "auditor", "--suite", "ed25519"],
                             check=True, capture_output=True, text=True).stdout.strip()
        log = self.scratch / "slow.log"
        subprocess.run([PROGRAM, "log", "create", log, "--suite", "ed25519", "--mode", "third-party-auditing",
                        "--auditor-key", key, "--max-auditor-lag", "500ms", "--max-behind", "1s"],
                       check=True, capture_output=True)
        url = self.serve("fails", f'''
[[log]]
directory = "{log}"
alias = "slow"
[[domain]]
name = "example.net"
label_rule = "bytes"
policy = "single"
logs = ["slow"]
''')
        self.wait_for(url, "the newest entry is older than max_behind")
        self.wait_for(url, "the auditor is late")
        for screen, scheme, seen, png in self.looks(url, "fails"):
            self.expect_readable(screen, scheme, seen, png)
            self.assertEqual(seen["verdict"], "1 of 2 logs fails.")
            self.assertIn("its log slow fails", seen["cards"]["domain-example.net"])
            self.assertRegex(seen["cards"]["domain-example.com"], "^works ")
            for words in ("fails slow", "the newest entry is older than max_behind",
                          "the auditor is late, and updates are refused", "audited up to nothing yet"):
                self.assertIn(words, seen["cards"]["log-slow"])
            self.assertEqual(seen["columns"], 1 if screen == "phone" else 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
