"""Soft labels: which crops get one, how they are read, and what a network learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from scripts.training.augment import Look  # noqa: E402
from scripts.training.classifier_net import ClassifierNet  # noqa: E402
from scripts.training.data import CACHE_PX, CACHE_UM, LEAVES, Cache  # noqa: E402
from scripts.training.soft_labels import (  # noqa: E402
    TEMPERATURE,
    drawn_rows,
    mean_probabilities,
    read_soft,
    soft_loss,
    taught_rows,
    teacher_of,
)
from scripts.training.views import DeviceViews, Pool, Views, crop_kind  # noqa: E402

WHOLE = CACHE_PX * CACHE_UM / 2


def a_cache(folder: Path, cells: list[tuple[str, str, str]]) -> Cache:
    """Crops of (site, label, split), each of one grey."""
    images = [np.full((CACHE_PX, CACHE_PX, 3), 40 + 3 * k, np.uint8) for k in range(len(cells))]
    meta = [
        {
            "path": f"{k}.png", "set": "made" if ">" in site else site, "site": site, "label": label,
            "leaves": [label] if label else [], "split": split, "use": "train+ship",
        }
        for k, (site, label, split) in enumerate(cells)
    ]  # fmt: skip
    Cache.write(folder, "real", images, meta)
    return Cache(folder, "real")


def test_crops_of_a_laboratory_left_out_have_no_soft_label(tmp_path: Path) -> None:
    cells = [
        ("pbc", "LY", "train"),
        ("pbc", "LY", "test"),
        ("raabin", "MO", "train"),
        ("pbc", "", "train"),
        ("raabin>pbc", "BL", "train"),
    ]
    cache = a_cache(tmp_path, cells)
    assert taught_rows(cache, ()) == [0, 2, 4]
    assert taught_rows(cache, ["raabin"]) == [0]
    assert taught_rows(cache, ["pbc"]) == [2]


def test_a_trial_takes_crops_as_often_as_training_draws_them(tmp_path: Path) -> None:
    many = [("pbc", "LY", "train")] * 60 + [("raabin", "MO", "train")] * 4
    cache = a_cache(tmp_path, many)
    assert drawn_rows([cache], (), 0) == [list(range(64))]
    (few,) = drawn_rows([cache], (), 16)
    assert len(few) == 16
    # a thirteenth of the crops, drawn far more often than by their number alone
    assert sum(i >= 60 for i in few) >= 2
    assert crop_kind({"set": "made", "site": "mll-marrow>pbc", "label": "BL"}) == ("made>pbc*", "BL")
    assert crop_kind({"set": "made", "site": "raabin>pbc", "label": "LY"}) == ("made>pbc", "LY")


def test_soft_labels_are_the_mean_of_what_the_networks_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (2, CACHE_PX, CACHE_PX, 3)).astype(np.uint8)
    torch.manual_seed(1)
    paths = [tmp_path / f"{k}.pt" for k in range(2)]
    for path in paths:
        torch.save(ClassifierNet(len(LEAVES)).state_dict(), path)
    teachers = [teacher_of(path) for path in paths]
    alone = [mean_probabilities([teacher], images, [WHOLE, 8.0]) for teacher in teachers]
    both = mean_probabilities(teachers, images, [WHOLE, 8.0])
    np.testing.assert_allclose(both, (alone[0] + alone[1]) / 2, atol=1e-5)
    np.testing.assert_allclose(both.sum(1), 1, atol=1e-5)


def test_an_exported_network_is_asked_as_its_own_weights_are() -> None:
    bundle = Path(__file__).resolve().parents[3] / "models" / "classifier-lite0"
    views = np.load(bundle / "golden-input.npy")
    wanted = np.load(bundle / "golden-fp32-logits.npy")
    views, wanted = np.concatenate([views] * 4), np.concatenate([wanted] * 4)
    np.testing.assert_allclose(teacher_of(bundle / "model.onnx")(views), wanted, atol=2e-3)


def test_the_loss_is_least_where_a_network_says_what_the_teachers_say() -> None:
    soft = torch.softmax(torch.tensor([[3.0, 1.0, 0.0], [0.0, 0.5, 2.0]]), 1)
    same = soft.log()
    at_best = soft_loss(same, soft)
    for _ in range(5):
        assert soft_loss(same + torch.randn(2, 3), soft) > at_best
    same.requires_grad_()
    soft_loss(same, soft).backward()
    torch.testing.assert_close(same.grad, torch.zeros(2, 3), atol=1e-6, rtol=0)
    assert TEMPERATURE > 1


def test_views_without_a_soft_label_teach_none() -> None:
    logits = torch.randn(3, 4)
    soft = torch.zeros(3, 4)
    assert float(soft_loss(logits, soft)) == 0
    soft[1] = torch.tensor([0.7, 0.1, 0.1, 0.1])
    assert float(soft_loss(logits, soft)) == pytest.approx(float(soft_loss(logits[1:2], soft[1:2])) / 3)


def test_views_carry_the_soft_label_of_their_crop(tmp_path: Path) -> None:
    cache = a_cache(tmp_path, [("pbc", "LY", "train"), ("raabin", "MO", "train"), ("raabin", "EO", "train")])
    soft = np.zeros((len(cache.meta), len(LEAVES)), np.float16)
    soft[0, LEAVES.index("LY")], soft[0, LEAVES.index("MO")] = 0.75, 0.25
    soft[1, LEAVES.index("MO")] = 1
    np.savez_compressed(tmp_path / "soft.npz", real=soft)
    read = read_soft(tmp_path / "soft.npz")
    pool = Pool(tmp_path, soft=read, only_soft=True)
    assert len(pool.where) == 2
    streams = [
        Views(pool, 3, 0, 16, Look()),
        DeviceViews(pool, 3, 0, 16, torch.device("cpu"), Look()),
    ]
    for stream in streams:
        batch = next(iter(stream))
        known = batch.soft.sum(1) > 0
        assert known.any()
        for allowed, row in zip(batch.allowed[known], batch.soft[known], strict=True):
            assert allowed[row.argmax()]
    assert Pool(tmp_path).soft.sum() == 0
    assert len(Pool(tmp_path, soft=read).where) == 3
