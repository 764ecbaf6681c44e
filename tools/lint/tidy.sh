#!/usr/bin/env bash
# Runs clang-tidy, prints what it finds and nothing else, and fails if that is anything.
#
#   tools/lint/tidy.sh [base]   the folders with changes since the revision `base` (default: HEAD)
#   tools/lint/tidy.sh --all    every folder
#   tools/lint/tidy.sh --source every folder but the tests, which take as long again
#
# A change of the checks themselves counts as a change of every folder.
set -euo pipefail
cd "$(dirname "$0")/../.."

case "${1:-}" in
  -h | --help)
    sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
    exit
    ;;
  -?*) [ "$1" = --all ] || [ "$1" = --source ] || { echo "tidy.sh: unknown option $1" >&2; exit 2; } ;;
esac
base=${1:-HEAD}
jobs=${KT_JOBS:-$(nproc)}
build=build/asan

git() { command git -c safe.directory="$PWD" "$@"; }

changed_files() {
  git diff --name-only "$base" --
  git ls-files --others --exclude-standard
}

# The folders to look at, one a line; a line with a dot for all of them.
folders() {
  local files
  case "$base" in
    --all) echo . && return ;;
    --source) git ls-files '*.cc' | sed 's,/.*,,' | sort -u | grep -v '^tests$' && return ;;
  esac
  files=$(changed_files)
  if grep -qE '(^|/)\.clang-tidy$|^tools/lint/tidy\.sh$' <<<"$files"; then
    echo .
  else
    # tests/<folder> is a folder of its own.
    sed -nE 's,^((tests/)?[^/]+)/.*\.(h|cc)$,\1,p' <<<"$files" | sort -u
  fi
}

selected=$(folders)
[ -n "$selected" ] || exit 0

# The database of a clang build; g++ knows warnings that clang does not.
cmake --preset asan >/dev/null
mapfile -t sources < <(
  python3 -B - $build/compile_commands.json "$selected" <<'EOF'
import json, os, sys

root = os.getcwd() + "/"
folders = tuple("" if name == "." else name + "/" for name in sys.argv[2].split())
names = {entry["file"].removeprefix(root) for entry in json.load(open(sys.argv[1]))}
print("\n".join(sorted(name for name in names if name.startswith(folders))))
EOF
)
[ -n "${sources[*]}" ] || exit 0

# What clang-tidy says on stderr is the number of findings it suppressed in system headers.
log=$build/tidy.log
if ! printf '%s\n' "${sources[@]}" |
  xargs -P "$jobs" -n 1 clang-tidy-14 -p $build --quiet 2>"$log"; then
  grep -vE '^[0-9]+ (warnings?|errors?)|^Suppressed|^Use -' "$log" >&2 || true
  exit 1
fi
