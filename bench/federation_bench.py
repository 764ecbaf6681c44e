#!/usr/bin/env python3
"""What anonymity costs: a user who looks up, and the relay that carries it.

    bench/federation_bench.py KTGATE KT OHTTP_BENCH [--lookups N] [--seconds N] [--rounds N]

- lookup: two gateways over loopback, and `kt lookup` of somebody of the other domain, directly and
  anonymously in turns, N times each: wall time from the start of the process to its end, and how
  much of that is the process itself (`kt --version`). An anonymous one asks three times: for the
  keys, for them in the log, and for the value.
- relay: wrk posts a sealed request with 64 connections, in turns to a relay and to nginx with
  proxy_pass, which pass it on to the same nginx that answers 1056 bytes at once. nginx's processor
  time is of both its parts.
- ohttp: OHTTP_BENCH, a request opened and its answer sealed beside X25519 alone.

Prints one JSON object with every round and the ratios of the medians. Processor time is what to look
at where a machine has other work. Wants nginx and wrk. Everything is on loopback, and ends by itself.
"""

import argparse
import hashlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from servers import CONNECTIONS, free_ports, measure, ratio, wait_for

TOKEN = "a-token-of-a-benchmark"
ANSWER_BYTES = 1056

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
  keepalive_requests 100000000;
  upstream behind {{ server 127.0.0.1:{answering}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{answering};
    location / {{ default_type message/ohttp-res; return 200 "{answer}"; }}
  }}
  server {{
    listen 127.0.0.1:{proxy};
    location / {{
      proxy_pass http://behind/.well-known/ohttp-gateway;
      proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""

WRK = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "message/ohttp-req"
wrk.headers["Authorization"] = "Bearer {token}"
wrk.body = string.rep("x", {size})
"""

GATEWAY = """
state = "state"
[listen]
address = "127.0.0.1:{port}"
[limits]
requests_per_second = 0
drain_delay = "0s"
[ohttp]
enabled = true
[relay]
users = "authenticated"
requests_per_second = 0
requests = 1024
connections = {connections}
[[principal]]
name = "user"
token_sha256 = "{token_sha256}"
[[log]]
directory = "log"
alias = "main"
[[domain]]
name = "{domain}"
label_rule = "bytes"
policy = "single"
logs = ["main"]
url = "http://127.0.0.1:{port}"
[[peer]]
domain = "{peer}"
url = "http://127.0.0.1:{peer_port}"
"""


class Gateway:
    def __init__(self, ktgate, directory, domain, port, peer, peer_port):
        self.domain = domain
        self.url = f"http://127.0.0.1:{port}"
        directory.mkdir()
        subprocess.run([ktgate, "log", "create", directory / "log"], check=True, capture_output=True)
        line = json.dumps({"label": f"bob@{domain}", "value": "Qm9i"}) + "\n"
        subprocess.run(
            [ktgate, "log", "import", directory / "log", "-"],
            input=line.encode(),
            check=True,
            capture_output=True,
        )
        (directory / "gateway.toml").write_text(
            GATEWAY.format(
                port=port,
                domain=domain,
                peer=peer,
                peer_port=peer_port,
                connections=CONNECTIONS,
                token_sha256=hashlib.sha256(TOKEN.encode()).hexdigest(),
            )
        )
        self.process = subprocess.Popen(
            [ktgate, "serve", directory / "gateway.toml"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for awaited in ("the directory document of", "a new key for Oblivious HTTP"):
            while awaited not in self.process.stderr.readline():
                if self.process.poll() is not None:
                    raise SystemExit(f"the gateway of {domain} ended")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


def milliseconds_of(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return (time.perf_counter() - start) * 1000


def spread(times):
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 3),
        "p90_ms": round(ordered[len(ordered) * 9 // 10], 3),
    }


def measure_lookups(kt, directory, home, other, count):
    state = ["--state", directory / "user"]
    token = directory / "token"
    token.touch(mode=0o600)
    token.write_text(TOKEN + "\n")
    for gateway in (home, other):
        subprocess.run(
            [kt, "trust", gateway.domain, "--url", gateway.url, *state], check=True, capture_output=True
        )
    subprocess.run(
        [kt, "home", home.domain, "--token-file", token, *state], check=True, capture_output=True
    )
    lookup = [kt, "lookup", f"bob@{other.domain}", *state]
    commands = {
        "process": [kt, "--version"],
        "direct": [*lookup, "--direct"],
        "anonymous": [*lookup, "--anonymous"],
    }
    times = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            times[name].append(milliseconds_of(command))
    result = {name: spread(each) for name, each in times.items()}
    result["added_ms"] = round(result["anonymous"]["p50_ms"] - result["direct"]["p50_ms"], 3)
    return result


def measure_relay(ktgate, directory, seconds, rounds):
    relay_port, answering, proxy = free_ports(3)
    (directory / "nginx.conf").write_text(
        NGINX.format(
            directory=directory, answering=answering, proxy=proxy, answer="a" * ANSWER_BYTES
        )
    )
    directory.chmod(0o755)
    nginx = subprocess.Popen(["nginx", "-c", directory / "nginx.conf"])
    try:
        wait_for(proxy)
        relay = Gateway(
            ktgate, directory / "relay", "example.org", relay_port, "example.edu", answering
        )
        try:
            script = directory / "relay.lua"
            script.write_text(WRK.format(token=TOKEN, size=ANSWER_BYTES))
            measured = {"relay": [], "nginx_proxy": []}
            for _ in range(rounds):
                for name, server, url in (
                    ("relay", relay.process, relay.url + "/relay/example.edu"),
                    ("nginx_proxy", nginx, f"http://127.0.0.1:{proxy}/relay"),
                ):
                    measured[name].append(measure(server, url, seconds, script))
        finally:
            relay.end()
    finally:
        nginx.send_signal(signal.SIGTERM)
        nginx.wait(timeout=60)
    return {
        "connections": CONNECTIONS,
        "rounds": measured,
        "relay_to_nginx_proxy": ratio(measured, "requests_per_second", "relay", "nginx_proxy"),
    }


def measure_ohttp(program):
    printed = subprocess.run(
        [program, "--benchmark_format=json"], check=True, capture_output=True, text=True
    ).stdout
    return [
        {name: each[name] for name in ("name", "real_time", "time_unit", "ratio_to_x25519") if name in each}
        for each in json.loads(printed)["benchmarks"]
    ]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ktgate", type=Path)
    parser.add_argument("kt", type=Path)
    parser.add_argument("ohttp_bench", type=Path)
    parser.add_argument("--lookups", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ktgate, kt = arguments.ktgate.resolve(), arguments.kt.resolve()
    with tempfile.TemporaryDirectory(prefix="ktgate-bench-") as scratch:
        directory = Path(scratch)
        ports = free_ports(2)
        domains = ("example.com", "example.net")
        gateways = []
        try:
            for i in (0, 1):
                gateways.append(
                    Gateway(
                        ktgate,
                        directory / domains[i],
                        domains[i],
                        ports[i],
                        domains[1 - i],
                        ports[1 - i],
                    )
                )
            lookup = measure_lookups(kt, directory, *gateways, arguments.lookups)
        finally:
            for gateway in gateways:
                gateway.end()
        result = {
            "lookup": lookup,
            "relay": measure_relay(ktgate, directory, arguments.seconds, arguments.rounds),
            "ohttp": measure_ohttp(arguments.ohttp_bench.resolve()),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
