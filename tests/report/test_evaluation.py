"""Evaluation against figures worked out by hand and by scikit-learn, with full and partial labels."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift
from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.report.evaluation import (
    Evaluation,
    evaluate,
    finest_rollup,
    to_json_obj,
    write_evaluation_csv,
    write_evaluation_json,
)
from bloodcells_gui.report.pdf_evaluation import write_evaluation_pdf
from tests.support.report_case import CLASSES, FONTS


def scores_for(*leaves: str, p: float = 0.9) -> np.ndarray:
    out = np.full((len(leaves), len(CLASSES)), (1 - p) / (len(CLASSES) - 1), np.float32)
    for i, leaf in enumerate(leaves):
        out[i, CLASSES.index(leaf)] = p
    return out


def random_case(n: int = 300) -> tuple[list[tuple[str, ...]], np.ndarray]:
    rng = np.random.default_rng(5)
    labels, rows = [], []
    for _ in range(n):
        label = leaves_of(
            str(rng.choice(["neutrophil", "ig", "lymphocyte", "monocyte", "BL", "erythroblast"]))
        )
        a = rng.gamma(0.3, size=len(CLASSES))
        a[CLASSES.index(label[0])] += rng.gamma(1.0)
        labels.append(label)
        rows.append(a / a.sum())
    return labels, np.array(rows, np.float32)


def test_partial_labels_are_judged_by_the_sum_of_their_leaves() -> None:
    scores = np.zeros((1, len(CLASSES)), np.float32)
    scores[0, [CLASSES.index("SNE"), CLASSES.index("BNE"), CLASSES.index("LY")]] = 0.3, 0.3, 0.4
    e = evaluate([leaves_of("neutrophil")], scores, CLASSES)
    assert e.rollup == "ten"
    assert e.accuracy.value == 1.0
    fine = evaluate([("SNE",)], scores, CLASSES)
    assert fine.rollup == "full"
    assert fine.accuracy.value == 0.0


@pytest.mark.parametrize(
    ("labels", "rollup"),
    [
        (["SNE", "LY"], "full"),
        (["SNE", "NE"], "ten"),
        (["ig", "blast"], "ten"),
        (["neutrophil", "smudge"], "ten"),
    ],
)
def test_the_roll_up_is_the_finest_that_the_labels_allow(labels: list[str], rollup: str) -> None:
    assert finest_rollup([leaves_of(name) for name in labels]).id == rollup


def test_figures_equal_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = random_case()
    e = evaluate(labels, scores, CLASSES)
    rows = {
        leaf: c
        for c, leaves in {
            "NEUTROPHIL": ("SNE", "BNE"),
            "IG": ("MMY", "MY", "PMY"),
            "LYMPHOCYTE": ("LY",),
            "MONOCYTE": ("MO",),
            "BLAST": ("BL",),
            "ERYTHROBLAST": ("ERB",),
            "EOSINOPHIL": ("EO",),
            "BASOPHIL": ("BA",),
            "PLATELET": ("PLT",),
            "OTHER_OUTSIDE": ("ART",),
        }.items()
        for leaf in leaves
    }
    codes = sorted(set(rows.values()))
    rolled = np.array(
        [
            [scores[i, [k for k, c in enumerate(CLASSES) if rows[c] == code]].sum() for code in codes]
            for i in range(len(labels))
        ]
    )
    truth = [rows[label[0]] for label in labels]
    best = [codes[k] for k in rolled.argmax(axis=1)]
    assert e.accuracy.value == pytest.approx(metrics.accuracy_score(truth, best))
    assert (e.accuracy.low95, e.accuracy.high95) == clopper_pearson(round(e.accuracy.value * e.n), e.n)
    with_support = sorted(set(truth))
    p, r, f, s = metrics.precision_recall_fscore_support(truth, best, labels=with_support)
    for code, *want in zip(with_support, p, r, f, s, strict=True):
        c = next(c for c in e.classes if c.code == code)
        assert (c.precision.value, c.recall.value, c.f1.value, c.support) == pytest.approx(tuple(want))
        assert c.f1.low95 <= c.f1.value <= c.f1.high95
    assert e.balanced_accuracy == pytest.approx(np.mean(r))
    assert np.array_equal(np.array(e.confusion), metrics.confusion_matrix(truth, best, labels=list(e.codes)))


def test_abstentions_are_told_and_left_out_of_the_second_accuracy() -> None:
    e = evaluate(
        [("LY",)] * 4, scores_for("LY", "LY", "MO", "MO"), CLASSES, abstained=np.array([0, 0, 1, 0], bool)
    )
    assert (e.accuracy.value, e.abstained, e.accuracy_kept.value) == (0.5, 1, pytest.approx(2 / 3))


def test_risk_and_calibration_are_those_of_the_rolled_up_confidence() -> None:
    scores = np.vstack([scores_for("LY", p=0.95), scores_for("MO", p=0.55)])
    e = evaluate([("LY",), ("LY",)], scores, CLASSES)
    assert e.risk_coverage[0][:2] == (0.5, 0.0)
    assert e.risk_coverage[-1][:2] == (1.0, 0.5)
    assert e.ece == pytest.approx((0.05 + 0.55) / 2, abs=1e-6)
    assert [k for _, _, k in e.calibration] == [1, 1]


def test_nothing_to_evaluate_is_told_in_words() -> None:
    with pytest.raises(UserError) as caught:
        evaluate([], np.zeros((0, len(CLASSES)), np.float32), CLASSES)
    assert caught.value.exit_code == 3
    with pytest.raises(ValueError, match="labels"):
        evaluate([("LY",)], np.zeros((2, len(CLASSES)), np.float32), CLASSES)


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    labels, scores = random_case()
    return evaluate(
        labels,
        scores,
        CLASSES,
        models={"classify": "lite0 " + "ab" * 32},
        app_version="0.1.0",
        created="2026-03-02T10:00:00Z",
        abstained=scores.max(axis=1) < 0.4,
        skipped=3,
    )


def test_json_has_what_the_contract_names(evaluation: Evaluation, tmp_path: Path) -> None:
    obj = json.loads(write_evaluation_json(tmp_path / "evaluation.json", evaluation).read_text("utf-8"))
    assert {
        "data",
        "models",
        "profile",
        "accuracy",
        "balanced_accuracy",
        "classes",
        "confusion",
        "ece",
        "risk_coverage",
    } <= set(obj)
    assert obj["data"][0]["n"] == obj["n"] == 300
    assert sum(obj["data"][0]["classes"].values()) == 300
    some = obj["classes"]["NEUTROPHIL"]
    assert {"precision", "recall", "f1", "support"} <= set(some)
    assert set(some["recall"]) == {"value", "low95", "high95"}
    assert obj == to_json_obj(evaluation)


def test_csv_shows_the_same(evaluation: Evaluation, tmp_path: Path) -> None:
    path = write_evaluation_csv(tmp_path / "evaluation.csv", evaluation)
    with path.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    accuracy = next(r for r in rows if r["measure"] == "accuracy")
    assert float(accuracy["value"]) == pytest.approx(evaluation.accuracy.value, abs=1e-6)
    assert sum(int(r["value"]) for r in rows if r["measure"] == "confusion") == evaluation.n
    assert {r["code"] for r in rows if r["measure"] == "recall"} == set(evaluation.codes)


@pytest.mark.parametrize(("paper", "lang"), [("a4", "en"), ("letter", "fr")])
def test_pdf_holds_the_plots(evaluation: Evaluation, tmp_path: Path, paper: str, lang: str) -> None:
    path = write_evaluation_pdf(evaluation, tmp_path / "e.pdf", fonts_dir=FONTS, paper=paper, lang=lang)
    assert path.read_bytes().startswith(b"%PDF-1.7")
    single = evaluate([("LY",)], scores_for("LY"), CLASSES)
    write_evaluation_pdf(single, tmp_path / "one.pdf", fonts_dir=FONTS)


def test_the_mix_of_the_folder_stands_in_every_form(tmp_path: Path) -> None:
    prior_shift = PriorShift({"LY": 2.5, "MO": 0.4}, 12, ClassPrior(0.1, 15), 0.4)
    with_mix = evaluate([("LY",)], scores_for("LY"), CLASSES, prior_shift=prior_shift)
    assert to_json_obj(with_mix)["specimen_mix"] == {
        "cells": 12, "strength": 0.1, "least": 15, "weights": {"LY": 2.5, "MO": 0.4},
    }  # fmt: skip
    write_evaluation_csv(tmp_path / "e.csv", with_mix)
    table = list(csv.DictReader((tmp_path / "e.csv").read_text("utf-8").splitlines()))
    assert [(r["code"], r["value"], r["n"]) for r in table if r["measure"] == "mix_weight"] == [
        ("LY", "2.5", "12"),
        ("MO", "0.4", "12"),
    ]
    plain = write_evaluation_pdf(
        evaluate([("LY",)], scores_for("LY"), CLASSES), tmp_path / "a.pdf", fonts_dir=FONTS
    )
    told = write_evaluation_pdf(with_mix, tmp_path / "b.pdf", fonts_dir=FONTS)
    assert told.stat().st_size > plain.stat().st_size
