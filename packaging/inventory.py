"""What travels in the bundle: third-party licences, CycloneDX bill of materials, listing of every file.

Everything is read from the installed packages and from the bundle itself, so nothing has to be kept by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tomllib
import uuid
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

LICENCE_NAME = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS|COPYRIGHT)", re.IGNORECASE)
# Texts for packages that name a licence without shipping its words (LGPL-3.0 refers to GPL-3.0).
TEXTS = Path(__file__).resolve().parent / "licence_texts"
KNOWN_TEXTS = {
    "LGPL-3.0": (TEXTS / "LGPL-3.0.txt", TEXTS / "GPL-3.0.txt"),
    "Apache": (TEXTS.parent.parent / "LICENSE",),
}
# The PyInstaller bootloader is the one part of a build tool that enters the bundle (GPL-2.0 with an exception
# that leaves the packaged program free).
ALSO_SHIPPED = ("pyinstaller",)
# Build and test tools that a dependency names but that never enter the bundle.
NEVER_SHIPPED = {"setuptools", "pip", "wheel"}


@dataclass(frozen=True)
class Component:
    """One third-party part of the bundle."""

    name: str
    version: str
    licence: str
    purl: str
    homepage: str = ""
    licence_files: tuple[Path, ...] = field(default=(), compare=False)


def stated_in(meta: metadata.PackageMetadata, name: str) -> str:
    """A field of a package's metadata; "" where it has none."""
    return str(meta[name]) if name in meta else ""


def licence_of(meta: metadata.PackageMetadata) -> str:
    """SPDX expression where the package states one, its own words otherwise."""
    if expression := stated_in(meta, "License-Expression"):
        return expression
    stated = stated_in(meta, "License").strip()
    if stated and "\n" not in stated and len(stated) < 100:
        return stated
    stated_classes = [c for c in meta.get_all("Classifier") or [] if c.startswith("License")]
    classifiers = [c.split("::")[-1].strip() for c in stated_classes]
    return "; ".join(classifiers) or (stated.splitlines()[0] if stated else "see its licence file")


def python_components(pyproject: Path) -> list[Component]:
    """The run-time packages that `pyproject` names, without extras, and what they need in turn."""
    stated = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["dependencies"]
    found: dict[str, Component] = {}
    waiting = [Requirement(line).name for line in stated] + list(ALSO_SHIPPED)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found or name in NEVER_SHIPPED:
            continue
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for line in [] if name in ALSO_SHIPPED else package.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
        named = [f for f in package.files or [] if LICENCE_NAME.search(f.name)]
        files = [Path(str(package.locate_file(f))) for f in named]
        urls = [u.split(",")[-1].strip() for u in package.metadata.get_all("Project-URL") or []]
        licence = licence_of(package.metadata)
        texts = tuple(f for f in files if f.is_file() and f.suffix not in {".py", ".pyc"})
        found[name] = Component(
            name, package.version, licence, f"pkg:pypi/{name}@{package.version}",
            stated_in(package.metadata, "Home-page") or (urls[0] if urls else ""),
            texts or next((known for word, known in KNOWN_TEXTS.items() if word in licence), ()),
        )  # fmt: skip
    python = ".".join(map(str, sys.version_info[:3]))
    homes = [Path(sys.base_prefix), Path(os.__file__).parent]
    texts = tuple(home / "LICENSE.txt" for home in homes if (home / "LICENSE.txt").is_file())[:1]
    found["python"] = Component(
        "python", python, "PSF-2.0", f"pkg:generic/python@{python}", "https://www.python.org", texts
    )
    # Python's own SQLite holds every case; advisories about it name its version alone.
    sqlite = sqlite3.sqlite_version
    found["sqlite"] = Component(
        "sqlite", sqlite, "blessing", f"pkg:generic/sqlite@{sqlite}", "https://www.sqlite.org"
    )
    return sorted(found.values(), key=lambda c: c.name)


def other_modules(pyproject: Path) -> list[str]:
    """Top-level modules installed here that belong to no run-time package, so that the package is the same
    whatever is installed beside the program."""
    known = {c.name for c in python_components(pyproject)} | {"bloodcells-gui"}
    return sorted(
        module
        for module, owners in metadata.packages_distributions().items()
        if module.isidentifier() and not {re.sub(r"[-_.]+", "-", o).lower() for o in owners} & known
    )


def manual_files(pyproject: Path) -> list[tuple[str, str]]:
    """Pages and folders of the manual: where each is in the repository, and its folder in the package.

    The wheel's own list (`force-include`), so that both packages carry the same manual.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    return [
        (source, target if not source.endswith(".md") else target.rpartition("/")[0])
        for source, target in included.items()
        if source.startswith("docs/")
    ]


def system_components(bundle: Path) -> list[Component]:
    """Debian packages whose shared libraries PyInstaller took from this system (Linux only)."""
    if not shutil.which("dpkg-query"):
        return []
    found: dict[str, Component] = {}
    for path in sorted((bundle / "_internal").glob("lib*.so*")):
        if path.name.startswith("libpython") or path.is_symlink():
            continue  # Python is a component of its own; links lead into packages' folders.
        for folder in ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu"):
            original = Path(folder) / path.name
            if not original.exists():
                continue
            spellings = {str(original), str(original.resolve()), str(original.resolve()).removeprefix("/usr")}
            command = ["dpkg", "-S", *sorted(spellings)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.stdout:
                name = done.stdout.split(":")[0]
                break
        else:
            continue
        version = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", name], capture_output=True, text=True, check=True
        ).stdout
        text = Path(f"/usr/share/doc/{name}/copyright")
        found[name] = Component(
            name, version, "see its copyright file", f"pkg:deb/debian/{name}@{version}",
            licence_files=(text,) if text.is_file() else (),
        )  # fmt: skip
    return sorted(found.values(), key=lambda c: c.name)


def write_licences(components: list[Component], folder: Path) -> list[str]:
    """One folder of licence texts per component and an index; returns components without a text."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    index, without = ["Third-party parts of this program and their licences", ""], []
    for component in components:
        stated = f"{component.name} {component.version}: {component.licence} {component.homepage}"
        index.append(stated.rstrip())
        if not component.licence_files:
            without.append(component.name)
            index.append("    (the package ships no licence text; the licence is the one named above)")
            continue
        (folder / component.name).mkdir()
        for number, source in enumerate(component.licence_files):
            target = folder / component.name / (source.name if number == 0 else f"{number}-{source.name}")
            target.write_bytes(source.read_bytes())
    (folder / "INDEX.txt").write_text("\n".join(index) + "\n", encoding="utf-8")
    return without


def write_sbom(components: list[Component], version: str, models: Path, target: Path) -> None:
    """CycloneDX 1.6 JSON: the packages, the system libraries, and the models as components with hashes.

    No time stamp and a serial number made from the content: the same inputs give the same file.
    """
    listed = [
        {
            "type": "library", "bom-ref": c.purl, "name": c.name, "version": c.version, "purl": c.purl,
            "licenses": [{"license": {"name": c.licence}}],
        }
        for c in components
    ]  # fmt: skip
    for card in sorted(models.glob("*/card.json")):
        name = card.parent.name
        listed.append({
            "type": "machine-learning-model", "bom-ref": f"model/{name}", "name": name, "version": version,
            "components": [
                {"type": "file", "name": f.name, "hashes": [{"alg": "SHA-256", "content": sha256(f)}]}
                for f in sorted(card.parent.glob("*.onnx"))
            ],
        })  # fmt: skip
    content = json.dumps(listed, sort_keys=True)
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "metadata": {"component": {
            "type": "application", "bom-ref": f"pkg:generic/bloodcells@{version}", "name": "bloodcells",
            "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}],
            "properties": [{"name": "platform", "value": f"{platform.system()} {platform.machine()}"}],
        }},
        "components": listed,
        "dependencies": [{
            "ref": f"pkg:generic/bloodcells@{version}", "dependsOn": [str(c["bom-ref"]) for c in listed],
        }],
    }  # fmt: skip
    target.write_text(json.dumps(bom, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Hash of one file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_listing(bundle: Path, target: Path) -> int:
    """``sha256  size  path`` of every file, sorted; returns the bytes on disk."""
    lines, total = [], 0
    for path in sorted(p for p in bundle.rglob("*") if p.is_file() and not p.is_symlink()):
        size = path.stat().st_size
        total += size
        lines.append(f"{sha256(path)}  {size:>10}  {path.relative_to(bundle).as_posix()}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return total


def differences(earlier: str, now: str) -> list[str]:
    """Files whose content differs between two listings, or that only one has."""

    def contents(listing: str) -> dict[str, str]:
        return {path: hashed for hashed, _, path in (line.split(None, 2) for line in listing.splitlines())}

    a, b = contents(earlier), contents(now)
    words = {(True, True): "differs", (True, False): "only before", (False, True): "only now"}
    return [f"{words[p in a, p in b]}: {p}" for p in sorted(a.keys() | b.keys()) if a.get(p) != b.get(p)]
