"""A change of the training judged on two networks that differ in it alone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from scripts.training.data import FIVE, LEAVES
from scripts.training.paired_trial import gain_on
from scripts.training.serving import Answers
from tests.support.made_answers import made_answers


def with_wrong(answers: Answers, cells: int, seed: int = 0) -> Answers:
    """The same cells, `cells` more of them named wrongly."""
    rng = np.random.default_rng(seed)
    logits = answers.logits.copy()
    for i in rng.permutation(len(logits))[:cells]:
        other = (answers.five[i] + 1) % len(FIVE)
        logits[i] = 0
        logits[i, LEAVES.index(list(FIVE.values())[other][0])] = 6
    return Answers(
        answers.name, logits, answers.allowed, answers.coordinates, answers.measurements, answers.distance,
        answers.disagreement,
    )  # fmt: skip


def test_what_names_more_cells_right_gains_and_the_other_way_round_loses() -> None:
    good = made_answers(right=0.98)
    bad = with_wrong(good, 80)
    gain, off, on = gain_on(bad, good, 20, 3)
    assert gain.balanced[1] > 0.03
    assert gain.films[1] > 0.03
    assert on.whole["balanced"] - off.whole["balanced"] == pytest.approx(gain.balanced[0], abs=1e-6)
    lost, *_ = gain_on(good, bad, 20, 3)
    assert lost.balanced[0] == pytest.approx(-gain.balanced[0], abs=1e-6)
    none, *_ = gain_on(good, good, 20, 3)
    assert none.balanced == (0.0, 0.0, 0.0)
