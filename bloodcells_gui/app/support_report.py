"""The report for support: versions, machine, models, settings and the log in one text file; no names.

One text rather than an archive: whoever mails it can read it first, and mail filters let it through. Every
value passes through :func:`~bloodcells_gui.domain.log_values.loggable`, as in the log: a text that does not
come from a closed list cannot be in it.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.data_folders import HOME_VARIABLE, MODELS_VARIABLE, is_bundled, user_data_dir
from bloodcells_gui.app.engine import default_threads, find_bundle_dirs
from bloodcells_gui.app.log import MACHINES, PLATFORMS, log_folder, read_log
from bloodcells_gui.app.settings_file import validate_round_trip
from bloodcells_gui.domain.csv_text import CSV_DIALECTS
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.log_values import Digest, Version, Word, loggable
from bloodcells_gui.domain.ranges import OWN, PUBLISHED
from bloodcells_gui.domain.settings import (
    ALWAYS,
    ASK,
    BLOCK,
    CODES,
    LATER,
    NEITHER,
    NEVER,
    NONE,
    RING,
    STOP,
    WORDS,
    CellPictures,
    LabSettings,
    Privacy,
    SigningRules,
)  # fmt: skip
from bloodcells_gui.domain.taxonomy import BY_CODE, ROLLUPS
from bloodcells_gui.inference.bundle import TASKS, load_bundle
from bloodcells_gui.storage.atomic_io import write_whole

Fact = tuple[str, object]
FILE_NAME = "bloodcells-support-{day}.txt"
_INTRODUCTION = """\
bloodcells: report for support

This text holds the versions of the program and its parts, figures of this computer, the models, settings
without names, and the program's log. It names no patient, specimen, person, file or folder. Texts of the
laboratory (its header, comments, rules, fields) are only counted.
"""
# Distribution on PyPI, and the module whose version counts where the packaged program has no metadata.
_PARTS = (
    ("PySide6-Essentials", "PySide6"), ("numpy", "numpy"), ("opencv-python-headless", "cv2"),
    ("onnxruntime", "onnxruntime"), ("openslide-python", "openslide"), ("tifffile", "tifffile"),
    ("pyqtgraph", "pyqtgraph"), ("fpdf2", "fpdf"), ("uharfbuzz", "uharfbuzz"),
)  # fmt: skip
_SYSTEMS = (
    "almalinux", "alpine", "arch", "centos", "debian", "fedora", "gentoo", "linuxmint", "manjaro", "nixos",
    "opensuse-leap", "opensuse-tumbleweed", "pop", "rhel", "rocky", "sled", "sles", "ubuntu",
)  # fmt: skip
_OWN_MODEL = re.compile(r"[a-z][a-z0-9]*([-.][a-z0-9]+){0,6}")
# Settings that are written as they are: numbers, switches and choices. With each choice, what it may be.
_NUMBERS = (
    "version", "target_cells", "target_counts", "count_sound", "abstention", "nrbc_threshold",
    "left_shift_bands_percent", "count_cut_left_top", "platelet_factor", "thumbnails_per_class",
    "gradcam_in_report", "red_cells", "red_cell_count",
)  # fmt: skip
_CHOICES: dict[str, Sequence[str]] = {
    "language": ("system", "en", "fr"), "theme": ("system", "light", "dark"), "paper": ("a4", "letter"),
    "csv": CSV_DIALECTS, "rollup": tuple(ROLLUPS), "range_set": (*PUBLISHED, OWN),
    "counter_at_target": (STOP, RING, NEITHER), "csv_names": (CODES, WORDS),
}  # fmt: skip
_SIGNING = (NONE, ASK, BLOCK, NEVER, LATER, ALWAYS, *BY_CODE)
# Settings that hold the laboratory's own texts: how many there are, and whether they were changed.
_COUNTED = ("keys", "own_ranges", "rules", "fields", "comments", "grading", "cell_tags")


def support_report(settings: LabSettings, window: Iterable[Fact] = ()) -> str:
    """The whole text; `window` are facts that only the user interface knows (screens, Qt, theme)."""
    sections: Mapping[str, Iterable[Fact]] = {
        "Program": _program(),
        "Computer": _computer(),
        "Window": window,
        "Models": _models(),
        "Settings": _settings(validate_round_trip(settings)[0]),
    }
    lines = [_INTRODUCTION]
    for title, facts in sections.items():
        lines += [f"[{title}]", *(f"{name}: {_written(value)}" for name, value in facts), ""]
    lines += ["[Log]", *(read_log(log_folder()) or ["(empty)"])]
    return "\n".join(lines) + "\n"


def save_support_report(path: Path, text: str) -> None:
    """Write the text as one file; OutputNotWritable when that is not possible."""
    write_whole(path, text.encode("utf-8"))


def support_file_name() -> str:
    """What the file is called unless the person says otherwise."""
    return FILE_NAME.format(day=datetime.now(UTC).date().isoformat())


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(loggable(v)) for v in value) or "-"
    return str(loggable(value))


def _program() -> Iterator[Fact]:
    yield "bloodcells", Version(__version__)
    yield "packaged", bool(getattr(sys, "frozen", False))
    yield "Python", Version(platform.python_version())
    for distribution, module in _PARTS:
        yield distribution, Version(_version(distribution, module))
    for variable in (HOME_VARIABLE, MODELS_VARIABLE):
        yield f"{variable} is set", variable in os.environ


def _version(distribution: str, module: str) -> str:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(distribution)
    return str(getattr(sys.modules.get(module), "__version__", ""))


def _computer() -> Iterator[Fact]:
    yield "system", Word(sys.platform, PLATFORMS)
    if sys.platform == "linux":
        with suppress(OSError):
            found = platform.freedesktop_os_release()
            yield "distribution", Word(found.get("ID", ""), _SYSTEMS)
            yield "its version", Version(found.get("VERSION_ID", ""))
        yield "glibc", Version(platform.libc_ver()[1])
    release = re.match(r"\d+(\.\d+){0,2}", platform.release())
    yield "kernel or release", Version(release[0] if release else "")
    yield "machine", Word(platform.machine(), MACHINES)
    yield "processors", os.cpu_count()
    yield "threads of an analysis", default_threads()
    yield "memory, MB", _memory_mb()
    yield "free where the data are, MB", _free_mb(user_data_dir())


def _memory_mb() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2
    except (AttributeError, OSError, ValueError):  # not on Windows
        return None


def _free_mb(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free // 1024**2
    return None


def _models() -> Iterator[Fact]:
    try:
        folders = find_bundle_dirs()
    except UserError as error:
        yield "refused", error
        return
    for folder in folders:
        try:
            bundle = load_bundle(folder)
        except UserError as error:
            yield "refused", error
            continue
        ours = is_bundled(folder) and _OWN_MODEL.fullmatch(bundle.id) is not None
        task = Word(bundle.task, TASKS).text
        yield (
            bundle.id if ours else f"another bundle to {task}",
            (Word(task, TASKS), Version(bundle.version), Digest(bundle.sha256)),
        )


def _settings(settings: LabSettings) -> Iterator[Fact]:
    default = LabSettings()
    for name in _NUMBERS:
        yield name, getattr(settings, name)
    for name, choices in _CHOICES.items():
        yield name, Word(getattr(settings, name), choices)
    for name in SigningRules.__slots__:
        value = getattr(settings.signing, name)
        texts = value if isinstance(value, tuple) else (value,)
        yield f"signing.{name}", tuple(Word(v, _SIGNING) if isinstance(v, str) else v for v in texts)
    for name in Privacy.__slots__:
        yield f"privacy.{name}", getattr(settings.privacy, name)
    for name in CellPictures.__slots__:
        yield f"cell_pictures.{name}", getattr(settings.cell_pictures, name)
    yield "quality.days", settings.quality.days
    yield "quality.controls, how many", len(settings.quality.controls)
    yield "rare_cells.codes", tuple(Word(code, tuple(BY_CODE)) for code in settings.rare_cells.codes)
    yield "rare_cells.one_in", settings.rare_cells.one_in
    yield "reader_matrix is set", settings.reader_matrix is not None
    yield "lab_database is set", bool(settings.lab_database)
    yield "cluster is set", bool(settings.cluster)
    yield "cases_folder is set", bool(settings.cases_folder)
    yield "watch.on", settings.watch.on
    yield "watch.settle_s", settings.watch.settle_s
    for name in _COUNTED:
        yield f"{name}, how many", len(getattr(settings, name))
        yield f"{name}, changed", getattr(settings, name) != getattr(default, name)
    yield "header.logo is set", bool(settings.header.logo)
