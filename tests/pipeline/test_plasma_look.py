"""The look of a plasma cell: measured, marked, and not named by anyone but a person."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.domain.cell import FLAG_EDGE, FLAG_PLASMA_LOOK, Box, Cell
from bloodcells_gui.domain.unidentified import PLASMA_LOOK, reasons_counted, why_it_waits
from bloodcells_gui.imaging.measure import MEASUREMENTS, measure
from bloodcells_gui.pipeline.plasma_look import has_plasma_look, mark_plasma_look

PX, UM = 128, 0.21
LOOK = {
    "nucleus_offset": 0.4, "equivalent_diameter_um": 13.0, "cytoplasm_od_red": 0.3, "nucleus_od_red": 0.45,
    "cytoplasm_od_green": 0.25, "nucleus_od_green": 0.6, "cytoplasm_od_blue": 0.1,
}  # fmt: skip


def cell(*, predicted: str = "PMY", flags: tuple[str, ...] = (), **values: float) -> Cell:
    """A cell that the classifier is sure of, with measurements."""
    measured = np.full(len(MEASUREMENTS), np.nan, np.float32)
    for name, value in (LOOK | values).items():
        measured[MEASUREMENTS.index(name)] = value
    scores = np.array([0.95, 0.05], np.float32)
    return Cell(1, 0, Box(0, 0, 9, 9), 0.2, predicted, 0.95, False, 0.02, scores, measured, flags=flags)


def drawn(offset_um: float, cytoplasm: tuple[int, int, int]) -> np.ndarray:
    """Measurements of a drawn cell of 13 um with a nucleus of 7 um."""
    yy, xx = np.mgrid[:PX, :PX]
    away = np.hypot(xx - PX / 2, yy - PX / 2) * UM
    nucleus = np.hypot(xx - PX / 2 - offset_um / UM, yy - PX / 2) * UM < 3.5
    mask = ((away < 6.5) * 1).astype(np.uint8)
    mask[nucleus] = 2
    picture = np.full((PX, PX, 3), (235, 230, 238), np.uint8)
    picture[mask == 1] = cytoplasm
    picture[mask == 2] = (80, 55, 130)
    return np.asarray(measure(picture, mask, UM))


DEEP_BLUE, PALE = (110, 120, 190), (205, 205, 228)


def test_an_eccentric_nucleus_in_deep_blue_cytoplasm_has_the_look() -> None:
    assert has_plasma_look(drawn(2.7, DEEP_BLUE)[None])[0]
    assert not has_plasma_look(drawn(0.5, DEEP_BLUE)[None])[0], "the nucleus lies in the middle"
    assert not has_plasma_look(drawn(2.7, PALE)[None])[0], "the cytoplasm is pale"
    assert not has_plasma_look(drawn(2.7, (170, 60, 150))[None])[0], "the cytoplasm is red"


def test_such_a_cell_waits_whatever_it_was_called() -> None:
    for name in ("PMY", "LY", "ERB", "EO"):
        marked = mark_plasma_look(cell(predicted=name))
        assert marked.abstained
        assert marked.flags == (FLAG_PLASMA_LOOK,)
        assert why_it_waits(marked, ("PMY", "LY")) == PLASMA_LOOK
        assert reasons_counted([marked], lambda _: ("PMY", "LY"))[0][1] == 1


@pytest.mark.parametrize(
    "other",
    [
        cell(nucleus_offset=0.2),
        cell(cytoplasm_od_red=0.2),
        cell(cytoplasm_od_green=0.55),
        cell(cytoplasm_od_blue=0.25),
        cell(equivalent_diameter_um=9.0),
        cell(nucleus_offset=float("nan")),
        cell(nucleus_od_red=0.0, cytoplasm_od_red=0.0),
        cell(predicted="SMU"),
        cell(predicted="PLT"),
        cell(flags=(FLAG_EDGE,)),
    ],
)
def test_another_cell_stays_as_it_is(other: Cell) -> None:
    assert mark_plasma_look(other) is other


def test_measurements_of_another_version_are_left_alone() -> None:
    old = cell()
    short = Cell(**{n: getattr(old, n) for n in Cell.__slots__} | {"measurements": old.measurements[:-1]})
    assert mark_plasma_look(short) is short
