"""A signed form looks signed, and the amendment is the one way on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench import tool_windows
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.fixture
def bench(qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory) -> Iterator[ToolWindows]:
    workspace = a_workspace(tmp_path)
    with shown_tools(context, workspace, memory) as bench:
        bench.window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 12))
        yield bench


def test_a_signed_form_says_who_signed_and_takes_nothing_until_it_is_amended(bench: ToolWindows) -> None:
    session, details = bench.session, bench.case_details
    assert session is not None
    assert details is not None
    bench.show_case_details(0)
    strip, row = details.fields.signed_strip, details.fields.rows["stain"]
    assert strip.isHidden()
    assert isinstance(row.editor, QLineEdit)
    assert not row.editor.isReadOnly()
    session.confirm([c.id for c in session.cells])
    sign(session, "Dr Weiss", "Reviewed and reported", "seen")
    details.fields.refresh()
    details.fields.signed_strip.show_case(session)
    assert strip.isVisible()
    assert strip.stamp.text() == "SIGNED"
    assert strip.text.text().startswith("Dr Weiss")
    assert "Reviewed and reported" in strip.text.text()
    assert row.editor.isReadOnly()
    assert not row.editor.hasFrame()
    bench.show_case_details(1)
    assert not details.grades.table.grades.editable
    bench.show_case_details(2)
    assert not details.comments.words.isVisible()
    wanted: list[bool] = []
    details.amend_wanted.connect(lambda: wanted.append(True))
    details.amend_wanted.disconnect(bench.window.sign)
    details.comments.signed_strip.amend.click()
    assert wanted == [True]
    amend(session, "Dr Weiss", "another stain")
    details.comments.refresh()
    details.comments.signed_strip.show_case(session)
    assert details.comments.signed_strip.isHidden()
    assert details.comments.words.isVisible()


def test_a_cell_that_nobody_reviewed_is_refused_before_a_note_is_asked_for(
    bench: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(tool_windows, "NoteDialog", lambda *_, **__: asked.append(True))
    page = bench.window.page
    assert page is not None
    page.gallery.view.select_ids([page.session.cells[0].id])
    with pytest.raises(UserError, match="was not reviewed yet"):
        bench.add_to_library()
    monkeypatch.setattr(tool_windows, "ReviewerDialog", lambda *_, **__: asked.append(True))
    with pytest.raises(UserError, match="nothing to read a second time"):
        bench.second_reading()
    assert asked == []
