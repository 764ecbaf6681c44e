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
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from servers import CONNECTIONS, free_ports, measure, ratio, wait_for

LABEL = b"user7@example.com"
TYPE = "application/vnd.ktgate."

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
    ours = 'requests_per_second = 0\ndrain_delay = "0s"\nnetwork_connections = 20000\n'
    configuration = configuration.replace(limits, limits + ours, 1)
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

            result = {
                "labels": arguments.labels,
                "answer_bytes": len(answer),
                "connections": CONNECTIONS,
                "rounds": measured,
                "ktgate_to_nginx_proxy": ratio(
                    measured, "requests_per_second", "ktgate", "nginx_proxy"
                ),
                "ktgate_to_nginx_static": ratio(
                    measured, "requests_per_second", "ktgate", "nginx_static"
                ),
                "nginx_proxy_processor_to_ktgate": ratio(
                    measured, "processor_us", "nginx_proxy", "ktgate"
                ),
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
