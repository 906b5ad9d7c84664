"""The search for rare cells in one case: its order, what it has come to, and its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloodcells_gui.app.continuing import leaves_work
from bloodcells_gui.domain.rare_cells import (
    SENSITIVITY_LEAST,
    SENSITIVITY_MOST,
    SENSITIVITY_SITES,
    RareCells,
    rare_cells,
    to_look_at,
)
from bloodcells_gui.domain.rare_search import RareSearch, search_of
from bloodcells_gui.report.csv_out import atomic_file

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

#: So many of the cells to look at stand in the file.
FIRST = 100


def search_of_case(session: CaseSession) -> RareSearch | None:
    """The search that is on in a case; None for none."""
    return search_of(session.state.data)


def cells_to_look_at(session: CaseSession, search: RareSearch) -> list[int]:
    """Ids of the cells that nobody looked at, in the order in which they are shown."""
    return to_look_at(session.cells, session.state, {run.number: run.classes for run in session.runs}, search)


def film_is_searched(session: CaseSession) -> bool:
    """Whether the program searched every image of the case to its end."""
    return bool(session.runs) and not leaves_work(session.runs, session.specimen)


def result_of_case(session: CaseSession, search: RareSearch | None = None) -> RareCells | None:
    """What the search has come to; None where none is on."""
    chosen = search or search_of_case(session)
    if chosen is None:
        return None
    return rare_cells(session.cells, session.state, chosen, whole_film=film_is_searched(session))


def write_rare_json(path: Path, session: CaseSession, result: RareCells, *, names: bool) -> Path:
    """The result as JSON, with the first cells that wait for a person; `names` of images where wanted."""
    search = search_of_case(session)
    first = cells_to_look_at(session, search)[:FIRST] if search is not None else []
    obj = {
        "limit": "one-sided 95 %, exact (Clopper-Pearson); counts only cells that a person looked at",
        "stop_rule_one_in": result.one_in,
        "reached": result.reached,
        "looked_at_by_a_person": result.looked_at,
        "suspicious_waiting": result.waiting,
        "classes": [
            {"code": row.code, "found": row.found, "fewer_than_one_in": row.bound or None}
            for row in result.rows
        ],
        "program_alone": {
            "cells": result.unseen,
            "whole_film_searched": result.whole_film,
            "proposed": {row.code: row.proposed for row in result.rows},
            "excludes": "nothing",
            "blasts_named_or_shown_per_100": [SENSITIVITY_LEAST, SENSITIVITY_MOST],
            "laboratories": SENSITIVITY_SITES,
        },
        "to_look_at_first": [_cell(session, cell_id, names=names) for cell_id in first],
    }
    with atomic_file(path) as stream:
        stream.write(json.dumps(obj, indent=2, ensure_ascii=False) + "\n")
    return path


def _cell(session: CaseSession, cell_id: int, *, names: bool) -> dict[str, Any]:
    cell = session.cell(cell_id)
    x, y = cell.box_px.centre
    image = session.specimen.images[cell.image].name if names else ""
    return {
        "cell_id": cell_id, "image": image, "x_px": round(x, 1), "y_px": round(y, 1),
        "predicted": cell.predicted, "suspicion": round(cell.suspicion, 4),
    }  # fmt: skip
