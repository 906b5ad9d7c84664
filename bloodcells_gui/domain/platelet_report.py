"""What a film says of its platelets: density with limits, estimates, giant ones, clumps, the analyser."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.counted_fields import FEWEST_FIELDS, CountedField, FieldRatio, field_ratio
from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.platelet_clumps import ClumpSearch, searched_images
from bloodcells_gui.domain.red_cells import GradeProposal, RedCellShare, propose_grade
from bloodcells_gui.domain.stats import clopper_pearson
from bloodcells_gui.domain.taxonomy import GIANT_PLATELET

#: A 100x oil field with a field number of 22 is 0.22 mm across.
OIL_FIELD_MM2 = 0.0380
#: Below so many oil fields of counted area there is no figure.
FEWEST_OIL_FIELDS = 10
#: Below so many red cells their ratio to platelets gives no figure.
FEWEST_RED_CELLS = 1000
#: Of fewer listed platelets no share of giant ones is told.
FEWEST_PLATELETS = 50
#: An estimate whose upper limit lies below this, 10^9/L, is low (adults: 150 to 400; recalled).
LOW_COUNT = 150.0

AREA_METHOD = N_("area")
RED_CELL_METHOD = N_("red cells")
FIELDS_METHOD = N_("counted by a person")

NO_FIELDS = N_("Platelets were not counted by field in this case: it was analysed by an earlier version.")
TOO_FEW_FIELDS = N_("Too few counted fields for an estimate: {n} of at least {needed}.")
TOO_SMALL = N_("{area} mm² are too small an area for an estimate: at least {needed} mm² are needed.")
PSEUDO = N_(
    "Low platelet estimate with clumps on the film: the true count may be normal (pseudothrombocytopenia). "
    "Look at the clumps; repeat in citrate."
)
CLUMPS_LOWER = N_(
    "Clumps on the film: any platelet count of this sample, the analyser's too, may be too low."
)


@dataclass(frozen=True, slots=True)
class PlateletEstimate:
    """One estimate in 10^9/L with 95 % limits of sampling; `factor` is what the ratio was multiplied by.

    `method` is one of the names above; limits are NaN where a person counted.
    """

    method: str
    value: float
    low: float
    high: float
    factor: float


@dataclass(frozen=True, slots=True)
class GiantShare:
    """Giant platelets among the listed ones, in percent, with exact limits and what is proposed from them.

    `proposed` is a grade of the program, `accepted` one that a person gave; `open` says that the limits cross
    a threshold.
    """

    count: int
    total: int
    percent: float
    low: float
    high: float
    proposed: str = ""
    open: bool = False
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class ClumpFigures:
    """What the search for clumps came to: film looked at, its thin part, places seen, and refuted."""

    searched_mm2: float
    edge_mm2: float
    found: int
    refuted: int

    @property
    def standing(self) -> int:
        """Places that nobody refuted."""
        return max(0, self.found - self.refuted)


@dataclass(frozen=True, slots=True)
class PlateletReport:
    """The platelets of a case.

    Attributes
    ----------
    fields, left_out : int
        Counted fields that are used, and those that a person left out.
    area_mm2 : float
    platelets, red_cells, nucleated : int
        On the fields that are used.
    density, density_low, density_high, density_sd : float
        Platelets per mm2 with 95 % limits, and the standard deviation between fields; NaN for no figure.
    estimates : tuple of PlateletEstimate
    why_not : str
        Why there is no figure, an English template of `why_params`; "" where there is one.
    analyser : float
        The analyser's count, 10^9/L; NaN for none.
    agrees : str
        "within" the limits of an estimate, "below" or "above" all of them; "" where nothing can be said.
    giants : GiantShare or None
    clumps : ClumpFigures or None
    """

    fields: int = 0
    left_out: int = 0
    area_mm2: float = 0.0
    platelets: int = 0
    red_cells: int = 0
    nucleated: int = 0
    density: float = math.nan
    density_low: float = math.nan
    density_high: float = math.nan
    density_sd: float = math.nan
    estimates: tuple[PlateletEstimate, ...] = ()
    why_not: str = ""
    why_params: tuple[tuple[str, str], ...] = ()
    analyser: float = math.nan
    agrees: str = ""
    giants: GiantShare | None = None
    clumps: ClumpFigures | None = None

    @property
    def low(self) -> bool:
        """Whether an estimate says that the count is low."""
        return any((e.value if math.isnan(e.high) else e.high) < LOW_COUNT for e in self.estimates)

    @property
    def warning(self) -> str:
        """What clumps make of the figures, an English text; "" for nothing."""
        if self.clumps is None or not self.clumps.standing:
            return ""
        return PSEUDO if self.low else CLUMPS_LOWER

    @property
    def remarkable(self) -> bool:
        """Whether there is more to say than one line."""
        giants = self.giants is not None and (
            self.giants.accepted != "" or self.giants.proposed in ("2+", "3+")
        )
        return bool(self.warning) or self.low or giants or self.agrees in ("below", "above")


def used_fields(
    fields: Iterable[CountedField], left_out: Collection[str]
) -> tuple[list[CountedField], list[CountedField]]:
    """Those that count, and those that a person left out."""
    every = list(fields)
    return [f for f in every if f.key not in left_out], [f for f in every if f.key in left_out]


def why_no_figure(fields: Sequence[CountedField]) -> tuple[str, dict[str, str]]:
    """Why these fields give no estimate, as an English template and its values; ("", {}) where they do."""
    if not fields:
        return NO_FIELDS, {}
    if len(fields) < FEWEST_FIELDS:
        return TOO_FEW_FIELDS, {"n": str(len(fields)), "needed": str(FEWEST_FIELDS)}
    area = sum(f.area_mm2 for f in fields)
    needed = FEWEST_OIL_FIELDS * OIL_FIELD_MM2
    if area < needed:
        return TOO_SMALL, {"area": f"{area:.2f}", "needed": f"{needed:.2f}"}
    return "", {}


def density_of(fields: Sequence[CountedField]) -> FieldRatio | None:
    """Platelets per mm2 of these fields; None where they give no figure."""
    if why_no_figure(fields)[0]:
        return None
    return field_ratio([f.platelets for f in fields], [f.area_mm2 for f in fields])


def estimates_of(
    fields: Sequence[CountedField], factor: float, rbc: float | None, per_field: float | None = None
) -> tuple[PlateletEstimate, ...]:
    """Estimates of the count, 10^9/L, by every method that the data allow.

    By area: platelets per mm2 x 0.038 mm2 (an oil field) x the laboratory's factor (15 to 20; recalled). By
    red cells: platelets / red cells x red-cell count (10^12/L = 1000 x 10^9/L). Limits state how much the
    fields differ; neither the factor's own error nor the analyser's of the red cells is in them. What a
    person counted at the microscope (`per_field`) takes the place of the first.
    """
    found = []
    if per_field is not None:
        found.append(PlateletEstimate(FIELDS_METHOD, per_field * factor, math.nan, math.nan, factor))
    density = density_of(fields)
    if density is not None and per_field is None:
        each = OIL_FIELD_MM2 * factor
        low, high = density.low * each, density.high * each
        found.append(PlateletEstimate(AREA_METHOD, density.value * each, low, high, factor))
    if rbc and sum(f.red_cells for f in fields) >= FEWEST_RED_CELLS:
        ratio = field_ratio([f.platelets for f in fields], [f.red_cells for f in fields], sizes_counted=True)
        if ratio is not None:
            value, low, high = (v * rbc * 1000 for v in (ratio.value, ratio.low, ratio.high))
            found.append(PlateletEstimate(RED_CELL_METHOD, value, low, high, rbc))
    return tuple(found)


def agreement(analyser: float | None, estimates: Sequence[PlateletEstimate]) -> str:
    """Where an analyser's count lies: "within" the limits of an estimate, "below" or "above" all of them."""
    limits = [(e.low, e.high) for e in estimates if not math.isnan(e.low)]
    if analyser is None or not limits:
        return ""
    if any(low <= analyser <= high for low, high in limits):
        return "within"
    return "below" if analyser < min(low for low, _ in limits) else "above"


def giant_share(codes: Iterable[str], item: GradeItem | None, accepted: str = "") -> GiantShare | None:
    """The share of giant platelets.

    Parameters
    ----------
    codes : iterable of str
        Final codes of the listed platelets, normal and giant; clumps are not among them.
    item : GradeItem or None
        What the laboratory grades them by.
    accepted : str
        The grade that a person gave.

    Returns
    -------
    GiantShare or None
        None from under `FEWEST_PLATELETS` platelets.
    """
    every = list(codes)
    total, count = len(every), every.count(GIANT_PLATELET)
    if total < FEWEST_PLATELETS:
        return None
    low, high = clopper_pearson(count, total)
    share = RedCellShare(GIANT_PLATELET, count, total, 100 * count / total, 100 * low, 100 * high)
    proposal: GradeProposal | None = None
    if item is not None:
        proposal = propose_grade(share, item, fewest=FEWEST_PLATELETS)
    return GiantShare(
        count, total, share.percent, share.low, share.high,
        proposal.grade if proposal else "", proposal is not None and not proposal.settled, accepted,
    )  # fmt: skip


def clump_figures(searches: Iterable[ClumpSearch], refuted: Collection[str]) -> ClumpFigures | None:
    """The searches of all images together; None where none was made."""
    every = searched_images(searches)
    if not every:
        return None
    keys = {c.key(s.image) for s in every for c in s.clumps}
    return ClumpFigures(
        sum(s.searched_mm2 for s in every),
        sum(s.edge_mm2 for s in every),
        sum(s.found for s in every),
        len(keys & set(refuted)),
    )
