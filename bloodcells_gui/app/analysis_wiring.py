"""The pipeline with this program's networks, decoder and scale estimate: what production and tests run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.engine import Engine
from bloodcells_gui.domain.analysis import AnalysisEvent
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.errors import BundleRefused
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, Specimen
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.sandbox.images import load_images
from bloodcells_gui.imaging.measure import FOCUS_LIMIT, MEASUREMENTS, OF_OUTLINE, measure
from bloodcells_gui.imaging.scale import estimate_mpp
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.crops import CropsAnalysis, CropsOptions
from bloodcells_gui.pipeline.edges import EdgeFlags
from bloodcells_gui.pipeline.scale_by_kind import SizeByKind
from bloodcells_gui.pipeline.scale_check import Estimate
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.scan_specimen import scan_specimen


def cell_analyzer(engine: Engine, *, drawn: bool = False, frame: EdgeFlags | None = None) -> CellAnalyzer:
    """The engine's networks as one unit of work; `drawn` if synthetic, `frame` as in CellAnalyzer."""
    return CellAnalyzer(
        engine.classifier,
        engine.segmenter,
        measure,
        focus_index=MEASUREMENTS.index("focus"),
        focus_limit=FOCUS_LIMIT,
        drawn=drawn,
        frame=frame,
        of_outline=[MEASUREMENTS.index(name) for name in OF_OUTLINE],
    )


def scale_estimate(engine: Engine) -> Estimate:
    """um per pixel from the cells: red cells first, else leukocytes by their kinds."""

    def estimate(sample: Sequence[NDArray[np.uint8]], stated: float | None) -> ScaleEstimate:
        found = estimate_mpp(sample, engine.detector, stated)
        if engine.detector is None:
            return found
        return SizeByKind(engine.detector, engine.classifier, engine.segmenter).improve(sample, found)

    return estimate


def crops_analysis(
    engine: Engine,
    work: CellAnalyzer,
    options: CropsOptions,
    token: CancelToken,
    brightness: SampleRange = ITS_OWN,
) -> CropsAnalysis:
    """The analysis of crops with this program's decoder and scale estimate."""
    return CropsAnalysis(
        work,
        lambda refs: load_images(
            [(ref.path, ref.name) for ref in refs], check=token.check, brightness=brightness
        ),
        scale_estimate(engine),
        options,
        token,
    )


def scan_analysis(
    engine: Engine,
    work: CellAnalyzer,
    specimen: Specimen,
    open_reader: Callable[[ImageRef], ImageReader],
    options: ScanOptions,
    token: CancelToken,
    *,
    earlier: Sequence[RunRecord] = (),
    known: Sequence[Cell] = (),
    assets_of: Callable[[int], CellAssets] | None = None,
    left_out: Collection[int] = (),
) -> Generator[AnalysisEvent]:
    """The analysis of fields or slides with this program's detector and scale estimate.

    The parameters are those of `scan_specimen`; close the generator when it is left before its end.

    Raises
    ------
    BundleRefused
        When the engine has no detector.
    """
    detector = engine.detector
    if detector is None:
        raise BundleRefused(
            "There is no model for the task “{task}”.",
            "Fields and slides need a detector.",
            "Install the program again, or name a folder of bundles with --bundle.",
            task="detect",
        )
    return scan_specimen(
        specimen,
        work,
        detector,
        open_reader,
        scale_estimate(engine),
        options,
        token,
        earlier=earlier,
        known=known,
        assets_of=assets_of,
        left_out=left_out,
    )
