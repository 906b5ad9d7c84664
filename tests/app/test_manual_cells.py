"""A cell that the program missed, added where a person clicked: named at once, kept, and taken back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage.case import CaseStore
from tests.support.doubles import CLASSES, PlainEngine, plain_engine
from tests.support.smears import PlainDetector, Smear, empty, fill

MPP = 0.4


def engine() -> PlainEngine:
    plain = plain_engine()
    plain.detector = PlainDetector()  # type: ignore[assignment]
    return plain


@pytest.fixture
def smear() -> Smear:
    drawn = empty(1200, 900, MPP)
    fill(drawn, (0, 0, 1200, 900), np.random.default_rng(4), pitch_um=16, leukocytes=6)
    return drawn


@pytest.fixture
def case(tmp_path: Path, smear: Smear) -> Path:
    folder = tmp_path / "fields"
    folder.mkdir()
    path = folder / "field.png"
    cv2.imwrite(str(path), smear.rgb[..., ::-1])
    request = AnalyzeRequest((folder,), tmp_path / "out", kind="fields", mpp=MPP, threads=1)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=engine)
    assert outcome.exit_code == 0
    return tmp_path / "out" / "case.bcs"


def opened(case: Path) -> CaseSession:
    store = CaseStore.open(case)
    return CaseSession(store, settings=LabSettings, explainer=Explainer(engine), author="Ana")


def test_it_is_named_with_its_figures_counted_and_kept(case: Path, smear: Smear) -> None:
    session = opened(case)
    ((x, y), *_) = smear.of("LY")
    before = session.state.counts.get("LY", 0)
    change = session.add_cell(0, x + 6, y - 5)
    (added,) = change.cells
    assert session.cell(added).box_px.centre == pytest.approx((x, y), abs=4)
    assert session.decision(added).final == "LY"
    assert session.state.counts["LY"] == before + 1
    best, probability = session.scores(added)[0]
    assert best == "LY"
    assert sum(p for _, p in session.scores(added)) == pytest.approx(1, abs=1e-4)
    assert probability == pytest.approx(session.cell(added).probability)
    area = {name: value for name, value, _ in session.measurements(added)}["cell_area_um2"]
    assert area == pytest.approx(np.pi * 36, rel=0.2)
    session.close()

    again = opened(case)
    assert again.decision(added).final == "LY"
    assert again.scores(added)[0][0] == "LY"
    again.remove_cell(added)
    assert not again.state.present(added)
    again.undo()
    assert again.state.present(added)
    again.close()


def test_figures_of_other_classes_are_not_shown_as_these(
    case: Path, smear: Smear, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(case)
    other = engine()
    other.classifier.classes = (*reversed(CLASSES),)  # a bundle that came after the analysis
    monkeypatch.setattr(Explainer, "engine", lambda _: other)
    (added,) = session.add_cell(0, *smear.of("LY")[0]).cells
    assert session.scores(added) == []
    session.close()
