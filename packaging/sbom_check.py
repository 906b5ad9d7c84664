"""Do the listed components name all that lies in the bundle, and nothing else?

Every module and library of the built folder is traced to the package that it came from: Python packages by the names
that their metadata claim, shared libraries by the Debian package that owns the file of this name on the building machine.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

OURS = {"bloodcells_gui"}
# Made by the spec or by PyInstaller itself.
BUILT = {"base_library.zip", "lib-dynload", "LICENSE", "NOTICE"}
# Python itself, named as one component.
PYTHON = re.compile(r"libpython|python3|_sysconfigdata|_?pyi|pyimod")


def normal(name: str) -> str:
    """A package's name as indices spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def owners() -> dict[str, str]:
    """Top-level module, or folder of vendored libraries, to the package that installs it."""
    found: dict[str, str] = {}
    for package in metadata.distributions():
        name = normal(package.metadata["Name"])
        for file in package.files or []:
            top = file.parts[0]
            if not top.endswith((".dist-info", ".pth")) and top not in {"..", "__pycache__"}:
                found.setdefault(top.partition(".")[0] if top.endswith((".py", ".so")) else top, name)
    return found


def modules_in_archive(toc: Path) -> set[str]:
    """Top-level modules that PyInstaller packed (its PYZ-00.toc), without the standard library."""
    entries = ast.literal_eval(toc.read_text("utf-8"))[1]
    tops = {name.partition(".")[0] for name, _, _ in entries}
    return {t for t in tops if t not in sys.stdlib_module_names}


def owner_of_library(name: str) -> str | None:
    """The Debian package that has a library of this name, or None."""
    done = subprocess.run(["dpkg", "-S", f"*/{name}"], capture_output=True, text=True, check=False)
    return done.stdout.split(":")[0] if done.stdout else None


def compare(bundle: Path, toc: Path, named: set[str]) -> tuple[list[str], list[str]]:
    """What lies in the bundle without being among `named`, and what is named without lying there."""
    named = {normal(name) for name in named}
    owner, used, unnamed = owners(), {"python", "pyinstaller"}, []
    # Links lead to libraries that lie in a package's own folder.
    tops = {p.name for p in (bundle / "_internal").iterdir() if not p.is_symlink()}
    for top in sorted(tops | modules_in_archive(toc)):
        if top in OURS or top in BUILT or top.endswith(".dist-info") or PYTHON.match(top):
            continue
        package = owner.get(top) or owner.get(top.partition(".")[0])
        if package is None and ".so" in top:
            package = owner_of_library(top)
        if package is None or normal(package) not in named:
            unnamed.append(f"{top} ({package or 'of unknown origin'})")
        else:
            used.add(normal(package))
    return unnamed, sorted(named - used)
