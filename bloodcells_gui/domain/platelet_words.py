"""The platelets of a case in words, for window and paper alike."""

from __future__ import annotations

import math

from bloodcells_gui.domain.formatting import bound_spaces, compact, labelled, number
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.numeration import left_out_text
from bloodcells_gui.domain.platelet_report import (
    AREA_METHOD,
    FIELDS_METHOD,
    GiantShare,
    PlateletEstimate,
    PlateletReport,
)

LIMITS = N_(
    "Limits (95 %) come from how much the counted fields differ (ratio of totals, Student's t), and are "
    "never narrower than Poisson's law. They state sampling error only: not the factor's, nor platelets "
    "that were missed."
)
NEVER_EXCLUDES = N_("No clump seen excludes none: the search finds large clumps well and small ones seldom.")
BY_HAND = N_("Platelet satellitism is not searched for: grade it by hand.")
_AGREES = {
    "within": N_("within the limits of the estimate"),
    "below": N_("below the limits of the estimate"),
    "above": N_("above the limits of the estimate"),
}


def _limits(low: float, high: float, decimals: int, lang: str) -> str:
    return f"{number(low, decimals, lang)} – {number(high, decimals, lang)}"


def counted_text(report: PlateletReport, lang: str) -> str:
    """How many platelets on which area."""
    parts = [
        ngettext("{n} platelet", "{n} platelets", report.platelets, lang),
        ngettext("{n} red cell", "{n} red cells", report.red_cells, lang),
        ngettext("on {n} field", "on {n} fields", report.fields, lang)
        + f" ({number(report.area_mm2, 2, lang)} mm²)",
    ]
    if report.left_out:
        parts.append(left_out_text(report.left_out, lang))
    return bound_spaces("  ·  ".join(parts), lang)


def density_text(report: PlateletReport, lang: str) -> str:
    """Density with limits and spread, or why there is none."""
    if report.why_not:
        values = {k: v.replace(".", ",") if lang == "fr" else v for k, v in report.why_params}
        return tr(report.why_not, lang, **values)
    return tr(
        "{density} platelets per mm² ({limits}); SD between fields {sd}",
        lang,
        density=number(report.density, 0, lang),
        limits=_limits(report.density_low, report.density_high, 0, lang),
        sd=number(report.density_sd, 0, lang),
    )


def estimate_text(estimate: PlateletEstimate, lang: str) -> str:
    """One estimate with its limits, method and factor."""
    value, factor = number(estimate.value, 0, lang), compact(estimate.factor, lang)
    if estimate.method == FIELDS_METHOD:
        return tr(
            "≈ {value} 10⁹/L, counted by a person per oil field, times {factor}",
            lang,
            value=value,
            factor=factor,
        )
    limits = _limits(estimate.low, estimate.high, 0, lang)
    if estimate.method == AREA_METHOD:
        return tr(
            "≈ {value} 10⁹/L ({limits}), by area: platelets per oil field of 0.038 mm² times {factor}",
            lang,
            value=value,
            limits=limits,
            factor=factor,
        )
    return tr(
        "≈ {value} 10⁹/L ({limits}), by red cells: platelets per red cell times {factor} 10¹²/L",
        lang,
        value=value,
        limits=limits,
        factor=factor,
    )


def analyser_text(report: PlateletReport, lang: str) -> str:
    """The analyser's count beside the estimates; "" for none."""
    if math.isnan(report.analyser):
        return ""
    text = labelled(tr("Analyser", lang), f"{number(report.analyser, 0, lang)} 10⁹/L", lang)
    return f"{text}, {tr(_AGREES[report.agrees], lang)}" if report.agrees else text


def giants_text(giants: GiantShare | None, lang: str, left_out: int = 0) -> str:
    """The share of giant platelets with what is proposed and accepted; "" where too few were listed.

    It is of all listed platelets of the case; where fields were `left_out`, that is said.
    """
    if giants is None:
        return ""
    text = tr(
        "Giant platelets, by size: {count} of {total} listed ({percent} %, {limits})",
        lang,
        count=giants.count,
        total=giants.total,
        percent=number(giants.percent, 1, lang),
        limits=_limits(giants.low, giants.high, 1, lang),
    )
    if left_out:
        text += ", " + tr("of the whole case, fields left out included", lang)
    if giants.accepted:
        return f"{text}; {tr('accepted {grade}', lang, grade=tr(giants.accepted, lang))}"
    if giants.proposed:
        text += "; " + tr("proposed {grade}, not accepted", lang, grade=tr(giants.proposed, lang))
    return text


def clumps_text(report: PlateletReport, lang: str) -> str:
    """How much film was looked at for clumps, and what was seen."""
    clumps = report.clumps
    if clumps is None:
        return tr("The film was not searched for clumps.", lang)
    looked = tr(
        "Looked at {film} mm² of film, {edge} mm² of it thin edge",
        lang,
        film=number(clumps.searched_mm2, 2, lang),
        edge=number(clumps.edge_mm2, 2, lang),
    )
    if not clumps.found:
        return labelled(looked, f"{tr('no clump seen', lang)}. {tr(NEVER_EXCLUDES, lang)}", lang)
    seen = ngettext("{n} place may be a clump", "{n} places may be clumps", clumps.standing, lang)
    if clumps.refuted:
        seen += ", " + ngettext("{n} refuted by a person", "{n} refuted by a person", clumps.refuted, lang)
    return labelled(looked, f"{seen}.", lang)


def lines_of(report: PlateletReport, lang: str) -> list[str]:
    """Everything but the warning, a line each."""
    lines = [counted_text(report, lang)] if report.fields or report.left_out else []
    lines.append(density_text(report, lang))
    lines += [estimate_text(estimate, lang) for estimate in report.estimates]
    lines.append(analyser_text(report, lang))
    lines += [giants_text(report.giants, lang, report.left_out), clumps_text(report, lang)]
    return [line for line in lines if line]
