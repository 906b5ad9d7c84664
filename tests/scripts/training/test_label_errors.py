"""Contradicted labels of a training set: listed, drawn, and dropped labels left out of training."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.inference.label_check import check_labels
from scripts.training.data import CACHE_PX, LABELS, Cache, dropped_paths
from scripts.training.label_errors import (
    Answers,
    answers_of,
    contradicted,
    row_of,
    summary,
    typical_paths,
    write_csv,
    write_pages,
)


def answers(wrong: int = 4) -> Answers:
    """Sixty cells of three classes; the first `wrong` monocytes are filed as lymphocytes."""
    rng = np.random.default_rng(0)
    truth = ["MO", "LY", "SNE"] * 20
    means = dict(zip(("MO", "LY", "SNE"), 4 * np.eye(8)[:3], strict=True))
    labels = list(truth)
    for i in range(0, 3 * wrong, 3):
        labels[i] = "LY"
    images = [np.full((CACHE_PX, CACHE_PX, 3), 4 * i, np.uint8) for i in range(60)]
    embeddings = np.array([means[t] + 0.4 * rng.normal(size=8) for t in truth], np.float32)
    names = [f"set/{i}.jpg" for i in range(60)]
    splits = ["test" if i % 5 == 0 else "train" for i in range(60)]
    groups = [str(i // 2) for i in range(60)]
    return Answers("site", "network", names, labels, groups, splits, embeddings, images)


def test_planted_errors_are_listed_first_with_what_the_others_say(tmp_path: Path) -> None:
    found = answers()
    check = check_labels(found.embeddings, found.labels, found.groups)
    rows = contradicted(found, check)
    assert {r.path for r in rows} == {f"set/{i}.jpg" for i in (0, 3, 6, 9)}
    assert all(r.label == "LY" and r.others_say == "MO" and r.coarse and not r.dropped for r in rows)
    assert [r.strength for r in rows] == sorted((r.strength for r in rows), reverse=True)
    assert "60 labels, 60 judged, 4 contradicted (4 across" in summary("site", check, rows)
    assert "of them 1 in the test fifth" in summary("site", check, rows)
    write_csv(tmp_path / "c.csv", rows)
    with (tmp_path / "c.csv").open(newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [row["path"] for row in table] == [r.path for r in rows]
    assert float(table[0]["other_probability"]) > float(table[0]["label_probability"])


def test_typical_cells_are_confirmed_ones_of_different_groups() -> None:
    found = answers()
    check = check_labels(found.embeddings, found.labels, found.groups)
    typical = typical_paths(found, check, count=5)
    assert set(typical) == {"LY", "MO", "SNE"}
    for code, paths in typical.items():
        rows = [found.paths.index(p) for p in paths]
        assert len({found.groups[i] for i in rows}) == len(rows) == 5
        assert all(found.labels[i] == code and not check.contradicted[i] for i in rows)


@pytest.mark.parametrize(("wrong", "name"), [(4, "site-mixed-1.png"), (8, "site-LY-MO-1.png")])
def test_pages_show_the_cells(tmp_path: Path, wrong: int, name: str) -> None:
    found = answers(wrong)
    check = check_labels(found.embeddings, found.labels, found.groups)
    rows = contradicted(found, check)
    count = write_pages(found.picture, tmp_path, "site", rows, typical_paths(found, check))
    assert count == len(list(tmp_path.iterdir())) == 1
    page = cv2.imread(str(tmp_path / name))
    # The grey of the first cell's picture stands on the page.
    grey = found.picture(rows[0].path)[0, 0]
    assert (page == grey).all(axis=2).sum() > 140 * 140 - 5000


@pytest.mark.parametrize(
    ("code", "row"), [("SNE", "NEUTROPHIL"), ("NE", "NEUTROPHIL"), ("IG", "IG"), ("MY", "IG"), ("ART", "ART")]
)
def test_a_label_and_its_leaves_lie_in_one_row(code: str, row: str) -> None:
    assert row_of(code) == row


def test_the_list_of_dropped_labels_is_well_formed() -> None:
    with (LABELS / "doubtful_test.csv").open(newline="", encoding="utf-8") as handle:
        assert not {row["path"] for row in csv.DictReader(handle)} & dropped_paths()
    with (LABELS / "dropped.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) >= 30
    assert dropped_paths() == {r["path"] for r in rows}
    assert len(dropped_paths()) == len(rows)
    assert {r["label"] for r in rows} <= set(BY_CODE)
    assert all(r["reason"] for r in rows)


def test_stored_answers_of_a_left_out_network_are_preferred(tmp_path: Path) -> None:
    blank = np.zeros((CACHE_PX, CACHE_PX, 3), np.uint8)
    common = {"site": "lisc", "set": "lisc", "use": "train+ship", "group": "g", "split": "train"}
    meta = [{**common, "path": f"{i}.jpg", "label": "LY", "leaves": ["LY"]} for i in range(3)]
    meta.append({**common, "path": "0.jpg", "label": "ART", "leaves": ["ART"]})
    Cache.write(tmp_path, "real", [blank] * 4, meta)
    (tmp_path / "without-lisc").mkdir()
    vectors = np.arange(8, dtype=np.float16).reshape(2, 4)
    np.savez(tmp_path / "without-lisc" / "away.npz", path=np.array(["2.jpg", "0.jpg"]), embedding=vectors)
    found = answers_of(tmp_path, "lisc", tmp_path / "no bundle")
    assert (found.source, found.paths, found.labels) == ("without-lisc", ["2.jpg", "0.jpg"], ["LY", "LY"])
    assert (found.embeddings == vectors).all()
