"""Are blasts named or shown: figures of made answers whose truth is known, and the limit chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from bloodcells_gui.domain.suspicion import DEFAULT, LookFirst
from scripts.training.data import LEAVES
from scripts.training.evaluate_blasts import (
    CRITICAL,
    Film,
    Site,
    blasts_by_limit,
    films,
    fitted_critical,
    fitted_limit,
    share,
)
from scripts.training.serving import Answers, Serving

PLAIN = Serving(shift={}, temperature=1.0, prior=None, propagation=None, measured=False, threshold=0.5)
PLAIN_STRICT = replace(PLAIN, threshold=0.1)


def film(suspicion: list[float], blast: list[bool] | None = None, named: list[bool] | None = None) -> Film:
    none = [False] * len(suspicion)
    return Film(np.array(suspicion), np.array(blast or none), np.array(named or none))


def answers(leaf: str, n: int, blast: float) -> Answers:
    """Cells of a leaf whose probability of a blast is `blast`, the rest their own."""
    p = np.full((n, len(LEAVES)), 1e-9, np.float32)
    p[:, LEAVES.index(leaf)] = 1 - blast
    p[:, LEAVES.index("BL")] = blast
    allowed = np.zeros((n, len(LEAVES)), bool)
    allowed[:, LEAVES.index(leaf)] = True
    nothing = np.zeros(n, np.float32)
    return Answers(
        "x", np.log(p), allowed, np.zeros((n, 3), np.float32), np.zeros((n, 15), np.float32), nothing, nothing
    )


def a_site() -> Site:
    own = answers("SNE", 400, 0.0001).joined(answers("LY", 200, 0.002)).joined(answers("MO", 40, 0.02))
    made = answers("BL", 20, 0.9)
    return Site("x", own, {"marrow": made})


def test_the_limit_gives_each_laboratory_the_same_weight_however_many_cells_it_has() -> None:
    few = film([0.9, 0.5, 0.3, 0.1])
    many = film([i / 1000 for i in range(1000)])
    limit = fitted_limit({"few": [few], "many": [many]}, 0.25)
    shares = [(f.suspicion > limit).mean() for f in (few, many)]
    assert np.mean(shares) <= 0.25
    assert np.mean([(f.suspicion >= limit).mean() for f in (few, many)]) == pytest.approx(0.25, abs=0.13)
    assert fitted_limit({"many": [many]}, 0.10) == pytest.approx(0.9, abs=0.002)


def test_a_blast_is_found_by_its_name_or_by_the_flag() -> None:
    found = [film([0.9, 0.4, 0.001, 0.002], [True, True, True, False], [True, False, False, False])]
    assert share(found, 0.01, blasts=True) == pytest.approx((1 / 3, 2 / 3))
    assert share(found, 0.001, blasts=False) == (0.0, 1.0)


def test_the_place_in_the_queue_counts_the_cells_that_stand_before_the_first_blast() -> None:
    assert film([0.9, 0.8, 0.5, 0.7], [False, False, True, True]).place() == 3
    assert film([0.9, 0.95], [False, True]).place() == 1
    assert film([0.5, 0.5], [True, False]).place() == 2
    assert film([0.9]).place() == float("inf")


def test_films_hold_the_blasts_that_were_asked_for_and_show_them_by_the_rule() -> None:
    site = a_site()
    found = films(site, "marrow", 3, PLAIN, DEFAULT, repeats=4)
    assert [int(f.blast.sum()) for f in found] == [3] * 4
    assert all(f.named_blast[f.blast].all() and f.place() == 1 for f in found)
    healthy = films(site, "", 0, PLAIN, DEFAULT, repeats=4)
    assert not any(f.blast.any() or f.named_blast.any() for f in healthy)
    # monocytes alone pass a limit of 0.01, lymphocytes too that of 0.001
    monocytes = share(healthy, 0.01, blasts=False)[1]
    assert 0 < monocytes < 0.15
    assert share(healthy, 0.001, blasts=False)[1] > monocytes + 0.2


def test_the_weights_of_the_rule_count() -> None:
    site = a_site()
    half = films(site, "marrow", 1, PLAIN, LookFirst({"BL": 0.5}, 0.01), repeats=2)
    whole = films(site, "marrow", 1, PLAIN, LookFirst({"BL": 1.0}, 0.01), repeats=2)
    for a, b in zip(half, whole, strict=True):
        assert a.suspicion == pytest.approx(b.suspicion / 2, rel=1e-4)


def test_the_limit_of_naming_is_the_largest_that_names_few_lymphocytes_a_blast() -> None:
    named = np.arange(len(CRITICAL))
    assert fitted_critical(named, 1000) == CRITICAL[4]  # fewer than five of a thousand
    assert fitted_critical(named, 100) == CRITICAL[0]
    assert fitted_critical(named + 9, 100) == CRITICAL[0]


def test_lymphocytes_are_named_a_blast_at_the_limits_that_their_doubt_allows() -> None:
    # a quarter of the doubt is left: above the limits up to 0.2, below those from 0.3 on
    cells = answers("LY", 20, 0.73).joined(answers("BL", 5, 0.9))
    found = blasts_by_limit(cells, PLAIN_STRICT)
    doubt = 1 - 0.73
    assert found.tolist() == [20 * (limit >= doubt) for limit in CRITICAL]
