"""Judging the steps after the classifier, on answers whose truth is known because they were made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from scripts.training.data import FIVE, LEAVES
from scripts.training.judge_serving import (
    FILM_CELLS,
    Films,
    Gain,
    Laboratory,
    balanced_gain,
    film_figures,
    films_of,
    load_laboratories,
    paired,
    steps_of,
    verdict,
    whole_figures,
)
from scripts.training.serving import Serving, answered, serve
from tests.support.made_answers import made_answers


def test_films_hold_no_cell_twice_and_the_proportions_of_blood() -> None:
    answers = made_answers()
    films = films_of(answers, 40, seed=1)
    assert len(films.cells) == 40
    assert all(len(np.unique(cells)) == len(cells) == FILM_CELLS for cells in films.cells)
    share = np.bincount(answers.five[np.concatenate(films.cells)], minlength=5) / (40 * FILM_CELLS)
    np.testing.assert_allclose(share, (0.60, 0.28, 0.07, 0.04, 0.01), atol=0.02)


def test_few_cells_give_smaller_films_and_very_few_none() -> None:
    small = films_of(made_answers((30, 20, 20, 20, 20)), 5, seed=1)
    assert all(40 <= len(cells) <= 50 for cells in small.cells)
    assert films_of(made_answers((12, 12, 12, 12, 12)), 5, seed=1).cells == ()


def test_rare_cells_come_one_to_three_and_from_made_ones_where_there_are_none() -> None:
    answers, made = made_answers(), made_answers((0, 0, 0, 0, 0), blasts=9)
    assert films_of(answers, 5, 1, "BL").cells == ()
    films = films_of(answers, 30, 1, "BL", made)
    every = answers.joined(made)
    blasts = [int(every.of("BL")[cells].sum()) for cells in films.cells]
    assert set(blasts) == {1, 2, 3}
    figures = film_figures(answers, films, Serving(), made)
    assert figures.rare.sum() == sum(blasts)
    assert figures.shares()["rare_named"] > 0.9  # the network names each of them, and they lie apart


def test_what_is_counted_of_a_film() -> None:
    answers = made_answers((10, 0, 0, 0, 0), right=1.0).joined(made_answers((0, 5, 0, 0, 0), right=1.0))
    wrong = np.array(answers.logits)
    wrong[10:12] = -4
    wrong[10:12, LEAVES.index("BL")] = 4  # two lymphocytes are called blasts
    answers = replace(answers, logits=wrong)
    film = Films((np.arange(15),))
    found = film_figures(answers, film, Serving(shift={}), whole=False).shares()
    assert found["accuracy"] == pytest.approx(13 / 15)
    assert found["named"] == 1
    assert found["right_of_named"] == pytest.approx(13 / 15)
    assert found["lymphocytes_as_blast"] == pytest.approx(2 / 5)


def test_a_threshold_of_nearly_nothing_leaves_all_cells_unidentified() -> None:
    answers = made_answers()
    served = answered(answers, Serving(threshold=1e-9))
    figures = whole_figures(answers, served)
    assert figures["named"] == 0
    assert np.isnan(figures["right_of_named"])
    assert figures["accuracy"] == pytest.approx(0.84, abs=0.04)


def test_label_propagation_gains_where_groups_lie_apart() -> None:
    without, using = steps_of(Serving(shift={}, measured=False))["label propagation"]
    labs = [Laboratory.of(made_answers(seed=s), None, 10, 3) for s in (0, 1)]
    off, on = ([lab.judge(serving) for lab in labs] for serving in (without, using))
    gains = [lab.gain(a, b) for lab, a, b in zip(labs, off, on, strict=True)]
    assert all(g.balanced[0] > 0.02 and g.films[0] > 0.02 for g in gains)
    # A lone basophil among groups that pull is what the rule about rare kinds is for.
    assert verdict([replace(g, rare={}) for g in gains]) == (True, "")


def test_each_step_is_judged_with_and_without_it_and_one_of_both_is_what_serves() -> None:
    full = Serving()
    steps = steps_of(full)
    assert set(steps) == {"logit adjustment", "prior shift", "label propagation", "morphometry"}
    assert all((without == full) != (using == full) for without, using in steps.values())
    assert set(steps_of(Serving(shift={}, prior=None, measured=False))) == {"label propagation"}


def a_gain(balanced: float, films: float, rare: float = 0.0, *, width: float = 0.02, site: str = "a") -> Gain:
    def limits(mean: float) -> tuple[float, float, float]:
        return mean, mean - width, mean + width

    return Gain(site, limits(balanced), limits(films), {"BA": limits(rare)})


def test_a_step_that_harms_one_laboratory_beyond_chance_goes() -> None:
    stays, why = verdict([a_gain(0.1, 0.1), a_gain(-0.025, 0.1, site="b")])
    assert not stays
    assert why == "harms b (balanced -2.5 points, beyond chance)"


def test_a_step_that_harms_one_laboratory_by_more_than_three_points_goes_however_wide_the_limits() -> None:
    stays, why = verdict([a_gain(0.1, 0.1), a_gain(0.1, -0.035, width=0.2, site="b")])
    assert not stays
    assert "harms b (films -3.5 points)" in why


def test_a_step_that_gains_nothing_or_loses_rare_kinds_goes() -> None:
    assert verdict([a_gain(0.0, -0.001), a_gain(0.0, 0.0)])[1].startswith("gains nothing")
    assert verdict([a_gain(0.1, 0.1, -0.3), a_gain(0.1, 0.1, 0.1)])[1].startswith("loses BA in films")
    assert verdict([a_gain(0.1, 0.1, -0.01)]) == (True, "")


def test_paired_limits_enclose_the_mean_and_know_how_few_the_cells_are() -> None:
    gains = np.random.default_rng(0).normal(0.02, 0.1, 400)
    mean, low, high = paired(gains, np.ones(400))
    assert low < mean < high
    assert high - low == pytest.approx(2 * 1.96 * 0.1 / 20, rel=0.15)
    # One cell of twenty that changed in each of a hundred films is still one cell.
    one = np.zeros(20)
    one[3] = -1
    mean, low, high = paired(one, np.full(20, 100.0))
    assert mean == pytest.approx(-0.05)
    assert low < -0.05 < high == 0
    assert np.isnan(paired(one, np.zeros(20))).all()


def test_the_balanced_gain_counts_every_class_alike() -> None:
    truth = np.repeat([0, 1], (90, 10))
    off, on = np.zeros(100, int), truth.copy()
    mean, low, high = balanced_gain(truth, off, on)
    assert mean == low == high == 0.5


def test_stored_answers_come_back_and_are_served_alike(tmp_path: Path) -> None:
    answers = made_answers()
    folder = tmp_path / "without-here"
    folder.mkdir()
    np.savez(
        folder / "away.npz", logits=answers.logits, allowed=answers.allowed,
        coordinates=answers.coordinates.astype(np.float16), measurements=answers.measurements,
        distance=answers.distance, disagreement=answers.disagreement,
    )  # fmt: skip
    found = load_laboratories(tmp_path, ["here", "nowhere"], 3, 1)
    assert [lab.answers.name for lab in found] == ["here"]
    again = serve(found[0].answers, Serving())
    once = serve(
        replace(answers, coordinates=answers.coordinates.astype(np.float16).astype(np.float32)), Serving()
    )
    np.testing.assert_array_equal(again.probabilities, once.probabilities)
    assert len(FIVE) == 5
