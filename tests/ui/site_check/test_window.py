"""The window of the site check."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.site_check_view import SiteChecks, SiteCheckView
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.site_check import DRAWN
from bloodcells_gui.domain.site_expectation import Expectation
from bloodcells_gui.domain.specimen import ScaleSource
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.jobs import UnawaitedThreads
from bloodcells_gui.ui.site_check.window import SiteCheckWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from tests.support.case_tools import Reviewer
from tests.support.site_cases import SHA, an_expectation, site_case
from tests.support.workbench_window import a_case, a_workspace, shown_tools


def known(sha256: str) -> Expectation | None:
    return an_expectation() if sha256 == SHA else None


def a_window(qtbot: QtBot, context: UiContext, path: Path) -> SiteCheckWindow:
    window = SiteCheckWindow(context, SiteChecks(path, LabSettings, known), UnawaitedThreads())
    qtbot.addWidget(window)
    for model in (window.readings, window.found):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    window.show()
    qtbot.waitUntil(lambda: window.view is not None, timeout=60_000)
    return window


def test_it_says_what_to_expect_and_what_looks_wrong(
    qtbot: QtBot, context: UiContext, tmp_path: Path
) -> None:
    window = a_window(qtbot, context, site_case(tmp_path / "a.bcs", source=ScaleSource.PRIOR))
    assert window.view is not None
    check = window.view.written.check
    assert check.named is not None
    assert window.named.text().startswith(f"{100 * check.named.value:.0f} % (")
    assert "guess" in window.advice.text()
    assert not window.well.isVisible()
    assert not window.warnings.isVisible()
    assert "6 laboratories left out" in window.notes.text()
    assert "100 cells to name first" in window.first.text()
    assert not window.found_title.isVisible()
    assert not window.state.isVisible()
    names = [window.readings.index(i, 0).data() for i in range(window.readings.rowCount())]
    assert names[0] == "Scale"
    odd = names.index("Nuclei, density in red")
    assert window.readings.index(odd, 0).data(Qt.ItemDataRole.ForegroundRole) == context.theme.colour(
        "warning"
    )
    for theme in ("dark", "light"):
        context.theme.choose(theme)
        window.grab()
        assert window.advice.palette().windowText().color() == context.theme.colour("warning")


def test_of_other_models_it_says_that_nothing_is_known(
    qtbot: QtBot, context: UiContext, tmp_path: Path
) -> None:
    window = a_window(qtbot, context, site_case(tmp_path / "a.bcs", sha="cd" * 32))
    assert window.named.text() == window.right.text() == "–"
    assert window.warnings.text() == "No expectation is known for these models."
    assert window.first_button.isEnabled()


def test_once_the_cells_are_named_it_is_read_again(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    window = a_window(qtbot, context, path)
    assert window.view is not None
    first = window.view
    with CaseStore.open(path) as store:
        person = Reviewer(store)
        for cell in first.written.check.first:
            if cell.why == DRAWN:
                person.act(EventKind.RELABEL, cell.id, new="LY")
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: window.found.rowCount() == 2, timeout=60_000)
    assert window.found_title.isVisible()
    assert window.found.index(1, 3).data() == "below what was expected"
    assert "50 of the 100 cells" in window.found_notes.text()
    assert window.view.first_ids == first.first_ids


def test_it_asks_for_its_cells_by_key(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    window = a_window(qtbot, context, site_case(tmp_path / "a.bcs"))
    with qtbot.waitSignal(window.cells_wanted) as asked:
        QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert len(asked.args[0]) == 100
    assert not window.isVisible()


def test_page_and_list_are_written(
    qtbot: QtBot, context: UiContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = a_window(qtbot, context, site_case(tmp_path / "a.bcs"))
    for act, name in ((window.save_pdf, "p.pdf"), (window.save_csv, "c.csv")):
        target = tmp_path / name

        def chosen(kind: FileKind, *_: object, to: Path = target) -> Path:
            assert kind is FileKind.TABLE
            return to

        monkeypatch.setattr(context.files, "choose_target", chosen)
        act()
        qtbot.waitUntil(target.is_file, timeout=60_000)


def test_a_case_that_cannot_be_read_is_told(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    (tmp_path / "a.bcs").write_bytes(b"no case")
    window = SiteCheckWindow(context, SiteChecks(tmp_path / "a.bcs", LabSettings), UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.state.text() == "The case could not be read.", timeout=60_000)
    assert window.again_button.isEnabled()
    assert not window.pdf_button.isEnabled()


def test_closing_ends_the_reading(qtbot: QtBot, context: UiContext, tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    class Slow(SiteChecks):
        def read(self, lang: str, token: CancelToken) -> SiteCheckView:
            begun.set()
            try:
                while True:
                    token.check()
                    time.sleep(0.01)
            finally:
                ended.set()

    window = SiteCheckWindow(context, Slow(tmp_path / "a.bcs", LabSettings), UnawaitedThreads())
    qtbot.addWidget(window)
    window.show()
    assert begun.wait(30)
    window.close()
    assert ended.wait(30)


def test_the_menu_opens_it_and_shows_the_cells_alone(
    qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path
) -> None:
    workspace = a_workspace(tmp_path)
    path = a_case(workspace.cases_dir / "a.bcs", 150)
    with shown_tools(context, workspace, memory) as tools:
        assert tools.site_check.show() is None
        tools.window.opener.open_path(path)
        qtbot.waitUntil(lambda: tools.window.page is not None, timeout=60_000)
        window = tools.site_check.show()
        assert window is not None
        qtbot.waitUntil(lambda: window.view is not None, timeout=60_000)
        assert window.view is not None
        ids = window.view.first_ids
        window.first_button.click()
        assert not window.isVisible()
        page = tools.window.page
        assert page is not None
        assert sum(page.gallery.model.counts()) == len(ids)
        assert page.gallery.view.selected_ids() == [ids[0]]  # a key names one cell, not all of them
