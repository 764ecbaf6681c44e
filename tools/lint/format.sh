#!/usr/bin/env bash
# Checks the layout of every .h and .cc file, or with --fix puts it right.
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t sources < <(python3 -B tools/lint/sources.py)
case "${1:-}" in
  "") ;;
  --fix)
    clang-format-14 -i "${sources[@]}"
    exit
    ;;
  *)
    echo "usage: tools/lint/format.sh [--fix]" >&2
    exit 2
    ;;
esac

failed=0
for source in "${sources[@]}"; do
  if ! clang-format-14 --dry-run -Werror "$source" 2>/dev/null; then
    echo "$source: to be formatted with tools/lint/format.sh --fix"
    failed=1
  fi
done
exit $failed
