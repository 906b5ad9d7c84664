"""The platelets of one case: what was counted field by field, the search for clumps, and what both say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from bloodcells_gui.domain import counted_fields, platelet_clumps
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.counted_fields import CountedField
from bloodcells_gui.domain.numeration import Numeration, numeration_by_field
from bloodcells_gui.domain.platelet_clumps import ClumpSearch
from bloodcells_gui.domain.platelet_report import (
    PlateletReport,
    agreement,
    clump_figures,
    density_of,
    estimates_of,
    giant_share,
    used_fields,
    why_no_figure,
)
from bloodcells_gui.domain.run_record import merged
from bloodcells_gui.domain.taxonomy import GIANT_PLATELET, PLATELET

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

#: The laboratory's item for giant platelets, and the field of the analyser's count.
GIANT_ITEM = "giant-platelets"
ANALYSER_FIELD = "platelet_count"


def fields_of_runs(runs: Iterable[AnalysisRun]) -> tuple[CountedField, ...]:
    """The counted fields of all runs of a case, each once."""
    return merged(run.record for run in runs).counted


def searches_of_runs(runs: Iterable[AnalysisRun]) -> tuple[ClumpSearch, ...]:
    """The search of each image for clumps; the last one where several runs made one."""
    return merged(run.record for run in runs).clumps


def platelets_of_case(session: CaseSession) -> PlateletReport | None:
    """What the case says of its platelets; None where nothing was counted by field and no film searched."""
    record = merged(run.record for run in session.runs)
    if not record.counted and not record.clumps:
        return None
    state, settings = session.state, session.settings
    used, out = used_fields(record.counted, counted_fields.left_out(state.data))
    density = density_of(used)
    why, params = why_no_figure(used)
    estimates = estimates_of(
        used, settings.platelet_factor, state.data.number("rbc"), state.data.number("platelets_per_field")
    )
    analyser = state.data.number(ANALYSER_FIELD)
    item = next((i for i in settings.grading if i.id == GIANT_ITEM), None)
    finals = (state.decision(cell.id).final for cell in session.cells if state.present(cell.id))
    return PlateletReport(
        fields=len(used),
        left_out=len(out),
        area_mm2=sum(f.area_mm2 for f in used),
        platelets=sum(f.platelets for f in used),
        red_cells=sum(f.red_cells for f in used),
        nucleated=sum(f.nucleated for f in used),
        density=math.nan if density is None else density.value,
        density_low=math.nan if density is None else density.low,
        density_high=math.nan if density is None else density.high,
        density_sd=math.nan if density is None else density.spread,
        estimates=estimates,
        why_not=why,
        why_params=tuple(params.items()),
        analyser=math.nan if analyser is None else analyser,
        agrees=agreement(analyser, estimates),
        giants=giant_share(
            (code for code in finals if code in (PLATELET, GIANT_PLATELET)),
            item,
            state.grades.get(GIANT_ITEM, ""),
        ),
        clumps=clump_figures(record.clumps, platelet_clumps.refuted(state.data)),
    )


def numeration_of_case(session: CaseSession) -> Numeration | None:
    """All three kinds of cells per area, from the counted fields that are used; None without any."""
    used, _ = used_fields(fields_of_runs(session.runs), counted_fields.left_out(session.state.data))
    return numeration_by_field(used) if used else None


def selection(session: CaseSession, key: str, *, out: bool) -> str:
    """The value of `LEFT_OUT_FIELD` with a counted field left out, or taken back in."""
    keys = set(counted_fields.left_out(session.state.data))
    return counted_fields.written(keys | {key} if out else keys - {key})


def refutation(session: CaseSession, key: str, *, no_clump: bool) -> str:
    """The value of `REFUTED_FIELD` with a place found to be no clump, or that taken back."""
    keys = set(platelet_clumps.refuted(session.state.data))
    return counted_fields.written(keys | {key} if no_clump else keys - {key})
