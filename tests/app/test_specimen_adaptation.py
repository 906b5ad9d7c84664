"""The specimen's own mix from the analysis to the files, with plain networks on drawn cells."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import COLUMNS, FEATURES, MorphometryModel, coarse_names, features
from bloodcells_gui.adaptation.opinion_pool import ENOUGH_CELLS, OpinionPool
from bloodcells_gui.adaptation.prior_shift import ClassPrior, prior_shift_of
from bloodcells_gui.app.analysis import AnalysisJob, AnalysisOptions, new_case, run_to_end
from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
from bloodcells_gui.app.evaluate import EvaluateRequest, evaluate_folder
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.intake import take_in
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.specimen_adaptation import look_of_specimen
from bloodcells_gui.domain.analysis import AnalysisEvent, CellsFound, CellsReproposed, Done, RunStatus
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.run_messages import DRAWN, FOREIGN, unfamiliar_remark
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.imaging.measure import MEASUREMENTS
from bloodcells_gui.report.adaptation_text import adaptation_text
from bloodcells_gui.report.csv_out import UNFAMILIAR_SPECIMEN
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.recover import recover
from tests.support.doubles import CLASSES, PlainEngine, draw_cell, plain_engine

# Between the colours of LY and SNE, a little nearer to SNE: a specimen of lymphocytes makes it one.
BETWEEN = (93, 60, 178)


def mixing_engine() -> PlainEngine:
    engine = plain_engine()
    engine.classifier.prior = ClassPrior(0.1, 3)
    return engine


def alike_engine() -> PlainEngine:
    """The mix is left alone: only cells that look alike (their colour, in the double) decide."""
    engine = plain_engine()
    engine.classifier.propagation = PropagationSettings(0.5, 2.0, 0.3, 0.1)
    return engine


def draw_between() -> np.ndarray:
    image = draw_cell("LY")
    image[(image == (60, 60, 200)).all(axis=2)] = BETWEEN
    return image


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    folder = tmp_path / "specimen"
    folder.mkdir()
    for i in range(30):
        image = draw_between() if i % 10 == 4 else draw_cell("EO" if i % 10 == 7 else "LY")
        cv2.imwrite(str(folder / f"cell {i:02d}.png"), image[..., ::-1])
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def analyze(folder: Path, out: Path, engine=mixing_engine, token: CancelToken | None = None, **more):
    request = AnalyzeRequest((folder,), out, kind="crops", mpp=0.107, **more)
    listen = more.pop("progress", lambda _: None)
    return analyze_all(request, token=token or CancelToken(), progress=listen, engine=engine)[0]


def said(path: Path) -> dict[str, tuple[str, float, float, bool]]:
    """What the case says of each image's cell; cells of one run may come in any order."""
    with CaseStore.open(path, read_only=True) as store:
        return {
            store.specimen.images[c.image].name: (
                c.predicted, round(c.probability, 4), round(c.uncertainty, 4), c.abstained
            )
            for c in store.load_cells()
        }  # fmt: skip


def test_analyze_takes_the_mix_into_account_in_every_file(crops: Path, tmp_path: Path) -> None:
    analyze(crops, tmp_path / "plain", plain_engine)
    outcome = analyze(crops, tmp_path / "out", lang="fr")
    assert outcome.exit_code == 0
    before, after = rows(tmp_path / "plain" / "cells.csv"), rows(tmp_path / "out" / "cells.csv")
    changed = [(a["predicted"], b["predicted"]) for a, b in zip(before, after, strict=True) if a != b]
    assert changed.count(("SNE", "LY")) == 3
    for cell in after:
        p = {k[2:]: float(v) for k, v in cell.items() if k.startswith("p_")}
        assert sum(p.values()) == pytest.approx(1, abs=1e-4)
        assert max(p, key=p.__getitem__) == cell["predicted"]
        assert p[cell["predicted"]] == pytest.approx(float(cell["probability"]), abs=1e-5)
    table = {r["code"]: r["count"] for r in rows(tmp_path / "out" / "differential.csv")}
    assert (table["LY"], table["EO"], table.get("SNE", "0")) == ("27", "3", "0")
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert prior_shift is not None
        assert prior_shift.cells == 30
        assert prior_shift.weights["LY"] > 1.5 > 0.7 > prior_shift.weights["SNE"]
        assert [c.predicted for c in store.load_cells(as_found=True)].count("SNE") == 3
        assert store.verify() == []
    with CaseStore.open(tmp_path / "plain" / "case.bcs", read_only=True) as store:
        assert prior_shift_of(store.runs[0].record.adaptation) is None


def pooled_engine(unfamiliar: float) -> Callable[[], PlainEngine]:
    def engine() -> PlainEngine:
        plain = mixing_engine()
        plain.classifier.pool = OpinionPool(0.7, 0.3, 2.0, 0.5, unfamiliar)
        return plain

    return engine


def test_an_unfamiliar_specimen_says_so_once_in_case_and_table(crops: Path, tmp_path: Path) -> None:
    def engine() -> PlainEngine:
        plain = pooled_engine(0.01)()
        plain.classifier.apart = 0.5  # its views disagree as well: one notice is enough
        return plain

    analyze(crops, tmp_path / "out", engine)
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert prior_shift is not None
        assert prior_shift.looks_unfamiliar
        said_of_it = unfamiliar_remark(store.runs)
        assert said_of_it is not None
        assert said_of_it.severity == "warning"
        assert [r.text for r in store.runs[0].record.remarks].count(FOREIGN) == 0
        assert dict(said_of_it.params) == {"n_change": f"{100 * prior_shift.change:.1f}", "n_limit": "1.0"}
        assert store.verify() == []
    assert all(r["flags"].endswith(UNFAMILIAR_SPECIMEN) for r in rows(tmp_path / "out" / "cells.csv"))


def test_a_familiar_specimen_says_nothing_and_a_drawn_one_that_it_is_drawn(
    crops: Path, tmp_path: Path
) -> None:
    analyze(crops, tmp_path / "out", pooled_engine(0.9))
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        assert unfamiliar_remark(store.runs) is None
        changed = prior_shift_of(store.runs[0].record.adaptation)
    assert not any(r["flags"] for r in rows(tmp_path / "out" / "cells.csv"))
    assert changed is not None
    enough = replace(changed, cells=ENOUGH_CELLS, pool=OpinionPool(1, 1, 0, 0.5, unfamiliar=0.01), change=0.5)
    said = look_of_specimen(enough, drawn=True)
    assert said is not None
    assert said.text == DRAWN


def test_a_continued_analysis_gives_the_same_as_one_run(crops: Path, tmp_path: Path) -> None:
    analyze(crops, tmp_path / "one")
    token = CancelToken()
    request = AnalyzeRequest((crops,), tmp_path / "two", kind="crops", mpp=0.107, threads=1)
    stop = lambda progress: token.cancel() if progress.cells else None  # noqa: E731
    (cut,) = analyze_all(request, token=token, progress=stop, engine=mixing_engine)
    assert 0 < cut.cells < 30
    with CaseStore.open(tmp_path / "two" / "case.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert prior_shift is not None
        assert prior_shift.cells == cut.cells
    analyze(crops, tmp_path / "two", resume=True)
    assert said(tmp_path / "two" / "case.bcs") == said(tmp_path / "one" / "case.bcs")


def test_cells_that_look_alike_are_named_alike_in_every_file(crops: Path, tmp_path: Path) -> None:
    outcome = analyze(crops, tmp_path / "out", alike_engine)
    assert outcome.exit_code == 0
    table = {r["code"]: r["count"] for r in rows(tmp_path / "out" / "differential.csv")}
    assert (table["LY"], table["EO"], table.get("SNE", "0")) == ("27", "3", "0")
    for cell in rows(tmp_path / "out" / "cells.csv"):
        p = {k[2:]: float(v) for k, v in cell.items() if k.startswith("p_")}
        assert sum(p.values()) == pytest.approx(1, abs=1e-4)
        assert max(p, key=p.__getitem__) == cell["predicted"]
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert prior_shift is not None
        assert (prior_shift.prior, prior_shift.propagated_cells) == (None, 30)
        assert set(prior_shift.weights.values()) == {1.0}
        assert [c.predicted for c in store.load_cells(as_found=True)].count("SNE") == 3
        assert store.verify() == []


def test_look_alikes_are_the_same_after_a_pause(crops: Path, tmp_path: Path) -> None:
    analyze(crops, tmp_path / "one", alike_engine)
    token = CancelToken()
    request = AnalyzeRequest((crops,), tmp_path / "two", kind="crops", mpp=0.107, threads=1)
    stop = lambda progress: token.cancel() if progress.cells else None  # noqa: E731
    (cut,) = analyze_all(request, token=token, progress=stop, engine=alike_engine)
    assert 0 < cut.cells < 30
    analyze(crops, tmp_path / "two", alike_engine, resume=True)
    assert said(tmp_path / "two" / "case.bcs") == said(tmp_path / "one" / "case.bcs")


@pytest.fixture
def measuring_engine(crops: Path, tmp_path: Path) -> Callable[[], PlainEngine]:
    """Only what was measured counts: as lymphocytes and eosinophils are drawn; neutrophils lie elsewhere."""
    analyze(crops, tmp_path / "learned", plain_engine)
    with CaseStore.open(tmp_path / "learned" / "case.bcs", read_only=True) as store:
        places = [MEASUREMENTS.index(name) for name in COLUMNS]
        x = features(np.array([c.measurements for c in store.load_cells()])[:, places])
        named = np.array([c.predicted for c in store.load_cells()])
    assert np.isfinite(x).all()
    lymphocyte, eosinophil = (x[named == code].mean(axis=0) for code in ("LY", "EO"))
    size = len(FEATURES)
    model = MorphometryModel(
        rows=np.array([coarse_names(CLASSES).index(n) for n in ("LYMPHOCYTE", "EOSINOPHIL", "NEUTROPHIL")]),
        sites=np.array([2, 2, 2]), centre=np.zeros(size), scale=np.ones(size),
        means=np.array([lymphocyte, eosinophil, lymphocyte + 1]),
        within=0.01 * np.eye(size), interaction=0.001 * np.eye(size), site_effect=0.01 * np.eye(size),
        degrees_of_freedom=5.0, cell_weight=0.3, max_log_ratio=8.0,
    )  # fmt: skip

    def engine() -> PlainEngine:
        made = plain_engine()
        made.classifier.morphometry = model
        return made

    return engine


def test_measurements_change_what_is_shown_and_the_case_says_so(
    crops: Path, tmp_path: Path, measuring_engine: Callable[[], PlainEngine]
) -> None:
    assert analyze(crops, tmp_path / "out", measuring_engine).exit_code == 0
    table = {r["code"]: r["count"] for r in rows(tmp_path / "out" / "differential.csv")}
    assert (table["LY"], table["EO"], table.get("SNE", "0")) == ("27", "3", "0")
    with CaseStore.open(tmp_path / "out" / "case.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert prior_shift is not None
        assert (
            prior_shift.prior,
            prior_shift.propagation,
            prior_shift.propagated_cells,
            prior_shift.measured_cells,
        ) == (None, None, 0, 30)
        assert "size, shape, density and texture of the cells were used" in adaptation_text(prior_shift)
        assert [c.predicted for c in store.load_cells(as_found=True)].count("SNE") == 3
        assert store.verify() == []
    rescued = tmp_path / "rescued.bcs"
    recover(tmp_path / "out" / "case.bcs", rescued, app_version="0.1")
    assert said(rescued) == said(tmp_path / "out" / "case.bcs")


def test_measurements_count_the_same_after_a_pause(
    crops: Path, tmp_path: Path, measuring_engine: Callable[[], PlainEngine]
) -> None:
    analyze(crops, tmp_path / "one", measuring_engine)
    token = CancelToken()
    request = AnalyzeRequest((crops,), tmp_path / "two", kind="crops", mpp=0.107, threads=1)
    stop = lambda progress: token.cancel() if progress.cells else None  # noqa: E731
    analyze_all(request, token=token, progress=stop, engine=measuring_engine)
    analyze(crops, tmp_path / "two", measuring_engine, resume=True)
    assert said(tmp_path / "two" / "case.bcs") == said(tmp_path / "one" / "case.bcs")


def a_job(crops: Path, path: Path, engine=mixing_engine) -> AnalysisJob:
    new_case(path, take_in(crops, "crops").specimen, case_id="c").close()
    return AnalysisJob(path, engine, AnalysisOptions(mpp=0.107, threads=1))


def test_a_kill_before_the_end_leaves_a_case_that_gets_its_mix_later(crops: Path, tmp_path: Path) -> None:
    analyze(crops, tmp_path / "one")
    found: set[str] = set()
    for event in a_job(crops, tmp_path / "c.bcs").events():
        if isinstance(event, CellsFound):
            # What the file holds now is what a kill would leave.
            shutil.copy(tmp_path / "c.bcs", tmp_path / "killed.bcs")
            found |= {c.predicted for c in event.cells}
    with CaseStore.open(tmp_path / "killed.bcs", read_only=True) as store:
        assert store.runs[-1].status is RunStatus.RUNNING
        assert len(store.load_cells()) == 30
        assert [c.predicted for c in store.load_cells()].count("SNE") == 3
    assert "SNE" in found
    run_to_end(AnalysisJob(tmp_path / "killed.bcs", mixing_engine, AnalysisOptions(mpp=0.107)))
    assert said(tmp_path / "killed.bcs") == said(tmp_path / "one" / "case.bcs")


def test_a_failure_leaves_the_mix_of_what_was_found(crops: Path, tmp_path: Path) -> None:
    engine = mixing_engine()
    whole = engine.classifier.predict

    def fails_later(images: np.ndarray):
        if engine.classifier.calls:
            raise RuntimeError("out of order")
        return whole(images)

    engine.classifier.predict = fails_later  # type: ignore[method-assign]
    (tmp_path / "more").mkdir()
    for n in range(5):
        for path in crops.iterdir():
            shutil.copy(path, tmp_path / "more" / f"{n} {path.name}")
    job = a_job(tmp_path / "more", tmp_path / "c.bcs", lambda: engine)
    events: list[AnalysisEvent] = []
    with pytest.raises(RuntimeError, match="out of order"):
        events.extend(job.events())
    assert any(isinstance(e, CellsReproposed) for e in events)
    with CaseStore.open(tmp_path / "c.bcs", read_only=True) as store:
        prior_shift = prior_shift_of(store.runs[0].record.adaptation)
        assert store.runs[0].status is RunStatus.FAILED
        assert prior_shift is not None
        assert prior_shift.cells == len(store.load_cells()) > 0


def open_session(path: Path) -> CaseSession:
    return CaseSession(
        CaseStore.open(path), settings=LabSettings, explainer=Explainer(mixing_engine), author="ana"
    )


@pytest.fixture
def live(crops: Path, tmp_path: Path) -> Iterator[tuple[CaseSession, AnalysisJob]]:
    job = a_job(crops, tmp_path / "c.bcs")
    session = open_session(tmp_path / "c.bcs")
    yield session, job
    session.close()


def standing(session: CaseSession) -> list[tuple[object, ...]]:
    return [(c.id, c.predicted, c.uncertainty, session.decision(c.id)) for c in session.cells]


def reopened(session: CaseSession) -> list[tuple[object, ...]]:
    path = session.path
    session.close()
    again = open_session(path)
    try:
        assert again.state.counts == session.state.counts
        return standing(again)
    finally:
        again.close()


def test_an_open_case_takes_the_mix_once_and_leaves_decisions(live: tuple[CaseSession, AnalysisJob]) -> None:
    session, job = live
    heard: list[int] = []
    confirmed = -1
    for event in job.events():
        session.absorb(event)
        if isinstance(event, CellsFound) and confirmed < 0:
            confirmed = next((c.id for c in session.cells if c.predicted == "SNE"), -1)
            if confirmed < 0:
                continue
            session.confirm([confirmed])
            heard.clear()
            session.subscribe(lambda change: heard.append(len(change.cells)) if not change.event else None)
        if isinstance(event, CellsReproposed):
            assert heard[-1] <= 29
            told = len(heard)
    assert len(heard) == told
    assert session.decision(confirmed).status is Status.CONFIRMED
    assert session.decision(confirmed).final == session.cell(confirmed).predicted == "SNE"
    assert [c.predicted for c in session.cells].count("SNE") == 1
    assert session.differential("full").total == 30
    session.undo()
    assert session.decision(confirmed).status is Status.PROPOSED
    session.redo()
    assert session.decision(confirmed).final == "SNE"
    now = standing(session)
    assert reopened(session) == now


def test_a_session_still_knows_what_each_cell_was_by_itself(live: tuple[CaseSession, AnalysisJob]) -> None:
    session, job = live
    found: dict[int, tuple[str, float]] = {}
    for event in job.events():
        if isinstance(event, CellsFound):
            found |= {c.id: (c.predicted, c.probability) for c in event.cells}
        session.absorb(event)
    assert len(found) == 30
    assert {i: session.as_found(i) for i in found} == found
    changed = [c.id for c in session.cells if session.as_found(c.id)[0] != c.predicted]
    assert [found[i][0] for i in changed] == ["SNE"] * 3


def test_an_act_at_the_moment_of_the_end_is_on_what_the_case_holds(
    live: tuple[CaseSession, AnalysisJob],
) -> None:
    session, job = live
    waiting = []
    for event in job.events():
        if isinstance(event, CellsReproposed | Done):
            waiting.append(event)
        else:
            session.absorb(event)
    between = [c.id for c in session.cells if c.predicted == "SNE"]
    with pytest.raises(UserError, match="not done"):
        session.confirm(between)
    assert [session.cell(i).predicted for i in between] == ["LY"] * 3
    session.confirm(between[:1])
    session.relabel(between[1:2], "SNE")
    for event in waiting:
        session.absorb(event)
    assert session.decision(between[0]).final == "LY"
    assert session.decision(between[1]).status is Status.RELABELLED
    now = standing(session)
    assert reopened(session) == now


def test_evaluate_takes_the_folder_as_one_specimen_and_says_so(
    tmp_path: Path, measuring_engine: Callable[[], PlainEngine]
) -> None:
    folder = tmp_path / "labelled"
    for code, n in (("LY", 20), ("EO", 4)):
        (folder / code).mkdir(parents=True)
        for i in range(n):
            image = draw_between() if code == "LY" and i < 3 else draw_cell(code)
            cv2.imwrite(str(folder / code / f"{i}.png"), image[..., ::-1])
    results = {}
    engines = {
        "plain": plain_engine, "mixed": mixing_engine, "alike": alike_engine, "measured": measuring_engine,
    }  # fmt: skip
    for name, engine in engines.items():
        lines = evaluate_folder(
            EvaluateRequest(folder, tmp_path / name, mpp=0.107),
            token=CancelToken(), progress=lambda _: None, engine=engine,
        )  # fmt: skip
        results[name] = json.loads((tmp_path / name / "evaluation.json").read_text())
        assert any(
            "class frequencies of this specimen were used (24 nucleated cells)" in line for line in lines
        ) == (name == "mixed")
        assert any("similar cells supported" in line for line in lines) == (name == "alike")
        assert any("texture of the cells were used" in line for line in lines) == (name == "measured")
        assert results[name]["measured_cells"] == (24 if name == "measured" else 0)
    assert results["plain"]["accuracy"] == pytest.approx(21 / 24, abs=1e-4)
    assert {results[name]["accuracy"] for name in ("mixed", "alike", "measured")} == {1}
    assert results["alike"]["specimen_mix"] is results["mixed"]["look_alikes"] is None
    assert results["alike"]["look_alikes"] == {"cells": 24, "near": 0.5, "pull": 2.0, "echo": 0.3, "own": 0.1}
    assert results["plain"]["specimen_mix"] is None
    prior_shift = results["mixed"]["specimen_mix"]
    assert prior_shift["cells"] == 24
    assert set(prior_shift["weights"]) == set(CLASSES)
    table = rows(tmp_path / "mixed" / "evaluation.csv")
    weights = {r["code"]: float(r["value"]) for r in table if r["measure"] == "mix_weight"}
    assert weights == pytest.approx(prior_shift["weights"])
