"""Ground truth of synthetic specimens, and image files marked as synthetic."""

from __future__ import annotations

import contextlib
import io
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import OutputNotWritable
from bloodcells_gui.synthetic.sprites import CYTOPLASM, NUCLEUS, Placed
from bloodcells_gui.synthetic.stain import Pixels

SYNTHETIC_NOTICE = "synthetic blood smear made by bloodcells demo; no patient, no photograph"
TRUTH_NAME = "truth.json"
RED_CELL_TRUTH_NAME = "truth_red_cells.csv"
MASK_FOLDER = "truth-masks"
_RED_CELL_HEAD = "image,code,x_px,y_px,diameter_um,whole"
TRUTH_FORMAT = 1


@dataclass(frozen=True, slots=True)
class TrueCell:
    """One object of interest as it was drawn.

    `box` is x, y, width, height in full-resolution px of the image, cut at its edge; `cut_by_edge` tells
    whether it was. Areas are those of the whole object.
    """

    code: str
    x: float
    y: float
    box: tuple[int, int, int, int]
    cut_by_edge: bool
    area_um2: float
    nucleus_um2: float

    @staticmethod
    def from_placed(item: Placed, size_px: tuple[int, int]) -> TrueCell | None:
        """Truth of a placed sprite; None when nothing of it lies inside the image."""
        x, y, w, h = item.box
        x0, y0, x1, y1 = max(0, x), max(0, y), min(size_px[0], x + w), min(size_px[1], y + h)
        if x1 <= x0 or y1 <= y0:
            return None
        label, mpp2 = item.sprite.label, item.sprite.mpp**2
        return TrueCell(
            item.sprite.code,
            round(item.x, 1),
            round(item.y, 1),
            (x0, y0, x1 - x0, y1 - y0),
            (x0, y0, x1 - x0, y1 - y0) != (x, y, w, h),
            round(float(np.count_nonzero(label)) * mpp2, 2),
            round(float(np.count_nonzero(label == NUCLEUS)) * mpp2, 2),
        )

    def as_json(self) -> dict[str, Any]:
        """JSON object with the names of the columns of cells.csv."""
        x, y, w, h = self.box
        return {
            "code": self.code, "centre_x_px": self.x, "centre_y_px": self.y,
            "x_px": x, "y_px": y, "width_px": w, "height_px": h, "cut_by_edge": self.cut_by_edge,
            "cell_area_um2": self.area_um2, "nucleus_area_um2": self.nucleus_um2,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrueRedCell:
    """One red cell as it was drawn: class, middle (full-resolution px), diameter of the circle of its area.

    `whole` tells whether the edge of the image leaves it whole.
    """

    code: str
    x: float
    y: float
    diameter_um: float
    whole: bool

    @staticmethod
    def from_placed(code: str, diameter_um: float, item: Placed, size_px: tuple[int, int]) -> TrueRedCell:
        """Truth of a placed sprite; its middle is that of the box around it."""
        x, y, w, h = item.box
        whole = x > 0 and y > 0 and x + w < size_px[0] and y + h < size_px[1]
        return TrueRedCell(code, round(x + w / 2, 1), round(y + h / 2, 1), round(diameter_um, 3), whole)


def save_red_cell_truth(folder: Path, cells: Iterable[tuple[str, TrueRedCell]]) -> Path:
    """Write `RED_CELL_TRUTH_NAME`, one row a cell with its image.

    Raises
    ------
    OutputNotWritable
    """
    path = folder / RED_CELL_TRUTH_NAME
    rows = [f"{n},{c.code},{c.x},{c.y},{c.diameter_um},{'yes' if c.whole else 'no'}" for n, c in cells]
    try:
        path.write_text("\n".join([_RED_CELL_HEAD, *rows, ""]), encoding="utf-8", newline="\n")
    except OSError as e:
        raise not_writable(path, e) from e
    return path


class TruthWriter:
    """Writes `truth.json` image by image, so that memory does not grow with the specimen.

    Raises
    ------
    OutputNotWritable
        When the folder cannot be written.
    """

    def __init__(self, folder: Path, header: dict[str, Any]) -> None:
        self._counts: dict[str, int] = {}
        self._first = True
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / TRUTH_NAME
            self._file: io.TextIOWrapper = (folder / TRUTH_NAME).open("w", encoding="utf-8", newline="\n")
        except OSError as e:
            raise not_writable(folder, e) from e
        opening = {"synthetic": True, "saying": SYNTHETIC_NOTICE, "format": TRUTH_FORMAT, **header}
        self._file.write(json.dumps(opening, indent=1)[:-2] + ',\n "images": [')

    def add_image(
        self,
        name: str,
        size_px: tuple[int, int],
        cells: Iterable[TrueCell],
        extra: dict[str, Any] | None = None,
    ) -> None:
        """Append one image with its cells, which may come from a generator."""
        self._write(",\n  " if not self._first else "\n  ")
        self._first = False
        about = {"file": name, "width_px": size_px[0], "height_px": size_px[1], **(extra or {})}
        self._write(json.dumps(about)[:-1] + ', "cells": [')
        for i, cell in enumerate(cells):
            self._counts[cell.code] = self._counts.get(cell.code, 0) + 1
            self._write((",\n   " if i else "\n   ") + json.dumps(cell.as_json()))
        self._write("]}")

    def close(self) -> dict[str, int]:
        """Finish the file; returns the number of cells by code."""
        self._write("\n ],\n")
        self._write(f' "cells_by_code": {json.dumps(dict(sorted(self._counts.items())))}\n}}\n')
        try:
            self._file.close()
        except OSError as e:  # the disk was full when the buffer was written
            raise not_writable(self._path, e) from e
        return dict(self._counts)

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
        except OSError as e:
            raise not_writable(self._path, e) from e

    def abandon(self) -> None:
        """Close without finishing."""
        with contextlib.suppress(OSError):
            self._file.close()


def not_writable(path: Path, e: OSError) -> OutputNotWritable:
    """The error for a file or folder of the demonstration that cannot be written."""
    return OutputNotWritable(
        "The synthetic specimen could not be written to {path}.",
        "{error}.",
        "Choose another folder or make room on the disk.",
        path=path,
        error=e.strerror or type(e).__name__,
    )


def save_jpeg(path: Path, rgb: Pixels, mpp: float, quality: int = 92) -> None:
    """Write a JPEG whose EXIF block holds the scale and :data:`SYNTHETIC_NOTICE`."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise RuntimeError("JPEG encoding failed")
    raw = data.tobytes()
    try:
        path.write_bytes(raw[:2] + _exif(mpp) + raw[2:])
    except OSError as e:
        raise not_writable(path, e) from e


def save_mask(path: Path, label: NDArray[np.uint8]) -> None:
    """Write ground truth as 8-bit PNG: 0 background, 1 cytoplasm, 2 nucleus."""
    clean = np.where(label > NUCLEUS, np.uint8(CYTOPLASM), label)
    ok, data = cv2.imencode(".png", clean, [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not ok:
        raise RuntimeError("PNG encoding failed")
    try:
        path.write_bytes(data.tobytes())
    except OSError as e:
        raise not_writable(path, e) from e


def _exif(mpp: float) -> bytes:
    """Make an APP1 segment (EXIF 2.32): description, software, px per cm; little-endian TIFF."""
    text = SYNTHETIC_NOTICE.encode("ascii") + b"\0"
    software = b"bloodcells demo\0"
    per_cm = struct.pack("<II", round(1e4 / mpp * 100), 100)
    count, start = 5, 8
    data_at = start + 2 + 12 * count + 4
    blobs = [text, software, per_cm, per_cm]
    offsets, at = [], data_at
    for blob in blobs:
        offsets.append(at)
        at += len(blob) + (len(blob) & 1)
    entries = [
        struct.pack("<HHII", 270, 2, len(text), offsets[0]),
        struct.pack("<HHII", 282, 5, 1, offsets[2]),
        struct.pack("<HHII", 283, 5, 1, offsets[3]),
        struct.pack("<HHIHH", 296, 3, 1, 3, 0),
        struct.pack("<HHII", 305, 2, len(software), offsets[1]),
    ]
    tiff = struct.pack("<2sHI", b"II", 42, start) + struct.pack("<H", count) + b"".join(entries) + bytes(4)
    tiff += b"".join(b + b"\0" * (len(b) & 1) for b in blobs)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
