#!/usr/bin/env bash
# A domain moves to another log, and then to a third one, while its users look up, publish and monitor
# all the time: first gradually, from contact monitoring (P-256) to third-party auditing (Ed25519) with
# the auditor at work, then at once, as if the second log's keys were known to somebody. What the users
# see is written down and checked at the end: nobody is ever shown a wrong or a missing value.
# docs/migration.md explains each step.
#
#   examples/migration.sh KTGATE KT
set -euo pipefail

ktgate=$(realpath "${1:?the program ktgate}")
kt=$(realpath "${2:?the program kt}")
dir=$(mktemp -d)
started=()
stop() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
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
# Replaced at once, as others read it.
put() {
  printf '%s\n' "$2" >"$1.new"
  mv "$1.new" "$1"
}
phase_is() { migrate status | grep -qE ", $1(,|\$)"; }

say "Three logs, of which example.com has the first"
auditor_key=$("$ktgate" auditor create auditor --suite ed25519 | grep -oE '[0-9a-f]{64}' | head -n 1)
"$ktgate" log create first --suite p256 --reasonable-monitoring-window 1s >/dev/null
"$ktgate" log create second --suite ed25519 --reasonable-monitoring-window 1s \
  --mode third-party-auditing --auditor-key "$auditor_key" --max-auditor-lag 1h \
  --configuration second.configuration >/dev/null
"$ktgate" auditor bind auditor second.configuration >/dev/null
"$ktgate" log create third --suite ed25519 --reasonable-monitoring-window 1s >/dev/null
for i in $(seq 40); do
  printf '{"label":"user%d@example.com","value":"%s"}\n' "$i" "$(printf 'key of user %d' "$i" | base64 | tr -d =)"
done | "$ktgate" log import first - >/dev/null 2>&1
token=a-token-that-nobody-guesses
auditor_token=another-token-that-nobody-guesses
printf '%s\n' "$token" >token
printf '%s\n' "$auditor_token" >auditor.token
chmod 600 token auditor.token
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
[[principal]]
name = "auditor"
token_sha256 = "$(printf %s "$auditor_token" | sha256sum | cut -d' ' -f1)"
EOF
for name in first second third; do
  printf '[[log]]\ndirectory = "%s"\nalias = "%s"\nwriter = "alice"\n' "$name" "$name" >>gateway.toml
  if [ "$name" = second ]; then echo 'auditor = "auditor"' >>gateway.toml; fi
done
"$ktgate" serve gateway.toml >url 2>gateway.log &
gateway=$!
started+=("$gateway")
await grep -q http url
url=$(cat url)
"$ktgate" auditor run auditor "$url" --token-file auditor.token >auditor.log 2>&1 &
started+=($!)
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

say "Its users: Alice publishes and monitors, others look her and each other up, all the time"
user trust example.com --url "$url" >/dev/null
user own alice@example.com >/dev/null
put sent 0
put acknowledged 0
printf 'alice 0' >value
user publish alice@example.com --value value --token-file token >/dev/null
# Alice's next key, again and again until the gateway says that it is published; then what her program
# has to monitor. That the gateway cannot take it now is no fault (exit code 4).
publish_and_monitor() {
  local number=0 code
  while true; do
    number=$((number + 1))
    put sent "$number"
    printf 'alice %s' "$number" >value
    while true; do
      code=0
      user publish alice@example.com --value value --token-file token >publish.out 2>&1 || code=$?
      if [ "$code" = 0 ]; then break; fi
      if [ "$code" != 4 ]; then echo "publishing: $code, $(tail -n 1 publish.out)" >>wrong; fi
      user lookup alice@example.com >/dev/null 2>&1 || true # there may be a newer document
      sleep 0.1
    done
    put acknowledged "$number"
    echo "alice has published $number" >>transcript
    # Between two documents a log may be gone that was there a moment ago.
    for _ in 1 2; do
      code=0
      user monitor --all >monitor.out 2>&1 || code=$?
      if [ "$code" = 0 ]; then break; fi
    done
    # To be repeated: what cannot be done now (4), and where a log retired just after its document was
    # followed.
    if [ "$code" = 0 ]; then
      echo "alice has monitored" >>transcript
    elif [ "$code" != 4 ] && ! grep -q retired-log monitor.out; then
      grep -E 'ALARM|not done|kt monitor' monitor.out >>wrong
    fi
  done
}
# What nobody publishes for stays what it is; Alice's key is the last one that was acknowledged, or one
# that was sent since.
look_up() {
  local found least most number
  "$kt" trust example.com --url "$url" --state reader >/dev/null
  while true; do
    if ! found=$("$kt" lookup user7@example.com --raw --state reader 2>errors); then
      cat errors >>wrong
    elif [ "$found" = "key of user 7" ]; then
      echo "user 7 is right" >>transcript
    else
      echo "user 7 is '$found'" >>wrong
    fi
    least=$(cat acknowledged)
    if ! found=$("$kt" lookup alice@example.com --raw --state reader 2>errors); then
      cat errors >>wrong
      continue
    fi
    most=$(cat sent)
    number=${found#alice }
    if [ "$number" -ge "$least" ] && [ "$number" -le "$most" ]; then
      echo "alice is right" >>transcript
    else
      echo "alice is '$found', and should be $least to $most" >>wrong
    fi
  done
}
touch transcript
publish_and_monitor &
started+=($!)
look_up &
started+=($!)
count() { grep -c "$1" transcript || true; }
has_more() { [ "$(count "$1")" -gt "$2" ]; }
# Until each of them has done more.
users_go_on() {
  local what
  for what in 'has published' 'has monitored' 'user 7 is right' 'alice is right'; do
    await has_more "$what" "$(count "$what")"
  done
}
users_go_on

say "Gradually, from first (P-256, contact monitoring) to second (Ed25519, third-party auditing)"
migrate plan --to second
migrate start --to second --grace 1s
await phase_is dual
users_go_on
await migrate advance
await phase_is draining
migrate status
users_go_on
migrate verify
# Alice monitors it without end, and is not waited for.
await migrate finish --despite-monitoring
users_go_on
sed -i 's/^logs = .*/logs = ["second"]/' gateway.toml
kill -HUP "$gateway"

say "At once, from second to third: somebody may have the keys of second"
await migrate start --to third --mode immediate --compromised --grace 1s
await migrate advance
await phase_is draining
migrate status
users_go_on
migrate verify
await migrate finish --despite-monitoring
users_go_on

say "What users have seen"
for pid in "${started[@]:2}"; do
  kill "$pid"
  wait "$pid" 2>/dev/null || true
done
if [ -s wrong ]; then
  sort wrong | uniq -c
  fail "something was wrong"
fi
user lookup alice@example.com --json | grep -q third || fail "alice is not in the third log"
for what in 'has published' 'has monitored' 'user 7 is right' 'alice is right'; do
  printf '%6d times: %s\n' "$(count "$what")" "$what"
done
echo "nobody was shown a wrong or a missing value"
