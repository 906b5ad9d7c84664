"""Training data of detector and segmenter: geometry that must stay true through every draw."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.training.data import Item, unsqueeze
from scripts.training.fields_data import (
    Canvas,
    Field,
    MosaicMaker,
    clip_boxes,
    load_raabin_masks,
    round_view,
    shrink_boxes,
)
from scripts.training.mask_offsets import MASK_OFFSETS, mask_offset
from scripts.training.masks_data import (
    CELL_ANY,
    SIZE,
    STORE_MPP,
    WINDOW_MPP,
    Masked,
    WindowMaker,
    to_store,
    window,
)
from scripts.training.stain_jitter import degrade, jitter_piece


def field(complete: tuple[bool, bool, bool] = (True, True, True)) -> Field:
    """Dark discs on a light ground with their boxes."""
    image = np.full((200, 200, 3), 235, np.uint8)
    boxes = []
    for x, y in ((50, 50), (150, 60), (60, 150), (140, 140)):
        cv2.circle(image, (x, y), 15, (90, 40, 120), -1, cv2.LINE_AA)
        boxes.append([x - 15, y - 15, 30, 30])
    return Field("f", "s", "train", 0.2, image, np.array(boxes, np.float32), np.zeros(4, np.int64), complete)


def test_boxes_of_a_mosaic_hold_the_dark_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.training.fields_data.jitter_piece", lambda piece, rng: piece)
    maker = MosaicMaker([field()], 0.4, [1.0], size=128, poor=False)
    for seed in range(8):
        canvas = maker.draw(np.random.default_rng(seed))
        dark = canvas.image.max(2) < 150
        inside = np.zeros_like(dark)
        for x, y, w, h in [*canvas.boxes, *(b for _, b in canvas.unknown)]:
            inside[int(y) : int(np.ceil(y + h)) + 1, int(x) : int(np.ceil(x + w)) + 1] = True
        assert dark.any()
        assert (dark & ~inside).sum() <= 0.02 * dark.sum()


def test_the_same_seed_draws_the_same_mosaic() -> None:
    maker = MosaicMaker([field()], 0.4, [1.0], size=96)
    first, second = (maker.draw(np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.boxes, second.boxes)


def test_unlabelled_classes_become_unknown() -> None:
    canvas = MosaicMaker([field((True, False, True))], 0.4, [1.0], size=96).draw(np.random.default_rng(1))
    covered = np.zeros((96, 96), bool)
    for kind, (x, y, w, h) in canvas.unknown:
        if kind == 1:
            covered[int(y) : int(y + h), int(x) : int(x + w)] = True
    assert covered.all()


def test_slivers_are_neither_cells_nor_background() -> None:
    boxes = np.array([[-25, 10, 30, 30], [-10, 60, 30, 30], [200, 0, 30, 30]], np.float32)
    kept, classes, unknown = clip_boxes(boxes, np.array([0, 1, 2]), 100, 100)
    assert classes.tolist() == [1]
    np.testing.assert_allclose(kept, [[0, 60, 20, 30]])
    assert [c for c, _ in unknown] == [0]


@pytest.mark.parametrize("turned", [False, True])
def test_squeezed_images_are_stretched_back(turned: bool) -> None:
    size = (60, 80) if not turned else (80, 60)
    boxes = np.array([[100, 100, *size]], np.float32)
    image, out = unsqueeze(np.zeros((416, 416, 3), np.uint8), boxes, np.array([1]))
    assert out[0, 2] == pytest.approx(out[0, 3], rel=0.01)
    assert max(image.shape[:2]) == round(416 * 4 / 3)


def test_boxesshrink_boxes_around_their_middle_but_not_from_the_edge() -> None:
    out = shrink_boxes(np.array([[50, 50, 22, 22], [0, 50, 11, 22]], np.float32), 1.1, 200, 200)
    np.testing.assert_allclose(out[0], [51, 51, 20, 20], atol=1e-4)
    assert out[1, 0] == 0


def crop(label: str = "NE") -> Masked:
    side = round(28 / STORE_MPP)
    image = np.full((side, side, 3), 235, np.uint8)
    mask = np.zeros((side, side), np.uint8)
    for radius, value, colour in ((6.5, 1, (200, 170, 200)), (3.0, 2, (90, 40, 120))):
        cv2.circle(image, (side // 2, side // 2), round(radius / STORE_MPP), colour, -1)
        cv2.circle(mask, (side // 2, side // 2), round(radius / STORE_MPP), value, -1)
    return Masked("c", "s", "train", label, image, mask)


def test_a_window_shows_the_cell_in_the_middle_at_its_size() -> None:
    one = crop()
    image, mask = window(one.image, one.mask, STORE_MPP)
    assert image.shape == (SIZE, SIZE, 3)
    assert np.count_nonzero(mask) * WINDOW_MPP**2 == pytest.approx(np.pi * 6.5**2, rel=0.03)
    ys, xs = np.nonzero(mask)
    assert abs(ys.mean() - SIZE / 2) < 1
    assert abs(xs.mean() - SIZE / 2) < 1


def test_image_and_mask_stay_together_and_neighbours_stay_background(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jitter_stain", "shade", "soften"):
        monkeypatch.setattr(f"scripts.training.masks_data.{name}", lambda image, *_: image)
    maker = WindowMaker([crop()], [1.0])
    purple = 0
    for seed in range(30):
        image, mask = maker.draw(np.random.default_rng(seed))
        if not (mask == 2).any():
            continue
        dark = image.max(2) < 150
        assert dark[cv2.erode((mask == 2).astype(np.uint8), np.ones((5, 5))) > 0].mean() > 0.95
        purple += int((dark & (mask == 0)).sum() > 100)
    assert purple >= 3  # pasted neighbours do occur, unlabelled


@pytest.mark.parametrize("offset", MASK_OFFSETS)
def test_boxes_from_masks_lie_on_their_cells(tmp_path: Path, offset: tuple[float, float]) -> None:
    y, x = np.mgrid[:384, :384]
    image = np.full((384, 384, 3), 220, np.uint8)
    image[np.hypot(x - 190, y - 195) < 70] = (90, 40, 120)
    mask = np.where(np.hypot(x - 190 - offset[0], y - 195 - offset[1]) < 70, 2, 0).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "cell.png"), image[:, :, ::-1])
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    item = Item("cell.png", "raabin", "raabin", "LY", ("LY",), "g", 0.082, "mask.png", "train+ship", "train")
    (field,) = load_raabin_masks(tmp_path, [item])
    assert field.boxes[0] == pytest.approx([121, 126, 139, 139], abs=1.01)
    middle = field.boxes[0, :2] + field.boxes[0, 2:] / 2
    assert middle == pytest.approx([190.5, 195.5], abs=0.55)
    assert field.complete == (True, False, False)


def test_storing_keeps_values_apart() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[20:80, 20:80] = CELL_ANY
    mask[40:60, 40:60] = 2
    _, stored = to_store(np.zeros((100, 100, 3), np.uint8), mask, 0.07)
    assert set(np.unique(stored)) == {0, 2, CELL_ANY}
    assert stored.shape == (50, 50)


@pytest.mark.parametrize("offset", MASK_OFFSETS)
@pytest.mark.parametrize("nucleus", [True, False])
def test_masks_beside_their_cells_are_put_back(offset: tuple[float, float], nucleus: bool) -> None:
    y, x = np.mgrid[:384, :384]
    image = np.full((384, 384, 3), 220, np.uint8)
    image[np.hypot(x - 190, y - 195) < 70] = (200, 150, 200)
    image[np.hypot(x - 185, y - 190) < 35] = (90, 40, 120)
    mask = np.zeros((384, 384), np.uint8)
    mask[np.hypot(x - 190 - offset[0], y - 195 - offset[1]) < 70] = 1
    if nucleus:
        mask[np.hypot(x - 185 - offset[0], y - 190 - offset[1]) < 35] = 2
    assert mask_offset(image, mask) == offset
    small, stored = to_store(image, mask, 0.082, offset)
    assert stored.shape == small.shape[:2]
    ys, xs = np.nonzero(stored == 2 if nucleus else stored)
    factor = 0.082 / STORE_MPP
    wanted = (185, 190) if nucleus else (190, 195)
    assert xs.mean() == pytest.approx((wanted[0] + 0.5) * factor - 0.5, abs=0.15)
    assert ys.mean() == pytest.approx((wanted[1] + 0.5) * factor - 0.5, abs=0.15)


def test_jitter_keeps_shape_and_differs() -> None:
    image = crop().image
    rng = np.random.default_rng(3)
    drawn = [jitter_piece(image, rng) for _ in range(8)]
    assert all(d.shape == image.shape and d.dtype == np.uint8 for d in drawn)
    assert len({d.tobytes() for d in drawn}) >= 7


def test_a_large_field_gives_mosaics_with_its_boxes_where_its_cells_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scripts.training.fields_data.jitter_piece", lambda piece, rng: piece)
    image = np.full((700, 900, 3), 235, np.uint8)
    boxes = []
    for x in range(40, 860, 60):
        for y in range(40, 660, 60):
            cv2.circle(image, (x, y), 15, (90, 40, 120), -1, cv2.LINE_AA)
            boxes.append([x - 15, y - 15, 30, 30])
    wide = Field("w", "s", "train", 0.2, image, np.array(boxes, np.float32), np.zeros(len(boxes), np.int64))
    canvas = MosaicMaker([wide], 0.4, [1.0], size=128, poor=False).draw(np.random.default_rng(2))
    assert len(canvas.boxes) > 4
    for x, y, w, h in canvas.boxes:
        middle = canvas.image[min(127, int(y + h / 2)), min(127, int(x + w / 2))]
        assert middle.max() < 150


def test_what_the_rim_of_a_round_view_hides_is_no_cell_and_no_background() -> None:
    boxes = np.array([[x, y, 20, 20] for x in range(10, 240, 40) for y in range(10, 240, 40)], np.float32)
    whole = Canvas(np.full((256, 256, 3), 200, np.uint8), boxes, np.zeros(len(boxes), np.int64), [])
    hidden = 0
    for seed in range(20):
        seen = round_view(whole, np.random.default_rng(seed))
        for x, y, w, h in seen.boxes:
            part = seen.image[int(y) : int(y + h), int(x) : int(x + w)]
            assert ((part > 49) & (part != 235)).mean() > 0.4
        gone = len(boxes) - len(seen.boxes)
        assert len(seen.unknown) <= gone
        hidden += gone
    assert hidden > 0


def test_degraded_pictures_keep_size_and_kind() -> None:
    image = field().image
    changed = 0
    for seed in range(40):
        out = degrade(image, np.random.default_rng(seed))
        assert out.shape == image.shape
        assert out.dtype == np.uint8
        changed += int((out != image).any())
    assert 5 < changed < 35
