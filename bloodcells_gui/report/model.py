"""One report model: what the screen, the PDF and the CSV show, so that they cannot disagree.

Plain frozen data with a canonical JSON encoding, so that its sha256 is stable; pictures are kept beside it
under their own sha256. Text is stored as English templates and translated when it is shown.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bloodcells_gui.domain.accounts import SECOND_PERSON, waits_for_second
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.comparison import AnalyserRow
from bloodcells_gui.domain.differential import LATER, Differential, Remark
from bloodcells_gui.domain.earlier_films import EarlierFilm
from bloodcells_gui.domain.flat_record import reported_record
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.numeration import Numeration
from bloodcells_gui.domain.platelet_report import PlateletReport
from bloodcells_gui.domain.rare_cells import RareCells
from bloodcells_gui.domain.reader_limits import ReaderLimits
from bloodcells_gui.domain.review import Signature, Status
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ScaleEstimate, SpecimenKind
from bloodcells_gui.report.order_line import OrderLine
from bloodcells_gui.report.red_cells import RedCellBlock

REPORT_FORMAT = 1
RESEARCH_USE_ONLY = "For Research Use Only. Not for use in diagnostic procedures."

SYNTHETIC = N_("SYNTHETIC")
INCOMPLETE = N_("INCOMPLETE")
PRELIMINARY = N_("PRELIMINARY")
NOT_SIGNED = N_("NOT SIGNED")
SIGNED = N_("SIGNED")

# Marks a field that the JSON does not hold.
_NOT_STORED = {"not_stored": True}


@dataclass(frozen=True, slots=True)
class Header:
    """Head of the laboratory. `logo` is the sha256 of a PNG among the assets, or ""."""

    laboratory: str = ""
    address: tuple[str, ...] = ()
    logo: str = ""


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One line of the specimen or patient block; `label` is a translation key."""

    name: str
    label: str
    value: str
    unit: str
    group: str


@dataclass(frozen=True, slots=True)
class GradeLine:
    """One morphology grade given by hand."""

    name: str
    group: str
    grade: str


@dataclass(frozen=True, slots=True)
class TagLine:
    """How many cells a person gave a tag, in all and by class (code, number), and the first of them."""

    tag: str
    count: int
    classes: tuple[tuple[str, int], ...]
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """A person's note."""

    author: str
    time: str
    text: str
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Thumb:
    """One cell in the gallery; `picture` and `cam` are sha256 of assets, "" when there is none.

    `cam` is the picture with its explanation map, which weighs `predicted` against the leaf `rival`.
    """

    cell: int
    image: str
    predicted: str
    probability: float
    status: Status
    final: str
    doubtful: bool
    picture: str
    cam: str = ""
    tags: tuple[str, ...] = field(default=(), metadata=LATER)
    rival: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class GalleryRow:
    """The shown cells of one class, out of `total`."""

    code: str
    name: str
    counts: bool
    total: int
    rgb: tuple[int, int, int]
    thumbs: tuple[Thumb, ...]


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """What one person did, and when first and last."""

    name: str
    confirmed: int
    relabelled: int
    excluded: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """How many proposals of one class ended as another; `final` "EXCLUDED" when taken out."""

    predicted: str
    final: str
    count: int


@dataclass(frozen=True, slots=True)
class SecondReading:
    """A blinded second reading: `agreed` with the first, `adjudicated` after a disagreement, still `open`."""

    reader: str
    cells: int
    agreed: int
    adjudicated: int
    open: int


@dataclass(frozen=True, slots=True)
class CheckLine:
    """An open point and the signer's answer to it; `text` is a template of `params`."""

    text: str
    params: tuple[tuple[str, str], ...]
    answer: str


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A critical finding and what came of it.

    `count` cells of the class `name`, or the `value` in `unit` that raised a rule. `verdict` is "confirmed",
    "refuted" or "" while nobody has answered; `by` and `at` say who answered and when, `told` and `told_at`
    who was told and when.
    """

    name: str
    count: int
    value: str = ""
    unit: str = ""
    verdict: str = ""
    told: str = ""
    told_at: str = ""
    note: str = ""
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class ReviewBlock:
    """Who reviewed what.

    `checks` are the open points that the signer answered, `findings` the critical findings; `explanation` is
    why a case was signed in spite of open points, in reports of earlier versions. `mended` are the cells
    whose outline a person mended.
    """

    cells: int
    proposed: int
    confirmed: int
    relabelled: int
    excluded: int
    unidentified: int
    by_hand: int
    reviewers: tuple[ReviewerLine, ...]
    changes: tuple[ChangeLine, ...]
    second_readings: tuple[SecondReading, ...] = ()
    explanation: str = ""
    checks: tuple[CheckLine, ...] = ()
    findings: tuple[FindingLine, ...] = ()
    mended: tuple[int, ...] = field(default=(), metadata=LATER)


@dataclass(frozen=True, slots=True)
class RunBlock:
    """Provenance of one analysis run.

    `tallies` and `notice` are how the JSON holds what the run left (see `domain.flat_record`); `record` is
    the same, typed, for whoever draws the report. `never_proposed` holds English names of what the classifier
    cannot propose; reports of earlier versions have none.
    """

    number: int
    status: RunStatus
    started: str
    finished: str
    app_version: str
    bundles: tuple[tuple[str, str], ...]
    provider: str
    profile: str
    parameters: tuple[tuple[str, str], ...]
    scale: ScaleEstimate | None
    tallies: tuple[tuple[str, float], ...]
    notice: str
    never_proposed: tuple[str, ...] = field(default=(), metadata=LATER)
    record: RunRecord = field(default_factory=RunRecord, compare=False, repr=False, metadata=_NOT_STORED)


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where the case's chain of hashes ended when the report was signed: what is before it cannot go unseen.

    `events` are the acts of persons by then; `head` is the SHA-256 (hex) of the newest of `entries`.
    """

    entries: int
    events: int
    head: str


@dataclass(frozen=True, slots=True)
class ReportModel:
    """Everything a report says.

    `images_sha256` is over the names and hashes of all images, in order; `settings_sha256` over the
    settings. `analyser` compares the smear with an analyser's differential, where one was entered. `skipped`
    holds at most `SKIPPED_SHOWN` entries of `skipped_total`. `chain` is where the case's chain ended when
    this was signed, None before and in reports of older versions. `completed_later` are the numbers of runs
    that a later run completed; reports signed by earlier versions have none and keep their stamp. `earlier`
    is the comparison with an earlier film of the same patient or specimen at that moment. `tags` are what
    persons remarked on cells, `reader` limits that include the program's misnaming, `rare` and `red_cells`
    what a search for rare cells and an examination of red cells have come to, `platelet_report` what was
    counted of platelets by field, `numeration` all three kinds per area, `order` what the order said,
    `persons_needed` how many accounts must sign.

    Of the envelope, `head` is the newest hash of the case's chain when this was written, and `frozen` the
    SHA-256 of the bytes that were signed, for a report read back from them.
    """

    specimen: str
    kind: SpecimenKind
    synthetic: bool
    images: int
    images_sha256: str
    header: Header
    fields: tuple[FieldLine, ...]
    differential: Differential
    platelets: tuple[Remark, ...]
    grades: tuple[GradeLine, ...]
    comments: tuple[Comment, ...]
    gallery: tuple[GalleryRow, ...]
    review: ReviewBlock
    runs: tuple[RunBlock, ...]
    skipped: tuple[SkippedFile, ...]
    skipped_total: int
    settings_sha256: str
    app_version: str
    version: int
    analyser: tuple[AnalyserRow, ...] = ()
    anonymised: bool = False
    chain: ChainEnd | None = None
    completed_later: tuple[int, ...] = field(default=(), metadata=LATER)
    earlier: EarlierFilm | None = field(default=None, metadata=LATER)
    tags: tuple[TagLine, ...] = field(default=(), metadata=LATER)
    reader: ReaderLimits | None = field(default=None, metadata=LATER)
    rare: RareCells | None = field(default=None, metadata=LATER)
    red_cells: RedCellBlock | None = field(default=None, metadata=LATER)
    platelet_report: PlateletReport | None = field(default=None, metadata=LATER)
    numeration: Numeration | None = field(default=None, metadata=LATER)
    persons_needed: int = field(default=1, metadata=LATER)
    order: OrderLine | None = field(default=None, metadata=LATER)
    research_use: str = RESEARCH_USE_ONLY
    format: int = REPORT_FORMAT
    created: str = ""
    lang: str = "en"
    signatures: tuple[Signature, ...] = ()
    head: str = ""
    frozen: str = ""
    assets: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False, metadata=_NOT_STORED)

    def canonical(self) -> bytes:
        """The content in canonical JSON: sorted keys, no spaces, floats to 10 digits, no envelope."""
        obj = _encode(self)
        for name in _ENVELOPE:
            del obj[name]
        text = json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode()

    def sha256(self) -> str:
        """Hash of what is signed: the canonical content (signatures, time and language stand outside).

        Of a report that was read back it is the hash of the bytes that were signed: a later version's content
        may have more fields.
        """
        return self.frozen or hashlib.sha256(self.canonical()).hexdigest()

    def stamps(self) -> tuple[str, ...]:
        """What must be stamped on every page, as English keys."""
        found = [SYNTHETIC] if self.synthetic else []
        done = self.completed_later
        if any(run.status is not RunStatus.COMPLETE and run.number not in done for run in self.runs):
            found.append(INCOMPLETE)
        if self.differential.preliminary:
            found.append(PRELIMINARY)
        if not self.signed or self.waits:
            found.append(SECOND_PERSON if self.signed else NOT_SIGNED)
        return tuple(found)

    @property
    def signed(self) -> bool:
        """Whether someone signed this very version."""
        return any(s.version == self.version for s in self.signatures)

    @property
    def waits(self) -> bool:
        """Whether this version is signed, and by fewer persons than it needs."""
        return waits_for_second(self.signatures, self.version, self.persons_needed)


SKIPPED_SHOWN = 200
# Not signed: a signature cannot be under itself; the same content may be printed again in another language.
_ENVELOPE = ("created", "frozen", "head", "lang", "signatures")


def digest(data: bytes) -> str:
    """sha256 as the key of an asset."""
    return hashlib.sha256(data).hexdigest()


def _encode(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            f.name: _encode(getattr(value, f.name))
            for f in dataclasses.fields(value)
            if not f.metadata.get("not_stored")
            and not (f.metadata.get("later") and getattr(value, f.name) == f.default)
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_encode(v) for v in value]
    if isinstance(value, float):
        # JSON has no NaN or infinity, and the last bits of a float differ between machines.
        return float(f"{value:.10g}") if abs(value) < float("inf") else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


def to_json(model: ReportModel) -> bytes:
    """The whole model with its envelope, without pictures; `from_json` reads it back."""
    return json.dumps(_encode(model), sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1).encode()


def from_json(data: bytes, assets: Mapping[str, bytes] | None = None) -> ReportModel:
    """A frozen report; ValueError when it is not one or of a newer format.

    Parameters
    ----------
    data : bytes
        What `to_json` wrote.
    assets : mapping
        sha256 -> picture, as far as they are at hand; missing ones are shown as such.
    """
    try:
        obj = json.loads(data)
        if not isinstance(obj, dict) or not 0 <= _decode(int, obj.get("format", 0)) <= REPORT_FORMAT:
            raise ValueError("not a report of a known format")
        model: ReportModel = _decode(ReportModel, obj)
        runs = tuple(
            dataclasses.replace(run, record=reported_record(run.tallies, run.notice)) for run in model.runs
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"not a report: {error}") from error
    return dataclasses.replace(model, runs=runs, assets=dict(assets or {}))


# Larger than any figure of a report.
_LARGEST = 1e15


def _decode(kind: Any, value: Any) -> Any:  # noqa: C901  # one branch a kind of field
    """`value` of the JSON as what a field of `kind` holds; nothing is converted that means something else."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(kind) if a is not type(None)]
        return None if value is None else _decode(inner[0], value)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), value)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"no {kind}")
        hints = typing.get_type_hints(kind)
        known = {f.name for f in dataclasses.fields(kind) if not f.metadata.get("not_stored")}
        return kind(**{k: _decode(hints[k], v) for k, v in value.items() if k in known})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and value is None:
        return float("nan")
    if kind in (int, float):
        numbers = int if kind is int else int | float
        if isinstance(value, bool) or not isinstance(value, numbers) or not abs(value) <= _LARGEST:
            raise TypeError(f"{str(value)[:40]} is no {kind.__name__}")
        return kind(value)
    if not isinstance(value, kind):
        raise TypeError(f"{str(value)[:40]} is no {kind.__name__}")
    if kind is str:
        value.encode("utf-8")  # a lone surrogate fails, as it would on paper
    return value


def _decode_tuple(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError("no list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_decode(kinds[0], v) for v in value)
    return tuple(_decode(kind, v) for kind, v in zip(kinds, value, strict=True))
