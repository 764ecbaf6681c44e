# The network of examples/federation.sh, which reads this file: hosts in network namespaces of their
# own, at one bridge; name servers; certificates; captures of what reaches a host. All of it is inside
# namespaces of the script's own, and gone with its last process.

# Becomes the script in namespaces of its own, where it may do all of this; skips where that is not
# possible, or where a program is missing.
enter_namespaces() {
  local program missing=()
  for program in dumpcap ip knotd openssl python3 tshark unshare; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "SKIPPED: these programs are missing: ${missing[*]} (tools/install_packages.sh --ci installs them)"
    exit 77
  fi
  local own=(unshare --mount --net --pid --fork --kill-child --mount-proc)
  [ "$(id -u)" -eq 0 ] || own+=(--user --map-root-user)
  if ! "${own[@]}" true 2>/dev/null; then
    echo "SKIPPED: this system does not allow namespaces of one's own: ${own[*]}"
    exit 77
  fi
  exec env FEDERATION_IN_NAMESPACES=1 "${own[@]}" "$0" "$@"
}

# The network that all are in (RFC 5737: documentation), and who has which address of it.
network=203.0.113.0/24
declare -A address=([dns]=203.0.113.53 [com]=203.0.113.10 [net]=203.0.113.20 [org]=203.0.113.30
  [alice]=203.0.113.77)

# Hosts `$@`, each with its address, at one bridge.
make_network() {
  local host
  mount -t tmpfs none /run
  mkdir -p /run/netns
  ip link add internet type bridge
  ip link set internet up
  ip link set lo up
  for host in "$@"; do
    ip netns add "$host"
    ip link add "$host" type veth peer name eth0 netns "$host"
    ip link set "$host" master internet up
    ip -n "$host" address add "${address[$host]}/24" dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" link set lo up
  done
  printf 'nameserver %s\n' "${address[dns]}" >resolv.conf
  mount --bind resolv.conf "$(realpath /etc/resolv.conf)"
}

# Runs a command as host $1; what is to go on in the background is run by itself, to have its id.
at() { ip netns exec "$1" "${@:2}"; }

# A host $1 that has the address of $2, too, and where the others, `$@`, reach that address from now
# on: what an operator does who leads some users to another machine.
lead_astray() {
  local host shadow=$1 shared=${address[$2]}
  shift 2
  ip netns add "$shadow"
  ip -n "$shadow" link set lo up
  for host in "$@"; do
    ip -n "$host" link add detour type veth peer name "$host" netns "$shadow"
    ip -n "$shadow" address add "$shared/32" dev "$host"
    ip -n "$shadow" link set "$host" up
    ip -n "$shadow" route add "${address[$host]}/32" dev "$host"
    ip -n "$host" link set detour up
    ip -n "$host" route add "$shared/32" dev detour
  done
}

# The zones of domains `$@`, at one server: what each has to publish in DNS.
serve_names() {
  local domain
  {
    printf 'server:\n  rundir: "%s"\n  listen: %s@53\n  user: root\n' "$PWD" "${address[dns]}"
    printf 'database:\n  storage: "%s"\nzone:\n' "$PWD/knot"
    for domain in "$@"; do
      printf -- '- domain: %s\n  file: "%s"\n' "$domain" "$PWD/$domain.zone"
      cat >"$domain.zone" <<EOF
\$ORIGIN $domain.
\$TTL 60
@    SOA dns hostmaster 1 3600 600 604800 60
@    NS  dns
dns  A   ${address[dns]}
_kt  TXT "v=KT1; id=1"
kt   A   ${address[${domain#*.}]}
EOF
    done
  } >knot.conf
  ip netns exec dns knotd -c knot.conf >knot.log 2>&1 &
}

# A certificate authority, which all of them believe, and a certificate for kt.$1, with its key.
make_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
    -subj "/CN=an authority" -keyout authority.key -out authority.pem 2>/dev/null
  export SSL_CERT_FILE=$PWD/authority.pem
}
certify() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=kt.$1" \
    -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -days 1 \
    -extfile <(printf 'subjectAltName=DNS:kt.%s\n' "$1") -out "$1.pem" 2>/dev/null
}

# Captures what reaches host $1 and what leaves it into the file $1.pcap, until end_captures.
declare -A capture
capture() {
  ip netns exec "$1" dumpcap -q -i eth0 -w "$1.pcap" >/dev/null 2>"$1.pcap.log" &
  capture[$1]=$!
  await grep -q File "$1.pcap.log"
}
# All that came before it has been captured when a last packet has.
captures_an_end() {
  at dns bash -c "echo the-end >/dev/udp/${address[$1]}/9"
  grep -qa the-end "$1.pcap"
}
end_captures() {
  local host
  for host in "${!capture[@]}"; do
    await captures_an_end "$host"
    kill "${capture[$host]}"
    wait "${capture[$host]}" || true
  done
  capture=()
}

# Fields of the packets in capture $1 that match the filter $2, with hosts by their names.
packets() {
  local host names=()
  for host in "${!address[@]}"; do names+=(-e "s/\\b${address[$host]}\\b/$host/g"); done
  tshark -n -r "$1" -Y "$2" -T fields "${@:3}" 2>/dev/null | sed "${names[@]}"
}
