"""The picture of a cell, and the panel around it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.inspector.image_view import CellImageView
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.review import ReviewController
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def view(qtbot: QtBot, context: UiContext) -> CellImageView:
    view = CellImageView(context)
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    picture = np.full((200, 200, 3), (200, 30, 40), np.uint8)
    square = np.array([[50, 50], [150, 50], [150, 150], [50, 150]], np.float32)
    view.show_picture(picture, 0.1, [square])
    return view


@pytest.fixture
def panel(qtbot: QtBot, context: UiContext, pool: QThreadPool) -> Iterator[InspectorPanel]:
    panel = InspectorPanel(context, ReviewController(FakeSession(make_cells(30))), pool)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close_case()
    pool.waitForDone()
