"""The counter by real keys; the record: fields, grades, comments, analyser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.case_details import agreement, problem_of
from bloodcells_gui.app.counter import CountSound
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import signing_checks
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, FieldSpec
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.ui.case_details.grades import choices
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.counter.sound import Bell
from bloodcells_gui.ui.counter.target_bar import TargetBar
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools

Key = Qt.Key
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as bench:
        qtbot.waitExposed(bench.window)
        bench.window.activateWindow()
        yield bench


@pytest.fixture
def session(bench: ToolWindows, workspace: Workspace) -> CaseSession:
    bench.window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 60))
    assert bench.session is not None
    return bench.session


def press(*keys: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    for key in keys:
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClick(focus, key, modifier)


@pytest.fixture
def counting(qtbot: QtBot, bench: ToolWindows, workspace: Workspace) -> CaseSession:
    session = workspace.new_counter_case("By hand 7")
    bench.window.opener.opened.emit(session, None)
    assert bench.counter is not None
    counter = bench.counter
    qtbot.waitUntil(counter.tiles.hasFocus)
    return session


def test_keys_count_into_the_case_and_the_table_follows(bench: ToolWindows, counting: CaseSession) -> None:
    rings: list[int] = []
    assert bench.counter is not None
    bench.counter.bell.ring = lambda: rings.append(1)
    press(Key.Key_Q, Key.Key_Q, Key.Key_S, Key.Key_G)
    assert counting.state.hand_counts == {"SNE": 2, "LY": 1, "ERB": 1}
    assert bench.counter.counter.total == 3
    assert len(rings) == 4
    table = counting.differential("full")
    assert next(r for r in table.rows if r.code == "SNE").percent == pytest.approx(200 / 3)
    press(Key.Key_Q, modifier=SHIFT)
    press(Key.Key_Backspace)
    assert counting.state.hand_counts == {"SNE": 1, "LY": 1}
    press(Key.Key_Z, modifier=CTRL)
    assert counting.state.hand_counts == {"SNE": 1, "LY": 1, "ERB": 1}
    path = counting.path
    bench.window.close_case()
    with bench.workspace.open_case(path).store as store:
        assert store.specimen.kind is SpecimenKind.COUNTER
        assert len(store.events()) == 7


def test_the_target_rings_long_and_the_case_can_be_signed(
    qtbot: QtBot, bench: ToolWindows, counting: CaseSession
) -> None:
    assert bench.counter is not None
    counter = bench.counter.counter
    for _ in range(99):
        assert counter.press("SNE") is CountSound.KEY
    assert counter.press("ERB") is CountSound.OUTSIDE
    rings: list[int] = []
    bell = Bell(True, lambda: rings.append(1), bench.window)
    beat = counter.press("LY")
    assert beat is CountSound.TARGET
    bell.beat(beat)
    qtbot.waitUntil(lambda: len(rings) == 3)
    bell.on = False
    bell.beat(CountSound.ROUND)
    assert len(rings) == 3
    assert not [c for c in signing_checks(counting) if c.blocking]
    model = report_model(counting, ExportOptions())
    assert model.differential.total == 100


def test_less_than_nothing_is_not_counted(counting: CaseSession, bench: ToolWindows) -> None:
    press(Key.Key_Q, modifier=SHIFT)
    press(Key.Key_Backspace)
    assert counting.store.events() == []


def test_a_full_disk_counts_nothing_and_says_so(
    bench: ToolWindows, counting: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise UserError("The disk is full.")

    monkeypatch.setattr(counting.store, "append", full)
    press(Key.Key_Q)
    assert counting.state.hand_counts == {}
    assert bench.window.banners.banners[0].texts[0] == "The disk is full."


@pytest.mark.parametrize(
    ("kind", "text", "sound"),
    [
        ("number", "7,4", True), ("number", "nan", False), ("number", "-1", False), ("number", "x", False),
        ("date", "1970-02-30", False), ("date", "1970-02-28", True), ("date", "0001-01-01", False),
        ("choice", "F", True), ("choice", "Q", False), ("text", "=HYPERLINK(1)", True),
        ("text", "a\x00b", False), ("lines", "a\nb", True), ("text", "x" * 3000, False), ("number", "", True),
    ],
)  # fmt: skip
def test_fields_are_checked(kind: str, text: str, sound: bool) -> None:
    spec = FieldSpec("f", "F", kind=kind, choices=("", "F", "M") if kind == "choice" else ())
    assert (problem_of(spec, text) == "") is sound


def test_fields_are_saved_as_soon_as_they_are_left(bench: ToolWindows, session: CaseSession) -> None:
    bench.show_case_details(0)
    assert bench.case_details is not None
    row = bench.case_details.fields.rows["wbc"]
    assert isinstance(row.editor, QLineEdit)
    row.editor.setFocus()
    QTest.keyClicks(row.editor, "7.4")
    press(Key.Key_Tab)
    assert session.state.data.fields["wbc"] == "7.4"
    assert session.differential().wbc_used == pytest.approx(7.4)
    row.editor.setFocus()
    QTest.keyClicks(row.editor, "x")
    press(Key.Key_Tab)
    assert row.problem_label.isVisibleTo(row)
    assert session.state.data.fields["wbc"] == "7.4"
    session.undo()
    assert row.text() == ""
    assert {s.name for s in DEFAULT_FIELDS if s.shown} | {"specimen_id"} == set(
        bench.case_details.fields.rows
    )


def test_the_specimen_number_is_corrected_on_the_record_page(
    bench: ToolWindows, session: CaseSession
) -> None:
    bench.show_case_details(0)
    assert bench.case_details is not None
    row = bench.case_details.fields.rows["specimen_id"]
    assert isinstance(row.editor, QLineEdit)
    wrong = session.specimen.id
    assert row.text() == wrong
    row.editor.setFocus()
    row.editor.selectAll()
    QTest.keyClicks(row.editor, "26-4711")
    press(Key.Key_Tab)
    page = bench.window.page
    assert page is not None
    assert (session.specimen.id, page.header.title_label.text()) == ("26-4711", "26-4711")
    assert bench.window.windowTitle().startswith("26-4711 ")
    row.editor.setFocus()
    row.editor.selectAll()
    press(Key.Key_Delete)
    press(Key.Key_Tab)
    assert row.problem_label.text() == "A specimen needs a number."
    assert session.specimen.id == "26-4711"
    page.undo()
    assert bench.window.windowTitle().startswith(f"{wrong} ")
    assert page.header.title_label.text() == wrong


def test_grades_by_key_and_mouse(bench: ToolWindows, session: CaseSession) -> None:
    bench.show_case_details(1)
    assert bench.case_details is not None
    table = bench.case_details.grades.table
    QAbstractItemModelTester(table.grades, QAbstractItemModelTester.FailureReportingMode.Fatal, table.grades)
    table.setCurrentIndex(table.grades.index(1, 0))
    table.setFocus()
    press(Key.Key_2)
    item = table.grades.item(1)
    assert item is not None
    assert session.state.grades == {item.id: "2+"}
    press(Key.Key_P)  # this feature is graded by its share, and P must not relabel a cell either
    assert session.state.grades == {item.id: "2+"}
    assert session.state.counts == CountsOf(session)
    row = next(
        r for r in range(table.grades.rowCount()) if (i := table.grades.item(r)) and len(choices(i)) == 2
    )
    table.setCurrentIndex(table.grades.index(row, 0))
    press(Key.Key_P)
    assert len(session.state.grades) == 2
    press(Key.Key_0)
    assert session.state.grades == {item.id: "2+"}
    index = table.grades.index(2, 1)
    table.scrollTo(index)
    rect = table.visualRect(index)
    place = QPoint(rect.left() + 50, rect.center().y())
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(session.state.grades) == 2


def CountsOf(session: CaseSession) -> dict[str, int]:
    counts: dict[str, int] = {}
    for cell in session.cells:
        if not cell.abstained:
            counts[cell.predicted] = counts.get(cell.predicted, 0) + 1
    return counts


def test_comments_are_added_by_keyboard_and_undone(bench: ToolWindows, session: CaseSession) -> None:
    bench.show_case_details(2)
    assert bench.case_details is not None
    panel = bench.case_details.comments
    panel.canned.setCurrentIndex(2)
    panel.canned.activated.emit(2)
    assert panel.words.toPlainText() == "Left shift."
    QTest.keyClicks(panel.words, "")
    press(Key.Key_Return, modifier=CTRL)
    assert [n.text for n in session.state.notes] == ["Left shift."]
    assert panel.model.rowCount() == 1
    panel.words.setPlainText("<b>=cmd|' /C calc'!A0</b>")
    panel.add()
    bench.window.grab()
    session.undo()
    assert [n.text for n in session.state.notes] == ["Left shift."]


def test_the_analyser_is_entered_imported_and_compared(
    bench: ToolWindows, session: CaseSession, tmp_path: Path
) -> None:
    bench.show_case_details(3)
    assert bench.case_details is not None
    panel = bench.case_details.analyser
    QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal, panel.model)
    assert panel.model.setData(panel.model.index(0, 1), "58,5 %")
    assert session.state.data.fields["analyser.NE"] == "58.5"
    assert panel.model.setData(panel.model.index(0, 1), "many")
    assert "is no percentage" in bench.window.banners.banners[0].texts[0]
    table = tmp_path / "x.csv"
    table.write_text("class;%\nNeutrophil;61,0\nLYMPHOCYTE;39\n")
    panel.import_csv(table)
    assert session.state.data.fields["analyser.Neutrophil"] == "61"
    assert "analyser.NE" not in session.state.data.fields
    row = panel.model.row(0)
    assert row is not None
    assert row.low < row.difference < row.high
    table.write_text("class;%\nunicorn;61\n")
    panel.import_csv(table)
    assert "unicorn" in bench.window.banners.banners[0].texts[0]
    assert session.state.data.fields["analyser.Neutrophil"] == "61"


def test_agreement_over_cases(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession, workspace: Workspace
) -> None:
    session.set_field("analyser.NE", "55")
    second = workspace.open_case(a_case(workspace.cases_dir / "two.bcs", 60, seed=4))
    second.author = "B"
    second.set_field("analyser.NE", "60")
    second.close()
    found = agreement([session.path, workspace.cases_dir / "two.bcs", workspace.cases_dir / "none.bcs"])
    (points,) = found.points
    assert (points.name, points.figures.n) == ("Neutrophil", 2)
    assert sum(points.differences) / 2 == pytest.approx(points.figures.bias)
    assert found.unreadable == ("none.bcs",)
    (workspace.cases_dir / "bad.bcs").write_bytes(b"no case")
    window = bench.show_agreement()
    qtbot.waitUntil(lambda: window.classes.count() == 1)
    assert "bias" in window.summary.text()
    assert "bad.bcs" in window.left_out.text()
    assert window.left_out.isVisible()
    window.grab()


@pytest.mark.parametrize(("ends", "counted", "rings"), [("stop", 3, 3), ("ring", 4, 3), ("neither", 4, 0)])
def test_at_the_target_the_counter_stops_rings_or_does_neither(
    qtbot: QtBot, bench: ToolWindows, counting: CaseSession, workspace: Workspace, ends: str, counted: int,
    rings: int,
) -> None:  # fmt: skip
    workspace.change_settings(target_cells=3, target_counts=(3, 5), counter_at_target=ends)
    panel = bench.counter
    assert panel is not None
    rung: list[int] = []
    panel.bell.ring = lambda: rung.append(1)
    panel.bell.on = False  # the target rings all the same
    press(*[Key.Key_Q] * 4)
    assert counting.state.hand_counts["SNE"] == counted
    if rings:
        qtbot.waitUntil(lambda: len(rung) == rings)
    assert len(rung) == rings
    assert panel.end.isVisible()
    press(Key.Key_G)  # outside the 100 %: counted whatever is wanted
    assert counting.state.hand_counts["ERB"] == 1
    assert panel.go_on.isVisible() == (ends == "stop")
    page = bench.window.page
    assert page is not None
    assert page.differential.reviewed.value_label.text() == "100 %"
    if ends == "stop":
        assert panel.go_on.text() == "Go on to 5"
        panel.go_on.click()
        press(*[Key.Key_Q] * 4)
        assert counting.state.hand_counts["SNE"] == 5


def test_a_hand_count_is_reviewed_by_its_share_of_the_target(
    bench: ToolWindows, counting: CaseSession
) -> None:
    press(Key.Key_Q, Key.Key_Q, Key.Key_S)
    page = bench.window.page
    assert page is not None
    assert page.differential.reviewed.value_label.text() == "3 %"
    assert page.differential.reviewed.toolTip() == "3 counted by hand"


def test_images_that_fill_the_target_alone_stop_no_counter(
    bench: ToolWindows, session: CaseSession, workspace: Workspace
) -> None:
    workspace.change_settings(target_cells=10, counter_at_target="stop")
    session.count("LY", 1)
    bench.show_counter()
    assert bench.counter is not None
    press(Key.Key_Q)
    assert session.state.hand_counts == {"LY": 1, "SNE": 1}


def test_a_key_of_no_class_says_that_it_counted_nothing(bench: ToolWindows, counting: CaseSession) -> None:
    assert bench.counter is not None
    hint = bench.counter.hint
    before = hint.text()
    press(Key.Key_N)
    assert hint.text() == "N is the key of no class: nothing was counted."
    assert counting.state.hand_counts == {}
    press(Key.Key_Q)
    assert counting.state.hand_counts == {"SNE": 1}
    bench.counter._hint_back.timeout.emit()  # noqa: SLF001  # the time is over
    assert hint.text() == before


def test_past_the_target_the_bar_marks_where_it_was(qtbot: QtBot, context: UiContext) -> None:
    bar = TargetBar(context)
    qtbot.addWidget(bar)
    bar.resize(400, 8)
    for counted, mark in ((0, None), (50, None), (100, None), (125, 320.0)):
        bar.show_count(counted, 100)
        found = bar.mark()
        assert mark == (None if found is None else found.center().x())
        image = bar.grab().toImage()
        colours = {name: context.theme.colour(name).rgb() for name in ("accent", "border", "base")}
        fill = 400 if counted >= 100 else 400 * counted // 100
        assert all(image.pixel(x, 4) == colours["accent"] for x in (5, fill - 5) if 0 < x < fill)
        assert fill == 400 or image.pixel(395, 4) == colours["border"]
        assert mark is None or image.pixel(320, 4) == colours["base"]
    bar.show_count(7, 0)
    assert bar.isHidden()
