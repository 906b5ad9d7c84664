"""What `evaluate` writes beside its figures: the images whose folder the other cells contradict."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2

from bloodcells_gui.app.evaluate import EvaluateRequest, evaluate_folder
from bloodcells_gui.domain.progress import CancelToken
from tests.support.doubles import draw_cell, plain_engine


def test_evaluate_names_images_in_the_wrong_folder(tmp_path: Path) -> None:
    folder = tmp_path / "labelled"
    for code, inside in (("LY", "LY"), ("EO", "EO"), ("LY", "EO")):
        (folder / inside).mkdir(parents=True, exist_ok=True)
        for i in range(1 if code != inside else 12):
            cv2.imwrite(str(folder / inside / f"{code}{i}.png"), draw_cell(code)[..., ::-1])
    lines = evaluate_folder(
        EvaluateRequest(folder, tmp_path / "out", mpp=0.107, lang="fr"),
        token=CancelToken(), progress=lambda _: None, engine=plain_engine,
    )  # fmt: skip
    with (tmp_path / "out" / "contradicted.csv").open(newline="", encoding="utf-8") as handle:
        table = list(csv.DictReader(handle))
    assert [(r["path"], r["label"], r["others_say"]) for r in table] == [("EO/LY0.png", "EO", "LY")]
    assert float(table[0]["other_probability"]) > float(table[0]["label_probability"])
    assert any("contredite" in line and "contradicted.csv" in line for line in lines)
