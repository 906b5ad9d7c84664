#!/usr/bin/env bash
# A fresh machine, as near as one machine can play it: a clean clone of what is committed, a new HOME, a new
# virtual environment, and the README's two commands, word for word as they stand there.
#
#   bash scripts/fresh_check.sh          both commands
#   bash scripts/fresh_check.sh run      the first only (.ci/run runs the second itself, so neither is run twice)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT="$PWD"
WHICH="${1:-both}"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT

mapfile -t COMMANDS < <(sed -n '/^## Try it/,/^## [^T]/p' README.md | awk '/^```sh/{on=1;next} /^```/{on=0} on')
[ "${#COMMANDS[@]}" -eq 2 ] || { echo "README.md should show two commands under 'Try it', not ${#COMMANDS[@]}"; exit 1; }

mkdir "$WORK/home"
# A checkout that belongs to another user may be cloned too.
printf '[safe]\n\tdirectory = *\n' >"$WORK/home/.gitconfig"
HOME="$WORK/home" git clone --quiet --no-local "$ROOT" "$WORK/blood cells é"
cd "$WORK/blood cells é"
# Where packages come from is the machine's business, not the home folder's.
for configured in "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do
  [ -n "${PIP_CONFIG_FILE:-}" ] || [ ! -f "$configured" ] || export PIP_CONFIG_FILE="$configured"
done
for number in 0 1; do
  [ "$WHICH" = run ] && [ "$number" = 1 ] && continue
  echo "== README command $((number + 1)): ${COMMANDS[$number]}"
  started="$(date +%s)"
  env -u DISPLAY -u WAYLAND_DISPLAY -u VIRTUAL_ENV -u PYTHONPATH HOME="$WORK/home" \
    PIP_CACHE_DIR="${PIP_CACHE_DIR:-$HOME/.cache/pip}" bash -c "${COMMANDS[$number]}" </dev/null
  echo "== passed in $(($(date +%s) - started)) s"
done
[ -s demo-out/results/report.pdf ] && [ -s demo-out/window.png ] || { echo "the first command left no report"; exit 1; }
export HOME="$WORK/home"
[ -z "$(git status --porcelain)" ] || { git status --short; echo "the commands left files that git does not ignore"; exit 1; }
echo "fresh check passed"
