#!/usr/bin/env bash
# Installs what is needed, builds the programs optimised, and runs examples/three_domains.py: gateways
# for three domains on loopback with real people in them, and clients who look them up.
#
#   examples/quickstart.sh
#
# Fresh Debian 12, as root or with sudo, is enough. Removes what it made but for build/release; the
# exit code is 0 when every step was as described.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
  [ "$1" = --help ] || [ "$1" = -h ] || exit 2
  exit
fi

tools/install_packages.sh
cmake --preset release
cmake --build --preset release --parallel "${KT_JOBS:-$(nproc)}" --target ktgate kt
exec examples/three_domains.py build/release/gateway/ktgate build/release/client/kt
