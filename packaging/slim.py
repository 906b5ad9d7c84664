"""Leave out of the bundle what is never loaded; called by the PyInstaller spec on its lists of files (Linux).

Two things PyInstaller cannot know: which system libraries came along only for a plugin that the spec drops, and
that OpenCV's video code and libavif's codec are never reached (images are told by their content first, and only
JPEG, PNG, BMP, TIFF and WebP go on). OpenCV is linked against them all the same, so these libraries are replaced by
hollow ones of the same name whose functions end the program with a message. libavif itself stays: OpenCV asks it
about every image.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

Entry = tuple[str, str, str]  # name in the bundle, source file, kind
HOLLOW = re.compile(r"^lib(avcodec|avformat|avutil|swscale|swresample|aom|vpx|ssl|crypto|drm)-[0-9a-f]+\.so")
HOLLOW_FOLDER = "opencv_python_headless.libs"


def readelf(path: str, *options: str) -> str:
    """What readelf says of a file; "" for what is no ELF file."""
    done = subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=False)
    return done.stdout


def needed_by(path: str) -> set[str]:
    """Names of the libraries that a library or module is linked against."""
    return set(re.findall(r"\(NEEDED\).*\[(.+?)\]", readelf(path, "-d")))


def without_orphans(entries: list[Entry]) -> list[Entry]:
    """Drop the system's libraries and Qt's that no module and no plugin of the bundle is linked against."""
    if not shutil.which("readelf"):
        return entries

    def is_loose(entry: Entry) -> bool:
        folder = str(Path(entry[0]).parent)
        return entry[2] != "SYMLINK" and ".so" in entry[0] and folder in {".", "PySide6/Qt/lib"}

    loose = {Path(e[0]).name: e for e in entries if is_loose(e)}
    waiting = [e[1] for e in entries if e[2] != "SYMLINK" and not is_loose(e)]
    wanted: set[str] = set()
    for name in loose:
        if name.startswith("libpython"):
            wanted.add(name)
            waiting.append(loose[name][1])
    while waiting:
        for name in needed_by(waiting.pop()):
            if name in loose and name not in wanted:
                wanted.add(name)
                waiting.append(loose[name][1])
    kept = [e for e in entries if not is_loose(e) or Path(e[0]).name in wanted]
    names = {e[0] for e in kept}
    return [e for e in kept if e[2] != "SYMLINK" or str(Path(e[0]).parent / e[1]) in names]


def stripped(entries: list[Entry], folder: Path) -> list[Entry]:
    """Without symbol tables, where that is safe: not in wheels' files that auditwheel patched (they have a RUNPATH)."""
    if not (shutil.which("strip") and shutil.which("readelf")):
        return entries
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for number, (name, source, kind) in enumerate(entries):
        file = source
        vendored = "site-packages" in source and (".libs/" in name or "PATH)" in readelf(source, "-d"))
        if kind != "SYMLINK" and ".so" in name and not vendored:
            copy = folder / f"{number}-{Path(name).name}"
            shutil.copyfile(source, copy)
            done = subprocess.run(["strip", "--strip-unneeded", str(copy)], capture_output=True, check=False)
            file = str(copy) if done.returncode == 0 else source
        out.append((name, file, kind))
    return out


def asked_symbols(users: list[str]) -> dict[str, set[str]]:
    """Symbols that `users` take from elsewhere, by version name ("" for unversioned ones)."""
    asked: dict[str, set[str]] = defaultdict(set)
    for user in users:
        for symbol in re.findall(r"\sUND\s+(\S+)", readelf(user, "--dyn-syms")):
            name, _, version = symbol.partition("@")
            asked[version.lstrip("@")].add(name)
    return asked


def offered_symbols(library: str) -> dict[str, tuple[str, bool]]:
    """Name -> (version, is a function) of what a library defines."""
    offered = {}
    for line in readelf(library, "--dyn-syms").splitlines():
        words = line.split()
        if len(words) >= 8 and words[0].rstrip(":").isdigit() and words[6] not in {"UND", "ABS"}:
            name, _, version = words[7].partition("@")
            offered[name] = (version.lstrip("@"), words[3] == "FUNC")
    return offered


def hollow(library: str, name: str, asked: set[str], folder: Path) -> Path | None:
    """Compile a library of the same name and version nodes whose functions only abort; None where it cannot be."""
    offered = {s: v for s, v in offered_symbols(library).items() if s in asked}
    if any(not function for _, function in offered.values()):
        return None
    nodes: dict[str, list[str]] = defaultdict(list)
    for symbol, (version, _) in offered.items():
        nodes[version].append(symbol)
    code = [
        "#include <stdio.h>", "#include <stdlib.h>",
        f'static void out(void) {{ fputs("{name} is not part of this program\\n", stderr); abort(); }}',
        *(f"void {symbol}(void) {{ out(); }}" for symbol in sorted(offered)),
    ]  # fmt: skip
    script = [
        f"{version} {{ global: {' '.join(f'{s};' for s in sorted(symbols))} local: *; }};"
        for version, symbols in sorted(nodes.items())
        if version
    ]
    folder.mkdir(parents=True, exist_ok=True)
    source, versions, target = folder / f"{name}.c", folder / f"{name}.map", folder / name
    source.write_text("\n".join(code) + "\n")
    versions.write_text("\n".join(script) + "\n")
    options = [f"-Wl,--version-script={versions}"] if script else []
    done = subprocess.run(
        ["cc", "-shared", "-fPIC", "-Os", "-s", "-Wl,--build-id=none", f"-Wl,-soname,{name}", *options,
         "-o", str(target), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return target if done.returncode == 0 else None


def with_hollow_libraries(entries: list[Entry], folder: Path) -> list[Entry]:
    """Replace OpenCV's video libraries and the AV1 codec; unchanged where there is no compiler."""
    if not (shutil.which("cc") and shutil.which("readelf")):
        return entries
    chosen = {e[0]: e for e in entries if HOLLOW_FOLDER in e[0] and HOLLOW.match(Path(e[0]).name)}
    # Only what stays real asks for symbols; among themselves the replaced ones need nothing any more.
    users = [
        e[1]
        for e in entries
        if e[2] != "SYMLINK" and ("cv2" in e[0] or HOLLOW_FOLDER in e[0]) and e[0] not in chosen
    ]
    asked = set().union(*asked_symbols(users).values())
    made = {name: hollow(e[1], Path(name).name, asked, folder) for name, e in chosen.items()}
    return [(e[0], str(made[e[0]]), e[2]) if made.get(e[0]) else e for e in entries]
