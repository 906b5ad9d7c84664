#!/usr/bin/env bash
# From a fresh clone to the running program, or to the tests, in one command (Linux and macOS):
#
#   bash scripts/bootstrap.sh run    set up .venv, then the main job on the included synthetic specimen
#   bash scripts/bootstrap.sh test   set up .venv with the development tools, then format, lint, types, borders, tests
#   bash scripts/bootstrap.sh setup [GROUP...]   set up only, with dependency groups of pyproject.toml (dev, train, ...)
#
# What follows the verb is handed on. A second run is fast: nothing is installed again while pyproject.toml, the lock
# and the interpreter stay the same. Packages of the program come from packaging/requirements.lock, held against its hashes. BLOODCELLS_PYTHON names an interpreter, BLOODCELLS_VENV another place for .venv,
# BLOODCELLS_WHEELS a folder made by packaging/wheelhouse.sh, from which everything is installed without a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${LC_ALL:-${LC_CTYPE:-${LANG:-}}}" in
  *[Uu][Tt][Ff]*) ;;
  *) export LC_ALL=C.UTF-8 LANG=C.UTF-8 ;;
esac

say() { printf '%s\n' "$*" >&2; }
fail() { say ""; say "bootstrap: $*"; exit 1; }

VERB="${1:-run}"
[ $# -gt 0 ] && shift
case "$VERB" in
  run) GROUPS_WANTED="" ;;
  test) GROUPS_WANTED="dev" ;;
  setup) GROUPS_WANTED="$(echo "$*" | tr ',' ' ')"; set -- ;;
  *) fail "unknown verb '$VERB'. Verbs: run, test, setup." ;;
esac

# ---------------------------------------------------------------- Python
suits() { "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 14) and sys.maxsize > 2**32))' \
            >/dev/null 2>&1; }
PYTHON=""
for candidate in ${BLOODCELLS_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
  if suits "$candidate"; then PYTHON="$(command -v "$candidate")"; break; fi
done
if [ -z "$PYTHON" ]; then
  found="$(python3 --version 2>/dev/null || echo 'no python3 at all')"
  fail "this program needs a 64-bit Python 3.11, 3.12, 3.13 or 3.14, and there is: $found.
Install one beside it (the old one can stay), for example on Ubuntu 22.04:
    sudo apt-get install python3.11 python3.11-venv
then run this command again; it finds python3.11 by itself. Or name one: BLOODCELLS_PYTHON=/path/to/python3.11"
fi
PYVERSION="$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"

# ---------------------------------------------------------------- system packages
# Found by running a Qt window of this project in a bare Debian 12 with only Python and git; each line is
# "shared library it needs" "Debian/Ubuntu package that brings it".
NEEDED_ALWAYS="
libGL.so.1 libgl1
libEGL.so.1 libegl1
libxkbcommon.so.0 libxkbcommon0
libfontconfig.so.1 libfontconfig1
libfreetype.so.6 libfreetype6
libdbus-1.so.3 libdbus-1-3
libglib-2.0.so.0 libglib2.0-0
libstdc++.so.6 libstdc++6
"
# The window needs these too; the command line does not. They are looked for whether or not this session has a display:
# who sets up over a remote line sits before a screen later. bloodcells_gui/app/display_check.py has the same lists.
NEEDED_BY_THE_WINDOW="
libX11-xcb.so.1 libx11-xcb1
libxcb-cursor.so.0 libxcb-cursor0
libxcb-icccm.so.4 libxcb-icccm4
libxcb-image.so.0 libxcb-image0
libxcb-keysyms.so.1 libxcb-keysyms1
libxcb-randr.so.0 libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0 libxcb-shape0
libxcb-sync.so.1 libxcb-sync1
libxcb-xfixes.so.0 libxcb-xfixes0
libxcb-xkb.so.1 libxcb-xkb1
libxkbcommon-x11.so.0 libxkbcommon-x11-0
libwayland-cursor.so.0 libwayland-cursor0
libwayland-egl.so.1 libwayland-egl1
"
KNOWN="$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null || true)"
missing_of() { # packages for the libraries of list $1 that this system lacks
  local soname package
  if [ "$(uname -s)" = Linux ] && [ -n "$KNOWN" ]; then
    while read -r soname package; do
      [ -z "$soname" ] || grep -qF "$soname " <<<"$KNOWN" || printf '%s ' "$package"
    done <<<"$1"
  fi
}
missing_packages() {
  missing_of "$NEEDED_ALWAYS"
  "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1 || printf 'python%s-venv ' "$PYVERSION"
}
MISSING="$(missing_packages)"
FOR_THE_WINDOW="$(missing_of "$NEEDED_BY_THE_WINDOW")"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  MISSING="$MISSING$FOR_THE_WINDOW"
  FOR_THE_WINDOW=""
fi
MAY_INSTALL=""
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then MAY_INSTALL=yes; fi
AS_ROOT=""
if [ "$(id -u)" != 0 ]; then AS_ROOT="sudo "; fi
install_line() { # shellcheck disable=SC2086
  echo apt-get install -y --no-install-recommends $1
}
install_packages() { # of the system; shows apt-get's last words where it fails
  local log
  say "Installing missing system packages: ${AS_ROOT}$(install_line "$1")"
  log="$(mktemp)"
  # shellcheck disable=SC2046
  { ${AS_ROOT} apt-get update -qq || true
    ${AS_ROOT} env DEBIAN_FRONTEND=noninteractive $(install_line "$1"); } >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  }
  rm -f "$log"
}
if [ -n "$MISSING" ]; then
  command -v apt-get >/dev/null || fail "these libraries or Python parts are missing (named as in Debian): $MISSING
Install them with this system's package manager, then run this command again."
  if [ -n "$MAY_INSTALL" ]; then
    install_packages "$MISSING" || fail "apt-get could not install them. By hand:
    ${AS_ROOT}apt-get update && ${AS_ROOT}$(install_line "$MISSING")"
  else
    fail "system packages are missing, and this user may not install them. Run (or ask the administrator to):
    sudo apt-get update && sudo $(install_line "$MISSING")
then run this command again."
  fi
fi
if [ -n "$FOR_THE_WINDOW" ]; then
  { [ -n "$MAY_INSTALL" ] && command -v apt-get >/dev/null && install_packages "$FOR_THE_WINDOW"; } ||
    say "The command line works on this computer, the window does not yet. The window needs (named as in Debian):
    sudo apt-get update && sudo $(install_line "$FOR_THE_WINDOW")"
fi

# ---------------------------------------------------------------- virtual environment
VENV="${BLOODCELLS_VENV:-.venv}"
VPY="$VENV/bin/python"
WANTED="$("$PYTHON" - "$PWD" <<'PY'
import hashlib, pathlib, sys
print(hashlib.sha256(b"".join(pathlib.Path(p).read_bytes() for p in ("pyproject.toml", "packaging/requirements.lock"))
                     + sys.argv[1].encode()).hexdigest())
PY
)"
done_for() { # is group $1 installed as pyproject.toml wants it now?
  [ -f "$VENV/.bootstrap-$1" ] && [ "$(cat "$VENV/.bootstrap-$1")" = "$WANTED" ]
}
NAME="$(echo "${GROUPS_WANTED:-base}" | tr ' ' '+')"
if ! { "$VPY" -c 'import sys' >/dev/null 2>&1 && suits "$VPY"; }; then
  if [ -e "$VENV" ]; then
    [ -f "$VENV/pyvenv.cfg" ] || fail "$VENV is in the way and is no virtual environment; move it away first."
    say "The virtual environment in $VENV no longer works here; making it anew."
    rm -rf "$VENV"
  fi
  say "Making a virtual environment in $VENV with Python $PYVERSION ($PYTHON)."
  "$PYTHON" -m venv "$VENV" || fail "the virtual environment could not be made in $VENV (disk full, or not writable?)."
fi
if ! { done_for "$NAME" || { [ "$NAME" = base ] && done_for dev; }; }; then
  # What the groups name, one requirement a line: pip before 25.1 cannot read dependency groups.
  REQUIREMENTS="$VENV/.bootstrap-requirements"
  # shellcheck disable=SC2086
  "$VPY" scripts/dependency_groups.py $GROUPS_WANTED >"$REQUIREMENTS" || fail "see above."
  say "Installing the program's packages into $VENV (about 250 MB to fetch the first time; minutes on a slow line)."
  if [ -n "${BLOODCELLS_WHEELS:-}" ]; then
    # As an address, because pip takes a blank in a path for the end of it.
    PIP_FIND_LINKS="$("$PYTHON" -c 'import pathlib, sys; print(pathlib.Path(sys.argv[1]).resolve().as_uri())' "$BLOODCELLS_WHEELS")"
    export PIP_FIND_LINKS PIP_NO_INDEX=1
    "$VPY" -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps \
      --requirement packaging/requirements.lock </dev/null >&2 ||
      fail "the packages in $BLOODCELLS_WHEELS are not complete or not those of packaging/requirements.lock (see above).
Make the folder anew on a connected machine of the same system and Python version: bash packaging/wheelhouse.sh FOLDER"
  else
    # The files of the lock and no others; the groups that follow find them installed.
    PIP_LOG="$(mktemp)"
    if ! "$VPY" -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps --only-binary=:all: \
        --requirement packaging/requirements.lock </dev/null 2>"$PIP_LOG"; then
      cat "$PIP_LOG" >&2
      if grep -q "DO NOT MATCH THE HASHES" "$PIP_LOG"; then
        fail "a package is not the file that packaging/requirements.lock names: it was changed on its way, or on the index.
Nothing was installed from it. Try another network or index; if it stays so, tell the maintainers."
      fi
      if ! grep -qE "No matching distribution|not find a version" "$PIP_LOG"; then
        fail "pip could not install the packages (its own words are above). Without internet access see docs/offline.md."
      fi
      say "packaging/requirements.lock has no files for this system and Python $PYVERSION: installing the newest packages that
pyproject.toml allows instead. They are not held against known hashes."
    fi
    rm -f "$PIP_LOG"
  fi
  "$VPY" -m pip install --disable-pip-version-check --quiet --editable . --requirement "$REQUIREMENTS" </dev/null >&2 ||
    fail "pip could not install the packages (its own words are above). Without internet access: make a folder of packages on a
connected machine with  bash packaging/wheelhouse.sh wheelhouse  (docs/offline.md), bring it here, then:
    BLOODCELLS_WHEELS=wheelhouse bash scripts/bootstrap.sh $VERB
Behind a proxy or mirror: set HTTPS_PROXY or pip's own configuration, which is honoured."
  echo "$WANTED" >"$VENV/.bootstrap-$NAME"
fi

# ---------------------------------------------------------------- the verbs
case "$VERB" in
  setup) say "Ready: $VPY" ;;
  run) exec "$VPY" scripts/tools/first_run.py "$@" ;;
  test)
    export QT_QPA_PLATFORM=offscreen PYTHONUTF8=1
    unset DISPLAY WAYLAND_DISPLAY
    BLOODCELLS_NODE="$(bash scripts/node_peers.sh "$VENV/node-peers")"
    export BLOODCELLS_NODE
    FAILED=""
    step() { local name="$1"; shift; say "== $name"; "$@" </dev/null || FAILED="$FAILED $name"; }
    if [ $# -eq 0 ]; then
      step format "$VPY" -m ruff format --check --quiet .
      step ruff "$VPY" -m ruff check .
      step mypy "$VPY" -m mypy
      step lint-imports "$VENV/bin/lint-imports" --no-cache
    fi
    # One test process for each processor: windows and analyses are tested side by side.
    step pytest "$VPY" -m pytest -n auto --maxprocesses 4 --dist worksteal "$@"
    [ -z "$FAILED" ] || fail "failed:$FAILED"
    ;;
esac
