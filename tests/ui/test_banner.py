"""What went well or wrong is said in banners: in three parts, newest first, and not twice."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
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
