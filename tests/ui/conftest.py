"""Offscreen Qt, the program's own fonts, and proof that no thread or timer outlives its test."""

from __future__ import annotations

import gc
import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ.setdefault("QT_ENABLE_HIGHDPI_SCALING", "1")

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui import jobs
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.icons import Icons
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.resources import load_fonts
from bloodcells_gui.ui.theme import Theme
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.appearance import CalmApplication
from tests.support.desk import Desk
from tests.support.fakes import FakeSession, FakeWorkshop, make_cells


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform says of dialogs and popups what it cannot do; that is no fault."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support", extend=True))


@pytest.fixture(scope="session", autouse=True)
def _fonts(qapp: QApplication) -> None:
    family = load_fonts()
    if family:
        font = qapp.font()
        font.setFamily(family)
        font.setPointSizeF(9.5)
        qapp.setFont(font)


@pytest.fixture(autouse=True)
def _no_collection_on_other_threads() -> Iterator[None]:
    """As in the program (`ui/collector.py`): a widget that is garbage must not be destroyed by a worker."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """An analysis thread that outlives its test fails it."""
    yield
    assert not [w for w in jobs.AnalysisThread.started_ones if w.isRunning()]


@pytest.fixture(autouse=True)
def _english(qapp: QApplication) -> Iterator[None]:
    """The language in force is one for the process: no test leaves its own to the next."""
    yield
    Language(qapp, "en")


@pytest.fixture
def context(qapp: QApplication) -> UiContext:
    theme = Theme(CalmApplication(qapp), "light")  # type: ignore[arg-type]
    return UiContext(theme, Icons(theme), Language(qapp, "en"), KeyMap())


@pytest.fixture
def pool() -> Iterator[QThreadPool]:
    pool = QThreadPool()
    pool.setMaxThreadCount(2)
    yield pool
    assert pool.waitForDone(5000), "a background task outlived its test"


@pytest.fixture
def memory(tmp_path: Path) -> WindowMemory:
    return WindowMemory(tmp_path / "window.ini")


@pytest.fixture
def workshop() -> FakeWorkshop:
    return FakeWorkshop()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, workshop: FakeWorkshop, memory: WindowMemory
) -> Iterator[MainWindow]:
    window = MainWindow(context, workshop, memory)
    window.resize(1300, 800)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield window
    window.close()
    assert not window.analysis.running
    window.deleteLater()


@pytest.fixture
def desk(window: MainWindow, workshop: FakeWorkshop) -> Desk:
    session = FakeSession(make_cells(200))
    window.attach(session)
    return Desk(window, session, workshop)
