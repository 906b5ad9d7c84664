"""The red cells of a case for its report: the block of figures, and the pictures of its graded classes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bloodcells_gui.domain.red_cell_figures import counted
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.report.model import ReportModel, digest
from bloodcells_gui.report.red_cells import (
    PICTURES,
    RedCellBlock,
    RedCellLine,
    RedCellThumb,
    lines_of,
    measures_of,
)

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession


def with_red_cells(model: ReportModel, session: CaseSession) -> ReportModel:
    """The report with the red cells that count now, and their pictures; as it is where none were examined."""
    red = session.red_cells
    run = red.examination
    if run is None or not len(red):
        return model
    final = red.finals()
    lines = lines_of(red.shares(), red.proposals(), session.state.grades, session.settings.grading)
    named = session.state.red_cells
    looked_at = np.array([i in named for i in red.cells.ids.tolist()], np.bool_)
    cells = counted(red.cells, final)
    block = RedCellBlock(
        cells=len(cells),
        looked_at=int(looked_at.sum()),
        not_counted=final.count(NOT_COUNTED),
        cut=sum(f.cut for f in red.fields),
        doubtful=int((red.cells.doubtful & ~looked_at).sum()),
        fields=len(red.fields),
        area_mm2=sum(f.place.area_mm2 for f in red.fields),
        model=run.bundle,
        app_version=run.app_version,
        status=run.status,
        lines=lines,
        measures=measures_of(cells),
        remarks=run.remarks,
    )
    chosen = {line.code: _to_show(session, line.code, final) for line in block.graded}
    pictures = pictures_of(session, (i for ids in chosen.values() for i in ids))
    shown = tuple(_with_thumbs(session, line, chosen.get(line.code, []), pictures) for line in lines)
    assets = {digest(data): data for data in pictures.values()}
    return replace(model, red_cells=replace(block, lines=shown), assets={**model.assets, **assets})


def pictures_of(session: CaseSession, cells: Iterable[int]) -> dict[int, bytes]:
    """JPEG by red cell; those that the case does not hold, or whose field cannot be shown, are left out."""
    wanted = sorted(i for i in cells if i in session.red_cells)  # field by field
    found = {i: session.red_cells.picture_of(i).jpeg for i in wanted}
    return {i: data for i, data in found.items() if data}


def _to_show(session: CaseSession, code: str, final: list[str]) -> list[int]:
    """Ids of a class: first those that a person named, then the most probable."""
    red, named = session.red_cells, session.state.red_cells
    best = red.cells.probabilities.max(1)
    rows = [n for n, mine in enumerate(final) if mine == code]
    ids = red.cells.ids.tolist()
    rows.sort(key=lambda n: (ids[n] not in named, -float(best[n]), ids[n]))
    return [ids[n] for n in rows[:PICTURES]]


def _with_thumbs(
    session: CaseSession, line: RedCellLine, ids: list[int], pictures: dict[int, bytes]
) -> RedCellLine:
    best = session.red_cells.cells.probabilities.max(1, initial=0.0)
    thumbs = tuple(
        RedCellThumb(
            i,
            digest(pictures[i]) if i in pictures else "",
            float(best[session.red_cells.row(i)]),
            bool(session.red_cells.named(i)),
        )
        for i in ids
    )
    return replace(line, thumbs=thumbs)
