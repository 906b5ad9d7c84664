"""Annotated fields of the laboratories beside TXL-PBC: Deep Bio-Net, phone pictures of pig blood, LISC."""

from __future__ import annotations

import csv
import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bloodcells_gui.imaging.light import estimate_light
from scripts.training.data import LABELS, Item, read_rgb, split_of
from scripts.training.fields_data import Field, read_yolo, shrink_boxes

#: Annotated box over the box that the detector gives the same cell, median over the site's leukocytes.
SLACK = {"deepbionet": 1.10, "phone-pig": 1.05}
SCALE = {"deepbionet": 0.126, "phone-pig": 0.6, "lisc": 0.17}
# Cells whose grey pictures correlate by this much are one cell, pictured twice.
_SAME_CELL = 0.93
_CELL_PX = 32


def load_more(data: Path, items: Sequence[Item]) -> list[Field]:
    """Fields of all three laboratories."""
    deep = [_boxed(data, row, (True, True, True)) for row in items if row.set == "deepbionet"]
    phone = [_boxed(data, row, (True, False, False)) for row in items if row.set == "phone_pig"]
    return [*_split_by_likeness(deep), *phone, *load_lisc(data, items)]


def load_lisc(data: Path, items: Sequence[Item]) -> list[Field]:
    """Fields with boxes of leukocytes that detector 1.2.1 drew, checked by eye; red cells and platelets are unknown."""
    boxes: dict[str, list[list[float]]] = defaultdict(list)
    with (LABELS / "lisc_boxes.csv").open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            boxes[row["path"]].append([float(row[k]) for k in ("x", "y", "width", "height")])
    return [
        Field(row.path, "lisc", row.split, SCALE["lisc"], read_rgb(data / row.path), np.array(boxes[row.path], np.float32),
              np.zeros(len(boxes[row.path]), np.int64), (True, False, False))
        for row in items if row.set == "lisc"
    ]  # fmt: skip


def in_even_light(field: Field) -> Field:
    """The field as the program shows it to the networks."""
    return dataclasses.replace(field, image=estimate_light(field.image).applied(field.image))


def _boxed(data: Path, row: Item, complete: tuple[bool, bool, bool]) -> Field:
    image = read_rgb(data / row.path)
    height, width = image.shape[:2]
    label = data / Path(row.path.replace("/images/", "/labels/")).with_suffix(".txt")
    boxes, classes = read_yolo(label, width, height)
    boxes = shrink_boxes(boxes, SLACK[row.site], width, height)
    return Field(row.path, row.site, row.split, SCALE[row.site], image, boxes, classes, complete)


def _split_by_likeness(fields: list[Field]) -> list[Field]:
    """The fields with one split for all that show the same leukocyte, which is that of the first of them."""
    pictures = [(i, p) for i, f in enumerate(fields) for p in _cells(f)]
    first = list(range(len(fields)))
    for n, (i, picture) in enumerate(pictures):
        inner = picture[3:-3, 3:-3]
        for j, other in pictures[:n]:
            a, b = _root(first, i), _root(first, j)
            if a != b and cv2.matchTemplate(other, inner, cv2.TM_CCOEFF_NORMED).max() > _SAME_CELL:
                first[max(a, b)] = min(a, b)
    return [
        dataclasses.replace(f, split=split_of(f"deepbionet:{fields[_root(first, i)].path}"))
        for i, f in enumerate(fields)
    ]


def _cells(field: Field) -> list[npt.NDArray[np.uint8]]:
    """Grey pictures of a field's leukocytes, 19 um across."""
    grey = cv2.cvtColor(field.image, cv2.COLOR_RGB2GRAY)
    half = round(9.5 / field.mpp)
    padded = cv2.copyMakeBorder(grey, half, half, half, half, cv2.BORDER_REPLICATE)
    out = []
    for x, y, w, h in field.boxes[field.classes == 0]:
        left, top = round(x + w / 2), round(y + h / 2)
        part = padded[top : top + 2 * half, left : left + 2 * half]
        out.append(np.asarray(cv2.resize(part, (_CELL_PX, _CELL_PX), interpolation=cv2.INTER_AREA), np.uint8))
    return out


def _root(first: list[int], i: int) -> int:
    while first[i] != i:
        i = first[i]
    return i
