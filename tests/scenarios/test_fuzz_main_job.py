"""Mutated images through the whole main job: each is a row, or stands in skipped.csv with its reason."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
from bloodcells_gui.domain.progress import CancelToken
from scripts.tools.fuzz import mutate, seeds
from tests.support.doubles import plain_engine

COUNT = 120


def column(path: Path, name: str) -> list[str]:
    with path.open(newline="", encoding="utf-8") as stream:
        return [row[name] for row in csv.DictReader(stream)]


def test_every_mutated_image_is_a_row_or_is_named_with_its_reason(tmp_path: Path) -> None:
    good = {name: data for name, data in seeds().items() if not name.startswith("slide-")}
    others, names = list(good.values()), sorted(good)
    folder = tmp_path / "mutated"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for i in range(COUNT):
        name = names[i % len(names)]
        (folder / f"{i:03d}-{name}").write_bytes(mutate(good[name], others, rng))
    request = AnalyzeRequest((folder,), tmp_path / "out", kind="crops", mpp=0.107)
    (outcome,) = analyze_all(request, token=CancelToken(), progress=lambda _: None, engine=plain_engine)
    assert outcome.exit_code == 0
    rows = column(tmp_path / "out" / "cells.csv", "image")
    skipped = column(tmp_path / "out" / "skipped.csv", "path")
    assert sorted(rows + skipped) == sorted(p.name for p in folder.iterdir())
    assert len(rows) > 15
    assert len(skipped) > 15
    assert all(column(tmp_path / "out" / "skipped.csv", "reason"))
