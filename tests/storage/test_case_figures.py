"""The figures of a case are those of its pictures, its cells and its review."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.quality import AGREED, FOCUS, NUCLEUS, RED_COLOUR, RED_SIZE, SECOND, UNNAMED
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import fold, make_event
from bloodcells_gui.imaging.red_cell_colour import red_cell_densities
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_figures import camera_of, figures_in, model_of
from bloodcells_gui.storage.worklist import Worklist
from tests.support.quality_cases import analysed


def figures(path: Path) -> dict[str, float]:
    with CaseStore.open(path, read_only=True) as store:
        return figures_in(store, fold(store.load_cells(), store.events()))


def test_figures_are_those_that_were_drawn(tmp_path: Path) -> None:
    found = figures(analysed(tmp_path, 0, red_cell_od=0.25, nucleus_od=0.62, focus=4.5, waiting=4))
    assert found[RED_COLOUR] == pytest.approx(0.25, abs=0.01)
    assert found[NUCLEUS] == pytest.approx(0.62)
    assert found[FOCUS] == pytest.approx(4.5)
    assert found[UNNAMED] == pytest.approx(10.0)  # 4 of 40
    assert found[RED_SIZE] == pytest.approx(70.0)  # 7.35 um at 0.105 um per px
    assert not {AGREED, SECOND} & set(found)


def test_agreement_is_of_the_proposals_that_a_person_decided_on(tmp_path: Path) -> None:
    path = analysed(tmp_path, 0, waiting=4)
    with CaseStore.open(path) as store:
        state = fold(store.load_cells(), store.events())
        ids = [c.id for c in store.load_cells() if not c.abstained]
        waiting = [c.id for c in store.load_cells() if c.abstained]
        for kind, cells, new in (
            (EventKind.CONFIRM, ids[:18], ""),
            (EventKind.RELABEL, ids[18:20], "LY"),
            (EventKind.RELABEL, waiting, "LY"),  # nothing was proposed for these
        ):
            event = store.append(make_event(state, kind, "Ana", cells, new))
            state.apply(event)
        assert figures_in(store, state)[AGREED] == pytest.approx(90.0)


def test_second_readers_are_compared_with_decisions_that_stand(tmp_path: Path) -> None:
    path = analysed(tmp_path, 0)
    with CaseStore.open(path) as store:
        state = fold(store.load_cells(), store.events())
        ids = [c.id for c in store.load_cells() if not c.abstained]
        key = "second reading, Ben"
        for kind, cells, new, of in (
            (EventKind.CONFIRM, ids[:20], "", ""),
            (EventKind.CONFIRM, ids[20:25], "", ""),
            (EventKind.SECOND_READ, ids[:18], "SNE", key),
            (EventKind.SECOND_READ, ids[18:20], "LY", key),
            (EventKind.SECOND_READ, ids[20:25], "SNE", key),
            (EventKind.UNDO, (), "", ""),  # of the five: nobody's decision is left to agree with
        ):
            state.apply(store.append(make_event(state, kind, "Ana", cells, new, key=of)))
        assert figures_in(store, state)[SECOND] == pytest.approx(90.0)


def test_too_few_cells_say_nothing(tmp_path: Path) -> None:
    assert not {NUCLEUS, FOCUS, UNNAMED} & set(figures(analysed(tmp_path, 0, cells=9, waiting=0)))


def test_model_and_camera_are_told(tmp_path: Path) -> None:
    with CaseStore.open(analysed(tmp_path, 0), read_only=True) as store:
        assert model_of(store.runs) == "lite0 abababababab"
        assert camera_of(store.specimen, store.runs) == "crops jpg"


def test_the_index_has_the_figures_without_the_case(tmp_path: Path) -> None:
    path = analysed(tmp_path, 3, nucleus_od=0.7)
    with Worklist(tmp_path) as listed:
        listed.refresh()
        (found,) = listed.figures()
        assert (found.path, found.specimen, found.time) == (path, "26-003", "2026-09-04T09:00:00Z")
        assert found.values[NUCLEUS] == pytest.approx(0.7)
        path.unlink()
        listed.refresh()
        assert listed.figures() == []


def test_drawn_cells_are_on_no_chart(tmp_path: Path) -> None:
    real = analysed(tmp_path, 3)
    analysed(tmp_path, 4, specimen="SYNTHETIC", synthetic=True)
    with Worklist(tmp_path) as listed:
        listed.refresh()
        assert [found.path for found in listed.figures()] == [real]


def test_nuclei_and_glass_are_no_red_cells() -> None:
    rgb = np.full((60, 60, 3), 240, np.uint8)
    rgb[10:20, 10:20] = (60, 40, 130)  # a neighbour's nucleus: dense in red too
    assert red_cell_densities(rgb, np.zeros((60, 60), np.uint8)).size == 0
    rgb[30:50, 30:50] = (235, 150, 150)
    found = red_cell_densities(rgb, np.zeros((60, 60), np.uint8))
    assert found.size == 400
    assert np.median(found) == pytest.approx(np.log10(241 / 151), abs=1e-5)


@pytest.mark.parametrize(
    ("rgb", "is_red_cell"),
    [
        ((200, 160, 150), True),  # tan
        ((205, 150, 150), True),  # pink
        ((230, 160, 110), True),  # orange, a yellow lamp
        ((180, 130, 195), False),  # a platelet
        ((150, 150, 215), False),  # blue cytoplasm
        ((90, 50, 140), False),  # a nucleus
    ],
)
def test_red_cells_are_told_by_their_colour(rgb: tuple[int, int, int], is_red_cell: bool) -> None:
    picture = np.full((60, 60, 3), 240, np.uint8)
    picture[:20] = rgb
    found = red_cell_densities(picture, np.zeros((60, 60), np.uint8))
    assert (found.size == 1200) is is_red_cell


def test_a_dark_picture_has_no_red_cells() -> None:
    assert red_cell_densities(np.full((60, 60, 3), 20, np.uint8), np.zeros((60, 60), np.uint8)).size == 0
