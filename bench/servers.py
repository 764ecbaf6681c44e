"""Servers to be measured, and wrk to measure them; for the benchmarks beside this file."""

import os
import re
import socket
import statistics
import subprocess
import time
from pathlib import Path

CONNECTIONS = 64
THREADS = 2
SECONDS_TO_START = 30


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(port):
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def processor_seconds(process):
    """Of a server and its children so far."""
    pids = [process.pid]
    for pid in pids:
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime, stime
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(server, url, seconds, script=None):
    """What wrk sees of a server, and what processor time a request takes there."""
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += ["-s", script, url] if script else [url]
    before = processor_seconds(server)
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = processor_seconds(server) - before
    if "Non-2xx" in printed:
        raise SystemExit("not every request was answered\n" + printed)
    return {
        "requests_per_second": float(re.search(r"Requests/sec:\s+([0-9.]+)", printed)[1]),
        "processor_us": round(used * 1e6 / int(re.search(r"(\d+) requests in", printed)[1]), 2),
        "p50_ms": milliseconds(re.search(r"^\s+50%\s+(\S+)", printed, re.MULTILINE)[1]),
        "p99_ms": milliseconds(re.search(r"^\s+99%\s+(\S+)", printed, re.MULTILINE)[1]),
    }


def ratio(rounds, what, one, other):
    """Of the medians of what two servers did in all rounds."""
    medians = [statistics.median(each[what] for each in rounds[name]) for name in (one, other)]
    return round(medians[0] / medians[1], 3)
