#!/usr/bin/env bash
# Installs what is needed, builds the project with the preset `dev` and runs the tests.
#
#   tests/run.sh [ctest option...]     for instance: tests/run.sh -R Codec
#
# Fresh Debian 12, as root or with sudo, is enough. Ends with ctest's summary; exits with its code.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  -h | --help)
    sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
    exit
    ;;
esac
jobs=${KT_JOBS:-$(nproc)}

tools/install_packages.sh
cmake --preset dev
cmake --build --preset dev --parallel "$jobs"
exec ctest --preset dev --parallel "$jobs" "$@"
