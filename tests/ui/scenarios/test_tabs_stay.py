"""On a small screen the tabs of a case stay where they are, whichever of them is in front."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.workbench_window import a_case, a_workspace, shown_tools


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_view_moves_the_tabs(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path, lang: str
) -> None:
    context.language.choose(lang)
    workspace = a_workspace(tmp_path)
    path = a_case(workspace.cases_dir / "one.bcs", 60)
    with shown_tools(context, workspace, memory) as bench:
        bench.window.resize(bench.window.minimumWidth(), 700)
        bench.window.opener.open_path(path)
        page = bench.window.page
        assert page is not None
        qtbot.wait(50)
        before = page.views.x()
        views = page.views
        order = [i for i in range(views.count()) if views.widget(i) is not views.map_place]
        assert bench.counter is not None
        for code in ("SNE", "LY"):
            bench.counter.counter.press(code)
        assert bench.counter.minimumSizeHint().width() < 480  # room for fonts that are wider than here
        for at in (*order, *reversed(order)):
            views.setCurrentIndex(at)
            qtbot.wait(30)
            assert page.views.x() == before, views.tabText(at)
        assert bench.case_details is not None
        for panel in range(bench.case_details.count()):
            bench.show_case_details(panel)
            qtbot.wait(30)
            assert page.views.x() == before, bench.case_details.tabText(panel)
            for scroll in bench.case_details.findChildren(QScrollArea):
                assert not scroll.isVisible() or scroll.horizontalScrollBar().maximum() == 0
