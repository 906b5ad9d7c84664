"""The remarks of a report in the order in which everything that is made of it says them."""

from __future__ import annotations

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.film_messages import film_remark
from bloodcells_gui.domain.run_messages import by_severity, run_remarks
from bloodcells_gui.report.model import ReportModel


def model_remarks(model: ReportModel) -> tuple[Remark, ...]:
    """Remarks of the runs, of the comparison with an earlier film, and of the table; the gravest first."""
    of_films = [film_remark(model.earlier)] if model.earlier is not None else []
    found = (*run_remarks(model.runs, with_target=True), *of_films, *model.differential.remarks)
    return by_severity(found)
