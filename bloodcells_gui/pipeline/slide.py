"""Slides: tiles of the best monolayer first, until the target count or the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import ImagesRead, ScaleKnown, Skipped, SkippedFile
from bloodcells_gui.domain.cell import Box
from bloodcells_gui.domain.detections import NUCLEATED
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.platelet_clumps import ClumpSearch
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import LYING_LEVELS, UNFOCUSED, counted, remark
from bloodcells_gui.domain.run_record import QualityMap, RunRecord, ScanProgress, TileSet
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate
from bloodcells_gui.domain.zones import OUT_OF_FOCUS, READABLE, TOO_THICK, ZonesRanked, ZoneTile
from bloodcells_gui.imaging.io.reader import ImageReader
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.overview import inside
from bloodcells_gui.pipeline import resume, stored_quality_map
from bloodcells_gui.pipeline.content_hash import content_hash
from bloodcells_gui.pipeline.counted_film import film_of
from bloodcells_gui.pipeline.edges import in_frame, whole_in
from bloodcells_gui.pipeline.pieces import Piece, SearchResult
from bloodcells_gui.pipeline.platelet_clumps import search_slide
from bloodcells_gui.pipeline.poor_zones import PoorZones
from bloodcells_gui.pipeline.scale_check import Estimate, ScaleSample, SettledScale, settle_scale
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.search import SECOND_LOOK_COARSER, TileSearch
from bloodcells_gui.pipeline.survey import Survey

_PROBES = 40
_WAVE = 16
# So many of the best tiles are sampled for red cells and platelets (about 3 mm2, some 20,000 red cells); the
# rest is searched for leukocytes alone, which is quicker.
_SAMPLED = 24
# A tile of so much finer pixels than the detector's is not kept whole.
_FINE = 2.1
# A cell this near to a tile's edge may be cut by it.
_CUT_UM = 0.8
# Further than any slide is wide.
_APART_PX = 1.0e8

Open = Callable[[ImageRef], ImageReader]


@dataclass(slots=True)
class _Slide:
    ref: ImageRef
    reader: ImageReader
    survey: Survey
    open_tiles: NDArray[np.bool_]
    done: set[int]
    sampled: set[int]
    failed: list[int] = field(default_factory=list)


class SlideSource:
    """Tiles of one or more slides of a specimen, in the order of their quality.

    Parameters
    ----------
    images : sequence of (int, ImageRef)
        Index within the specimen, reference.
    open_reader
        Raises ImageRefused for what cannot be read.
    search : TileSearch
    estimate_scale
        um per px from patches of red cells.
    done : RunRecord
        What the earlier runs of the case did together; finished tiles are left out.
    """

    unit = N_("tiles")

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
        self._images = [(i, ref) for i, ref in images if not options.zones or i in options.zones]
        self._open = open_reader
        self._search = search
        self._estimate_scale = estimate_scale
        self._options = options
        self._token = token
        self._before = done or RunRecord()
        self._slides: dict[int, _Slide] = {}
        self._mpp = float("nan")
        self._total = self._done_before = 0
        self._zones = PoorZones()
        self._planned: deque[tuple[int, int]] = deque()
        self._samples: frozenset[tuple[int, int]] = frozenset()
        self._issued = self._applied = 0
        self._learned: list[SearchResult] = []
        self._behind: deque[Piece] | None = None
        self._remarks: list[Remark] = []
        self._image_flags: dict[int, tuple[str, ...]] = {}
        self._scale_spread = 0.0
        self._said: list[str] = []
        self._clumps: list[ClumpSearch] = []

    @property
    def mpp(self) -> float:
        """um per px of the first slide."""
        return self._mpp

    @property
    def image_flags(self) -> Mapping[int, tuple[str, ...]]:
        """Slides whose scale is not believed."""
        return self._image_flags

    @property
    def scale_spread(self) -> float:
        """How far the scale of a slide may be off, at most: standard deviation of ln(um per px)."""
        return self._scale_spread

    def close(self) -> None:
        """Release the files."""
        for slide in self._slides.values():
            slide.reader.close()

    def prepare(self, pool: ThreadPoolExecutor) -> Iterator[ScaleKnown | ZonesRanked | Skipped | ImagesRead]:
        """Open, settle the scale, rank the tiles."""
        scale: ScaleEstimate | None = None
        for image, ref in self._images:
            self._token.check()
            try:
                reader = self._open(ref)
            except ImageRefused as e:
                if len(self._images) == 1:
                    raise  # its own reason says more than that none could be read
                yield Skipped(SkippedFile(ref.name, e.reason()))
                continue
            self._said += getattr(reader, "notices", ())
            zones = self._options.zones.get(image, ())
            survey = Survey(reader, image, self._search.detector.um_per_px, zones)
            settled = self._scale_of(survey, ref, reader)
            found = settled.scale
            self._image_flags |= settled.flags([image])
            self._scale_spread = max(self._scale_spread, settled.spread)
            for said in settled.remarks:
                self._note(said)
            if scale is None:
                scale = found
                self._mpp = float(found.mpp or 0.0)
                yield ScaleKnown(scale)
            mpp = float(found.mpp or self._mpp)
            # Known by a part of its bytes from now on: a run that is interrupted must not go on with another.
            sampled = getattr(reader, "sampled", ref.sampled)
            known = replace(ref, size_px=reader.size_px, mpp=reader.mpp, sampled=sampled)
            yield ImagesRead(((image, known),))
            survey.rank(mpp)
            survey.probe(pool, _PROBES, self._token)
            self._add(image, known, reader, survey)
            yield ZonesRanked(image, survey.map.tiles())
        if scale is None:
            raise UserError(
                "No slide could be read.",
                "Each file was refused; the list of skipped files says why.",
                "Copy the slides again from the scanner.",
                exit_code=EXIT_NOTHING_READABLE,
            )
        if not any(s.survey.map.smear.any() and not s.survey.is_colourless() for s in self._slides.values()):
            raise UserError(
                "No smear was found on the slide.",
                "It shows empty glass only, or only a label.",
                "Check that the right slide was scanned, with its stained side up.",
                exit_code=EXIT_NOTHING_READABLE,
            )
        self._samples = self._to_sample()

    def _to_sample(self) -> frozenset[tuple[int, int]]:
        """The best tiles by the first ranking: the same ones, however often the scan is interrupted."""
        ranked = [
            (-float(slide.survey.map.scores[index]), image, int(index))
            for image, slide in self._slides.items()
            for index in np.flatnonzero(slide.survey.map.smear)
        ]
        return frozenset((image, index) for _, image, index in sorted(ranked)[:_SAMPLED])

    def _scale_of(self, survey: Survey, ref: ImageRef, reader: ImageReader) -> SettledScale:
        """The slide's scale, its file held against the red cells of the most promising places.

        Raises
        ------
        UserError
            When there is none and none can be estimated.
        """
        patches = survey.scale_patches(self._options.mpp or reader.mpp)
        settled = settle_scale(
            [ref.name],
            [reader.mpp],
            lambda _: {0: ScaleSample(np.zeros((0, 0, 3), np.uint8), reader.mpp, reader.unparsed_scale_text)},
            lambda _, stated: self._estimate_scale(patches, stated),
            person=self._options.mpp,
        )
        if settled is None or settled.scale.mpp is None:
            raise UserError(
                "The scale of this slide is unknown.",
                "Its file does not state it, and too few red cells were found to estimate it.",
                "Enter the micrometres per pixel (for example 0.25 for a 40x scan).",
            )
        return settled

    def _add(self, image: int, ref: ImageRef, reader: ImageReader, survey: Survey) -> None:
        grid = survey.map.grid
        done = resume.tiles_done(self._before.progress.searched, image, grid)
        tiles = survey.map.smear.copy()
        tiles[list(done)] = False
        self._total += int(survey.map.smear.sum())
        self._done_before += int(survey.map.smear.sum()) - int(tiles.sum())
        sampled = resume.tiles_done(self._before.progress.sampled, image, grid)
        self._slides[image] = _Slide(ref, reader, survey, tiles, set(done), sampled)
        blurred = [OUT_OF_FOCUS in q.reasons for q in survey.probed if q.coverage > 0.02]
        if len(blurred) >= 3 and sum(blurred) > 0.7 * len(blurred):
            self._note(remark(UNFOCUSED))
        if survey.levels.lying:
            self._note(remark(LYING_LEVELS))

    def _note(self, found: Remark) -> None:
        if found not in self._remarks:
            self._remarks.append(found)

    def in_plane(self, image: int, box: Box) -> Box:
        """Slides of one specimen lie far apart."""
        return Box(box.x + image * _APART_PX, box.y, box.width, box.height) if image else box

    def total(self) -> int:
        """Tiles with anything on them."""
        return self._total

    def done_before(self) -> int:
        """Those of them that earlier runs finished."""
        return self._done_before

    def ready(self) -> bool:
        """A wave is planned when the one before the last was searched: never idle, and repeatable."""
        if self._planned:
            return True
        if any(slide.open_tiles.any() for slide in self._slides.values()):
            return len(self._learned) >= self._issued - _WAVE
        # Which tiles cannot be read is known when all were tried.
        return self._behind is not None or len(self._learned) >= self._issued

    def next(self) -> Piece | None:
        """The most readable tile left; at the end what neighbours show of tiles that could not be read."""
        if not self._planned:
            self._plan_wave()
        if self._planned:
            self._issued += 1
            tile = self._planned.popleft()
            return partial(self._piece, *tile, coarse=tile not in self._samples)
        if self._behind is None:
            self._behind = deque(self._seen_by_neighbours())
            self._total += len(self._behind)
        return self._behind.popleft() if self._behind else None

    def _seen_by_neighbours(self) -> Iterator[Piece]:
        for image, slide in self._slides.items():
            columns, rows = slide.survey.map.grid.shape
            for index in slide.failed:
                row, column = divmod(index, columns)
                for dy, dx in np.ndindex(3, 3):
                    y, x = row + dy - 1, column + dx - 1
                    beside = y * columns + x
                    if 0 <= y < rows and 0 <= x < columns and beside not in slide.failed:
                        yield partial(self._cells_of_failed_tile, image, beside, index)

    def _cells_of_failed_tile(self, image: int, index: int, failed: int) -> SearchResult:
        """The cells of a tile that failed, as far as they lie whole in its neighbour `index`."""
        self._token.check()
        slide = self._slides[image]
        survey = slide.survey
        tile = survey.map.grid.tile(index)
        size = slide.reader.size_px
        asked = replace(tile, core=survey.map.grid.tile(failed).core)
        try:
            result = self._search.search(survey.levels.read, asked, image, size, survey.mpp, survey.lights)
        except (ImageRefused, MemoryError):
            return SearchResult()  # its own turn told so
        spots = tuple(
            replace(s, plane=self.in_plane(image, s.plane))
            for s in result.spots
            if s.kind == NUCLEATED
            and whole_in(tile, s.plane, size, _CUT_UM / survey.mpp)
            and inside(survey.zones, *s.plane.centre)
        )
        return SearchResult(spots)

    def _plan_wave(self) -> None:
        """Choose the next wave by what is known of all but the last one, whatever came in meanwhile."""
        for found in self._learned[self._applied : max(0, self._issued - _WAVE)]:
            self._record_quality(found)
        self._applied = max(self._applied, self._issued - _WAVE)
        while len(self._planned) < _WAVE and (best := self._best_tile()) is not None:
            self._slides[best[0]].open_tiles[best[1]] = False
            self._planned.append(best)

    def _best_tile(self) -> tuple[int, int] | None:
        best: tuple[float, int, int] | None = None
        for image, slide in self._slides.items():
            if not slide.open_tiles.any():
                continue
            scores = np.where(slide.open_tiles, slide.survey.map.scores, -1.0)
            index = int(scores.argmax())
            if best is None or scores[index] > best[0]:
                best = float(scores[index]), image, index
        return best[1:] if best else None

    def _piece(self, image: int, index: int, *, coarse: bool) -> SearchResult:
        self._token.check()
        slide = self._slides[image]
        survey = slide.survey
        tile = survey.map.grid.tile(index)
        zone = survey.map.tile(index)
        try:
            result = self._search.search(
                survey.levels.read,
                tile,
                image,
                slide.reader.size_px,
                survey.mpp,
                survey.lights,
                coarse=coarse,
                step=self._step(survey) if coarse else 1.0,
            )
        except (ImageRefused, MemoryError) as e:
            reason = e.reason() if isinstance(e, ImageRefused) else "There is not enough memory for it."
            x, y, w, h = tile.core
            return SearchResult(
                tile=zone, skipped=(SkippedFile(f"{slide.ref.name} [{x}, {y}, {w} x {h}]", reason),)
            )
        spots = tuple(
            replace(s, plane=self.in_plane(image, s.plane))
            for s in result.spots
            if inside(survey.zones, *s.plane.centre)
        )
        measured = replace(zone, score=result.quality.score, reasons=result.quality.reasons, measured=True)
        area = tile.core[2] * tile.core[3] * survey.mpp**2 / 1e6
        found = SearchResult(spots, area_mm2=area, tile=measured, quality=result.quality)
        quality = result.quality
        # Red cells and platelets are counted where cells lie in one layer, on whole tiles: of a tile that the
        # person's zone cuts, the area is not known.
        if (
            coarse
            or quality.score < READABLE
            or TOO_THICK in quality.reasons
            or not self._fully_in_region(zone)
        ):
            return found
        cells = np.concatenate((result.red_boxes, result.nucleated_boxes))
        share, on_film = film_of(cells, result.platelet_boxes, tile.core, survey.mpp)
        boxes = (result.red_boxes, result.nucleated_boxes, on_film)
        red, nucleated, platelets = (in_frame(b, slide.reader.size_px) for b in boxes)
        film = area * share
        return replace(found, film_mm2=film, red_cells=red, nucleated=nucleated, platelets=platelets)

    def _step(self, survey: Survey) -> float:
        """How a tile is read where leukocytes alone are wanted, full-resolution px per px."""
        wanted = self._search.detector.um_per_px / survey.mpp
        level = survey.levels.coarsest(SECOND_LOOK_COARSER * wanted)
        # A scan finer than the search needs is shrunk while it is read, so that memory stays flat.
        return level if wanted <= _FINE * level else wanted

    def learn(self, found: SearchResult) -> None:
        """Remember what a tile turned out to be, for the waves to come."""
        # The cells themselves are not needed for that, and memory must not grow with them.
        self._learned.append(replace(found, spots=()))
        if found.tile is not None and found.skipped:
            self._slides[found.tile.image].failed.append(self._index(found.tile))
        if found.quality is not None and found.spots:
            self._zones.learn(found.quality.score, found.quality.reasons)

    def _record_quality(self, found: SearchResult) -> None:
        if found.tile is not None and found.quality is not None:
            zones = self._slides[found.tile.image].survey.map
            zones.learn(self._index(found.tile), found.quality, whole_tile=True)

    def complete(self, found: SearchResult) -> None:
        """The tile needs no second look."""
        if found.tile is not None and not found.skipped and self._fully_in_region(found.tile):
            slide = self._slides[found.tile.image]
            slide.done.add(self._index(found.tile))
            if found.red_cells >= 0:
                slide.sampled.add(self._index(found.tile))

    def _fully_in_region(self, tile: ZoneTile) -> bool:
        """Whether the person's zone holds all of the tile; one that is cut must be searched again later."""
        zones = self._slides[tile.image].survey.zones
        x, y, w, h = tile.box_px
        return all(inside(zones, float(a), float(b)) for a in (x, x + w) for b in (y, y + h))

    def _index(self, tile: ZoneTile) -> int:
        return tile.row * self._slides[tile.image].survey.map.grid.shape[0] + tile.column

    def record(self) -> RunRecord:
        """Which tiles are done, how well each can be read; remarks on scale, focus, levels and zones."""
        searched: list[TileSet] = []
        sampled: list[TileSet] = []
        maps: list[QualityMap] = []
        for image, slide in self._slides.items():
            grid = slide.survey.map.grid
            searched += resume.tile_sets(slide.done, image, grid)
            sampled += resume.tile_sets(slide.sampled, image, grid)
            maps.append(stored_quality_map.quality_map(self._map(image, slide), image, grid))
        on_zones = [] if remark(UNFOCUSED) in self._remarks else self._zones.remarks()
        return RunRecord(
            progress=ScanProgress(tuple(searched), tuple(sampled)),
            maps=tuple(maps),
            remarks=(*self._remarks, *counted(self._said), *on_zones),
            clumps=tuple(self._clumps),
        )

    def _map(self, image: int, slide: _Slide) -> list[ZoneTile]:
        """The map as it stands; tiles that only an earlier run looked at keep what it saw."""
        before = stored_quality_map.zone_tiles(self._before.maps, {image: slide.reader.size_px}).get(
            image, []
        )
        looked_at = {t.box_px: t for t in before if t.measured}
        for found in self._learned:
            if found.tile is not None and found.tile.image == image:
                looked_at[found.tile.box_px] = found.tile
        return [looked_at.get(t.box_px, t) for t in slide.survey.map.tiles()]

    def finish(self, pool: ThreadPoolExecutor, token: CancelToken) -> Iterator[ImagesRead]:
        """Clumps of platelets, and content hashes: both read all of a slide, so they wait for the cells."""
        known = {search.image for search in self._before.clumps}
        for image, slide in self._slides.items():
            if image not in known:
                self._clumps.append(search_slide(slide.survey, self._search.detector, pool, token))
            digest = content_hash(slide.ref, token)
            if digest and getattr(slide.reader, "unchanged", lambda: True)():
                ref = replace(slide.ref, sha256=digest, size_px=slide.reader.size_px, mpp=slide.reader.mpp)
                yield ImagesRead(((image, ref),))
