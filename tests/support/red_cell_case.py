"""Examined fields with red cells of known classes, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.red_cells import examine
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.examination import FieldExamined, FieldFindings, FieldPlace, StoredField
from bloodcells_gui.domain.red_cells import RED_CELL_CODES, RED_CELL_MEASURES, RedCells
from bloodcells_gui.domain.specimen import ScaleEstimate
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import SCALE

SIDE_PX, MPP = 1000, 0.1
_STEP = 90


def findings(codes: Sequence[str], *, image: int = 0, x: int = 0, y: int = 0, seed: int = 0) -> FieldFindings:
    """A square field of `SIDE_PX` whose cells the model calls `codes`, in rows of ten."""
    rng = np.random.default_rng((seed, image, x, y))
    n = len(codes)
    at = np.array([(20 + _STEP * (i % 10), 20 + _STEP * (i // 10)) for i in range(n)], np.float32)
    boxes = np.concatenate([at.reshape(n, 2) + np.array((x, y)), np.full((n, 2), 72)], axis=1).astype(
        np.float32
    )
    measures = np.zeros((n, len(RED_CELL_MEASURES)), np.float32)
    named = {
        "diameter_um": 7.2, "area_um2": 41.0, "perimeter_um": 22.9, "circularity": 0.97, "elongation": 1.05,
        "pallor": 0.4, "pallor_depth": 0.3, "density": 0.2,
    }  # fmt: skip
    for column, name in enumerate(RED_CELL_MEASURES):
        measures[:, column] = named[name] * rng.normal(1, 0.05, n)
    if n:
        measures[0, RED_CELL_MEASURES.index("pallor")] = np.nan
    said = np.full((n, len(RED_CELL_CODES)), 0.02, np.float32)
    for i, code in enumerate(codes):
        said[i, RED_CELL_CODES.index(code)] = 0.76
    cells = RedCells(
        np.zeros(n, np.int64), np.zeros(n, np.int32), np.zeros(n, np.int32), boxes, measures, said,
        np.linspace(0, 1, n).astype(np.float32), np.arange(n) % 5 == 4, np.arange(n) % 7 == 6,
    )  # fmt: skip
    contours = [square(box) for box in boxes]
    return FieldFindings(
        FieldPlace(image, x, y, SIDE_PX, SIDE_PX, MPP),
        cells,
        contours,
        picture(boxes - np.array((x, y, 0, 0))),
        cut=3,
    )


def square(box: NDArray[np.float32]) -> NDArray[np.float32]:
    left, top, width, height = box
    return np.array(
        [(left, top), (left + width, top), (left + width, top + height), (left, top + height)], np.float32
    )


def picture(boxes: NDArray[np.floating]) -> bytes:
    """Red discs on white at half the field's size: 0.2 um a px."""
    rgb = np.full((SIDE_PX // 2, SIDE_PX // 2, 3), 240, np.uint8)
    for x, y, width, _ in boxes / 2:
        centre = (round(float(x + width / 2)), round(float(y + width / 2)))
        cv2.circle(rgb, centre, round(float(width) / 2), (200, 90, 90), -1)
    return encode_jpeg(rgb, 90)


@dataclass
class FakeExaminer:
    """Finds what it is given, in its order, without the fields that are done."""

    fields: Sequence[FieldFindings]
    bundle: str = "red-cells-1 " + "ab" * 32
    parameters: dict[str, str] = field(default_factory=lambda: {"cells": "1000"})
    scale: ScaleEstimate | None = SCALE
    remarks: Sequence[Remark] = ()
    read: list[FieldPlace] = field(default_factory=list)

    def findings(self, done: Sequence[StoredField]) -> Iterator[FieldFindings]:
        there = {stored.place.key for stored in done}
        for each in self.fields:
            if each.place.key not in there:
                self.read.append(each.place)
                yield each


def some_fields(n: int = 3, codes: Sequence[str] = ("NORM",) * 40 + ("SPHERO",) * 8) -> list[FieldFindings]:
    return [findings(codes, image=i % 3, x=SIDE_PX * i, seed=i) for i in range(n)]


def examined(store: CaseStore, fields: Sequence[FieldFindings] | None = None) -> list[FieldExamined]:
    """Examine `fields`, three with 48 cells each when None."""
    found = some_fields() if fields is None else fields
    return list(examine(store, FakeExaminer(found), app_version="0.1"))
