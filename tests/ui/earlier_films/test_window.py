"""The earlier film stands beside the count; a person chooses which by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.earlier_films import EarlierFilms
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.earlier_films import EARLIER_FILM_FIELD, NO_FILM, Film, FilmIdentity
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.model import Column
from bloodcells_gui.ui.earlier_films.control import FilmComparison
from bloodcells_gui.ui.earlier_films.model import FilmsModel
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.films import MARIE, a_film
from tests.support.workbench_window import a_workspace, shown_tools


@pytest.fixture
def tools(tmp_path: Path, context: UiContext, memory: WindowMemory) -> Iterator[ToolWindows]:
    with shown_tools(context, a_workspace(tmp_path), memory) as tools:
        yield tools


def opened(qtbot: QtBot, tools: ToolWindows, path: Path) -> FilmComparison:
    tools.window.attach(tools.workspace.open_case(path))
    comparison = tools.films.comparison
    assert comparison is not None
    qtbot.waitUntil(lambda: comparison.found is not None)
    return comparison


def own_film(workspace: Workspace, **more: object) -> Path:
    counts = {"SNE": 20, "LY": 80}
    return a_film(workspace, "S-9", counts, created="2026-11-01T08:00:00Z", signed=False, **more)  # type: ignore[arg-type]


def test_the_column_shows_the_earlier_film_and_what_changed(qtbot: QtBot, tools: ToolWindows) -> None:
    a_film(tools.workspace, "S-2", {"SNE": 65, "LY": 35})
    opened(qtbot, tools, own_film(tools.workspace))
    panel = tools.window.page.differential  # type: ignore[union-attr]
    assert not panel.table.isColumnHidden(Column.EARLIER)
    lines = {str(panel.model.index(r, 0).data()): r for r in range(panel.model.rowCount())}
    said = {name: panel.model.index(lines[name], Column.EARLIER).data() for name in lines}
    assert said["Lymphocyte"] == "35.0 ▲"
    assert said["Segmented neutrophil"] == "65.0 ▼"
    assert said["Monocyte"] == "0.0"
    assert panel.films.isVisible()
    assert panel.films.text() == "Film of 2026-10-01: 2 classes changed"
    spoken = panel.model.index(lines["Lymphocyte"], 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "35.0 in the film of 2026-10-01, now higher beyond sampling error" in str(spoken)


def test_without_an_earlier_film_nothing_is_in_the_way(qtbot: QtBot, tools: ToolWindows) -> None:
    opened(qtbot, tools, own_film(tools.workspace))
    panel = tools.window.page.differential  # type: ignore[union-attr]
    assert panel.table.isColumnHidden(Column.EARLIER)
    assert not panel.films.isVisible()


def test_another_person_is_a_warning_and_gone_when_the_number_is_put_right(
    qtbot: QtBot, tools: ToolWindows
) -> None:
    a_film(tools.workspace, "S-2", {"SNE": 65, "LY": 35}, fields=MARIE | {"patient_name": "Jean Roux"})
    comparison = opened(qtbot, tools, own_film(tools.workspace))
    page = tools.window.page
    assert page is not None
    panel = page.differential
    assert panel.table.isColumnHidden(Column.EARLIER)
    assert panel.films.text() == "Film of 2026-10-01: another person? Not compared"
    page.controller.set_field("patient_id", "P-1")
    qtbot.waitUntil(lambda: comparison.film is None)
    qtbot.waitUntil(lambda: not panel.films.isVisible())


def test_where_films_cannot_be_looked_for_no_film_of_before_stands_there(
    qtbot: QtBot, tools: ToolWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_film(tools.workspace, "S-2", {"SNE": 65, "LY": 35})
    comparison = opened(qtbot, tools, own_film(tools.workspace))
    page = tools.window.page
    assert page is not None
    panel = page.differential
    assert not panel.table.isColumnHidden(Column.EARLIER)

    def no_folder(*_: object) -> None:
        raise UserError("The folder of cases does not answer.")

    monkeypatch.setattr(EarlierFilms, "find", no_folder)
    page.controller.set_field("patient_id", "P-2")
    assert panel.table.isColumnHidden(Column.EARLIER)  # at once: it may be another person's
    qtbot.waitUntil(lambda: panel.films.text() == "Earlier films cannot be looked for")
    assert comparison.film is None


def test_a_person_chooses_by_keyboard_and_takes_it_back(qtbot: QtBot, tools: ToolWindows) -> None:
    a_film(tools.workspace, "S-1", {"SNE": 50, "LY": 50}, created="2026-08-01T08:00:00Z")
    a_film(tools.workspace, "S-2", {"SNE": 65, "LY": 35})
    comparison = opened(qtbot, tools, own_film(tools.workspace))
    tools.films.show_films()
    window = comparison.window
    assert window is not None
    for model in (window.films, window.rows):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    qtbot.waitUntil(lambda: window.films.rowCount() == 2)
    window.film_table.setFocus()
    QTest.keyClick(window.film_table, Qt.Key.Key_Down)
    QTest.keyClick(window.film_table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: comparison.film is not None and comparison.film.specimen == "S-1")
    assert comparison.film is not None
    assert comparison.film.chosen
    window.none_button.click()
    qtbot.waitUntil(lambda: comparison.film is None)
    page = tools.window.page
    assert page is not None
    assert page.session.state.data.fields[EARLIER_FILM_FIELD] == NO_FILM
    page.controller.undo()
    page.controller.undo()
    qtbot.waitUntil(lambda: comparison.film is not None and comparison.film.specimen == "S-2")
    window.close()


def test_numbers_of_specimens_are_read_and_never_rendered(context: UiContext) -> None:
    own = FilmIdentity(specimen_id="<b>7", created="2026-11-01T08:00:00Z")
    model = FilmsModel(context)
    model.show_films(
        own, (Film(Path("a.bcs"), "a", FilmIdentity(specimen_id="<b>7", collected="2026-10-01")),)
    )
    tip = str(model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert "&lt;b&gt;7" in tip
    assert "<b>" not in tip
