"""The synthetic slide: opens everywhere, scale inside, cells where its truth says, memory flat."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.imaging.io.opening import open_image
from bloodcells_gui.imaging.io.readers_openslide import OpenSlideReader
from bloodcells_gui.imaging.io.readers_tiff import TiffReader
from bloodcells_gui.synthetic import generate_slide
from bloodcells_gui.synthetic import slide as slide_module
from bloodcells_gui.synthetic.pyramid import TILE_PX, PyramidWriter
from bloodcells_gui.synthetic.smear import Smear, torus_crowd
from bloodcells_gui.synthetic.stain import laboratory

SIZE = (3000, 2200)


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("slide")
    generate_slide(out, SIZE, seed=4, cells=40)
    return out / "synthetic-slide.tif"


def truth_of(path: Path) -> dict[str, object]:
    (image,) = json.loads((path.parent / "truth.json").read_text("utf-8"))["images"]
    return dict(image)


def test_it_opens_with_scale_levels_and_the_word_synthetic(slide: Path) -> None:
    with open_image(slide) as reader:
        assert reader.size_px == SIZE
        assert reader.mpp == pytest.approx(0.25, rel=1e-3)
        assert [level.size_px for level in reader.levels] == [
            (3000, 2200),
            (1500, 1100),
            (750, 550),
            (375, 275),
        ]
        assert reader.description.startswith("synthetic")
    found = discover(slide)
    assert found.kind is SpecimenKind.SLIDE
    assert found.synthetic


def test_two_independent_readers_see_the_same(slide: Path) -> None:
    with OpenSlideReader(slide) as a, TiffReader(slide) as b:
        assert a.mpp == pytest.approx(b.mpp or 0, rel=1e-3)
        assert [level.size_px for level in a.levels] == [level.size_px for level in b.levels]
        for region in ((0, 0, 700, 500), (1900, 1500, 600, 600)):
            difference = np.abs(a.read_region(*region).astype(int) - b.read_region(*region)).mean()
            assert difference < 1.0


def test_levels_show_the_same_scene_without_a_shift(slide: Path) -> None:
    with open_image(slide) as reader:
        fine = reader.read_region(1024, 1024, 1024, 1024).reshape(256, 4, 256, 4, 3).mean(axis=(1, 3))
        coarse = reader.read_region(1024, 1024, 1024, 1024, downsample=4).astype(float)
    shifts = {
        (dx, dy): np.abs(np.roll(coarse, (dy, dx), (0, 1)) - fine)[2:-2, 2:-2].mean()
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    }
    # JPEG of quality 82 loses 5 grey levels where cells are four px wide; one px of shift costs twice that.
    assert min(shifts, key=lambda s: shifts[s]) == (0, 0)
    assert shifts[0, 0] < 7


def test_cells_lie_where_the_truth_says(slide: Path) -> None:
    truth = truth_of(slide)
    cells = truth["cells"]
    nucleated = [c for c in cells if c["nucleus_area_um2"] > 0 and not c["cut_by_edge"]]  # type: ignore[attr-defined]
    assert len(nucleated) >= 30
    with open_image(slide) as reader:
        glass = reader.read_region(5, 5, 60, 60).mean()
        for cell in nucleated:
            box = tuple(cell[k] for k in ("x_px", "y_px", "width_px", "height_px"))
            assert reader.read_region(*box).min() < glass - 90, cell["code"]


def test_zones_differ_as_named(slide: Path) -> None:
    zones = {z["zone"]: z for z in truth_of(slide)["zones"]}  # type: ignore[attr-defined]
    with open_image(slide) as reader:
        means = {}
        for name in ("thick", "monolayer", "tail"):
            x0, x1 = zones[name]["x_from_px"], zones[name]["x_to_px"]
            means[name] = reader.read_region(x0, 800, x1 - x0, 600, downsample=4).mean()
    assert means["thick"] < means["monolayer"] - 5
    assert means["monolayer"] < means["tail"] - 5


def test_no_seams_between_tiles(slide: Path) -> None:
    """Differences across tile borders are like those between any other neighbouring columns."""
    with open_image(slide) as reader:
        strip = reader.read_region(0, 600, SIZE[0], 1000).astype(int)
    steps = np.abs(np.diff(strip, axis=1)).mean(axis=(0, 2))
    borders = steps[TILE_PX - 1 :: TILE_PX]
    others = np.delete(steps, np.arange(TILE_PX - 1, len(steps), TILE_PX))
    local = [
        np.delete(steps[b - 40 : b + 40], 40).mean() for b in range(TILE_PX - 1, len(steps) - 40, TILE_PX)
    ]
    assert len(others) > 0
    assert (borders[: len(local)] < 1.6 * np.array(local) + 1).all()


def test_same_seed_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", 9), ("b", 9), ("c", 10)):
        generate_slide(tmp_path / name, (1100, 1050), seed=seed, cells=5)
    a, b, c = ((tmp_path / n / "synthetic-slide.tif").read_bytes() for n in "abc")
    assert a == b
    assert a != c


def test_cells_stand_apart_except_the_touching_ones() -> None:
    smear = Smear((6000, 4000), 0.25, 1, laboratory(1, 4), cells=250)
    assert len(smear.nucleated) == 250
    xy = np.array([(p.x, p.y, p.sprite.radius_px) for p in smear.nucleated])
    d = np.hypot(xy[:, None, 0] - xy[:, 0], xy[:, None, 1] - xy[:, 1]) - xy[:, None, 2] - xy[:, 2]
    d = d[np.triu_indices(len(xy), 1)]
    touching = np.count_nonzero(d < 1)
    assert 0 < touching < 0.1 * len(xy)
    assert d.min() > -4


def test_a_torus_has_no_edge() -> None:
    points = torus_crowd(np.random.default_rng(0), 300, 20, 150, 0.0, rows=False)
    delta = np.abs(points[:, None] - points[None])
    delta = np.minimum(delta, 300 - delta)
    distance = np.hypot(delta[..., 0], delta[..., 1])[np.triu_indices(len(points), 1)]
    assert distance.min() >= 20


def test_a_repeating_slide_shows_the_same_tiles_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slide_module, "_REPEAT_BEYOND_PX", 1_000_000)
    monkeypatch.setattr(slide_module, "_PERIOD_LOG2", 1)
    generate_slide(tmp_path, (1600, 3300), seed=2, cells=30)
    path = tmp_path / "synthetic-slide.tif"
    truth = truth_of(path)
    with open_image(path) as reader:
        assert reader.size_px == (1600, 3300)
        np.testing.assert_array_equal(
            reader.read_region(300, 200, 900, 700), reader.read_region(300, 1224, 900, 700)
        )
        coarse = reader.read_region(0, 0, 1600, 3300, downsample=8)
        assert np.abs(coarse[:120].astype(int) - coarse[128:248]).mean() < 4
        for cell in truth["cells"]:  # type: ignore[attr-defined]
            if cell["nucleus_area_um2"] > 0 and not cell["cut_by_edge"]:
                box = tuple(cell[k] for k in ("x_px", "y_px", "width_px", "height_px"))
                assert reader.read_region(*box).min() < 150
    with tifffile.TiffFile(path) as tif:
        offsets = tif.pages[0].dataoffsets
        assert len(set(offsets)) <= len(offsets) // 2


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_memory_does_not_grow_with_the_slide(tmp_path: Path) -> None:
    code = (
        "import sys, resource, pathlib\n"
        "from bloodcells_gui.synthetic import generate_slide\n"
        "side = int(sys.argv[2])\n"
        "generate_slide(pathlib.Path(sys.argv[1]), (side, side), cells=20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak_mb(side: int) -> float:
        command = [sys.executable, "-c", code, str(tmp_path / str(side)), str(side)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024

    # Sixteen times the area; held whole, the larger one would add 150 MB.
    assert peak_mb(7168) < peak_mb(1792) + 60


def test_a_cancelled_slide_leaves_no_broken_file(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        generate_slide(tmp_path, (1100, 1050), progress=stop)
    assert not (tmp_path / "synthetic-slide.tif").exists()


def test_a_pyramid_with_missing_tiles_is_not_finished(tmp_path: Path) -> None:
    with PyramidWriter(tmp_path / "a.tif", (600, 600), 0.25, "x") as writer, pytest.raises(ValueError):
        writer.finish()


def test_clumps_lie_in_thin_film_with_their_truth_and_move_nothing_else(tmp_path: Path) -> None:
    lab = laboratory(3, 0)
    plain = Smear((4096, 4096), 0.25, 3, lab, 30)
    clumped = Smear((4096, 4096), 0.25, 3, lab, 30, clumps=4)
    assert [(p.x, p.y) for p in plain.nucleated] == [(p.x, p.y) for p in clumped.nucleated]
    assert len(clumped.clumps) == 4
    for placed in clumped.clumps:
        assert placed.sprite.code == "PLC"
        assert placed.x > 0.8 * 4096
    generate_slide(tmp_path, (2048, 2048), 3, 10, clumps=2)
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert truth["cells_by_code"]["PLC"] == 2
