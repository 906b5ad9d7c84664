"""The chosen cell in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.attributes import ATTRIBUTES, Description, Said
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.inspector.words import WordsLine
from bloodcells_gui.ui.review import ReviewController
from tests.support.fakes import FakeSession, make_cells

NUCLEUS = next(a for a in ATTRIBUTES if a.key == "nucleus_shape")
BILOBED = next(w for w in NUCLEUS.words if w.key == "segmented-bilobed")
BAND = next(w for w in NUCLEUS.words if w.key == "unsegmented-band")


def description(speaks_for: str = "EOSINOPHIL", share: float = 0.97) -> Description:
    """A bilobed nucleus that tells much; everything else is sure and tells little, the size is unsure."""
    said, every = [], []
    for a in ATTRIBUTES:
        word = BILOBED if a is NUCLEUS else a.words[0]
        p = 0.6 if a.key == "cell_size" else 0.95
        said.append(Said(a, word, p, 1.0 if a is NUCLEUS else 0.01))
        every.append(tuple(p if w is word else (1 - p) / (len(a.words) - 1) for w in a.words))
    return Description(tuple(said), tuple(every), speaks_for, share)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(60))


@pytest.fixture
def line(qtbot: QtBot, context: UiContext, session: FakeSession) -> Iterator[WordsLine]:
    pool = QThreadPool()
    line = WordsLine(context, ReviewController(session), pool)
    qtbot.addWidget(line)
    yield line
    line.close_case()
    pool.waitForDone()


def test_words_tell_what_speaks_for_the_class_and_what_is_unsure(
    qtbot: QtBot, line: WordsLine, session: FakeSession
) -> None:
    cell = next(c for c in session.cells if c.predicted == "EO")
    session.descriptions[cell.id] = description()
    line.ask(cell.id)
    qtbot.waitUntil(lambda: bool(line.label.text()))
    said = line.label.text().replace("\N{NO-BREAK SPACE}", " ")
    assert "In words: bilobed nucleus (95 %)." in said
    assert "They speak for eosinophil (97 %)." in said
    assert "Unsure: cell size." in said
    assert "With doubt" not in said


def test_words_that_contradict_the_class_say_so(qtbot: QtBot, line: WordsLine, session: FakeSession) -> None:
    cell = next(c for c in session.cells if c.predicted == "LY")
    session.descriptions[cell.id] = description()
    line.ask(cell.id)
    qtbot.waitUntil(lambda: "not for the class of the cell" in line.label.text())


def test_words_of_another_stain_are_said_with_doubt(
    qtbot: QtBot, line: WordsLine, session: FakeSession
) -> None:
    session.descriptions[3] = replace(description(share=0.5), unlike_taught=True)
    line.ask(3)
    qtbot.waitUntil(lambda: line.label.text().startswith("With doubt"))  # never the part that is cut off
    assert "They speak clearly for no class." in line.label.text()


def test_a_cell_without_words_shows_none(qtbot: QtBot, line: WordsLine, session: FakeSession) -> None:
    session.descriptions[3] = description()
    line.ask(3)
    qtbot.waitUntil(lambda: not line.isHidden())
    line.ask(4)
    assert line.isHidden()
    qtbot.wait(250)
    assert line.isHidden()


def test_a_person_corrects_a_word_by_the_menu_and_takes_it_back(
    qtbot: QtBot, line: WordsLine, session: FakeSession
) -> None:
    session.descriptions[3] = description()
    line.ask(3)
    qtbot.waitUntil(lambda: line.description is not None)
    line.menu.aboutToShow.emit()
    parts = [act.menu() for act in line.menu.actions()]
    assert len(parts) == len(ATTRIBUTES)
    nucleus = parts[ATTRIBUTES.index(NUCLEUS)]
    assert "Bilobed nucleus" in nucleus.title()
    next(a for a in nucleus.actions() if a.text().startswith("Band")).trigger()
    assert session.state.tags[3] == (BAND.text,)
    line.refresh()
    assert "band-shaped nucleus (by a person)" in line.label.text()
    line.choose(NUCLEUS, BILOBED)
    assert session.state.tags[3] == (BILOBED.text,)
    line.choose(NUCLEUS, BILOBED)
    assert not session.state.tags.get(3)
