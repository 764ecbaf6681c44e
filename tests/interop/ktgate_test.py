"""Clients of others at our gateway resource, and through our relay. Arguments: our peer, the directory
that the others are built in, ktgate, kt, and which of the two: Resource or Relay.

`kt` looks people up at a gateway that is not there: what it asks is carried to `ktgate serve` by a
client of README.md, sealed, and what comes back has to verify.
"""

import base64
import hashlib
import http.server
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import peers
from peers import Answer, DEADLINE, LoopbackServer

OUR_PEER, BUILD, KTGATE, KT = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
RESOURCE = "/.well-known/ohttp-gateway"
PEOPLE = {"alice": b"alice's key", "bob": bytes(range(256)) * 64}
NOT_FOUND = 3


class Front(LoopbackServer):
    """Where the domain says that its gateway is. Has each request asked by `carry`."""

    def __init__(self):
        self.carry, self.carried = None, []
        super().__init__(Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        printed, complaint, code = self.server.carry(self.command, self.path, self.headers["Content-Type"], body)
        self.server.carried.append(self.path.partition("?")[0])
        # A client that fails is no answer of the gateway; the test sees what it has said.
        answer = Answer(printed) if code == 0 else None
        self.send_response(answer.status if answer else 502)
        content = answer.content if answer else complaint
        self.send_header("Content-Type", (answer and answer.field("content-type")) or "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


def fetch(url, data=None, kind=""):
    """Status, media type and body, also of errors."""
    request = urllib.request.Request(url, data, {"Content-Type": kind} if data is not None else {})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


class Served(unittest.TestCase):
    """A gateway for example.net that offers Oblivious HTTP."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.peers, cls.missing = peers.build_all(OUR_PEER, BUILD)
        cls.front = Front()
        cls.addClassCleanup(cls.front.close)
        directory = cls.make("example.net", cls.front.url, {"ohttp": "enabled = true"})
        people = cls.scratch / "people.jsonl"
        people.write_text("".join(
            json.dumps({"label": f"{name}@example.net",
                        "value": base64.urlsafe_b64encode(value).rstrip(b"=").decode()}) + "\n"
            for name, value in PEOPLE.items()), encoding="utf-8")
        cls.run_program(KTGATE, "log", "import", directory / "main.log", people)
        cls.gateway = cls.serve(directory)
        cls.wait_for(cls.gateway + "/.well-known/key-transparency")
        cls.wait_for(cls.gateway + RESOURCE)

    @staticmethod
    def run_program(*command):
        return subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)

    @classmethod
    def make(cls, domain, url, tables, more=""):
        """A gateway's directory; `tables` says what is set in which table, besides what init sets."""
        directory = cls.scratch / domain
        cls.run_program(KTGATE, "init", domain, directory, "--listen", "127.0.0.1:0", "--url", url)
        file = directory / "ktgate.toml"
        text = file.read_text(encoding="utf-8")
        # All of them come from one address here.
        for table, lines in {"limits": "requests_per_second = 0", **tables}.items():
            header = f"\n[{table}]\n"
            assert text.count(header) == 1, header
            text = text.replace(header, header + lines + "\n")
        file.write_text(text + more, encoding="utf-8")
        return directory

    @classmethod
    def serve(cls, directory):
        with open(directory / "stderr", "w+", encoding="utf-8") as errors:
            gateway = subprocess.Popen([KTGATE, "serve", directory / "ktgate.toml"], stdout=subprocess.PIPE,
                                       stderr=errors, text=True)
            cls.addClassCleanup(gateway.stdout.close)
            cls.addClassCleanup(gateway.wait)
            cls.addClassCleanup(gateway.kill)
            url = gateway.stdout.readline().strip()
            if not url:
                errors.seek(0)
                raise RuntimeError(errors.read())
        return url

    @classmethod
    def wait_for(cls, url):
        until = time.monotonic() + DEADLINE
        while fetch(url)[0] != 200:
            if time.monotonic() > until:
                raise RuntimeError("the gateway does not publish " + url)
            time.sleep(0.02)

    def carrier(self, client, keys, target, **options):
        """Asks by a client, through what is at `target`."""
        file = self.scratch / "question"

        def carry(method, path, kind, body):
            content = None
            if method == "POST":
                file.write_bytes(body)
                content = [kind, file]
            return peers.run_client(self.peers[client], keys, target, method, self.front.url + path, content,
                                    **options)
        return carry

    def kt(self, state, *arguments):
        return subprocess.run([KT, *arguments, "--state", self.scratch / state], capture_output=True,
                              timeout=DEADLINE, check=False)

    def expect_lookups(self, state, carry):
        """Somebody who knows nothing yet trusts the domain, and finds whoever there is."""
        self.front.carry = carry
        self.front.carried.clear()
        trusted = self.kt(state, "trust", "example.net", "--url", self.front.url)
        self.assertEqual((trusted.returncode, trusted.stderr), (0, b""))
        self.assertIn("/.well-known/key-transparency", self.front.carried)
        for name, value in PEOPLE.items():
            self.front.carried.clear()
            found = self.kt(state, "lookup", f"{name}@example.net", "--raw")
            self.assertEqual((found.returncode, found.stderr, found.stdout), (0, b"", value))
            self.assertEqual(self.front.carried, ["/kt/v1/lookup"])
        self.assertEqual(self.kt(state, "lookup", "nobody@example.net").returncode, NOT_FOUND)

    def test_all_peers_take_part(self):
        if self.missing:
            self.skipTest("; ".join(self.missing.values()))
        self.assertEqual(set(self.peers), {"ours", "rust", "go"})


class Resource(Served):
    def test_lookups_verify(self):
        for client, chunked in itertools.product(self.peers, (False, True)):
            with self.subTest(client=client, chunked=chunked):
                url = self.gateway + RESOURCE
                self.expect_lookups(f"{client}-{chunked}", self.carrier(client, url, url, chunked=chunked))

    def test_lookups_verify_through_gateway_resources_of_others(self):
        for server, chunked in itertools.product(self.peers, (False, True)):
            with self.subTest(server=server, chunked=chunked):
                process = subprocess.Popen([self.peers[server], "server", self.gateway], stdout=subprocess.PIPE,
                                           stderr=subprocess.DEVNULL, text=True)
                try:
                    url = process.stdout.readline().strip()
                    carry = self.carrier("ours", url + "/ohttp-keys", url + "/", chunked=chunked)
                    self.expect_lookups(f"through-{server}-{chunked}", carry)
                finally:
                    process.kill()
                    process.wait()
                    process.stdout.close()

    def test_the_preferred_key_alone_is_the_first_of_the_list(self):
        status, kind, keys = fetch(self.gateway + RESOURCE)
        self.assertEqual((status, kind), (200, "application/ohttp-keys"))
        _, kind, single = fetch(self.gateway + RESOURCE + "?single")
        self.assertEqual(kind, "application/ohttp-keys")
        self.assertTrue(keys.startswith(len(single).to_bytes(2, "big") + single))

    def test_what_is_not_for_anonymous_users_is_a_sealed_refusal(self):
        url = self.gateway + RESOURCE
        (self.scratch / "update").write_bytes(b"update")
        for client, chunked in itertools.product(self.peers, (False, True)):
            with self.subTest(client=client, chunked=chunked):
                for where, method, path in (
                        (self.front.url, "POST", "/kt/v1/update"), (self.front.url, "GET", "/"),
                        ("https://elsewhere.example", "GET", "/.well-known/key-transparency")):
                    content = ["application/vnd.ktgate.update-request", self.scratch / "update"]
                    printed, complaint, code = peers.run_client(
                        self.peers[client], url, url, method, where + path, content if method == "POST" else None,
                        chunked=chunked)
                    self.assertEqual((complaint, code), (b"", 0))
                    answer = Answer(printed)
                    self.assertEqual((answer.status, answer.field("content-type")), (403, "application/problem+json"))
                    self.assertEqual(json.loads(answer.content)["type"], "urn:ktgate:error:forbidden")

    def test_what_was_changed_is_one_and_the_same_refusal(self):
        url = self.gateway + RESOURCE
        for client, chunked in itertools.product(self.peers, (False, True)):
            with self.subTest(client=client, chunked=chunked):
                # What the client would post is posted to the front, and kept.
                sealed = []

                def keep(method, path, kind, body):
                    sealed.append((kind, body))
                    return b"", b"kept", 1
                self.front.carry = keep
                _, _, code = peers.run_client(self.peers[client], url, self.front.url, "GET",
                                              self.front.url + "/.well-known/key-transparency", chunked=chunked)
                self.assertEqual(code, 1)
                (kind, body), = sealed
                # Unchanged it is answered, so that what is refused is refused for the change.
                self.assertEqual(fetch(url, body, kind)[0], 200)
                refusals = set()
                for at in (0, 2, 4, 6, 7, len(body) // 2, len(body) - 1):
                    changed = body[:at] + bytes([body[at] ^ 0x40]) + body[at + 1:]
                    refusals.add(fetch(url, changed, kind))
                refusals.add(fetch(url, body[:-1], kind))
                (status, kind, problem), = refusals
                self.assertEqual((status, kind), (400, "application/problem+json"))
                self.assertEqual(json.loads(problem)["type"],
                                 "https://iana.org/assignments/http-problem-types#ohttp-key")


class Relay(Served):
    """Another gateway, for example.com, carries for its user what is for the first."""

    TOKEN = "a-users-secret-token"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        token = hashlib.sha256(cls.TOKEN.encode()).hexdigest()
        home = cls.make(
            "example.com", "http://127.0.0.1:1",
            {"relay": 'users = "authenticated"\nrequests_per_second = 0'}, f'''
[[principal]]
name = "interop-user"
token_sha256 = "{token}"
[[peer]]
domain = "example.net"
url = "{cls.gateway}"
''')
        cls.home = cls.serve(home)

    def test_lookups_verify(self):
        relay = self.home + "/relay/example.net"
        for client in self.peers:
            with self.subTest(client=client):
                self.expect_lookups(client, self.carrier(client, relay + "/keys", relay, bearer=self.TOKEN))

    def test_a_problem_of_the_other_gateway_comes_back(self):
        relay = self.home + "/relay/example.net"
        request = urllib.request.Request(relay, b"not sealed to anybody", {
            "Content-Type": "message/ohttp-req", "Authorization": "Bearer " + self.TOKEN})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=DEADLINE)
        with refused.exception as answer:
            self.assertEqual((answer.code, answer.headers["Content-Type"]), (400, "application/problem+json"))
            self.assertTrue(json.load(answer)["type"].endswith("#ohttp-key"))

    def test_nobody_else_is_carried(self):
        relay = self.home + "/relay/example.net"
        for client in self.peers:
            with self.subTest(client=client):
                printed, complaint, code = peers.run_client(
                    self.peers[client], self.gateway + RESOURCE, relay, "GET",
                    self.front.url + "/.well-known/key-transparency", bearer="no-users-token")
                self.assertEqual((printed, code), (b"", 1))
                self.assertIn(b"401", complaint)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
