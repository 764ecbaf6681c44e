#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while, several at a time, starting from its kept corpus.
#
#   tools/fuzz.sh [target...]    (default: every target)
#
#   KT_FUZZ_SECONDS   how long each runs (default: 60)
#   KT_JOBS           how many run at a time (default: one a core)
#
# tests/fuzz/<target>/corpus is only read. New inputs go to build/asan/found/<target>, what breaks a
# target to build/asan/artifacts/<target>-*, what it printed to build/asan/logs/<target>.log.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
  -*)
    sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
    [ "$1" = --help ] || [ "$1" = -h ] || exit 2
    exit
    ;;
esac
seconds=${KT_FUZZ_SECONDS:-60}
jobs=${KT_JOBS:-$(nproc)}
build=build/asan

cmake --preset asan >/dev/null
mapfile -t targets <$build/fuzzers.txt
[ $# -eq 0 ] || targets=("$@")
cmake --build --preset asan --parallel "$jobs" --target "${targets[@]}"

mkdir -p $build/artifacts $build/logs
export UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=external_symbolizer_path=/usr/lib/llvm-14/bin/llvm-symbolizer

run() {
  local target=$1 log=$build/logs/$1.log code=0
  mkdir -p "$build/found/$target"
  "$build/fuzzers/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$build/artifacts/$target-" \
    "$build/found/$target" "tests/fuzz/$target/corpus" >"$log" 2>&1 </dev/null || code=$?
  if [ $code -eq 0 ]; then
    awk -v name="$target" '
      /^stat::number_of_executed_units/ {runs = $2}
      {for (i = 1; i < NF; i++) if ($i == "cov:") coverage = $(i + 1)}
      END {printf "%-40s %10d runs, coverage %d\n", name, runs, coverage}' "$log"
  else
    echo "$target FAILED, exit code $code:"
    tail -n 40 "$log"
  fi
  return $code
}
export -f run
export build seconds

# shellcheck disable=SC2016  # the inner shell expands $1
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -n 1 bash -c 'run "$1"' run
