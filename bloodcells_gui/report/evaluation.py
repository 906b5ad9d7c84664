"""Figures of an evaluation on a laboratory's own labelled crops, as JSON and CSV.

Labels may be partial (a set of leaves, such as NE or IG): the evaluation rolls probabilities up to the
finest rows that every label falls into, so that no label has to be guessed finer than it is.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.prior_shift import PriorShift
from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, Field
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, UserError
from bloodcells_gui.domain.flat_record import notice_of
from bloodcells_gui.domain.reader_limits import EVALUATED, ReaderMatrix
from bloodcells_gui.domain.stats import clopper_pearson, expected_calibration_error, f1_limits, risk_coverage
from bloodcells_gui.domain.taxonomy import ROLLUPS, RollUp, Row
from bloodcells_gui.report.csv_out import atomic_file, write_rows

EVALUATION_FORMAT = 1
CALIBRATION_BINS = 10
_FINEST_FIRST = ("full", "ten", "pbc8", "five")


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its exact 95 % limits; NaN where nothing was counted."""

    value: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One row of the roll-up. `support` true cells, `predicted` cells called so."""

    code: str
    name: str
    rgb: tuple[int, int, int]
    support: int
    predicted: int
    precision: Figure
    recall: Figure
    f1: Figure


@dataclass(frozen=True, slots=True)
class DataSet:
    """What was evaluated on: a name, its number of cells, and how many of each label."""

    name: str
    n: int
    classes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one evaluation.

    Attributes
    ----------
    rollup : str
        The roll-up that labels and probabilities were brought to.
    accuracy : Figure
        Best row equals the label, abstentions disregarded (as if the best class always stood).
    balanced_accuracy : float
        Mean recall over the rows that have cells.
    confusion : tuple of tuple of int
        [true][predicted] over `codes`.
    calibration : tuple of (confidence, accuracy, cells)
        Per bin of confidence that has cells.
    risk_coverage : tuple of (coverage, risk, threshold)
    abstained : int
        Cells that the model would have left Unidentified; `accuracy_kept` is over the others.
    unnamed : mapping
        Folder -> number of its images, where the folder's name is no class; no figure includes them.
    mix : PriorShift or None
        The mix of the whole folder, where the probabilities are weighed by it.
    scale_remarks : tuple of tuple of Remark
        What is to be said of the scale of the images, in English.
    reader_matrix : ReaderMatrix or None
        How the cells that were named are called, as reports count them; limits that include the reader come
        of it (`domain/reader_limits.py`).
    """

    data: tuple[DataSet, ...]
    models: Mapping[str, str]
    profile: str
    app_version: str
    created: str
    rollup: str
    n: int
    accuracy: Figure
    balanced_accuracy: float
    classes: tuple[ClassFigures, ...]
    codes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    ece: float
    calibration: tuple[tuple[float, float, int], ...]
    risk_coverage: tuple[tuple[float, float, float], ...]
    abstained: int
    accuracy_kept: Figure
    skipped: int = 0
    unnamed: Mapping[str, int] = field(default_factory=dict)
    prior_shift: PriorShift | None = None
    scale_remarks: tuple[tuple[Remark, ...], ...] = ()
    reader_matrix: ReaderMatrix | None = None
    format: int = field(default=EVALUATION_FORMAT)


def finest_rollup(labels: Sequence[tuple[str, ...]]) -> RollUp:
    """The finest roll-up in which every label lies within one row.

    Raises
    ------
    ValueError
        When there is none: some label spans rows of every roll-up.
    """
    distinct = set(labels)
    for rollup_id in _FINEST_FIRST:
        rollup = ROLLUPS[rollup_id]
        if all(any(set(label) <= set(row.leaves) for row in rollup.rows) for label in distinct):
            return rollup
    raise ValueError("a label spans several rows of every roll-up")


def _share(x: int, n: int) -> Figure:
    if n == 0:
        return Figure(math.nan, math.nan, math.nan)
    return Figure(x / n, *clopper_pearson(x, n))


def _check_sizes(n: int, scores: NDArray[np.float32], classes: int) -> None:
    if n == 0:
        raise UserError(
            "There is nothing to evaluate.",
            "No crop with a label could be read.",
            "Put crops into sub-folders named by class; skipped.csv names what was left out.",
            exit_code=EXIT_NOTHING_READABLE,
        )
    if scores.shape != (n, classes):
        raise ValueError(f"{n} labels, but scores are {scores.shape}")


def _rolled(scores: NDArray[np.float32], row_of: Sequence[int], rows: int) -> NDArray[np.float64]:
    """Sum the columns of `scores` into those of their rows: (N, K) to (N, rows)."""
    rolled = np.zeros((len(scores), rows))
    for column, row in enumerate(row_of):
        rolled[:, row] += scores[:, column]
    return rolled


def _confusion(truth: NDArray[np.intp], best: NDArray[np.intp], used: Sequence[int]) -> NDArray[np.int_]:
    """Count cells by true and best row, both numbered by their place in `used`."""
    place = {row: i for i, row in enumerate(used)}
    confusion = np.zeros((len(used), len(used)), int)
    np.add.at(confusion, ([place[t] for t in truth.tolist()], [place[b] for b in best.tolist()]), 1)
    return confusion


def _class_figures(confusion: NDArray[np.int_], rows: Sequence[Row]) -> tuple[ClassFigures, ...]:
    figures = []
    for i, row in enumerate(rows):
        tp, support, predicted = int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum())
        fp, fn = predicted - tp, support - tp
        f1 = 2 * tp / (support + predicted) if support + predicted else math.nan
        figures.append(
            ClassFigures(
                row.code, row.name, row.rgb, support, predicted, _share(tp, predicted), _share(tp, support),
                Figure(f1, *f1_limits(tp, fp, fn)),
            )
        )  # fmt: skip
    return tuple(figures)


def evaluate(
    labels: Sequence[tuple[str, ...]],
    scores: NDArray[np.float32],
    classes: Sequence[str],
    *,
    abstained: NDArray[np.bool_] | None = None,
    sets: Sequence[str] | None = None,
    label_names: Sequence[str] | None = None,
    models: Mapping[str, str] | None = None,
    profile: str = "",
    app_version: str = "",
    created: str = "",
    skipped: int = 0,
    unnamed: Mapping[str, int] | None = None,
    prior_shift: PriorShift | None = None,
    scale_remarks: Sequence[tuple[Remark, ...]] = (),
) -> Evaluation:
    """Figures of N labelled cells.

    Parameters
    ----------
    labels : sequence of tuple of str
        Leaves that each label allows.
    scores : (N, K) array
        Calibrated leaf probabilities over `classes`.
    classes : sequence of str
        Leaf codes of the columns.
    abstained : (N,) array of bool
        Cells that the model declined.
    sets, label_names : sequence of str
        Data set and label as found, per cell, for the account of the data.
    models : mapping
        Task -> "id sha256".
    unnamed : mapping, optional
        Folder -> number of its images left out because the folder names no class.
    mix : PriorShift, optional
        What `scores` were weighed by.

    Raises
    ------
    UserError
        Without a single cell.
    ValueError
        When lengths disagree, or a label spans every roll-up's rows.
    """
    n = len(labels)
    _check_sizes(n, scores, len(classes))
    rollup = finest_rollup(labels)
    row_index = {leaf: i for i, row in enumerate(rollup.rows) for leaf in row.leaves}
    rolled = _rolled(scores, [row_index[leaf] for leaf in classes], len(rollup.rows))
    truth = np.array([row_index[label[0]] for label in labels])
    named = np.array([row_index[classes[i]] for i in scores.argmax(axis=1)])
    best = rolled.argmax(axis=1)
    confidence = rolled[np.arange(n), best]
    correct = best == truth
    kept = np.ones(n, bool) if abstained is None else ~np.asarray(abstained, bool)
    used = sorted(set(truth.tolist()) | set(best.tolist()))
    confusion = _confusion(truth, best, used)
    figures = _class_figures(confusion, [rollup.rows[i] for i in used])
    return Evaluation(
        data=_data(labels, sets, label_names),
        models=dict(models or {}),
        profile=profile,
        app_version=app_version,
        created=created,
        rollup=rollup.id,
        n=n,
        accuracy=_share(int(correct.sum()), n),
        balanced_accuracy=float(np.mean([f.recall.value for f in figures if f.support])),
        classes=figures,
        codes=tuple(rollup.rows[i].code for i in used),
        confusion=tuple(tuple(int(v) for v in line) for line in confusion),
        ece=expected_calibration_error(confidence, correct),
        calibration=_calibration(confidence, correct),
        risk_coverage=tuple(risk_coverage(confidence, correct)),
        abstained=int((~kept).sum()),
        accuracy_kept=_share(int((correct & kept).sum()), int(kept.sum())),
        skipped=skipped,
        unnamed=dict(unnamed or {}),
        prior_shift=prior_shift,
        scale_remarks=tuple(scale_remarks),
        reader_matrix=named_matrix(
            rollup, truth[kept], named[kept].tolist(), dict(models or {}), profile, created[:10]
        ),
    )


def named_matrix(
    rollup: RollUp,
    truth: Sequence[int] | NDArray[np.intp],
    named: Sequence[int],
    models: Mapping[str, str],
    profile: str,
    day: str,
    *,
    origin: str = EVALUATED,
) -> ReaderMatrix:
    """The confusion matrix of cells that were named, by the row of their best leaf, as a report counts them.

    Parameters
    ----------
    truth, named : sequence of int
        Row of the roll-up that each cell belongs to, and that it was named.
    """
    used = sorted(set(map(int, truth)) | set(named))
    counts = _confusion(np.asarray(truth, np.intp), np.asarray(named, np.intp), used)
    return ReaderMatrix(
        rollup.id,
        tuple(rollup.rows[i].code for i in used),
        tuple(tuple(int(n) for n in line) for line in counts),
        tuple(sorted(models.items())),
        profile,
        origin,
        day,
    )


def _data(
    labels: Sequence[tuple[str, ...]], sets: Sequence[str] | None, names: Sequence[str] | None
) -> tuple[DataSet, ...]:
    of_set: dict[str, Counter[str]] = {}
    for i, label in enumerate(labels):
        name = names[i] if names is not None else "+".join(label)
        of_set.setdefault(sets[i] if sets is not None else "", Counter())[name] += 1
    return tuple(
        DataSet(name, sum(counts.values()), tuple(sorted(counts.items())))
        for name, counts in sorted(of_set.items())
    )


def _calibration(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_]
) -> tuple[tuple[float, float, int], ...]:
    index = np.clip(np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1, 0, CALIBRATION_BINS - 1)
    return tuple(
        (float(confidence[index == b].mean()), float(correct[index == b].mean()), int((index == b).sum()))
        for b in range(CALIBRATION_BINS)
        if (index == b).any()
    )


def to_json_obj(e: Evaluation) -> dict[str, Any]:
    """The contract's `evaluation.json`; undefined figures are null."""

    def figure(f: Figure) -> dict[str, float | None]:
        return {"value": _json(f.value), "low95": _json(f.low95), "high95": _json(f.high95)}

    return {
        "format": e.format,
        "created": e.created,
        "app_version": e.app_version,
        "data": [{"name": d.name, "n": d.n, "classes": dict(d.classes)} for d in e.data],
        "models": dict(e.models),
        "profile": e.profile,
        "specimen_mix": None
        if e.prior_shift is None or e.prior_shift.prior is None
        else {
            "cells": e.prior_shift.cells,
            "strength": e.prior_shift.prior.strength,
            "least": e.prior_shift.prior.minimum_cells,
            "weights": {code: _json(weight) for code, weight in e.prior_shift.weights.items()},
        },
        "look_alikes": None
        if e.prior_shift is None or e.prior_shift.propagation is None
        else {"cells": e.prior_shift.propagated_cells, **e.prior_shift.propagation.to_card()},
        "measured_cells": 0 if e.prior_shift is None else e.prior_shift.measured_cells,
        "taxonomy": e.rollup,
        "n": e.n,
        "skipped": e.skipped,
        "unnamed_folders": dict(e.unnamed),
        "scale_remarks": [notice_of(remarks) for remarks in e.scale_remarks],
        "accuracy": _json(e.accuracy.value),
        "accuracy_low95": _json(e.accuracy.low95),
        "accuracy_high95": _json(e.accuracy.high95),
        "balanced_accuracy": _json(e.balanced_accuracy),
        "classes": {
            c.code: {
                "name": c.name,
                "support": c.support,
                "predicted": c.predicted,
                "precision": figure(c.precision),
                "recall": figure(c.recall),
                "f1": figure(c.f1),
            }
            for c in e.classes
        },
        "confusion": {"codes": list(e.codes), "rows_true_columns_predicted": [list(r) for r in e.confusion]},
        "ece": _json(e.ece),
        "calibration": [{"confidence": _json(c), "accuracy": _json(a), "n": k} for c, a, k in e.calibration],
        "risk_coverage": [
            {"coverage": _json(c), "risk": _json(r), "threshold": _json(t)} for c, r, t in e.risk_coverage
        ],
        "abstained": e.abstained,
        "accuracy_without_abstained": figure(e.accuracy_kept),
        "limits": "exact 95 % (Clopper-Pearson); sampling error only",
        "reader_matrix": None if e.reader_matrix is None else e.reader_matrix.to_json_obj(),
    }


def _json(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def write_evaluation_json(path: Path, e: Evaluation) -> Path:
    """Atomically; OutputNotWritable when the folder does not allow it."""
    with atomic_file(path) as stream:
        stream.write(json.dumps(to_json_obj(e), indent=2, ensure_ascii=False) + "\n")
    return path


CSV_HEAD = ("measure", "code", "other", "value", "low95", "high95", "n")


def write_evaluation_csv(path: Path, e: Evaluation, dialect: CsvDialect = RFC4180) -> Path:
    """Every figure in one tidy table.

    `code` is the class (the true one for "confusion"), `other` the predicted class of a confusion, the mean
    confidence of a "calibration" bin, or the coverage of a "risk"; "mix_weight" is what the folder's own mix
    of cells weighs a leaf's probabilities by.
    """

    def of(measure: str, code: str, f: Figure, n: int) -> list[Field]:
        return [measure, code, None, _json(f.value), _json(f.low95), _json(f.high95), n]

    rows: list[list[Field]] = [
        of("accuracy", "", e.accuracy, e.n),
        of("accuracy_without_abstained", "", e.accuracy_kept, e.n - e.abstained),
        ["balanced_accuracy", "", None, _json(e.balanced_accuracy), None, None, e.n],
        ["ece", "", None, _json(e.ece), None, None, e.n],
    ]
    for c in e.classes:
        rows.append(of("precision", c.code, c.precision, c.predicted))
        rows.append(of("recall", c.code, c.recall, c.support))
        rows.append(of("f1", c.code, c.f1, c.support))
    for true, line in zip(e.codes, e.confusion, strict=True):
        rows += [
            ["confusion", true, predicted, k, None, None, sum(line)]
            for predicted, k in zip(e.codes, line, strict=True)
        ]
    for confidence, accuracy, k in e.calibration:
        rows.append(["calibration", "", _json(confidence), _json(accuracy), None, None, k])
    for coverage, risk, _ in e.risk_coverage:
        rows.append(["risk", "", _json(coverage), _json(risk), None, None, round(coverage * e.n)])
    if e.prior_shift is not None and e.prior_shift.prior is not None:
        rows += [
            ["mix_weight", c, None, _json(w), None, None, e.prior_shift.cells]
            for c, w in e.prior_shift.weights.items()
        ]
    return write_rows(path, CSV_HEAD, rows, dialect)
