#!/usr/bin/env bash
# Installs nginx and wrk, builds ktgate optimised, and compares the two with bench/gateway_bench.py.
#
#   bench/gateway_bench.sh [option of gateway_bench.py...]     --help shows them
#
# Fresh Debian 12, as root or with sudo. Takes about a minute once it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh --bench
cmake --preset release >/dev/null
cmake --build --preset release --parallel "${KT_JOBS:-$(nproc)}" --target ktgate >/dev/null
exec bench/gateway_bench.py build/release/gateway/ktgate "$@"
