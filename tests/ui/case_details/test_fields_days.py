"""Days are shown and typed as the language writes them; the case holds YYYY-MM-DD."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.findings import Finding
from bloodcells_gui.domain.settings import DEFAULT_FIELDS, LabSettings, QualityRules
from bloodcells_gui.ui.case_details.fields import FieldRow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.settings.quality_page import QualityPage

SPEC = next(s for s in DEFAULT_FIELDS if s.name == "birth_date")


@pytest.fixture
def french(context: UiContext) -> Iterator[UiContext]:
    context.language.choose("fr")
    yield context
    context.language.choose("en")


def typed(row: FieldRow, text: str) -> str:
    """What is entered when `text` is typed and the field is left."""
    assert isinstance(row.editor, QLineEdit)
    entered: list[str] = []
    row.entered.connect(entered.append)
    row.editor.clear()
    QTest.keyClicks(row.editor, text)
    row.editor.editingFinished.emit()
    row.entered.disconnect(entered.append)
    return entered[0] if entered else row.problem_label.text()


def test_a_french_form_shows_and_takes_french_days(qtbot: QtBot, french: UiContext) -> None:
    row = FieldRow(french, SPEC)
    qtbot.addWidget(row)
    row.show_value("1961-07-14")
    assert row.text() == "14/07/1961"
    assert not row.pending
    assert typed(row, "02/03/1970") == "1970-03-02"
    assert row.pending
    assert typed(row, "1970-03-02") == "1970-03-02"
    assert typed(row, "30/02/1970") == "Pas une date\u00a0: écrivez JJ/MM/AAAA."
    assert typed(row, "14/07/1961") == "1961-07-14"
    assert not row.pending
    assert isinstance(row.editor, QLineEdit)
    assert row.editor.placeholderText() == "JJ/MM/AAAA"


def test_an_english_form_stays_with_what_is_stored(qtbot: QtBot, context: UiContext) -> None:
    row = FieldRow(context, SPEC)
    qtbot.addWidget(row)
    row.show_value("1961-07-14")
    assert row.text() == "1961-07-14"
    assert typed(row, "02/03/1970") == "Not a day: write YYYY-MM-DD."


def test_a_time_that_is_stored_with_a_day_is_not_lost(qtbot: QtBot, french: UiContext) -> None:
    row = FieldRow(french, SPEC)
    qtbot.addWidget(row)
    row.show_value("1961-07-14T08:15:30Z")
    assert row.text() == "14/07/1961 08:15"
    assert not row.pending
    assert row.value() == "1961-07-14T08:15:30Z"


def test_other_french_forms_do_the_same(qtbot: QtBot, french: UiContext) -> None:
    dialog = FindingDialog(french, Finding("class:BL", "Blast", 3), None)
    qtbot.addWidget(dialog)
    dialog.told.setText("Dr X")
    written = dialog.told_at.text()
    assert written[2] == written[5] == "/"
    stored = dialog.answer().told_at
    assert stored.endswith("Z")
    dialog.told_at.setText(f"{written[6:10]}-{written[3:5]}-{written[:2]}{written[10:]}")
    assert dialog.answer().told_at == stored
    page = QualityPage(french, LabSettings(quality=QualityRules(since="2026-11-01", until="2026-11-20")))
    qtbot.addWidget(page)
    assert page.since.text() == "01/11/2026"
    page.until.setText("25/11/2026")
    quality = page.changes()["quality"]
    assert isinstance(quality, QualityRules)
    assert (quality.since, quality.until) == ("2026-11-01", "2026-11-25")
