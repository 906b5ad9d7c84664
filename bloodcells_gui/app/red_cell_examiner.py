"""The examination of red cells with this program's networks, by what the analysis left in the case."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from bloodcells_gui.app.analysed_images import open_analysed
from bloodcells_gui.app.brightness import brightness_for
from bloodcells_gui.app.engine import Engine, default_threads
from bloodcells_gui.domain.cell import FLAG_OUTSIDE_FRAME, FLAG_SCALE_CONTRADICTED, Cell
from bloodcells_gui.domain.errors import BundleRefused, UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleEstimate, ScaleSource, SpecimenKind
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.imaging.io.refusal import out_of_reach
from bloodcells_gui.imaging.io.sandbox.images import interrupt
from bloodcells_gui.pipeline.red_cell_places import Overlaps, Place, places_of_fields, places_of_slides
from bloodcells_gui.pipeline.red_cells import RedCellExaminer

if TYPE_CHECKING:
    from bloodcells_gui.inference.red_cell_classifier import RedCellClassifier
    from bloodcells_gui.storage.case import CaseStore

NOT_EXAMINED = N_("The red cells were not examined.")
#: Why not: a crop holds a few red cells around one leukocyte, most of them cut, and says nothing of the film.
CROPS = N_("The images of this case are cut-outs of single leukocytes: they show no field of red cells.")
_NO_RUN = N_("The images were not analysed yet, so that nothing is known of their scale.")
_NO_SCALE = N_("The scale is not sure: neither a person nor the files nor red cells gave it.")
_CONTRADICTED = N_("The scale in the files contradicts the cells.")
_NO_MONOLAYER = N_("No part of the slide that was looked at is a readable layer of single red cells.")
_GIVE_SCALE = N_(
    "Give the micrometres per pixel (--mpp on the command line), then examine the red cells again."
)
_ANALYSE = N_("Analyse the images first.")
_SEARCH_MORE = N_("Scan more of the slide, or draw a zone in the monolayer.")
# A cell that an earlier field does not show by so much, um, is not sure to be whole there.
_OVERLAP_MARGIN_UM = 0.4


def red_cell_examiner(
    store: CaseStore,
    engine: Engine,
    classifier: RedCellClassifier,
    *,
    token: CancelToken,
    aim: int = 0,
    threads: int | None = None,
) -> RedCellExaminer:
    """The examination of a case that was analysed.

    Parameters
    ----------
    aim : int
        Of a slide so many whole red cells are examined, those of earlier times included; 0 = all that lie in
        the measured monolayer. Of fields always all.

    Raises
    ------
    UserError
        Where the red cells cannot be examined: crops, no run, no sure scale, no readable monolayer.
    BundleRefused
        Where the engine has no detector.
    """
    specimen = store.specimen
    if engine.detector is None:
        raise BundleRefused(
            "There is no model for the task “{task}”.",
            "Fields and slides need a detector.",
            "Install the program again, or name a folder of bundles with --bundle.",
            task="detect",
        )
    if specimen.kind not in (SpecimenKind.FIELDS, SpecimenKind.SLIDE):
        raise UserError(NOT_EXAMINED, CROPS)
    scale = store.runs[-1].scale if store.runs else None
    if scale is None:
        raise UserError(NOT_EXAMINED, _NO_RUN, _ANALYSE)
    if scale.source in ASKS_FOR_SCALE or not scale.mpp:
        contradicted = scale.source is ScaleSource.CONTRADICTED
        raise UserError(NOT_EXAMINED, _CONTRADICTED if contradicted else _NO_SCALE, _GIVE_SCALE)
    cells = [cell for cell in store.load_cells(as_found=True) if cell.run >= 0]
    mpp = _scales(store, scale, cells)
    if not mpp:
        raise UserError(NOT_EXAMINED, _CONTRADICTED, _GIVE_SCALE)
    places = _places(store, mpp)
    if not places:
        raise UserError(NOT_EXAMINED, _NO_MONOLAYER, _SEARCH_MORE)
    brightness = brightness_for(specimen.images, store.runs, token.check)
    token.on_cancel(engine.detector.terminate)
    token.on_cancel(classifier.terminate)
    token.on_cancel(interrupt)
    return RedCellExaminer(
        places,
        dict(enumerate(specimen.images)),
        lambda ref: open_analysed(ref, token.check, brightness),
        engine.detector,
        classifier,
        bundle=f"{classifier.bundle.id} {classifier.bundle.sha256}",
        scale=scale,
        token=token,
        threads=threads or default_threads(),
        aim=aim if specimen.kind is SpecimenKind.SLIDE else 0,
        overlaps=_overlaps(store, mpp),
        leukocytes_um=_leukocytes_um(cells),
    )


def _scales(store: CaseStore, scale: ScaleEstimate, cells: Sequence[Cell]) -> dict[int, float]:
    """um per px of each image that was read and whose scale is believed."""
    skipped = {f.path for run in store.runs for f in run.skipped if not out_of_reach(f.reason)}
    seen: dict[int, float] = {}
    doubted: set[int] = set()
    for cell in cells:
        seen.setdefault(cell.image, cell.mpp)
        if FLAG_SCALE_CONTRADICTED in cell.flags:
            doubted.add(cell.image)
    out = {}
    for i, ref in enumerate(store.specimen.images):
        if ref.name in skipped or i in doubted:
            continue
        given = scale.mpp if scale.source is ScaleSource.PERSON else seen.get(i) or ref.mpp or scale.mpp
        if given:
            out[i] = given
    return out


def _places(store: CaseStore, mpp: dict[int, float]) -> list[Place]:
    sizes = {i: ref.size_px for i, ref in enumerate(store.specimen.images) if i in mpp}
    if store.specimen.kind is SpecimenKind.FIELDS:
        return places_of_fields(sizes, mpp)
    return places_of_slides(merged(run.record for run in store.runs).maps, sizes, mpp)


def _overlaps(store: CaseStore, mpp: dict[int, float]) -> Overlaps | None:
    """Fields that are laid out in one plane; None where nothing is known of it."""
    images = store.specimen.images
    if store.specimen.kind is not SpecimenKind.FIELDS or len({ref.origin_px for ref in images}) < 2:
        return None
    frames = {}
    for i in mpp:
        (x, y), (width, height) = images[i].origin_px, images[i].size_px
        frames[i] = x, y, float(width), float(height)
    return Overlaps(frames, _OVERLAP_MARGIN_UM / median(mpp.values()))


def _leukocytes_um(cells: Sequence[Cell]) -> list[float]:
    """Sides of the boxes of whole leukocytes."""
    return [
        (cell.box_px.width * cell.box_px.height) ** 0.5 * cell.mpp
        for cell in cells
        if not cell.abstained and cell.predicted in COUNTED and FLAG_OUTSIDE_FRAME not in cell.flags
    ]
