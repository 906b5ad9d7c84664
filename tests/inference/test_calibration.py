from __future__ import annotations

import json
import time

import numpy as np
import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.inference import calibration
from bloodcells_gui.inference.calibration import Profile, fit_profile

CLASSES = ("SNE", "BNE", "LY", "MO", "EO", "BA")
D = 40


def laboratory(n: int, shift: float, seed: int = 0) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray]:
    """Embeddings of cells whose colours moved, their labels, and a head that was right before they moved."""
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(9).normal(0, 1, (len(CLASSES), D))
    bias_of_lab = np.random.default_rng(8).normal(0, shift, D)
    rotation = np.eye(D) + np.random.default_rng(7).normal(0, shift / 4, (D, D))
    rows = rng.integers(0, len(CLASSES), n)
    x = (means[rows] + rng.normal(0, 0.8, (n, D))) @ rotation + bias_of_lab
    w = means * 2
    return (
        x.astype(np.float32),
        [CLASSES[r] for r in rows],
        w.astype(np.float32),
        -(means**2).sum(1).astype(np.float32),
    )


def fit(n: int = 100, shift: float = 1.2, **kwargs: object) -> Profile:
    x, labels, w, b = laboratory(n, shift)
    return fit_profile(
        x,
        labels,
        classes=CLASSES,
        head=(w, b),
        bundle_sha256="a" * 64,
        name="lab",
        created="2026-01-01T00:00:00Z",
        **kwargs,
    )  # type: ignore[arg-type]


def test_a_hundred_cells_help_a_laboratory_that_lies_off() -> None:
    profile = fit()
    x, labels, w, b = laboratory(400, 1.2, seed=5)
    truth = np.array([CLASSES.index(c) for c in labels])
    before = ((x @ w.T + b).argmax(1) == truth).mean()
    after = (profile.logits(x).argmax(1) == truth).mean()
    assert after > before + 0.1
    assert after > 0.9
    assert profile.before.accuracy == pytest.approx(before, abs=0.15)
    assert profile.after.accuracy == pytest.approx(after, abs=0.1)
    assert profile.after.log_loss < profile.before.log_loss


def test_cells_that_need_no_help_are_left_about_as_good() -> None:
    profile = fit(60, 0.0)
    assert profile.after.right >= profile.before.right - 2


def test_it_takes_less_than_five_seconds_at_full_size() -> None:
    rng = np.random.default_rng(0)
    x = np.maximum(rng.normal(0.4, 0.3, (100, 320)), 0).astype(np.float32)
    classes = ("SNE", "BNE", "MMY", "MY", "PMY", "BL", "EO", "BA", "LY", "MO", "ERB", "PLT", "SMU", "ART")
    labels = [classes[i % 7] for i in range(100)]
    head = (rng.normal(0, 0.3, (14, 320)).astype(np.float32), np.zeros(14, np.float32))
    start = time.process_time()
    fit_profile(x, labels, classes=classes, head=head, bundle_sha256="b", name="n", created="")
    assert time.process_time() - start < 5


def test_whitening_evens_the_spread_within_labels_and_can_be_undone() -> None:
    x, labels, _, _ = laboratory(200, 1.0)
    inside = (x - x.mean(axis=0)).astype(np.float64)
    inside[:, 0] *= 20  # brightness, say, that moves every cell more than its kind does
    white, to_x, from_x = calibration._whitened(inside, labels, D)  # noqa: SLF001  # a formula of its own
    np.testing.assert_allclose(white @ from_x, inside, atol=1e-8)
    np.testing.assert_allclose(inside @ to_x, white, atol=1e-8)
    assert (white**2).mean() == pytest.approx(1)

    def unevenness(cells: np.ndarray) -> float:
        names = np.array(labels)
        within = np.concatenate([cells[names == c] - cells[names == c].mean(axis=0) for c in CLASSES])
        values = np.linalg.eigvalsh(within.T @ within)
        return float(values[-1] / values.mean())

    assert unevenness(white) < unevenness(inside) / 3


def test_without_any_evidence_the_head_is_the_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_fit", lambda x, allowed, importance, prior, strength: prior)
    profile = fit(60)
    _, _, w, b = laboratory(1, 1.2)
    x, _, _, _ = laboratory(20, 1.2, seed=2)
    bundles = x @ w.T + b
    # Softened or not, every logit in proportion.
    ratio = (profile.logits(x) / bundles).ravel()
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_partial_labels_count_for_any_of_their_leaves() -> None:
    x, labels, w, b = laboratory(80, 1.0)
    partial = ["NE" if c in ("SNE", "BNE") else c for c in labels]
    profile = fit_profile(x, partial, classes=CLASSES, head=(w, b), bundle_sha256="a", name="p", created="")
    assert profile.cells["NE"] == sum(c in ("SNE", "BNE") for c in labels)
    assert profile.after.accuracy > 0.85


def test_it_survives_json_and_is_deterministic() -> None:
    profile = fit()
    again = Profile.from_json(json.loads(json.dumps(profile.to_json())))
    np.testing.assert_array_equal(again.weights, profile.weights)
    assert again.after == profile.after
    assert again.to_json() == fit().to_json()


def test_far_laboratories_widen_the_distance() -> None:
    assert fit(distances=np.full(100, 2.5, np.float32)).distance_scale == pytest.approx(2.5)
    assert fit(distances=np.full(100, 0.4, np.float32)).distance_scale == 1.0


@pytest.mark.parametrize("labels", [["SNE"] * 40, ["SNE", "LY"], ["XYZ"] * 40])
def test_too_little_to_learn_from_is_said(labels: list[str]) -> None:
    with pytest.raises(UserError, match="too few"):
        fit_profile(
            np.zeros((len(labels), D), np.float32), labels, classes=CLASSES,
            head=(np.zeros((6, D), np.float32), np.zeros(6, np.float32)), bundle_sha256="", name="",
            created="",
        )  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 9},
        {"shape": [6, 41]},
        {"weights": "@@"},
        {"temperature": 0},
        {"before": {}},
        {"bias": None},
    ],
)
def test_a_damaged_profile_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        Profile.from_json({**fit(40).to_json(), **damage})
