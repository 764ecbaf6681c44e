#!/usr/bin/env bash
# Runs clang-tidy, prints what it finds and nothing else, and fails if that is anything.
#
#   tools/lint/tidy.sh [--quick] [base]   what changed since the revision `base` (default: HEAD)
#   tools/lint/tidy.sh [--quick] --all    everything
#
# --quick leaves out the tests, which take as long as all the rest, and the static analyzer, which takes
# as long as all other checks. Of a changed header one file is looked at that includes it. A change of
# the checks themselves counts as a change of everything.
set -euo pipefail
cd "$(dirname "$0")/../.."

case "${1:-}" in
  -h | --help)
    sed '1d;/^#/!Q;s/^# \{0,1\}//' "$0"
    exit
    ;;
esac
pattern=.
checks=
if [ "${1:-}" = --quick ]; then
  pattern='^(?!tests/)'
  checks='-clang-analyzer-*'
  shift
fi
base=${1:-HEAD}
if [[ $base = -* && $base != --all ]]; then
  echo "tidy.sh: unknown option $base" >&2
  exit 2
fi
jobs=${KT_JOBS:-$(nproc)}
build=build/asan

git() { command git -c safe.directory="$PWD" "$@"; }

[ "$base" = --all ] || git rev-parse --verify --quiet "$base^{commit}" >/dev/null || {
  echo "tidy.sh: no revision $base" >&2
  exit 2
}

changed_files() {
  git diff --name-only "$base" --
  git ls-files --others --exclude-standard
}

# What is looked at, one a line.
selected() {
  local files header
  if [ "$base" != --all ]; then
    files=$(changed_files)
    if ! grep -qE '(^|/)\.clang-tidy$|^tools/lint/tidy\.sh$' <<<"$files"; then
      { grep -E '\.cc$' || true; } <<<"$files"
      # The first of those in its own folder, or else anywhere; by name, as most includes are.
      { grep -E '\.h$' || true; } <<<"$files" | while read -r header; do
        { git grep -lE "#include \"([a-z_]+/)?${header##*/}\"" -- "${header%%/*}/*.cc" '*.cc' || true; } |
          awk -v own="${header%%/*}/" '
            first == "" {first = $0}
            same == "" && index($0, own) == 1 {same = $0}
            END {print same != "" ? same : first}'
      done
      return
    fi
  fi
  git ls-files '*.cc'
  git ls-files --others --exclude-standard '*.cc'
}

names=$(selected | { grep -P "$pattern" || true; } | sort -u)
[ -n "$names" ] || exit 0

# The database of a clang build; g++ knows warnings that clang does not. What is in no target is
# compiled by nobody.
cmake --preset asan >/dev/null
mapfile -t sources < <(
  python3 -B - $build/compile_commands.json "$names" <<'EOF'
import json, os, sys

root = os.getcwd() + "/"
compiled = {entry["file"].removeprefix(root) for entry in json.load(open(sys.argv[1]))}
print("\n".join(name for name in sys.argv[2].split() if name in compiled))
EOF
)
[ -n "${sources[*]}" ] || exit 0

# What clang-tidy says on stderr is the number of findings it suppressed in system headers.
log=$build/tidy.log
if ! printf '%s\n' "${sources[@]}" |
  xargs -P "$jobs" -n 1 clang-tidy-14 -p $build --checks="$checks" --quiet 2>"$log"; then
  grep -vE '^[0-9]+ (warnings?|errors?)|^Suppressed|^Use -' "$log" >&2 || true
  exit 1
fi
