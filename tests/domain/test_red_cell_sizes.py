"""Normal, small or large by the measured diameter."""

from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.domain.red_cell_sizes import (
    SIZES_RELATIVE,
    SIZES_UNSURE,
    SizeLimits,
    size_limits,
    size_remark,
    size_shares,
    with_sizes,
)
from bloodcells_gui.domain.red_cells import RED_CELL_CODES

NORM, MACRO, MICRO, TARGET = (RED_CELL_CODES.index(c) for c in ("NORM", "MACRO", "MICRO", "TARGET"))


def seen(**shares: float) -> np.ndarray:
    """One row of probabilities."""
    out = np.zeros((1, len(RED_CELL_CODES)), np.float32)
    for code, value in shares.items():
        out[0, RED_CELL_CODES.index(code)] = value
    return out


def test_a_scale_from_elsewhere_keeps_the_limits_of_health() -> None:
    limits = size_limits(np.array([9.0, 9.2, 8.9]), spread=0.02)
    assert (limits.low_um, limits.high_um, limits.spread, limits.relative) == (6.2, 8.2, 0.02, False)


def test_a_scale_from_the_red_cells_makes_the_limits_the_specimens_own() -> None:
    """What was measured is 5 % small all over: no cell of the middle becomes a microcyte."""
    diameters = np.array([6.6, 6.98, 7.3, np.nan])
    limits = size_limits(diameters, spread=0.08, from_red_cells=True)
    assert limits.relative
    assert limits.spread == 0.0
    assert limits.low_um == pytest.approx(6.2 * 6.98 / 7.35)
    assert limits.high_um == pytest.approx(8.2 * 6.98 / 7.35)


def test_without_any_measured_cell_the_limits_stay() -> None:
    assert size_limits(np.array([np.nan]), from_red_cells=True) == SizeLimits(6.2, 8.2, 0.0, True)
    assert size_limits(np.zeros(0)).low_um == 6.2


@pytest.mark.parametrize("spread", [-0.1, np.nan, np.inf])
def test_a_spread_that_is_none_is_refused(spread: float) -> None:
    with pytest.raises(ValueError, match="spread"):
        size_limits(np.array([7.0]), spread=spread)


def test_shares_sum_to_one_and_are_even_at_a_limit() -> None:
    shares = size_shares(np.array([4.0, 6.2, 7.35, 8.2, 11.0]), SizeLimits(6.2, 8.2))
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert shares.argmax(axis=1).tolist()[::2] == [0, 1, 2]
    assert shares[1, 0] == pytest.approx(0.5, abs=1e-6)
    assert shares[3, 2] == pytest.approx(0.5, abs=1e-6)


def test_an_unsure_scale_blurs_the_limits() -> None:
    sure, unsure = (size_shares(np.array([9.0]), SizeLimits(6.2, 8.2, s))[0, 2] for s in (0.0, 0.1))
    assert sure > 0.98 > unsure > 0.5


def test_the_measured_size_overrules_what_the_network_saw() -> None:
    p = with_sizes(seen(MACRO=0.6, NORM=0.3, TARGET=0.1), np.array([7.3]), SizeLimits(6.2, 8.2))
    assert p[0].argmax() == NORM
    assert p[0, TARGET] == pytest.approx(0.1)
    assert p.sum() == pytest.approx(1.0)


def test_close_to_a_limit_the_network_tips_the_scales() -> None:
    near = np.array([8.2])
    assert with_sizes(seen(MACRO=0.7, NORM=0.3), near, SizeLimits(6.2, 8.2))[0].argmax() == MACRO
    assert with_sizes(seen(MACRO=0.3, NORM=0.7), near, SizeLimits(6.2, 8.2))[0].argmax() == NORM


def test_other_shapes_and_cells_that_were_not_measured_stay_as_they_are() -> None:
    p = np.concatenate([seen(TARGET=1.0), seen(MICRO=0.8, NORM=0.2)])
    assert np.array_equal(with_sizes(p, np.array([4.0, np.nan]), SizeLimits(6.2, 8.2)), p)
    assert with_sizes(p[:0], np.zeros(0), SizeLimits(6.2, 8.2)).shape == (0, len(RED_CELL_CODES))


def test_a_size_that_the_network_rules_out_still_follows_the_measurement() -> None:
    """A cell of 9.5 um that the network calls surely normal is a macrocyte all the same."""
    assert with_sizes(seen(NORM=1.0), np.array([9.5]), SizeLimits(6.2, 8.2))[0].argmax() == MACRO


def test_remarks() -> None:
    assert size_remark(SizeLimits(6.2, 8.2, 0.0, True)) == (SIZES_RELATIVE, {})
    assert size_remark(SizeLimits(6.2, 8.2, 0.08)) == (SIZES_UNSURE, {"percent": 8})
    assert size_remark(SizeLimits(6.2, 8.2, 0.02)) is None
