"""The batched augmentation against the one-crop one that it repeats, and the file that crops travel in."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from scripts.training import pack  # noqa: E402
from scripts.training.augment import Look, augment, look_of  # noqa: E402
from scripts.training.augment_batch import augment_batch, blurred, from_lab, jpeg, to_lab  # noqa: E402
from scripts.training.data import CACHE_PX, CACHE_UM, Cache  # noqa: E402
from scripts.training.views import DeviceViews, Pool  # noqa: E402


def crops(n: int, seed: int = 0) -> np.ndarray:
    """(n, 208, 208, 3) uint8: a cell with a nucleus between red cells, each a little different."""
    rng = np.random.default_rng(seed)
    out = np.empty((n, CACHE_PX, CACHE_PX, 3), np.uint8)
    for i in range(n):
        image = np.full((CACHE_PX, CACHE_PX, 3), (238, 222, 210), np.uint8)
        for _ in range(7):
            at = tuple(int(v) for v in rng.integers(0, CACHE_PX, 2))
            cv2.circle(image, at, 22, (205, 160, 160), -1, cv2.LINE_AA)
        cv2.circle(image, (104, 104), int(rng.integers(38, 50)), (190, 170, 210), -1, cv2.LINE_AA)
        cv2.circle(image, (98, 108), int(rng.integers(20, 30)), (95, 60, 140), -1, cv2.LINE_AA)
        out[i] = np.clip(image + rng.normal(0, 4, image.shape), 0, 255)
    return out


def described(views: np.ndarray) -> np.ndarray:
    """(n, 9): mean and spread of each colour, sharpness, colourfulness, brightness of the middle."""
    rows = []
    for view in views:
        grey = view.mean(2)
        sharp = cv2.Laplacian(grey.astype(np.float32), cv2.CV_32F).std()
        colour = (view.max(2) - view.min(2)).mean()
        rows.append([*view.mean((0, 1)), *view.std((0, 1)), sharp, colour, view[56:72, 56:72].mean()])
    return np.array(rows)


@pytest.mark.parametrize("look", [Look(), Look(gentle=0.6, recolour=0.1), Look(gentle=0.0, recolour=0.8)])
def test_batched_views_are_distributed_as_single_ones(look: Look) -> None:
    from scipy.stats import ks_2samp

    n = 300
    images = crops(n)
    rng = np.random.default_rng(1)
    halves = np.where(rng.random(n) < 0.5, 11.9, 16.6)
    looks = [look_of(x, h) for x, h in zip(images, halves, strict=True)]
    own, fields = np.stack([x for x, _ in looks]), np.stack([f for _, f in looks])
    other = own[rng.permutation(n)] + np.array([-20, 6, -8, 5, 2, 2], np.float32)
    single = np.stack(
        [augment(images[k], CACHE_UM, halves[k], own[k], other[k], rng, look) for k in range(n)]
    )
    order = rng.permutation(n)
    batch = augment_batch(
        torch.from_numpy(images[order]).permute(0, 3, 1, 2), halves[order], own[order], other[order],
        torch.from_numpy(fields[order]), np.random.default_rng(2), torch.Generator(), look,
    ).permute(0, 2, 3, 1).numpy()  # fmt: skip
    assert batch.shape == (n, 128, 128, 3)
    assert batch.min() >= 0
    assert batch.max() <= 255
    one, many = described(single.astype(np.float32)), described(batch)
    # 0.17 is passed by chance about once in two thousand comparisons of two samples of 300.
    worst = max(ks_2samp(one[:, k], many[:, k]).statistic for k in range(one.shape[1]))
    assert worst < 0.17


def test_lab_is_opencvs_and_comes_back() -> None:
    image = crops(1)[0]
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    lab = to_lab(x)
    wanted = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    np.testing.assert_allclose(lab[0].permute(1, 2, 0).numpy(), wanted, atol=1.5)
    torch.testing.assert_close(from_lab(lab), x, atol=0.05, rtol=0)


@pytest.mark.parametrize("quality", [30, 75, 92])
def test_jpeg_loses_what_a_file_loses(quality: int) -> None:
    image = crops(1)[0][:128, :128]
    x = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    found = jpeg(x, np.array([float(quality)]))[0].permute(1, 2, 0).numpy()
    _, code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    wanted = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32)
    lost = np.abs(wanted - image).mean()
    assert np.abs(found - wanted).mean() < 0.6 * lost


def test_blur_has_each_views_own_width() -> None:
    x = torch.zeros(2, 1, 41, 41)
    x[:, :, 20, 20] = 1
    out = blurred(x, np.array([1.0, 3.0])).numpy()
    for k, sigma in enumerate((1.0, 3.0)):
        spread = (out[k, 0].sum(0) * (np.arange(41) - 20) ** 2).sum()
        assert spread == pytest.approx(sigma**2, rel=0.05)
        assert out[k].sum() == pytest.approx(1, abs=1e-4)


def a_cache(folder: Path) -> Cache:
    """A cache "real" of two sites, with crops for training, validation and the untouched part."""
    images = list(crops(12, seed=3))
    meta = []
    for i in range(12):
        site = ("pbc", "raabin")[i % 3 == 0]
        label, leaves = (("LY", ["LY"]), ("NE", ["SNE", "BNE"]))[i % 2]
        split = {3: "val", 4: "test"}.get(i, "train")
        entry = {"path": f"{i}.png", "set": site, "site": site, "label": label, "leaves": leaves}
        meta.append({**entry, "use": "train+ship", "split": split, "half_um": 11.9})
    Cache.write(folder, "real", images, meta)
    return Cache(folder, "real")


def test_packed_crops_come_back_and_only_those_of_training(tmp_path: Path) -> None:
    before = a_cache(tmp_path / "here")
    pack.write(tmp_path / "here", tmp_path / "crops.zip", 90)
    pack.read(tmp_path / "crops.zip", tmp_path / "there")
    after = Cache(tmp_path / "there", "real")
    rows = [i for i, m in enumerate(before.meta) if m["split"] == "train"]
    assert len(after.meta) == len(rows) == 10
    assert all(m["split"] == "train" and "path" not in m for m in after.meta)
    shown = pack.shown(11.9)
    for k, i in enumerate(rows):
        difference = np.abs(after.images[k][shown, shown].astype(int) - before.images[i][shown, shown]).mean()
        assert difference < 3
        own, field = look_of(after.images[k], 11.9)
        np.testing.assert_allclose(after.meta[k]["look"], [*own, *field], atol=1e-3)


def test_views_on_a_device_repeat_by_seed_and_step_and_carry_their_labels(tmp_path: Path) -> None:
    a_cache(tmp_path)
    pool = Pool(tmp_path)
    assert len(pool.where) == 10
    first = iter(DeviceViews(pool, 4, 0, 16, torch.device("cpu"), Look()))
    next(first)
    x, y, *_ = next(first)
    again, labels, *_ = next(iter(DeviceViews(pool, 4, 1, 16, torch.device("cpu"), Look())))
    torch.testing.assert_close(x, again)
    assert torch.equal(y, labels)
    assert set(map(tuple, y.int().tolist())) <= {
        *map(tuple, pool.targets.astype(int).tolist()),
        tuple([0] * 13 + [1]),
    }
    assert not torch.equal(x, next(first)[0])


def test_pools_know_looks_without_working_them_out_again(tmp_path: Path) -> None:
    cache = a_cache(tmp_path)
    found = Pool(tmp_path)
    meta = [{**m, "look": [float(k)] * 9} for k, m in enumerate(cache.meta)]
    (tmp_path / "real.json").write_text(json.dumps(meta))
    told = Pool(tmp_path)
    assert told.stats[1].tolist() == [1.0] * 6
    assert not np.allclose(found.stats, told.stats)
