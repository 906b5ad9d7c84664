"""Made crops: cells of one laboratory in another's field, and smudges that keep the nucleus' shape."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.training.composites import build, coarsened, even_nucleus, resized
from scripts.training.data import CACHE_PX, CACHE_UM, Cache
from scripts.training.torn_nuclei import SMUDGE_KINDS, smudge

MIDDLE = CACHE_PX // 2


def cell(radius_px: int = 40, at: tuple[int, int] = (MIDDLE, MIDDLE)) -> tuple[np.ndarray, np.ndarray]:
    """A cell with a dark nucleus on a blank field, and its alpha."""
    image = np.full((CACHE_PX, CACHE_PX, 3), (235, 225, 220), np.uint8)
    cv2.circle(image, at, radius_px, (190, 170, 210), -1, cv2.LINE_AA)
    cv2.circle(image, at, radius_px * 2 // 3, (95, 60, 140), -1, cv2.LINE_AA)
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    alpha = np.zeros((CACHE_PX, CACHE_PX), np.float32)
    cv2.circle(alpha, at, radius_px, 1.0, -1)
    return np.clip(image + noise, 0, 255).astype(np.uint8), alpha


@pytest.mark.parametrize("diameter_um", [7.0, 9.0, 12.0])
def test_a_cell_takes_the_diameter_it_is_given_and_moves_to_the_middle(diameter_um: float) -> None:
    image, alpha = resized(*cell(44, (90, 118)), diameter_um)
    ys, xs = np.nonzero(alpha > 0.5)
    assert 2 * np.sqrt(len(xs) / np.pi) * CACHE_UM == pytest.approx(diameter_um, rel=0.03)
    assert (xs.mean(), ys.mean()) == pytest.approx((MIDDLE, MIDDLE), abs=1.5)
    assert image[MIDDLE, MIDDLE].sum() < 400  # the nucleus


def test_an_empty_alpha_changes_nothing() -> None:
    image, alpha = cell()
    kept, none = resized(image, np.zeros_like(alpha), 9.0)
    assert kept is image
    assert none.max() == 0


def test_smoothing_evens_the_inside_and_keeps_the_surroundings() -> None:
    image, alpha = cell()
    out = even_nucleus(image, alpha, np.random.default_rng(1))
    inside = (slice(MIDDLE - 10, MIDDLE + 10),) * 2
    assert out[inside].std((0, 1)).max() < 0.7 * image[inside].std((0, 1)).min()
    np.testing.assert_array_equal(out[:30, :30], image[:30, :30])


def test_a_coarse_camera_shows_less_detail() -> None:
    image, _ = cell()

    def sharpness(x: np.ndarray) -> float:
        return float(cv2.Laplacian(x, cv2.CV_32F).std())

    assert sharpness(coarsened(image, 0.5)) < sharpness(coarsened(image, 0.25)) < sharpness(image)


@pytest.mark.parametrize("kind", SMUDGE_KINDS)
def test_smudges_darken_the_middle_and_leave_the_corners(kind: str) -> None:
    image, _ = cell()
    nucleus = np.zeros((CACHE_PX, CACHE_PX), bool)
    nucleus[np.hypot(*(np.mgrid[:CACHE_PX, :CACHE_PX] - MIDDLE)) < 27] = True
    ground = np.full_like(image, 230)
    for seed in range(6):
        made = smudge(image, nucleus, ground, np.random.default_rng(seed), kind)
        assert made[MIDDLE - 25 : MIDDLE + 25, MIDDLE - 25 : MIDDLE + 25].mean() < 222
        assert np.abs(made[:15, :15].astype(int) - 230).max() <= 3


def test_made_crops_tell_where_they_come_from_and_stay_on_their_side_of_the_split(tmp_path: Path) -> None:
    images, meta = [], []

    def add(site: str, set_name: str, label: str, split: str, picture: np.ndarray, **more: float) -> None:
        images.append(picture)
        meta.append({
            "path": f"{site}/{label}_{len(images)}", "set": set_name, "site": site, "label": label,
            "leaves": [label], "group": str(len(images)), "use": "train+ship", "split": split, **more,
        })  # fmt: skip

    for split in ("train", "val", "test"):
        for k in range(4):
            add("mll-marrow", "bone_marrow", "BL", split, cell(44 + k)[0], half_um=11.9)
            add("pbc", "pbc", "LY", split, cell(28 + k)[0], half_um=14.1)
        for site, name in (("raabin", "txl_pbc"), ("lisc", "lisc")):
            add(site, name, "ART", split, np.full((CACHE_PX, CACHE_PX, 3), 228, np.uint8))
    Cache.write(tmp_path, "real", images, meta)
    build(tmp_path, segmenter=tmp_path / "none", smudges=20)
    made = Cache(tmp_path, "made").meta
    assert made
    assert {m["split"] for m in made} == {"train", "val"}
    assert {m["site"].split(">")[1] for m in made} == {"raabin", "lisc"}
    assert not any("half_um" in m for m in made)  # the grounds are whole pictures
    blasts = [m for m in made if m["label"] == "BL"]
    assert {m["lympho"] for m in blasts} == {True, False}
    of_val = [m["site"] for m in blasts if m["split"] == "val"]
    assert of_val.count("mll-marrow>raabin") == of_val.count("mll-marrow>lisc") == 4
    assert all(m["leaves"] == ["SMU"] and m["smudge"] for m in made if m["label"] == "SMU")
