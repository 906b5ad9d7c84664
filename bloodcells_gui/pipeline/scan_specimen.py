"""The analysis of a whole specimen of fields or slides, as one stream of events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import replace

from bloodcells_gui.domain.analysis import AnalysisEvent
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import RunRecord, merged
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.fields import FieldsSource
from bloodcells_gui.pipeline.scale_check import Estimate
from bloodcells_gui.pipeline.scan import Scan, ScanOptions, count_listed_platelets
from bloodcells_gui.pipeline.search import CellDetector, TileSearch
from bloodcells_gui.pipeline.slide import SlideSource

#: On a slide there are tens of platelets for every leukocyte: so many are listed as cells, all are tallied.
SLIDE_PLATELETS = 200


def scan_specimen(
    specimen: Specimen,
    work: CellAnalyzer,
    detector: CellDetector,
    open_reader: Callable[[ImageRef], ImageReader],
    estimate_scale: Estimate,
    options: ScanOptions,
    token: CancelToken,
    *,
    earlier: Sequence[RunRecord] = (),
    known: Sequence[Cell] = (),
    assets_of: Callable[[int], CellAssets] | None = None,
    left_out: Collection[int] = (),
) -> Generator[AnalysisEvent]:
    """Events of one run over fields or slides.

    Parameters
    ----------
    open_reader
        Opens an image; raises ImageRefused.
    estimate_scale
        um per px from the cells of samples: held against what the files say, and used where they are silent.
    options : ScanOptions
        `listed` is worked out here; of a slide, `platelets` is SLIDE_PLATELETS where it is None.
    earlier : sequence of RunRecord
        What the earlier runs of the case left: what they finished is left out.
    known : sequence of Cell
        Cells of the earlier runs: not found again, and they count towards the target.
    assets_of : callable
        What the case keeps of one of these, by its id.
    left_out : collection of int
        Images of the specimen that are not read.

    Raises
    ------
    UserError
        When the specimen as a whole cannot be analysed: nothing readable, no smear, no scale.
    """
    slide = specimen.kind is SpecimenKind.SLIDE
    platelets = SLIDE_PLATELETS if slide and options.platelets is None else options.platelets
    options = replace(options, platelets=platelets, listed=count_listed_platelets(earlier, known))
    source = (SlideSource if slide else FieldsSource)(
        [(i, ref) for i, ref in enumerate(specimen.images) if i not in left_out],
        open_reader,
        TileSearch(detector, work.windows.field_um),
        estimate_scale,
        options,
        token,
        merged(earlier),
    )
    try:
        yield from Scan(work, source, options, token, known, assets_of).events()
    finally:
        source.close()
