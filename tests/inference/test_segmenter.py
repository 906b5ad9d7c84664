"""The shipped segmenter: its bundle, its answer on drawn and real cells."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.inference.masks import clean_mask
from bloodcells_gui.inference.segmenter import Segmenter

BUNDLES = sorted((Path(__file__).resolve().parents[2] / "models").glob("segmenter-*"))
SIZE = 128


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(load_bundle(BUNDLES[-1]))


def drawn(*, neighbour: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A cell on a blank field and its mask."""
    image = np.full((SIZE, SIZE, 3), (238, 226, 220), np.uint8)
    truth = np.zeros((SIZE, SIZE), np.uint8)
    for x, y in ((12, 14), (118, 20), (10, 110), (115, 118)):
        cv2.circle(image, (x, y), 17, (206, 152, 152), -1, cv2.LINE_AA)
        cv2.circle(image, (x, y), 6, (226, 200, 195), -1, cv2.LINE_AA)
    if neighbour:
        cv2.circle(image, (124, 66), 30, (200, 176, 205), -1, cv2.LINE_AA)
        cv2.circle(image, (126, 66), 20, (92, 48, 140), -1, cv2.LINE_AA)
    cv2.circle(image, (62, 64), 31, (202, 178, 206), -1, cv2.LINE_AA)
    cv2.circle(truth, (62, 64), 31, 1, -1)
    cv2.circle(image, (56, 62), 17, (92, 48, 140), -1, cv2.LINE_AA)
    cv2.circle(truth, (56, 62), 17, 2, -1)
    rng = np.random.default_rng(2)
    image = cv2.GaussianBlur(image, (0, 0), 1.0) + rng.normal(0, 3, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), truth


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize("neighbour", [False, True])
def test_a_drawn_cell(segmenter: Segmenter, neighbour: bool) -> None:
    image, truth = drawn(neighbour=neighbour)
    (mask,) = segmenter.segment(image[None])
    assert mask.dtype == np.uint8
    assert dice(mask > 0, truth > 0) > 0.93
    assert dice(mask == 2, truth == 2) > 0.90


def test_threads_clean_masks_in_turns(segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side they would hand the interpreter over at every small step."""
    inside, most = 0, 0

    def slow(probabilities: np.ndarray) -> np.ndarray:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.001)
        inside -= 1
        return clean_mask(probabilities)

    batch = np.stack([drawn()[0]] * 4)
    alone = segmenter.segment(batch)
    monkeypatch.setattr("bloodcells_gui.inference.segmenter.clean_mask", slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(segmenter.segment, [batch] * 12))
    assert most == 1
    assert all(np.array_equal(masks, alone) for masks in found)


def test_batches_of_any_size_agree_with_single_cells(segmenter: Segmenter) -> None:
    image, _ = drawn()
    batch = np.stack([np.roll(image, shift, axis=1) for shift in range(-6, 29)])
    together = segmenter.segment(batch)
    assert together.shape == (35, SIZE, SIZE)
    for i in (0, 17, 34):
        np.testing.assert_array_equal(together[i], segmenter.segment(batch[i : i + 1])[0])
    assert segmenter.segment(batch[:0]).shape == (0, SIZE, SIZE)


def test_probabilities_sum_to_one(segmenter: Segmenter) -> None:
    p = segmenter.probabilities(drawn()[0][None])
    np.testing.assert_allclose(p.sum(1), 1.0, atol=1e-5)


def test_blank_field_has_no_cell(segmenter: Segmenter) -> None:
    blank = np.full((1, SIZE, SIZE, 3), 236, np.uint8)
    assert np.count_nonzero(segmenter.segment(blank)) < 0.02 * SIZE**2


@pytest.mark.realdata
def test_real_masks(segmenter: Segmenter, real_data: Path) -> None:
    """Twenty test crops of Raabin and twenty of the site that was never trained on."""
    from scripts.training.data import SITE_UM, load_items
    from scripts.training.masks_data import STORE_MPP, load_raabin, load_tecom, window

    items = load_items(real_data)
    test = [i for i in items if i.set == "raabin" and i.split == "test"][:20]
    own = [window(m.image, m.mask, STORE_MPP) for m in load_raabin(real_data, test)]
    tecom = [i for i in items if i.site == "tecom"][:20]
    unseen = [w[:2] for w in load_tecom(real_data, tecom, SITE_UM["tecom"])]
    for windows in (own, unseen):
        masks = segmenter.segment(np.stack([w[0] for w in windows]))
        assert np.mean([dice(m > 0, t > 0) for m, (_, t) in zip(masks, windows, strict=True)]) > 0.93
