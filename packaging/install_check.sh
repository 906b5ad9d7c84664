#!/usr/bin/env bash
# The package as an administrator handles it: install, look, use as another user without a network, remove (Debian, root).
#
#   bash packaging/install_check.sh dist/bloodcells_0.1.0_amd64.deb
#
# It refuses to touch a machine on which the program is installed already.
set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
DEB="${1:?name the .deb}"
PYTHON="${BLOODCELLS_PYTHON:-python3}"
dpkg -s bloodcells >/dev/null 2>&1 && { echo "bloodcells is installed on this machine already; remove it first"; exit 1; }
trap 'dpkg --purge bloodcells >/dev/null 2>&1 || true' EXIT

dpkg --install "$DEB" >/dev/null
echo "installed: $(dpkg-query -W -f='${Package} ${Version}, ${Installed-Size} KB' bloodcells); package $(du -b "$DEB" | cut -f1) bytes"
for file in /usr/bin/bloodcells /usr/bin/bloodcells-gui /usr/share/applications/bloodcells.desktop \
  /usr/share/mime/packages/bloodcells-mime.xml /usr/share/metainfo/org.bloodcells.Bloodcells.metainfo.xml \
  /usr/share/icons/hicolor/256x256/apps/bloodcells.png /usr/share/doc/bloodcells/copyright /opt/bloodcells/sbom.cdx.json; do
  [ -e "$file" ] || { echo "missing: $file"; exit 1; }
done
find /opt/bloodcells -not -type l -perm /022 | { ! grep .; } || { echo "files that others may write"; exit 1; }
(cd /opt/bloodcells && find . -type f -printf '%P %s %T@\n' | sort) >/tmp/bloodcells-before
"$PYTHON" "$HERE/check_frozen.py" --in-place /opt/bloodcells
(cd /opt/bloodcells && find . -type f -printf '%P %s %T@\n' | sort) | cmp - /tmp/bloodcells-before
dpkg --purge bloodcells >/dev/null
for left in /opt/bloodcells /usr/bin/bloodcells /usr/share/applications/bloodcells.desktop; do
  [ ! -e "$left" ] || { echo "left behind: $left"; exit 1; }
done
rm -f /tmp/bloodcells-before
echo "install check passed: installed, used, removed without a trace"
