#!/usr/bin/env bash
# Installs what is needed, builds the project optimised and runs examples/quickstart.cc and
# examples/durable_log.cc.
#
#   examples/quickstart.sh
#
# Fresh Debian 12, as root or with sudo, is enough.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
  [ "$1" = --help ] || [ "$1" = -h ] || exit 2
  exit
fi

tools/install_packages.sh
cmake --preset release
cmake --build --preset release --parallel "${KT_JOBS:-$(nproc)}" --target quickstart durable_log
build/release/examples/quickstart
exec build/release/examples/durable_log
