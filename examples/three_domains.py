#!/usr/bin/env python3
"""Gateways for three domains on loopback, with the keys of real people in them.

    examples/three_domains.py KTGATE KT [LOOKUP]

The people are Debian's developers: their OpenPGP keys, published under their mail addresses, are
read from the package debian-keyring. The three domains are those with the most of them.

LOOKUP is the program of lookup.cc, to look somebody up with that, too.

Every step says what it does, shows the command and what it prints, and has to end as expected;
otherwise the exit code is 1. All of it happens in a directory that is removed at the end.
77 says that debian-keyring is not installed.
"""

import base64
import collections
import hashlib
import http.client
import http.server
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-keyring.gpg"
DOMAINS = 3
PEOPLE_OF_A_DOMAIN = 40
# An address that its domain's label rule leaves as it is, and a user ID that has one.
ADDRESS = re.compile(r"<([a-z0-9][a-z0-9._-]*)@([a-z0-9.-]+\.[a-z]+)>$")
SECONDS = 30
NOT_THERE = 77
MISBEHAVIOUR = 6


class Failed(Exception):
    """A step did not end as it should."""


def require(holds, what):
    if not holds:
        raise Failed(what)


def title(text):
    print(f"\n== {text}\n", flush=True)


def run(*command, expected=0, quiet=False):
    """Runs a program, shows it, and gives what it printed."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if not quiet:
        print("$ " + " ".join([Path(command[0]).name, *command[1:]]))
        for line in (done.stdout + done.stderr).splitlines():
            print("  " + line)
        sys.stdout.flush()
    require(
        done.returncode == expected,
        f"{command[0]} ended with {done.returncode} and not {expected}: {done.stderr}",
    )
    return done.stdout


def wait_until(holds, what):
    deadline = time.monotonic() + SECONDS
    while not holds():
        require(time.monotonic() < deadline, "waited too long until " + what)
        time.sleep(0.05)


# --- OpenPGP (RFC 4880), as much of it as tells whose keys there are ---------------------------

PUBLIC_KEY, SIGNATURE, USER_ID, SUBKEY = 6, 2, 13, 14
ISSUER = 16


def packets(data):
    """(tag, body, packet) for each packet."""
    at = 0
    while at < len(data):
        start, first = at, data[at]
        at += 1
        if first & 0x40:  # a header of the new format
            tag, size = first & 0x3F, data[at]
            require(size < 224 or size == 255, "a packet of the keyring has partial lengths")
            extra = 0 if size < 192 else 1 if size < 224 else 4
            if extra == 1:
                size = (size - 192 << 8) + data[at + 1] + 192
            elif extra == 4:
                size = int.from_bytes(data[at + 1 : at + 5], "big")
            at += 1 + extra
        else:
            tag, octets = first >> 2 & 0x0F, 1 << (first & 3)
            require(octets < 8, "a packet of the keyring has no length")
            size = int.from_bytes(data[at : at + octets], "big")
            at += octets
        yield tag, data[at : at + size], data[start : at + size]
        at += size


def issuer(signature):
    """The key ID of who made a signature of version 4; nothing for another one."""
    if signature[0] != 4:
        return None
    hashed = int.from_bytes(signature[4:6], "big")
    unhashed = int.from_bytes(signature[6 + hashed : 8 + hashed], "big")
    for area in (signature[6 : 6 + hashed], signature[8 + hashed : 8 + hashed + unhashed]):
        at = 0
        while at < len(area):
            size = area[at]
            at += 1
            if 192 <= size < 255:
                size = (size - 192 << 8) + area[at] + 192
                at += 1
            elif size == 255:
                size = int.from_bytes(area[at : at + 4], "big")
                at += 4
            if area[at] & 0x7F == ISSUER:
                return area[at + 1 : at + size]
            at += size
    return None


class Key:
    """A key with its user IDs and subkeys, and what it has signed of them itself."""

    def __init__(self, body, packet):
        fingerprint = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body)
        self.id = fingerprint.digest()[-8:]
        self.parts = [(PUBLIC_KEY, "", bytearray(packet))]

    def add(self, tag, body, packet):
        if tag == SIGNATURE and issuer(body) == self.id:
            self.parts[-1][2].extend(packet)
        elif tag in (USER_ID, SUBKEY):
            text = body.decode("utf-8", "replace") if tag == USER_ID else ""
            self.parts.append((tag, text, bytearray(packet)))
        elif tag != SIGNATURE:
            self.parts.append((tag, "", bytearray()))  # such as photographs: left out

    def addresses(self):
        return [match for _, text, _ in self.parts if (match := ADDRESS.search(text))]

    def export(self, address=None):
        """All of it, or with no other user ID than that of `address`."""
        return b"".join(
            packet
            for tag, text, packet in self.parts
            if tag != USER_ID or address is None or f"<{address}>" in text
        )


def read_people():
    """{domain: {address: Key}}, of the domains with the most people, the largest first."""
    found = collections.defaultdict(dict)
    key = None
    keys = []
    for tag, body, packet in packets(Path(KEYRING).read_bytes()):
        if tag == PUBLIC_KEY:
            key = Key(body, packet) if body[0] == 4 else None
            if key:
                keys.append(key)
        elif key:
            key.add(tag, body, packet)
    for key in keys:
        for match in key.addresses():
            found[match[2]].setdefault(f"{match[1]}@{match[2]}", key)
    most = sorted(found, key=lambda domain: (-len(found[domain]), domain))[:DOMAINS]
    return {domain: dict(sorted(found[domain].items())[:PEOPLE_OF_A_DOMAIN]) for domain in most}


# --- The domains -------------------------------------------------------------------------------


class Network:
    """What is between a client and a gateway: it passes everything on, until it is told to lie."""

    def __init__(self):
        self.gateway = None  # (host, port)
        self.lie = None  # (truth, what is put in its place)
        network = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                size = int(self.headers.get("Content-Length", 0))
                connection = http.client.HTTPConnection(*network.gateway, timeout=SECONDS)
                connection.request(
                    self.command, self.path, self.rfile.read(size), dict(self.headers)
                )
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                if network.lie:
                    body = body.replace(*network.lie)
                self.send_response(answer.status)
                for name in ("Content-Type", "ETag"):
                    if answer.headers[name]:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = pass_on

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Gateway:
    """A gateway for one domain, and the network in front of it."""

    def __init__(self, ktgate, scratch, domain):
        self.ktgate = ktgate
        self.domain = domain
        self.directory = scratch / domain
        self.process = None
        self.network = Network()

    def make(self, quiet):
        made = run(
            *(self.ktgate, "init", self.domain, self.directory),
            *("--listen", "127.0.0.1:0", "--url", self.network.url),
            quiet=quiet,
        )
        token = re.search(r"^token\s+(\S+)$", made, re.MULTILINE)
        require(token is not None, "ktgate init printed no token")
        self.token_file = self.directory / "token"
        self.token_file.touch(mode=0o600)
        self.token_file.write_text(token[1] + "\n")

    def load(self, keys, quiet):
        lines = self.directory / "people.jsonl"
        with lines.open("w") as file:
            for address, key in keys.items():
                value = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
                file.write(json.dumps({"label": address, "value": value}) + "\n")
        run(self.ktgate, "log", "import", self.directory / "main.log", lines, quiet=quiet)

    def start(self, quiet):
        command = [str(self.ktgate), "serve", str(self.directory / "ktgate.toml")]
        if not quiet:
            print("$ " + " ".join(["ktgate", *command[1:]]) + " &")
        self.errors = (self.directory / "stderr").open("w")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        line = self.process.stdout.readline().strip()
        where = re.fullmatch(r"http://(127\.0\.0\.1):(\d+)", line)
        require(where is not None, "the gateway does not say where it listens")
        self.network.gateway = (where[1], int(where[2]))
        if not quiet:
            print("  " + line)
        wait_until(self.publishes, "the directory document is published")

    def publishes(self):
        connection = http.client.HTTPConnection(*self.network.gateway, timeout=SECONDS)
        connection.request("GET", "/.well-known/key-transparency")
        status = connection.getresponse().status
        connection.close()
        return status == 200

    def stop(self):
        if self.process is None:
            return 0
        # Again and again: at the first signal a gateway only says that it is going.
        code = None
        deadline = time.monotonic() + SECONDS
        while code is None and time.monotonic() < deadline:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                pass
        self.process = None
        self.network.server.shutdown()
        self.errors.close()
        return code


def show(scratch, gateways, ktgate, kt, example=None):
    title("Real people: the developers' keys in the package debian-keyring")
    people = read_people()
    require(len(people) == DOMAINS, "the keyring has fewer domains than expected")
    keys = {
        domain: {address: key.export(address) for address, key in found.items()}
        for domain, found in people.items()
    }
    for domain, found in keys.items():
        size = sum(len(key) for key in found.values())
        print(f"{domain}: the OpenPGP keys of {len(found)} addresses, {size} bytes")
        require(len(found) > 1, "a domain with one address shows nothing")

    title("A gateway for each domain, with a transparency log of its own")
    for number, domain in enumerate(keys):
        gateway = Gateway(ktgate, scratch, domain)
        gateways.append(gateway)
        gateway.make(quiet=number > 0)
        gateway.load(keys[domain], quiet=number > 0)
        gateway.start(quiet=number > 0)
    print(f"\nThe same for {', '.join(list(keys)[1:])}.")

    state = ("--state", scratch / "state")
    title("A client that trusts the three domains")
    for number, gateway in enumerate(gateways):
        run(kt, "trust", gateway.domain, "--url", gateway.network.url, *state, quiet=number > 0)
    run(kt, "trust", *state)

    title("Looking somebody up in each domain")
    for number, (domain, found) in enumerate(keys.items()):
        address = next(iter(found))
        file = scratch / f"{domain}.key"
        run(kt, "lookup", address, "--output", file, *state, quiet=number > 0)
        require(file.read_bytes() == found[address], "another key was found")
        print(f"{address}: verified, and the key that was published.")

    if example:
        gateway = gateways[0]
        address = next(iter(keys[gateway.domain]))
        run(example, scratch / "library", gateway.domain, gateway.network.url, address)

    title("Somebody publishes their key anew, with all of their addresses")
    gateway = gateways[0]
    address, key = next(
        (address, key)
        for address, key in people[gateway.domain].items()
        if key.export() != keys[gateway.domain][address]
    )
    new_key = scratch / "new.key"
    new_key.write_bytes(key.export())
    owner = ("--state", scratch / "owner")
    run(kt, "trust", gateway.domain, "--url", gateway.network.url, *owner, quiet=True)
    run(kt, "own", address, *owner)
    run(kt, "publish", address, "--value", new_key, "--token-file", gateway.token_file, *owner)
    run(kt, "lookup", address, "--output", scratch / "found.key", *state, quiet=True)
    require((scratch / "found.key").read_bytes() == key.export(), "the new version was not found")
    print("The other client finds it, verified.")

    title("Monitoring: the owner, and who looked people up")
    run(kt, "monitor", "--all", *owner)
    run(kt, "monitor", "--all", *state, quiet=True)
    print("The same for the other client.")

    title("Somebody between client and gateway changes one bit of the key")
    forged = bytearray(key.export())
    forged[len(forged) // 2] ^= 1
    gateway.network.lie = (key.export(), bytes(forged))
    run(kt, "lookup", address, *state, expected=MISBEHAVIOUR)
    gateway.network.lie = None
    print("\nNothing of it was believed. Without the lie:\n")
    run(kt, "lookup", address, "--output", scratch / "honest.key", *state)
    require((scratch / "honest.key").read_bytes() == key.export(), "another key was found")


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    if not Path(KEYRING).exists():
        print("three_domains.py: needs the package debian-keyring", file=sys.stderr)
        return NOT_THERE
    scratch = Path(tempfile.mkdtemp(prefix="ktgate-"))
    gateways = []
    code = 0
    try:
        show(scratch, gateways, *(Path(program).resolve() for program in arguments))
        title("The end")
    except (Failed, OSError, subprocess.TimeoutExpired, http.client.HTTPException) as error:
        print(f"\nthree_domains.py: {error}", file=sys.stderr)
        code = 1
    finally:
        for gateway in gateways:
            if gateway.stop() != 0:
                print(f"the gateway of {gateway.domain} did not end well", file=sys.stderr)
                code = 1
        shutil.rmtree(scratch)
    if code == 0:
        print("All went as described; the gateways have ended, and their files are removed.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
