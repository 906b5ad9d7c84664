"""A morning of films by keys: home, first case, sign, next key, until none is left; and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from bloodcells_gui.ui.worklist.model import Column
from tests.support.workbench_window import CREATED, a_case, a_workspace, shown_tools

Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    for name in ("a", "b", "c"):
        a_case(workspace.cases_dir / f"{name}.bcs", 12, specimen_id=f"S-{name}")
    with shown_tools(context, workspace, memory) as bench:
        qtbot.waitExposed(bench.window)
        bench.window.activateWindow()
        qtbot.waitUntil(lambda: lines(bench) != [], timeout=20_000)
        yield bench


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    target = QApplication.focusWidget() or QApplication.activeWindow()
    assert target is not None
    QTest.keyClick(target, key, modifier)


def lines(bench: ToolWindows) -> list[str]:
    model = bench.worklist.model
    return [model.entry(row).specimen_id for row in range(model.rowCount())]


def told(bench: ToolWindows) -> list[str]:
    return [b.texts[0] for b in bench.window.banners.banners]


def in_front(bench: ToolWindows) -> str:
    page = bench.window.front
    return "home" if page is None else page.session.specimen.id


def sign(bench: ToolWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    session = bench.session
    assert session is not None
    session.confirm([c.id for c in session.cells])

    def fill(dialog: SignDialog) -> int:
        dialog.name.setText("A. Technician")
        for field in dialog.fields.values():
            field.setText("few cells")
        dialog.accept()
        return dialog.result()

    monkeypatch.setattr(SignDialog, "exec", fill)
    bench.window.actions_.get("sign").trigger()
    assert session.state.signed


def test_one_key_after_signing_opens_the_next_until_none_is_left(
    qtbot: QtBot, bench: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: len(lines(bench)) == 3)
    qtbot.waitUntil(bench.worklist.table.hasFocus)
    press(Key.Key_Return)
    assert in_front(bench) == "S-a"
    press(Key.Key_F9)  # not signed yet
    assert in_front(bench) == "S-a"
    sign(bench, monkeypatch)
    (banner,) = [b for b in bench.window.banners.banners if b.texts[0] == "The report is signed."]
    following = "Next: S-b (synthetic) (F9)"
    qtbot.waitUntil(lambda: following in [button.text() for button in banner.findChildren(QPushButton)])
    press(Key.Key_F9)
    assert in_front(bench) == "S-b"
    assert told(bench) == ["Next case: S-b (synthetic) (to review)"]
    sign(bench, monkeypatch)
    press(Key.Key_F9)
    assert in_front(bench) == "S-c"
    assert bench.window.banners.banners[0].texts[1] == "It is the last one that waits."
    sign(bench, monkeypatch)
    press(Key.Key_F9)
    assert in_front(bench) == "home"
    assert bench.window.page is None
    assert [b.texts[0] for b in bench.worklist.banners.banners] == ["No further case waits for you."]
    qtbot.waitUntil(bench.worklist.table.hasFocus)


def test_home_and_back_leaves_the_case_open_and_out_of_reach(qtbot: QtBot, bench: ToolWindows) -> None:
    bench.home.open(bench.workspace.cases_dir / "b.bcs", False)
    session, actions = bench.session, bench.window.actions_
    assert session is not None
    session.confirm([session.cells[0].id])
    count = session.state.last_seq
    press(Key.Key_L, CTRL)
    assert in_front(bench) == "home"
    assert bench.session is session
    assert bench.worklist.back_button.isVisible()
    for name in ("undo", "confirm", "sign", "export", "close_case", "next_unreviewed"):
        assert not actions.get(name).isEnabled(), name
    for key in (Key.Key_Space, Key.Key_Delete, Key.Key_Q):
        press(key)
    press(Key.Key_Z, CTRL)
    assert session.state.last_seq == count
    bench.worklist.table.setFocus()
    press(Key.Key_Escape)
    assert in_front(bench) == "S-b"
    assert actions.get("undo").isEnabled()
    press(Key.Key_L, CTRL)
    press(Key.Key_F9)  # the work that was begun comes first
    assert in_front(bench) == "S-b"


def test_urgent_by_key_in_the_list_and_in_the_case(qtbot: QtBot, bench: ToolWindows) -> None:
    worklist = bench.worklist
    qtbot.waitUntil(lambda: len(lines(bench)) == 3)
    worklist.table.choose([bench.workspace.cases_dir / "c.bcs"])
    bench.window.actions_.get("urgent").trigger()
    qtbot.waitUntil(lambda: lines(bench)[0] == "S-c", timeout=20_000)
    assert worklist.model.index(0, Column.STATE).data() == "urgent, to review"
    bench.home.open(bench.workspace.cases_dir / "b.bcs", False)
    bench.window.actions_.get("urgent").trigger()
    session = bench.session
    assert session is not None
    assert session.state.data.fields["priority"] == "urgent"
    bench.window.actions_.get("urgent").trigger()
    assert "priority" not in session.state.data.fields


def test_the_first_start_explains_how_to_begin(
    qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory
) -> None:
    workspace = a_workspace(tmp_path / "fresh")
    with shown_tools(context, workspace, memory) as bench:
        assert bench.window.body.currentWidget() is bench.window.empty
        workspace.new_counter_case("By hand").close()
        bench.window.show_home()
        assert bench.window.body.currentWidget() is bench.worklist
        qtbot.waitUntil(lambda: lines(bench) == ["By hand"], timeout=20_000)


def test_recent_cases_say_what_they_are_and_that_one_is_gone(qtbot: QtBot, bench: ToolWindows) -> None:
    folder, window = bench.workspace.cases_dir, bench.window
    for name in ("a", "b"):
        bench.home.open(folder / f"{name}.bcs", False)
    window.close_case()
    (folder / "a.bcs").unlink()
    recent = bench.home.recent
    recent.refresh()
    qtbot.waitUntil(lambda: "to review" in recent.text(folder / "b.bcs"), timeout=20_000)
    assert recent.text(folder / "b.bcs").startswith("S-b (synthetic)  —  to review  —  ")
    assert recent.text(folder / "a.bcs") == "a  —  not there any more"
    window.recent_menu.aboutToShow.emit()
    texts = {action.text(): action.isEnabled() for action in window.recent_menu.actions()}
    assert list(texts.values()) == [True, False]
    assert not any(str(folder) in text for text in texts)


def test_files_that_were_left_out_are_named_again_when_the_case_is_opened(bench: ToolWindows) -> None:
    path = bench.workspace.cases_dir / "a.bcs"
    with CaseStore.open(path) as store:
        store.start_run(replace(store.runs[0], number=1, started=CREATED))
        left_out = [SkippedFile("broken.png", "the picture is cut off")]
        store.finish_run(1, RunStatus.COMPLETE, skipped=left_out)
    for _ in range(2):
        bench.home.open(path, False)
        assert told(bench) == ["1 file could not be read and was left out."]
        bench.window.close_case()
        assert told(bench) == []


def test_a_notice_that_was_put_away_stays_away_in_another_window_of_the_same_case(bench: ToolWindows) -> None:
    banners = bench.window.banners
    first = banners.notice("recovery", "info", "The program did not end properly.")
    assert first is not None
    banners.leave_case()  # not put away by a person: a new window says it again
    second = banners.notice("recovery", "info", "Le programme ne s’est pas terminé correctement.")
    assert second is not None
    second.dismissed.emit()
    assert banners.notice("recovery", "info", "The program did not end properly.") is None
    banners.forget_dismissed()
    assert banners.notice("recovery", "info", "The program did not end properly.") is not None


def test_a_signed_case_keeps_the_target_that_it_was_signed_with(
    qtbot: QtBot, bench: ToolWindows, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.change_settings(target_cells=100)
    qtbot.waitUntil(lambda: len(lines(bench)) == 3)
    qtbot.waitUntil(bench.worklist.table.hasFocus)
    press(Key.Key_Return)
    sign(bench, monkeypatch)
    page = bench.window.page
    assert page is not None
    page.refresh_numbers()
    said = page.differential.counted.accessibleName()
    workspace.change_settings(target_cells=400)
    page.refresh_numbers()
    assert page.differential.counted.accessibleName() == said
    assert "100" in said
