"""The examination of red cells: place by place, found, outlined, measured and named.

Places are looked at side by side and handed out in their order, and a slide's examination ends by the cells
counted in that order: the same specimen gives the same cells whatever the number of threads and however often
it was interrupted.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.detections import NUCLEATED, RED_CELL
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.examination import PICTURE_MPP, FieldFindings, StoredField
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.red_cell_messages import SCALE_DISAGREES, TOO_FEW_RED_CELLS, UNREAD
from bloodcells_gui.domain.red_cell_sizes import SizeLimits, size_limits, size_remark, with_sizes
from bloodcells_gui.domain.red_cells import RED_CELL_MEASURES, RedCells
from bloodcells_gui.domain.run_messages import remark
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.light import Light, estimate_light
from bloodcells_gui.imaging.nuclei import lacks_nucleus
from bloodcells_gui.imaging.red_cell_outlines import OutlinedRedCells, outline_red_cells
from bloodcells_gui.imaging.scale import LEUKOCYTES_ALONE_UM, RED_CELL_DIAMETER_UM
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.pipeline.red_cell_places import Overlaps, Place
from bloodcells_gui.pipeline.search import CellDetector
from bloodcells_gui.pipeline.threads import POLL_S, worker_pool

Pixels = NDArray[np.uint8]

# Images are read no finer than this, um per px.
_READ_MPP = 0.1
_PICTURE_QUALITY = 90
# So many cells of the first places tell the specimen's own sizes; at most so many places are looked at.
_PILOT_CELLS, _PILOT_PLACES = 300, 12
# So many leukocytes and red cells tell whether one scale fits both; how far (ln) the ratio of their sizes may
# be off: twice its spread, 0.15 of leukocytes (imaging/scale.py) and 0.07 of red cells.
_LEAST_LEUKOCYTES, _LEAST_RED_CELLS = 10, 50
_RATIO_OFF = 2 * math.hypot(0.15, 0.07)
_DIAMETER = RED_CELL_MEASURES.index("diameter_um")


class RedCellAnswers(Protocol):
    """What a classifier says of n red cells."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """(n, len(RED_CELL_CODES)), rows sum to 1."""


class RedCellNamer(Protocol):
    """Names red cells by their shape."""

    @property
    def doubtful_from(self) -> float:
        """A cell with at least this doubt is doubtful."""

    def classify(
        self, image: Pixels, mpp: float, centres: NDArray[np.floating], *, light: Light | None = None
    ) -> RedCellAnswers:
        """Name the cells at (n, 2) `centres`, px of the image (h, w, 3). Thread-safe."""


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """One place with its cells outlined; pixels as they were taken."""

    pixels: Pixels
    mpp: float
    light: Light
    cells: OutlinedRedCells
    owned: NDArray[np.intp]
    cut: int


class RedCellExaminer:
    """An examination, ready to go: an :class:`bloodcells_gui.domain.examination.Examiner`.

    Parameters
    ----------
    places : sequence of Place
        In the order in which they are examined.
    images : mapping of int to ImageRef
    open_reader : callable
        Opens an image; ImageRefused where it cannot be read.
    detector, namer
        The networks, safe to call from several threads.
    bundle : str
        Model that names the cells, "id sha256".
    scale : ScaleEstimate
        Of the specimen.
    aim : int
        Examine until so many cells count, those of earlier times included; 0 = all places.
    overlaps : Overlaps or None
        Cells that an earlier field shows whole are left out.
    leukocytes_um : sequence of float
        Sides of the leukocytes' boxes, to hold the scale against.
    """

    def __init__(
        self,
        places: Sequence[Place],
        images: Mapping[int, ImageRef],
        open_reader: Callable[[ImageRef], ImageReader],
        detector: CellDetector,
        namer: RedCellNamer,
        *,
        bundle: str,
        scale: ScaleEstimate,
        token: CancelToken,
        threads: int = 2,
        aim: int = 0,
        overlaps: Overlaps | None = None,
        leukocytes_um: Sequence[float] = (),
    ) -> None:
        self.bundle = bundle
        self.scale: ScaleEstimate | None = scale
        self.places = places
        self._spread = scale.spread
        self._from_red_cells = scale.source is ScaleSource.RED_CELLS
        self._images = images
        self._open = open_reader
        self._detector = detector
        self._namer = namer
        self._token = token
        self._threads = threads
        self._aim = aim
        self._overlaps = overlaps
        self._leukocytes_um = leukocytes_um
        self._pilot: dict[Place, _Looked | None] = {}
        self._limits = SizeLimits(0.0, math.inf)
        self._unread: set[int] = set()
        self._short = False
        self._median_um, self._red_cells = math.nan, 0

    @property
    def parameters(self) -> Mapping[str, str]:
        """What makes it this examination: another scale gives other sizes."""
        scales = sorted({f"{p.field.image}:{p.field.mpp:.5g}" for p in self.places})
        one = {text.partition(":")[2] for text in scales}
        return {"um_per_px": one.pop() if len(one) == 1 else " ".join(scales)}

    @property
    def remarks(self) -> Sequence[Remark]:
        """What there is to say by now: on sizes, on the scale, on images that could not be read."""
        out: list[Remark] = []
        said = size_remark(self._limits)
        if said is not None:
            out.append(remark(said[0], **said[1]))
        ratio = self._ratio_off()
        if abs(ratio) > _RATIO_OFF:
            out.append(
                remark(
                    SCALE_DISAGREES,
                    n_red=f"{self._median_um:.1f}",
                    n_white=f"{float(np.median(self._leukocytes_um)):.1f}",
                )
            )
        if self._unread:
            out.append(remark(UNREAD, n=len(self._unread)))
        if self._short:
            out.append(remark(TOO_FEW_RED_CELLS, aim=self._aim))
        return tuple(out)

    def findings(self, done: Sequence[StoredField]) -> Iterator[FieldFindings]:
        """What each further place holds, in order, those that are `done` left out.

        Raises
        ------
        Cancelled
            After the token was cancelled.
        """
        self._look_ahead()
        there = {stored.place.key for stored in done}
        total = sum(stored.count for stored in done)
        left = deque(place for place in self.places if place.field.key not in there)
        pool = worker_pool(self._threads, "red-cells")
        waiting: deque[Future[FieldFindings | None]] = deque()
        try:
            while (left or waiting) and not 0 < self._aim <= total:
                while left and len(waiting) <= self._threads:
                    waiting.append(pool.submit(self._examined, left.popleft()))
                found = self._result(waiting.popleft())
                if found is not None:
                    total += len(found.cells)
                    yield found
            self._short = total < self._aim
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _result(self, future: Future[FieldFindings | None]) -> FieldFindings | None:
        while not future.done():
            self._token.check()
            wait([future], timeout=POLL_S)
        self._token.check()
        return future.result()

    def _look_ahead(self) -> None:
        """The specimen's own sizes, from its first places: the same however often it is interrupted."""
        diameters: list[float] = []
        for place in self.places[:_PILOT_PLACES]:
            if len(diameters) >= _PILOT_CELLS:
                break
            self._token.check()
            looked = self._pilot[place] = self._look(place)
            if looked is not None:
                diameters += looked.cells.measures[looked.owned, _DIAMETER].tolist()
        sizes = np.array(diameters, np.float64)
        if len(sizes):
            self._median_um = float(np.median(sizes))
        self._red_cells = len(sizes)
        self._limits = size_limits(sizes, spread=self._spread, from_red_cells=self._from_red_cells)

    def _ratio_off(self) -> float:
        """How far (ln) leukocytes are too large for the red cells; 0 where too few tell."""
        enough = len(self._leukocytes_um) >= _LEAST_LEUKOCYTES and self._red_cells >= _LEAST_RED_CELLS
        if not enough:
            return 0.0
        usual = LEUKOCYTES_ALONE_UM / RED_CELL_DIAMETER_UM
        return math.log(float(np.median(self._leukocytes_um)) / self._median_um / usual)

    def _look(self, place: Place) -> _Looked | None:
        """Read a place and outline its cells; None where it cannot be read."""
        field = place.field
        try:
            with self._open(self._images[field.image]) as reader:
                step = max(1.0, _READ_MPP / field.mpp)
                pixels = reader.read_region(field.x, field.y, field.width, field.height, downsample=step)
        except (ImageRefused, MemoryError):
            self._unread.add(field.image)
            return None
        mpp = field.mpp * field.width / pixels.shape[1]
        light = estimate_light(pixels)
        red, others = self._boxes(light.applied(pixels), mpp)
        cells = outline_red_cells(pixels, mpp, red, others, light)
        owned = self._owned(place, cells, field.width / pixels.shape[1])
        whole = owned[~cells.cut[owned]]
        return _Looked(pixels, mpp, light, cells, whole, len(owned) - len(whole))

    def _boxes(self, lit: Pixels, mpp: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Boxes of red cells, and of leukocytes and platelets, px of the picture."""
        height, width = lit.shape[:2]
        scale = mpp / self._detector.um_per_px
        size = max(1, round(width * scale)), max(1, round(height * scale))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        view = np.asarray(cv2.resize(lit, size, interpolation=how), np.uint8)
        found = self._detector.detect(view, self._detector.um_per_px)
        nucleated = np.flatnonzero(found.classes == NUCLEATED)
        bare = lacks_nucleus(view, self._detector.um_per_px, found.boxes[nucleated])
        kept = np.ones(len(found), np.bool_)
        kept[nucleated[bare]] = False
        found = found.take(kept)
        boxes = found.boxes * np.array([width / size[0], height / size[1]] * 2, np.float32)
        red = found.classes == RED_CELL
        return boxes[red], boxes[~red]

    def _owned(self, place: Place, cells: OutlinedRedCells, step: float) -> NDArray[np.intp]:
        """Cells of the place's core that no earlier field shows whole."""
        out = []
        boxes = cells.boxes * np.float32(step)
        boxes[:, :2] += np.array([place.field.x, place.field.y], np.float32)
        for i, (x, y, w, h) in enumerate(boxes.tolist()):
            if not place.owns(x + w / 2, y + h / 2):
                continue
            if self._overlaps is not None and self._overlaps.seen_before(place.field.image, (x, y, w, h)):
                continue
            out.append(i)
        return np.array(out, np.intp)

    def _examined(self, place: Place) -> FieldFindings | None:
        """All that is kept of a place."""
        self._token.check()
        looked = self._pilot.pop(place) if place in self._pilot else self._look(place)
        if looked is None:
            return None
        field, found, own = place.field, looked.cells, looked.owned
        step = field.width / looked.pixels.shape[1]
        corner = np.array([field.x, field.y], np.float32)
        centres = found.boxes[own, :2] + found.boxes[own, 2:] / 2
        answers = self._namer.classify(looked.pixels, looked.mpp, centres, light=looked.light)
        measures = found.measures[own]
        probabilities = with_sizes(answers.probabilities, measures[:, _DIAMETER], self._limits)
        doubt = np.asarray(1 - probabilities.max(axis=1, initial=0.0), np.float32)
        boxes = found.boxes[own] * np.float32(step)
        boxes[:, :2] += corner
        n = len(own)
        cells = RedCells(
            np.zeros(n, np.int64), np.full(n, field.image, np.int32), np.zeros(n, np.int32), boxes, measures,
            probabilities, doubt, doubt >= self._namer.doubtful_from, found.parted[own],
        )  # fmt: skip
        contours = [found.contours[i] * np.float32(step) + corner for i in own.tolist()]
        return FieldFindings(field, cells, contours, _picture(looked.pixels, looked.mpp), looked.cut)


def _picture(pixels: Pixels, mpp: float) -> bytes:
    """JPEG at `PICTURE_MPP`, or as it is where it is coarser."""
    scale = mpp / PICTURE_MPP
    if scale < 1:
        size = [max(1, round(n * scale)) for n in pixels.shape[1::-1]]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(pixels, _PICTURE_QUALITY)
