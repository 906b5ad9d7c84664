"""Labels of Chula RBC-12: points onto boxes, groups of fields, the split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bloodcells_gui.domain.red_cells import RED_CELL_CODES
from scripts.training.red_cells_data import (
    BLOCK,
    CODES,
    INDEX_OF_LABEL,
    SHARES,
    grouped,
    match,
    one_place,
    read_points,
    split,
)


def test_the_networks_classes_are_the_programs() -> None:
    assert CODES == RED_CELL_CODES
    assert CODES[INDEX_OF_LABEL[10]] == "OTHER"
    assert CODES[INDEX_OF_LABEL[11]] == "HYPO"
    assert CODES[INDEX_OF_LABEL[12]] == "ELLIPTO"


def test_points_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("594 95 0\n\n12 7 12\n")
    assert read_points(tmp_path / "a.txt").tolist() == [[594, 95, 0], [12, 7, 12]]
    (tmp_path / "b.txt").write_text("")
    assert read_points(tmp_path / "b.txt").shape == (0, 3)


def test_each_point_gets_the_nearest_free_box_and_far_ones_a_guess() -> None:
    boxes = np.array([[0, 0, 40, 40], [30, 0, 40, 40]], np.float32)
    points = np.array([[22, 20, 0], [38, 20, 3], [300, 300, 1]])
    found, hit = match(points, boxes)
    assert hit.tolist() == [True, True, False]
    assert np.array_equal(found[:2], boxes)
    assert np.allclose(found[2, :2] + found[2, 2:] / 2, 300)


def test_two_points_never_share_a_box() -> None:
    _, hit = match(np.array([[20, 20, 0], [22, 20, 0]]), np.array([[0, 0, 40, 40]], np.float32))
    assert hit.tolist() == [True, False]


def field(seed: int, level: int = 200) -> np.ndarray:
    """Sharp dots on a nearly blank field, the same for the same seed."""
    rng = np.random.default_rng(seed)
    image = np.clip(rng.normal(level, 2, (240, 320, 3)), 0, 255).astype(np.uint8)
    for x, y in rng.integers(10, 230, (60, 2)):
        image[y : y + 7, x : x + 5] = rng.integers(0, 90, 3)
    return image


def test_a_moved_picture_of_one_place_is_recognised() -> None:
    first = field(1)
    assert one_place(first, np.roll(first, (12, 20), (0, 1)))
    assert not one_place(first, field(2))


def test_fields_of_one_look_stay_in_blocks_and_another_look_begins_a_run() -> None:
    images = [field(i) for i in range(6)] + [field(i + 10, 120) for i in range(2)]
    runs, groups = grouped(images)
    assert runs.tolist() == [0] * 6 + [1] * 2
    assert len(set(groups[:BLOCK].tolist())) == 1
    assert groups[BLOCK] != groups[0]
    assert groups[6] != groups[5]


def test_pictures_of_one_place_never_part() -> None:
    images = [field(i) for i in range(8)]
    images[6] = np.roll(images[1], (12, 20), (0, 1))
    _, groups = grouped(images)
    assert groups[6] == groups[1]


def test_the_split_keeps_groups_whole_and_gives_each_part_its_share() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(60), 4)
    counts = rng.integers(0, 30, (240, len(CODES)))
    parts = split(groups, counts)
    assert all(len(set(parts[groups == g].tolist())) == 1 for g in range(60))
    for part, share in enumerate(SHARES):
        assert abs(counts[parts == part].sum() / counts.sum() - share) < 0.06
    assert np.array_equal(parts, split(groups, counts))
