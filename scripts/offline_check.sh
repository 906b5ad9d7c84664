#!/usr/bin/env bash
# The offline recipe of docs/offline.md, word for word: packages fetched here, then everything else in an empty
# network namespace, in a clean clone, with a new HOME and a new virtual environment (Linux, root).
#
#   bash scripts/offline_check.sh [FOLDER WITH THE PACKAGES]     without a folder they are fetched anew
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT="$PWD"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
mapfile -t COMMANDS < <(sed -n '/^## From source/,/^## What/p' docs/offline.md |
  awk '/^```sh/{on=1;next} /^```/{on=0} on' | sed 's/ *#.*//')
[ "${#COMMANDS[@]}" -eq 4 ] || { echo "docs/offline.md should show four commands, not ${#COMMANDS[@]}"; exit 1; }
git clone --quiet --no-local "$ROOT" "$WORK/blood cells é"
cd "$WORK/blood cells é"
if [ $# -gt 0 ]; then cp -r "$1" wheelhouse; else eval "${COMMANDS[0]}"; fi
mkdir "$WORK/home"
for command in "${COMMANDS[@]:1}"; do
  echo "== without a network: $command"
  env -i PATH="$PATH" HOME="$WORK/home" LANG=C.UTF-8 PIP_CONFIG_FILE=/dev/null \
    unshare --net bash -c "! (: >/dev/tcp/1.1.1.1/53) 2>/dev/null || exit 99; $command" </dev/null
done
[ -s demo-out/results/report.pdf ] || { echo "no report was written"; exit 1; }
echo "offline check passed"
