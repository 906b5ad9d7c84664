"""Answers over the scales that may be right: averaged, and not counted where the name hinges on the scale."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.cell import FLAG_SCALE_UNSURE
from bloodcells_gui.domain.taxonomy import GRAVE
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.scale_averaging import STEPS, answer_within_spread, average_over_scales
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


def asking(answers: dict[float, tuple[str, ...]], sure: float = 0.8) -> tuple[Any, list[Any]]:
    """`predict_at` that names cells by the sign of the scale's shift, and what it was asked."""
    asked: list[Any] = []

    def predict_at(factor: float, rows: Any) -> Any:
        asked.append((round(float(np.log(factor)), 4), None if rows is None else list(rows)))
        names = answers[float(np.sign(round(np.log(factor), 6)))]
        return answer(*(names if rows is None else [names[row] for row in rows]), sure=sure)

    return predict_at, asked


def test_a_narrow_spread_asks_again_only_for_what_may_be_grave() -> None:
    same = ("LY", "BL", "SNE", "PMY")
    predict_at, asked = asking({0.0: same, -1.0: same, 1.0: ("LY", "BL", "SNE", "MY")})
    found = answer_within_spread(predict_at, 0.05, CODES)
    # the first and the third have under a tenth for blast, promyelocyte and erythroblast together
    assert asked == [(0.0, None), (-0.065, [0, 1, 2, 3]), (0.065, [0, 1, 2, 3])]
    assert list(found.hinges) == [False, False, False, True]
    predict_at, asked = asking({0.0: same, -1.0: same, 1.0: same}, sure=0.99)
    assert not answer_within_spread(predict_at, 0.05, CODES).hinges.any()
    assert asked == [(0.0, None)]  # what is certain, or certainly nothing grave, is not asked again


def test_the_other_end_is_asked_of_those_alone_that_do_not_hinge_yet() -> None:
    here = ("LY", "BL", "SNE", "PMY")
    predict_at, asked = asking({0.0: here, -1.0: ("BL", "BL", "MY", "MY"), 1.0: ("LY", "BL", "BL", "PMY")})
    found = answer_within_spread(predict_at, 0.05, CODES)
    assert [rows for _, rows in asked] == [None, [0, 1, 2, 3], [1, 2]]
    assert list(found.hinges) == [True, False, True, True]


def test_hinges_are_those_of_asking_everything_at_both_ends() -> None:
    rng = np.random.default_rng(4)
    grave = np.array([code in GRAVE for code in CODES])
    for _ in range(30):
        names = rng.choice(CODES, (3, 40))
        predict_at, _ = asking({0.0: tuple(names[0]), -1.0: tuple(names[1]), 1.0: tuple(names[2])}, sure=0.6)
        found = answer_within_spread(predict_at, 0.05, CODES)
        best = np.array([[CODES.index(code) for code in row] for row in names])
        expected = grave[best].any(axis=0) & (best != best[0]).any(axis=0)
        assert found.hinges.tolist() == expected.tolist()


def test_a_blast_that_only_a_larger_scale_shows_is_not_asserted_nor_denied() -> None:
    for here, there in (("BL", "LY"), ("LY", "BL")):
        predict_at, _ = asking({0.0: (here,), -1.0: (here,), 1.0: (there,)})
        assert answer_within_spread(predict_at, 0.03, CODES).hinges.all()
    predict_at, _ = asking({0.0: ("LY",), -1.0: ("MO",), 1.0: ("LY",)})
    assert not answer_within_spread(predict_at, 0.03, CODES).hinges.any()  # nothing grave, narrow spread


def test_a_wide_spread_is_averaged_and_a_grave_name_must_hold_farther_out() -> None:
    said: list[float] = []

    def predict_at(factor: float, rows: Any) -> Any:
        said.append(float(np.log(factor)))
        return answer("LY" if np.log(factor) < -0.15 else "BL", sure=0.9)

    found = answer_within_spread(predict_at, 0.1, CODES)
    # at the smaller scale it is no blast: the larger one need not be asked
    assert said == pytest.approx([0.1 * step for step in STEPS] + [-0.2])
    assert found.hinges.all()  # the five middle scales all say blast


def test_a_certain_scale_is_not_asked_again() -> None:
    predict_at, asked = asking({0.0: ("BL", "PMY")})
    assert not answer_within_spread(predict_at, 0.0, CODES).hinges.any()
    assert len(asked) == 1


def test_classes_without_a_grave_one_are_not_asked_again() -> None:
    plain = answer("SNE")
    calls: list[float] = []

    def predict_at(factor: float, rows: Any) -> Any:
        calls.append(factor)
        return plain

    answer_within_spread(predict_at, 0.05, tuple("LY" for _ in CODES))
    assert calls == [1.0]


def test_steps_lie_around_the_middle() -> None:
    assert math.isclose(sum(STEPS), 0, abs_tol=1e-9)
