"""Red cells are examined place by place: all whole cells, each once, whatever the threads and stops."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.examination import FieldFindings, StoredField
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.red_cell_messages import SCALE_DISAGREES, TOO_FEW_RED_CELLS, UNREAD
from bloodcells_gui.domain.run_record import MapTile, QualityMap
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.domain.zones import OUT_OF_FOCUS, TOO_THICK
from bloodcells_gui.pipeline.red_cell_places import Overlaps, places_of_fields, places_of_slides
from tests.support.drawn_red_cells import Drawn
from tests.support.red_cell_examiner import MPP, OneName, drawn_images, examiner_of, scattered, whole

SIZE_UM = (100.0, 80.0)
FIELDS = [scattered(45, SIZE_UM, seed) for seed in range(4)]
IMAGES = drawn_images(FIELDS, SIZE_UM)
TRUTH = [whole(cells, SIZE_UM) for cells in FIELDS]


def stored(found: Iterable[FieldFindings], first: int = 0) -> list[StoredField]:
    return [StoredField(first + i, 1, f.place, 0, len(f.cells), f.cut) for i, f in enumerate(found)]


def cells_of(found: Iterable[FieldFindings]) -> list[tuple[float, ...]]:
    return [tuple(row) for f in found for row in np.hstack([f.cells.boxes, f.cells.measures]).tolist()]


def test_every_whole_cell_of_given_fields_counts_once() -> None:
    found = list(examiner_of(IMAGES).findings(()))
    assert [len(f.cells) for f in found] == TRUTH
    assert [len(f.cells) + f.cut >= len(cells) - 3 for f, cells in zip(found, FIELDS, strict=True)] == [
        True
    ] * 4
    assert [f.cells.images.tolist() for f in found] == [[i] * n for i, n in enumerate(TRUTH)]
    for f in found:
        assert f.cells.measure("diameter_um").mean() == pytest.approx(7.35, rel=0.03)
        assert set(f.cells.predicted()) <= {"NORM", "MACRO", "MICRO"}
        assert len(f.contours) == len(f.cells)
        picture = cv2.imdecode(np.frombuffer(f.picture, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[:2] == (f.place.height, f.place.width)


def test_threads_and_interruptions_change_nothing() -> None:
    alone = cells_of(examiner_of(IMAGES, threads=1).findings(()))
    assert cells_of(examiner_of(IMAGES, threads=4).findings(())) == alone
    kept: list[FieldFindings] = []
    for at in (2, 1):
        token = CancelToken()
        stopped = examiner_of(IMAGES, token=token, namer=OneName(token=token, cancel_at=at), threads=1)
        with pytest.raises(Cancelled):
            kept.extend(stopped.findings(stored(kept)))
    kept += examiner_of(IMAGES).findings(stored(kept))
    assert cells_of(kept) == alone


def test_large_fields_in_pieces_count_as_in_one() -> None:
    mpp = dict.fromkeys(IMAGES, MPP)
    sizes = {i: (rgb.shape[1], rgb.shape[0]) for i, rgb in IMAGES.items()}
    pieces = places_of_fields(sizes, mpp, side_um=30.0)
    assert len(pieces) == 4 * 3 * 3
    found = list(examiner_of(IMAGES, places=pieces).findings(()))
    assert sum(len(f.cells) for f in found) == sum(TRUTH)


def test_pieces_cover_an_image_exactly_once() -> None:
    places = places_of_fields({0: (1003, 701)}, {0: 0.1}, side_um=20.0)
    seen = np.zeros((701, 1003), int)
    for place in places:
        x, y, w, h = place.core
        seen[y : y + h, x : x + w] += 1
        assert place.field.x <= x
        assert place.field.x + place.field.width >= x + w
    assert (seen == 1).all()


def slide_map(scores: list[list[float]], side_um: float = 120.0, **reasons: tuple[str, ...]) -> QualityMap:
    tile_px = round(side_um / MPP)
    tiles = [
        MapTile(r, c, round(score * 15), True, reasons.get(f"at_{r}_{c}", ()))
        for r, row in enumerate(scores)
        for c, score in enumerate(row)
    ]
    return QualityMap(0, tile_px, 0, tuple(tiles))


def test_a_slide_gives_its_best_monolayer_first_until_the_aim_is_reached() -> None:
    size_um = (360.0, 120.0)
    images = drawn_images([scattered(300, size_um, 9)], size_um)
    sizes = {0: (1800, 600)}
    maps = [slide_map([[0.6, 0.9, 0.2]])]
    places = places_of_slides(maps, sizes, {0: MPP})
    firsts = [p.core[0] // 600 for p in places]
    assert firsts[:2] == [1, 0]
    assert 2 not in firsts
    counts = [len(f.cells) for f in examiner_of(images, places=places).findings(())]
    assert min(counts) > 20
    aim = counts[0] + 1
    some = list(examiner_of(images, places=places, aim=aim, threads=3).findings(()))
    assert [len(f.cells) for f in some] == counts[:2]
    more = list(examiner_of(images, places=places, aim=aim).findings(stored(some[:1])))
    assert cells_of(some[:1] + more) == cells_of(some)
    all_of_it = examiner_of(images, places=places, aim=10_000)
    assert len(list(all_of_it.findings(()))) == len(counts)
    assert [r.text for r in all_of_it.remarks] == [TOO_FEW_RED_CELLS]


def test_thick_and_unmeasured_tiles_are_left_out() -> None:
    sizes, mpp = {0: (1800, 600)}, {0: MPP}
    maps = [slide_map([[0.9, 0.9, 0.9]], at_0_0=(TOO_THICK,), at_0_1=(OUT_OF_FOCUS,))]
    assert {p.core[0] // 600 for p in places_of_slides(maps, sizes, mpp)} == {1, 2}
    guessed = QualityMap(0, 600, 0, (MapTile(0, 0, 15, False),))
    assert places_of_slides([guessed], sizes, mpp) == []
    assert places_of_slides(maps, sizes, {}) == []


def test_a_cell_of_two_overlapping_fields_counts_in_one() -> None:
    size = (60.0, 60.0)
    shared = [Drawn((45.0, 20.0), (7.0, 7.0)), Drawn((50.0, 45.0), (7.0, 7.0))]
    left = [Drawn((15.0, 30.0), (7.0, 7.0)), *shared]
    # The second field begins 30 um further right: both show `shared` whole, and each a cell of its own.
    right = [Drawn((c.centre_um[0] - 30.0, c.centre_um[1]), c.axes_um) for c in shared]
    right.append(Drawn((30.0, 30.0), (7.0, 7.0)))
    left.append(Drawn((60.0, 30.0), (7.0, 7.0)))
    images = drawn_images([left, right], size)
    frames = {0: (0.0, 0.0, 300.0, 300.0), 1: (150.0, 0.0, 300.0, 300.0)}
    found = list(examiner_of(images, overlaps=Overlaps(frames, 2.0)).findings(()))
    assert [len(f.cells) for f in found] == [3, 1]
    assert [f.cut for f in found] == [1, 0]
    apart = list(examiner_of(images).findings(()))
    assert [len(f.cells) for f in apart] == [3, 3]


def test_an_image_out_of_reach_is_left_out_and_said() -> None:
    examiner = examiner_of(IMAGES, unread=(1,))
    found = list(examiner.findings(()))
    assert [f.place.image for f in found] == [0, 2, 3]
    assert [(r.text, r.params) for r in examiner.remarks] == [(UNREAD, (("n", "1"),))]


def test_a_scale_that_fits_one_kind_of_cells_alone_is_said() -> None:
    fitting = examiner_of(IMAGES, leukocytes_um=[12.0] * 20)
    wide = examiner_of(IMAGES, leukocytes_um=[19.0] * 20)
    few = examiner_of(IMAGES, leukocytes_um=[19.0] * 5)
    for examiner in (fitting, wide, few):
        list(examiner.findings(()))
    assert [[r.text for r in e.remarks] for e in (fitting, wide, few)] == [[], [SCALE_DISAGREES], []]


def test_sizes_follow_the_specimen_where_its_red_cells_gave_the_scale() -> None:
    large = [[Drawn(c.centre_um, (c.axes_um[0] * 1.25,) * 2) for c in FIELDS[0]]]
    images = drawn_images(large, SIZE_UM)

    def macrocytes(source: ScaleSource) -> float:
        examiner = examiner_of(images, scale=ScaleEstimate(MPP, source, 0.02))
        codes = [code for f in examiner.findings(()) for code in f.cells.predicted()]
        return codes.count("MACRO") / len(codes)

    assert macrocytes(ScaleSource.METADATA) > 0.4
    assert macrocytes(ScaleSource.RED_CELLS) < 0.15


def test_another_scale_is_another_examination() -> None:
    one = examiner_of(IMAGES)
    other = examiner_of(IMAGES, places=places_of_fields({0: (500, 400)}, {0: 0.21}))
    assert one.parameters == {"um_per_px": "0.2"}
    assert one.parameters != other.parameters


def test_places_come_in_a_fixed_order() -> None:
    keys = [p.field.key for p in places_of_fields({2: (50, 50), 0: (50, 50), 1: (0, 50)}, {0: 0.2, 2: 0.2})]
    assert all(a < b for a, b in pairwise(keys))
    assert len(keys) == 2
