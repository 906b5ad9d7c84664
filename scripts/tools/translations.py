"""Collect the window's strings for Qt Linguist and compile the translations.

``python -m scripts.tools.translations`` after a change of strings: it names what is unfinished; translate that in
``resources/translations/bloodcells_fr.ts`` (with pyside6-linguist or a text editor) and run it again. English has
a catalogue for plurals only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "translations"
LANGUAGES = {"fr": ("fr_FR",), "en": ("en_GB", "-pluralonly")}


def tool(name: str) -> str:
    """Path of a PySide6 tool beside this interpreter."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name) or name


def collect(folder: Path = FOLDER) -> None:
    """Bring the .ts files in `folder` up to date with the sources; nothing translated is lost."""
    sources = sorted(str(p) for p in (ROOT / "bloodcells_gui" / "ui").rglob("*.py"))
    for lang, (target, *options) in LANGUAGES.items():
        subprocess.run(
            [tool("pyside6-lupdate"), *options, "-no-obsolete", "-locations", "none", "-source-language", "en_GB",
             "-target-language", target, *sources, "-ts", str(folder / f"bloodcells_{lang}.ts")],
            check=True, capture_output=True,
        )  # fmt: skip


def compile_all(folder: Path = FOLDER) -> None:
    """Write the .qm files beside the .ts files."""
    for lang in LANGUAGES:
        ts = folder / f"bloodcells_{lang}.ts"
        subprocess.run(
            [tool("pyside6-lrelease"), str(ts), "-qm", str(ts.with_suffix(".qm"))],
            check=True,
            capture_output=True,
        )


def unfinished(folder: Path = FOLDER) -> list[str]:
    """Strings without a translation: "language: source text"."""
    found = []
    for lang in LANGUAGES:
        for message in ElementTree.parse(folder / f"bloodcells_{lang}.ts").getroot().iter("message"):
            translation = message.find("translation")
            forms = [f.text for f in message.iter("numerusform")] or [getattr(translation, "text", None)]
            if translation is None or translation.get("type") == "unfinished" or not all(forms):
                found.append(f"{lang}: {message.findtext('source')}")
    return found


def main() -> int:
    """Collect, name what is missing, compile."""
    collect()
    missing = unfinished()
    for text in missing:
        print(text)
    compile_all()
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
