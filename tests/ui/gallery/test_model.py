"""The gallery's model: grouping, order by uncertainty, moves, and Qt's own rules for models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.taxonomy import UNIDENTIFIED
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.dragging import MIME_CELLS, pack_ids, unpack_ids
from bloodcells_gui.ui.gallery.model import GROUPS, GalleryModel
from bloodcells_gui.ui.unidentified import waiting_headline
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(120))


@pytest.fixture
def model(context: UiContext, session: FakeSession) -> GalleryModel:
    model = GalleryModel(session.cell, session.decision, session.state.label, context.language)
    model.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    model.load(session.cells)
    return model


def content(model: GalleryModel) -> dict[str, list[int]]:
    return {code: list(model.ids(i)) for i, code in enumerate(GROUPS) if model.ids(i)}


def fresh(model: GalleryModel, session: FakeSession, context: UiContext) -> dict[str, list[int]]:
    other = GalleryModel(session.cell, session.decision, session.state.label, context.language)
    other.load(session.cells)
    return content(other)


def test_unidentified_stands_first_and_doubt_falls(model: GalleryModel, session: FakeSession) -> None:
    assert GROUPS[0] == UNIDENTIFIED
    assert GROUPS[-1] == EXCLUDED_LABEL
    assert sum(model.counts()) == 120
    assert set(content(model)[UNIDENTIFIED]) == {c.id for c in session.cells if c.abstained}
    for ids in content(model).values():
        uncertainties = [session.cell(i).uncertainty for i in ids]
        assert uncertainties == sorted(uncertainties, reverse=True)


def test_every_cell_is_found_where_it_is(model: GalleryModel, session: FakeSession) -> None:
    for cell in session.cells:
        assert model.cell_id(model.index_of(cell.id)) == cell.id
    assert not model.index_of(10**9).isValid()


def test_a_decision_moves_cells_as_loading_anew_would(
    model: GalleryModel, session: FakeSession, context: UiContext
) -> None:
    waiting = content(model)[UNIDENTIFIED]
    for act in (
        lambda: session.relabel(waiting[:2], "BL"),
        lambda: session.confirm(content(model)["SNE"][3:6]),
        lambda: session.exclude(content(model)["LY"][::2]),
        session.undo,
        session.redo,
    ):
        model.refresh(act().cells)
        assert content(model) == fresh(model, session, context)
    assert set(waiting[:2]) <= set(content(model)["BL"])


def test_new_cells_come_in_at_their_place(
    model: GalleryModel, session: FakeSession, context: UiContext
) -> None:
    from bloodcells_gui.domain.analysis import CellsFound

    model_before = content(model)
    batch = tuple(make_cells(40, seed=5, first_id=1000))
    session.absorb(CellsFound(batch, ()))
    model.refresh(c.id for c in batch)
    assert content(model) == fresh(model, session, context)
    assert sum(len(v) for v in content(model).values()) == sum(len(v) for v in model_before.values()) + 40


def test_a_large_change_resets_instead_of_moving_one_by_one(context: UiContext) -> None:
    session = FakeSession(make_cells(3000))
    model = GalleryModel(session.cell, session.decision, session.state.label, context.language)
    model.load(session.cells)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    change = session.relabel([c.id for c in session.cells if c.id % 3 == 0], "MO")
    model.refresh(change.cells)
    assert resets
    assert content(model) == fresh(model, session, context)


def test_a_heading_says_how_many(model: GalleryModel) -> None:
    index = model.group_index("SNE")
    assert index.data() == "Segmented neutrophil"
    assert str(model.rowCount(index)) in str(index.data(Qt.ItemDataRole.AccessibleTextRole))


def test_a_cell_speaks_for_itself(model: GalleryModel, session: FakeSession) -> None:
    cell_id = content(model)["SNE"][0]
    assert "proposed" in model.describe(cell_id)
    session.relabel([cell_id], "BNE")
    assert session.decision(cell_id).status is Status.RELABELLED
    said = model.describe(cell_id)
    assert "Segmented neutrophil" in said
    assert "Band neutrophil" in said
    assert "A. Technician" in said


def test_a_cell_that_waits_says_why(session: FakeSession, context: UiContext) -> None:
    model = GalleryModel(
        session.cell,
        session.decision,
        session.state.label,
        context.language,
        headline_of=lambda cell_id: waiting_headline(session, context.language, cell_id),
    )
    waiting = next(c.id for c in session.cells if session.decision(c.id).status is Status.UNIDENTIFIED)
    assert "Unidentified. Best guess: " in model.describe(waiting)
    assert " It waits because " in model.describe(waiting)
    session.confirm([waiting])
    assert "It waits" not in model.describe(waiting)


def test_dragged_cells_survive_the_trip_and_foreign_data_is_ignored() -> None:
    assert unpack_ids(pack_ids([3, 1, 70_000])) == [3, 1, 70_000]
    mime = pack_ids([1])
    mime.setData(MIME_CELLS, b"12 x -4 rm 7")
    assert unpack_ids(mime) == [12, 7]


def test_new_proposals_sort_everything_anew_in_one_step_and_the_selection_stays(
    model: GalleryModel, session: FakeSession, context: UiContext
) -> None:
    chosen = [c.id for c in session.cells[:40:3]]
    kept = [QPersistentModelIndex(model.index_of(i)) for i in chosen]
    heard: list[str] = []
    model.layoutChanged.connect(lambda: heard.append("layout"))
    for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved, model.dataChanged):
        signal.connect(lambda *_: heard.append("more"))
    new = [
        replace(
            c,
            uncertainty=1 - c.uncertainty,
            predicted="LY" if c.id % 2 else c.predicted,
            abstained=c.id % 5 == 0,
        )
        for c in session.cells
    ]
    session.state.repropose(new)
    session.cells[:] = new
    session.put(*new)
    model.refresh([c.id for c in new])
    assert heard == ["layout"]
    assert content(model) == fresh(model, session, context)
    assert [model.cell_id(i) for i in kept] == chosen
