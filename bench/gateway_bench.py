#!/usr/bin/env python3
"""Routed lookups over loopback, beside nginx that serves a file of the same size.

    bench/gateway_bench.py KTGATE [--labels N] [--seconds N] [--rounds N] [--idle N]

In turns, so that the machine is the same for all: `ktgate` answers POST /kt/v1/lookup of one label
in a log of N; nginx serves a file of that answer's size; nginx passes requests on to itself with
proxy_pass for that file. wrk asks with 64 connections. Then N idle connections are held open.

Prints one JSON object: for each, requests a second, latencies and the server's own processor time
for a request, of every round, and the ratios of the medians. Processor time is what to look at where
a machine has other work. Wants nginx and wrk. Everything is on loopback, and ends by itself.
"""

import argparse
import http.client
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONNECTIONS = 64
THREADS = 2
LABEL = b"user7@example.com"
TYPE = "application/vnd.ktgate."
SECONDS_TO_START = 30

NGINX = """
daemon off;
worker_processes auto;
pid {directory}/nginx.pid;
error_log {directory}/nginx.error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  default_type application/octet-stream;
  keepalive_requests 100000000;
  upstream behind {{ server 127.0.0.1:{static}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{static}; root {directory}/files; }}
  server {{
    listen 127.0.0.1:{proxy};
    location / {{
      proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""

WRK = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "{type}lookup-request"
wrk.body = "{body}"
"""


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


def start_gateway(ktgate, directory, labels):
    """The process and its port."""
    home = directory / "gateway"
    subprocess.run(
        [ktgate, "init", "example.com", home, "--listen", "127.0.0.1:0"],
        check=True,
        capture_output=True,
    )
    lines = "".join(
        json.dumps({"label": f"user{i}@example.com", "value": "A" * 86}) + "\n"
        for i in range(labels)
    )
    subprocess.run(
        [ktgate, "log", "import", home / "main.log", "-"],
        input=lines.encode(),
        check=True,
        capture_output=True,
    )
    configuration = (home / "ktgate.toml").read_text()
    limits = "[limits]\n"
    configuration = configuration.replace(
        limits, limits + 'requests_per_second = 0\ndrain_delay = "0s"\n', 1
    )
    (home / "ktgate.toml").write_text(configuration)
    process = subprocess.Popen(
        [ktgate, "serve", home / "ktgate.toml"], stdout=subprocess.PIPE, text=True
    )
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def look_up(port, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/kt/v1/lookup", body, {"Content-Type": TYPE + "lookup-request"})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"gateway_bench.py: a lookup was answered with {answer.status}")
    return found


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
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    command += ["-s", script, url] if script else [url]
    before = processor_seconds(server)
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = processor_seconds(server) - before
    if "Non-2xx" in printed:
        raise SystemExit("gateway_bench.py: not every request was answered\n" + printed)
    return {
        "requests_per_second": float(re.search(r"Requests/sec:\s+([0-9.]+)", printed)[1]),
        "processor_us": round(used * 1e6 / int(re.search(r"(\d+) requests in", printed)[1]), 2),
        "p50_ms": milliseconds(re.search(r"^\s+50%\s+(\S+)", printed, re.MULTILINE)[1]),
        "p99_ms": milliseconds(re.search(r"^\s+99%\s+(\S+)", printed, re.MULTILINE)[1]),
    }


def resident_bytes(process):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return {
        name: int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024
        for name in ("VmRSS", "RssAnon")
    }


def hold_idle(process, port, count):
    """What `count` connections take that have asked once."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, count + 100), most))
    before = resident_bytes(process)
    request = b"GET /kt/v1/logs/main/configuration HTTP/1.1\r\nHost: localhost\r\n\r\n"
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(request)
        connection.recv(4096)
        held.append(connection)
    after = resident_bytes(process)
    for connection in held:
        connection.close()
    return {
        "connections": count,
        "before": before,
        "with": after,
        "bytes_each": (after["RssAnon"] - before["RssAnon"]) / count,
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ktgate", type=Path)
    parser.add_argument("--labels", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ktgate-bench-") as scratch:
        directory = Path(scratch)
        processes = []
        try:
            gateway, port = start_gateway(arguments.ktgate.resolve(), directory, arguments.labels)
            processes.append(gateway)
            body = bytes([len(LABEL)]) + LABEL + b"\0"
            answer = look_up(port, body)
            (directory / "files").mkdir()
            directory.chmod(0o755)
            (directory / "files" / "answer").write_bytes(answer)
            static, proxy = free_ports(2)
            (directory / "nginx.conf").write_text(
                NGINX.format(directory=directory, static=static, proxy=proxy)
            )
            nginx = subprocess.Popen(["nginx", "-c", directory / "nginx.conf"])
            processes.append(nginx)
            wait_for(proxy)
            script = directory / "lookup.lua"
            script.write_text(
                WRK.format(type=TYPE, body="".join(f"\\{byte:03d}" for byte in body))
            )
            measured = {"ktgate": [], "nginx_static": [], "nginx_proxy": []}
            for _ in range(arguments.rounds):
                for name, server, url, lua in (
                    ("ktgate", gateway, f"http://127.0.0.1:{port}/kt/v1/lookup", script),
                    ("nginx_static", nginx, f"http://127.0.0.1:{static}/answer", None),
                    ("nginx_proxy", nginx, f"http://127.0.0.1:{proxy}/answer", None),
                ):
                    measured[name].append(measure(server, url, arguments.seconds, lua))

            def ratio(what, one, other):
                medians = [
                    statistics.median(each[what] for each in measured[name])
                    for name in (one, other)
                ]
                return round(medians[0] / medians[1], 3)

            result = {
                "labels": arguments.labels,
                "answer_bytes": len(answer),
                "connections": CONNECTIONS,
                "rounds": measured,
                "ktgate_to_nginx_proxy": ratio("requests_per_second", "ktgate", "nginx_proxy"),
                "ktgate_to_nginx_static": ratio("requests_per_second", "ktgate", "nginx_static"),
                "nginx_proxy_processor_to_ktgate": ratio("processor_us", "nginx_proxy", "ktgate"),
                "idle": hold_idle(gateway, port, arguments.idle),
            }
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(timeout=60)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
