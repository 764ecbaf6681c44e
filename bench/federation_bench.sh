#!/usr/bin/env bash
# Installs nginx and wrk, builds the programs optimised, and runs bench/federation_bench.py.
#
#   bench/federation_bench.sh [option of federation_bench.py...]     --help shows them
#
# Fresh Debian 12, as root or with sudo. Takes about two minutes once it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install_packages.sh --bench
cmake --preset release >/dev/null
cmake --build --preset release --parallel "${KT_JOBS:-$(nproc)}" --target ktgate kt ohttp_bench >/dev/null
build=build/release
exec bench/federation_bench.py $build/gateway/ktgate $build/client/kt $build/bench/ohttp_bench "$@"
