#!/usr/bin/env bash
# Every package that the program needs, as files with checked hashes, for a machine without internet:
#
#   bash packaging/wheelhouse.sh wheelhouse
#
# Run it on a machine with internet, of the same operating system, processor and Python version.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
FOLDER="${1:?name the folder that shall hold the packages}"
PYTHON="${BLOODCELLS_PYTHON:-python3}"
for lock in requirements.lock build-requirements.lock; do
  "$PYTHON" -m pip download --disable-pip-version-check --quiet --require-hashes --only-binary=:all: --no-deps \
    -r "$HERE/$lock" -d "$FOLDER"
done
cp "$HERE/requirements.lock" "$FOLDER/"
(cd "$FOLDER" && sha256sum -- *.whl >SHA256SUMS)
echo "$(find "$FOLDER" -name '*.whl' | wc -l) packages, $(du -sm "$FOLDER" | cut -f1) MB in $FOLDER"
