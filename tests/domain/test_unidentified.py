"""Why a cell waits: one reason each, the one that a person can do something about first."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bloodcells_gui.domain import unidentified
from bloodcells_gui.domain.cell import (
    FLAG_NO_CELL,
    FLAG_POOR_PICTURE,
    FLAG_SCALE_CONTRADICTED,
    FLAG_SCALE_UNKNOWN,
    FLAG_SCALE_UNSURE,
    FLAG_UNLIKE_TRAINING,
    FLAG_WAITS_FOR_SCALE,
    Box,
    Cell,
    flag_text,
)
from bloodcells_gui.report.table_names import KEYS, TableNames

CODES = ("SNE", "BNE", "LY", "MO")


def cell(scores: tuple[float, ...], uncertainty: float, flags: tuple[str, ...] = ()) -> Cell:
    best = int(np.argmax(scores))
    return Cell(
        0, 0, Box(0, 0, 1, 1), 0.1, CODES[best], scores[best], True, uncertainty,
        np.array(scores, np.float32), np.zeros(0, np.float32), flags=flags,
    )  # fmt: skip


SURE, TORN = (0.02, 0.02, 0.04, 0.92), (0.01, 0.01, 0.46, 0.52)
SISTERS = (0.48, 0.5, 0.01, 0.01)


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        (cell(SURE, 0.4), "it looks unlike the training images"),
        (cell(TORN, 0.48), "two classes compete: monocyte and lymphocyte"),
        (cell(SISTERS, 0.14), "it looks unlike the training images"),
        (
            cell(SISTERS, 0.03),
            "two classes compete: band neutrophil and segmented neutrophil",
        ),
        (cell((0.01, 0.01, 0.02, 0.96), 0.05), "its probability is below the limit"),
        (cell(SURE, 0.01, (FLAG_UNLIKE_TRAINING,)), "it looks unlike the training images"),
        (cell(SURE, 0.01, (FLAG_NO_CELL,)), "no cell could be outlined"),
        (cell(SURE, 0.01, (FLAG_SCALE_UNSURE,)), "its class changes within the limits of the scale"),
        (cell(SURE, 0.01, (FLAG_UNLIKE_TRAINING, FLAG_SCALE_CONTRADICTED)), "the scale is contradicted"),
        (
            cell(SURE, 0.01, (FLAG_NO_CELL, FLAG_POOR_PICTURE)),
            "its picture is too dark, too pale or too blurred",
        ),
        (cell(SURE, 0.01, (FLAG_SCALE_UNKNOWN, FLAG_WAITS_FOR_SCALE)), "no scale is known"),
    ],
)
def test_reasons(of: Cell, reason: str) -> None:
    assert unidentified.reason_text(of, CODES) == reason


def test_the_headline_in_both_languages() -> None:
    assert unidentified.headline(cell(SURE, 0.4), CODES) == (
        "Unidentified. Best guess: monocyte, 92 %. It waits because it looks unlike the training images."
    )
    assert unidentified.headline(cell(TORN, 0.48), CODES, "fr") == (
        "Non identifiée. Meilleure hypothèse : monocyte, 52 %. Elle attend parce que deux classes se "
        "disputent cette cellule : monocyte et lymphocyte."
    )


def test_reasons_of_many_are_counted_in_their_order() -> None:
    run = SimpleNamespace(classes=CODES)
    cells = [cell(TORN, 0.48), cell(SURE, 0.4), cell(TORN, 0.5), cell(SURE, 0, (FLAG_SCALE_CONTRADICTED,))]
    assert unidentified.reasons_counted(cells, lambda _: run.classes) == [
        (unidentified.SUMMARY[unidentified.CONTRADICTED], 1),
        (unidentified.SUMMARY[unidentified.UNLIKE], 1),
        (unidentified.SUMMARY[unidentified.COMPETE], 2),
    ]


def test_a_cell_whose_run_is_not_known_still_has_a_reason() -> None:
    assert unidentified.reason_text(cell(SURE, 0.4), ()) == "its probability is below the limit"


def test_a_cell_that_waits_for_the_exact_scale_contradicts_no_scale_of_a_file() -> None:
    """Its flag stays the key of cases and tables; what is read says why it waits in spite of a scale."""
    assert FLAG_SCALE_UNSURE == "scale unsure"
    assert flag_text(FLAG_SCALE_UNSURE) == "class depends on the exact scale"
    assert flag_text(FLAG_SCALE_UNSURE, "fr") != flag_text(FLAG_SCALE_UNSURE)
    assert flag_text(FLAG_NO_CELL) == FLAG_NO_CELL
    assert TableNames("en", words=True).row(["flags"], [FLAG_SCALE_UNSURE]) == [flag_text(FLAG_SCALE_UNSURE)]
    assert KEYS.row(["flags"], [FLAG_SCALE_UNSURE]) == [FLAG_SCALE_UNSURE]
