"""The table says what the differential says, to the digit, and only what changed is announced."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain import formatting
from bloodcells_gui.domain.analysis import Done, RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import CONTRADICTION, FOREIGN, LOST, NOT_REACHED, remark
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.case_header import Chip
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.model import Column, DifferentialModel, LineKind, nice_scale
from bloodcells_gui.ui.differential.panel import DifferentialPanel
from bloodcells_gui.ui.differential.remark_list import RemarkArea
from bloodcells_gui.ui.gallery.dragging import pack_ids
from bloodcells_gui.ui.main_window import MainWindow
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(200), wbc="8.4")


@pytest.fixture
def model(context: UiContext, session: FakeSession) -> DifferentialModel:
    model = DifferentialModel(context)
    model.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        model, QAbstractItemModelTester.FailureReportingMode.Fatal, model
    )
    model.show_differential(session.differential())
    return model


def line_of(model: DifferentialModel, name: str) -> int:
    return next(r for r in range(model.rowCount()) if model.index(r, 0).data() == name)


def test_every_row_of_the_differential_is_there_inside_first(
    model: DifferentialModel, session: FakeSession
) -> None:
    table = session.differential()
    shown = [model.line(r).row for r in range(model.rowCount()) if model.line(r).kind == LineKind.ROW]
    assert shown == [r for r in table.rows if r.counts] + [r for r in table.rows if not r.counts]


def test_figures_are_those_of_the_report(model: DifferentialModel, session: FakeSession) -> None:
    for row in session.differential().rows:
        line = line_of(model, row.name)
        texts = [str(model.index(line, c).data()) for c in Column]
        assert texts[Column.COUNT] == str(row.count)
        share = row.percent if row.counts else row.per_100_wbc
        assert texts[Column.SHARE] == formatting.number(share, 1)
        assert (
            texts[Column.LIMITS] == f"{formatting.number(row.low95, 1)} – {formatting.number(row.high95, 1)}"
        )
        assert texts[Column.ABSOLUTE].removesuffix(" L").removesuffix(" H") == formatting.absolute(
            row.absolute
        )


def test_a_decision_announces_changed_lines_only(model: DifferentialModel, session: FakeSession) -> None:
    changed: list[int] = []
    model.dataChanged.connect(lambda a, b: changed.extend(range(a.row(), b.row() + 1)))
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    cell = next(c for c in session.cells if c.predicted == "EO" and not c.abstained)
    session.relabel([cell.id], "MO")
    model.show_differential(session.differential())
    names = {str(model.index(r, 0).data()) for r in changed}
    assert {"Eosinophil", "Monocyte"} <= names
    assert "Lymphocyte" not in names
    assert resets == []


def test_only_single_classes_take_dropped_cells(context: UiContext, session: FakeSession) -> None:
    model = DifferentialModel(context)
    model.show_differential(session.differential("five"))
    assert model.leaf(line_of(model, "Monocyte")) == "MO"
    assert model.leaf(line_of(model, "Neutrophil")) is None
    mime = pack_ids([1, 2])
    for name, takes in (("Monocyte", True), ("Neutrophil", False)):
        parent = model.index(line_of(model, name), 0)
        assert model.canDropMimeData(mime, Qt.DropAction.MoveAction, -1, -1, parent) == takes


def test_a_line_speaks_whole_sentences(model: DifferentialModel) -> None:
    said = str(model.index(line_of(model, "Lymphocyte"), 0).data(Qt.ItemDataRole.AccessibleTextRole))
    assert "Lymphocyte" in said
    assert "95 % limits" in said


def test_bars_share_a_scale_that_holds_every_limit(model: DifferentialModel, session: FakeSession) -> None:
    table = session.differential()
    assert model.inside_scale >= max(r.high95 or 0 for r in (*table.rows, *table.totals) if r.counts)
    assert [nice_scale(v) for v in (3, 10, 10.1, 55, 99, 140)] == [10, 10, 25, 100, 100, 200]


def test_the_panel_tells_progress_and_remarks(qtbot: QtBot, context: UiContext, session: FakeSession) -> None:
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)
    panel.resize(640, 700)
    panel.show()
    table = session.differential()
    panel.show_table(table, reviewed=50, cells=200, target=400, percent=25)
    assert panel.reviewed.value_label.text() == "25 %"
    assert "400" in panel.counted.caption_label.text()
    assert panel.waiting.value_label.text() == str(table.unidentified)
    assert panel.remarks.column.count() == len(table.remarks) + 1
    assert not panel.table.isColumnHidden(Column.ABSOLUTE)
    assert not panel.table.isColumnHidden(Column.BAR)


def test_what_the_run_remarked_stands_in_the_window_and_warns(window: MainWindow) -> None:
    session = FakeSession(make_cells(200))
    # The run found fewer than it was to find; persons counted on since.
    told = RunRecord(remarks=(remark(NOT_REACHED, found=143, target=200), remark(FOREIGN)))
    session.runs[-1] = replace(session.runs[-1], record=told, parameters={"target_cells": "300"})
    window.attach(session)
    assert window.page is not None
    said = [label.text() for label in window.page.differential.remarks.findChildren(QLabel)]
    assert FOREIGN in said
    assert not [text for text in said if "143" in text]
    total = session.differential().total
    assert f"Leukocytes counted: {total}; the target is 300." in said
    assert window.page.differential.counted.caption_label.text() == "counted, target 300"
    assert "Unfamiliar look" in [chip.accessibleName() for chip in window.page.header.findChildren(Chip)]


def test_remarks_and_counts_of_a_run_appear_when_it_ends(window: MainWindow) -> None:
    session = FakeSession(make_cells(200))
    window.attach(session)
    page = window.page
    assert page is not None
    record = RunRecord(remarks=(remark(CONTRADICTION),))
    session.runs[-1] = replace(session.runs[-1], record=record)
    page.take_events([Done(RunStatus.COMPLETE, record)])
    assert CONTRADICTION in [label.text() for label in page.differential.remarks.findChildren(QLabel)]


def test_a_run_whose_images_went_away_warns_and_says_how_to_go_on(window: MainWindow) -> None:
    lost = RunRecord(remarks=(remark(LOST),))
    window.analysis._tell_end(Done(RunStatus.FAILED, lost))  # noqa: SLF001  # the end of a run
    (banner,) = window.banners.banners
    assert banner.severity == "warning"
    assert banner.texts[0] == LOST
    assert "continue the analysis" in banner.texts[2]


@pytest.mark.parametrize(
    ("beside", "earlier", "hidden"),
    [
        (500, False, set()),
        (94 + 60 + 20, False, {Column.BAR}),
        (80, False, {Column.BAR, Column.LIMITS}),
        (0, False, {Column.BAR, Column.LIMITS, Column.ABSOLUTE}),
        (500, True, set()),
        (94 + 60 + 20, True, {Column.BAR, Column.LIMITS}),
        (80, True, {Column.BAR, Column.LIMITS, Column.EARLIER}),
        (0, True, {Column.BAR, Column.LIMITS, Column.EARLIER, Column.ABSOLUTE}),
    ],
)
def test_a_narrow_panel_gives_up_bar_limits_earlier_film_and_absolute_counts_in_this_order(
    qtbot: QtBot, context: UiContext, session: FakeSession, beside: int, earlier: bool, hidden: set[Column]
) -> None:
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)
    panel.show_table(session.differential(), reviewed=0, cells=200, target=0)
    panel.table.show_earlier(earlier)
    panel.show()
    panel.resize(panel.table.minimumWidth() + beside, 600)
    without = hidden if earlier else hidden | {Column.EARLIER}
    assert {c for c in Column if panel.table.isColumnHidden(c)} == without
    named = [r for r in range(panel.model.rowCount()) if panel.model.line(r).kind != LineKind.HEADING]
    widest = max(panel.fontMetrics().horizontalAdvance(str(panel.model.index(r, 0).data())) for r in named)
    assert panel.table.columnWidth(Column.NAME) > widest + 50  # swatch and flag beside it
    tip = str(panel.model.index(0, Column.COUNT).data(Qt.ItemDataRole.ToolTipRole))
    assert "95 % limits" in tip
    assert "10⁹/L" in tip


def test_the_panel_cannot_be_narrower_than_names_and_keys(
    qtbot: QtBot, context: UiContext, session: FakeSession
) -> None:
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)
    panel.show_table(session.differential(), reviewed=0, cells=200, target=0)
    panel.show()
    panel.resize(100, 600)
    assert panel.width() >= panel.table.minimumWidth() > 300


def test_the_remarks_are_as_tall_as_what_they_hold_and_never_hidden(
    qtbot: QtBot, context: UiContext, session: FakeSession
) -> None:
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)
    panel.resize(420, 900)
    panel.show()
    (area,) = panel.findChildren(RemarkArea)
    few = replace(session.differential(), remarks=(Remark("Short."),))
    panel.show_table(few, reviewed=0, cells=200, target=0)
    qtbot.waitUntil(lambda: area.height() == area.minimumHeight())
    many = replace(few, remarks=tuple(Remark(f"Remark {n}, " + "a long one " * 12) for n in range(4)))
    panel.show_table(many, reviewed=0, cells=200, target=0)
    qtbot.waitUntil(lambda: area.height() >= area.content_height())
    assert not area.verticalScrollBar().isVisible()
    panel.resize(420, 500)
    qtbot.waitUntil(lambda: area.height() <= 0.45 * 500)
    first = panel.remarks.column.itemAt(0).geometry()
    assert first.top() + 2 * area.fontMetrics().lineSpacing() <= area.viewport().height()


def test_hostile_remarks_stay_text(qtbot: QtBot, context: UiContext) -> None:
    session = FakeSession(make_cells(5), LabSettings())
    table = replace(session.differential(), remarks=(Remark("<img src=x> {name}", (("name", "<b>x</b>"),)),))
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)
    panel.show_table(table, reviewed=0, cells=5, target=0)
    label = panel.remarks.column.itemAt(0).widget().layout().itemAt(1).widget()
    assert label.text() == "<img src=x> <b>x</b>"
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_cells_counted_by_hand_stand_apart_from_those_reviewed(context: UiContext, qtbot: QtBot) -> None:
    session = FakeSession(make_cells(200))
    panel = DifferentialPanel(context)
    qtbot.addWidget(panel)

    def caption(by_hand: int, cells: int = 200) -> str:
        panel.show_table(
            session.differential(), reviewed=20, cells=cells, target=0, by_hand=by_hand, percent=10
        )
        assert panel.reviewed.value_label.text() == "10 %"
        return panel.reviewed.caption_label.text()

    assert caption(0) == "reviewed"
    assert caption(7) == "reviewed of 200 found, 7 by hand apart"
    assert caption(7, cells=0) == "reviewed"
    assert caption(0) == "reviewed"
