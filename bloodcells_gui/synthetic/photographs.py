"""Crops and fields: synthetic photographs with exact ground truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.imaging.io.discover import IGNORE_MARKER
from bloodcells_gui.imaging.scale import RED_CELL_DIAMETER_UM
from bloodcells_gui.synthetic.red_cell_shapes import ShapeBank
from bloodcells_gui.synthetic.scene import (
    DEMO_MIX,
    NUCLEATED_MIX,
    SpriteBank,
    apportion_classes,
    as_obstacles,
    draw_object,
    random_sprite,
    scatter_points,
)
from bloodcells_gui.synthetic.sprites import Placed, lay
from bloodcells_gui.synthetic.stain import Laboratory, Pixels, expose, laboratory, plasma
from bloodcells_gui.synthetic.truth import (
    MASK_FOLDER,
    TrueCell,
    TrueRedCell,
    TruthWriter,
    not_writable,
    save_jpeg,
    save_mask,
    save_red_cell_truth,
)

CROP_SIZE_PX = (360, 363)
FIELD_SIZE_PX = (1600, 1200)
MPP = 0.107
DEFAULT_CROPS = 120
_OUT_OF_FOCUS = 0.04

Progress = Callable[[int, int], None]
"""Called with done, total; raising from it (a cancellation) ends the work."""


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """A picture with its truth.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    label : ndarray of uint8, shape (h, w)
        0 background, 1 cytoplasm, 2 nucleus of the listed cells.
    cells : tuple of TrueCell
        Objects of interest; in a crop the central one comes first.
    red_cells : ndarray, shape (n, 2)
        Centres, px.
    shapes : tuple of TrueRedCell
        The same cells with class and size, where their shapes were drawn by class.
    """

    rgb: Pixels
    label: NDArray[np.uint8]
    cells: tuple[TrueCell, ...]
    red_cells: NDArray[np.float64]
    shapes: tuple[TrueRedCell, ...] = ()


def crop(
    code: str,
    rng: np.random.Generator,
    bank: SpriteBank,
    lab: Laboratory,
    size_px: tuple[int, int],
    mpp: float,
) -> Photograph:
    """A cell of class `code` in the middle, red cells around it; only the central cell is in `label`."""
    w, h = size_px
    middle = Placed(draw_object(code, rng, mpp), w / 2 + rng.normal(0, 2.5), h / 2 + rng.normal(0, 2.5))
    return _photograph([middle], rng, bank, lab, size_px, mpp, rng.uniform(0.35, 0.8), 0.05, first_only=True)


def field(
    codes: list[str],
    rng: np.random.Generator,
    bank: SpriteBank,
    lab: Laboratory,
    size_px: tuple[int, int],
    mpp: float,
    shapes: ShapeBank | None = None,
) -> Photograph:
    """A microscope's field with the given cells somewhere in it; all of them are in `label`.

    With `shapes` its red cells are of known classes, and fewer overlap.
    """
    w, h = size_px
    items: list[Placed] = []
    for code in codes:
        sprite = draw_object(code, rng, mpp)
        for _ in range(60):
            x, y = rng.random(2) * (w, h)
            if all(
                math.hypot(p.x - x, p.y - y) > p.sprite.radius_px + sprite.radius_px + 0.8 / mpp
                for p in items
            ):
                items.append(Placed(sprite, float(x), float(y)))
                break
    density = rng.uniform(0.5, 0.85) if shapes is None else rng.uniform(0.3, 0.4)
    return _photograph(items, rng, bank, lab, size_px, mpp, density, 0.055, first_only=False, shapes=shapes)


def _photograph(
    items: list[Placed],
    rng: np.random.Generator,
    bank: SpriteBank,
    lab: Laboratory,
    size_px: tuple[int, int],
    mpp: float,
    density: float,
    platelets_per_red_cell: float,
    *,
    first_only: bool,
    shapes: ShapeBank | None = None,
) -> Photograph:
    w, h = size_px
    diameter = RED_CELL_DIAMETER_UM / mpp
    apart, clusters = (diameter * 1.03, 0.25) if shapes is None else (diameter * 1.5, 0.03)
    reds = scatter_points(
        rng, (w, h), apart, density / (diameter * diameter), as_obstacles(items), diameter / 2, clusters
    )
    od = np.repeat(plasma(rng, (h, w), mpp)[..., None], 3, axis=2)
    label = np.zeros((h, w), np.uint8)
    drawn: list[TrueRedCell] = []
    if shapes is None:
        for x, y in reds:
            lay(od, None, Placed(random_sprite(bank.red_cells, rng), x, y))
    else:
        for (x, y), cell in zip(reds.tolist(), shapes.draw(len(reds), rng), strict=True):
            lay(od, None, Placed(cell.sprite, x, y))
            drawn.append(
                TrueRedCell.from_placed(cell.code, cell.diameter_um, Placed(cell.sprite, x, y), size_px)
            )
    for _ in range(rng.poisson(0.006 * len(reds) + 0.1)):
        lay(od, None, Placed(random_sprite(bank.specks, rng), *(rng.random(2) * (w, h))))
    extra = _scattered_platelets(items, rng, bank, size_px, len(reds) * platelets_per_red_cell)
    for item in (*items, *extra):
        lay(od, None if first_only and item is not items[0] else label, item)
    defocus = rng.uniform(0.25, 0.5) if rng.random() < _OUT_OF_FOCUS else abs(rng.normal(0, 0.05))
    rgb = expose(od, lab, rng, mpp, defocus_um=float(defocus))
    truths = [TrueCell.from_placed(item, size_px) for item in (*items, *extra)]
    return Photograph(rgb, label, tuple(t for t in truths if t is not None), reds, tuple(drawn))


def _scattered_platelets(
    items: list[Placed], rng: np.random.Generator, bank: SpriteBank, size_px: tuple[int, int], expected: float
) -> list[Placed]:
    out: list[Placed] = []
    for _ in range(rng.poisson(expected)):
        sprite = random_sprite(bank.platelets, rng)
        x, y = rng.random(2) * size_px
        clear = all(
            math.hypot(p.x - x, p.y - y) > p.sprite.radius_px + sprite.radius_px + 3 for p in (*items, *out)
        )
        if clear:
            out.append(Placed(sprite, float(x), float(y)))
    return out


def generate_crops(
    out: Path,
    n: int = DEFAULT_CROPS,
    seed: int = 1,
    progress: Progress | None = None,
    *,
    size_px: tuple[int, int] = CROP_SIZE_PX,
    mpp: float = MPP,
    lab: int | None = None,
) -> dict[str, int]:
    """`n` crops as synthetic-0001.jpg and so on, with masks and truth.json, in `out`.

    Returns
    -------
    dict
        Number of objects by taxonomy code (central cells and their neighbours).

    Raises
    ------
    OutputNotWritable
        When `out` cannot be written.
    """
    rng = np.random.default_rng([seed, 1])
    codes = apportion_classes(n, DEMO_MIX, rng)
    bank, place = SpriteBank.build(seed, mpp), laboratory(seed, lab)

    def one(i: int) -> Photograph:
        return crop(codes[i], np.random.default_rng([seed, 2, i]), bank, place, size_px, mpp)

    return _generate(out, "crops", n, seed, mpp, place, one, progress, size_px)


def generate_fields(
    out: Path,
    n: int = 12,
    seed: int = 1,
    progress: Progress | None = None,
    *,
    size_px: tuple[int, int] = FIELD_SIZE_PX,
    mpp: float = MPP,
    cells: int | None = None,
    lab: int | None = None,
    red_cells: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """`n` fields with `cells` nucleated cells over all of them; otherwise as :func:`generate_crops`.

    `red_cells` are shares of shape classes: red cells are then drawn by class, and truth_red_cells.csv has
    the class, middle and diameter of each.
    """
    rng = np.random.default_rng([seed, 3])
    total = cells if cells is not None else round(n * 5 * size_px[0] * size_px[1] / 1.92e6)
    codes = apportion_classes(total, NUCLEATED_MIX, rng)
    share = rng.multinomial(total, [1 / n] * n)
    ends = np.cumsum(share)
    bank, place = SpriteBank.build(seed, mpp), laboratory(seed, lab)

    shapes = None if red_cells is None else ShapeBank(seed, mpp, red_cells)

    def one(i: int) -> Photograph:
        here = codes[ends[i] - share[i] : ends[i]]
        local = np.random.default_rng([seed, 4, i])
        rare = [code for code, p in (("PLC", 0.12), ("GPLT", 0.2), ("ART", 0.4)) if local.random() < p]
        return field(here + rare, local, bank, place, size_px, mpp, shapes)

    return _generate(out, "fields", n, seed, mpp, place, one, progress, size_px)


def _generate(
    out: Path,
    kind: str,
    n: int,
    seed: int,
    mpp: float,
    lab: Laboratory,
    one: Callable[[int], Photograph],
    progress: Progress | None,
    size_px: tuple[int, int],
) -> dict[str, int]:
    head: dict[str, Any] = {"kind": kind, "seed": seed, "mpp": mpp, "laboratory": lab.name}
    truth = TruthWriter(out, head)
    shapes: list[tuple[str, TrueRedCell]] = []
    try:
        masks = out / MASK_FOLDER
        try:
            masks.mkdir(exist_ok=True)
            (masks / IGNORE_MARKER).touch()
        except OSError as e:
            raise not_writable(masks, e) from e
        for i in range(n):
            picture = one(i)
            stem = f"synthetic-{i + 1:04d}"
            save_jpeg(out / f"{stem}.jpg", picture.rgb, mpp)
            save_mask(masks / f"{stem}.png", picture.label)
            truth.add_image(
                f"{stem}.jpg",
                size_px,
                picture.cells,
                {
                    "mask": f"{MASK_FOLDER}/{stem}.png",
                    "red_cells_px": np.round(picture.red_cells).astype(int).tolist(),
                },
            )
            shapes += [(f"{stem}.jpg", cell) for cell in picture.shapes]
            if progress is not None:
                progress(i + 1, n)
        if shapes:
            save_red_cell_truth(out, shapes)
    except BaseException:
        truth.abandon()
        raise
    return truth.close()
