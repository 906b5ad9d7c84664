"""Focus and the quality of patches."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bloodcells_gui.domain.zones import BAD_LIGHT, GLASS, OUT_OF_FOCUS, PALE, TOO_THICK, TOO_THIN
from bloodcells_gui.imaging.focus import BLUR_UNKNOWN_PX, edge_blur_px
from bloodcells_gui.imaging.monolayer import judge_patch
from tests.support.smears import empty, fill


def patch(pitch_um: float, mpp: float = 0.4, side_um: float = 200) -> NDArray[np.uint8]:
    side = round(side_um / mpp)
    s = empty(side, side, mpp)
    fill(s, (0, 0, side, side), np.random.default_rng(2), pitch_um=pitch_um)
    return s.rgb


def test_blur_is_measured_in_px_whatever_the_contrast() -> None:
    step = np.zeros((120, 120), np.uint8)
    step[:, 60:] = 200
    faint = (step // 8 + 100).astype(np.uint8)
    measured = []
    for sigma in (2.0, 3.0, 5.0):
        soft, softer = cv2.GaussianBlur(step, (0, 0), sigma), cv2.GaussianBlur(faint, (0, 0), sigma)
        measured.append(edge_blur_px(soft))
        assert measured[-1] == pytest.approx(sigma, rel=0.15)
        assert edge_blur_px(softer) == pytest.approx(measured[-1], rel=0.2)
    assert edge_blur_px(step) < 0.7
    assert edge_blur_px(np.full((50, 50), 128, np.uint8)) == BLUR_UNKNOWN_PX
    assert edge_blur_px(np.zeros((4, 4), np.uint8)) == BLUR_UNKNOWN_PX


def test_noise_does_not_pass_for_sharpness() -> None:
    blurred = cv2.GaussianBlur(patch(12), (0, 0), 4).astype(np.float32)
    noisy = blurred + np.random.default_rng(0).normal(0, 3, blurred.shape)
    assert edge_blur_px(np.clip(noisy, 0, 255).astype(np.uint8)[..., 1]) > 2.0


def test_one_layer_is_best() -> None:
    thick, one, thin, glass = (judge_patch(patch(p), 0.4) for p in (5.5, 12, 40, 400))
    assert one.score > 0.8
    assert one.reasons == ()
    assert thick.score < 0.3
    assert thick.reasons[0] == TOO_THICK
    assert thin.score < one.score
    assert TOO_THIN in thin.reasons
    assert thick.single_share < 0.2 < 0.8 < one.single_share
    assert glass.score == 0
    assert glass.reasons in ((GLASS,), (TOO_THIN,))


@pytest.mark.parametrize("mpp", [0.1, 0.25, 0.5])
def test_the_scale_does_not_matter(mpp: float) -> None:
    assert judge_patch(patch(12, mpp), mpp).score == pytest.approx(
        judge_patch(patch(12), 0.4).score, abs=0.15
    )


def test_out_of_focus_pale_and_dark() -> None:
    good = patch(12)
    blurred = judge_patch(cv2.GaussianBlur(good, (0, 0), 5), 0.4)
    assert OUT_OF_FOCUS in blurred.reasons
    assert blurred.score < 0.2
    pale = judge_patch((235 - (235 - good.astype(np.float32)) * 0.15).astype(np.uint8), 0.4)
    assert PALE in pale.reasons or pale.coverage < 0.05
    assert pale.score < 0.5
    dark = judge_patch((good * 0.3).astype(np.uint8), 0.4)
    assert BAD_LIGHT in dark.reasons


def test_a_thick_zone_without_any_gap_needs_the_white_of_the_glass() -> None:
    lawn = np.full((300, 300, 3), (206, 150, 152), np.uint8)
    lawn[::9] = (200, 140, 145)
    assert TOO_THICK in judge_patch(lawn, 0.4, white=242.0).reasons
