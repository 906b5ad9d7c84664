"""Build the report model of a case."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bloodcells_gui.domain.analysis import AnalysisRun, completed_later, left_out
from bloodcells_gui.domain.cell import FLAG_OUTLINE_MENDED, Cell
from bloodcells_gui.domain.comparison import AnalyserRow, analyser_of, compare_analyser
from bloodcells_gui.domain.differential import Differential, Remark, age_years
from bloodcells_gui.domain.doubtful import is_unsure
from bloodcells_gui.domain.flat_record import notice_of, tallies_of
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.left_out import expected
from bloodcells_gui.domain.platelets import platelet_estimates
from bloodcells_gui.domain.proposal_table import never_proposed
from bloodcells_gui.domain.remarks import AMENDED
from bloodcells_gui.domain.review import (
    EXPLANATION_FIELD,
    Amendment,
    Decision,
    Signature,
    SpecimenData,
    Status,
)
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.run_messages import without_target
from bloodcells_gui.domain.settings import LabSettings, to_json_obj
from bloodcells_gui.domain.specimen import Specimen
from bloodcells_gui.domain.suspicion import queue_remark
from bloodcells_gui.domain.tag_counts import tag_counts, tag_remarks
from bloodcells_gui.domain.taxonomy import GIANT_PLATELET, ROLLUPS, UNIDENTIFIED
from bloodcells_gui.domain.unidentified import reasons_counted
from bloodcells_gui.report.logo import load_logo
from bloodcells_gui.report.model import (
    SKIPPED_SHOWN,
    ChangeLine,
    CheckLine,
    Comment,
    FieldLine,
    FindingLine,
    GalleryRow,
    GradeLine,
    Header,
    ReportModel,
    ReviewBlock,
    ReviewerLine,
    RunBlock,
    SecondReading,
    TagLine,
    Thumb,
    digest,
)
from bloodcells_gui.report.order_line import order_of

UNIDENTIFIED_RGB = (90, 90, 90)
_TAGGED_SHOWN = 12
_CLINICAL = frozenset(
    {
        "version",
        "rollup",
        "target_cells",
        "target_counts",
        "abstention",
        "nrbc_threshold",
        "left_shift_bands_percent",
        "count_cut_left_top",
        "platelet_factor",
        "range_set",
        "own_ranges",
        "rules",
        "grading",
    }
)
Thumbnails = Callable[[Sequence[int]], Mapping[int, bytes]]


class NoteLike(Protocol):
    """A note as the fold keeps it."""

    @property
    def author(self) -> str: ...
    @property
    def time(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def cells(self) -> tuple[int, ...]: ...


class Reviewed(Protocol):
    """What a report needs of `ReviewState`."""

    data: SpecimenData
    grades: dict[str, str]
    hand_counts: dict[str, int]
    signatures: list[Signature]
    amendments: list[Amendment]
    version: int
    tags: dict[int, tuple[str, ...]]
    second_reads: dict[str, dict[int, str]]
    second_readers: dict[str, str]
    adjudicated: dict[int, str]

    @property
    def notes(self) -> Sequence[NoteLike]: ...
    def asks_nothing(self, cell_id: int) -> bool: ...
    def decided(self, cell_id: int) -> bool: ...
    def decision(self, cell_id: int) -> Decision: ...
    def present(self, cell_id: int) -> bool: ...


class _Assets:
    """Pictures of a report, each kept once."""

    def __init__(self) -> None:
        self.by_hash: dict[str, bytes] = {}

    def keep(self, data: bytes) -> str:
        """The hash under which `data` is kept; empty data are not."""
        if not data:
            return ""
        key = digest(data)
        self.by_hash[key] = data
        return key


def build_report(
    specimen: Specimen,
    runs: Sequence[AnalysisRun],
    cells: Sequence[Cell],
    state: Reviewed,
    differential: Differential,
    settings: LabSettings,
    *,
    app_version: str,
    thumbnails: Thumbnails,
    lang: str = "en",
    taxonomy: str | None = None,
    cams: Mapping[int, bytes] | None = None,
    rivals: Mapping[int, str] | None = None,
    created: str = "",
    checks: Sequence[CheckLine] = (),
    findings: Sequence[FindingLine] = (),
) -> ReportModel:
    """Everything the report says, frozen.

    Parameters
    ----------
    specimen, runs, cells, state, differential, settings
        The case; `differential` decides the rows. `taxonomy` is only checked against it.
    thumbnails : callable
        Cell ids -> JPEG bytes of those at hand; called once.
    cams : mapping
        Cell id -> JPEG or PNG with the explanation map drawn over, for the strip of explained cells.
    rivals : mapping
        Cell id -> the leaf that an occlusion map weighs the proposal against.
    created : str
        UTC time; now when empty.
    checks, findings : sequence
        Open points that were answered for the signature, and critical findings.

    Raises
    ------
    ValueError
        When `taxonomy` is not the differential's roll-up.
    """
    if taxonomy is not None and taxonomy != differential.rollup:
        raise ValueError(f"the differential is rolled up as {differential.rollup}, not {taxonomy}")
    cells = [c for c in cells if state.present(c.id)]
    assets = _Assets()
    differential = replace(differential, remarks=_with_reasons(differential.remarks, runs, cells, state))
    # Photographs that were left out come before what nobody takes for one.
    skipped = sorted(left_out(runs, specimen), key=lambda file: expected(file.reason))
    cell_counts = Counter(state.decision(c.id).final for c in cells)
    cell_counts.update(state.hand_counts)
    explained = {cell: (data, (rivals or {}).get(cell, "")) for cell, data in (cams or {}).items()}
    gallery = _gallery(specimen, cells, state, differential, settings, thumbnails, explained, assets.keep)
    logo = load_logo(settings.header.logo) if settings.header.logo else b""
    return ReportModel(
        specimen=specimen.id,
        kind=specimen.kind,
        synthetic=specimen.synthetic,
        images=len(specimen.images),
        images_sha256=_images_hash(specimen),
        header=Header(settings.header.laboratory, settings.header.address, assets.keep(logo)),
        fields=_fields(state.data, settings),
        differential=differential,
        platelets=platelet_estimates(state.data, runs, settings),
        grades=_grades(state.grades, settings),
        comments=tuple(Comment(n.author, n.time, n.text, tuple(n.cells)) for n in state.notes),
        gallery=gallery,
        review=replace(_review(cells, state), checks=tuple(checks), findings=tuple(findings)),
        runs=tuple(_run(run) for run in runs),
        skipped=tuple(skipped[:SKIPPED_SHOWN]),
        skipped_total=len(skipped),
        settings_sha256=_settings_hash(settings),
        app_version=app_version,
        version=state.version,
        analyser=_analyser(state.data, differential, cell_counts),
        completed_later=completed_later(runs),
        tags=_tags(state, settings),
        order=order_of(state.data, specimen.id),
        created=created or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        lang=lang,
        signatures=tuple(state.signatures),
        assets=assets.by_hash,
    )


def _with_reasons(
    remarks: Sequence[Remark], runs: Sequence[AnalysisRun], cells: Sequence[Cell], state: Reviewed
) -> tuple[Remark, ...]:
    """The remarks with why the report was amended, which cells were shown first, and why cells wait.

    The last stand right behind how many cells wait.
    """
    classes = {run.number: run.classes for run in runs}
    waiting = [c for c in cells if state.decision(c.id).status is Status.UNIDENTIFIED]
    counted = reasons_counted(waiting, lambda cell: classes.get(cell.run, ()))
    said = [Remark(text, (("count", str(n)),), codes=("UNI",)) for text, n in counted]
    at = next((i + 1 for i, r in enumerate(remarks) if r.codes == ("UNI",)), len(remarks))
    amended = [
        Remark(AMENDED, (("version", str(a.version)), ("reason", a.reason)), "warning")
        for a in state.amendments
        if a.reason.strip()
    ]
    return (
        *amended,
        *queue_remark(cells, state),
        *tag_remarks(state),
        *remarks[:at],
        *said,
        *remarks[at:],
    )


def _tags(state: Reviewed, settings: LabSettings) -> tuple[TagLine, ...]:
    return tuple(
        TagLine(found.tag, found.count, found.classes, found.cells[:_TAGGED_SHOWN])
        for found in tag_counts(state, settings.cell_tags)
    )


def cells_to_explain(cells: Sequence[Cell], state: Reviewed, settings: LabSettings) -> list[int]:
    """Which cells the report explains by a map: the most doubtful of each class in turn."""
    by_class: dict[str, list[Cell]] = {}
    for cell in cells:
        decision = state.decision(cell.id)
        if state.present(cell.id) and decision.status is not Status.EXCLUDED and cell.run >= 0:
            by_class.setdefault(decision.final or UNIDENTIFIED, []).append(cell)
    for members in by_class.values():
        members.sort(key=lambda c: (-c.uncertainty, c.id))
    chosen: list[int] = []
    rank = 0
    while len(chosen) < settings.gradcam_in_report and any(len(m) > rank for m in by_class.values()):
        chosen += [m[rank].id for _, m in sorted(by_class.items()) if len(m) > rank]
        rank += 1
    return chosen[: settings.gradcam_in_report]


def _gallery(
    specimen: Specimen,
    cells: Iterable[Cell],
    state: Reviewed,
    differential: Differential,
    settings: LabSettings,
    thumbnails: Thumbnails,
    explained: Mapping[int, tuple[bytes, str]],
    keep: Callable[[bytes], str],
) -> tuple[GalleryRow, ...]:
    row_of = {leaf: row for row in ROLLUPS[differential.rollup].rows for leaf in row.leaves}
    members: dict[str, list[Cell]] = {}
    for cell in cells:
        decision = state.decision(cell.id)
        if decision.status is not Status.EXCLUDED:
            code = row_of[decision.final].code if decision.final else UNIDENTIFIED
            members.setdefault(code, []).append(cell)
    limit = settings.thumbnails_per_class
    chosen = {code: _select_gallery_cells(found, limit, explained) for code, found in members.items()}
    wanted = [c.id for found in chosen.values() for c in found]
    pictures = thumbnails(wanted) if wanted else {}

    def thumb(cell: Cell) -> Thumb:
        decision = state.decision(cell.id)
        cam, rival = explained.get(cell.id, (b"", ""))
        return Thumb(
            cell=cell.id,
            image=specimen.images[cell.image].name if 0 <= cell.image < len(specimen.images) else "",
            predicted=cell.predicted,
            probability=float(cell.probability),
            status=decision.status,
            final=decision.final,
            doubtful=is_unsure(cell),
            picture=keep(pictures.get(cell.id, b"")),
            cam=keep(cam),
            tags=state.tags.get(cell.id, ()),
            rival=rival,
        )

    rows = [(r.code, r.name, r.counts, r.rgb) for r in differential.rows]
    rows.insert(0, (UNIDENTIFIED, N_("Unidentified"), False, UNIDENTIFIED_RGB))
    return tuple(
        GalleryRow(code, name, counts, len(members[code]), rgb, tuple(thumb(c) for c in chosen[code]))
        for code, name, counts, rgb in rows
        if code in members
    )


def _select_gallery_cells(cells: Sequence[Cell], limit: int, explained: Container[int]) -> list[Cell]:
    """At most `limit`: half the most doubtful, half the surest, explained ones first; by uncertainty."""
    ranked = sorted(cells, key=lambda c: (c.id not in explained, -c.uncertainty, c.id))
    if len(ranked) > limit:
        half = (limit + 1) // 2
        ranked = ranked[:half] + ranked[len(ranked) - (limit - half) :]
    return sorted(ranked, key=lambda c: (-c.uncertainty, c.id))


def _fields(data: SpecimenData, settings: LabSettings) -> tuple[FieldLine, ...]:
    lines = []
    for spec in settings.fields:
        value = data.fields.get(spec.name, "").strip()
        if value and spec.shown and spec.in_report:
            lines.append(FieldLine(spec.name, spec.label, value, spec.unit, spec.group))
        elif spec.name == "age" and spec.shown and not value and (age := age_years(data)) is not None:
            lines.append(FieldLine("age", spec.label, str(int(age)), spec.unit, spec.group))
    return tuple(lines)


def _analyser(
    data: SpecimenData, differential: Differential, counts: Mapping[str, int]
) -> tuple[AnalyserRow, ...]:
    analyser, cells = analyser_of(data)
    return compare_analyser(counts, analyser, cells) if analyser and differential.total else ()


def _grades(grades: Mapping[str, str], settings: LabSettings) -> tuple[GradeLine, ...]:
    known = {item.id: item for item in settings.grading}
    lines = [GradeLine(i.name, i.group, grades[i.id]) for i in settings.grading if grades.get(i.id)]
    lines += [
        GradeLine(name, "", grade) for name, grade in sorted(grades.items()) if grade and name not in known
    ]
    return tuple(lines)


def _review(cells: Iterable[Cell], state: Reviewed) -> ReviewBlock:
    standing: Counter[Status] = Counter()
    changes: Counter[tuple[str, str]] = Counter()
    people: dict[str, list[tuple[Status, str]]] = {}
    total = 0
    mended = []
    for cell in cells:
        total += 1
        if FLAG_OUTLINE_MENDED in cell.flags:
            mended.append(cell.id)
        decision = state.decision(cell.id)
        standing[decision.status] += 1
        if decision.reviewer:
            people.setdefault(decision.reviewer, []).append((decision.status, decision.reviewed_at))
        if decision.status is Status.RELABELLED:
            changes[cell.predicted, decision.final] += 1
        elif decision.status is Status.EXCLUDED and decision.reviewer:
            changes[cell.predicted, EXCLUDED_LABEL] += 1
    reviewers = tuple(
        ReviewerLine(
            name,
            sum(s is Status.CONFIRMED for s, _ in acts),
            sum(s is Status.RELABELLED for s, _ in acts),
            sum(s is Status.EXCLUDED for s, _ in acts),
            min(t for _, t in acts),
            max(t for _, t in acts),
        )
        for name, acts in sorted(people.items())
    )
    ordered = sorted(changes.items(), key=lambda item: (-item[1], item[0]))
    return ReviewBlock(
        cells=total,
        proposed=standing[Status.PROPOSED],
        confirmed=standing[Status.CONFIRMED],
        relabelled=standing[Status.RELABELLED],
        excluded=standing[Status.EXCLUDED],
        unidentified=standing[Status.UNIDENTIFIED],
        by_hand=sum(state.hand_counts.values()),
        reviewers=reviewers,
        changes=tuple(ChangeLine(predicted, final, n) for (predicted, final), n in ordered),
        second_readings=tuple(_second(state, name) for name in sorted(state.second_reads)),
        explanation=state.data.fields.get(EXPLANATION_FIELD, "").strip(),
        mended=tuple(sorted(mended)),
    )


def _second(state: Reviewed, name: str) -> SecondReading:
    labels = state.second_reads[name]
    adjudicated = sum(i in state.adjudicated for i in labels)
    # An adjudicated cell shows the settled class by now: it counts as the disagreement that it was.
    agreed = sum(i not in state.adjudicated and state.decision(i).final == code for i, code in labels.items())
    return SecondReading(
        state.second_readers.get(name, name),
        len(labels),
        agreed,
        adjudicated,
        len(labels) - agreed - adjudicated,
    )


def _run(run: AnalysisRun) -> RunBlock:
    record = replace(run.record, remarks=without_target(run.record.remarks))
    return RunBlock(
        number=run.number,
        status=run.status,
        started=run.started,
        finished=run.finished,
        app_version=run.app_version,
        bundles=tuple(sorted((k, v) for k, v in run.bundles.items())),
        provider=run.provider,
        profile=run.profile,
        parameters=tuple(sorted((k, v) for k, v in run.parameters.items())),
        scale=run.scale,
        tallies=tuple(sorted(tallies_of(record).items())),
        notice=notice_of(record.remarks),
        never_proposed=_never_proposed(run),
        record=record,
    )


def _never_proposed(run: AnalysisRun) -> tuple[str, ...]:
    """What neither the classifier of a run proposes nor a measurement beside it."""
    by_size = (GIANT_PLATELET,) if run.record.counts.red_cells else ()
    return never_proposed(run.classes, by_size) if run.classes else ()


def _images_hash(specimen: Specimen) -> str:
    lines = hashlib.sha256()
    for image in specimen.images:
        lines.update(f"{image.sha256} {image.name}\n".encode("utf-8", "surrogateescape"))
    return lines.hexdigest()


def _settings_hash(settings: LabSettings) -> str:
    """Over what can change a figure or a flag; theme, keys and the like cannot."""
    obj = {k: v for k, v in to_json_obj(settings).items() if k in _CLINICAL}
    if settings.reader_matrix is not None:
        obj["reader_matrix"] = settings.reader_matrix.to_json_obj()
    return hashlib.sha256(json.dumps(obj, sort_keys=True).encode()).hexdigest()
