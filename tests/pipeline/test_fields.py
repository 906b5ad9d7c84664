"""Fields: whole images, overlapping mosaics, bad files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.analysis import (
    CellsFound,
    Done,
    ImagesRead,
    Progress,
    RunStatus,
    ScaleKnown,
    Skipped,
)
from bloodcells_gui.domain.cell import (
    FLAG_EDGE,
    FLAG_OUTSIDE_FRAME,
    FLAG_SCALE_CONTRADICTED,
    Cell,
    CellAssets,
)
from bloodcells_gui.domain.detections import NUCLEATED, Detections
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.run_messages import CONTRADICTION
from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.imaging.io.refusal import ImageRefused
from bloodcells_gui.imaging.measure import MEASUREMENTS, OF_OUTLINE, measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.edges import counting_frame
from bloodcells_gui.pipeline.scan import ScanOptions
from bloodcells_gui.pipeline.scan_specimen import scan_specimen
from tests.support.doubles import PlainClassifier, PlainSegmenter
from tests.support.smears import (
    FIELD,
    MemoryReader,
    PlainDetector,
    Smear,
    empty,
    fill,
    put_cell,
    unknown_scale,
)

LEUKOCYTES = ("SNE", "LY", "EO")
WIDTH, HEIGHT = 420, 360
MPP = 0.4
AREA = MEASUREMENTS.index("cell_area_um2")


@pytest.fixture(scope="module")
def smear() -> Smear:
    s = empty(1400, 1100, MPP)
    fill(s, (0, 0, 1400, 1100), np.random.default_rng(5), pitch_um=13, leukocytes=60, platelets=30)
    return s


def mosaic(smear: Smear, step_x: int, step_y: int, wander: int = 0) -> dict[str, tuple[np.ndarray, int, int]]:
    """Fields cut from the smear, named by their place in um."""
    rng = np.random.default_rng(0)
    out = {}
    for y in range(0, 1100 - HEIGHT + 1, step_y):
        for x in range(0, 1400 - WIDTH + 1, step_x):
            dx, dy = (int(v) for v in rng.integers(-wander, wander + 1, 2)) if wander else (0, 0)
            px, py = min(max(0, x + dx), 1400 - WIDTH), min(max(0, y + dy), 1100 - HEIGHT)
            name = f"scan_x{px * MPP:.1f}_y{py * MPP:.1f}.png"
            out[name] = smear.rgb[py : py + HEIGHT, px : px + WIDTH], px, py
    return out


def run(pictures: dict[str, Any], **options: Any) -> tuple[list[Cell], Done, list[Any]]:
    size, mpp = options.pop("size", (WIDTH, HEIGHT)), options.pop("ref_mpp", MPP)
    refs = tuple(ImageRef(n, Path(n), size_px=size, mpp=mpp) for n in pictures)
    earlier, known = options.pop("earlier", ()), options.pop("known", ())
    token = options.pop("token", None) or CancelToken()
    estimate = options.pop("estimate", unknown_scale)

    def open_reader(ref: ImageRef) -> MemoryReader:
        picture = pictures[ref.name]
        if isinstance(picture, Exception):
            raise picture
        return MemoryReader(picture, ref.mpp)

    specimen = Specimen("s", SpecimenKind.FIELDS, Path("s"), refs)
    detector, assets_of = options.pop("detector", PlainDetector()), options.pop("assets_of", None)
    work = CellAnalyzer(
        PlainClassifier(), PlainSegmenter(), measure, frame=options.pop("frame", counting_frame(True)),
        of_outline=[MEASUREMENTS.index(name) for name in OF_OUTLINE],
    )  # fmt: skip
    events = list(
        scan_specimen(specimen, work, detector, open_reader, estimate, ScanOptions(**options), token,
                      earlier=earlier, known=known, assets_of=assets_of)
    )  # fmt: skip
    assert isinstance(events[-1], Done)
    return [c for e in events if isinstance(e, CellsFound) for c in e.cells], events[-1], events


def in_plane(cells: list[Cell], places: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(c.box_px.centre[0] + places[c.image][0], c.box_px.centre[1] + places[c.image][1]) for c in cells]


@pytest.mark.parametrize(("step_x", "step_y", "wander"), [(350, 300, 0), (250, 330, 0), (300, 250, 6)])
def test_overlapping_fields_count_each_cell_once(smear: Smear, step_x: int, step_y: int, wander: int) -> None:
    fields = mosaic(smear, step_x, step_y, wander)
    places = [(x, y) for _, x, y in fields.values()]
    covered = np.zeros((1100, 1400), bool)
    for x, y in places:
        # Cells cut by the border of everything are another matter.
        covered[y + 20 : y + HEIGHT - 20, x + 20 : x + WIDTH - 20] = True
    truth = [(x, y) for x, y in smear.of(*LEUKOCYTES) if covered[int(y), int(x)]]
    cells, _, events = run({n: p for n, (p, _, _) in fields.items()})
    found = in_plane([c for c in cells if c.predicted in LEUKOCYTES], places)
    assert len(truth) > 30
    for tx, ty in truth:
        assert sum(np.hypot(tx - x, ty - y) < 8 for x, y in found) == 1, (tx, ty)
    for x, y in found:
        assert any(np.hypot(tx - x, ty - y) < 14 for tx, ty in smear.of(*LEUKOCYTES))
    laid_out = next(e for e in events if isinstance(e, ImagesRead))
    assert np.allclose([r.origin_px for _, r in laid_out.images], places, atol=1)


def value(cell: Cell, name: str) -> float:
    return float(cell.measurements[MEASUREMENTS.index(name)])


def on_the_edges() -> Smear:
    """Cells cut by each edge of one field, whole ones beside the edges, and one in two edges' corner."""
    s = empty(WIDTH, HEIGHT, MPP)
    s.rgb[:] = FIELD
    right, bottom = WIDTH, HEIGHT
    for x, y in ((0, 60), (4, 160), (200, 0), (right - 3, 80), (right - 1, 220), (120, bottom - 4),
                 (right, bottom)):  # fmt: skip
        put_cell(s, "LY", x, y)
    for x, y in ((200, 180), (18, 250), (WIDTH - 18, 290), (300, 18), (260, HEIGHT - 18)):
        put_cell(s, "SNE", x, y)
    return s


@pytest.mark.parametrize("left_and_top", [True, False])
def test_cells_that_an_edge_cuts_count_on_two_sides_alone_and_are_not_measured(left_and_top: bool) -> None:
    smear = on_the_edges()
    cells, done, _ = run({"one.png": smear.rgb}, frame=counting_frame(left_and_top), target=100)
    assert len(cells) == len(smear.cells)
    counted = 0
    for cell in cells:
        x, y = min(smear.of("LY", "SNE"), key=lambda at: np.hypot(*np.subtract(at, cell.box_px.centre)))
        right_or_bottom = x > WIDTH - 10 or y > HEIGHT - 10
        cut = right_or_bottom or x < 10 or y < 10
        assert (FLAG_EDGE in cell.flags) == cut, (x, y)
        assert (FLAG_OUTSIDE_FRAME in cell.flags) == (right_or_bottom or (cut and not left_and_top)), (x, y)
        for name in OF_OUTLINE:
            assert np.isnan(value(cell, name)) == cut, (name, x, y)
        if not cut:
            assert value(cell, "cell_area_um2") == pytest.approx(np.pi * 36, rel=0.08)
        assert np.isfinite(value(cell, "cytoplasm_od_green"))
        assert cell.box_px.x >= 0
        assert cell.box_px.x + cell.box_px.width <= WIDTH
        counted += FLAG_OUTSIDE_FRAME not in cell.flags
    assert f"{counted} leukocytes found" in notice_of(done.record.remarks)


class SeesDouble(PlainDetector):
    """Proposes a second leukocyte beside each real one, as boxes of touching cells lie."""

    def detect(self, image: np.ndarray, mpp: float, thresholds: Sequence[float] | None = None) -> Detections:
        found = super().detect(image, mpp, thresholds)
        again = found.of_class(NUCLEATED)
        boxes = again.boxes.copy()
        boxes[:, 0] += 0.62 * boxes[:, 2]
        return Detections.join([found, Detections(boxes, again.classes, again.scores * np.float32(0.8))])


@pytest.mark.parametrize("cut", [None, 3])
def test_two_boxes_around_one_outline_are_one_cell_and_touching_cells_are_two(cut: int | None) -> None:
    s = empty(WIDTH, HEIGHT, MPP)
    s.rgb[:] = FIELD
    for x, y in ((60, 60), (200, 180), (233, 180), (330, 90), (340, 250)):  # two lie side by side
        put_cell(s, "LY", x, y)
    token = CancelToken()
    kept: dict[int, CellAssets] = {}

    def some(events: list[Any]) -> list[Cell]:
        out: list[Cell] = []
        for e in events:
            for c, a in zip(e.cells, e.assets, strict=True) if isinstance(e, CellsFound) else ():
                kept[len(kept)] = a
                out.append(replace(c, id=len(kept) - 1))
        return out

    cells: list[Cell] = []
    done: Done | None = None
    if cut:
        _, done, events = run({"one.png": s.rgb}, detector=SeesDouble(), batch=2, target=cut)
        cells = some(events)
        assert len(cells) == cut
    earlier = [done.record] if done else []
    _, _, events = run(
        {"one.png": s.rgb}, detector=SeesDouble(), batch=2, token=token, known=list(cells), earlier=earlier,
        assets_of=kept.__getitem__,
    )  # fmt: skip
    cells += some(events)
    truth = s.of("LY")
    assert len(cells) == len(truth)
    for tx, ty in truth:
        assert sum(np.hypot(tx - x, ty - y) < 10 for x, y in (c.box_px.centre for c in cells)) == 1, (tx, ty)


def cut_up(smear: Smear, columns: int, rows: int, gap: int = 0) -> dict[str, tuple[np.ndarray, int, int]]:
    """Fields of one size that lie side by side, `gap` px apart, named by their place in um."""
    out = {}
    for row in range(rows):
        for column in range(columns):
            x, y = column * (WIDTH + gap), row * (HEIGHT + gap)
            picture = smear.rgb[y : y + HEIGHT, x : x + WIDTH]
            out[f"x{x * MPP:.1f}_y{y * MPP:.1f}.png"] = picture, x, y
    return out


def holds(cell: Cell, places: list[tuple[int, int]], x: float, y: float) -> bool:
    """Whether a cell's box, which ends at its field's border, holds a place of the plane."""
    box, (left, top) = cell.box_px, places[cell.image]
    return (
        left + box.x - 4 <= x <= left + box.x + box.width + 4
        and top + box.y - 4 <= y <= top + box.y + box.height + 4
    )


def on_the_borders(rows: int, columns: int) -> Smear:
    """A smear whose leukocytes and platelets lie on the borders and corners of its fields."""
    s = empty(columns * WIDTH, rows * HEIGHT, MPP)
    fill(s, (0, 0, *s.size), np.random.default_rng(8), pitch_um=14)
    s.cells.clear()
    for n, y in enumerate(range(60, rows * HEIGHT - 40, 75)):
        for x in range(WIDTH, columns * WIDTH, WIDTH):
            # From nearly all in one field to nearly all in the other.
            put_cell(s, LEUKOCYTES[n % 3], x + (n * 5 % 31) - 15, y)
            put_cell(s, "PLT", x + (n % 3) - 1, y + 37)
    for n, x in enumerate(range(60, columns * WIDTH - 60, 90)):
        for y in range(HEIGHT, rows * HEIGHT, HEIGHT):
            if abs(x % WIDTH - WIDTH) > 60 and x % WIDTH > 60:
                put_cell(s, LEUKOCYTES[n % 3], x, y + (n * 7 % 31) - 15)
    return s


@pytest.mark.parametrize("gap", [0, 4])
def test_a_cell_that_a_common_border_cuts_is_one_cell(gap: int) -> None:
    smear = on_the_borders(3, 3)
    fields = cut_up(smear, 3, 3) if not gap else {
        n: (p[: HEIGHT - gap, : WIDTH - gap], x, y) for n, (p, x, y) in cut_up(smear, 3, 3).items()
    }  # fmt: skip
    places = [(x, y) for _, x, y in fields.values()]
    cells, done, _ = run({n: p for n, (p, _, _) in fields.items()}, size=(WIDTH - gap, HEIGHT - gap))
    assert done.record.remarks == ()
    for codes in (LEUKOCYTES, ("PLT",)):
        truth = smear.of(*codes)
        found = [c for c in cells if c.predicted in codes]
        assert len(truth) > 15
        for tx, ty in truth:
            assert sum(holds(c, places, tx, ty) for c in found) == 1, (codes, tx, ty)
        assert len(found) == len(truth)
    # Each is named from a picture that shows all of it, so as it is named where nothing cuts it.
    for c in cells:
        assert c.predicted in [code for code, x, y in smear.cells if holds(c, places, x, y)]
        assert c.box_px.x >= 0
        assert c.box_px.x + c.box_px.width <= WIDTH - gap
        # An inner border is no edge; one platelet lies on the outer one, where the last gap is missing.
        outer = places[c.image][1] + c.box_px.y + c.box_px.height > 3 * HEIGHT - gap - 1
        assert (FLAG_EDGE in c.flags) == (gap > 0 and outer)
        assert np.isfinite(c.measurements[AREA]) != outer


def test_the_same_truth_whole_and_cut(smear: Smear) -> None:
    piece = smear.rgb[: 3 * HEIGHT, : 3 * WIDTH]
    whole, of_whole, _ = run({"all.png": piece}, size=(3 * WIDTH, 3 * HEIGHT))
    fields = cut_up(smear, 3, 3)
    cut, of_cut, _ = run({n: p for n, (p, _, _) in fields.items()})
    places = [(x, y) for _, x, y in fields.values()]
    assert len(cut) == len(whole)
    for c in whole:
        assert sum(holds(other, places, *c.box_px.centre) for other in cut) == 1
    for code in (*LEUKOCYTES, "PLT"):
        assert sum(c.predicted == code for c in cut) == sum(c.predicted == code for c in whole) > 0
    assert of_cut.record.counts.red_cells == pytest.approx(of_whole.record.counts.red_cells, rel=0.02)
    assert of_cut.record.counts.sampled_mm2 == pytest.approx(of_whole.record.counts.sampled_mm2)


def test_overlaps_are_tallied_once(smear: Smear) -> None:
    whole, of_whole, _ = run({"all.png": smear.rgb[:660, :770]}, size=(770, 660))
    _, of_parts, _ = run({n: p for n, (p, x, y) in mosaic(smear, 350, 300).items() if x < 400 and y < 400})
    for name in ("red_cells", "platelets", "nucleated", "sampled_mm2"):
        parts, together = (getattr(done.record.counts, name) for done in (of_parts, of_whole))
        assert parts == pytest.approx(together, rel=0.04), name
    assert len(whole) > 10


def test_fields_numbered_in_a_grid_that_do_not_adjoin_stay_apart(smear: Smear) -> None:
    rng = np.random.default_rng(3)
    pictures, alone = {}, 0
    for row in range(2):
        for column in range(2):
            x, y = int(rng.integers(0, 900)), int(rng.integers(0, 700))
            picture = smear.rgb[y : y + HEIGHT, x : x + WIDTH]
            pictures[f"r{row}_c{column}.png"] = picture
            alone += len(run({"a.png": picture})[0])
    together, done, _ = run(pictures)
    assert len(together) == alone
    assert done.record.remarks == ()


@pytest.mark.parametrize("flip", [(1, -1), (-1, 1)])
def test_adjoining_fields_tell_which_way_the_axes_point(flip: tuple[int, int]) -> None:
    smear = on_the_borders(2, 3)
    named = {
        f"x{flip[0] * x * MPP:.1f}_y{flip[1] * y * MPP:.1f}.png": picture
        for picture, x, y in cut_up(smear, 3, 2).values()
    }
    cells, _, _ = run(named)
    assert sum(c.predicted in LEUKOCYTES for c in cells) == len(smear.of(*LEUKOCYTES))


def test_a_neighbour_that_cannot_be_read_leaves_the_part_that_is_seen() -> None:
    smear = on_the_borders(1, 2)
    pictures: dict[str, Any] = {n: p for n, (p, _, _) in cut_up(smear, 2, 1).items()}
    both, _, _ = run(pictures)
    pictures[list(pictures)[1]] = ImageRefused("b.png", "Its pixel data are damaged.")
    cells, done, _ = run(pictures)
    assert done.status is RunStatus.COMPLETE
    assert 0 < len(cells) <= len(both)
    assert {c.image for c in cells} == {0}


@pytest.mark.parametrize("flip", [(1, -1), (-1, 1)])
def test_stages_whose_axes_point_the_other_way(smear: Smear, flip: tuple[int, int]) -> None:
    fields = mosaic(smear, 350, 300)
    named = {
        f"x{flip[0] * x * MPP:.1f}_y{flip[1] * y * MPP:.1f}.png": picture for picture, x, y in fields.values()
    }
    straight, _, _ = run({n: p for n, (p, _, _) in fields.items()})
    turned, done, _ = run(named)
    assert len(turned) == len(straight)
    assert done.record.remarks == ()


def test_names_that_contradict_the_pixels_are_told(smear: Smear) -> None:
    fields = [p for p, _, _ in mosaic(smear, 350, 300).values()]
    wrong = {f"x{i * 300}_y0.png": p for i, p in enumerate(reversed(fields))}
    _, done, _ = run(wrong)
    assert CONTRADICTION in notice_of(done.record.remarks)


def test_fields_without_places_are_all_counted(smear: Smear) -> None:
    picture = np.ascontiguousarray(smear.rgb[:HEIGHT, :WIDTH])
    one, _, _ = run({"a.png": picture})
    three, done, events = run({"a.png": picture, "b.png": picture, "c.png": picture})
    assert len(three) == 3 * len(one) > 0
    assert {c.image for c in three} == {0, 1, 2}
    assert done.record.counts.fields == 3
    assert [e.unit for e in events if isinstance(e, Progress)][-1] == "fields"
    assert isinstance(events[0], ScaleKnown)


def test_a_bad_field_is_skipped(smear: Smear) -> None:
    picture = smear.rgb[:HEIGHT, :WIDTH]
    bad = ImageRefused("b.png", "Its pixel data are damaged.")
    cells, done, events = run({"a.png": picture, "b.png": bad, "c.png": picture})
    assert [(e.file.path, e.file.reason) for e in events if isinstance(e, Skipped)] == [
        ("b.png", "Its pixel data are damaged.")
    ]
    assert done.status is RunStatus.COMPLETE
    assert {c.image for c in cells} == {0, 2}


def test_an_interrupted_run_goes_on(smear: Smear) -> None:
    pictures = {f"{i}.png": smear.rgb[i * 60 : i * 60 + HEIGHT, i * 90 : i * 90 + WIDTH] for i in range(6)}
    whole, _, _ = run(pictures)
    first, done, _ = run(pictures, target=5)
    assert sum(c.predicted in LEUKOCYTES for c in first) == 5
    second, _, events = run(pictures, earlier=[done.record], known=first)
    progress = [e for e in events if isinstance(e, Progress)]
    finished = len(done.record.progress.fields)
    assert finished > 0
    assert (progress[0].done, progress[0].total, progress[0].rate) == (finished, 6, 0.0)
    assert progress[0].cells == len(first)
    assert (progress[-1].done, progress[-1].total) == (6, 6)
    assert progress[-1].cells == len(first) + len(second)
    assert sorted((c.image, c.box_px.x) for c in first + second) == sorted(
        (c.image, c.box_px.x) for c in whole
    )


def test_scale_is_asked_for_when_it_cannot_be_told(smear: Smear) -> None:
    with pytest.raises(UserError, match="scale of these fields is unknown"):
        run({"a.png": smear.rgb[:HEIGHT, :WIDTH]}, ref_mpp=None)


def test_nothing_readable() -> None:
    with pytest.raises(UserError, match="No field could be read"):
        run({"a.png": ImageRefused("a.png", "The file is empty (0 bytes).")}, ref_mpp=None)


def test_fields_whose_scale_the_red_cells_contradict_are_searched_at_theirs_and_nothing_is_named(
    smear: Smear,
) -> None:
    fields = {n: p for n, (p, _, _) in mosaic(smear, 420, 330).items()}
    right, _, _ = run(fields)
    seen = ScaleEstimate(MPP, ScaleSource.RED_CELLS, 0.05, 400)
    cells, done, events = run(fields, ref_mpp=MPP * 2.54, estimate=lambda *_: seen)
    assert next(e for e in events if isinstance(e, ScaleKnown)).scale.source is ScaleSource.CONTRADICTED
    assert len(cells) == len(right)
    assert all(c.abstained and FLAG_SCALE_CONTRADICTED in c.flags for c in cells)
    assert {c.mpp for c in cells} == {MPP}
    assert "2.54" in notice_of(done.record.remarks)


def test_each_field_keeps_its_counts_whatever_the_threads_and_an_interruption(smear: Smear) -> None:
    pictures = {name: rgb for name, (rgb, _, _) in mosaic(smear, 250, 330).items()}
    _, one, _ = run(pictures, threads=1)
    _, four, _ = run(pictures, threads=4)
    assert one.record.counted == four.record.counted
    assert one.record.clumps == four.record.clumps
    counts, fields = one.record.counts, one.record.counted
    assert counts.platelets == sum(f.platelets for f in fields)
    assert counts.red_cells == sum(f.red_cells for f in fields)
    assert counts.sampled_mm2 == pytest.approx(sum(f.area_mm2 for f in fields), abs=1e-6)
    assert {s.image for s in one.record.clumps} == set(range(len(pictures)))
    token, found = CancelToken(), 0

    class Stopping(PlainDetector):
        def detect(self, *args: Any, **options: Any) -> Any:
            nonlocal found
            found += 1
            if found == 9:
                token.cancel()
            return super().detect(*args, **options)

    _, half, _ = run(pictures, threads=1, token=token, detector=Stopping())
    assert 0 < len(half.record.counted) < len(fields)
    _, rest, _ = run(pictures, threads=2, earlier=[half.record])
    both = merged([half.record, rest.record])
    assert (both.counted, both.clumps) == (fields, one.record.clumps)
