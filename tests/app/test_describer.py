"""Cells of a case in words."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bloodcells_gui.app.analysis_wiring import cell_analyzer
from bloodcells_gui.app.describer import FILE, FOLDER, Describer
from bloodcells_gui.app.engine import Engine, load_engine
from bloodcells_gui.domain.attributes import ATTRIBUTES
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.pipeline.cell_place import CellPlace
from tests.support.doubles import draw_cell


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine()


def test_a_cell_is_described_from_what_the_case_keeps(engine: Engine) -> None:
    work = cell_analyzer(engine)
    ((cell, assets),) = work.process([CellPlace(0, draw_cell("SNE", 360, 0.107), (0, 0), (180, 180), 0.107)])
    known = dict(zip(MEASUREMENTS, (float(v) for v in cell.measurements), strict=True))
    describer = Describer(lambda: engine)
    found = describer.describe("SNE", assets.thumbnail, known, work.windows.field_um)
    assert found is not None
    assert len(found.said) == len(ATTRIBUTES)
    assert found.unlike_taught  # a drawn cell has no stain of that laboratory
    assert describer.describe("BL", assets.thumbnail, known) is None  # nobody taught words for blasts


def test_damaged_words_are_logged_and_there_are_none(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / FILE).write_text("{}", encoding="utf-8")
    monkeypatch.setattr("bloodcells_gui.app.describer.models_dir", lambda: tmp_path)
    with caplog.at_level(logging.WARNING):
        assert Describer(lambda: engine).describe("SNE", b"", {}) is None
    assert "refused" in caplog.text
    caplog.clear()
