"""Cells set into fields: where they were set, as large as told, in the field's own colours."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import cv2

from scripts.training.blast_fields import (
    BLAST,
    LYMPHOBLAST,
    LYMPHOBLAST_UM,
    LYMPHOCYTE,
    Donor,
    field_style,
    made_field,
    set_into,
)
from scripts.training.composites import lab_stats
from scripts.training.data import CACHE_PX, CACHE_UM

UM = 0.16
BLANK, CYTOPLASM, NUCLEUS = (235, 232, 238), (170, 180, 225), (95, 50, 140)


def a_donor(diameter_um: float = 15.0, nucleus: tuple[int, int, int] = (60, 30, 120)) -> Donor:
    image = np.full((CACHE_PX, CACHE_PX, 3), (220, 190, 190), np.uint8)
    middle, radius = (CACHE_PX // 2, CACHE_PX // 2), round(diameter_um / CACHE_UM / 2)
    cv2.circle(image, middle, radius, CYTOPLASM, -1)
    cv2.circle(image, middle, round(0.85 * radius), nucleus, -1)
    mask = cv2.circle(np.zeros((CACHE_PX, CACHE_PX), np.uint8), middle, radius, 1, -1) > 0
    return Donor(image, mask.astype(np.float32), mask, diameter_um)


def a_field(own: tuple[int, int] = (120, 120)) -> tuple[np.ndarray, np.ndarray]:
    """A field with one leukocyte at `own`, and its box."""
    rng = np.random.default_rng(0)
    image = np.full((480, 640, 3), BLANK, np.int16)
    image += rng.integers(-3, 4, image.shape, np.int16)
    image = image.astype(np.uint8)
    cv2.circle(image, own, 42, CYTOPLASM, -1)
    cv2.circle(image, own, 30, NUCLEUS, -1)
    return image, np.array([[own[0] - 42, own[1] - 42, 84, 84]], float)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return (np.abs(after.astype(int) - before.astype(int)).max(axis=2) > 25).astype(bool)


def test_a_cell_lies_where_it_was_set_and_is_as_large_as_it_says() -> None:
    field, boxes = a_field()
    style = field_style(field, UM, boxes)
    assert style is not None
    for kind in (BLAST, LYMPHOBLAST):
        made, where = set_into(field, UM, a_donor(), kind, (400, 300), style, np.random.default_rng(1))
        ys, xs = np.nonzero(changed(field, made))
        assert np.hypot(xs.mean() - where.x, ys.mean() - where.y) < 4
        assert np.hypot(where.x - 400, where.y - 300) < 4
        measured = 2 * np.sqrt(len(xs) / np.pi) * UM
        assert measured == pytest.approx(where.diameter_um, rel=0.15)
    assert LYMPHOBLAST_UM[0] <= where.diameter_um <= LYMPHOBLAST_UM[1]


def test_a_small_cell_is_not_blown_up_to_a_lymphoblast() -> None:
    field, boxes = a_field()
    style = field_style(field, UM, boxes)
    assert style is not None
    _, where = set_into(field, UM, a_donor(8.0), LYMPHOBLAST, (400, 300), style, np.random.default_rng(1))
    assert where.diameter_um == 8.0


def test_the_cell_takes_the_colours_of_the_fields_own_leukocyte() -> None:
    field, boxes = a_field()
    style = field_style(field, UM, boxes)
    assert style is not None
    donor = a_donor(nucleus=(40, 90, 60))  # a green stain
    made, where = set_into(field, UM, donor, BLAST, (400, 300), style, np.random.default_rng(2))
    inside = np.zeros(field.shape[:2], bool)
    inside[int(where.y) - 10 : int(where.y) + 10, int(where.x) - 10 : int(where.x) + 10] = True
    before = np.abs(lab_stats(donor.image, donor.mask)[:3] - style[:3]).sum()
    assert np.abs(lab_stats(made, inside)[:3] - style[:3]).sum() < before


def test_cells_find_places_apart_from_each_other_the_edge_and_the_fields_own() -> None:
    field, boxes = a_field()
    cells = [(kind, a_donor(12.0)) for kind in (BLAST, LYMPHOBLAST, LYMPHOCYTE, BLAST)]
    made, pasted = made_field(field, UM, boxes, cells, np.random.default_rng(3))
    assert [p.kind for p in pasted] == [BLAST, LYMPHOBLAST, LYMPHOCYTE, BLAST]
    places = [(120.0, 120.0), *((p.x, p.y) for p in pasted)]
    for i, a in enumerate(places):
        for b in places[:i]:
            assert np.hypot(a[0] - b[0], a[1] - b[1]) * UM > 12
    assert all(9 < p.x * UM < 640 * UM - 9 and 9 < p.y * UM < 480 * UM - 9 for p in pasted)
    assert not changed(field, made)[80:160, 80:160].any()


def test_a_field_without_a_leukocyte_of_its_own_gets_none() -> None:
    field, _ = a_field()
    made, pasted = made_field(field, UM, np.zeros((0, 4)), [(BLAST, a_donor())], np.random.default_rng(0))
    assert pasted == []
    assert made is field
