"""The dialogs of a signature: each check with its answer, critical findings, reasons, what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.drafts import COMMENT
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing_checks import SigningCheck
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.findings import CONFIRMED, REFUTED, Finding
from bloodcells_gui.domain.settings import NONE, LabSettings, SigningRules
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.dialogs.reason import ReasonDialog
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.settings.signing_page import SigningPage
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.workbench_window import a_case, a_workspace

ASK = SigningCheck(
    "{n} of {all} leukocytes were not looked at by a person.",
    (("n", "7"), ("all", "60")),
    False,
    (1, 2),
    "unreviewed",
)
BLAST = Finding("BL", "Blast", ("BL",), 3)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[MainWindow]:
    window = MainWindow(context, workspace, memory)
    window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 60))
    yield window
    window.close()
    window.deleteLater()


def session_of(window: MainWindow) -> CaseSession:
    assert window.page is not None
    session = window.page.session
    assert isinstance(session, CaseSession)
    return session


def ok(dialog: Form) -> QPushButton:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)


def said(dialog: QDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def test_every_open_point_needs_an_answer_of_its_own(qtbot: QtBot, context: UiContext) -> None:
    target = SigningCheck("The analysis did not run to its end.", (), False, (), "incomplete")
    dialog = SignDialog(context, "Ana", [ASK, target], reviewed="0 of 60 cells were looked at by a person.")
    qtbot.addWidget(dialog)
    dialog.name.setText(" Ana  Lopez ")
    assert not ok(dialog).isEnabled()
    assert "7 of 60 leukocytes were not looked at by a person." in said(dialog)
    assert "0 of 60 cells were looked at by a person." in said(dialog)
    dialog.fields["unreviewed"].setText("spot check")
    assert not ok(dialog).isEnabled()
    dialog.fields["incomplete"].setText("short smear")
    assert ok(dialog).isEnabled()
    assert dialog.answer() == (
        "Ana Lopez", "Reviewed and reported", {"unreviewed": "spot check", "incomplete": "short smear"},
    )  # fmt: skip


def test_what_was_typed_stays_when_a_finding_is_answered(qtbot: QtBot, context: UiContext) -> None:
    finding = SigningCheck("Critical finding, not answered yet: {name}, {n} cells.",
                           (("name", "Blast"), ("n", "3")), True, (1,), finding=BLAST)  # fmt: skip
    dialog = SignDialog(context, "Ana", [finding, ASK], drafts={"unreviewed": "begun before"})
    qtbot.addWidget(dialog)
    dialog.name.setText("Ana")
    assert dialog.fields["unreviewed"].text() == "begun before"
    assert not ok(dialog).isEnabled()
    chosen: list[object] = []
    dialog.finding_chosen.connect(chosen.append)
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Answer…").click()
    assert chosen == [BLAST]
    dialog.fields["unreviewed"].setText("spot check")
    dialog.show_checks([ASK])
    assert dialog.fields["unreviewed"].text() == "spot check"
    assert ok(dialog).isEnabled()


def test_a_confirmed_finding_names_who_was_told(qtbot: QtBot, context: UiContext) -> None:
    dialog = FindingDialog(context, BLAST)
    qtbot.addWidget(dialog)
    assert not ok(dialog).isEnabled()
    QTest.keyClicks(dialog.told, "Dr. Weiss")
    assert ok(dialog).isEnabled()
    dialog.told_at.setText("yesterday")
    assert not ok(dialog).isEnabled()
    dialog.told_at.setText("2026-11-29 09:05")
    answer = dialog.answer()
    assert (answer.verdict, answer.told) == (CONFIRMED, "Dr. Weiss")
    assert answer.told_at.endswith(":05:00Z")
    dialog.told_at.clear()
    assert (ok(dialog).isEnabled(), dialog.answer().told_at) == (True, "")
    dialog.verdict.setCurrentIndex(dialog.verdict.findData(REFUTED))
    assert not ok(dialog).isEnabled()  # its cells must be given their class
    assert not dialog.hint.isHidden()


def test_an_answer_that_was_begun_is_there_again(
    window: MainWindow, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(window)
    session.relabel([c.id for c in session.cells if session.state.label(c.id) == "UNI"], "LY")
    shown: list[str] = []

    def exec_sign(dialog: SignDialog) -> int:
        shown.append(dialog.fields["unreviewed"].text())
        dialog.fields["unreviewed"].setText("only the doubtful")
        return int(QDialog.DialogCode.Rejected)

    monkeypatch.setattr(SignDialog, "exec", exec_sign)
    window.sign()
    path = session.path
    window.close_case()
    window.opener.open_path(path)
    window.sign()
    assert shown == ["", "only the doubtful"]
    assert not [e for e in session_of(window).store.events() if e.key.startswith("check/")]


def test_a_blast_is_answered_from_the_dialog_and_signed(
    window: MainWindow, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(window)
    session.relabel([c.id for c in session.cells], "LY")
    session.relabel([session.cells[0].id], "BL")

    def exec_finding(dialog: FindingDialog) -> int:
        dialog.told.setText("Dr. Weiss")
        return int(QDialog.DialogCode.Accepted)

    def exec_sign(dialog: SignDialog) -> int:
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Answer…").click()
        dialog.fields["target"].setText("few cells")
        dialog.name.setText("Ana")
        assert ok(dialog).isEnabled()
        dialog.accept()
        assert not session.state.signed  # who reviews is another: it is asked first
        dialog.meant.click()
        ok(dialog).click()
        return dialog.result()

    monkeypatch.setattr(FindingDialog, "exec", exec_finding)
    monkeypatch.setattr(SignDialog, "exec", exec_sign)
    window.sign()
    assert session.state.signed
    assert "told: Dr. Weiss" in session.state.data.fields["critical/BL"]
    assert session.state.data.fields["check/1/target"] == "few cells"


def test_a_change_without_its_reason_is_not_made(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    session, page = session_of(window), window.page
    assert page is not None
    cell = session.cells[0].id
    session.author = "B. Moreau"
    session.relabel([cell], "MO")
    session.author = "A. Technician"
    page.gallery.view.select_ids([cell])
    reasons = iter(["", "vacuoles"])

    def exec_reason(dialog: ReasonDialog) -> int:
        QTest.keyClicks(dialog.reason, next(reasons))
        ok(dialog).click()
        return dialog.result()

    monkeypatch.setattr(ReasonDialog, "exec", exec_reason)
    page.relabel("EO")
    assert session.decision(cell).final == "MO"
    page.gallery.view.select_ids([cell])
    page.relabel("EO")
    assert session.decision(cell).final == "EO"
    assert session.store.events()[-1].reason == "vacuoles"


def test_the_page_of_the_preferences_gives_back_what_it_shows(qtbot: QtBot, context: UiContext) -> None:
    rules = SigningRules(NONE, 80.0, "block", "ask", "none", NONE, ("BL", "ERB"), "always")
    page = SigningPage(context, LabSettings(signing=rules))
    qtbot.addWidget(page)
    assert page.changes() == {"signing": rules}


@pytest.mark.parametrize("rows", [1, 7, 20])
def test_wrapped_texts_push_no_row_over_another(qtbot: QtBot, context: UiContext, rows: int) -> None:
    context.language.choose("fr")  # its lead takes two lines
    try:
        dialog = SignDialog(context, "Ann", [ASK] * rows, reviewed="60 cellules sur 60 ont été vues.")
        qtbot.addWidget(dialog)
        dialog.resize(dialog.minimumWidth(), 200)
        dialog.show()
        qtbot.waitExposed(dialog)

        def places() -> list[QRect]:
            items = [dialog.outer.itemAt(i) for i in range(dialog.outer.count())]
            return [item.geometry() for item in items if not item.isEmpty()]

        def in_order() -> bool:
            return all(above.bottom() < below.top() for above, below in pairwise(places()))

        qtbot.waitUntil(in_order, timeout=2000)
        assert dialog.rect().contains(places()[-1])
    finally:
        context.language.choose("en")


def a_finding(name: str) -> SigningCheck:
    text = "Critical finding, not answered yet: {name}, {n} cells."
    return SigningCheck(text, (("name", name), ("n", "3")), True, (1,), finding=BLAST)


def test_after_an_answer_the_next_missing_thing_has_the_focus_and_no_gap_is_left(
    qtbot: QtBot, context: UiContext
) -> None:
    dialog = SignDialog(context, "Ana", [a_finding("Blast"), a_finding("Plasma cell"), ASK])
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    qtbot.waitExposed(dialog)
    tall = dialog.height()
    dialog.show_checks([a_finding("Plasma cell"), ASK])
    focus = dialog.focusWidget()
    assert isinstance(focus, QPushButton)
    assert focus.text() == "Answer…"
    assert focus.accessibleName().endswith("Plasma cell, 3 cells.")
    qtbot.waitUntil(lambda: dialog.height() < tall)
    dialog.show_checks([ASK])
    assert dialog.focusWidget() is dialog.fields["unreviewed"]
    dialog.fields["unreviewed"].setText("spot check")
    dialog.show_checks([ASK])
    assert dialog.focusWidget() is dialog.name


@pytest.mark.parametrize("place", ["birth_date", COMMENT])
def test_what_is_not_saved_is_one_click_away(qtbot: QtBot, context: UiContext, place: str) -> None:
    check = SigningCheck(
        "Typed and not saved: {field} “{text}”.", (("field", "x"), ("text", "y")), unsaved=place
    )
    dialog = SignDialog(context, "Ana", [check])
    qtbot.addWidget(dialog)
    dialog.show()
    shown: list[str] = []
    dialog.unsaved_wanted.connect(shown.append)
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Show").click()
    assert shown == [place]
    assert not dialog.isVisible()
