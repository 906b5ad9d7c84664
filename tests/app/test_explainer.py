"""Explanation maps from what a case keeps of a cell."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.domain.cell import Cell, CellAssets
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.imaging.measure import measure
from bloodcells_gui.pipeline.cell_analyzer import CellAnalyzer
from bloodcells_gui.pipeline.cell_place import CellPlace
from tests.support.doubles import PlainClassifier, PlainSegmenter, draw_cell


@pytest.fixture
def engine() -> SimpleNamespace:
    return SimpleNamespace(classifier=PlainClassifier(), segmenter=PlainSegmenter())


@pytest.fixture
def kept(engine: SimpleNamespace) -> tuple[Cell, CellAssets]:
    work = CellAnalyzer(engine.classifier, engine.segmenter, measure)
    ((cell, assets),) = work.process([CellPlace(0, draw_cell("SNE", 360, 0.107), (0, 0), (180, 180), 0.107)])
    return cell, assets


def explain(explainer: Explainer, kept: tuple[Cell, CellAssets], code: str, *more: object) -> Explanation:
    cell, assets = kept
    return explainer.explain(assets.thumbnail, assets.mask, code, cell.mpp * assets.crop_px[2], *more)  # type: ignore[arg-type]


def test_the_map_shows_the_place_that_decides(engine: SimpleNamespace, kept: tuple[Cell, CellAssets]) -> None:
    """The stand-in network looks at the middle alone."""
    found = explain(Explainer(lambda: engine), kept, "SNE")
    assert found.kind is MapKind.OCCLUSION
    assert found.rival != "SNE"
    assert not found.says_nothing
    strongest = np.argwhere(np.abs(found.values) > 0.7 * np.abs(found.values).max())
    middle = np.array(found.values.shape) / 2
    assert np.hypot(*(strongest - middle).T).max() < len(found.values) / 6


def test_another_class_has_a_map_of_its_own_against_the_proposal(
    engine: SimpleNamespace, kept: tuple[Cell, CellAssets]
) -> None:
    explainer = Explainer(lambda: engine)
    proposed = explain(explainer, kept, "SNE")
    asked = explain(explainer, kept, "EO")
    assert asked.rival == kept[0].predicted
    assert asked.log_odds < 0 < proposed.log_odds
    assert not np.allclose(asked.values, proposed.values)


def test_a_class_that_the_network_does_not_know_is_refused_with_words(
    engine: SimpleNamespace, kept: tuple[Cell, CellAssets]
) -> None:
    with pytest.raises(UserError, match="no explanation map"):
        explain(Explainer(lambda: engine), kept, "PC")


def test_a_map_that_was_seen_is_kept_until_the_head_changes(
    engine: SimpleNamespace, kept: tuple[Cell, CellAssets]
) -> None:
    explainer = Explainer(lambda: engine)
    first = explain(explainer, kept, "SNE")
    asked = engine.classifier.calls
    assert explain(explainer, kept, "SNE") is first
    assert engine.classifier.calls == asked
    engine.classifier.profile = object()
    assert explain(explainer, kept, "SNE") is not first
    assert engine.classifier.calls > asked


def test_a_map_that_nobody_waits_for_ends(engine: SimpleNamespace, kept: tuple[Cell, CellAssets]) -> None:
    cancel = CancelToken()
    cancel.cancel()
    asked = engine.classifier.calls
    with pytest.raises(Cancelled):
        explain(Explainer(lambda: engine), kept, "SNE", MapKind.OCCLUSION, cancel)
    assert engine.classifier.calls == asked
