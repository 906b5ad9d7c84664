"""What a new laboratory may expect, fitted on made laboratories whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from bloodcells_gui.domain.site_expectation import Answers as Read
from scripts.training import degrade, fit_site_check, site_copies
from scripts.training.fit_site_check import (
    Drawn,
    as_read,
    drawn_from,
    expected,
    fitted,
    judged,
    limits_of,
    of_size,
    off,
    quantiles,
)
from scripts.training.serving import Serving, serve, serving_of
from tests.support.made_answers import made_answers


def a_set(laboratory: str, *, cells: int = 200, confidence: float = 0.9, right: float = 0.9) -> Drawn:
    return Drawn(laboratory, "plain", Read(cells, 0.8, confidence, 0.9, 0.9, 0.9, 0.1), 0.8, right)


def test_a_laboratory_is_read_in_one_half_and_judged_by_the_other() -> None:
    sets = drawn_from(made_answers(right=0.9), "plain", Serving(), 3)
    assert {d.copy for d in sets} == {"plain"}
    assert {d.read.cells for d in sets} >= {50, 100, 200}
    assert len({(d.named, d.right) for d in sets}) == 4  # two halves, two sorts of sets
    for d in sets:
        assert 0 < d.named <= 1
        assert 0.7 < d.right <= 1


def test_limits_hold_what_was_left_over_in_every_laboratory() -> None:
    sets = [a_set("a", right=0.92), a_set("b", right=0.80), a_set("c", right=0.90)]
    (_, low, high) = limits_of(sets, "right")[-1]
    assert low == pytest.approx(-0.10)
    assert high == pytest.approx(0.02)


def test_limits_are_never_narrower_with_fewer_cells_nor_for_want_of_a_laboratory() -> None:
    sets = [a_set("a", right=0.95), a_set("b", cells=80, right=0.8), a_set("a", cells=40, right=0.91)]
    found = limits_of(sets, "right")
    assert [row[0] for row in found] == [30, 75, 150]
    assert [row[1] for row in found] == pytest.approx([-0.1, -0.1, -0.1])  # b has no larger sets
    assert [row[2] for row in found] == pytest.approx([0.05, 0.05, 0.05])
    assert of_size(sets, 150, 10**9) == sets[:2]


def test_each_laboratory_is_judged_by_the_limits_of_the_others() -> None:
    sets = [a_set("a", right=0.92), a_set("b", right=0.80), a_set("c", right=0.90)]
    inside = {d.laboratory: held for d, _, held in judged(sets, "right")}
    assert inside == {"a": False, "b": False, "c": True}


def test_quantiles_weigh_what_they_are_told() -> None:
    left = np.linspace(-0.1, 0.1, 201)
    assert quantiles(left, np.ones(201)) == pytest.approx((-0.095, 0.095), abs=0.002)
    assert quantiles(left, (left > 0).astype(float)) == pytest.approx((0.0, 0.0975), abs=0.002)


def test_a_line_is_fitted_towards_the_reading_and_one_odd_laboratory_rules_it() -> None:
    rng = np.random.default_rng(0)
    sets = []
    for lab, shift in (("a", 0.0), ("b", 0.0), ("c", -0.2)):
        for _ in range(30):
            confidence = float(rng.uniform(0.8, 0.97))
            sets.append(a_set(lab, confidence=confidence, right=min(1.0, confidence + shift)))
    assert expected(as_read("right"), sets[0]) == pytest.approx(sets[0].read.probability)
    line = fitted([d for d in sets if d.laboratory != "c"], "right")
    assert line.weights["probability"] == pytest.approx(1.0, abs=0.05)
    assert line.intercept == pytest.approx(0.0, abs=0.05)
    found = off(sets, "right")
    assert found["as read"] == pytest.approx(0.2 / 3, abs=0.01)
    assert found["fitted"] > found["as read"]


def test_the_serving_is_that_of_the_card() -> None:
    card = {
        "calibration": {
            "logit_adjustment": {"LY": 1.5}, "temperature": 0.94,
            "specimen_mix": {"strength": 0.3, "least": 15}, "threshold": 0.2,
            "disagreement": 0.6, "unlike": 1.5,
            "pool": {"adapted": 0.9, "own": 0.1, "change": 1.0, "threshold": 0.2, "unfamiliar": 0.06},
        }
    }  # fmt: skip
    serving = serving_of(card)
    assert (serving.disagreement, serving.unlike, serving.temperature) == (0.6, 1.5, 0.94)
    assert not serving.measured


def test_view_disagreement_and_distance_leave_more_cells_unidentified() -> None:
    answers = made_answers(right=0.9)
    apart = replace(answers, disagreement=np.full(len(answers), 0.3, np.float32))
    serving = Serving(threshold=0.2, disagreement=0.6, unlike=1.5)
    assert serve(answers, serving).unidentified.sum() < serve(apart, serving).unidentified.sum()
    assert (serve(apart, Serving()).uncertainty == serve(answers, Serving()).uncertainty).all()
    far = replace(answers, distance=np.full(len(answers), 2.0, np.float32))
    assert serve(far, serving).unidentified.all()


def test_answers_of_the_shipped_network_go_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tmp_path / "model.onnx"
    monkeypatch.setattr(site_copies, "SHIPPED", network)
    network.write_bytes(b"one")
    first = site_copies.copy_path(tmp_path, "tecom", "dim")
    network.write_bytes(b"two")
    assert site_copies.copy_path(tmp_path, "tecom", "dim") != first
    assert site_copies.copy_path(tmp_path, "pbc", "dim").name == "pbc-dim.npz"


def test_every_picture_of_a_copy_gets_the_same_draw() -> None:
    images = np.stack([np.full((20, 20, 3), level, np.uint8) for level in (100, 100, 200)])
    dark = site_copies.changed(images, degrade.dim, "lisc-dim")
    assert (dark[0] == dark[1]).all()
    assert dark[2].mean() / 200 == pytest.approx(dark[0].mean() / 100, abs=0.02)
    assert dark[0].mean() < 85
    other = site_copies.changed(images, degrade.dim, "pbc-dim")
    assert other[0].mean() != dark[0].mean()
    assert site_copies.changed(images, None, "x") is images
    assert set(site_copies.COPIES) >= {"plain", "small", "large", "blurred", "dim"}
    assert set(fit_site_check.STORED) | set(site_copies.NETWORKS) == {
        "pbc", "raabin", "bccd", "lisc", "deepbionet", "tecom"
    }  # fmt: skip
