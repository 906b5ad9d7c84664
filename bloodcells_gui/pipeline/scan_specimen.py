"""The analysis of a whole specimen of fields or slides, as one stream of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bloodcells_gui.domain.analysis import AnalysisEvent
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import ImageRef, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.pipeline import resume
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.fields import FieldsSource
from bloodcells_gui.pipeline.scale_check import Estimate
from bloodcells_gui.pipeline.scan import Scan, ScanOptions, already_listed
from bloodcells_gui.pipeline.search import CellDetector, TileSearch
from bloodcells_gui.pipeline.slide import SlideSource

#: On a slide there are tens of platelets for every leukocyte: so many are listed as cells, all are tallied.
SLIDE_PLATELETS = 100


def scan_specimen(
    specimen: Specimen,
    work: CellAnalyzer,
    detector: CellDetector,
    open_reader: Callable[[ImageRef], ImageReader],
    estimate_scale: Estimate,
    options: ScanOptions,
    token: CancelToken,
    *,
    earlier: Sequence[Mapping[str, float]] = (),
    known: Sequence[Cell] = (),
    assets_of: Callable[[int], CellAssets] | None = None,
) -> Iterator[AnalysisEvent]:
    """Events of one run over fields or slides.

    Parameters
    ----------
    open_reader
        Opens an image; raises ImageRefused.
    estimate_scale
        um per px from the cells of samples: held against what the files say, and used where they are silent.
    earlier : sequence of mappings
        Tallies of the earlier runs of the case: what they finished is left out.
    known : sequence of Cell
        Cells of the earlier runs: not found again, and they count towards the target.
    assets_of : callable
        What the case keeps of one of these, by its id.

    Raises
    ------
    UserError
        When the specimen as a whole cannot be analysed: nothing readable, no smear, no scale.
    """
    options = replace(options, listed=already_listed(earlier, known))
    search = TileSearch(detector, work.windows.field_um)
    images = list(enumerate(specimen.images))
    kind = SlideSource if specimen.kind is SpecimenKind.SLIDE else FieldsSource
    source: SlideSource | FieldsSource = kind(
        images, open_reader, search, estimate_scale, options, token, resume.merged(earlier)
    )
    try:
        yield from Scan(work, source, options, token, known, assets_of).events()
    finally:
        source.close()
