#!/usr/bin/env bash
# Holds the C++ sources to .clang-format with the pinned clang-format. Usage: check_format.sh [--fix] [root]
set -euo pipefail

fix=
if [[ ${1:-} == --fix ]]; then
  fix=1
  shift
fi
root=$(realpath "${1:-$(dirname "$0")/..}")
want=19.1.7
tool=${SOFTMIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/softmigration}/venv/bin/clang-format

found=$("$tool" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*[0-9]\).*/\1/p' || true)
if [[ $found != "$want" ]]; then
  echo "format: need clang-format $want at $tool, found ${found:-none}. Run: tools/install_dependencies.sh --tools"
  exit 1
fi

cd "$root"
folders=()
for folder in operator tests examples; do
  [[ -d $folder ]] && folders+=("$folder")
done
mapfile -d '' -t files < <(find "${folders[@]}" -type f \( -name '*.hpp' -o -name '*.cpp' \) -print0 | sort -z)
if [[ ${#files[@]} -eq 0 ]]; then
  echo "format: nothing to check here: wrong folder?"
  exit 1
fi

if [[ -n $fix ]]; then
  "$tool" -i --style=file "${files[@]}"
  echo "format: ${#files[@]} files formatted"
  exit 0
fi
if ! "$tool" --style=file --dry-run -Werror "${files[@]}"; then
  echo "format: run \`make format\`"
  exit 1
fi
echo "format: ${#files[@]} files, 0 violations"
