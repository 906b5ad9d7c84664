"""A case in the window that another station writes: said at once, with the way on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app import case_lease
from bloodcells_gui.app.case_lease import CaseLease
from bloodcells_gui.app.lab_database import init
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.storage import database as case_database
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lock import CaseLock
from bloodcells_gui.storage.write_lease import seed_of
from bloodcells_gui.ui.banner import Banner
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench import case_care, shared_case
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.shared_cases import UnseenLock
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def tools(
    context: UiContext, workspace: Workspace, memory: WindowMemory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ToolWindows]:
    monkeypatch.setattr(shared_case, "_LOOK_MS", 50)
    monkeypatch.setattr(case_lease, "_BEATS", 600)  # one every 0.1 s
    with shown_tools(context, workspace, memory) as tools:
        yield tools


def banner_with(tools: ToolWindows, words: str) -> Banner | None:
    return next((b for b in tools.window.banners.banners if words in " ".join(b.texts)), None)


def press(banner: Banner, text: str) -> None:
    (button,) = [b for b in banner.findChildren(QPushButton) if b.text() == text]
    button.click()


def test_a_case_that_was_taken_over_says_so_keeps_what_is_typed_and_opens_for_reading(
    qtbot: QtBot, tools: ToolWindows, workspace: Workspace, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    init(url)
    workspace.save_settings(replace(workspace.settings, lab_database=url))
    path = a_case(tmp_path / "S-1.bcs", 12)
    tools.window.opener.open_case(path)
    details = tools.case_details
    assert details is not None
    tools.show_case_details(2)
    details.comments.words.setPlainText("Half a sentence")
    pool = LabPool(url)
    other = CaseLease(pool, path, seed_of(path), "Ben", station="bench 2", take_over=True)
    qtbot.waitUntil(lambda: banner_with(tools, "taken over by the station bench 2 (Ben)") is not None)
    kept = banner_with(tools, "not saved is kept")
    assert kept is not None
    assert "Half a sentence" in Path(kept.texts[1]).read_text("utf-8")
    assert tools.window.saved_label.text() == "Nothing more is saved from here"
    said = banner_with(tools, "taken over")
    assert said is not None
    press(said, "Open for reading")
    page = tools.window.page
    assert page is not None
    assert page.session.read_only
    assert banner_with(tools, "taken over") is None
    other.close()
    pool.close()


def test_a_window_that_holds_the_file_is_offered_for_reading_alone(
    tools: ToolWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(tmp_path / "S-1.bcs", 12)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "bench 2")
        lock = CaseLock(path)
    tools.window.opener.open_case(path)
    said = banner_with(tools, "still open and holds the file")
    assert said is not None
    buttons = [b.text() for b in said.findChildren(QPushButton) if b.text()]
    assert buttons == ["Open for reading"]
    lock.release()


def test_a_case_open_for_reading_offers_to_be_read_again_once_it_was_changed(
    qtbot: QtBot, tools: ToolWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(tmp_path / "S-1.bcs", 12)
    monkeypatch.setattr(case_care, "_AFTER_MS", 400)  # its check meets a case that was changed
    tools.window.opener.open_case(path, read_only=True)
    qtbot.wait(200)
    assert banner_with(tools, "changed elsewhere") is None
    with monkeypatch.context() as patch:
        patch.setattr(case_database, "CaseLock", UnseenLock)
        with CaseStore.open(path) as store:
            store.append(make_event(ReviewState([]), EventKind.NOTE, "Ben", new="From bench 2"))
    qtbot.waitUntil(lambda: banner_with(tools, "changed elsewhere") is not None)
    qtbot.wait(500)
    assert banner_with(tools, "damaged") is None
    page = tools.window.page
    assert page is not None
    assert page.session.state.notes == []
    said = banner_with(tools, "changed elsewhere")
    assert said is not None
    press(said, "Read again")
    again = tools.window.page
    assert again is not None
    assert again is not page
    assert [note.text for note in again.session.state.notes] == ["From bench 2"]


def test_a_case_open_for_reading_is_tried_for_again_from_the_list(
    tools: ToolWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(tmp_path / "S-1.bcs", 12)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "bench 2")
        lock = CaseLock(path)
    window = tools.window
    window.opener.open_case(path, read_only=True)
    assert window.saved_label.text() == "Open for reading only"
    assert not window.actions_.get("confirm").isEnabled()
    assert not window.actions_.get("sign").isEnabled()
    home = tools.home
    assert home is not None
    home.open(path, False)  # the other window writes it still
    assert banner_with(tools, "still open and holds the file") is not None
    assert window.page is not None
    assert window.page.session.read_only
    lock.release()
    home.open(path, False)
    assert not window.page.session.read_only
    assert window.saved_label.text() == "Every decision is saved"
    assert window.actions_.get("confirm").isEnabled()
    assert window.actions_.get("sign").isEnabled()
    assert banner_with(tools, "still open and holds the file") is None


def test_a_refused_change_offers_the_way_to_review(tools: ToolWindows, tmp_path: Path) -> None:
    path = a_case(tmp_path / "S-1.bcs", 12)
    tools.window.opener.open_case(path, read_only=True)
    page = tools.window.page
    assert page is not None
    assert not page.controller.may_decide()
    said = banner_with(tools, "open for reading only")
    assert said is not None
    press(said, "Open for review")
    page = tools.window.page
    assert page is not None
    assert page.controller.may_decide()
