"""The picture of a cell: zoom, scale bar, outlines, explanation; numbers beside it."""

from __future__ import annotations

import math
import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.analysis import CellsReproposed
from bloodcells_gui.domain.cell import FLAG_SCALE_CONTRADICTED
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB
from bloodcells_gui.domain.review import Status
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.inspector.details import measurement_name, measurement_value
from bloodcells_gui.ui.inspector.image_view import (
    CELL_LINE,
    MAX_ZOOM,
    CellImageView,
    brightened,
    scale_bar,
    to_qimage,
)
from bloodcells_gui.ui.inspector.overlay import colour_table, heat_image
from bloodcells_gui.ui.inspector.panel import InspectorPanel
from bloodcells_gui.ui.inspector.probabilities_tab import ByItself
from tests.support.fakes import FakeSession


def test_a_replaced_image_is_told_beside_the_picture_that_the_case_keeps(
    qtbot: QtBot, panel: InspectorPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = panel.session
    plain = session.view
    other = session.cells[1].id
    monkeypatch.setattr(session, "view", lambda i: replace(plain(i), from_image=False, replaced=i == other))
    first, second, third = (c.id for c in session.cells[:3])
    for cell_id, told in ((first, False), (second, True), (third, False)):
        panel.show_cell(cell_id)
        qtbot.waitUntil(lambda told=told: panel.replaced.isVisible() == told)
    panel.show_cell(second)
    qtbot.waitUntil(panel.replaced.isVisible)
    panel.show_cell(None)
    assert not panel.replaced.isVisible()


def test_colours_reach_the_screen_unchanged(view: CellImageView) -> None:
    view.show_cell = False
    assert view.grab().toImage().pixelColor(60, 150).getRgb()[:3] == (200, 30, 40)
    assert to_qimage(np.array([[[1, 2, 3]]], np.uint8)).pixelColor(0, 0).getRgb()[:3] == (1, 2, 3)


def test_the_outline_is_drawn_where_it_lies_and_can_be_hidden(view: CellImageView) -> None:
    at = QPoint(200 - 75, 150)  # the square's left edge at zoom 1.5
    assert view.zoom == pytest.approx(1.5)
    red, green, blue, _ = view.grab().toImage().pixelColor(at).getRgb()
    assert red > 200
    assert green > CELL_LINE.green() - 60
    assert blue < 100
    view.show_cell = False
    assert view.grab().toImage().pixelColor(at).getRgb()[:3] == (200, 30, 40)


def test_zooming_keeps_the_spot_under_the_mouse(view: CellImageView) -> None:
    point = QPointF(260, 110)
    view.zoom_at(2.0, QPointF(200, 150))
    spot = view.to_picture(point)
    view.zoom_at(1.3, point)
    after = view.to_picture(point)
    assert (after - spot).manhattanLength() < 1e-6
    view.zoom_at(1000, point)
    assert view.zoom == MAX_ZOOM
    view.fit()
    assert view.zoom == pytest.approx(1.5)


def test_the_keyboard_zooms_too(view: CellImageView) -> None:
    before = view.zoom
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom > before
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.zoom == pytest.approx(before)


def test_the_next_cell_is_shown_at_the_same_size(view: CellImageView) -> None:
    view.zoom_at(3.0, QPointF(200, 150))
    width = view.zoom * 200
    view.show_picture(np.zeros((100, 100, 3), np.uint8), 0.2)
    assert view.zoom * 100 == pytest.approx(width)


@pytest.mark.parametrize(("mpp", "zoom"), [(0.1, 1.0), (0.25, 3.3), (0.05, 0.4), (1.0, 8.0)])
def test_the_scale_bar_measures_what_it_says(mpp: float, zoom: float) -> None:
    bar = scale_bar(mpp, zoom, 150)
    assert bar is not None
    um, length = bar
    assert length == pytest.approx(um / mpp * zoom)
    assert length <= 150
    assert 2.6 * length > 150


def test_without_a_scale_there_is_no_bar() -> None:
    assert scale_bar(math.nan, 1.0, 150) is None
    assert scale_bar(0.0, 1.0, 150) is None


def test_cold_places_of_the_explanation_stay_clear() -> None:
    assert colour_table()[0, 3] == 0
    assert colour_table()[255, 3] == 255
    image = heat_image(np.array([[0.0, 1.0], [np.nan, 0.5]], np.float32), MapKind.GRAD_CAM)
    assert image.pixelColor(0, 0).alpha() == 0
    assert image.pixelColor(1, 0).alpha() == 255
    assert image.pixelColor(0, 1).alpha() == 0


def test_a_cell_is_shown_with_all_that_is_known_of_it(qtbot: QtBot, panel: InspectorPanel) -> None:
    session = panel.session
    panel.show_cell(3)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    assert panel.bars.scores[0][0] == session.cell(3).predicted
    panel.tabs.setCurrentIndex(1)
    assert panel.measurements.rowCount() == len(session.measurements(3))
    session.relabel([3], "BL")
    panel.tabs.setCurrentIndex(2)
    assert panel.history.index(0, 0).data().endswith("→ Blast")
    assert "A. Technician" in panel.history.index(0, 1).data()


def test_a_quick_run_through_cells_loads_only_the_last(qtbot: QtBot, panel: InspectorPanel) -> None:
    asked: list[int] = []
    session = panel.session
    view = session.view
    session.view = lambda i: (asked.append(i), view(i))[1]  # type: ignore[method-assign]
    for i in range(1, 20):
        panel.show_cell(i)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    assert asked == [19]


def test_a_picture_that_cannot_be_read_is_said_so(qtbot: QtBot, panel: InspectorPanel) -> None:
    def fail(_: int) -> None:
        raise OSError("gone")

    panel.session.view = fail  # type: ignore[method-assign, assignment]
    panel.show_cell(4)
    qtbot.waitUntil(lambda: bool(panel.image.message) and "cannot be read" in panel.image.message)


def test_a_class_the_model_does_not_know_is_told_on_the_picture(qtbot: QtBot, panel: InspectorPanel) -> None:
    def fail(_: int, code: str) -> None:
        raise KeyError(code)

    panel.session.explain = fail  # type: ignore[method-assign, assignment]
    panel.show_cell(4)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.explain("PLC")
    qtbot.waitUntil(lambda: bool(panel.image.note))
    assert not panel.image.has_heat


def test_an_occlusion_map_is_orange_for_the_class_blue_for_its_rival_and_clear_between() -> None:
    image = heat_image(np.array([[1.0, -1.0, 0.0, np.nan]], np.float32), MapKind.OCCLUSION)
    colours = [image.pixelColor(x, 0) for x in range(4)]
    assert (colours[0].red(), colours[0].green(), colours[0].blue()) == FOR_RGB
    assert (colours[1].red(), colours[1].green(), colours[1].blue()) == AGAINST_RGB
    assert [c.alpha() for c in colours] == [255, 255, 0, 0]


def test_the_map_has_a_legend_with_both_classes_and_what_covering_changes(
    qtbot: QtBot, panel: InspectorPanel
) -> None:
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.explain("EO")
    qtbot.waitUntil(lambda: panel.image.has_heat)
    legend = panel.explanation.legend
    assert "osinophil" in legend.asked.text()
    assert "eutrophil" in legend.rival.text()
    assert "25 : 1" in legend.sentence.text().replace("\N{NO-BREAK SPACE}", " ")  # e ** 3.2
    assert "3.0 : 1" in legend.sentence.text().replace("\N{NO-BREAK SPACE}", " ")  # e ** (3.2 - 2.1)
    assert not panel.image.note


def test_a_map_without_a_deciding_place_says_so(qtbot: QtBot, panel: InspectorPanel) -> None:
    flat = Explanation(MapKind.OCCLUSION, np.zeros((16, 16), np.float32), "BA", 9.0, 0.1, 0.05)
    panel.session.explain = lambda *_: flat  # type: ignore[method-assign, assignment]
    panel.show_cell(5)
    panel.heat_button.setChecked(True)
    qtbot.waitUntil(lambda: "No single place" in panel.explanation.legend.sentence.text())


def test_grad_cam_can_be_chosen_and_is_named_for_what_it_is(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.heat_button.setChecked(True)
    qtbot.waitUntil(lambda: panel.image.has_heat)
    kind = panel.explanation.kind
    assert kind.currentData() == MapKind.OCCLUSION
    kind.setCurrentIndex(kind.findData(MapKind.GRAD_CAM))
    kind.activated.emit(kind.currentIndex())
    qtbot.waitUntil(lambda: panel.image.has_heat)
    assert panel.session.explained_as == [MapKind.OCCLUSION, MapKind.GRAD_CAM]  # type: ignore[attr-defined]
    assert "same on every cell" in panel.explanation.legend.sentence.text()
    assert not panel.explanation.legend.rival.text()


def test_a_map_of_a_cell_that_was_left_is_not_computed_to_the_end(
    qtbot: QtBot, panel: InspectorPanel
) -> None:
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.heat_button.setChecked(True)
    qtbot.waitUntil(lambda: panel.image.has_heat)
    (cancel,) = panel.session.cancels  # type: ignore[attr-defined]
    assert not cancel.cancelled
    panel.show_cell(6)
    assert cancel.cancelled
    assert not panel.image.has_heat


def test_opacity_and_class_follow_the_controls(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.opacity.setValue(80)
    assert panel.image.heat_opacity == pytest.approx(0.8)
    QTest.mouseClick(panel.bars, Qt.MouseButton.LeftButton, pos=QPoint(20, 5 + panel.bars.line_height() * 2))
    qtbot.waitUntil(lambda: panel.image.has_heat)
    assert panel.explained_class.currentData() == panel.bars.scores[2][0]


def line_of(panel: InspectorPanel) -> str:
    """What the panel says of the cell by itself; "" where it says nothing."""
    return panel.by_itself.text() if panel.by_itself.isVisible() else ""


def test_what_a_cell_was_by_itself_is_said_where_the_specimen_changed_its_class(
    qtbot: QtBot, panel: InspectorPanel
) -> None:
    session = panel.session
    assert isinstance(session, FakeSession)
    same, other, sister = [c.id for c in session.cells if c.predicted == "SNE"][:3]
    session.found = {same: ("SNE", 0.3), other: ("ERB", 0.615), sister: ("UNICORN", 0.5)}
    panel.show_cell(other)
    qtbot.waitUntil(
        lambda: line_of(panel) == "From this cell alone: erythroblast (NRBC) (62\N{NO-BREAK SPACE}%)"
    )
    assert "similar cells" in panel.by_itself.toolTip()
    panel.show_cell(same)
    assert line_of(panel) == ""
    qtbot.waitUntil(lambda: panel.found == ("SNE", 0.3))
    assert line_of(panel) == ""
    panel.show_cell(sister)
    qtbot.waitUntil(lambda: "UNICORN" in line_of(panel))
    panel.show_cell(None)
    assert line_of(panel) == ""


def test_a_cell_that_waits_is_headlined_as_unidentified_with_its_best_guess_and_the_reason(
    panel: InspectorPanel,
) -> None:
    session = panel.session
    assert isinstance(session, FakeSession)
    waiting = next(c.id for c in session.cells if session.decision(c.id).status is Status.UNIDENTIFIED)
    proposed = next(c.id for c in session.cells if session.decision(c.id).status is Status.PROPOSED)
    cell = session.cell(waiting)
    scores = np.full(len(cell.scores), 0.08 / (len(cell.scores) - 1), np.float32)
    scores[0] = 0.92
    guess = replace(cell, scores=scores, uncertainty=0.4, flags=(), predicted="MO", probability=0.92)
    session.put(guess)
    panel.show_cell(waiting)
    assert panel.name_label.toolTip() == "Unidentified"
    assert panel.waits.text() == (
        "Best guess: monocyte, 92 %. It waits because it looks unlike the training images."
    )
    session.put(replace(cell, flags=(FLAG_SCALE_CONTRADICTED,)))
    panel.show_cell(waiting)
    assert panel.waits.text().endswith("It waits because the scale is contradicted.")
    panel.show_cell(proposed)
    assert not panel.waits.isVisible()
    assert panel.name_label.toolTip() != "Unidentified"
    panel.show_cell(waiting)
    panel.show_cell(None)
    assert not panel.waits.isVisible()


def test_measurements_are_said_with_units(context: UiContext) -> None:
    assert measurement_name(context.language, "cell_area_um2") == "Cell area"
    assert measurement_value(context.language, "cell_area_um2", 123.456, "um²") == "123.5 µm²"
    assert measurement_value(context.language, "nucleus_lobes", 3.0, "") == "3"
    assert measurement_name(context.language, "nucleus_cell_ratio") == "Nucleus:cell ratio"
    assert measurement_name(context.language, "nucleus_cytoplasm_ratio") == "N:C ratio (nucleus:cytoplasm)"
    assert measurement_value(context.language, "nucleus_cell_ratio", 0.4567, "") == "0.457"


def test_the_ruler_measures_in_um(view: CellImageView) -> None:
    view.ruler_on = True
    assert view.ruler_um is None
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(view, QPoint(250, 100))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(250, 100))
    assert view.ruler_um == pytest.approx(150 / 1.5 * 0.1, rel=0.02)
    view.clear_ruler()
    assert view.ruler_um is None


def test_brightness_leaves_black_and_white_alone(view: CellImageView) -> None:
    ramp = np.repeat(np.array([0, 60, 128, 255], np.uint8)[None, :, None], 3, axis=2)
    image = to_qimage(ramp)
    bright, dark = brightened(image, 60), brightened(image, -60)
    assert [bright.pixelColor(x, 0).red() for x in (0, 3)] == [0, 255]
    assert bright.pixelColor(2, 0).red() > 128 > dark.pixelColor(2, 0).red()
    assert brightened(image, 0) is image


def test_the_line_of_a_cell_by_itself_stays_in_sight_where_bars_scroll(
    qtbot: QtBot, panel: InspectorPanel
) -> None:
    panel.session.found = {4: ("UNICORN", 0.5)}  # type: ignore[attr-defined]
    tab = panel.probabilities
    panel.show_cell(4)
    qtbot.waitUntil(lambda: line_of(panel) != "")
    assert len(panel.bars.scores) > 3
    for height in (900, 420):
        panel.resize(300, height)
        panel.layout().activate()
        qtbot.waitUntil(lambda: panel.by_itself.height() >= panel.by_itself.heightForWidth(tab.width()))
        below = panel.bars.mapTo(tab, QPoint(0, panel.bars.height())).y()
        assert panel.by_itself.geometry().bottom() < tab.height()
        if height == 900:
            assert below <= panel.by_itself.y() < below + 12
        else:
            assert below > panel.by_itself.y()


def test_the_line_of_a_cell_by_itself_follows_the_proposals(qtbot: QtBot, panel: InspectorPanel) -> None:
    session = panel.session
    assert isinstance(session, FakeSession)
    cell = session.cell(3)
    other = "LY" if cell.predicted != "LY" else "MO"
    panel.show_cell(3)
    qtbot.waitUntil(lambda: panel.found is not None)
    session.found[3] = (cell.predicted, cell.probability)
    assert line_of(panel) == ""
    for predicted, said in ((other, True), (cell.predicted, False), (other, True)):
        session.absorb(CellsReproposed((replace(session.cell(3), predicted=predicted),)))
        assert bool(line_of(panel)) is said
    session.relabel([3], "BL")
    assert line_of(panel) != ""


def test_the_line_of_a_cell_by_itself_is_read_off_the_window_s_thread(
    qtbot: QtBot, panel: InspectorPanel
) -> None:
    session = panel.session
    asked: list[tuple[int, bool]] = []

    def slow(cell_id: int) -> tuple[str, float]:
        asked.append((cell_id, threading.current_thread() is threading.main_thread()))
        return "MO" if session.cell(cell_id).predicted != "MO" else "LY", 0.5

    session.as_found = slow  # type: ignore[method-assign]
    for i in range(1, 20):
        panel.show_cell(i)
    qtbot.waitUntil(lambda: line_of(panel) != "")
    assert asked == [(19, False)]

    def lost(cell_id: int) -> tuple[str, float]:
        asked.append((cell_id, False))
        raise KeyError(cell_id)

    session.as_found = lost  # type: ignore[method-assign]
    panel.show_cell(4)
    qtbot.waitUntil(lambda: panel.image.has_picture and asked[-1][0] == 4)
    assert line_of(panel) == ""


def test_a_french_window_says_it_in_french(qtbot: QtBot, qapp: QApplication, context: UiContext) -> None:
    context.language.choose("fr")
    line = ByItself(context)
    qtbot.addWidget(line)
    line.show_found(("SNE", 0.618), "LY")
    context.language.choose("en")
    assert (
        line.text()
        == "D’après cette cellule seule\N{NO-BREAK SPACE}: neutrophile segmenté (62\N{NO-BREAK SPACE}%)"
    )
    assert "échantillon" in line.toolTip()


def test_two_pictures_can_be_shown_at_one_physical_scale(view: CellImageView) -> None:
    view.set_um_zoom(20.0)
    assert view.zoom == pytest.approx(2.0)
    view.show_picture(np.zeros((100, 100, 3), np.uint8), 0.2)
    view.set_um_zoom(20.0)
    assert view.um_zoom == pytest.approx(20.0)


@pytest.mark.parametrize("width", [300, 340])
def test_the_picture_never_covers_its_tools_on_a_low_screen(
    qtbot: QtBot, panel: InspectorPanel, width: int
) -> None:
    """1366x768 leaves 580 pixels to the panel; two long names in the legend need three lines each."""
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.waits.setText("Best guess: blast, 49 %. It waits because its class changes within its limits. " * 2)
    panel.waits.show()
    panel.explain("EO")
    qtbot.waitUntil(lambda: panel.image.has_heat)
    panel.explanation.legend.show_classes("Segmented neutrophil", "Band neutrophil", "Odds of both. " * 6)
    panel.resize(width, 580)
    qtbot.waitUntil(lambda: panel.image.y() + panel.image.height() <= panel.heat_button.y())
    assert panel.height() <= 580
    legend = panel.explanation.legend
    for label in (legend.asked, legend.rival, legend.sentence):
        assert label.height() >= label.heightForWidth(label.width())


def test_the_words_keep_their_height_and_the_bars_scroll(qtbot: QtBot, panel: InspectorPanel) -> None:
    panel.show_cell(5)
    qtbot.waitUntil(lambda: panel.image.has_picture)
    panel.words.label.setText("coarse granules (99 %), purple granules (82 %), light blue cytoplasm. " * 4)
    panel.words.show()
    panel.resize(340, 600)
    label = panel.words.label
    qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))
    bottom = label.mapTo(panel, label.rect().bottomLeft()).y()
    assert bottom <= panel.height()
    assert panel.bars.isVisible()
