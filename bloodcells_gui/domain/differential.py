"""The differential count: a pure function of cells, review, specimen data and laboratory settings.

Never stored, so it cannot be stale. The types stand here first; the arithmetic follows below them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DifferentialRow:
    """One row of the table.

    Attributes
    ----------
    code, name : str
        Row code and English name (a translation key).
    count : int
        Cells whose final class falls in this row, hand counts included.
    counts : bool
        Inside the 100 % or outside.
    percent : float or None
        Share of the denominator in %, inside rows only.
    per_100_wbc : float or None
        Ratio to the denominator times 100, outside rows only.
    low95, high95 : float or None
        Exact 95 % limits in the unit of `percent` or `per_100_wbc`.
    absolute : float or None
        10^9/L, where a WBC count is known.
    ref_low, ref_high : float or None
        Laboratory's reference range, 10^9/L.
    flag : str
        "", "L", "H" or "!" (a rule was raised).
    rgb : tuple of int
    """

    code: str
    name: str
    count: int
    counts: bool
    percent: float | None
    per_100_wbc: float | None
    low95: float | None
    high95: float | None
    absolute: float | None
    ref_low: float | None
    ref_high: float | None
    flag: str
    rgb: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence under the table: an English template, its values, and how much it matters.

    `severity` is "info", "warning" or "critical"; `rule` names the rule that raised it ("" for plain
    remarks); `codes` are the leaves it speaks of, so that the screen can show their cells.
    """

    text: str
    params: tuple[tuple[str, str], ...] = ()
    severity: str = "info"
    rule: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Differential:
    """The table and what stands beside it.

    `total` is the denominator; `unidentified` the cells still waiting, which make it preliminary.
    `wbc` is as entered, `wbc_used` after NRBC correction where that applied (10^9/L).
    """

    rollup: str
    rows: tuple[DifferentialRow, ...]
    total: int
    unidentified: int
    excluded: int
    wbc: float | None = None
    wbc_used: float | None = None
    corrected: bool = False
    remarks: tuple[Remark, ...] = ()

    @property
    def preliminary(self) -> bool:
        """Whether cells still wait for a decision."""
        return self.unidentified > 0
