"""The synthetic crops and fields: seeded, labelled as synthetic, and true to their truth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.errors import Cancelled, OutputNotWritable, UserError
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.imaging.io.decode import decode_rgb, probe
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.synthetic import generate, generate_crops, generate_fields
from bloodcells_gui.synthetic.leukocytes import RECIPES, leukocyte
from bloodcells_gui.synthetic.redcells import red_cell
from bloodcells_gui.synthetic.scene import (
    DEMO_MIX,
    SpriteBank,
    apportion_classes,
    draw_object,
    scatter_points,
)
from bloodcells_gui.synthetic.sprites import CYTOPLASM, NUCLEUS
from bloodcells_gui.synthetic.stain import LABORATORIES, density, expose, laboratory


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("crops")
    generate_crops(out, 130, seed=5)
    return out


def truth_of(folder: Path) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((folder / "truth.json").read_text("utf-8"))
    return loaded


def test_the_default_mix_shows_every_class(crops: Path) -> None:
    truth = truth_of(crops)
    central = {image["cells"][0]["code"] for image in truth["images"]}  # type: ignore[attr-defined, index]
    assert central == set(DEMO_MIX) == set(BY_CODE)


def test_everything_says_that_it_is_synthetic(crops: Path) -> None:
    truth = truth_of(crops)
    assert truth["synthetic"] is True
    files = sorted(crops.glob("*.jpg"))
    assert len(files) == 130
    assert all(f.name.startswith("synthetic-") for f in files)
    assert all(probe(f).synthetic for f in files)
    assert discover(crops).synthetic


def test_the_folder_reads_as_one_specimen_of_crops_with_its_scale(crops: Path) -> None:
    found = discover(crops)
    assert found.kind is SpecimenKind.CROPS
    assert len(found.images) == 130
    assert all(left_out.expected(s.reason) for s in found.skipped)
    assert all(f.info.size_px == (360, 363) for f in found.images)
    assert found.images[0].info.mpp == pytest.approx(0.107, rel=1e-3)


def test_masks_boxes_and_areas_agree(crops: Path) -> None:
    for image in truth_of(crops)["images"]:  # type: ignore[attr-defined]
        mask = cv2.imread(str(crops / image["mask"]), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (image["height_px"], image["width_px"])
        assert set(np.unique(mask)) <= {0, CYTOPLASM, NUCLEUS}
        cell = image["cells"][0]
        rows, cols = np.nonzero(mask)
        assert (cols.min(), rows.min()) == (cell["x_px"], cell["y_px"])
        assert (np.ptp(cols) + 1, np.ptp(rows) + 1) == (cell["width_px"], cell["height_px"])
        assert np.count_nonzero(mask) * 0.107**2 == pytest.approx(cell["cell_area_um2"], abs=0.02)
        assert np.count_nonzero(mask == NUCLEUS) * 0.107**2 == pytest.approx(
            cell["nucleus_area_um2"], abs=0.02
        )
        assert abs(cell["centre_x_px"] - 180) < 15


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        generate_crops(tmp_path / name, 4, seed)
    a, b, c = ([p.read_bytes() for p in sorted((tmp_path / n).rglob("*")) if p.is_file()] for n in "abc")
    assert a == b
    assert a != c


def test_a_nucleus_is_darker_than_its_cytoplasm_and_that_than_glass() -> None:
    rng = np.random.default_rng(1)
    for code in RECIPES:
        sprite = leukocyte(code, rng, 0.107)
        rgb = expose(sprite.od, LABORATORIES[0], rng, 0.107).mean(axis=2)
        nucleus, plasma, glass = (rgb[sprite.label == k].mean() for k in (NUCLEUS, CYTOPLASM, 0))
        assert glass - plasma > 15, code
        # The granules of basophils hide the nucleus; that is how they are recognised.
        assert plasma - nucleus > (-5 if code == "BA" else 20), code


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [("SNE", 11, 15), ("LY", 7.5, 12), ("MO", 13.5, 20), ("EO", 12, 17), ("BA", 10, 15), ("PMY", 13.5, 20),
     ("BL", 11, 18), ("ERB", 7, 13), ("PLT", 1.5, 5.5), ("GPLT", 6, 11)],
)  # fmt: skip
def test_sizes_are_those_of_textbooks(code: str, low: float, high: float) -> None:
    rng = np.random.default_rng(2)
    diameters = [2 * draw_object(code, rng, 0.107).radius_px * 0.107 for _ in range(12)]
    assert low < np.median(diameters) < high


def test_red_cells_measure_seven_micrometres_at_any_scale() -> None:
    for mpp in (0.08, 0.107, 0.25):
        rng = np.random.default_rng(3)
        diameters = [2 * red_cell(rng, mpp, "disc").radius_px * mpp for _ in range(30)]
        assert np.median(diameters) == pytest.approx(7.35, abs=0.25)


def test_a_blast_has_more_nucleus_than_a_monocyte_and_a_band_no_lobes() -> None:
    rng = np.random.default_rng(4)

    def ratio(code: str) -> float:
        labels = [draw_object(code, rng, 0.107).label for _ in range(10)]
        return float(np.mean([np.mean(m[m > 0] == NUCLEUS) for m in labels]))

    assert ratio("LY") > 0.6
    assert ratio("BL") > 0.6
    assert ratio("MO") < ratio("BL")
    assert ratio("PC") < 0.4


def test_densities_add_like_light_through_layers() -> None:
    rgb = np.array([200.0, 150.0, 160.0])
    lab = LABORATORIES[0]
    od = np.tile(density(*rgb), (40, 40, 1)).astype(np.float32)
    once, twice = (
        expose(od * k, lab, np.random.default_rng(0), 0.107, illumination=False).mean(axis=(0, 1))
        for k in (1, 2)
    )
    background = np.array(lab.background)
    np.testing.assert_allclose(twice / background, (once / background) ** 2, atol=0.02)


def test_laboratories_differ_visibly() -> None:
    od = np.tile(density(200, 150, 160), (20, 20, 1)).astype(np.float32)
    rng = np.random.default_rng(0)
    colours = [expose(od, laboratory(1, i), rng, 0.107).mean(axis=(0, 1)) for i in range(len(LABORATORIES))]
    for i, a in enumerate(colours):
        assert all(np.abs(a - b).max() > 8 for b in colours[:i])


def test_mix_is_exact() -> None:
    rng = np.random.default_rng(0)
    codes = apportion_classes(1000, {"SNE": 0.6, "LY": 0.3, "MO": 0.1}, rng)
    assert {c: codes.count(c) for c in set(codes)} == {"SNE": 600, "LY": 300, "MO": 100}
    assert len(apportion_classes(7, DEMO_MIX, rng)) == 7


def test_a_crowd_keeps_clear_of_what_is_there() -> None:
    rng = np.random.default_rng(0)
    points = scatter_points(rng, (500, 400), 30, 0.7 / 900, np.array([[250.0, 200.0, 60.0]]), 15)
    assert len(points) > 80
    assert np.hypot(points[:, 0] - 250, points[:, 1] - 200).min() >= 60


def test_fields_hold_the_cells_they_claim(tmp_path: Path) -> None:
    counts = generate_fields(tmp_path, 3, seed=2, cells=18, size_px=(900, 700))
    assert sum(n for code, n in counts.items() if code in RECIPES or code == "SMU") >= 16
    found = discover(tmp_path)
    assert found.kind is SpecimenKind.FIELDS
    for image in truth_of(tmp_path)["images"]:  # type: ignore[attr-defined]
        rgb = decode_rgb(tmp_path / image["file"])
        mask = cv2.imread(str(tmp_path / image["mask"]), cv2.IMREAD_UNCHANGED)
        for cell in image["cells"]:
            x, y, w, h = (cell[k] for k in ("x_px", "y_px", "width_px", "height_px"))
            assert mask[y : y + h, x : x + w].any()
        if (mask == NUCLEUS).any():
            assert rgb[mask == NUCLEUS].mean() < rgb[mask == 0].mean() - 40
        assert len(image["red_cells_px"]) > 50


def test_progress_and_cancellation(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    generate_crops(tmp_path / "a", 3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        generate_crops(tmp_path / "b", 3, progress=stop)


def test_bad_requests_are_refused_in_words(tmp_path: Path) -> None:
    for wrong in ({"kind": "counter"}, {"kind": "rubbish"}, {"kind": "crops", "size_px": (5, 5)},
                  {"kind": "slide", "size_px": (10**7, 10**7)}, {"kind": "crops", "cells": 0}):  # fmt: skip
        with pytest.raises(UserError) as refused:
            generate(out=tmp_path, **wrong)  # type: ignore[arg-type]
        assert refused.value.what_to_do
        assert refused.value.text("fr") != refused.value.text("en")
    (tmp_path / "file").write_text("in the way")
    for kind in ("crops", "fields", "slide"):
        with pytest.raises(OutputNotWritable):
            generate(kind, tmp_path / "file", size_px=(1024, 1024), cells=1)


def test_a_bank_is_seeded() -> None:
    a, b = SpriteBank.build(1, 0.25, 4), SpriteBank.build(1, 0.25, 4)
    np.testing.assert_array_equal(a.red_cells[3].od, b.red_cells[3].od)
