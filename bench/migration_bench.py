#!/usr/bin/env python3
"""How fast labels move to another log, and what users notice of it meanwhile.

    bench/migration_bench.py KTGATE [--labels N] [--rates R,R] [--seconds N]

For each of the rates (labels a second at most, 0 for no limit) a gateway moves N labels gradually
from a log with P-256 to one with Ed25519, and once all of them at once, while somebody looks labels
up on one connection as fast as they are answered. `bare` is the rate at which the same machine adds
as many labels to a log of each suite by `ktgate log import`; of both, one after the other, is what a
sweep cannot be faster than. `verify` is the report over all labels.

Prints one JSON object: rates, latencies before and during each (milliseconds) and the ratio of their
p99, the time and the greatest resident memory of verify. Everything is on loopback, and ends by
itself.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

DOMAIN = "example.com"
TYPE = "application/vnd.ktgate."
MINUTES_AT_MOST = 30
# How often the status is asked for, and how many lookups make a measurement at least.
LOOK = 0.2
LOOKUPS_AT_LEAST = 200

CONFIGURATION = """
state = "state"
[listen]
address = "127.0.0.1:0"
[admin]
socket = "admin.socket"
[limits]
requests_per_second = 0
drain_delay = "0s"
[[log]]
directory = "old"
alias = "old"
[[log]]
directory = "new"
alias = "new"
"""

PUBLISHED = """
[[domain]]
name = "{domain}"
label_rule = "bytes"
policy = "single"
logs = ["old"]
url = "{url}"
"""


def run(*arguments, text=None):
    done = subprocess.run(
        [str(each) for each in arguments],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"migration_bench.py: {arguments[1:4]}: {done.stderr.strip()}")
    return done.stdout


def wait_until(what, why):
    deadline = time.monotonic() + 60 * MINUTES_AT_MOST
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"migration_bench.py: {why}")
        time.sleep(LOOK)


def label_of(number):
    return f"user{number}@{DOMAIN}"


def lines_of(labels):
    value = base64.urlsafe_b64encode(bytes(64)).decode().rstrip("=")
    return "".join(
        json.dumps({"label": label_of(number), "value": value}) + "\n" for number in range(labels)
    )


def make_log(ktgate, path, suite, lines):
    """Makes the log, and returns how many labels a second were added."""
    run(ktgate, "log", "create", path, "--suite", suite)
    if not lines:
        return None
    begin = time.monotonic()
    run(ktgate, "log", "import", path, "-", text=lines)
    return lines.count("\n") / (time.monotonic() - begin)


class Gateway:
    def __init__(self, ktgate, directory):
        self.ktgate = ktgate
        self.directory = directory
        self.file = directory / "gateway.toml"
        self.file.write_text(CONFIGURATION)
        self.errors = (directory / "errors").open("w+")
        self.process = subprocess.Popen(
            [ktgate, "serve", self.file],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        url = self.process.stdout.readline().strip()
        self.port = int(url.rsplit(":", 1)[1])
        self.file.write_text(CONFIGURATION + PUBLISHED.format(domain=DOMAIN, url=url))
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "has epoch 1" in self.said(), "the gateway publishes no document")

    def said(self):
        return (self.directory / "errors").read_text()

    def migrate(self, command, *more):
        socket = self.directory / "admin.socket"
        return run(self.ktgate, "migrate", command, "--socket", socket, DOMAIN, *more)

    def status(self):
        return json.loads(self.migrate("status", "--json"))[0]

    def advance(self):
        """To where labels move. It is refused, or does nothing, before users know both logs."""

        def has_begun():
            socket = self.directory / "admin.socket"
            arguments = [self.ktgate, "migrate", "advance", "--socket", socket, DOMAIN]
            subprocess.run(arguments, capture_output=True, check=False)
            return self.status()["phase"] not in ("prepared", "dual")

        wait_until(has_begun, "the migration cannot be advanced")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.errors.close()


class User:
    """Looks labels up, one after the other, and notes how long each answer takes."""

    def __init__(self, port, labels):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.labels = labels
        self.random = random.Random(1)

    def look_up(self):
        label = label_of(self.random.randrange(self.labels)).encode()
        body = bytes([len(label)]) + label + b"\0"
        begin = time.monotonic()
        self.connection.request(
            "POST", "/kt/v1/lookup", body, {"Content-Type": TYPE + "lookup-request"}
        )
        answer = self.connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"migration_bench.py: a lookup was answered with {answer.status}")
        return (time.monotonic() - begin) * 1000

    def measure(self, is_over):
        """Until is_over(), which is asked now and then."""
        times = []
        asked = time.monotonic()
        while True:
            times.append(self.look_up())
            if time.monotonic() - asked < LOOK:
                continue
            asked = time.monotonic()
            if is_over() and len(times) >= LOOKUPS_AT_LEAST:
                break
        times.sort()
        return {
            "lookups": len(times),
            "p50_ms": round(times[len(times) // 2], 3),
            "p99_ms": round(times[len(times) * 99 // 100], 3),
        }


def greatest_memory(process):
    """Kilobytes that it has had resident; none once it has ended. rusage counts this process, too."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) if lines else 0


def verify(gateway):
    """Seconds, the greatest resident memory, and the report."""
    arguments = [gateway.ktgate, "migrate", "verify", "--socket", gateway.directory / "admin.socket"]
    begin = time.monotonic()
    child = subprocess.Popen([*arguments, DOMAIN, "--json"], stdout=subprocess.PIPE, text=True)
    memory = 0
    while child.poll() is None:
        memory = max(memory, greatest_memory(child))
        time.sleep(LOOK / 10)
    seconds = time.monotonic() - begin
    report = json.loads(child.stdout.read())
    if child.returncode != 0 or report["faults"] != 0 or report["waiting"] != 0:
        raise SystemExit(f"migration_bench.py: verify: {report}")
    return {
        "seconds": round(seconds, 2),
        "memory_mb": round(memory / 1024, 1),
        "moved": report["moved"],
    }


def measure_mode(ktgate, directory, imported, options, mode, rate):
    """One migration of all labels."""
    home = Path(tempfile.mkdtemp(dir=directory))
    shutil.copytree(imported, home / "old")
    make_log(ktgate, home / "new", "ed25519", "")
    gateway = Gateway(ktgate, home)
    try:
        user = User(gateway.port, options.labels)
        end = time.monotonic() + options.seconds
        before = user.measure(lambda: time.monotonic() > end)
        gateway.migrate("start", "--to", "new", "--mode", mode, "--rate", str(rate))
        gateway.advance()
        begin = time.monotonic()
        phases = {}

        def is_over():
            status = gateway.status()
            phase = status["phase"]
            phases.setdefault(phase, time.monotonic() - begin)
            if status["fault"]:
                raise SystemExit(f"migration_bench.py: {status['fault']}")
            return phase == "draining"

        during = user.measure(is_over)
        moved = options.labels
        end_of_moving = phases.get("verifying", phases["draining"])
        result = {
            "mode": mode,
            "rate_limit": rate,
            "labels_per_second": round(moved / end_of_moving, 1),
            "before": before,
            "during": during,
            "p99_ratio": round(during["p99_ms"] / before["p99_ms"], 2),
        }
        if "verifying" in phases:
            result["compared_per_second"] = round(
                moved / max(LOOK, phases["draining"] - phases["verifying"]), 1
            )
        result["verify"] = verify(gateway)
        return result
    finally:
        gateway.stop()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ktgate", type=Path)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--rates", default="0,200", help="of gradual migrations")
    parser.add_argument("--seconds", type=float, default=5, help="of lookups before each")
    options = parser.parse_args()
    ktgate = options.ktgate.resolve()
    digest = hashlib.sha256(ktgate.read_bytes()).hexdigest()[:16]
    lines = lines_of(options.labels)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        bare = {
            "p256_per_second": make_log(ktgate, directory / "old", "p256", lines),
            "ed25519_per_second": make_log(ktgate, directory / "bare", "ed25519", lines),
        }
        both = 1 / sum(1 / rate for rate in bare.values())
        results = [
            measure_mode(ktgate, directory, directory / "old", options, "gradual", int(rate))
            for rate in options.rates.split(",")
        ]
        results.append(measure_mode(ktgate, directory, directory / "old", options, "immediate", 0))
    for result in results:
        base = both if result["mode"] == "gradual" else bare["ed25519_per_second"]
        result["ratio_to_bare"] = round(result["labels_per_second"] / base, 3)
    print(
        json.dumps(
            {
                "ktgate_sha256": digest,
                "labels": options.labels,
                "bare": {name: round(rate, 1) for name, rate in bare.items()},
                "bare_both_per_second": round(both, 1),
                "migrations": results,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
