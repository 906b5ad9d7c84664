"""What is typed and not yet in the record survives leaving and closing, and is asked about."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.drafts import COMMENT, NOTE
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import signing_checks
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.audit import verify
from bloodcells_gui.ui.case_details.page import CaseDetailsPage
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.sign import SignDialog, UnsavedCommentDialog
from bloodcells_gui.ui.reference_library.window import NoteDialog
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools

Key = Qt.Key
WORDS = "Toxic granulation, repeat in citrate."


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
def path(workspace: Workspace) -> Path:
    return a_case(workspace.cases_dir / "one.bcs", 60)


@pytest.fixture
def session(bench: ToolWindows, path: Path) -> CaseSession:
    bench.window.opener.open_path(path)
    assert bench.session is not None
    return bench.session


def record(bench: ToolWindows, part: int) -> CaseDetailsPage:
    bench.show_case_details(part)
    assert bench.case_details is not None
    return bench.case_details


def again(bench: ToolWindows, path: Path) -> CaseSession:
    bench.window.close_case()
    bench.window.opener.open_path(path)
    assert bench.session is not None
    return bench.session


def editor(bench: ToolWindows, name: str) -> QLineEdit:
    found = record(bench, 0).fields.rows[name].editor
    assert isinstance(found, QLineEdit)
    found.setFocus()
    return found


def test_a_comment_not_added_is_there_again_and_the_foot_says_so(
    bench: ToolWindows, session: CaseSession, path: Path
) -> None:
    panel = record(bench, 2).comments
    assert bench.window.saved_label.text() == "Every decision is saved"
    panel.words.setFocus()
    QTest.keyClicks(panel.words, WORDS)
    assert bench.window.saved_label.text() == "A comment is not added yet"
    assert record(bench, 2).tabText(2) == "Comments •"
    assert panel.hint.isVisible()
    session = again(bench, path)
    assert session.state.notes == []
    panel = record(bench, 2).comments
    assert panel.words.toPlainText() == WORDS
    assert bench.window.saved_label.text() == "A comment is not added yet"
    panel.add()
    assert [n.text for n in session.state.notes] == [WORDS]
    assert bench.window.saved_label.text() == "Every decision is saved"
    session = again(bench, path)
    assert record(bench, 2).comments.words.toPlainText() == ""
    bench.window.close_case()
    assert verify(path).ok


def test_a_crash_costs_no_more_than_the_last_moment(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession, path: Path
) -> None:
    panel = record(bench, 2).comments
    QTest.keyClicks(panel.words, WORDS)

    def kept() -> bool:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
            found = connection.execute("SELECT value FROM drafts WHERE key = ?", (COMMENT,)).fetchone()
        return found is not None and found[0] == WORDS

    qtbot.waitUntil(kept, timeout=4000)
    assert session.store.events() == []


def test_a_crash_costs_no_field_that_was_being_filled_in(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession, path: Path
) -> None:
    QTest.keyClicks(editor(bench, "requester"), "Ward 7")
    QTest.keyClicks(editor(bench, "collected_at"), "yesterday")  # no day: it cannot be saved on leaving

    def kept() -> set[tuple[str, str]]:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
            return set(connection.execute("SELECT key, value FROM drafts"))

    qtbot.waitUntil(lambda: kept() == {("field/collected_at", "yesterday")}, timeout=4000)
    editor(bench, "requester").setText("Ward 8, Dr Ma")
    qtbot.waitUntil(
        lambda: kept() == {("field/collected_at", "yesterday"), ("field/requester", "Ward 8, Dr Ma")},
        timeout=4000,
    )
    assert session.state.data.fields["requester"] == "Ward 7"


def test_the_foot_names_a_field_and_a_comment_together(bench: ToolWindows, session: CaseSession) -> None:
    QTest.keyClicks(editor(bench, "wbc"), "7.4x")
    QTest.keyClicks(record(bench, 2).comments.words, WORDS)
    assert bench.window.saved_label.text() == "Not saved yet: White cell count · A comment is not added yet"


def test_looking_at_the_analyser_asks_nobody_for_a_name(
    bench: ToolWindows, session: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ReviewerDialog, "exec", lambda _: asked.append("who") or 0)
    bench.workspace.author = ""
    panel = record(bench, 3).analyser
    panel.cells.setFocus()
    panel.table.setFocus()  # the focus went through the number of cells
    model = panel.model
    model.setData(model.index(0, 1), "")  # an editor opened and left
    assert asked == []
    model.setData(model.index(0, 1), "61,5")
    assert asked == ["who"]


def test_a_case_open_for_reading_takes_no_comment_and_no_draft(
    bench: ToolWindows, session: CaseSession, path: Path
) -> None:
    QTest.keyClicks(record(bench, 2).comments.words, WORDS)
    bench.window.close_case()
    before = path.read_bytes()
    bench.window.opener.open_case(path, read_only=True)
    panel = record(bench, 2).comments
    assert panel.words.toPlainText() == WORDS
    assert not panel.words.isVisibleTo(panel)
    assert not panel.button.isVisibleTo(panel)
    bench.window.close_case()
    assert path.read_bytes() == before


def test_a_comment_too_long_is_not_cut_silently(bench: ToolWindows, session: CaseSession) -> None:
    panel = record(bench, 2).comments
    panel.words.setPlainText("x" * 2003)
    panel.add()
    assert session.state.notes == []
    assert panel.hint.text() == "Too long to be added: 2003 of 2000 characters"


@pytest.mark.parametrize(("answer", "added"), [("add", [WORDS]), ("discard", []), ("back", None)])
def test_signing_asks_about_a_comment_that_is_not_added(
    bench: ToolWindows,
    session: CaseSession,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    added: list[str] | None,
) -> None:
    panel = record(bench, 2).comments
    panel.words.setFocus()
    QTest.keyClicks(panel.words, WORDS)
    asked: list[str] = []

    def exec_comment(dialog: UnsavedCommentDialog) -> int:
        asked.append("comment")
        assert "typed it" not in " ".join(w.text() for w in dialog.findChildren(QLabel))  # it is one's own
        if answer == "discard":
            dialog.discard()
        return int(QDialog.DialogCode.Rejected if answer == "back" else QDialog.DialogCode.Accepted)

    def exec_sign(dialog: SignDialog) -> int:
        asked.append("sign")
        return int(QDialog.DialogCode.Rejected)

    monkeypatch.setattr(UnsavedCommentDialog, "exec", exec_comment)
    monkeypatch.setattr(SignDialog, "exec", exec_sign)
    bench.window.sign()
    if added is None:
        assert asked == ["comment"]
        assert panel.words.toPlainText() == WORDS
        assert any("not added" in check.text for check in signing_checks(session))
        return
    assert asked == ["comment", "sign"]
    assert [n.text for n in session.state.notes] == added
    assert panel.words.toPlainText() == ""
    assert not any("not added" in check.text for check in signing_checks(session))


def test_a_field_that_cannot_be_saved_stays_and_is_there_again(
    bench: ToolWindows, session: CaseSession, path: Path
) -> None:
    QTest.keyClicks(editor(bench, "wbc"), "7.4x")
    bench.window.commit_typing()
    session.relabel([session.cells[0].id], "LY")  # refreshes the form
    row = record(bench, 0).fields.rows["wbc"]
    assert (row.text(), row.problem_label.text()) == ("7.4x", "Not a number.")
    assert bench.window.saved_label.text() == "Not saved yet: White cell count"
    session = again(bench, path)
    row = record(bench, 0).fields.rows["wbc"]
    assert (row.text(), row.problem_label.text()) == ("7.4x", "Not a number.")
    assert "wbc" not in session.state.data.fields
    (check,) = [c for c in signing_checks(session) if "not saved" in c.text]
    assert check.blocking
    assert dict(check.params) == {"field": "White cell count", "text": "7.4x"}
    field = editor(bench, "wbc")
    field.selectAll()
    QTest.keyClicks(field, "7.4")
    bench.window.commit_typing()
    assert session.state.data.fields["wbc"] == "7.4"
    assert not [c for c in signing_checks(session) if "not saved" in c.text]
    assert bench.window.saved_label.text() == "Every decision is saved"


def test_what_is_being_typed_counts_when_the_case_is_signed_exported_or_closed(
    bench: ToolWindows, session: CaseSession, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        bench.window.reporter, "export", lambda s, _: seen.append(s.state.data.fields.get("stain", ""))
    )
    monkeypatch.setattr(
        bench.window.reporter, "sign", lambda c, _: seen.append(c.session.state.data.fields.get("stain", ""))
    )
    QTest.keyClicks(editor(bench, "stain"), "MGG")
    bench.window.export()
    QTest.keyClicks(editor(bench, "stain"), "2")
    bench.window.sign()
    assert seen == ["MGG", "MGG2"]
    QTest.keyClicks(editor(bench, "stain"), "3")
    assert again(bench, path).state.data.fields["stain"] == "MGG23"
    table = record(bench, 3).analyser.table
    table.edit(table.model().index(0, 1))
    typing = QApplication.focusWidget()
    assert isinstance(typing, QLineEdit)
    QTest.keyClicks(typing, "61.5")
    assert again(bench, path).state.data.fields["analyser.NE"] == "61.5"


def test_without_a_name_what_was_typed_is_a_draft(
    bench: ToolWindows, session: CaseSession, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.workspace.author = ""
    monkeypatch.setattr(ReviewerDialog, "exec", lambda _: 0)
    QTest.keyClicks(editor(bench, "stain"), "MGG")
    session = again(bench, path)
    assert session.state.data.fields == {}
    assert record(bench, 0).fields.rows["stain"].text() == "MGG"
    assert bench.window.saved_label.text() == "Not saved yet: Stain"


def test_a_note_for_the_library_is_there_again_until_it_is_kept(
    bench: ToolWindows, session: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = session.cells[0].id
    assert bench.window.page is not None
    bench.window.page.gallery.view.select_ids([cell])
    shown: list[str] = []

    def exec_note(dialog: NoteDialog) -> int:
        shown.append(dialog.note.text())
        dialog.note.setText("fine granules")
        return 1

    def refused(ids: list[int], note: str) -> None:
        raise UserError("The library is full.")

    monkeypatch.setattr(NoteDialog, "exec", exec_note)
    with pytest.raises(UserError, match="not reviewed yet"):
        bench.add_to_library()
    assert shown == []  # nothing is asked where it would be refused
    session.relabel([cell], "LY")
    monkeypatch.setattr(bench, "keep", refused)
    with pytest.raises(UserError, match="full"):
        bench.add_to_library()
    assert session.drafts.text(NOTE) == "fine granules"
    monkeypatch.undo()
    monkeypatch.setattr(NoteDialog, "exec", exec_note)
    bench.add_to_library()
    assert shown == ["", "fine granules"]
    assert session.drafts.text(NOTE) == ""


def test_the_line_of_an_unsaved_field_leads_to_it(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession
) -> None:
    QTest.keyClicks(editor(bench, "wbc"), "7.4x")
    bench.window.page.views.setCurrentIndex(0)  # type: ignore[union-attr]
    bench.case_details.keep_drafts()  # type: ignore[union-attr]
    check = next(c for c in signing_checks(session) if c.unsaved)
    assert check.unsaved == "wbc"
    bench.window.reporter.unsaved_wanted.emit(check.unsaved)
    row = bench.case_details.fields.rows["wbc"]  # type: ignore[union-attr]
    qtbot.waitUntil(row.editor.hasFocus)
    assert row.editor.isVisible()
    bench.window.reporter.unsaved_wanted.emit(COMMENT)
    assert bench.case_details.currentIndex() == 2  # type: ignore[union-attr]
