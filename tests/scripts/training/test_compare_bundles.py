"""Two bundles compared cell for cell: measures of answers whose truth is known, and what counts as harm."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from bloodcells_gui.inference.classifier import ClassifierOutput
from scripts.training.compare_bundles import MADE, WHOLE, Judged, gains, is_harmed, made_rows, rows_of
from scripts.training.data import CACHE_PX, LEAVES, Cache


def judged(
    pairs: list[tuple[str, str]], doubt: list[float] | None = None, threshold: float = 0.2, sure: float = 0.9
) -> Judged:
    """Cells of (label, what they are taken for), each with its doubt."""
    n = len(pairs)
    p = np.full((n, len(LEAVES)), (1 - sure) / (len(LEAVES) - 1), np.float32)
    for i, (_, leaf) in enumerate(pairs):
        p[i, LEAVES.index(leaf)] = sure
    uncertainty = np.array(doubt if doubt is not None else [0.1] * n, np.float32)
    nothing = np.zeros((n, 1), np.float32)
    output = ClassifierOutput(
        p, nothing, nothing, nothing[:, 0], uncertainty, uncertainty > threshold, uncertainty > 9
    )
    return Judged.of(output, [[label] for label, _ in pairs])


def values(of: Judged) -> dict[str, float]:
    every = np.arange(len(of.named))
    return {name: measure(of, every) for name, measure in {**WHOLE, **MADE}.items()}


def test_each_measure_counts_what_it_says() -> None:
    pairs = [("LY", "LY")] * 6 + [("LY", "BL")] * 2 + [("MO", "MO")] * 8 + [("MY", "PMY")] * 4
    found = values(judged(pairs, [0.1] * 7 + [0.3] + [0.1] * 8 + [0.3] * 4))
    # a myelocyte taken for a promyelocyte is right as an immature granulocyte, and outside the five
    assert found["eight"] == pytest.approx(18 / 20)
    assert found["eleven"] == pytest.approx(14 / 20)
    assert found["five"] == pytest.approx(14 / 16)
    assert found["five, balanced"] == pytest.approx((6 / 8 + 1) / 2)
    assert found["IG F1"] == 1
    assert found["monocyte F1"] == 1
    assert found["named"] == pytest.approx(15 / 20)
    assert found["right of named"] == pytest.approx(14 / 15)
    # two of eight have blast as best name; one of them waits
    assert found["lymphocytes not asserted blast"] == pytest.approx(7 / 8)
    # of sixteen cells of the five the most doubtful two are left out, one of them wrong
    assert found["right at 10 % referral"] == pytest.approx(13 / 14)
    assert found["named rightly"] == pytest.approx(14 / 20)


def test_a_confidence_that_is_right_as_often_as_it_says_has_no_calibration_error() -> None:
    right = [("LY", "LY")] * 9 + [("LY", "MO")]
    assert values(judged(right, sure=0.9))["1 - ECE"] == pytest.approx(1, abs=1e-5)
    assert values(judged(right[:9], sure=0.9))["1 - ECE"] == pytest.approx(0.9, abs=1e-5)


def test_what_a_bundle_loses_beyond_chance_is_harm_and_the_same_bundle_loses_nothing() -> None:
    good = judged([("LY", "LY")] * 100 + [("MO", "MO")] * 100)
    bad = judged([("LY", "LY")] * 70 + [("LY", "BL")] * 30 + [("MO", "MO")] * 100)
    lost = gains(good, bad, WHOLE)
    assert lost["five"]["gain"] == pytest.approx(-0.15)
    assert is_harmed(lost["five"])
    assert is_harmed(lost["lymphocytes not asserted blast"])
    assert not is_harmed(lost["named"])
    won = gains(bad, good, WHOLE)
    assert won["five"]["low"] > 0
    assert won["five"]["gain"] == pytest.approx(-lost["five"]["gain"])
    same = gains(good, good, WHOLE)
    assert all(row["gain"] == row["low"] == row["high"] == 0 for row in same.values())


def test_one_cell_among_many_is_chance() -> None:
    good = judged([("LY", "LY")] * 100)
    one = judged([("LY", "LY")] * 99 + [("LY", "MO")])
    assert not is_harmed(gains(good, one, WHOLE)["five"])


def test_only_cells_that_no_network_learned_from_are_compared(tmp_path) -> None:
    cells = [
        ("pbc", "pbc", "LY", "test", False),
        ("pbc", "pbc", "LY", "train", False),
        ("txl_pbc", "pbc", "ART", "test", False),
        ("txl_pbc", "bccd", "NE", "test", False),
        ("txl_pbc", "bccd", "WBC", "test", False),
        ("pbc", "pbc", "", "test", False),
        ("made", "mll-marrow>lisc", "BL", "val", True),
        ("made", "mll-marrow>lisc", "BL", "val", False),
        ("made", "pbc>lisc", "LY", "train", False),
        ("made", "pbc>lisc", "SMU", "val", False),
    ]
    meta = [
        {
            "set": of, "site": site, "label": label, "leaves": [label] if label else [], "split": split,
            "lympho": small,
        }
        for of, site, label, split, small in cells
    ]  # fmt: skip
    images = [np.zeros((CACHE_PX, CACHE_PX, 3), np.uint8)] * len(cells)
    Cache.write(tmp_path, "real", images, meta)
    cache = Cache(tmp_path, "real")
    assert rows_of(cache, "pbc") == [0]
    assert rows_of(cache, "bccd") == [3]
    assert made_rows(cache) == {"made lymphoblasts": [6], "made blasts": [7], "made smudges": [9]}
