"""Of zones that are hard to read the commonest reason alone is told."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.run_messages import POOR_ZONES, remark
from bloodcells_gui.domain.zones import OUT_OF_FOCUS, TOO_THICK, TOO_THIN
from bloodcells_gui.pipeline.poor_zones import PoorZones


def told(tiles: list[tuple[float, tuple[str, ...]]], lang: str = "en") -> str:
    zones = PoorZones()
    for score, reasons in tiles:
        zones.learn(score, reasons)
    return " ".join(remark_text(r, lang) for r in zones.remarks())


THICK = (0.1, (TOO_THICK, TOO_THIN))
THIN = (0.1, (TOO_THIN, TOO_THICK))
SOFT = (0.1, (OUT_OF_FOCUS,))
GOOD = (0.9, ())


@pytest.mark.parametrize(
    ("tiles", "reason"),
    [
        ([THICK, THICK, THIN], "too thick"),
        ([THIN, THIN, SOFT], "too thin"),
        ([SOFT, SOFT, THICK], "out of focus"),
    ],
)
def test_the_commonest_reason_is_told_alone(tiles: list[tuple[float, tuple[str, ...]]], reason: str) -> None:
    said = told([*tiles, *[GOOD] * 5])
    assert said == f"Many of the cells lie in zones that are hard to read; most often: {reason}."
    assert reason not in told(tiles, "fr")


def test_few_poor_zones_are_not_told() -> None:
    assert told([THICK, *[GOOD] * 4]) == ""
    assert told([]) == ""


def test_without_a_reason_the_old_sentence_is_told() -> None:
    zones = PoorZones()
    zones.learn(0.1, ())
    assert zones.remarks() == [remark(POOR_ZONES)]
