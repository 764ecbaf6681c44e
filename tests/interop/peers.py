"""Builds the peers of this directory, and runs them as clients. What they are: README.md."""

import http.server
import os
import pathlib
import shutil
import subprocess
import threading

HERE = pathlib.Path(__file__).parent
DEADLINE = 60
BUILD_DEADLINE = 1500


class LoopbackServer(http.server.ThreadingHTTPServer):
    """Answers at a port of its own until it is closed."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever)
        self.thread.start()

    def handle_error(self, *_):
        """Clients may leave as they like."""

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Unavailable(Exception):
    """A peer cannot be built here, which is nobody's fault."""


def tool(name):
    path = os.pathsep.join([os.environ.get("PATH", ""), os.path.expanduser("~/.cargo/bin"), "/usr/local/go/bin"])
    found = shutil.which(name, path=path)
    if not found:
        raise Unavailable(f"{name} is not installed")
    return found, {**os.environ, "PATH": os.pathsep.join([os.path.dirname(found), path])}


def fetch(command, where, environment):
    """Only here is the network asked."""
    fetched = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True,
                             timeout=BUILD_DEADLINE, check=False)
    if fetched.returncode == 0:
        return
    # Those are for us to mend.
    if any(words in fetched.stderr for words in ("--locked", "missing go.sum entry", "updates to go.mod")):
        raise RuntimeError(fetched.stderr)
    raise Unavailable(f"{' '.join(command[1:3])} fails: {(fetched.stderr.strip().splitlines() or ['?'])[-1]}")


def build(command, where, environment):
    built = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True,
                           timeout=BUILD_DEADLINE, check=False)
    if built.returncode != 0:
        raise RuntimeError(built.stderr)


def build_rust(directory):
    cargo, environment = tool("cargo")
    fetch([cargo, "fetch", "--locked"], HERE / "rust", environment)
    build([cargo, "build", "--locked", "--offline", "--target-dir", directory / "rust"], HERE / "rust", environment)
    return directory / "rust" / "debug" / "ohttp-peer"


def build_go(directory):
    go, environment = tool("go")
    environment |= {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    environment.setdefault("HOME", str(directory))
    fetch([go, "mod", "download"], HERE / "go", environment)
    build([go, "build", "-o", directory / "go_peer", "."], HERE / "go", {**environment, "GOPROXY": "off"})
    return directory / "go_peer"


def build_all(ours, directory):
    """The peers by name, and why others are not here."""
    found, missing = {"ours": ours}, {}
    for name, make in (("rust", build_rust), ("go", build_go)):
        try:
            found[name] = make(directory)
        except Unavailable as why:
            missing[name] = str(why)
    return found, missing


# --- clients

class Answer:
    """What a client has printed."""

    def __init__(self, printed):
        head, self.content = printed.split(b"\n\n", 1)
        self.lines = head.decode().splitlines()
        self.status, = (int(line.split()[1]) for line in self.lines if line.startswith("status "))

    def field(self, name):
        return next((line.split(": ", 1)[1] for line in self.lines if line.startswith(f"field {name}: ")), None)


def run_client(program, keys, target, method, url, content=None, *, chunked=False, bearer=None):
    """What the client has printed, what it has complained of, and how it has ended. `content` is a
    media type, and a file."""
    command = [program, "client", *(["--chunked"] if chunked else []), *(["--bearer", bearer] if bearer else []),
               keys, target, method, url, *(content or [])]
    done = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    return done.stdout, done.stderr, done.returncode
