"""`.deb` by dpkg-deb and a relocatable `tar.xz`, both without time stamps of the build."""

from __future__ import annotations

import lzma
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What the frozen program expects of the system; everything else is inside.
DEPENDS = (
    "libc6 (>= 2.34), libgl1, libegl1, libxkbcommon0, libfontconfig1, libdbus-1-3, "
    "libglib2.0-0 | libglib2.0-0t64"
)
RECOMMENDS = (
    "libx11-xcb1, libxcb-cursor0, libxcb-icccm4, libxcb-image0, libxcb-keysyms1, libxcb-randr0, "
    "libxcb-render-util0, libxcb-shape0, libxcb-sync1, libxcb-xfixes0, libxcb-xkb1, libxkbcommon-x11-0"
)
CONTROL = """Package: bloodcells
Version: {version}
Architecture: amd64
Maintainer: The bloodcells_gui maintainers <maintainers@bloodcells.invalid>
Installed-Size: {size}
Depends: {depends}
Recommends: {recommends}
Section: science
Priority: optional
Description: review of blood smears on an offline workstation
 Finds, segments and classifies the cells of a blood smear, lets a technician
 review and sign, and writes the report as PDF and CSV. Sends nothing over a
 network. For Research Use Only. Not for use in diagnostic procedures.
"""
REFRESH = """#!/bin/sh
set -e
for tool in update-desktop-database:/usr/share/applications update-mime-database:/usr/share/mime; do
  command -v "${tool%%:*}" >/dev/null 2>&1 && "${tool%%:*}" "${tool#*:}" || true
done
"""


def validate() -> None:
    """Hold the desktop entry and the metadata against the freedesktop validators, where they are installed."""
    for command in (
        ["desktop-file-validate", str(HERE / "linux" / "bloodcells.desktop")],
        [
            "appstreamcli",
            "validate",
            "--no-net",
            str(HERE / "linux" / "org.bloodcells.Bloodcells.metainfo.xml"),
        ],
    ):
        if shutil.which(command[0]):
            subprocess.run(command, check=True)
        else:
            print(f"{command[0]} is not installed: not validated")


def freedesktop_files(prefix: Path, icons: Path) -> None:
    """Desktop entry, MIME type, metadata and icons under `prefix`/share."""
    share = prefix / "share"
    places = {
        HERE / "linux" / "bloodcells.desktop": share / "applications",
        HERE / "linux" / "bloodcells-mime.xml": share / "mime" / "packages",
        HERE / "linux" / "org.bloodcells.Bloodcells.metainfo.xml": share / "metainfo",
    }
    for source, folder in places.items():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / source.name)
    for png in icons.glob("*.png"):
        folder = share / "icons" / "hicolor" / f"{png.stem}x{png.stem}" / "apps"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(png, folder / "bloodcells.png")


def _settle(tree: Path, when: int) -> None:
    """The same times and modes whoever builds."""
    for path in [tree, *tree.rglob("*")]:
        if path.is_symlink():
            continue
        executable = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(0o755 if executable else 0o644)
        os.utime(path, (when, when))


def make_deb(
    bundle: Path, icons: Path, version: str, work: Path, out: Path, when: int, packed: bool = True
) -> Path:
    """Install under /opt/bloodcells with links in /usr/bin; not `packed` is quick, for trying it out."""
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(bundle, root / "opt" / "bloodcells", symlinks=True)
    (root / "usr" / "bin").mkdir(parents=True)
    for name in ("bloodcells", "bloodcells-gui"):
        (root / "usr" / "bin" / name).symlink_to(f"/opt/bloodcells/{name}")
    freedesktop_files(root / "usr", icons)
    documents = root / "usr" / "share" / "doc" / "bloodcells"
    documents.mkdir(parents=True)
    shutil.copyfile(HERE.parent / "LICENSE", documents / "copyright")
    control = root / "DEBIAN"
    control.mkdir()
    size = sum(p.stat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink()) // 1024
    (control / "control").write_text(
        CONTROL.format(version=version, size=size, depends=DEPENDS, recommends=RECOMMENDS), encoding="utf-8"
    )
    for script in ("postinst", "postrm"):
        (control / script).write_text(REFRESH, encoding="utf-8")
        (control / script).chmod(0o755)
    _settle(root, when)
    target = out / f"bloodcells_{version}_amd64.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", *(["-Zxz", "-z6"] if packed else ["-Znone"]), "--build", str(root), str(target)],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(when)}, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.rmtree(root)
    return target


def make_tar(bundle: Path, icons: Path, version: str, work: Path, out: Path, when: int) -> Path:
    """A folder that runs from wherever it is unpacked, with the desktop files beside it."""
    root = work / f"bloodcells-{version}"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(bundle, root, symlinks=True)
    freedesktop_files(root, icons)
    _settle(root, when)
    target = out / f"bloodcells-{version}-linux-x86_64.tar.xz"

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = when
        return info

    with lzma.open(target, "wb", preset=6) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(root.rglob("*")):
            tar.add(path, arcname=f"{root.name}/{path.relative_to(root)}", recursive=False, filter=plain)
    shutil.rmtree(root)
    return target
