"""Fields: every image is searched whole; in an overlap, a cell belongs to the field that shows it best."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import ImagesRead, ScaleKnown, Skipped, SkippedFile
from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.platelet_clumps import ClumpSearch
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import CONTRADICTION, counted, remark
from bloodcells_gui.domain.run_record import QualityMap, RunCounts, RunRecord, ScanProgress
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.domain.zones import READABLE, ZonesRanked, ZoneTile
from bloodcells_gui.imaging.field_positions import contact_sheet
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.overview import inside
from bloodcells_gui.pipeline import stored_quality_map
from bloodcells_gui.pipeline.deduplication import BAND_UM, ListedBoxes
from bloodcells_gui.pipeline.field_registration import register_fields
from bloodcells_gui.pipeline.mosaic import Mosaic, OpenFields, SharedCells
from bloodcells_gui.pipeline.pieces import Candidate, Piece, SearchResult
from bloodcells_gui.pipeline.platelet_clumps import search_field
from bloodcells_gui.pipeline.scale_check import Estimate, ScaleSample, SettledScale, settle_scale
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.search import TileSearch
from bloodcells_gui.pipeline.survey import tile_grid

_SCALE_SAMPLE = 12
_SCALE_PX = 1024
_GAP_UM = 200.0

Open = Callable[[ImageRef], ImageReader]


class FieldsSource:
    """The fields of a specimen, in order.

    Parameters
    ----------
    images : sequence of (int, ImageRef)
        Index within the specimen, reference; `size_px` from the headers.
    open_reader, search, estimate_scale
        As for slides.
    done : RunRecord
        What the earlier runs of the case did together; finished fields are left out.
    """

    unit = "fields"

    def __init__(
        self,
        images: Sequence[tuple[int, ImageRef]],
        open_reader: Open,
        search: TileSearch,
        estimate_scale: Estimate,
        options: ScanOptions,
        token: CancelToken,
        done: RunRecord | None = None,
    ) -> None:
        self._images = list(images)
        self._open = open_reader
        self._search = search
        self._estimate_scale = estimate_scale
        self._options = options
        self._token = token
        before = done.progress.fields if done is not None else frozenset()
        self._done = {i for i, _ in self._images if i in before}
        self._position = {i: k for k, (i, _) in enumerate(self._images)}
        zones = options.zones
        self._queue = [
            k for k, (i, _) in enumerate(self._images) if i not in self._done and (not zones or i in zones)
        ]
        self._new = len(self._queue)
        self._before = sum(not zones or i in zones for i in self._done)
        self._settled = SettledScale(ScaleEstimate(None, ScaleSource.UNKNOWN))
        self._mosaic = Mosaic([], [], 0.0)
        self._opened = OpenFields(lambda k: open_reader(self._images[k][1]))
        self._shared: SharedCells | None = None
        self._remarks: list[Remark] = []
        self._said: list[str] = []
        self._maps: dict[int, QualityMap] = {}
        self._clumps: dict[int, ClumpSearch] = {}

    @property
    def mpp(self) -> float:
        """um per px of the plane."""
        return float(self._settled.scale.mpp or 0.0)

    @property
    def image_flags(self) -> Mapping[int, tuple[str, ...]]:
        """Fields whose scale is not believed."""
        return self._settled.flags([image for image, _ in self._images])

    @property
    def scale_spread(self) -> float:
        """How far the scale may be off: standard deviation of ln(um per px)."""
        return self._settled.spread

    def close(self) -> None:
        """Release the fields that were opened for their neighbours."""
        self._opened.close()

    def prepare(self, _pool: ThreadPoolExecutor) -> Iterator[ScaleKnown | ZonesRanked | Skipped | ImagesRead]:
        """Settle the scale and lay the fields out."""
        self._settled = self._settle_scale()
        scale = self._settled.scale
        if scale.mpp is None:
            raise UserError(
                "The scale of these fields is unknown.",
                "The files do not state it, and too few red cells were found to estimate it.",
                "Enter the micrometres per pixel (for example 0.1 for a 100x lens).",
            )
        self._remarks += self._settled.remarks
        yield ScaleKnown(scale)
        refs = [ref for _, ref in self._images]
        sizes = [ref.size_px for ref in refs]
        layout = register_fields(refs, self.mpp, self._open, self._token)
        if layout.contradicted:
            self._remarks.append(remark(CONTRADICTION))
        origins = layout.origins or contact_sheet(sizes, _GAP_UM / self.mpp)
        self._mosaic = Mosaic(origins, sizes, BAND_UM / self.mpp, self.mpp, joined=layout.joined)
        images = [i for i, _ in self._images]
        self._shared = SharedCells(
            self._mosaic, self._search.detector, self._search.window_um, self._opened, images
        )
        if layout.origins:
            laid_out = [
                (image, replace(ref, origin_px=origin))
                for (image, ref), origin in zip(self._images, layout.origins, strict=True)
            ]
            self._images = laid_out
            yield ImagesRead(tuple(laid_out))

    def in_plane(self, image: int, box: Box) -> Box:
        """The box where its field lies."""
        return self._shifted(box, self._position[image])

    def total(self) -> int:
        """Fields that are to be searched, and those that earlier runs finished."""
        return self._before + self._new

    def done_before(self) -> int:
        """Fields that earlier runs finished."""
        return self._before

    def ready(self) -> bool:
        """Fields come in a fixed order."""
        return True

    def next(self) -> Piece | None:
        """The next field."""
        if not self._queue:
            return None
        return partial(self._piece, self._queue.pop(0))

    def learn(self, found: SearchResult) -> None:
        """Fields are searched whatever their neighbours look like; how well they can be read is kept."""
        if found.clumps is not None:
            self._clumps[found.clumps.image] = found.clumps
        if found.tile is not None and found.tile.measured:
            image = found.tile.image
            self._maps[image] = stored_quality_map.quality_map([found.tile], image, None)

    def complete(self, found: SearchResult) -> None:
        """The field needs no second look."""
        if found.tile is not None and not found.skipped and found.tile.image not in self._options.zones:
            self._done.add(found.tile.image)

    def record(self) -> RunRecord:
        """Which fields are done, how many, how well each can be read; remarks on scale and layout."""
        return RunRecord(
            RunCounts(fields=len(self._done)),
            ScanProgress(fields=frozenset(self._done)),
            tuple(self._maps.values()),
            remarks=(*self._remarks, *counted(self._said)),
            clumps=tuple(self._clumps[image] for image in sorted(self._clumps)),
        )

    def finish(self, _pool: ThreadPoolExecutor, _token: CancelToken) -> Iterator[ImagesRead]:
        """Hashes came with the pixels."""
        return iter(())

    def _piece(self, position: int) -> SearchResult:
        self._token.check()
        image, ref = self._images[position]
        blank = ZoneTile(image, 0, 0, (0, 0, *ref.size_px), 0.0)
        try:
            with self._open(ref) as reader:
                found = self._search_field(position, reader)
                self._said += getattr(reader, "notices", ())
                return found
        except (ImageRefused, MemoryError) as e:
            reason = e.reason() if isinstance(e, ImageRefused) else "There is not enough memory for it."
            return SearchResult(tile=blank, skipped=(SkippedFile(ref.name, reason),))

    def _search_field(self, position: int, reader: ImageReader) -> SearchResult:
        image, ref = self._images[position]
        mpp = float(self._settled.mpp(position, reader.mpp or ref.mpp) or 0.0)
        grid = tile_grid(reader.size_px, mpp, self._search.detector.um_per_px)
        seams = ListedBoxes(30.0 / mpp)
        spots: list[Candidate] = []
        boxes: list[tuple[NDArray[np.float32], ...]] = []
        scores, reasons = [], []

        def read(x: int, y: int, width: int, height: int, downsample: float) -> NDArray[np.uint8]:
            return reader.read_region(x, y, width, height, downsample=max(1.0, downsample))

        known_light = self._search.light_of(read, reader.size_px)
        for tile in grid:
            self._token.check()
            result = self._search.search(read, tile, image, reader.size_px, mpp, known_light)
            new = [s for s in result.spots if not seams.seen(s.plane, s.kind)]
            for spot in new:
                seams.add(spot.plane, spot.kind)
            spots += new
            boxes.append((result.red_boxes, result.nucleated_boxes, result.platelet_boxes))
            scores.append(result.quality.score)
            reasons.append(result.quality.reasons)
        best = int(np.argmax(scores))
        score = float(np.mean(scores))
        polygons = self._options.zones.get(image, ())
        chosen = [s for s in sorted(spots, key=lambda s: s.kind) if inside(polygons, *s.plane.centre)]
        w, h = reader.size_px
        known = replace(
            ref,
            sha256=getattr(reader, "sha256", ref.sha256),
            sampled=getattr(reader, "sampled", ref.sampled),
            size_px=reader.size_px,
            mpp=reader.mpp or ref.mpp,
        )
        red, nucleated, platelets = (self._counted(position, part) for part in zip(*boxes, strict=True))
        counted = score >= READABLE
        return SearchResult(
            spots=self._own(chosen, position, reader),
            red_cells=red if counted else -1,
            nucleated=nucleated if counted else -1,
            platelets=platelets if counted else -1,
            area_mm2=w * h * mpp**2 / 1e6 * self._mosaic.share(position),
            tile=ZoneTile(image, 0, 0, (0, 0, w, h), score, reasons[best], True),
            read=((image, known),),
            clumps=search_field(image, read, reader.size_px, mpp, known_light.light, self._search.detector),
        )

    def _counted(self, position: int, parts: Sequence[NDArray[np.float32]]) -> int:
        """How many cells of boxes found in the tiles of a field are the field's own."""
        boxes = np.concatenate(parts)
        boxes[:, :2] += self._mosaic.origins[position]
        return self._mosaic.counted(position, boxes)

    def _own(self, spots: Sequence[Candidate], position: int, reader: ImageReader) -> tuple[Candidate, ...]:
        """The field's own cells, in the plane; what its border with a neighbour cuts, whole."""
        out: list[Candidate] = []
        for spot in (self._in_plane(s, position) for s in spots):
            if not self._mosaic.owns(position, spot.plane):
                continue
            if self._shared is None or not self._mosaic.is_shared(position, spot.plane):
                inner = self._mosaic.inner(position, spot.plane)
                out.append(replace(spot, place=replace(spot.place, inner=inner)) if any(inner) else spot)
                continue
            self._token.check()
            whole = self._shared.whole(spot, position, reader)
            if whole is not None:
                out.append(whole)
        # Nucleated cells first: a part may have turned out to be something else.
        return tuple(sorted(out, key=lambda s: s.kind))

    def _in_plane(self, spot: Candidate, position: int) -> Candidate:
        return replace(spot, plane=self._shifted(spot.plane, position))

    def _shifted(self, box: Box, position: int) -> Box:
        ox, oy = self._mosaic.origins[position]
        return Box(box.x + float(ox), box.y + float(oy), box.width, box.height)

    def _settle_scale(self) -> SettledScale:
        refs = [ref for _, ref in self._images]

        def look(places: Sequence[int]) -> dict[int, ScaleSample]:
            found = {}
            for p in places:
                self._token.check()
                try:
                    with self._open(refs[p]) as reader:
                        found[p] = ScaleSample(
                            _middle(reader), reader.mpp or refs[p].mpp, reader.unparsed_scale_text
                        )
                except ImageRefused:
                    continue  # told when its turn comes
            return found

        settled = settle_scale(
            [ref.name for ref in refs],
            [ref.mpp for ref in refs],
            look,
            self._estimate_scale,
            person=self._options.mpp,
            sample=_SCALE_SAMPLE,
            sizes=[ref.size_px for ref in refs],
        )
        if settled is None:
            raise UserError(
                "No field could be read.",
                "Each file was refused.",
                "Copy the images again from their source.",
                exit_code=EXIT_NOTHING_READABLE,
            )
        return settled


def _middle(reader: ImageReader) -> NDArray[np.uint8]:
    w, h = reader.size_px
    side_w, side_h = min(w, _SCALE_PX), min(h, _SCALE_PX)
    return reader.read_region((w - side_w) // 2, (h - side_h) // 2, side_w, side_h)
