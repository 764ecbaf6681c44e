#!/usr/bin/env bash
# Installs the Debian packages the project needs; the one place that lists them.
#
#   tools/install_packages.sh        what building and testing with g++ needs
#   tools/install_packages.sh --ci   also what the clang builds, the lints, the fuzzers, the test of the
#                                    status page and the network of examples/federation.sh need
#   tools/install_packages.sh --bench  also what bench/gateway_bench.sh compares with
#
# Wants Debian 12, and root or sudo; when all is installed already it wants neither and does nothing.
set -euo pipefail

packages=(
  # tools
  ccache cmake dpkg-dev g++ git ninja-build pkg-config python3
  # libraries
  libboost-url1.81-dev libboost1.81-dev libc-ares-dev libcli11-dev libexpected-dev libidn2-dev liblmdb-dev
  libqrencode-dev libsodium-dev libssl-dev libtomlplusplus-dev libunistring-dev libxxhash-dev nlohmann-json3-dev
  # tests and benchmarks
  groff-base libbenchmark-dev libgtest-dev mandoc systemd
  # the people of examples/three_domains.py
  debian-keyring
)
ci_packages=(chromium clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14
  # a name server among them, which Debian starts: so not for everyone who builds
  iproute2 knot openssl tshark)

bench_packages=(nginx-light wrk)

case "${1:-}" in
  "") ;;
  --ci) packages+=("${ci_packages[@]}") ;;
  --bench) packages+=("${bench_packages[@]}") ;;
  -h | --help)
    sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
    exit
    ;;
  *)
    echo "usage: tools/install_packages.sh [--ci | --bench]" >&2
    exit 2
    ;;
esac

die() {
  echo "install_packages.sh: $1" >&2
  echo "Needed: ${missing[*]}" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

# shellcheck source=/dev/null
release=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || release=
[ "$release" = "debian 12" ] || die "this is not Debian 12; install what corresponds by hand."

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "neither root nor sudo; run this as root once."
  as_root=(sudo)
  [ -t 0 ] || as_root+=(--non-interactive) # no one there to type a password
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get \
    -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

echo "Installing ${missing[*]}"
apt update -o APT::Update::Error-Mode=any || { sleep 5 && apt update; } ||
  die "apt-get update failed."
apt install --yes --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" >/dev/null ||
  die "apt-get install failed."
