"""Build the frozen program and its packages into ``dist/``, in one command.

.venv/bin/python packaging/build.py             everything for this operating system
.venv/bin/python packaging/build.py --no-packages    the folder only, without archives
.venv/bin/python packaging/build.py --repack         the archives only, from the folder as it is
.venv/bin/python packaging/build.py --quick          of the archives only the .deb, and that not compressed
.venv/bin/python packaging/build.py --same-as LISTING    also compare with the listing of an earlier build
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import icons
import inventory
import linux_packages
import sbom_check

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD, DIST = ROOT / "build", ROOT / "dist"
WINDOWS_VERSION = """VSVersionInfo(
  ffi=FixedFileInfo(filevers=({parts}), prodvers=({parts}), mask=0x3f, flags=0x0, OS=0x40004, fileType=0x1),
  kids=[
    StringFileInfo([StringTable('040904B0', [
      StringStruct('CompanyName', 'The bloodcells_gui maintainers'),
      StringStruct('FileDescription', 'Review of blood smears. For Research Use Only.'),
      StringStruct('FileVersion', '{version}'), StringStruct('ProductName', 'Bloodcells'),
      StringStruct('ProductVersion', '{version}'), StringStruct('LegalCopyright', 'Apache-2.0')])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])])])
"""


def source_time() -> int:
    """Time of the last commit: the only time stamp that enters the packages."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(done.stdout.strip() or 0) or 1_760_000_000


def size_mb(path: Path) -> float:
    """Bytes on disk of a file or of a folder's files, in MB (10^6)."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file() and not p.is_symlink()]
    return sum(p.stat().st_size for p in files) / 1e6


def build_folder(version: str, when: int) -> None:
    """PyInstaller, then what goes beside the program: licences, bill of materials, listing."""
    icons.make_icons(ROOT / "resources/icons/app.svg", BUILD / "icons")
    parts = ", ".join((re.findall(r"\d+", version) + ["0"] * 4)[:4])
    (BUILD / "version_info.txt").write_text(WINDOWS_VERSION.format(parts=parts, version=version), "utf-8")

    environment = {**os.environ, "PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": str(when)}
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN",
         "--distpath", str(DIST), "--workpath", str(BUILD / "pyinstaller"), str(HERE / "bloodcells.spec")],
        check=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    bundle = DIST / "bloodcells"
    if sys.platform.startswith("linux"):
        (bundle / "bloodcells-gui").symlink_to("bloodcells")

    components = inventory.python_components(ROOT / "pyproject.toml") + inventory.system_components(bundle)
    names = {c.name for c in components}
    unnamed, absent = sbom_check.compare(bundle, BUILD / "pyinstaller" / "bloodcells" / "PYZ-00.toc", names)
    if unnamed:
        sys.exit(f"in the bundle, but of no known component: {', '.join(unnamed)}")
    components = [c for c in components if sbom_check.normal(c.name) not in absent]
    print(f"required but not in the bundle, so not listed: {', '.join(absent) or 'nothing'}")
    without = inventory.write_licences(components, bundle / "licences")
    inventory.write_sbom(components, version, ROOT / "models", bundle / "sbom.cdx.json")
    shutil.copyfile(bundle / "sbom.cdx.json", DIST / f"bloodcells-{version}.cdx.json")
    inventory.write_listing(bundle, DIST / f"bloodcells-{version}.files.txt")
    print(f"dist/bloodcells: {size_mb(bundle):.0f} MB unpacked, {len(components)} third-party parts, "
          f"without a licence text of their own: {', '.join(without) or 'none'}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-packages", action="store_true", help="stop after the folder dist/bloodcells")
    parser.add_argument("--repack", action="store_true", help="archives from the existing dist/bloodcells")
    parser.add_argument("--quick", action="store_true", help="no tar.xz, and a .deb that is not compressed")
    parser.add_argument(
        "--same-as", type=Path, help="listing (*.files.txt) of a build that this one should equal"
    )
    args = parser.parse_args()
    earlier = args.same_as.read_text("utf-8") if args.same_as else None
    stated = re.search(r'__version__ = "(.+)"', (ROOT / "bloodcells_gui/__init__.py").read_text("utf-8"))
    assert stated is not None
    version = stated[1]
    when = source_time()
    started = time.monotonic()

    if not args.repack:
        build_folder(version, when)
    made = []
    if not args.no_packages and sys.platform.startswith("linux"):
        linux_packages.validate()
        inputs = (DIST / "bloodcells", BUILD / "icons", version, BUILD, DIST, when)
        if not args.quick:
            made.append(linux_packages.make_tar(*inputs))
        if shutil.which("dpkg-deb"):
            made.append(linux_packages.make_deb(*inputs, packed=not args.quick))
    sums = [f"{inventory.sha256(path)}  {path.name}" for path in made]
    if sums:
        (DIST / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")
    for path in made:
        print(f"dist/{path.name}: {size_mb(path):.0f} MB")
    if earlier is not None:
        other = inventory.differences(earlier, (DIST / f"bloodcells-{version}.files.txt").read_text("utf-8"))
        print("\n".join(other) or "the same listing as the earlier build")
        if other:
            sys.exit(f"{len(other)} files differ from the earlier build")
    print(f"built in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
