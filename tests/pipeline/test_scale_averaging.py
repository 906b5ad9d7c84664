"""Answers over the scales that may be right: averaged, and not counted where the name hinges on the scale."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.cell import FLAG_SCALE_UNSURE
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.scale_averaging import STEPS, average_over_scales
from bloodcells_gui.pipeline.scale_check import SettledScale
from tests.support.doubles import PlainClassifier, PlainSegmenter, draw_cell

CODES = ("SNE", "BNE", "LY", "MO", "MY", "PMY", "BL", "ERB")


def answer(*names: str, sure: float = 0.9) -> Any:
    p = np.full((len(names), len(CODES)), (1 - sure) / (len(CODES) - 1), np.float32)
    p[range(len(names)), [CODES.index(n) for n in names]] = sure
    plain = np.zeros(len(names), bool)
    return SimpleNamespace(
        probabilities=p,
        embedding=np.zeros((len(names), 2), np.float32),
        uncertainty=1 - p.max(1),
        abstained=plain,
        unlike=plain,
        disagreement=np.full(len(names), 0.1, np.float32),
    )


def hinge(middle: str, *others: str) -> bool:
    said = iter((middle, *others, *[middle] * (4 - len(others))))
    return bool(average_over_scales(lambda _: answer(next(said)), 0.15, CODES).hinges[0])


def test_the_scales_are_equally_likely_parts_of_the_spread() -> None:
    asked: list[float] = []
    average_over_scales(lambda f: (asked.append(f), answer("LY"))[1], 0.15, CODES)
    assert asked[0] == 1.0
    assert np.log(asked) / 0.15 == pytest.approx(STEPS)
    assert sorted(STEPS)[0] == -sorted(STEPS)[-1]


def test_one_name_over_all_scales_stays_with_its_probabilities() -> None:
    found = average_over_scales(lambda _: answer("LY", "MO"), 0.15, CODES)
    assert found.probabilities == pytest.approx(answer("LY", "MO").probabilities)
    assert found.uncertainty == pytest.approx([0.1, 0.1], abs=1e-6)
    assert not found.hinges.any()
    assert found.disagreement == pytest.approx([0.1, 0.1])


def test_what_changes_its_name_hinges_on_the_scale_and_is_doubted() -> None:
    said = iter(("LY", "LY", "LY", "MO", "MO"))
    found = average_over_scales(lambda _: answer(next(said)), 0.15, CODES)
    assert found.hinges[0]
    assert CODES[int(found.probabilities[0].argmax())] == "LY"
    assert found.uncertainty[0] > 0.4


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("SNE", "BNE"), False),  # sisters pass into each other at any scale
        (("LY", "MO"), True),
        (("MY", "PMY"), True),
        (("PMY", "PMY", "PMY", "PMY", "PMY"), False),
        (("LY", "BL"), True),
        (("LY", "LY", "LY", "LY", "ERB"), True),
    ],
)
def test_which_changes_matter(names: tuple[str, ...], expected: bool) -> None:
    assert hinge(*names) is expected


class BySize(PlainClassifier):
    """Names by how much of the window the cell fills: what a wrong scale changes."""

    def predict(self, crops: np.ndarray) -> Any:
        found = super().predict(crops)
        dark = (crops[..., 1] < 150).mean(axis=(1, 2))
        p = np.full(found.probabilities.shape, 0.1 / (found.probabilities.shape[1] - 1))
        p[range(len(p)), np.where(dark > self.limit, 1, 2)] = 0.9
        return SimpleNamespace(
            probabilities=p.astype(np.float32), embedding=found.embedding, uncertainty=found.uncertainty,
            abstained=found.abstained, unlike=found.unlike, disagreement=found.disagreement,
        )  # fmt: skip

    limit = 0.0


def test_a_cell_whose_name_hinges_on_a_guessed_scale_waits() -> None:
    picture = draw_cell("LY")
    place = CellPlace(0, picture, (0.0, 0.0), (picture.shape[1] / 2, picture.shape[0] / 2), 0.107)
    classifier = BySize()
    work = CellAnalyzer(classifier, PlainSegmenter(), measure)
    seen: list[float] = []

    def fill(crops: np.ndarray) -> float:
        return float((crops[..., 1] < 150).mean())

    work.scale_spread = 0.15
    original = classifier.predict
    classifier.predict = lambda crops: (seen.append(fill(crops)), original(crops))[1]  # type: ignore[method-assign]
    work.process([place])
    assert len(set(seen)) > 3
    classifier.limit = float(np.median(seen))
    ((cell, _),) = work.process([place])
    assert cell.abstained
    assert FLAG_SCALE_UNSURE in cell.flags
    work.scale_spread = 0.0
    ((cell, _),) = work.process([place])
    assert FLAG_SCALE_UNSURE not in cell.flags


def test_only_a_guess_from_leukocytes_is_averaged() -> None:
    assert SettledScale(ScaleEstimate(0.1, ScaleSource.PRIOR, 0.15)).guess == 0.15
    for source in ScaleSource:
        if source is not ScaleSource.PRIOR:
            assert SettledScale(ScaleEstimate(0.1, source, 0.3)).guess == 0.0
    assert math.isclose(sum(STEPS), 0, abs_tol=1e-9)
