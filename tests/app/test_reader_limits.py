"""Limits that include the reader, from the laboratory's own evaluation or its profile to the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all, report_again
from bloodcells_gui.app.evaluate import EvaluateRequest, evaluate_folder
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.reader_limits import matrix_of_evaluation, matrix_of_profile, reader_remark
from bloodcells_gui.app.signing import amend, sign
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.reader_limits import CROSS_VALIDATED, EVALUATED, ReaderMatrix
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.inference.calibration import Profile, fit_profile
from bloodcells_gui.report.model import from_json, to_json
from bloodcells_gui.storage.calibration_profiles import CalibrationProfileStore
from tests.support.doubles import draw_cell, plain_engine
from tests.support.pdf_text import needs_poppler, text_of
from tests.support.workbench_window import CODES, MODEL, a_case, a_workspace


def put_cells(folder: Path, code: str, n: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(n):
        picture = draw_cell(code).copy()
        picture[0, 0] = i  # no two files show the same pixels
        cv2.imwrite(str(folder / f"{code} {i}.png"), picture[..., ::-1])


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    for code in ("LY", "EO"):
        put_cells(folder / "in" / code, code, 25)
    request = EvaluateRequest(folder / "in", folder / "out", mpp=0.107, threads=2)
    evaluate_folder(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)
    return folder / "out" / "evaluation.json"


def analyze(folder: Path, out: Path, reader_limits: str) -> None:
    request = AnalyzeRequest((folder,), out, mpp=0.107, threads=2, reader_limits=reader_limits)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)
    assert outcome.error is None


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["code"]: row for row in csv.DictReader(stream)}


@needs_poppler
def test_from_an_evaluation_to_the_report(evaluation: Path, tmp_path: Path) -> None:
    matrix = matrix_of_evaluation(evaluation)
    assert (matrix.origin, matrix.rollup, matrix.cells) == (EVALUATED, "full", 50)
    for code, n in (("LY", 12), ("EO", 4)):
        put_cells(tmp_path / "film", code, n)
    analyze(tmp_path / "film", tmp_path / "out", str(evaluation))
    table = rows(tmp_path / "out" / "reader_limits.csv")
    assert list(table["LY"]) == ["code", "name", "count", "percent", "per_100_wbc", "low95", "high95"]
    assert table["LY"]["count"] == "12"
    plain = rows(tmp_path / "out" / "differential.csv")["EO"]
    assert float(table["EO"]["high95"]) > float(plain["percent"])
    assert float(table["EO"]["low95"]) < float(plain["percent"])
    text = text_of((tmp_path / "out" / "report.pdf").read_bytes(), tmp_path)
    assert "Limits that include the reader" in text
    assert "Confusion matrix: evaluation of" in text
    again = report_again(
        tmp_path / "out" / "case.bcs", tmp_path / "again", taxonomy="full", paper=None, lang="fr",
        save_masks=False,
    )  # fmt: skip
    assert "reader_limits.csv" not in {file.name for file in again}  # off unless it is asked for


def test_another_model_is_refused_before_any_work(evaluation: Path, tmp_path: Path) -> None:
    put_cells(tmp_path / "film", "LY", 2)
    obj = json.loads(evaluation.read_text(encoding="utf-8"))
    obj["reader_matrix"]["models"]["classify"] = "other " + "9" * 64
    changed = tmp_path / "evaluation.json"
    changed.write_text(json.dumps(obj), encoding="utf-8")
    with pytest.raises(UserError, match="other 999999999999") as caught:
        analyze(tmp_path / "film", tmp_path / "out", str(changed))
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out" / "case.bcs").exists()


def test_a_report_of_a_case_that_other_models_made_is_refused_and_not_written(
    evaluation: Path, tmp_path: Path
) -> None:
    put_cells(tmp_path / "film", "LY", 2)
    analyze(tmp_path / "film", tmp_path / "out", "")
    obj = json.loads(evaluation.read_text(encoding="utf-8"))
    obj["reader_matrix"]["models"]["classify"] = "other " + "9" * 64
    changed = tmp_path / "evaluation.json"
    changed.write_text(json.dumps(obj), encoding="utf-8")
    case, again = tmp_path / "out" / "case.bcs", tmp_path / "again"
    with pytest.raises(UserError, match="other 999999999999") as caught:
        report_again(
            case, again, taxonomy="full", paper=None, lang="en", save_masks=False, reader_limits=str(changed)
        )
    assert caught.value.exit_code == 2
    assert not list(again.glob("*.pdf"))


def test_a_signed_report_takes_no_other_limits(evaluation: Path, tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    path = a_case(tmp_path / "case.bcs", 6)
    session = workspace.open_case(path)
    session.confirm([c.id for c in session.cells if session.decision(c.id).final])
    session.exclude([c.id for c in session.cells if not session.decision(c.id).final], "unclear")
    sign(session, "A. Technician", "Reviewed and reported", "As it is.")
    session.close()
    with pytest.raises(UserError, match="stays as it was signed"):
        report_again(
            path, tmp_path / "again", taxonomy="full", paper=None, lang="en", save_masks=False,
            reader_limits=str(evaluation),
        )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"reader_matrix": null}', '{"reader_matrix": {}}', "[" * 9**5]
)
def test_what_is_no_evaluation_of_this_version_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="no confusion matrix"):
        matrix_of_evaluation(path)
    with pytest.raises(UserError, match="cannot be read"):
        matrix_of_evaluation(tmp_path / "gone.json")


def test_a_profile_brings_its_cross_validated_matrix(tmp_path: Path) -> None:
    engine = plain_engine()
    classes = engine.classifier.classes
    rng = np.random.default_rng(2)
    labels = [classes[i % 2] for i in range(120)]
    embeddings = np.array([[4.0 * (label == classes[0])] * 6 for label in labels]) + rng.normal(
        0, 1, (120, 6)
    )
    profile = fit_profile(
        embeddings.astype(np.float32), labels, classes=classes,
        head=(np.zeros((len(classes), 6), np.float32), np.zeros(len(classes), np.float32)),
        bundle_sha256=engine.bundles["classify"].sha256, name="ours", created="2026-11-29T10:00:00Z",
    )  # fmt: skip
    assert Profile.from_json(json.loads(json.dumps(profile.to_json()))).held_out == profile.held_out
    store = CalibrationProfileStore(tmp_path / "profiles")
    store.save(profile.to_json())
    matrix = matrix_of_profile(engine, "ours", store)
    assert (matrix.origin, matrix.profile, matrix.day) == (CROSS_VALIDATED, "ours v1", "2026-11-29")
    assert 100 <= matrix.cells <= 120  # the uncertain ones would wait for a person
    with pytest.raises(UserError, match="No calibration profile is in use"):
        matrix_of_profile(engine, "", store)
    old = profile.to_json()
    del old["held_out"]
    store.save({**old, "name": "old"})
    with pytest.raises(UserError, match="no confusion matrix"):
        matrix_of_profile(engine, "old", store)


def test_the_signed_report_keeps_what_it_was_signed_with(tmp_path: Path) -> None:
    """Also after the laboratory has another matrix, or none."""
    n = len(CODES)
    counts = tuple(tuple(40 * (i == j) for j in range(n)) for i in range(n))
    matrix = ReaderMatrix("full", CODES, counts, (("classify", MODEL),), day="2026-11-29")
    workspace = a_workspace(tmp_path)
    workspace.save_settings(LabSettings(reader_matrix=matrix))
    session = workspace.open_case(a_case(tmp_path / "case.bcs", 60))
    (remark,) = reader_remark(session.settings)
    assert "by the confusion matrix of 2026-11-29" in remark_text(remark)
    assert "du 29/11/2026" in remark_text(remark, "fr")
    before = report_model(session, ExportOptions()).reader
    assert before is not None
    assert before.decided == 0
    assert before.rows
    cell = next(c for c in session.cells if session.decision(c.id).final)
    session.confirm((cell.id,))
    model = report_model(session, ExportOptions())
    assert model.reader is not None
    assert (model.reader.decided, model.reader.proposed) == (1, before.proposed - 1)
    assert from_json(to_json(model)).reader == model.reader
    session.confirm([c.id for c in session.cells if session.decision(c.id).final not in ("LY", "SNE")])
    model = report_model(session, ExportOptions())
    sign(session, "A. Technician", "Reviewed and reported", "As it is.")
    workspace.save_settings(LabSettings())
    assert reader_remark(session.settings) == ()
    assert report_model(session, ExportOptions()).reader == model.reader
    amend(session, "A. Technician", "Once more.")
    assert b'"reader"' not in report_model(session, ExportOptions()).canonical()
    session.close()
