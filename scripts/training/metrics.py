"""Figures with their limits: accuracy, per-class scores, calibration, risk and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bloodcells_gui.domain.stats import clopper_pearson
from scripts.training.data import FIVE, INDEX, LEAVES, PBC8


def exact_limits(hits: int, n: int) -> list[float]:
    """Exact 95 % limits of a share (Clopper and Pearson), rounded."""
    return [round(limit, 4) for limit in clopper_pearson(hits, n)]


def share(hits: int, n: int) -> dict:
    """A share with its count and exact limits."""
    return {
        "value": round(hits / n, 4) if n else None,
        "hits": int(hits),
        "n": int(n),
        "limits95": exact_limits(int(hits), int(n)),
    }


def allowed_matrix(leaves: Sequence[Sequence[str]]) -> np.ndarray:
    """(n, K) bool: which leaves each label allows."""
    out = np.zeros((len(leaves), len(LEAVES)), bool)
    for i, row in enumerate(leaves):
        out[i, [INDEX[c] for c in row]] = True
    return out


def roll(p: np.ndarray, rows: Mapping[str, Sequence[str]]) -> np.ndarray:
    """(n, R+1) summed probabilities of rows and, last, of everything else."""
    out = np.stack([p[:, [INDEX[c] for c in leaves]].sum(1) for leaves in rows.values()], 1)
    return np.hstack([out, np.maximum(0, 1 - out.sum(1, keepdims=True))])


def true_rows(leaves: Sequence[Sequence[str]], rows: Mapping[str, Sequence[str]]) -> np.ndarray:
    """(n,) row of each label, -1 where the roll-up has none."""
    names = list(rows.values())
    return np.array([next((k for k, r in enumerate(names) if set(x) <= set(r)), -1) for x in leaves])


def confusion_scores(truth: np.ndarray, found: np.ndarray, names: Sequence[str], seed: int = 0) -> dict:
    """Accuracy, balanced accuracy (classes of 5 cells or more; bootstrap limits) and per-class precision, recall, F1 of known truths."""
    keep = truth >= 0
    truth, found = truth[keep], found[keep]
    present = [k for k in range(len(names)) if (truth == k).any()]
    # A class of one to four cells would rule the mean of the recalls; its own row tells about it.
    present = [k for k in present if (truth == k).sum() >= 5] or present
    recalls = [float((found[truth == k] == k).mean()) for k in present]
    rng = np.random.default_rng(seed)
    boot = []
    for _ in range(400):
        boot.append(
            np.mean(
                [
                    rng.binomial(n := int((truth == k).sum()), r) / n
                    for k, r in zip(present, recalls, strict=True)
                ]
            )
        )
    per_class = {}
    for k in [k for k in range(len(names)) if (truth == k).any()]:
        hit = int(((truth == k) & (found == k)).sum())
        said, real = int((found == k).sum()), int((truth == k).sum())
        precision, recall = hit / said if said else 0.0, hit / real
        per_class[names[k]] = {
            "n": real, "precision": round(precision, 4), "recall": round(recall, 4), "recall95": exact_limits(hit, real),
            "f1": round(2 * precision * recall / (precision + recall), 4) if hit else 0.0,
        }  # fmt: skip
    matrix = np.zeros((len(names), len(names) + 1), int)
    np.add.at(matrix, (truth, found), 1)
    return {
        "accuracy": share(int((truth == found).sum()), len(truth)),
        "balanced_accuracy": {
            "value": round(float(np.mean(recalls)), 4),
            "limits95": [round(float(v), 4) for v in np.percentile(boot, [2.5, 97.5])],
        },
        "per_class": per_class,
        "confusion": {
            "rows_true": list(names),
            "columns_found": [*names, "other"],
            "counts": matrix.tolist(),
        },
    }


def ece(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error over equal-width bins of confidence."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(confidence[which == b].mean() - right[which == b].mean()) * (which == b).mean()
            for b in range(bins)
            if (which == b).any()
        )
    )


def risk_coverage(uncertainty: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Accuracy of the least doubtful share of cells, for several shares referred."""
    order = np.argsort(uncertainty, kind="stable")
    sorted_right = right[order]
    return {
        f"{r:.2f}": round(float(sorted_right[: max(1, round(len(right) * (1 - r)))].mean()), 4)
        for r in (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
    }


def judge(
    p: np.ndarray, leaves: Sequence[Sequence[str]], uncertainty: np.ndarray, abstained: np.ndarray
) -> dict:
    """All figures of one set from calibrated probabilities (n, K) and labels as allowed leaves."""
    allowed = allowed_matrix(leaves)
    best = p.argmax(1)
    right = allowed[np.arange(len(p)), best]
    five, eight = true_rows(leaves, FIVE), true_rows(leaves, PBC8)
    found5, found8 = roll(p, FIVE), roll(p, PBC8)
    single = np.array([INDEX[x[0]] if len(x) == 1 else -1 for x in leaves])
    is_five = five >= 0
    out = {
        "n": len(p),
        "leaf_or_partial": share(int(right.sum()), len(p)),
        "fine": confusion_scores(single, best, LEAVES) if (single >= 0).any() else None,
        "five": confusion_scores(five, found5.argmax(1), list(FIVE)) if is_five.any() else None,
        "eight": confusion_scores(eight, found8.argmax(1), list(PBC8)) if (eight >= 0).any() else None,
        "ece_leaf": round(ece(p.max(1), right), 4),
        "referred": share(int(abstained.sum()), len(p)),
        "accuracy_of_kept": share(int((right & ~abstained).sum()), int((~abstained).sum())),
        "risk_coverage_leaf": risk_coverage(uncertainty, right),
    }
    if is_five.any():
        hit5 = (found5.argmax(1) == five)[is_five]
        out["ece_five"] = round(ece(found5[is_five].max(1), hit5), 4)
        out["risk_coverage_five"] = risk_coverage(uncertainty[is_five], hit5)
    known8 = eight >= 0
    if known8.any():
        hit8 = (found8.argmax(1) == eight)[known8]
        out["ece_eight"] = round(ece(found8[known8].max(1), hit8), 4)
        out["risk_coverage_eight"] = risk_coverage(uncertainty[known8], hit8)
    for code in ("BL", "SMU", "ART"):
        mine = single == INDEX[code]
        if mine.any():
            out[f"{code}_sensitivity"] = share(int((best[mine] == INDEX[code]).sum()), int(mine.sum()))
        rest = ~allowed[:, INDEX[code]]
        out[f"{code}_specificity"] = share(int((best[rest] != INDEX[code]).sum()), int(rest.sum()))
    return out
