"""Drawn red cells of every class are what their truth says; other specimens keep their bytes."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.red_cells import RED_CELL_CODES, RED_CELL_MEASURES
from bloodcells_gui.imaging.red_cell_measures import measure_red_cell
from bloodcells_gui.synthetic import generate
from bloodcells_gui.synthetic.photographs import generate_fields
from bloodcells_gui.synthetic.red_cell_shapes import DRAWN_CODES, EVERY_SHAPE, ShapeBank, shaped_red_cell

MPP = 0.2


def measured(code: str, n: int = 8) -> np.ndarray:
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(n):
        cell = shaped_red_cell(rng, MPP, code)
        density = cell.sprite.od[..., 1]
        mask = np.pad((cell.sprite.label > 0).astype(np.uint8), 1)
        rows.append(measure_red_cell(mask, np.pad(density, 1), MPP))
        assert rows[-1][0] == pytest.approx(cell.diameter_um, rel=0.001)
    return np.array(rows).mean(0)


def test_every_class_but_other_is_drawn() -> None:
    assert set(DRAWN_CODES) == set(RED_CELL_CODES[:-1])
    assert set(EVERY_SHAPE) == set(DRAWN_CODES)
    assert sum(EVERY_SHAPE.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("code", "measure", "low", "high"),
    [
        ("NORM", "diameter_um", 6.6, 8.0),
        ("MACRO", "diameter_um", 8.9, 10.5),
        ("MICRO", "diameter_um", 4.8, 5.8),
        ("SPHERO", "pallor", 0.0, 0.15),
        ("TARGET", "pallor_depth", -0.5, 0.12),
        ("OVALO", "elongation", 0.17, 0.34),
        ("ELLIPTO", "elongation", 0.45, 0.62),
        ("TEAR", "circularity", 0.5, 0.85),
        ("BURR", "circularity", 0.4, 0.9),
        ("SCHISTO", "diameter_um", 3.0, 6.0),
        ("HYPO", "pallor", 0.55, 0.9),
    ],
)
def test_a_class_measures_as_its_name_says(code: str, measure: str, low: float, high: float) -> None:
    assert low <= measured(code)[RED_CELL_MEASURES.index(measure)] <= high


def test_shares_are_kept_as_nearly_as_whole_cells_can() -> None:
    bank = ShapeBank(1, 0.4, {"NORM": 0.8, "TEAR": 0.15, "SPHERO": 0.05, "HYPO": 0.0})
    found = Counter(cell.code for cell in bank.draw(200, np.random.default_rng(2)))
    assert found == {"NORM": 160, "TEAR": 30, "SPHERO": 10}
    for shares in ({"OTHER": 1.0}, {"NORM": 0.0}, {"NORM": 1.0, "TEAR": -0.1}):
        with pytest.raises(ValueError, match="shares"):
            ShapeBank(1, 0.4, shares)


def test_the_truth_names_each_cell_where_it_lies(tmp_path: Path) -> None:
    generate("fields", tmp_path, (800, 600), seed=3, cells=5, every_red_cell=True)
    with (tmp_path / "truth_red_cells.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["code"] for row in rows} == set(DRAWN_CODES)
    image = cv2.imread(str(tmp_path / "synthetic-0001.jpg"))[..., 1]
    blank = float(np.percentile(image, 95))
    inside = [r for r in rows if r["whole"] == "yes"]
    assert len(inside) > 15
    full = [r for r in inside if r["code"] in ("NORM", "SPHERO", "BURR", "OVALO")]
    for row in full:
        assert image[round(float(row["y_px"])), round(float(row["x_px"]))] < blank - 4
    for row in rows:
        if row["whole"] == "yes":
            half = float(row["diameter_um"]) / 0.107 / 4
            assert half < float(row["x_px"]) < 800 - half


def test_one_seed_gives_one_film_and_other_films_keep_their_bytes(tmp_path: Path) -> None:
    def digest(folder: Path) -> str:
        return hashlib.sha256((folder / "synthetic-0001.jpg").read_bytes()).hexdigest()

    for name in ("a", "b"):
        generate("fields", tmp_path / name, (480, 400), seed=4, cells=5, every_red_cell=True)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    generate("fields", tmp_path / "plain", (480, 400), seed=4, cells=5)
    generate_fields(tmp_path / "same", 1, 4, size_px=(480, 400), cells=5)
    assert digest(tmp_path / "plain") == digest(tmp_path / "same") != digest(tmp_path / "a")
    assert not (tmp_path / "plain" / "truth_red_cells.csv").exists()


def test_shapes_are_of_fields_alone(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fields alone"):
        generate("crops", tmp_path, every_red_cell=True)
