"""Splits and manifests of the training scripts; no images needed."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.adaptation.label_propagation import PropagationSettings
from bloodcells_gui.adaptation.morphometry import COLUMNS, FEATURES, MorphometryModel
from bloodcells_gui.adaptation.prior_shift import ClassPrior
from bloodcells_gui.adaptation.reproposal import adapt_proposals, coarse_rows, confidence
from bloodcells_gui.app.specimen_adaptation import adapt_specimen
from scripts.training.data import LEAVES, known_copies, leukocyte_labels, load_items, merge_groups, split_of
from scripts.training.metrics import confusion_scores, ece, exact_limits, judge, risk_coverage
from scripts.training.morphometry_fit import coarse_rows_of, fit_classes
from scripts.training.prior_shift import FREE, Site, fit, scores, shifted
from scripts.training.retrain import STAGES, arguments, commands, label_of, write_manifest
from scripts.training.uncertainty_fit import (
    CLASS_PRIOR,
    FORMER_PROPAGATION,
    adapted_probabilities,
    methods_with,
)
from scripts.training.views import OTHER_SITE, SITE_SHARES, sampling_weights
from tests.support.measured_cells import five_classes, measurements_of


def test_identical_files_in_two_groups_become_one_group() -> None:
    rows = [{"path": p, "group": g} for p, g in (("a", "1"), ("b", "2"), ("c", "3"), ("d", "3"), ("e", "4"))]
    groups = merge_groups(rows, {"a": "x", "b": "x", "c": "y", "d": "z", "e": "z"})
    assert groups["a"] == groups["b"]
    assert groups["c"] == groups["d"] == groups["e"]
    assert groups["a"] != groups["c"]


def test_known_copies_join_their_groups() -> None:
    rows = [{"path": p, "group": g} for p, g in [("a", "g2"), ("b", "g2"), ("c", "g1"), ("d", "g3")]]
    hashes = {p: p for p in "abcd"}
    groups = merge_groups(rows, hashes, [("b", "c"), ("d", "not here")])
    assert groups["a"] == groups["b"] == groups["c"] != groups["d"]


def test_labels_given_by_hand_are_well_formed() -> None:
    labels = leukocyte_labels()
    assert set(labels.values()) == {"NE", "LY", "EO", "MO"}
    of = Counter(path.split("/")[0] for path, _ in labels)
    assert of == {"txl_pbc": 242, "deepbionet": 146}
    assert all(path.split("/")[1] == "images" and box >= 0 for path, box in labels)
    copies = known_copies()
    assert len(copies) == 103 + 55
    assert all(a != b for a, b in copies)


def test_splits_are_stable_and_about_a_fifth() -> None:
    splits = [split_of(f"group {i}") for i in range(5000)]
    assert splits == [split_of(f"group {i}") for i in range(5000)]
    assert splits.count("test") / 5000 == pytest.approx(0.2, abs=0.02)
    assert splits.count("val") / 5000 == pytest.approx(0.1, abs=0.02)


@pytest.mark.realdata
def test_no_duplicate_group_and_no_identical_file_lies_on_two_sides(real_data: Path, tmp_path: Path) -> None:
    items = load_items(real_data)
    sides: dict[str, set[str]] = {}
    for item in items:
        sides.setdefault(item.group, set()).add(item.split)
    assert all(len(s) == 1 for s in sides.values())
    assert all(i.split == "test" for i in items if i.use != "train+ship")
    assert {c for i in items for c in i.leaves} <= set(LEAVES)


def test_a_folder_per_site_becomes_a_manifest(tmp_path: Path) -> None:
    for name in (
        "lab/LY/a.png",
        "lab/neutrophil/b.png",
        "lab/neutrophil/c.png",
        "lab/unicorn/d.png",
        "lab/LY/n.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"same" if name[-5] in "bc" else name.encode())
    assert write_manifest(tmp_path, {"lab": 0.1}) == 3
    with (tmp_path / "manifest.csv").open() as handle:
        rows = {r["path"]: r for r in csv.DictReader(handle)}
    assert rows["lab/LY/a.png"]["label"] == "LY"
    assert rows["lab/neutrophil/b.png"]["label"] == "NE"
    assert rows["lab/neutrophil/b.png"]["group"] == rows["lab/neutrophil/c.png"]["group"]
    with pytest.raises(SystemExit):
        write_manifest(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "label"), [("IG", "IG"), ("eosinophils", "EO"), ("BL", "BL"), ("PC", None), ("x", None)]
)
def test_class_folders(name: str, label: str | None) -> None:
    assert label_of(name) == label


def test_exact_limits_agree_with_the_published_table() -> None:
    assert exact_limits(5, 100) == pytest.approx([0.016, 0.113], abs=6e-4)
    assert exact_limits(0, 100) == pytest.approx([0, 0.036], abs=6e-4)


def test_calibration_error_and_risk_coverage() -> None:
    assert ece(np.full(100, 0.75), np.arange(100) < 75) == pytest.approx(0, abs=1e-6)
    assert ece(np.full(100, 0.95), np.arange(100) < 75) == pytest.approx(0.2, abs=1e-6)
    assert risk_coverage(np.arange(10.0), np.arange(10) < 9)["0.10"] == 1.0


def test_partial_labels_are_right_for_each_of_their_leaves() -> None:
    p = np.zeros((3, len(LEAVES)))
    p[0, LEAVES.index("SNE")] = p[1, LEAVES.index("BNE")] = p[2, LEAVES.index("LY")] = 1
    figures = judge(p, [("SNE", "BNE")] * 3, np.zeros(3), np.zeros(3, bool))
    assert figures["leaf_or_partial"]["hits"] == 2
    assert figures["fine"] is None
    assert figures["five"]["accuracy"]["hits"] == 2


def test_a_single_cell_does_not_rule_the_balanced_accuracy() -> None:
    truth, found = np.array([0] * 10 + [1]), np.array([0] * 9 + [1, 0])
    scores = confusion_scores(truth, found, ["a", "b"])
    assert scores["balanced_accuracy"]["value"] == pytest.approx(0.9)
    assert scores["per_class"]["b"]["recall"] == 0


def test_confusion_scores_count_by_class() -> None:
    found = confusion_scores(np.array([0, 0, 1, -1]), np.array([0, 1, 1, 0]), ["a", "b"])
    assert found["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["balanced_accuracy"]["value"] == pytest.approx(0.75)
    assert found["confusion"]["counts"] == [[1, 1, 0], [0, 1, 0]]


def test_a_large_site_does_not_fill_the_batches() -> None:
    keys = [("pbc", "LY")] * 900 + [("pbc", "MO")] * 100 + [("berlin", "LY")] * 10 + [("made>pbc", "BL")] * 40
    weights = sampling_weights(keys)
    share = {k: weights[[i for i, other in enumerate(keys) if other == k]].sum() for k in set(keys)}
    total = SITE_SHARES["pbc"] + OTHER_SITE + SITE_SHARES["made"]
    assert share["berlin", "LY"] == pytest.approx(OTHER_SITE / total)
    assert share["made>pbc", "BL"] == pytest.approx(SITE_SHARES["made"] / total)
    assert share["pbc", "LY"] / share["pbc", "MO"] == pytest.approx(3.0)  # the root of nine times as many
    assert weights.sum() == pytest.approx(1.0)


def test_the_prior_shift_brings_back_what_was_pushed_away(tmp_path: Path) -> None:
    """Logits that know every cell, with lymphocytes and monocytes pushed down: the fit undoes it."""
    rng = np.random.default_rng(1)
    leaves = np.repeat([LEAVES.index(x) for x in ("SNE", "LY", "MO", "EO", "BA", "PLT")], 60)
    logits = rng.normal(0, 0.6, (len(leaves), len(LEAVES))).astype(np.float32)
    logits[np.arange(len(leaves)), leaves] += 3.5
    logits[:, [LEAVES.index("LY"), LEAVES.index("MO")]] -= 2.5
    allowed = np.zeros_like(logits, bool)
    allowed[np.arange(len(leaves)), leaves] = True
    coordinates = rng.normal(size=(len(leaves), 8)).astype(np.float16)
    measurements = np.full((len(leaves), len(COLUMNS)), np.nan, np.float32)
    kept = {"logits": logits, "allowed": allowed, "coordinates": coordinates, "measurements": measurements}
    np.savez(tmp_path / "away.npz", **kept)
    site = Site.load(tmp_path / "away.npz", methods_with(None))
    assert len(site.truth) == 300  # platelets are outside the five rows
    start = np.zeros(len(FREE))
    found = fit([site], start)
    assert found[1] > 1
    assert found[2] > 1
    before, after = scores(site, shifted(start), whole=False), scores(site, shifted(found), whole=False)
    assert after[1] > before[1] + 0.2


def test_what_the_doubt_is_fitted_on_is_what_the_program_serves() -> None:
    rng = np.random.default_rng(2)
    kinds = rng.integers(0, 4, 200)
    at = (rng.normal(0, 0.5, (200, 6)) + 2 * np.eye(6)[kinds]).astype(np.float32)
    p = rng.dirichlet(np.full(len(LEAVES), 0.3), 200).astype(np.float32)
    measurements = measurements_of(kinds, rng)
    methods = AdaptationMethods(
        ClassPrior.from_card(CLASS_PRIOR),
        PropagationSettings.from_card(FORMER_PROPAGATION),
        five_classes(LEAVES),
    )
    ours = adapted_probabilities(p, at, measurements, methods)
    classifier = SimpleNamespace(
        classes=LEAVES, threshold=0.4, uses_view_disagreement=False, leaf_share=0.25,
        adaptation_methods=methods, whiten=lambda e: e,
    )  # fmt: skip
    none = np.zeros(200, bool)
    prior_shift, posteriors = adapt_specimen(p, at, measurements, none, classifier)
    assert prior_shift.measured_cells == prior_shift.propagated_cells > 150
    uncertainty = 1 - confidence(p, coarse_rows(LEAVES))
    theirs = adapt_proposals(prior_shift, LEAVES, p, uncertainty, uncertainty > 0.4, none, posteriors)
    np.testing.assert_allclose(ours, theirs.scores, atol=1e-4)
    np.testing.assert_allclose(1 - confidence(ours, coarse_rows(LEAVES)), theirs.uncertainty, atol=1e-4)
    assert (theirs.best != p.argmax(1)).any()


def test_what_measurements_say_is_fitted_as_it_was_made() -> None:
    rng = np.random.default_rng(0)
    size, kinds = len(FEATURES), coarse_rows_of([["SNE", "BNE"], ["LY"], ["MO"], ["EO"]])
    means, shifts = rng.normal(0, 3, (4, size)), rng.normal(0, 1, (3, size))
    x, labels, sites = [], [], []
    for s, shift in enumerate(shifts):
        for k in range(4 if s else 3):  # the first site has no eosinophils
            x.append(means[k] + shift + rng.normal(0, 0.5, (80, size)))
            labels += [int(kinds[k])] * 80
            sites += [f"site {s}"] * 80
    fitted = fit_classes(np.concatenate(x), np.array(labels), np.array(sites))
    assert fitted is not None
    card, _ = fitted
    found = MorphometryModel.from_card(*fitted, LEAVES)
    assert found is not None
    assert sorted(card["sites"]) == [2, 3, 3, 3]
    order = [found.rows.tolist().index(int(k)) for k in kinds]
    apart = (found.means[order] - found.means[order][0]) * found.scale
    np.testing.assert_allclose(apart, means - means[0], atol=0.35)
    np.testing.assert_allclose(np.sqrt(np.diag(found.within)) * found.scale, 0.5, atol=0.08)
    assert np.diag(found.interaction).mean() < 0.1 * np.diag(found.within).mean()
    assert np.diag(found.site_effect).mean() > np.diag(found.interaction).mean()
    assert methods_with(found).under_profile() == AdaptationMethods(None, None, found)


def test_one_laboratory_tells_nothing_of_how_laboratories_differ() -> None:
    x, kinds = np.random.default_rng(0).normal(size=(60, len(FEATURES))), np.repeat([0, 1, 2], 20)
    assert fit_classes(x, kinds, np.array(["here"] * 60)) is None
    elsewhere = np.where(kinds == 2, "there", "here")  # of one kind alone
    assert fit_classes(x, kinds, elsewhere) is None
    assert fit_classes(x, kinds, np.tile(["here", "there"], 30)) is not None


def test_only_labels_of_one_measured_kind_are_fitted_on() -> None:
    found = coarse_rows_of([["SNE", "BNE"], ["MMY"], ["SNE", "LY"], ["PLT"], ["ART"], [], ["PMY"]])
    assert (found[[2, 3, 4, 5]] == -1).all()
    assert found[1] == found[6] != found[0] >= 0


def test_retraining_exports_the_mean_of_two_trainings_unless_told_otherwise() -> None:
    stages = commands(arguments().parse_args(["--id", "mine", "--seed", "3"]))
    assert tuple(stages) == STAGES
    further = stages["further"]
    assert further[further.index("--start") + 1].endswith("mine/final.pt")
    assert further[further.index("--seed") + 1] == "4"
    assert stages["mean"][1:3] == ["mine", further[further.index("--name") + 1]]
    assert stages["export"][stages["export"].index("--name") + 1] == stages["mean"][-1] == "mine-mean"
    alone = commands(arguments().parse_args(["--id", "mine", "--further", "0"]))
    assert "mean" not in alone
    assert alone["export"][alone["export"].index("--name") + 1] == "mine"
