"""What went well or wrong is said in banners: in three parts, newest first, and not twice."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QPushButton, QToolButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import MOST_SHOWN, BannerStack
from bloodcells_gui.ui.context import UiContext


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


def test_the_newest_takes_one_line_and_counts_the_rest(qtbot: QtBot, banners: BannerStack) -> None:
    banners.resize(700, 40)
    for i in range(MOST_SHOWN + 2):
        banners.show_banner("critical" if i == 1 else "warning", f"notice {i}", "a reason " * 40, "do this")
    newest = banners.banners[0]
    assert newest.texts[0] == f"notice {MOST_SHOWN + 1}"
    assert [b for b in banners.banners if b.isVisibleTo(banners)] == [newest]
    assert newest.more.text() == f"{MOST_SHOWN + 1} more notices"
    qtbot.waitUntil(lambda: newest.height() <= 3 * newest.fontMetrics().lineSpacing())
    QTest.mouseClick(newest.more, Qt.MouseButton.LeftButton)
    assert sum(b.isVisibleTo(banners) for b in banners.banners) == MOST_SHOWN
    QTest.mouseClick(newest.more, Qt.MouseButton.LeftButton)
    assert [b for b in banners.banners if b.isVisibleTo(banners)] == [newest]


class Dialog(QDialog):
    """Notices above a field."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self.banners, self.field = BannerStack(context), QLineEdit()
        layout = QVBoxLayout(self)
        layout.addWidget(self.banners)
        layout.addWidget(self.field)
        layout.addStretch(1)


def test_a_line_that_is_cut_offers_the_whole_text(qtbot: QtBot, context: UiContext) -> None:
    dialog = Dialog(context)
    qtbot.addWidget(dialog)
    dialog.resize(500, 400)
    dialog.show()
    banners = dialog.banners
    short = banners.show_banner("info", "Short.", "It fits.")
    qtbot.waitUntil(lambda: short.width() > 400)
    assert short.unfold.isHidden()
    long = banners.show_banner("info", "Long.", "This reason does not fit into a line. " * 5)
    qtbot.waitUntil(lambda: not long.unfold.isHidden())
    before = long.sizeHint().height()
    QTest.mouseClick(long.unfold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: long.height() > 2 * before)
    QTest.mouseClick(long.unfold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: long.height() <= before + 4)


def test_a_notice_never_takes_the_keyboard_and_esc_closes_it_before_the_dialog(
    qtbot: QtBot, context: UiContext
) -> None:
    dialog = Dialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.field.setFocus()
    acted: list[int] = []
    for n in range(2):
        dialog.banners.show_banner("warning", f"notice {n}", actions=(("Act", lambda: acted.append(1)),))
    assert dialog.focusWidget() is dialog.field
    QTest.mouseClick(dialog.banners.banners[0].findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
    assert acted == [1]
    assert dialog.focusWidget() is dialog.field
    for left in (1, 0):
        QTest.keyClick(dialog.field, Qt.Key.Key_Escape)
        assert len(dialog.banners.banners) == left
        assert dialog.isVisible()
    QTest.keyClick(dialog.field, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_keyboard_goes_to_the_notices_and_back(qtbot: QtBot, context: UiContext) -> None:
    dialog = Dialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.field.setFocus()
    dialog.banners.take_keyboard()
    assert dialog.focusWidget() is dialog.field
    dialog.banners.show_banner("warning", "older")
    newest = dialog.banners.show_banner("warning", "newest", actions=(("Act", lambda: None),))
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.banners.take_keyboard()
    assert newest.isAncestorOf(dialog.focusWidget())
    assert all(b.isVisible() for b in dialog.banners.banners)
    dialog.banners.take_keyboard()
    assert dialog.focusWidget() is dialog.field
    dialog.banners.take_keyboard()
    dialog.banners.dismiss(newest)
    assert dialog.focusWidget() is dialog.field


def test_a_notice_that_esc_closed_stays_closed_and_one_that_is_settled_goes(
    qtbot: QtBot, context: UiContext
) -> None:
    dialog = Dialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.banners.notice("clock", "warning", "The clock went back.") is not None
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.banners.banners == ()
    assert dialog.banners.notice("clock", "warning", "The clock went back.") is None
    dialog.banners.notice("recovery", "info", "The program did not end properly.")
    kept = dialog.banners.show_banner("info", "Another.")
    dialog.banners.settle("recovery")
    assert dialog.banners.banners == (kept,)


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
