"""The synthetic slide as a file, and the one entry point of the demonstration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.synthetic.photographs import (
    CROP_SIZE_PX,
    DEFAULT_CROPS,
    FIELD_SIZE_PX,
    Progress,
    generate_crops,
    generate_fields,
)
from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter, Tile, write_pyramid
from bloodcells_gui.synthetic.red_cell_shapes import EVERY_SHAPE
from bloodcells_gui.synthetic.smear import Smear
from bloodcells_gui.synthetic.sprites import Placed
from bloodcells_gui.synthetic.stain import laboratory
from bloodcells_gui.synthetic.truth import SYNTHETIC_NOTICE, TrueCell, TruthWriter, not_writable

SLIDE_SIZE_PX = (12_288, 8_192)
SLIDE_MPP = 0.25
SLIDE_NAME = "synthetic-slide.tif"
#: Clumps of platelets at the feathered edge of a slide of the demonstration.
DEMO_CLUMPS = 3
_SCANNER = 4
# Beyond this many pixels a slide repeats downwards every 16 tiles instead of drawing every tile anew.
_REPEAT_BEYOND_PX = 1_500_000_000
_PERIOD_LOG2 = 4
_LIMITS_PX = {
    SpecimenKind.CROPS: (96, 2048),
    SpecimenKind.FIELDS: (256, 8192),
    SpecimenKind.SLIDE: (1024, 200_000),
}


def generate(
    kind: SpecimenKind | str,
    out: Path,
    size_px: tuple[int, int] | None = None,
    seed: int = 1,
    cells: int | None = None,
    progress: Progress | None = None,
    *,
    every_red_cell: bool = False,
) -> dict[str, int]:
    """The synthetic specimen of the `demo` verb.

    Parameters
    ----------
    kind : SpecimenKind
        "crops", "fields" or "slide".
    out : Path
        Folder, made when absent; receives the images, their masks and truth.json.
    size_px : tuple of int or None
        Of one image, or of the slide; None takes 360 x 363, 1,600 x 1,200 or 12,288 x 8,192.
    cells : int or None
        Crops: their number. Fields, slide: nucleated cells in all of it; None takes the usual number.
    progress : callable or None
        Called with done, total; raising from it ends the work.
    every_red_cell : bool
        Fields: red cells of every shape class, with truth_red_cells.csv.

    Returns
    -------
    dict
        Number of objects by taxonomy code.

    Raises
    ------
    UserError
        When kind, size or number make no specimen.
    OutputNotWritable
        When `out` cannot be written.
    """
    kind = _checked_kind(kind)
    least, most = _LIMITS_PX[kind]
    if size_px is not None and not all(least <= s <= most for s in size_px):
        raise UserError(
            "A synthetic specimen of {width} x {height} pixels cannot be made.",
            "For this kind each side has {least} to {most} pixels.",
            "Choose a size between them.",
            width=size_px[0],
            height=size_px[1],
            least=least,
            most=most,
        )
    if cells is not None and not 1 <= cells <= 1_000_000:
        raise UserError(
            "A synthetic specimen of {cells} cells cannot be made.",
            "The number must lie between 1 and 1,000,000.",
            "Choose another number.",
            cells=cells,
        )
    if every_red_cell and kind is not SpecimenKind.FIELDS:
        raise UserError(
            "Red cells of every shape are drawn on fields alone.",
            "A crop shows a few of them around one leukocyte, and a slide is drawn tile by tile.",
            "Add --kind fields, or leave --red-cells out.",
        )
    if kind is SpecimenKind.CROPS:
        return generate_crops(out, cells or DEFAULT_CROPS, seed, progress, size_px=size_px or CROP_SIZE_PX)
    if kind is SpecimenKind.FIELDS:
        n = 12 if cells is None else max(1, round(cells / 5))
        shares = EVERY_SHAPE if every_red_cell else None
        return generate_fields(
            out, n, seed, progress, size_px=size_px or FIELD_SIZE_PX, cells=cells, red_cells=shares
        )
    return generate_slide(out, size_px or SLIDE_SIZE_PX, seed, cells, progress, clumps=DEMO_CLUMPS)


def _checked_kind(kind: SpecimenKind | str) -> SpecimenKind:
    try:
        checked = SpecimenKind(kind)
    except ValueError:
        checked = SpecimenKind.COUNTER
    if checked not in _LIMITS_PX:
        raise UserError(
            "There is no synthetic specimen of kind {kind}.",
            "Crops, fields and slide can be made.",
            "Choose one of them.",
            kind=kind,
        )
    return checked


def generate_slide(
    out: Path,
    size_px: tuple[int, int] = SLIDE_SIZE_PX,
    seed: int = 1,
    cells: int | None = None,
    progress: Progress | None = None,
    *,
    mpp: float = SLIDE_MPP,
    lab: int = _SCANNER,
    blasts: int | None = None,
    clumps: int = 0,
) -> dict[str, int]:
    """A pyramidal tiled TIFF `synthetic-slide.tif` with truth.json, in time linear in its area.

    Memory depends on the number of nucleated cells, not on the size. Slides beyond 1,500 million pixels
    repeat downwards every 8,192 px; truth.json then lists every nucleated cell, but platelets only once.
    `blasts` is how many of the cells are blasts; None takes the usual mix. `clumps` is how many clumps of
    platelets lie at the feathered edge.

    Returns
    -------
    dict
        Number of objects by taxonomy code.

    Raises
    ------
    OutputNotWritable
        When `out` cannot be written.
    """
    repeats = size_px[0] * size_px[1] > _REPEAT_BEYOND_PX and size_px[1] > TILE_PX << _PERIOD_LOG2
    period = TILE_PX << _PERIOD_LOG2 if repeats else None
    if cells is not None and period is not None:
        cells = max(1, round(cells * period / size_px[1]))
    smear = Smear(size_px, mpp, seed, laboratory(seed, lab), cells, period, blasts, clumps)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise not_writable(out, e) from e
    blank = smear.glass()
    total = -(-size_px[0] // TILE_PX) * -(-smear.height // TILE_PX)
    done = 0

    def render(column: int, row: int) -> Tile:
        nonlocal done
        done += 1
        if progress is not None and done <= total:
            progress(done, total)
        return smear.tile(column, row, blank)

    path = out / SLIDE_NAME
    try:
        with PyramidWriter(path, size_px, mpp, f"{SYNTHETIC_NOTICE}; seed {seed}") as writer:
            write_pyramid(writer, render, blank, _PERIOD_LOG2 if repeats else None)
    except BaseException:
        # A slide without directories would look damaged, not unfinished.
        path.unlink(missing_ok=True)
        raise
    return _write_truth(out, smear, seed)


def _write_truth(out: Path, smear: Smear, seed: int) -> dict[str, int]:
    head = {"kind": "slide", "seed": seed, "mpp": smear.mpp, "laboratory": smear.lab_name}
    truth = TruthWriter(out, head)
    try:
        more: dict[str, object] = {
            "zones": smear.zones_px(),
            "red_cells": smear.red_cells * smear.repetitions,
        }
        if smear.repetitions > 1:
            more["platelets_listed_above_y_px"] = smear.height
        truth.add_image(SLIDE_NAME, smear.size_px, _true_cells(smear), more)
    except BaseException:
        truth.abandon()
        raise
    return truth.close()


def _true_cells(smear: Smear) -> Iterator[TrueCell]:
    for k in range(smear.repetitions):
        for items in (smear.nucleated, smear.clumps, smear.platelets() if k == 0 else ()):
            for p in items:
                y = p.y + k * smear.height
                if y >= smear.size_px[1]:
                    continue
                cell = TrueCell.from_placed(Placed(p.sprite, p.x, y), smear.size_px)
                if cell is not None:
                    yield cell
