"""Listing and verifying model bundles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui.app.bundle_trial import try_bundle
from bloodcells_gui.app.engine import find_bundle_dirs
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.inference.bundle import ModelBundle, load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.segmenter import Segmenter
from bloodcells_gui.inference.session import OnnxSession, int8_allowed


def _folders(directory: Path | None) -> list[Path]:
    if directory is None:
        return find_bundle_dirs()
    if (directory / "card.json").is_file():
        return [directory]
    found = sorted(p.parent for p in directory.glob("*/card.json")) if directory.is_dir() else []
    if not found:
        raise BundleRefused(
            "There is no model bundle at {path}.",
            "The folder does not exist or holds no card.json.",
            "Name the folder of a bundle, or a folder of bundles.",
            path=directory,
        )
    return found


def list_models(directory: Path | None = None) -> Iterator[str]:
    """One line a bundle: id, task, version, classes, size, hash; a refused one says why."""
    for folder in _folders(directory):
        try:
            yield _line(load_bundle(folder))
        except BundleRefused as e:
            yield f"{folder.name}: REFUSED. {e.text()}"


def _line(bundle: ModelBundle) -> str:
    megabytes = sum(size for _, size in bundle.files.values()) / 1e6
    kinds = "+".join(bundle.models)
    return (
        f"{bundle.id}  {bundle.task}  version {bundle.version}  {kinds}  {megabytes:.1f} MB  "
        f"{' '.join(bundle.classes)}  sha256 {bundle.sha256}"
    )


def verify_models(directory: Path | None = None) -> tuple[bool, list[str]]:
    """Check hashes, contents and golden tests of every network of every bundle; one line each.

    Each bundle is opened in a child process within limits of time and memory. A line "auto" says which
    network of a bundle analyses use on this machine, and why.
    """
    ok, lines = True, []
    for folder in _folders(directory):
        try:
            load_bundle(folder)
            lines += try_bundle(folder)
        except BundleRefused as e:
            ok = False
            lines.append(f"FAIL  {folder.name}: {e.text()}")
    return ok, lines


def opened_lines(bundle: ModelBundle) -> list[str]:
    """Open every network of a bundle, run its golden tests, and return one line each.

    An INT8 network that fails on a processor which does not compute INT8 exactly is skipped, not refused:
    no analysis uses it there, unless the card knows no other network.

    Raises
    ------
    BundleRefused
        When a network fails that analyses on this machine would use.
    """
    lines = []
    for precision in bundle.models:
        try:
            lines.append(_opened_line(bundle, precision))
        except BundleRefused:
            allowed, why = int8_allowed()
            if precision != "int8" or allowed:
                raise
            # Its bytes are right (the hash is checked before), but this processor computes other answers.
            lines.append(f"skip  {bundle.id} int8: not used on this machine: {why}")
    chosen = OnnxSession(bundle)
    lines.append(f"auto  {bundle.id} runs as {chosen.precision} on {chosen.provider}: {chosen.why}")
    return lines


def _opened_line(bundle: ModelBundle, precision: str) -> str:
    session = OnnxSession(bundle, precision=precision)
    line = f"ok    {bundle.id} {precision}: golden test off by {session.golden_off:.2g}"
    if bundle.task == "classify":
        off = Classifier(bundle, precision=precision).golden_off
        line += f", probabilities and doubt off by {off:.2g}"
    elif bundle.task == "detect":
        Detector(bundle, precision=precision)  # its outputs, its card's thresholds
    else:
        Segmenter(bundle, precision=precision)
    return f"{line} ({session.provider})"
