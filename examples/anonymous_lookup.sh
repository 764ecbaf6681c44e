#!/usr/bin/env bash
# A user of example.com looks up somebody of example.net so that example.net does not learn who asked,
# and example.com does not learn what was asked: two gateways, one of which carries sealed requests to
# the other. Each says what it answered, which is shown. docs/federation.md explains it.
#
#   examples/anonymous_lookup.sh KTGATE KT
set -euo pipefail

ktgate=$(realpath "${1:?the program ktgate}")
kt=$(realpath "${2:?the program kt}")
dir=$(mktemp -d)
gateways=()
stop() {
  for gateway in "${gateways[@]}"; do kill "$gateway" 2>/dev/null && wait "$gateway" || true; done
  rm -rf "$dir"
}
trap stop EXIT
cd "$dir"

say() { printf '\n== %s\n' "$*"; }
fail() {
  echo "anonymous_lookup.sh: $*" >&2
  cat ./*.log >&2
  exit 1
}
await() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "this does not come to pass: $*"
}
user() { "$kt" "$@" --state user; }
show() {
  printf '$ kt %s\n' "$*"
  user "$@"
}
free_port() {
  python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
}

# A gateway for domain $1 at port $2, whose configuration goes on with what comes.
serve() {
  local name=$1
  "$ktgate" log create "$name.main" --suite ed25519 >/dev/null
  printf '{"label":"bob@%s","value":"%s"}\n' "$name" "$(printf "bob's key" | base64)" |
    "$ktgate" log import "$name.main" - >/dev/null 2>&1
  {
    cat <<EOF
state = "$name.state"
[listen]
address = "127.0.0.1:$2"
[journal]
answers = true
[[log]]
directory = "$name.main"
alias = "main"
[[domain]]
name = "$name"
label_rule = "bytes"
policy = "single"
logs = ["main"]
url = "http://127.0.0.1:$2"
EOF
    cat
  } >"$name.toml"
  "$ktgate" serve "$name.toml" >"$name.url" 2>"$name.log" &
  gateways+=($!)
  await grep -q "the directory document of $name has epoch" "$name.log"
}
token=a-token-that-nobody-guesses
printf '%s\n' "$token" >token
chmod 600 token
home_port=$(free_port)
away_port=$(free_port)

say "example.net answers anonymous requests, and example.com carries them for its users"
serve example.net "$away_port" <<EOF
[ohttp]
enabled = true
EOF
await grep -q "a new key for Oblivious HTTP" example.net.log
serve example.com "$home_port" <<EOF
[relay]
users = "authenticated"
[[principal]]
name = "alice"
token_sha256 = "$(printf %s "$token" | sha256sum | cut -d' ' -f1)"
[[peer]]
domain = "example.net"
url = "http://127.0.0.1:$away_port"
EOF

say "Alice trusts both, and says which is hers"
user trust example.com --url "http://127.0.0.1:$home_port" >/dev/null
user trust example.net --url "http://127.0.0.1:$away_port" >/dev/null
show home example.com --token-file token

say "She looks up somebody of example.net"
before=$(grep -c . example.net.log)
show lookup bob@example.net
if [ "$(user lookup bob@example.net --raw)" != "bob's key" ]; then fail "that is not Bob's key"; fi

say "What example.com has answered: that its user asked example.net, and nothing else"
tail -n 2 example.com.log
grep -q "relay" example.com.log || fail "the relay was not used"

say "What example.net has answered: sealed requests, of nobody"
tail -n +$((before + 1)) example.net.log
if tail -n +$((before + 1)) example.net.log | grep -v ohttp; then fail "it was asked directly"; fi
if grep -E "alice|$token" example.net.log; then fail "it learned who asked"; fi
if grep -E "bob|alice|$token" example.com.log; then fail "it wrote down who asked, or what"; fi

say "When her gateway does not know her, example.net is not asked in another way, unless she says so"
printf 'another-token\n' >other && chmod 600 other
user home example.com --token-file other >/dev/null
code=0
show lookup bob@example.net 2>&1 || code=$?
if [ "$code" = 0 ]; then fail "a user who is not known was served"; fi
show lookup bob@example.net --direct
