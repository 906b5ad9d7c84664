#!/usr/bin/env bash
# Disk image from dist/Bloodcells.app (made by packaging/build.py on macOS 12 or later).
# SIGN_IDENTITY signs with a Developer ID; NOTARY_PROFILE (a notarytool keychain profile) notarises as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
VERSION="$(sed -n 's/^__version__ = "\(.*\)"/\1/p' bloodcells_gui/__init__.py)"
APP="dist/Bloodcells.app"
DMG="dist/bloodcells-$VERSION-macos-$(uname -m).dmg"
[ -d "$APP" ] || { echo "build first: python packaging/build.py" >&2; exit 1; }
if [ -n "${SIGN_IDENTITY:-}" ]; then
  codesign --force --deep --options runtime --timestamp --sign "$SIGN_IDENTITY" "$APP"
  codesign --verify --deep --strict "$APP"
fi
STAGE="$(mktemp -d)"
trap 'rm -rf "$STAGE"' EXIT
cp -R "$APP" "$STAGE/"
cp packaging/research_use.txt "$STAGE/READ ME FIRST.txt"
ln -s /Applications "$STAGE/Applications"
hdiutil create -volname "Bloodcells $VERSION" -srcfolder "$STAGE" -format ULMO -ov "$DMG"
if [ -n "${SIGN_IDENTITY:-}" ]; then codesign --sign "$SIGN_IDENTITY" "$DMG"; fi
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$DMG" --keychain-profile "$NOTARY_PROFILE" --wait
  xcrun stapler staple "$DMG"
fi
shasum -a 256 "$DMG" | tee "$DMG.sha256"
