"""Banners, progress, dialogs, key map, memory."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.signing import SigningCheck
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.banner import MOST_SHOWN, BannerStack
from bloodcells_gui.ui.case_header import CaseHeader, Chip
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.about import AboutDialog
from bloodcells_gui.ui.dialogs.common import parse_number
from bloodcells_gui.ui.dialogs.export import ExportDialog
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog, KeyMapModel
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.dialogs.sign import AmendDialog, SignDialog
from bloodcells_gui.ui.empty_state import EmptyState
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.progress_bar import AnalysisBar
from bloodcells_gui.ui.window_memory import Memory
from tests.support.fakes import FakeSession, make_cells


def ok_button(dialog: object) -> QPushButton:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)  # type: ignore[attr-defined]


@pytest.fixture
def banners(qtbot: QtBot, context: UiContext) -> BannerStack:
    stack = BannerStack(context)
    qtbot.addWidget(stack)
    stack.show()
    return stack


def test_an_error_is_told_in_three_parts_in_the_language(banners: BannerStack, context: UiContext) -> None:
    error = UserError("{path} is empty.", "It has no bytes.", "Copy it again.", path="<b>a</b>.jpg")
    banner = banners.error(error)
    assert banner.texts == ("<b>a</b>.jpg is empty.", "It has no bytes.", "Copy it again.")
    assert banner.accessibleName() == error.text()


def test_banners_stack_newest_first_and_count_the_rest(banners: BannerStack) -> None:
    for i in range(5):
        banners.show_banner("warning", f"notice {i}")
    assert [b.texts[0] for b in banners.banners][:2] == ["notice 4", "notice 3"]
    assert sum(b.isVisibleTo(banners) for b in banners.banners) == MOST_SHOWN
    assert banners.more_label.text() == "2 more notices"


def test_the_same_notice_stands_once_and_can_be_dismissed(banners: BannerStack) -> None:
    banners.show_banner("info", "again")
    banner = banners.show_banner("info", "again")
    assert len(banners.banners) == 1
    close = next(b for b in banner.findChildren(QToolButton) if b.accessibleName() == "Dismiss")
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert banners.banners == ()
    assert not banners.isVisible()


def test_good_news_goes_by_itself(qtbot: QtBot, banners: BannerStack) -> None:
    banners.show_banner("ok", "saved", vanish_ms=20)
    qtbot.waitUntil(lambda: not banners.banners)


def test_a_fault_of_the_program_can_be_copied(banners: BannerStack) -> None:
    banner = banners.crash(RuntimeError("case of Erika Mustermann"))
    copy = next(b for b in banner.findChildren(QPushButton) if "Copy" in b.text())
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert "builtins.RuntimeError (its message is left out)" in copied
    assert "Mustermann" not in copied


def test_progress_says_cells_rate_and_time_left(qtbot: QtBot, context: UiContext) -> None:
    bar = AnalysisBar(context)
    qtbot.addWidget(bar)
    bar.begin()
    bar.show_progress(Progress(40, 1200, "images", 38, 123.4, 185.0))
    assert bar.text_label.text() == "40 of 1,200 images  ·  38 cells found  ·  123/s  ·  3 min 05 s left"
    with qtbot.waitSignal(bar.cancelled):
        QTest.mouseClick(bar.cancel_button, Qt.MouseButton.LeftButton)
    assert not bar.cancel_button.isEnabled()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.11", 0.11),
        ("0,11", 0.11),
        (" 7 ", 7.0),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("x", None),
        ("1_0", None),
        ("1e-1", 0.1),
    ],
)
def test_numbers_are_read_with_either_sign(text: str, value: float | None) -> None:
    assert parse_number(text) == value


def test_opening_asks_and_refuses_nonsense(qtbot: QtBot, context: UiContext) -> None:
    dialog = OpenOptionsDialog(context, Path("/data/" + "long name " * 40))
    qtbot.addWidget(dialog)
    assert dialog.options().mpp is None
    assert ok_button(dialog).isEnabled()
    QTest.keyClicks(dialog.mpp, "abc")
    assert not ok_button(dialog).isEnabled()
    dialog.mpp.setText("0,108")
    dialog.wbc.setText("6.2")
    dialog.corrected.setCurrentIndex(dialog.corrected.findData("no"))
    dialog.kind.setCurrentIndex(dialog.kind.findData("fields"))
    options = dialog.options()
    assert (options.mpp, options.kind) == (0.108, "fields")
    assert dict(options.fields) == {"wbc": "6.2", "wbc_corrected": "no"}


def test_signing_waits_for_checks_name_and_explanation(qtbot: QtBot, context: UiContext) -> None:
    waiting = SigningCheck("{n} cells are still unidentified.", (("n", "3"),), cells=(1, 2, 3))
    blocked = SignDialog(context, "A. Technician", [waiting])
    qtbot.addWidget(blocked)
    blocked.name.setText("A. Technician")
    assert not ok_button(blocked).isEnabled()
    show = next(b for b in blocked.findChildren(QPushButton) if b.text() == "Show")
    with qtbot.waitSignal(blocked.cells_wanted) as caught:
        show.click()
    assert caught.args == [(1, 2, 3)]
    doubtful = SignDialog(
        context, "A. Technician", [SigningCheck("Target not reached.", blocking=False, id="target")]
    )
    qtbot.addWidget(doubtful)
    doubtful.name.setText("A. Technician")
    assert not ok_button(doubtful).isEnabled()
    doubtful.fields["target"].setText("leukopenic")
    assert ok_button(doubtful).isEnabled()
    clear = SignDialog(context, "A. Technician")
    qtbot.addWidget(clear)
    assert not ok_button(clear).isEnabled()
    clear.name.setText(" A.  Technician ")
    assert clear.answer()[0] == "A. Technician"
    assert ok_button(clear).isEnabled()


def test_an_amendment_needs_a_reason(qtbot: QtBot) -> None:
    dialog = AmendDialog()
    qtbot.addWidget(dialog)
    assert not ok_button(dialog).isEnabled()
    dialog.reason.setText("wrong patient")
    assert ok_button(dialog).isEnabled()


def test_export_says_that_the_report_will_be_preliminary(qtbot: QtBot, context: UiContext) -> None:
    from PySide6.QtWidgets import QLabel

    dialog = ExportDialog(context, LabSettings(paper="letter"), Path("/tmp/x"), unidentified=2)
    qtbot.addWidget(dialog)
    assert any("2 cells are still unidentified" in label.text() for label in dialog.findChildren(QLabel))
    dialog.lang.setCurrentIndex(dialog.lang.findData("fr"))
    folder, options = dialog.answer()
    assert (str(folder), options.paper, options.lang) == ("/tmp/x", "letter", "fr")
    dialog.folder.clear()
    assert not ok_button(dialog).isEnabled()


def test_the_key_map_has_no_doubles_whatever_is_typed(qtbot: QtBot, context: UiContext) -> None:
    model = KeyMapModel(context, dict(context.keymap.items()))
    rows = {c.code: i for i, c in enumerate(CLASSES)}
    assert model.setData(model.index(rows["SNE"], 1), "s")
    assert model.keys["SNE"] == "S"
    assert model.keys["LY"] == "Q"
    for nonsense in ("", "ab", "N", "U", " "):
        assert not model.setData(model.index(rows["SNE"], 1), nonsense)
    assert len(set(model.keys.values())) == len(CLASSES)


def test_the_printed_key_map_escapes_its_texts(qtbot: QtBot, context: UiContext) -> None:
    dialog = KeyMapDialog(context, LabSettings())
    qtbot.addWidget(dialog)
    dialog.model.keys["SNE"] = "<"
    text = dialog.document().toPlainText()
    assert "Segmented neutrophil" in text
    assert "<" in text


def test_about_says_what_it_is_not_for(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QLabel

    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert any("For Research Use Only" in label.text() for label in dialog.findChildren(QLabel))


def test_a_bad_key_falls_back_and_is_named() -> None:
    keys = KeyMap({"SNE": "N", "LY": "1", "XX": "z", "MO": "ab"})
    assert keys.key("SNE") == "Q"
    assert keys.key("LY") == "1"
    assert keys.code("1") == "LY"
    assert set(keys.problems) == {"SNE", "XX", "MO"}


def test_a_laboratorys_key_wins_over_a_default() -> None:
    keys = KeyMap({"LY": "Q"})
    assert keys.code("Q") == "LY"
    assert keys.key("SNE") == ""


def test_the_header_shows_what_must_not_be_overlooked(qtbot: QtBot, context: UiContext) -> None:
    session = FakeSession(make_cells(50))
    header = CaseHeader(context, session)
    qtbot.addWidget(header)
    assert {c.accessibleName() for c in header.findChildren(Chip)} >= {"Synthetic", "Preliminary"}
    assert "0.105 µm/px (from red cells)" in header.facts_label.text()


def test_long_names_are_shortened_not_clipped(qtbot: QtBot) -> None:
    label = ElidedLabel("specimen\n" + "x" * 400)
    qtbot.addWidget(label)
    label.resize(120, 20)
    label.show()
    assert "…" in label.text()
    assert label.fontMetrics().horizontalAdvance(label.text()) <= 120
    assert label.toolTip() == "specimen " + "x" * 400


def test_recent_cases_lead_back(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    empty = EmptyState(context)
    qtbot.addWidget(empty)
    empty.show_recent([("case one", tmp_path / "one.bcs")])
    button = next(b for b in empty.findChildren(QPushButton) if "case one" in b.accessibleName())
    with qtbot.waitSignal(empty.path_chosen) as caught:
        button.click()
    assert caught.args == [str(tmp_path / "one.bcs")]


def test_a_closed_window_has_written_what_it_remembers(window: MainWindow, tmp_path: Path) -> None:
    window.resize(1210, 790)
    (tmp_path / "window.ini").unlink(missing_ok=True)
    window.close()
    assert (tmp_path / "window.ini").is_file()


def test_memory_forgets_who_reviewed_overnight(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "m.ini")
    memory.remember_author("A. Technician", date(2026, 11, 23))
    assert memory.author_of_today(date(2026, 11, 23)) == "A. Technician"
    assert memory.author_of_today(date(2026, 11, 24)) == ""
    assert memory.last_author() == "A. Technician"
    memory.put("window", QByteArray(b"abc"))
    assert memory.bytes("window") == QByteArray(b"abc")
    assert memory.bytes("nothing").isEmpty()
    memory.put("gallery/side", "not a number")
    assert memory.number("gallery/side", 96) == 96
