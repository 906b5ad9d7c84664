"""Platelets per 100 leukocytes: of one area, whatever was interrupted, listed or searched otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.app.differential_table import CountedArea, counted_area, differential_of_case
from bloodcells_gui.domain.analysis import AnalysisRun, CellsFound, Done
from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.differential import Differential, DifferentialRow
from bloodcells_gui.domain.formatting import remark_text, row_name, shown_and_counted
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.scan_specimen import scan_specimen
from tests.support.doubles import PlainClassifier, PlainSegmenter
from tests.support.smears import MemoryReader, PlainDetector, Smear, empty, fill, unknown_scale

LEUKOCYTES = ("SNE", "LY", "EO")
LISTED = 12


@pytest.fixture(scope="module")
def smear() -> Smear:
    """One layer with 150 platelets beside 60 leukocytes; far more leukocytes where cells lie too thick."""
    s = empty(3000, 2200)
    rng = np.random.default_rng(3)
    fill(s, (150, 150, 1300, 1900), rng, pitch_um=5.5, leukocytes=150, platelets=20)
    fill(s, (1450, 150, 1400, 1900), rng, pitch_um=12, leukocytes=60, platelets=150)
    return s


def analysed(
    smear: Smear, kind: SpecimenKind, cuts: tuple[int, ...] = (), threads: int = 2, fields: int = 1
) -> tuple[Specimen, list[AnalysisRun], list[Cell]]:
    """A case analysed in as many runs as there are cuts, each cancelled after so many cells, and one more."""
    width = smear.size[0] // fields
    pictures = {f"{i}.png": smear.rgb[:, i * width : (i + 1) * width] for i in range(fields)}
    refs = tuple(ImageRef(n, Path(n), size_px=p.shape[1::-1], mpp=smear.mpp) for n, p in pictures.items())
    specimen = Specimen("s", kind, Path("s"), refs)
    runs: list[AnalysisRun] = []
    cells: list[Cell] = []
    for number, cut in enumerate([*cuts, None]):
        token = CancelToken()
        work = CellAnalyzer(PlainClassifier(), PlainSegmenter(), lambda *_: np.zeros(1, np.float32))
        slide = kind is SpecimenKind.SLIDE
        events = scan_specimen(
            specimen, work, PlainDetector(), lambda ref: MemoryReader(pictures[ref.name], smear.mpp, (1, 4)),
            unknown_scale,
            ScanOptions(threads=threads, run=number, platelets=LISTED if slide else None, batch=4), token,
            earlier=[run.record for run in runs], known=list(cells),
        )  # fmt: skip
        new = 0
        for event in events:
            if isinstance(event, CellsFound):
                cells += [replace(c, id=len(cells) + i) for i, c in enumerate(event.cells)]
                new += len(event.cells)
                if cut is not None and new >= cut:
                    token.cancel()
            if isinstance(event, Done):
                runs.append(
                    AnalysisRun(
                        number,
                        "",
                        "",
                        PlainClassifier.classes,
                        (),
                        status=event.status,
                        record=event.record,
                    )
                )
    return specimen, runs, cells


def table(specimen: Specimen, runs: list[AnalysisRun], cells: list[Cell]) -> Differential:
    return differential_of_case(
        ReviewState(cells), LabSettings(), counted_area(specimen, runs, cells), "full"
    )


def row(d: Differential, code: str) -> DifferentialRow:
    return next(r for r in d.rows if r.code == code)


def figures(d: Differential) -> tuple[Any, ...]:
    platelets = row(d, "PLT")
    counts = tuple((r.code, r.count) for r in d.rows)
    return counts, platelets.per_100_wbc, platelets.low95, platelets.high95, platelets.counted


def test_on_a_slide_the_ratio_is_of_the_sample_and_no_interruption_changes_it(smear: Smear) -> None:
    whole = table(*analysed(smear, SpecimenKind.SLIDE))
    platelets = row(whole, "PLT")
    assert platelets.count == LISTED
    assert platelets.counted is not None
    assert platelets.counted > 100
    assert platelets.counted_mm2 == pytest.approx(1400 * 1900 * 0.4**2 / 1e6, rel=0.35)
    # Truth where cells lie in one layer; over the whole slide it would be 81.
    assert platelets.low95 is not None
    assert platelets.high95 is not None
    assert platelets.low95 < 250 < platelets.high95
    for cuts, threads in (((), 1), ((9,), 2), ((5, 30, 60), 1), ((100,), 2)):
        assert figures(table(*analysed(smear, SpecimenKind.SLIDE, cuts, threads))) == figures(whole), cuts
    assert (row(whole, "GPLT").per_100_wbc, row(whole, "ART").per_100_wbc) == (None, None)
    said = " ".join(remark_text(r) for r in whole.remarks)
    assert f"Platelet: {LISTED} shown, {platelets.counted} counted in" in said
    assert shown_and_counted(platelets).startswith(f"{LISTED} shown, {platelets.counted} counted in ")
    assert row_name(platelets).startswith(f"Platelet ({platelets.counted} in ")
    assert row_name(platelets, "fr").startswith(f"Plaquette ({platelets.counted} sur ")
    assert f"{LISTED} affichées, " in shown_and_counted(platelets, "fr")


def test_leukocytes_of_the_sample_follow_the_review(smear: Smear) -> None:
    specimen, runs, cells = analysed(smear, SpecimenKind.SLIDE)
    area = counted_area(specimen, runs, cells)
    assert area is not None
    state = ReviewState(cells)
    before = row(differential_of_case(state, LabSettings(), area, "full"), "PLT")
    inside = next(i for i in area.cells if state.decision(i).final in LEUKOCYTES)
    outside = next(c.id for c in cells if c.id not in area.cells and c.predicted in LEUKOCYTES)
    for cell in (inside, outside):
        state.apply(make_event(state, EventKind.EXCLUDE, "ana", (cell,)))
    after = row(differential_of_case(state, LabSettings(), area, "full"), "PLT")
    assert before.per_100_wbc is not None
    assert after.per_100_wbc is not None
    n = round(100 * (before.counted or 0) / before.per_100_wbc)
    assert after.per_100_wbc == pytest.approx(before.per_100_wbc * n / (n - 1))


def test_of_fields_only_those_searched_to_their_end_give_ratios(smear: Smear) -> None:
    specimen, runs, cells = analysed(smear, SpecimenKind.FIELDS, fields=3)
    whole = table(specimen, runs, cells)
    assert row(whole, "PLT").counted is None  # all of it on one area: plain counts
    assert row(whole, "PLT").per_100_wbc == pytest.approx(100 * row(whole, "PLT").count / whole.total)
    record = runs[0].record
    last = replace(record, progress=replace(record.progress, fields=record.progress.fields - {2}))
    short = [replace(runs[0], record=last)]
    # As if the last field had been cut off before its platelets.
    left = [c for c in cells if c.image < 2 or c.predicted != "PLT"]
    cut = table(specimen, short, left)
    there = [c for c in cells if c.image < 2]
    ratio = 100 * sum(c.predicted == "PLT" for c in there) / sum(c.predicted in LEUKOCYTES for c in there)
    assert row(cut, "PLT").per_100_wbc == pytest.approx(ratio)
    none = table(specimen, [replace(runs[0], record=RunRecord())], left)
    assert row(none, "PLT").per_100_wbc is None
    assert any("not counted on the same area" in r.text for r in none.remarks)


def test_a_slide_of_an_earlier_version_has_no_ratio(smear: Smear) -> None:
    specimen, runs, cells = analysed(smear, SpecimenKind.SLIDE)
    record = runs[0].record
    counts = replace(record.counts, unlisted_platelets=140)
    old = replace(record, counts=counts, progress=replace(record.progress, sampled=()))
    d = table(specimen, [replace(runs[0], record=old)], cells)
    assert (row(d, "PLT").count, row(d, "PLT").per_100_wbc, row(d, "PLT").low95) == (LISTED, None, None)
    assert any("not counted on the same area" in r.text for r in d.remarks)


def test_leukocytes_counted_at_the_microscope_have_no_platelets_beside_them() -> None:
    area = CountedArea((), 1.0, whole=True)
    state = ReviewState([])
    assert area.counted(state) is None
    state.apply(make_event(state, EventKind.COUNT, "ana", (), "1", key="SNE"))
    assert area.counted(state) is not None
