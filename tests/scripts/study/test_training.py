"""The study's systems: splits, views, networks and contours do what the document says of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from scripts.study import contours, convert_vgg, lite0, masked, ten, training, vgg  # noqa: E402
from scripts.study.common import NAMES, Labelled, Log, four_thousand, kept  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Small networks on a busy machine: two threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def labelled(each: int) -> Labelled:
    n = each * len(NAMES)
    y = np.repeat(np.arange(len(NAMES)), each)
    # Every third image shares a group with its neighbour.
    group = np.array([f"g{i - (i % 3 == 1)}" for i in range(n)])
    return Labelled(
        np.zeros((n, 1, 1, 3), np.uint8), y, np.full(n, "train"), group, [str(i) for i in range(n)], "pbc"
    )


def test_the_small_set_is_balanced_and_no_group_is_on_both_sides() -> None:
    data = labelled(620)
    train, test = four_thousand(data, 5)
    assert set(np.bincount(data.y[test])) == {100}
    assert np.bincount(data.y[train]).max() == 400
    assert np.bincount(data.y[train]).min() == 400
    assert not set(data.group[train]) & set(data.group[test])


def test_kept_arrays_are_made_once_and_again_for_other_inputs(tmp_path: Path) -> None:
    calls = []

    def make() -> np.ndarray:
        calls.append(1)
        return np.full(3, len(calls))

    assert kept(tmp_path, "a", ["x"], make).tolist() == [1, 1, 1]
    assert kept(tmp_path, "a", ["x"], make).tolist() == [1, 1, 1]
    assert kept(tmp_path, "a", ["y"], make).tolist() == [2, 2, 2]


def test_the_loop_learns_with_every_optimiser() -> None:
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 64)
    x = np.clip(rng.normal(90 + 60 * y[:, None, None, None], 20, (128, 64, 64, 1)), 0, 255).astype(np.uint8)
    for name, rate in (("adam", 1e-3), ("rmsprop", 1e-3), ("sgd", 1e-2)):
        torch.manual_seed(0)
        net = training.fit(training.LeNet(1, 2), x, y, 2, 0, rate, name, batch=32)
        assert (training.classes(net, x) == y).mean() > 0.95, name
    with pytest.raises(ValueError, match="unknown optimiser"):
        training.optimiser_of("adagrad", [], 1.0)


def fake_h5() -> dict:
    rng = np.random.default_rng(0)
    out: dict[str, dict] = {}
    cin = 3
    for b, widths in enumerate(vgg.BLOCKS, 1):
        layers = {"max_pooling2d": {}}
        for i, cout in enumerate(widths):
            layers[f"conv2d_{i}" if i else "conv2d"] = {
                "vars/0": rng.normal(0, 0.02, (3, 3, cin, cout)),
                "vars/1": rng.normal(0, 0.1, cout),
            }
            cin = cout
        out[f"block{b}/layers"] = layers
    return out


def test_the_trunk_is_vgg16_and_takes_the_converted_weights(tmp_path: Path) -> None:
    held = convert_vgg.convert(fake_h5())
    assert len(held) == 26
    np.savez(tmp_path / "w.npz", **held)
    whole = vgg.Trunk().load(tmp_path / "w.npz").eval()
    # VGG16 without its dense layers has 14,714,688 parameters.
    assert sum(p.numel() for p in whole.parameters()) == 14_714_688
    first = whole.blocks[0][0].weight.detach().numpy()
    assert np.allclose(first[:, ::-1], held["conv1_1.weight"]), (
        "red and blue change places: the weights were for BGR"
    )
    x = torch.rand(2, 3, 32, 32) * 255
    halves = vgg.Trunk(3, 4).load(tmp_path / "w.npz")(vgg.Trunk(0, 2).load(tmp_path / "w.npz")(x))
    assert torch.allclose(whole(x), halves, atol=1e-4)
    assert whole(x).shape == (2, 512, 1, 1)


def test_other_shapes_are_refused() -> None:
    wrong = fake_h5()
    wrong["block2/layers"]["conv2d"]["vars/0"] = np.zeros((1, 1, 64, 128))
    with pytest.raises(SystemExit, match="block 2, convolution 1"):
        convert_vgg.convert(wrong)


@pytest.mark.parametrize("first", [3, 4, 5])
def test_only_the_unfrozen_blocks_are_in_the_tail(first: int) -> None:
    tail = vgg.Tail(first, None)
    convolutions = sum(isinstance(m, torch.nn.Conv2d) for m in tail.modules())
    assert convolutions == sum(len(w) for w in vgg.BLOCKS[first:])
    side = vgg.SIDE // 2 ** (first if first < 5 else 5)
    channels = 512 if first >= 4 else 256
    assert tail.eval()(torch.rand(2, channels, side, side)).shape == (2, 8)


def test_eight_views_are_eight() -> None:
    views = lite0.eight_views(np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3)).astype(np.uint8))
    assert views.shape == (2, 8, 6, 6, 3)
    assert len({v.tobytes() for v in views[0]}) == 8


def test_frame_and_crop_share_their_middle() -> None:
    image = np.zeros((363, 360, 3), np.uint8)
    image[180:184, 178:182] = 255
    frame, crop = lite0.frame_and_crop(image, 64)
    assert frame.shape == crop.shape == (64, 64, 3)
    assert crop.sum() > 1.8 * frame.sum(), "the crop shows the middle larger"


def test_a_frame_takes_the_class_of_its_group_unless_that_has_two(tmp_path: Path) -> None:
    with (tmp_path / "manifest.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["path", "set", "site", "label", "group", "um_per_px", "mask", "use"])
        for path, kind, label, group in (
            ("a.jpg", "pbc", "BNE", "1"),
            ("b.jpg", "pbc", "EO", "2"),
            ("c.jpg", "pbc", "BNE", "2"),
            ("d.jpg", "pbc", "NE", "3"),
            ("f1", "txl_pbc", "", "1"),
            ("f2", "txl_pbc", "", "2"),
            ("f3", "txl_pbc", "", "3"),
            ("f4", "txl_pbc", "", "none"),
        ):
            writer.writerow([path, kind, "pbc", label, group, "0.107", "", "train+ship"])
    paths, y, groups = lite0.labelled_frames(tmp_path)
    assert paths == ["f1", "f3"]
    assert [NAMES[k] for k in y] == ["neutrophil", "neutrophil"]
    assert groups.tolist() == ["1", "3"]


def test_folds_keep_groups_together_and_pairs_tell_the_difference() -> None:
    y = np.tile(np.arange(4), 30)
    groups = np.array([f"{i // 8}" for i in range(120)])
    which = lite0.folds(groups, y, 0)
    assert all(len(set(which[groups == g])) == 1 for g in set(groups))
    assert set(which) == set(range(5))
    a, b = np.zeros(200, bool), np.r_[np.ones(40, bool), np.zeros(160, bool)]
    gap = lite0.paired(a, b, 0)
    assert gap["points"] == 20.0
    assert gap["limits95"][0] > 10
    assert lite0.paired(b, b, 0) == {"points": 0.0, "limits95": [0.0, 0.0], "n": 200}


def test_black_falls_around_the_cell_but_not_on_cells_without_outline() -> None:
    x = np.full((2, 4, 4, 3), 9, np.uint8)
    masks = np.zeros((2, 4, 4), bool)
    masks[0, 1:3, 1:3] = True
    out = masked.blacken(x, masks)
    assert out[0].sum() == 4 * 3 * 9
    assert (out[1] == 9).all()


def picture(touching: bool) -> tuple[np.ndarray, np.ndarray]:
    """A purple cell with a dark nucleus on a light field, red cells apart or pressed against it."""
    image = np.full((96, 96, 3), (245, 225, 215), np.uint8)
    for x, y in ((20, 20), (78, 22), (20, 76)):
        cv2.circle(image, (x, y), 13, (205, 150, 150), -1)
    truth = np.zeros((96, 96), np.uint8)
    cv2.circle(truth, (48, 48), 20, 1, -1)
    image[truth > 0] = (190, 150, 205)
    if touching:
        cv2.rectangle(image, (60, 30), (95, 66), (190, 150, 205), -1)
    cv2.circle(image, (48, 48), 12, (80, 40, 120), -1)
    return cv2.GaussianBlur(image, (0, 0), 0.8), truth


def test_a_contour_finds_a_lone_cell_and_refuses_a_clump() -> None:
    image, truth = picture(touching=False)
    mask, good = contours.contour(image)
    assert good
    assert contours.dice(mask > 0, truth > 0) > 0.93
    clump, _ = picture(touching=True)
    assert not contours.contour(clump)[1]


def test_contours_are_judged_on_each_site_and_apart_where_they_are_not_clean(tmp_path: Path) -> None:
    truth = picture(touching=False)[1]
    log = Log(tmp_path, "contours", 0)
    masks = [truth, np.zeros_like(truth), truth]
    good = {"A": np.array([True, False]), "B": np.array([True])}
    contours.judge(
        log,
        "x",
        masks,
        {"A": [truth, truth], "B": [truth]},
        good,
        "",
        0,
        {"A": slice(0, 2), "B": slice(2, 3)},
    )
    figures = log.rows[0]["figures"]
    assert figures["A"]["all"]["cell"] == 0.5
    assert (figures["A"]["contour clean"]["cell"], figures["A"]["contour not clean"]["cell"]) == (1.0, 0.0)
    assert figures["B"]["all"] == {"n": 1, "cell": 1.0, "cell_low95": 1.0, "cell_high95": 1.0}
    assert "A 0.500" in log.rows[0]["text"]


def test_a_blank_window_has_no_contour() -> None:
    mask, good = contours.contour(np.full((96, 96, 3), 200, np.uint8))
    assert not good
    assert mask.shape == (96, 96)


@pytest.mark.parametrize("net", [contours.UNet, contours.FCN])
def test_the_mask_networks_learn_one_picture(net: type) -> None:
    image, truth = picture(touching=False)
    torch.manual_seed(0)
    taught = contours.train(net(8), np.stack([image] * 4), np.stack([truth] * 4), 30, 0, "test", 5e-3)
    found = contours.found_by(taught, image[None])
    assert contours.dice(found[0] > 0, truth > 0) > 0.9


def test_the_ten_classes() -> None:
    assert [
        ten.class_of(*a)
        for a in (
            ("BL", ["BL"]),
            ("SMU", ["SMU"]),
            ("PMY", ["PMY"]),
            ("NE", ["SNE", "BNE"]),
            ("ART", ["ART"]),
            ("", []),
        )
    ] == [
        8,
        9,
        NAMES.index("ig"),
        NAMES.index("neutrophil"),
        -1,
        -1,
    ]
    assert set(ten.STUDY_LENET) == set(ten.STUDY_B1) == set(ten.TEN)


def test_how_far_it_carries_counts_real_smudges_and_marrow_called_blast() -> None:
    source = np.array(["real smudges"] * 2 + ["other marrow"] * 4 + ["pbc"])
    part = ten.Part(
        np.zeros((7, 1, 1, 3), np.uint8), np.zeros(7, int), np.array([False] * 5 + [True] * 2), source
    )
    found = np.array([ten.SMUDGE, 0, ten.BLAST, 0, 0, ten.BLAST, ten.BLAST])
    figures, text = ten.carried(found, part, ~part.train)
    assert figures["real_smudges_found"]["hits"] == 1
    assert (figures["other_marrow_called_blast"]["hits"], figures["other_marrow_called_blast"]["n"]) == (1, 3)
    assert "real smudges found 1 of 2" in text
