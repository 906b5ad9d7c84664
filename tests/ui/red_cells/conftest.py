"""A case of drawn fields whose red cells were examined, and the window on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.red_cells.control import ExaminationControl
from bloodcells_gui.ui.red_cells.window import RedCellsWindow
from bloodcells_gui.ui.review import ReviewController
from tests.support.examined_fields import a_fields_case, examine_drawn
from tests.support.workbench_window import a_workspace


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    session = a_workspace(tmp_path).open_case(a_fields_case(tmp_path / "case.bcs"))
    session.author = "A. Technician"
    examine_drawn(session.store)
    session.red_cells.reload()
    yield session
    session.close()


@pytest.fixture
def window(
    qtbot: QtBot, context: UiContext, pool: QThreadPool, session: CaseSession
) -> Iterator[RedCellsWindow]:
    window = RedCellsWindow(context, ReviewController(session), pool, ExaminationControl())
    qtbot.addWidget(window)
    window.resize(1320, 820)
    window.show()
    window.activateWindow()
    window.begin()
    qtbot.waitUntil(window.gallery.view.hasFocus)
    yield window
    window.close()
    pool.waitForDone()
