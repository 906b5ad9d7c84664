from __future__ import annotations

import time

import numpy as np
import pytest

from bloodcells_gui.inference.explain import enlarge, grad_cam, mixed_weights, share_inside

RNG = np.random.default_rng(4)
MAP = RNG.random((20, 8, 8), dtype=np.float32)
W = RNG.normal(0, 1, (6, 20)).astype(np.float32)
B = RNG.normal(0, 1, 6).astype(np.float32)


def target(feature_map: np.ndarray, leaves: list[int]) -> float:
    z = W.astype(np.float64) @ feature_map.astype(np.float64).mean((1, 2)) + B
    return float(np.log(np.exp(z[leaves]).sum()))


@pytest.mark.parametrize("leaves", [[2], [0, 1], [3, 4, 5]])
def test_the_weights_are_the_gradient_of_the_class(leaves: list[int]) -> None:
    z = W @ MAP.mean((1, 2)) + B
    weights = mixed_weights(W, z, leaves)
    for d in range(0, 20, 3):
        moved = MAP.astype(np.float64).copy()
        moved[d, 3, 5] += 1e-4
        slope = (target(moved, leaves) - target(MAP, leaves)) / 1e-4
        assert slope * 64 == pytest.approx(weights[d], abs=1e-3)


@pytest.mark.parametrize("leaves", [[2], [0, 1], [3, 4, 5]])
def test_equal_to_autograd(leaves: list[int]) -> None:
    torch = pytest.importorskip("torch")
    feature_map = torch.from_numpy(MAP).requires_grad_()
    z = torch.from_numpy(W) @ feature_map.mean((1, 2)) + torch.from_numpy(B)
    torch.logsumexp(z[leaves], 0).backward()
    alpha = feature_map.grad.mean((1, 2))
    cam = torch.relu((alpha[:, None, None] * feature_map).sum(0)).detach()
    expected = (cam / cam.max()).numpy()
    found = grad_cam(MAP, mixed_weights(W, z.detach().numpy(), leaves))
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_range_and_empty_map() -> None:
    heat = grad_cam(MAP, np.abs(W[0]))
    assert heat.shape == (8, 8)
    assert heat.min() >= 0
    assert heat.max() == pytest.approx(1)
    assert not grad_cam(MAP, np.full(20, -1, np.float32)).any()
    large = enlarge(heat, 128)
    assert large.shape == (128, 128)
    assert 0 <= large.min() <= large.max() <= 1


def test_under_five_milliseconds_a_cell() -> None:
    feature_map = RNG.random((320, 8, 8), dtype=np.float32)
    weights = RNG.normal(0, 1, 320).astype(np.float32)
    times = []
    for _ in range(20):
        start = time.process_time()
        enlarge(grad_cam(feature_map, weights), 128)
        times.append(time.process_time() - start)
    assert min(times) < 0.005


def test_share_of_heat_inside_a_mask() -> None:
    heat = np.zeros((4, 4), np.float32)
    heat[0] = 1
    mask = np.zeros((4, 4), bool)
    mask[0, :2] = True
    assert share_inside(heat, mask) == pytest.approx(0.5)
    assert np.isnan(share_inside(heat * 0, mask))
