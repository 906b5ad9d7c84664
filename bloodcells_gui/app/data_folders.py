"""The folders of the program's own files and of the user's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

APP_NAME = "bloodcells"
MODELS_VARIABLE = "BLOODCELLS_MODELS"
HOME_VARIABLE = "BLOODCELLS_HOME"


def _program_data() -> list[Path]:
    """Candidate folders that hold `models`, `resources` and `docs`, best first.

    A frozen program and an installed wheel carry them inside the package; a source checkout (also an
    editable install) has them beside it.
    """
    package = Path(__file__).resolve().parent.parent
    candidates = [package / "_data", package.parent]
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        candidates.insert(0, Path(frozen) / "bloodcells_gui" / "_data")
    return candidates


def resources_dir() -> Path:
    """The folder of fonts, icons and translations."""
    for base in _program_data():
        if (base / "resources").is_dir():
            return base / "resources"
    return _program_data()[0] / "resources"


def docs_dir() -> Path:
    """The folder of the manual's pages and pictures."""
    for base in _program_data():
        if (base / "docs" / "technician.md").is_file():
            return base / "docs"
    return _program_data()[0] / "docs"


def models_dir() -> Path:
    """The folder of model bundles; an environment variable overrides it."""
    override = os.environ.get(MODELS_VARIABLE)
    if override:
        return Path(override)
    for base in _program_data():
        if (base / "models").is_dir():
            return base / "models"
    return _program_data()[0] / "models"


def is_bundled(bundle: Path) -> bool:
    """Whether a bundle's folder is one of those that are installed with the program."""
    return any(base / "models" == bundle.parent for base in _program_data())


def user_data_dir() -> Path:
    """Cases, reference library, profiles: what must survive an upgrade. Not created here."""
    override = os.environ.get(HOME_VARIABLE)
    return Path(override) if override else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def user_config_dir() -> Path:
    """The laboratory's settings. Not created here."""
    override = os.environ.get(HOME_VARIABLE)
    return Path(override) if override else Path(platformdirs.user_config_dir(APP_NAME, appauthor=False))
