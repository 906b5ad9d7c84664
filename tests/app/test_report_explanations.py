"""Explanation maps drawn over the pictures of a report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.app import explainer
from bloodcells_gui.app.cell_views import decode_jpeg, decode_mask
from bloodcells_gui.app.report_explanations import (
    evidence_overlay,
    explanation_maps,
    heat_overlay,
    map_preparation,
    overlay_heatmaps,
)
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.explanation import MapKind
from bloodcells_gui.domain.map_colours import AGAINST_RGB, FOR_RGB
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.pipeline.encoding import encode_jpeg, encode_png
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import plain_engine
from tests.support.workbench_window import a_case

GREY = np.full((40, 40, 3), 128, np.uint8)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    engine = plain_engine()
    session = CaseSession(
        CaseStore.open(a_case(tmp_path / "case.bcs", 12)),
        settings=LabSettings,
        explainer=explainer.Explainer(lambda: engine),  # type: ignore[arg-type, return-value]
        author="ana",
    )
    yield session
    session.close()


def test_what_speaks_for_the_class_is_orange_and_what_speaks_against_it_blue() -> None:
    values = np.zeros((40, 40), np.float32)
    values[:, :15], values[:, 25:] = 1, -1
    drawn = evidence_overlay(GREY, values)
    for column, rgb in ((5, FOR_RGB), (35, AGAINST_RGB)):
        assert np.abs(drawn[20, column].astype(int) - np.array(rgb)).max() < 70
    assert (drawn[20, 20] == 128).all()


def test_a_map_that_was_signed_before_is_drawn_as_it_was() -> None:
    heat = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    png = encode_png((heat * 255).round().astype(np.uint8))
    thumbnail = encode_jpeg(GREY, 90)
    drawn = overlay_heatmaps({3: thumbnail}, {3: png, 4: png}, MapKind.GRAD_CAM)
    assert list(drawn) == [3]
    same = heat_overlay(decode_jpeg(thumbnail), np.divide(decode_mask(png), 255, dtype=np.float32))
    assert drawn[3] == encode_jpeg(same, 88)


def test_a_signed_map_keeps_its_sign(session: CaseSession) -> None:
    maps = explanation_maps(session)
    assert maps
    for cell, kept in maps.items():
        found = session.explain(cell, session.cell(cell).predicted)
        grey = (decode_mask(kept.png).astype(float) - 128) / 127
        np.testing.assert_allclose(grey, found.values, atol=0.005)
        assert kept.rival == found.rival


def test_maps_that_were_prepared_cost_nothing_when_the_report_is_made(
    session: CaseSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = threading.Thread(target=map_preparation(session, CancelToken()))
    worker.start()
    worker.join(60)
    monkeypatch.setattr(explainer, "occlusion_map", lambda *_: pytest.fail("computed again"))
    assert explanation_maps(session)


def test_a_preparation_that_is_given_up_ends(session: CaseSession, monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = CancelToken()
    cancel.cancel()
    map_preparation(session, cancel)()
    monkeypatch.setattr(explainer, "occlusion_map", lambda *_: pytest.fail("as expected"))
    with pytest.raises(pytest.fail.Exception, match="as expected"):
        explanation_maps(session)
