"""Fields of the further laboratories: boxes, sites, and one split for pictures of one cell."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from scripts.training.data import Item
from scripts.training.more_fields import in_even_light, load_more


def item(folder: str, name: str, site: str, split: str) -> Item:
    path = f"{folder}/images/{name}.png"
    return Item(path, folder, site, "", (), f"{site}:{name}", 0.126, "", "train+ship", split)


def write(
    data: Path, folder: str, name: str, image: np.ndarray, boxes: list[tuple[int, float, float, float]]
) -> None:
    """A picture and its labels: class, centre x, centre y and side in px."""
    for part in ("images", "labels"):
        (data / folder / part).mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(data / folder / "images" / f"{name}.png"), image[:, :, ::-1])
    height, width = image.shape[:2]
    lines = [f"{k} {x / width} {y / height} {s / width} {s / height}" for k, x, y, s in boxes]
    (data / folder / "labels" / f"{name}.txt").write_text("\n".join(lines))


def picture(cell: int, at: tuple[int, int]) -> np.ndarray:
    """A field with one leukocyte whose nucleus looks different for each number `cell`."""
    image = np.full((360, 480, 3), (180, 190, 140), np.uint8)
    noise = np.random.default_rng(cell).integers(0, 255, (12, 12, 3)).astype(np.uint8)
    nucleus = cv2.resize(noise, (90, 90), interpolation=cv2.INTER_CUBIC) // 2
    x, y = at
    image[y - 45 : y + 45, x - 45 : x + 45] = nucleus
    return image


def test_fields_with_one_cell_lie_in_one_split_and_boxes_are_tightened(tmp_path: Path) -> None:
    for name, cell, at in (("1", 5, (120, 130)), ("2", 6, (200, 200)), ("3", 5, (300, 180))):
        write(tmp_path, "deepbionet", name, picture(cell, at), [(0, *at, 100), (1, 60, 60, 55)])
    items = [
        item("deepbionet", n, "deepbionet", s) for n, s in (("1", "train"), ("2", "test"), ("3", "test"))
    ]
    one, two, three = load_more(tmp_path, items)
    assert one.split == three.split
    assert {f.site for f in (one, two, three)} == {"deepbionet"}
    assert one.classes.tolist() == [0, 1]
    np.testing.assert_allclose(one.boxes[0, 2:], 100 / 1.1, rtol=0.01)
    np.testing.assert_allclose(one.boxes[0, :2] + one.boxes[0, 2:] / 2, (120, 130), atol=0.5)


def test_red_cells_of_the_phone_pictures_are_unknown(tmp_path: Path) -> None:
    write(tmp_path, "phone_pig", "a", picture(1, (150, 150)), [(0, 150, 150, 90)])
    (field,) = load_more(tmp_path, [item("phone_pig", "a", "phone-pig", "train")])
    assert field.complete == (True, False, False)
    assert field.mpp == 0.6


def test_a_field_in_even_light_keeps_its_boxes_and_loses_its_cast(tmp_path: Path) -> None:
    write(tmp_path, "phone_pig", "a", picture(1, (150, 150)), [(0, 150, 150, 90)])
    (field,) = load_more(tmp_path, [item("phone_pig", "a", "phone-pig", "train")])
    lit = in_even_light(field)
    np.testing.assert_array_equal(lit.boxes, field.boxes)
    assert np.ptp(np.median(lit.image.reshape(-1, 3), axis=0)) <= 4
    assert np.ptp(np.median(field.image.reshape(-1, 3), axis=0)) == 50
