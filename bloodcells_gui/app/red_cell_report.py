"""The red cells of a case for its report: the block of figures, and the pictures of its graded classes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bloodcells_gui.app.red_cells import CaseRedCells
from bloodcells_gui.domain.red_cell_figures import counted
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RedCells, propose_grades, shares
from bloodcells_gui.report.model import ReportModel, digest
from bloodcells_gui.report.red_cells import (
    PICTURES,
    RedCellBlock,
    RedCellThumb,
    lines_of,
    measures_of,
)

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession


def with_red_cells(model: ReportModel, session: CaseSession) -> ReportModel:
    """The report with the red cells that count now, and their pictures; as it is where none were examined.

    They are read anew, for an examination may add to the session's own meanwhile, in another thread.
    """
    red = CaseRedCells(session)
    run = red.examination
    if run is None or not len(red):
        return model
    named = dict(session.state.red_cells)
    ids = red.cells.ids.tolist()
    final = red.cells.final(named)
    looked_at = np.array([i in named for i in ids], np.bool_)
    of_persons = [code for i, code in zip(ids, final, strict=True) if i in named and code != NOT_COUNTED]
    found = shares(final, of_persons, red.cells.unsure(named))
    items = session.settings.grading
    lines = lines_of(found, propose_grades(found, items), dict(session.state.grades), items)
    cells = counted(red.cells, final)
    block = RedCellBlock(
        cells=len(cells),
        looked_at=int(looked_at.sum()),
        not_counted=final.count(NOT_COUNTED),
        cut=sum(f.cut for f in red.fields),
        doubtful=int((red.cells.doubtful & ~looked_at).sum()),
        fields=len(red.fields),
        model=run.bundle,
        app_version=run.app_version,
        status=run.status,
        lines=lines,
        measures=measures_of(cells),
        remarks=run.remarks,
    )
    chosen = {line.code: _to_show(red.cells, line.code, final, named) for line in block.graded}
    pictures = pictures_of(red, (i for rows in chosen.values() for i in red.cells.ids[rows].tolist()))
    shown = tuple(
        replace(line, thumbs=_thumbs(red.cells, chosen.get(line.code, []), pictures, named)) for line in lines
    )
    assets = {digest(data): data for data in pictures.values()}
    return replace(model, red_cells=replace(block, lines=shown), assets={**model.assets, **assets})


def pictures_of(red: CaseRedCells, cells: Iterable[int]) -> dict[int, bytes]:
    """JPEG by red cell; those that the case does not hold, or whose field cannot be shown, are left out."""
    wanted = sorted(i for i in cells if i in red)  # field by field
    found = {i: red.picture_of(i).jpeg for i in wanted}
    return {i: data for i, data in found.items() if data}


def _to_show(cells: RedCells, code: str, final: list[str], named: Container[int]) -> list[int]:
    """Rows of a class: first those that a person named, then the most probable."""
    best = cells.probabilities.max(1)
    ids = cells.ids.tolist()
    rows = [n for n, mine in enumerate(final) if mine == code]
    rows.sort(key=lambda n: (ids[n] not in named, -float(best[n]), ids[n]))
    return rows[:PICTURES]


def _thumbs(
    cells: RedCells, rows: list[int], pictures: Mapping[int, bytes], named: Container[int]
) -> tuple[RedCellThumb, ...]:
    ids = cells.ids[rows].tolist()
    best = cells.probabilities[rows].max(1, initial=0.0).tolist()
    return tuple(
        RedCellThumb(i, digest(pictures[i]) if i in pictures else "", p, i in named)
        for i, p in zip(ids, best, strict=True)
    )
