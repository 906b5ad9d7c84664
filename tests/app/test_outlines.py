"""An outline that a person mends: measurements, files and reports follow, proposals and signatures do not."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.audit_view import rows
from bloodcells_gui.app.cell_views import decode_mask
from bloodcells_gui.app.export import ExportOptions, export, report_model
from bloodcells_gui.app.outlines import OutlineDraft, drop_mended_outline, mend_outline
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signed_report import frozen_report
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_OUTLINE_MENDED
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import CELL_OUTLINE, NUCLEUS_OUTLINE
from bloodcells_gui.storage.case import CaseStore
from tests.support.drawn_images import analyze, cell, put_field
from tests.support.signed_cases import opened
from tests.support.workbench_window import a_case

SHAPE = (
    "cell_area_um2",
    "nucleus_area_um2",
    "perimeter_um",
    "circularity",
    "nucleus_cell_ratio",
    "nucleus_lobes",
)


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """Two drawn crops, analysed; their images lie beside the case."""
    folder = tmp_path / "crops"
    folder.mkdir()
    for seed in (1, 2):
        cv2.imwrite(str(folder / f"{seed}.png"), cell(seed)[..., ::-1])
    assert analyze(folder, tmp_path / "out", "crops").exit_code == 0
    return tmp_path / "out" / "case.bcs"


def values(session: CaseSession, cell_id: int) -> dict[str, float]:
    return {name: value for name, value, _ in session.measurements(cell_id)}


def draft(session: CaseSession, cell_id: int) -> OutlineDraft:
    return OutlineDraft(decode_mask(session.assets(cell_id).mask))


def test_an_outline_that_hardly_changes_measures_as_the_analysis_did(crops: Path) -> None:
    """The person's outline goes through the same measuring, on the same pixels, as the program's."""
    session = opened(crops)
    for one in list(session.cells):
        before = values(session, one.id)
        mask = draft(session, one.id).mask.copy()
        rim = np.argwhere(mask == 1)[0]
        mask[tuple(rim)] = 0  # one pixel less
        mend_outline(session, one.id, CELL_OUTLINE, mask)
        after = values(session, one.id)
        assert set(after) == set(before)
        for name in set(before) - {"granularity"}:  # of edges as sharp as drawn ones half a px makes much
            assert after[name] == pytest.approx(before[name], rel=0.03, abs=0.01), name
        assert after["granularity"] == pytest.approx(before["granularity"], abs=0.02)
        of_nucleus = [
            n for n in before if n.startswith("nucleus_") and "ratio" not in n and "offset" not in n
        ]
        assert len(of_nucleus) > 8
        assert [after[n] for n in of_nucleus] == [before[n] for n in of_nucleus]
        assert after["cell_area_um2"] < before["cell_area_um2"]
        assert after["focus"] == before["focus"]
    session.close()


def test_measurements_box_flag_and_picture_follow_and_come_back(crops: Path) -> None:
    session = opened(crops)
    one = session.cells[0]
    before, proposal, box = values(session, one.id), (one.predicted, one.probability), one.box_px
    view = session.view(one.id)
    small = draft(session, one.id).grown(-6, nucleus=False)
    told: list[tuple[int, ...]] = []
    session.subscribe(lambda change: told.append(change.cells))
    mend_outline(session, one.id, CELL_OUTLINE, small.mask)
    mended = session.cell(one.id)
    assert told == [(one.id,)]
    after = values(session, one.id)
    um2 = (one.mpp * session.assets(one.id).crop_px[2] / small.mask.shape[0]) ** 2
    assert after["cell_area_um2"] == pytest.approx(np.count_nonzero(small.mask) * um2, rel=3e-3)
    ratio = np.count_nonzero(small.mask == 2) / np.count_nonzero(small.mask)
    assert after["nucleus_cell_ratio"] == pytest.approx(ratio, rel=1e-4)
    assert after["perimeter_um"] < before["perimeter_um"]
    assert FLAG_OUTLINE_MENDED in mended.flags
    assert (mended.predicted, mended.probability) == proposal
    assert mended.box_px.width < box.width
    assert mended in session.cells
    assert np.array_equal(session.view(one.id).mask, small.mask)
    assert len(session.view(one.id).cell_contours[0]) < len(view.cell_contours[0])
    session.undo()
    assert (values(session, one.id), session.cell(one.id).flags) == (before, one.flags)
    assert np.array_equal(session.view(one.id).mask, view.mask)
    session.redo()
    assert values(session, one.id) == after
    session.close()
    again = opened(crops)  # and so it is in the file
    assert values(again, one.id) == after
    assert FLAG_OUTLINE_MENDED in again.cell(one.id).flags
    drop_mended_outline(again, one.id)
    assert values(again, one.id) == before
    assert drop_mended_outline(again, one.id).event is None
    again.close()


def test_the_files_carry_the_mended_figures_and_say_so(crops: Path, tmp_path: Path) -> None:
    session = opened(crops)
    one, other = session.cells
    small = draft(session, one.id).grown(-6, nucleus=False)
    mend_outline(session, one.id, CELL_OUTLINE, small.mask)
    mend_outline(session, one.id, NUCLEUS_OUTLINE, draft(session, one.id).grown(1, nucleus=True).mask)
    export(session, tmp_path / "files", ExportOptions(save_masks=True))
    with (tmp_path / "files" / "cells.csv").open(newline="") as stream:
        table = {int(row["cell_id"]): row for row in csv.DictReader(stream)}
    assert FLAG_OUTLINE_MENDED in table[one.id]["flags"].split("; ")
    assert FLAG_OUTLINE_MENDED not in table[other.id]["flags"]
    after = values(session, one.id)
    for name in SHAPE:
        assert float(table[one.id][name]) == pytest.approx(after[name], rel=1e-5)
    written = cv2.imread(str(tmp_path / "files" / "masks" / "1.png"), cv2.IMREAD_GRAYSCALE)
    side = session.assets(one.id).crop_px[2]
    expected = np.count_nonzero(small.mask) * (side / small.mask.shape[0]) ** 2
    assert np.count_nonzero(written) == pytest.approx(expected, rel=0.05)
    assert report_model(session, ExportOptions()).review.mended == (one.id,)
    acts = [(r["act"], r["key"], r["cells"]) for r in rows(session) if r["author"]]
    words = ("Outline mended", "Outline of the nucleus"), ("Outline mended", "Outline of the cell")
    assert acts[:2] == [(*act, str(one.id)) for act in words]
    session.close()


def test_a_signed_report_keeps_its_bytes_and_its_case_takes_no_outline(tmp_path: Path) -> None:
    path = a_case(tmp_path / "case.bcs", 6)
    session = opened(path)
    mend_outline(session, 1, CELL_OUTLINE, draft(session, 1).grown(-2, nucleus=False).mask)
    session.relabel([c.id for c in session.cells], "LY")
    sign(session, "ana", "Reviewed and reported", "Short smear.")
    frozen = frozen_report(session)
    assert frozen is not None
    assert frozen.review.mended == (1,)
    signed = session.store.report_rows()
    events = len(session.store.events())
    with pytest.raises(UserError, match="signed"):
        mend_outline(session, 2, CELL_OUTLINE, draft(session, 2).grown(-2, nucleus=False).mask)
    assert len(session.store.events()) == events
    amend(session, "ana", "An outline was wrong.")
    mend_outline(session, 2, CELL_OUTLINE, draft(session, 2).grown(-2, nucleus=False).mask)
    assert session.store.report_rows() == signed
    session.close()


def test_a_report_without_mended_outlines_has_the_bytes_of_earlier_versions(tmp_path: Path) -> None:
    session = opened(a_case(tmp_path / "case.bcs", 6))
    assert b"mended" not in report_model(session, ExportOptions()).canonical()
    session.close()


def test_nothing_is_kept_of_an_outline_that_leaves_nothing_or_changes_nothing(crops: Path) -> None:
    session = opened(crops)
    one = session.cells[0]
    before = values(session, one.id)
    with pytest.raises(UserError, match="Nothing would be left"):
        mend_outline(session, one.id, CELL_OUTLINE, np.zeros_like(draft(session, one.id).mask))
    with pytest.raises(UserError, match="no picture"):
        mend_outline(session, one.id, CELL_OUTLINE, np.ones((3, 3), np.uint8))
    assert (session.store.events(), session.store.outlines()) == ([], {})
    assert values(session, one.id) == before
    session.close()


def test_what_is_measured_of_a_cut_outline_on_a_field_stays_empty_until_it_is_off_the_edge(
    tmp_path: Path,
) -> None:
    put_field(tmp_path / "fields" / "1.png", 3)
    assert analyze(tmp_path / "fields", tmp_path / "out", "fields").exit_code == 0
    session = opened(tmp_path / "out" / "case.bcs")
    cut = [c for c in session.cells if FLAG_EDGE in c.flags]
    whole = next(
        c for c in session.cells if FLAG_EDGE not in c.flags and values(session, c.id).get("cell_area_um2")
    )
    mend_outline(session, whole.id, CELL_OUTLINE, draft(session, whole.id).grown(-1, nucleus=False).mask)
    assert values(session, whole.id)["cell_area_um2"] > 0
    for one in cut[:3]:
        mask = draft(session, one.id).mask
        mend_outline(session, one.id, CELL_OUTLINE, OutlineDraft(mask).grown(1, nucleus=False).mask)
        assert "cell_area_um2" not in values(session, one.id)
    session.close()


def test_an_outline_is_measured_at_the_scale_of_its_run(tmp_path: Path) -> None:
    """The case's own figures say what a pixel of its mask was taken for."""
    path = a_case(tmp_path / "case.bcs", 3)
    session = opened(path)
    one = session.cells[0]
    before = values(session, one.id)["cell_area_um2"]
    mask = draft(session, one.id).mask
    mend_outline(session, one.id, CELL_OUTLINE, OutlineDraft(mask).grown(-1, nucleus=False).mask)
    smaller = np.count_nonzero(draft(session, one.id).mask) / np.count_nonzero(mask)
    assert values(session, one.id)["cell_area_um2"] == pytest.approx(before * smaller, rel=1e-3)
    session.close()


def test_a_case_whose_events_name_an_outline_of_another_cell_is_damaged(tmp_path: Path) -> None:
    path = a_case(tmp_path / "case.bcs", 3)
    session = opened(path)
    mend_outline(session, 1, CELL_OUTLINE, draft(session, 1).grown(-1, nucleus=False).mask)
    event = session.new_event(session.store.events()[0].kind, (2,), "1", key=CELL_OUTLINE)
    session.store.append(event)
    session.close()
    with pytest.raises(UserError, match="damaged"):
        opened(path)
    with CaseStore.open(path, read_only=True) as store:
        assert store.verify() == []  # each row is as it was written: only together they make no sense
