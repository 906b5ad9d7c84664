"""A cell that the program missed: cut out, segmented and classified where the person clicked."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bloodcells_gui.app.analysis_wiring import cell_analyzer
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.cell import FLAG_BY_HAND, Cell, CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review_state import BY_HAND_RUN
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.pipeline.cell_place import CellPlace
from bloodcells_gui.pipeline.edges import NO_SIDE

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

# The click is only near the middle of the cell: the window may move with what is found there.
_MARGIN = 1.6


def cell_by_hand(
    session: CaseSession, engine: Engine, image: int, place_px: tuple[float, float]
) -> tuple[Cell, CellAssets]:
    """The cell around a place of an image of the case, as the models see it; its id is still to be given.

    Raises
    ------
    UserError
        When the image is out of reach, and as :func:`classify_cell_at`.
    """
    reader = session.views.needed_reader(image)
    run = session.runs[-1] if session.runs else None
    known = run.scale.mpp if run is not None and run.scale is not None else None
    mpp = known or session.specimen.images[image].mpp
    framed = session.specimen.kind is not SpecimenKind.CROPS
    found, assets = classify_cell_at(engine, reader, image, place_px, mpp, framed=framed)
    if run is None or tuple(engine.classifier.classes) != run.classes:
        found = replace(found, scores=found.scores[:0])  # figures of other classes are not shown as these
    return found, assets


def classify_cell_at(
    engine: Engine,
    reader: ImageReader,
    image: int,
    place_px: tuple[float, float],
    mpp: float | None,
    *,
    framed: bool = False,
) -> tuple[Cell, CellAssets]:
    """The cell around a place of an image, as the models see it; its id is still to be given.

    Parameters
    ----------
    place_px : (x, y)
        In the image at full resolution.
    mpp : float or None
        um per px of the image.
    framed : bool
        Whether the image is a field or slide: what is measured of a cut outline is then left empty. A cell
        that a person adds counts wherever it lies.

    Raises
    ------
    UserError
        When the place lies outside the image, its scale is unknown or it cannot be read.
    """
    width, height = reader.size_px
    x, y = place_px
    if not (0 <= x < width and 0 <= y < height):
        raise UserError("There is no image at this place.", "", "Click on the image.")
    if mpp is None or not math.isfinite(mpp) or mpp <= 0:
        raise UserError(
            "The cell cannot be measured.",
            "The scale of the image is unknown.",
            "Analyse the specimen with its micrometres per pixel first.",
        )
    work = cell_analyzer(engine, frame=NO_SIDE if framed else None)
    half = math.ceil(work.windows.field_um * _MARGIN / mpp / 2)
    left, top = max(0, math.floor(x) - half), max(0, math.floor(y) - half)
    right, bottom = min(width, math.floor(x) + half + 1), min(height, math.floor(y) + half + 1)
    pixels = reader.read_region(left, top, right - left, bottom - top)
    place = CellPlace(
        image=image,
        pixels=pixels,
        offset_px=(float(left), float(top)),
        centre_px=(x - left, y - top),
        mpp=mpp,
        flags=(FLAG_BY_HAND,),
        size_px=(width, height),
    )
    [(cell, assets)] = work.process([place], run=BY_HAND_RUN)
    # A person says that there is a cell: the model's reserve is answered by the next decision.
    return replace(cell, abstained=False), assets
