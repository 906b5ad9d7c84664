"""List and verify model bundles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.bundle_trial import NetworkCheck, try_bundle
from bloodcells_gui.app.engine import find_bundle_dirs
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.formatting import labelled, number
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.proposal_table import ClassProposal, never_proposed, table_of
from bloodcells_gui.domain.proposal_texts import cells_of_row, never_text
from bloodcells_gui.inference.bundle import ModelBundle, load_bundle
from bloodcells_gui.inference.classifier import Classifier
from bloodcells_gui.inference.detector import Detector
from bloodcells_gui.inference.red_cell_classifier import TASK as RED_CELLS
from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier
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


def list_models(directory: Path | None = None, lang: str = "en") -> Iterator[str]:
    """One line a bundle: id, task, version, classes, size, hash; a refused one says why.

    Below a classifier, indented, what it proposes of each class of the taxonomy, and what it never proposes.
    """
    for folder in _folders(directory):
        try:
            bundle = load_bundle(folder)
            yield _line(bundle, lang)
            yield from proposal_lines(bundle, lang)
        except BundleRefused as e:
            yield tr("{name}: REFUSED. {reason}", lang, name=folder.name, reason=e.text(lang))


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A bundle of this program, for the window.

    Attributes
    ----------
    id, version, task, sha256 : str
    table : tuple of ClassProposal
        What a classifier proposes of each class; empty for other tasks.
    never : tuple of str
        English names of what a classifier never proposes.
    refused : str
        Why the bundle is not used, "" where it is; `id` is then the name of its folder.
    """

    id: str
    version: str = ""
    task: str = ""
    sha256: str = ""
    table: tuple[ClassProposal, ...] = ()
    never: tuple[str, ...] = ()
    refused: str = ""


def installed_models(directory: Path | None = None, lang: str = "en") -> list[InstalledModel]:
    """The bundles that analyses take, each checked against its hashes."""
    found = []
    for folder in _folders(directory):
        try:
            bundle = load_bundle(folder)
        except BundleRefused as e:
            found.append(InstalledModel(folder.name, refused=e.text(lang)))
            continue
        classifies = bundle.task == "classify"
        found.append(
            InstalledModel(
                bundle.id,
                bundle.version,
                bundle.task,
                bundle.sha256,
                table_of(bundle.card) if classifies else (),
                never_proposed(bundle.classes) if classifies else (),
            )
        )
    return found


def _line(bundle: ModelBundle, lang: str) -> str:
    megabytes = sum(size for _, size in bundle.files.values()) / 1e6
    kinds = "+".join(bundle.models)
    size = f"{number(megabytes, 1, lang)} {tr('MB', lang)}"
    return (
        f"{bundle.id}  {bundle.task}  version {bundle.version}  {kinds}  {size}  "
        f"{' '.join(bundle.classes)}  sha256 {bundle.sha256}"
    )


def proposal_lines(bundle: ModelBundle, lang: str = "en") -> Iterator[str]:
    """What a classifier proposes, a line for each class of the taxonomy; nothing for other tasks."""
    if bundle.task != "classify":
        return
    for row in table_of(bundle.card):
        name, how, training, held_out, recall = cells_of_row(row, lang)
        said = tr(
            "{training} training cells, {held_out} held out; found on laboratories left out: {recall}",
            lang, training=training, held_out=held_out, recall=recall,
        )  # fmt: skip
        yield f"    {row.code:5s} {labelled(name, how, lang)}; {said}"
    yield f"    {_never(bundle, lang)}"


def _never(bundle: ModelBundle, lang: str) -> str:
    return never_text(never_proposed(bundle.classes), lang)


def verify_models(directory: Path | None = None, lang: str = "en") -> tuple[bool, list[NetworkCheck]]:
    """Check hashes, contents and golden tests of every network of every bundle.

    Each bundle is opened in a child process within limits of time and memory.

    Returns
    -------
    tuple of bool and list of NetworkCheck
        Whether no bundle was refused, and what was found of each network, in `lang`.
    """
    ok = True
    checks: list[NetworkCheck] = []
    for folder in _folders(directory):
        try:
            bundle = load_bundle(folder)
            checks += try_bundle(folder, lang)
            if bundle.task == "classify":
                checks.append(NetworkCheck("note", _never(bundle, lang)))
        except BundleRefused as e:
            ok = False
            text = tr("{name}: {reason}", lang, name=folder.name, reason=e.text(lang))
            checks.append(NetworkCheck("FAIL", text))
    return ok, checks


def check_networks(bundle: ModelBundle, lang: str = "en") -> list[NetworkCheck]:
    """Open every network of a bundle and run its golden tests.

    An INT8 network that fails on a processor which does not compute INT8 exactly is skipped, not refused:
    no analysis uses it there, unless the card knows no other network.

    Raises
    ------
    BundleRefused
        When a network fails that analyses on this machine would use.
    """
    checks = []
    for precision in bundle.models:
        try:
            checks.append(NetworkCheck("ok", _check_network(bundle, precision, lang)))
        except BundleRefused:
            allowed, why = int8_allowed()
            if precision != "int8" or allowed:
                raise
            # Its bytes are right (the hash is checked before), but this processor computes other answers.
            text = tr("{id} int8: not used on this machine: {why}", lang, id=bundle.id, why=why)
            checks.append(NetworkCheck("skip", text))
    chosen = OnnxSession(bundle)
    auto = tr(
        "{id} runs as {precision} on {provider}: {why}",
        lang, id=bundle.id, precision=chosen.precision, provider=chosen.provider, why=chosen.why,
    )  # fmt: skip
    checks.append(NetworkCheck("auto", auto))
    return checks


def _check_network(bundle: ModelBundle, precision: str, lang: str) -> str:
    session = OnnxSession(bundle, precision=precision)
    line = N_("{id} {precision}: golden test off by {off} ({provider})")
    values = {"off": _significant(session.golden_off, lang)}
    if bundle.task == "classify":
        line = N_(
            "{id} {precision}: golden test off by {off}, probabilities and doubt off by {later} ({provider})"
        )
        values["later"] = _significant(Classifier(bundle, precision=precision).golden_off, lang)
    elif bundle.task == RED_CELLS:
        line = N_("{id} {precision}: golden test off by {off}, probabilities off by {later} ({provider})")
        values["later"] = _significant(RedCellClassifier(bundle, precision=precision).golden_off, lang)
    elif bundle.task == "detect":
        Detector(bundle, precision=precision)  # its outputs, its card's thresholds
    else:
        Segmenter(bundle, precision=precision)
    return tr(line, lang, id=bundle.id, precision=precision, provider=session.provider, **values)


def _significant(value: float, lang: str) -> str:
    """Two significant digits."""
    text = f"{value:.2g}"
    return text.replace(".", ",") if lang == "fr" else text
