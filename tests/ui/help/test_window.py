"""Read, search and walk through the manual."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from bloodcells_gui.app import manual
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.help.contents import ContentsModel
from bloodcells_gui.ui.help.window import ManualWindow
from bloodcells_gui.ui.i18n import Language


@pytest.fixture
def window(qtbot: QtBot, context: UiContext) -> ManualWindow:
    window = ManualWindow(context)
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.open_at("technician#where-the-cells-lie")
    return window


def top_heading(window: ManualWindow) -> str:
    """The first line below the top of the page's view."""
    corner = window.browser.viewport().rect().topLeft()
    cursor = window.browser.cursorForPosition(corner)
    while not cursor.block().text():
        cursor.setPosition(cursor.block().next().position())
    return cursor.block().text()


def test_a_topic_is_shown_with_its_heading_at_the_top(window: ManualWindow) -> None:
    assert top_heading(window) == "Where the cells lie"
    assert "Where the cells lie" in str(window.contents.currentIndex().data())


def test_a_new_width_keeps_the_place(window: ManualWindow, qtbot: QtBot) -> None:
    window.resize(760, 600)
    qtbot.waitUntil(lambda: top_heading(window) == "Where the cells lie")


def test_pictures_fit_and_nothing_else_is_loaded(window: ManualWindow) -> None:
    window.show_topic("technician#1-open")
    assert window.browser.document().idealWidth() <= window.browser.viewport().width() + 1
    kind = QTextDocument.ResourceType.ImageResource.value
    assert not window.browser.loadResource(kind, QUrl("slide.png")).isNull()  # type: ignore[attr-defined]
    for other in ("file:///etc/hostname", "https://example.org/a.png", "../benchmarks.json"):
        assert window.browser.loadResource(kind, QUrl(other)).isNull()  # type: ignore[attr-defined]
    assert window.browser.loadResource(QTextDocument.ResourceType.HtmlResource.value, QUrl("a")) is None


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_page_is_wider_than_a_small_window_and_pages_can_be_turned(
    qtbot: QtBot, context: UiContext, lang: str
) -> None:
    """Turned to and fro: Qt crashes where a document with tables is emptied for the next page."""
    context.language.choose(lang)
    window = ManualWindow(context)
    qtbot.addWidget(window)
    window.resize(1016, 700)
    window.show()
    for name in (*manual.PAGES, *reversed(manual.PAGES)):
        window.show_topic(name)
        qtbot.wait(1)  # it is laid out, and drawn
        assert window.browser.horizontalScrollBar().maximum() == 0, name


def test_no_blank_is_under_a_picture(window: ManualWindow) -> None:
    window.show_topic("technician#the-tour")
    document = window.browser.document()
    block, found = document.begin(), 0
    while block.isValid():
        if "\N{OBJECT REPLACEMENT CHARACTER}" in block.text():
            found += 1
            picture = block.begin().fragment().charFormat().toImageFormat()
            line = block.layout().lineAt(0)
            assert line.height() < picture.height() + 12
        block = block.next()
    assert found >= 5


def test_links_stay_inside_and_lead_back(window: ManualWindow) -> None:
    window.browser.anchorClicked.emit(QUrl("manual:laboratory#backup"))
    assert window.place == ("laboratory", "backup")
    assert top_heading(window) == "Backup"
    window.browser.anchorClicked.emit(QUrl("https://example.org"))
    window.browser.anchorClicked.emit(QUrl("manual:no-such-page"))
    assert window.place == ("laboratory", "backup")
    window.go_back()
    assert window.place == ("technician", "where-the-cells-lie")
    assert not window.back.isEnabled()
    window.go_forward()
    assert top_heading(window) == "Backup"
    assert not window.forward.isEnabled()


def test_search_finds_on_all_pages_and_marks(window: ManualWindow, qtbot: QtBot) -> None:
    window.line.setFocus()
    qtbot.keyClicks(window.line, "counting frame")
    qtbot.keyClick(window.line, Qt.Key.Key_Return)
    hits = window.hits_model.hits
    assert {hit.page for hit in hits} >= {"laboratory", "glossary"}
    seen = set()
    for _ in hits:
        hit = hits[window.hits.currentIndex().row()]
        text = window.browser.document().toPlainText()[hit.position : hit.position + hit.length]
        assert text.lower() == "counting frame"
        marks = window.browser.extraSelections()
        assert text in [m.cursor.selectedText() for m in marks]
        place = window.browser.cursorRect(marks[0].cursor)
        seen.add(window.hits.currentIndex().row())
        assert place is not None
        qtbot.keyClick(window, Qt.Key.Key_F3)
    assert seen == set(range(len(hits)))
    qtbot.keyClick(window, Qt.Key.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert window.hits.currentIndex().row() == len(hits) - 1 or len(hits) == 1


def test_the_chosen_hit_is_in_sight(window: ManualWindow, qtbot: QtBot) -> None:
    window.line.setText("Deep Bio-Net")
    window.line.textEdited.emit("Deep Bio-Net")
    qtbot.waitUntil(lambda: bool(window.hits_model.hits))
    for _ in window.hits_model.hits:
        window.step(1)
        hit = window.hits_model.hits[window.hits.currentIndex().row()]
        cursor = window.browser.textCursor()
        cursor.setPosition(hit.position)
        assert window.browser.viewport().rect().intersects(window.browser.cursorRect(cursor))


def test_nothing_found_is_said_and_escape_gives_the_contents_back(window: ManualWindow, qtbot: QtBot) -> None:
    window.line.setFocus()
    qtbot.keyClicks(window.line, "zzzz")
    qtbot.waitUntil(lambda: window.found.text() == "Nothing was found")
    assert window.left.currentWidget() is window.hits
    assert not window.next_hit.isEnabled()
    qtbot.keyClick(window.line, Qt.Key.Key_Escape)
    assert window.left.currentWidget() is window.contents
    assert window.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_an_untranslated_page_says_so(qtbot: QtBot, context: UiContext, qapp: QApplication) -> None:
    context.language = Language(qapp, "fr")
    window = ManualWindow(context)
    qtbot.addWidget(window)
    window.open_at("technician#2-review")
    assert top_heading(window) == "2. Relire"
    assert not window.notice.isVisible()
    window.show_topic("models-detector-segmenter#")
    assert window.notice.isVisible()
    assert "anglais" in window.notice.text()


def test_the_contents_are_a_sound_model(qtmodeltester: ModelTester) -> None:
    model = ContentsModel("en")
    qtmodeltester.check(model)
    index = model.find("technician", "where-the-cells-lie")
    assert model.place(index) == ("technician", "where-the-cells-lie")
    assert model.place(index.parent()) == ("technician", "2-review")
