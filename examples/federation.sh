#!/usr/bin/env bash
# Three domains, each with a gateway of its own, and a name server, as hosts of a small network. Alice
# of example.com looks up Bob of example.net through her gateway, and captures show what each party
# saw of it. Then example.net shows Alice another log than everybody else, and is caught.
# docs/federation.md explains it.
#
#   examples/federation.sh KTGATE KT
#
# Wants root, or a system that allows namespaces of one's own, and programs that
# tools/install_packages.sh --ci installs; else it says what is missing, and its exit code is 77.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
# shellcheck source=examples/federation_network.sh
source "$here/federation_network.sh"
ktgate=$(realpath "${1:?the program ktgate}")
kt=$(realpath "${2:?the program kt}")
[ -n "${FEDERATION_IN_NAMESPACES:-}" ] || enter_namespaces "$ktgate" "$kt"

dir=$(mktemp -d)
trap 'code=$?; [ $code -eq 0 ] || cat ./*.log >&2; cd / && rm -rf "$dir"; exit $code' EXIT
cd "$dir"

say() { printf '\n== %s\n' "$*"; }
fail() {
  echo "federation.sh: $*" >&2
  exit 1
}
await() {
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "this does not come to pass: $*"
}
alice() { at alice "$kt" "$@" --state alice; }
show() {
  printf '$ kt %s\n' "$*"
  alice "$@"
}

# A gateway at host $1, with what is in the directory $2.
serve() {
  ip netns exec "$1" "$ktgate" serve "$2/gateway.toml" >/dev/null 2>"$1.log" &
  gateway[$1]=$!
}
declare -A gateway
# Puts value $3 for $2 into the log $1, which nobody serves.
publish() {
  printf '{"label":"%s","value":"%s"}\n' "$2" "$(printf %s "$3" | basenc --base64url | tr -d =)" |
    "$ktgate" log import "$1" - >/dev/null 2>import.log
}
token=a-token-that-nobody-guesses
install -m 600 <(printf '%s\n' "$token") token

say "A network: three gateways, a name server, and Alice"
make_network dns com net org alice
serve_names example.com example.net example.org
make_authority
for name in com net org; do
  domain=example.$name
  mkdir "$domain"
  certify "$domain"
  "$ktgate" log create "$domain/main" --suite ed25519 --reasonable-monitoring-window 1s >/dev/null
  publish "$domain/main" "bob@$domain" "Bob's key"
  publish "$domain/main" "somebody-with-a-much-longer-name@$domain" "another key"
  cat >"$domain/gateway.toml" <<EOF
state = "state"
[listen]
address = "${address[$name]}:443"
certificate = "../$domain.pem"
private_key = "../$domain.key"
[journal]
answers = true
[[log]]
directory = "main"
alias = "main"
[[domain]]
name = "$domain"
label_rule = "bytes"
policy = "single"
logs = ["main"]
url = "https://kt.$domain"
[ohttp]
enabled = true
[relay]
users = "authenticated"
[federation]
allowed_addresses = ["$network"]
[[principal]]
name = "alice"
token_sha256 = "$(printf %s "$token" | sha256sum | cut -d' ' -f1)"
EOF
  serve "$name" "$domain"
done
for name in com net org; do await grep -q "a new key for Oblivious HTTP" "$name.log"; done
for host in dns com net org alice; do printf '%-6s %s\n' "$host" "${address[$host]}"; done

say "Alice trusts her own domain and Bob's, and says which one is hers"
alice trust example.com >/dev/null
alice trust example.net >/dev/null
show home example.com --token-file token

# What a capture at host $1 shows: who connected to whom, and how often; what DNS answered; how much
# was sent to $2 at a time, of what is sealed inside of TLS.
connections() {
  packets "$1.pcap" 'tcp.flags.syn == 1 && tcp.flags.ack == 0' -e ip.src -e ip.dst -e tcp.dstport |
    sort | uniq -c | sed 's/$/ (TLS)/'
}
names() {
  packets "$1.pcap" 'dns.txt || dns.a' -e dns.qry.name -e dns.txt -e dns.a |
    tr '[:upper:]' '[:lower:]' | sort -u
}
sealed_sizes() {
  packets "$1.pcap" "tls.app_data && ip.dst == ${address[$2]}" -e tls.record.length | grep -E '^[0-9]{4}$'
}

say "She looks Bob up"
before=$(wc -l <net.log)
capture com
capture net
show lookup bob@example.net | tee found
end_captures
grep -q "^value .*Bob's key$" found || fail "that is not Bob's key"

say "What reached example.com's machine, and what its gateway, which can read its own connections, answered"
connections com
names com
tail -n 3 com.log

say "What reached example.net's machine, and what its gateway answered"
connections net
tail -n +$((before + 1)) net.log

say "example.com never had what was asked, nor example.net who asked"
for what in "bob" "Bob's key"; do
  if grep -a "$what" com.pcap com.log; then fail "example.com learned who was looked up"; fi
done
if [ -n "$(packets net.pcap "ip.addr == ${address[alice]}" -e frame.number)" ]; then
  fail "Alice's machine was seen at example.net"
fi
if grep -E "alice|$token|${address[alice]}" net.log; then fail "example.net learned who asked"; fi
sealed_sizes net net >sizes
capture net
[ "$(alice lookup somebody-with-a-much-longer-name@example.net --raw)" = "another key" ] ||
  fail "that is not the key with the longer name"
end_captures
sealed_sizes net net >other_sizes
echo "bytes sealed for Bob: $(paste -sd ' ' sizes); for a longer name: $(paste -sd ' ' other_sizes)"
cmp sizes other_sizes || fail "sizes tell one name from another"

say "The gateways of example.com and example.org become witnesses of all logs"
witness() {
  local name=$1
  shift
  sed -i "/^\[federation\]/a witness = [$(printf '"%s",' "$@")]\nwitness_interval = \"2s\"" \
    "example.$name/gateway.toml"
  kill -HUP "${gateway[$name]}"
}
witness com example.net example.org
witness org example.net example.com

say "example.net goes on in two copies: one has Carol's key, and Alice and example.org are led to the other"
kill "${gateway[net]}"
wait "${gateway[net]}" || true
cp -a example.net shadow.net
publish example.net/main carol@example.net "Carol's key"
publish shadow.net/main carol@example.net "Mallory's key"
serve net example.net
lead_astray shadow net alice org
serve shadow shadow.net
await alice lookup bob@example.net --direct
show lookup carol@example.net --direct


say "She asks example.net on two roads: as herself, and through her gateway, as nobody in particular"
code=0
show heads --compare example.net || code=$?
[ $code -eq 6 ] || fail "the fork was not caught: exit code $code"
echo '$ kt evidence check alice/evidence/fork-*.ktevidence'
"$kt" evidence check alice/evidence/fork-*.ktevidence

say "The gateways of example.com and example.org have seen it, too, and told each other what"
for name in com org; do
  await grep "has signed two trees" "$name.log"
  grep -h "has signed two trees" "$name.log" | sed "s|$dir/||"
done
log=$(basename example.com/state/evidence/fork-*.bin .bin)
url=https://kt.example.com/kt/v1/logs/${log#fork-}/evidence
echo "$url, for everybody:"
at alice python3 -c 'import sys, urllib.request as request
sys.stdout.buffer.write(request.urlopen(sys.argv[1], timeout=10).read())' "$url" >evidence
"$kt" evidence check evidence
