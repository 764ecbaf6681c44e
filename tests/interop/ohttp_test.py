"""Oblivious HTTP between our codecs and those of others: each client asks through each server, and
what is changed on the way is refused. Arguments: our peer, and a directory to build the others in.

README.md says what the peers are. One whose toolchain or packages cannot be had is left out, and the
test then says that it was skipped, though all others ran.
"""

import functools
import http.client
import http.server
import itertools
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

import peers
from peers import Answer, DEADLINE, LoopbackServer

OUR_PEER, BUILD = sys.argv[1], pathlib.Path(sys.argv[2])
TYPES = {False: "message/ohttp-req", True: "message/ohttp-chunked-req"}

X25519, P256 = 0x0020, 0x0010
PUBLIC_KEY_SIZES = {X25519: 32, P256: 65}
HKDF_SHA256, AES_128_GCM, CHACHA20_POLY1305 = 1, 1, 3


# --- the other side of the servers, and what is between clients and servers

class Origin(LoopbackServer):
    """Keeps what it is asked. It also publishes key configurations that a test has picked, and passes
    sealed messages on, changed as a test says."""

    def __init__(self):
        self.asked, self.keys, self.between = [], b"", None
        super().__init__(Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if self.path == "/keys":
            self.answer(200, "application/ohttp-keys", self.server.keys)
        elif self.path == "/between":
            self.answer(*self.server.between(kind, body))
        else:
            self.server.asked.append((self.command, self.path, kind, body))
            status = int(self.path.rsplit("/", 1)[1]) if self.path.startswith("/status/") else 200
            self.answer(status, "application/x-test", body or b"nothing was said")

    do_POST = do_GET


class Between:
    """Passes one message on to a gateway and one back, each changed by a function of its bytes."""

    def __init__(self, target, change_request=bytes, change_response=bytes):
        self.target, self.change_request, self.change_response = target, change_request, change_response
        self.status, self.request_type, self.request, self.response = None, "", b"", b""

    def __call__(self, kind, body):
        self.request_type, self.request = kind, body
        request = urllib.request.Request(self.target, self.change_request(body), {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                self.status, kind, self.response = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            self.status, kind, self.response = error.code, "", error.read()
        except http.client.HTTPException:
            self.status, kind = 502, ""
        return self.status, kind, self.change_response(self.response)


def flip(position):
    """Inverts a bit of the byte at `position` (negative: from the end), or of that in the middle."""
    def change(data):
        at = len(data) // 2 if position is None else position % len(data)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    return change


def cut(data):
    return data[:-1]


def split_keys(configs):
    """Of each configuration and each of its suites: the suite, and a list with only that."""
    while configs:
        size, = struct.unpack(">H", configs[:2])
        config, configs = configs[2:2 + size], configs[2 + size:]
        kem, = struct.unpack(">H", config[1:3])
        end = 3 + PUBLIC_KEY_SIZES[kem]
        algorithms = config[end + 2:]
        assert struct.unpack(">H", config[end:end + 2]) == (len(algorithms),)
        for at in range(0, len(algorithms), 4):
            one = config[:end] + struct.pack(">H", 4) + algorithms[at:at + 4]
            yield (kem, *struct.unpack(">HH", algorithms[at:at + 4])), struct.pack(">H", len(one)) + one


def knows(client, suite, chunked):
    """Whether a client has the suite. The crate `ohttp` 0.8.0 knows no other key derivation and not
    AES-256, and its chunked client stops at nonces longer than 16 bytes."""
    if client != "rust":
        return True
    return suite[1] == HKDF_SHA256 and suite[2] in ((AES_128_GCM,) if chunked else (AES_128_GCM, CHACHA20_POLY1305))


def each_pair(test):
    """Runs a test with each client, each server, and both encodings."""
    @functools.wraps(test)
    def run(self):
        for client, server, chunked in itertools.product(self.peers, self.servers, (False, True)):
            with self.subTest(client=client, server=server, chunked=chunked):
                self.origin.asked.clear()
                test(self, client, server, chunked)
    return run


class Ohttp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = pathlib.Path(scratch.name)
        cls.origin = Origin()
        cls.addClassCleanup(cls.origin.close)
        cls.peers, cls.missing = peers.build_all(OUR_PEER, BUILD)
        cls.servers = {name: cls.serve(program) for name, program in cls.peers.items()}

    @classmethod
    def serve(cls, program):
        server = subprocess.Popen([program, "server", cls.origin.url], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(server.stdout.close)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        return server.stdout.readline().strip()

    def run_client(self, name, target, method, path, content=None, *, keys=None, chunked=False):
        file = self.scratch / "body"
        if content is not None:
            file.write_bytes(content)
        return peers.run_client(self.peers[name], keys or self.origin.url + "/keys", target, method,
                                "https://kt.example.com" + path,
                                None if content is None else ["application/x-request", file], chunked=chunked)

    def ask(self, *arguments, **options):
        printed, complaint, code = self.run_client(*arguments, **options)
        self.assertEqual((complaint, code), (b"", 0))
        return Answer(printed)

    def ask_peer(self, client, server, *arguments, **options):
        url = self.servers[server]
        return self.ask(client, url + "/", *arguments, **{"keys": url + "/ohttp-keys", **options})

    def suites(self, server):
        with urllib.request.urlopen(self.servers[server] + "/ohttp-keys", timeout=DEADLINE) as keys:
            self.assertEqual(keys.headers["Content-Type"], "application/ohttp-keys")
            return list(split_keys(keys.read()))

    def test_all_peers_take_part(self):
        if self.missing:
            self.skipTest("; ".join(self.missing.values()))
        self.assertEqual(set(self.servers), {"ours", "rust", "go"})

    @each_pair
    def test_every_suite(self, client, server, chunked):
        suites = self.suites(server)
        asked = 0
        for suite, self.origin.keys in suites:
            if knows(client, suite, chunked):
                answer = self.ask_peer(client, server, "GET", "/suite", chunked=chunked, keys=None)
                self.assertEqual((answer.status, answer.content), (200, b"nothing was said"), suite)
                asked += 1
        self.assertEqual(self.origin.asked, [("GET", "/suite", "", b"")] * asked)
        # Both key agreements, each with a cipher or more.
        self.assertGreaterEqual(asked, 2)

    @each_pair
    def test_every_size(self, client, server, chunked):
        for size in (0, 1, 1000, 100_000):
            content = random.Random(size).randbytes(size)
            answer = self.ask_peer(client, server, "POST", "/echo", content, chunked=chunked)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.field("content-type"), "application/x-test")
            self.assertEqual(answer.content, content or b"nothing was said")
            self.assertEqual(self.origin.asked.pop(), ("POST", "/echo", "application/x-request", content))

    @each_pair
    def test_errors_are_sealed_answers(self, client, server, chunked):
        for status in (404, 429, 500, 503):
            answer = self.ask_peer(client, server, "GET", f"/status/{status}", chunked=chunked)
            self.assertEqual((answer.status, answer.content), (status, b"nothing was said"))

    @each_pair
    def test_what_comes_besides_an_answer(self, client, server, chunked):
        answer = self.ask_peer(client, server, "GET", "/extras", chunked=chunked)
        self.assertEqual((answer.status, answer.content), (200, b"nothing was said"))
        # The Go module sends trailers in chunked answers only, and shows no informational ones.
        self.assertEqual("trailer x-extra: after" in answer.lines, server != "go" or chunked)
        self.assertEqual("informational 103" in answer.lines, server == "ours" and client != "go")

    @each_pair
    def test_both_encodings_are_what_they_say(self, client, server, chunked):
        self.origin.between = Between(self.servers[server] + "/")
        # The first is known to all.
        self.origin.keys = self.suites(server)[0][1]
        content = b"a word that nobody sees on the way"
        answer = self.ask(client, self.origin.url + "/between", "POST", "/echo", content, chunked=chunked)
        self.assertEqual(answer.content, content)
        self.assertEqual(self.origin.between.request_type, TYPES[chunked])
        for sealed in (self.origin.between.request, self.origin.between.response):
            self.assertGreater(len(sealed), len(content))
            self.assertNotIn(b"word", sealed)
        self.ask(client, self.origin.url + "/between", "GET", "/empty", chunked=chunked)
        self.assertEqual(self.origin.between.request_type, TYPES[chunked])

    @each_pair
    def test_what_was_changed_is_refused(self, client, server, chunked):
        # Identifier, KEM, KDF and cipher, enc, ciphertext, its end.
        requests = [flip(at) for at in (0, 2, 4, 6, 7, None, -1)] + [cut]
        # The nonce, ciphertext, its end.
        responses = [flip(at) for at in (0, None, -1)] + [cut]
        # The first is known to all.
        self.origin.keys = self.suites(server)[0][1]
        for number, change in enumerate(requests):
            self.origin.between = Between(self.servers[server] + "/", change_request=change)
            printed, _, _ = self.run_client(client, self.origin.url + "/between", "POST", "/echo",
                                            b"sealed", chunked=chunked)
            self.assertNotIn(b"status 200", printed, f"request, change {number}")
            self.assertEqual(self.origin.asked, [], f"request, change {number}")
        for number, change in enumerate(responses):
            self.origin.between = Between(self.servers[server] + "/", change_response=change)
            printed, complaint, code = self.run_client(client, self.origin.url + "/between", "POST", "/echo",
                                                       b"sealed", chunked=chunked)
            self.assertEqual((self.origin.between.status, printed, code), (200, b"", 1),
                             f"response, change {number}")
            self.assertNotEqual(complaint, b"")
            self.assertEqual(len(self.origin.asked), 1)
            self.origin.asked.clear()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
