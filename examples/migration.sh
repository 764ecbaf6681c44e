#!/usr/bin/env bash
# A domain moves to another log, and then to a third one, while its users go on: first gradually,
# then at once, as if the second log's keys were known to somebody. Whatever they look up is right at
# every instant. docs/migration.md explains each step.
#
#   examples/migration.sh KTGATE KT
set -euo pipefail

ktgate=$(realpath "${1:?the program ktgate}")
kt=$(realpath "${2:?the program kt}")
dir=$(mktemp -d)
gateway=
reader=
stop() {
  if [ -n "$reader" ]; then kill "$reader" 2>/dev/null || true; fi
  if [ -n "$gateway" ]; then kill "$gateway" 2>/dev/null && wait "$gateway" || true; fi
  rm -rf "$dir"
}
trap stop EXIT
cd "$dir"

say() { printf '\n== %s\n' "$*"; }
fail() {
  echo "migration.sh: $*" >&2
  cat gateway.log >&2
  exit 1
}
# Waits for a command to succeed, for a minute.
await() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "this does not come to pass: $*"
}
migrate() { "$ktgate" migrate "$1" --socket admin.socket example.com "${@:2}"; }
user() { "$kt" "$@" --state users; }
phase_is() { migrate status | grep -q ", $1\$"; }

say "Three logs, of which example.com has the first"
for name in first second third; do
  suite=ed25519
  if [ "$name" = first ]; then suite=p256; fi
  "$ktgate" log create "$name" --suite "$suite" --reasonable-monitoring-window 1s >/dev/null
done
for i in $(seq 40); do
  printf '{"label":"user%d@example.com","value":"%s"}\n' "$i" "$(printf 'key of user %d' "$i" | base64 | tr -d =)"
done | "$ktgate" log import first - >/dev/null 2>&1
token=a-token-that-nobody-guesses
printf '%s\n' "$token" >token
chmod 600 token
cat >gateway.toml <<EOF
state = "state"
[listen]
address = "127.0.0.1:0"
[admin]
socket = "admin.socket"
[limits]
requests_per_second = 0
[[principal]]
name = "alice"
token_sha256 = "$(printf %s "$token" | sha256sum | cut -d' ' -f1)"
EOF
for name in first second third; do
  printf '[[log]]\ndirectory = "%s"\nalias = "%s"\nwriter = "alice"\n' "$name" "$name" >>gateway.toml
done
"$ktgate" serve gateway.toml >url 2>gateway.log &
gateway=$!
await grep -q http url
url=$(cat url)
cat >>gateway.toml <<EOF
[[domain]]
name = "example.com"
label_rule = "bytes"
policy = "single"
url = "$url"
logs = ["first"]
EOF
kill -HUP "$gateway"
await grep -q 'document of example.com has epoch' gateway.log

say "Its users: Alice publishes, others look her and each other up, all the time"
user trust example.com --url "$url" >/dev/null
user own alice@example.com >/dev/null
publish() {
  printf '%s' "$1" >value
  user publish alice@example.com --value value --token-file token >/dev/null
}
expect() {
  local found
  found=$(user lookup "$1" --raw)
  if [ "$found" != "$2" ]; then fail "$1 is '$found', and should be '$2'"; fi
}
publish "alice 1"
# Somebody who looks user 7 up as fast as it goes, and writes down what was not right.
(
  "$kt" trust example.com --url "$url" --state reader >/dev/null
  while true; do
    found=$("$kt" lookup user7@example.com --raw --state reader 2>errors) || cat errors >>wrong
    if [ "$found" != "key of user 7" ]; then echo "user 7 is '$found'" >>wrong; fi
    echo . >>lookups
  done
) &
reader=$!
await test -s lookups

say "Gradually, from first (P-256) to second (Ed25519)"
migrate plan --to second
migrate start --to second --grace 1s
await phase_is dual
await user lookup alice@example.com
expect alice@example.com "alice 1"
# In the log that labels move to, when a lookup has brought the document that says so.
own_anew() { user lookup alice@example.com && user own alice@example.com; }
await own_anew
publish "alice 2"
expect alice@example.com "alice 2"
user monitor --all >/dev/null
await migrate advance
await phase_is draining
migrate status
expect alice@example.com "alice 2"
expect user3@example.com "key of user 3"
migrate verify
await migrate finish
sed -i 's/^logs = .*/logs = ["second"]/' gateway.toml
kill -HUP "$gateway"

say "At once, from second to third: somebody may have the keys of second"
await sh -c "'$ktgate' migrate start --socket admin.socket example.com --to third --mode immediate --grace 1s"
await migrate advance
await phase_is draining
migrate status
await sh -c "'$kt' lookup user3@example.com --json --state users | grep -q third"
expect alice@example.com "alice 2"
expect user3@example.com "key of user 3"
user own alice@example.com >/dev/null
publish "alice 3"
expect alice@example.com "alice 3"
migrate verify
await migrate finish

say "What the one who looked up all the time has seen"
kill "$reader"
wait "$reader" 2>/dev/null || true
reader=
if [ -s wrong ]; then
  sort wrong | uniq -c
  fail "something was wrong"
fi
echo "$(wc -l <lookups) lookups, each of them right"
