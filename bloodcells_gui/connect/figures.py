"""One figure of a result."""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.domain.formatting import compact
from bloodcells_gui.domain.loinc import CodeRow


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its code, what it is in English, the value as it is written, and its unit in UCUM.

    `low` and `high` are the reference range (None is open), `flag` is "", "L", "H" or "A" (abnormal without
    a side), `note` what stands under it.
    """

    code: CodeRow
    value: str
    unit: str
    low: float | None = None
    high: float | None = None
    flag: str = ""
    note: str = ""

    @property
    def range(self) -> str:
        """The reference range as text: "2-7", "<0.5", ">1" or ""."""
        if self.low is not None and self.high is not None:
            return f"{compact(self.low)}-{compact(self.high)}"
        if self.high is not None:
            return f"<{compact(self.high)}"
        return f">{compact(self.low)}" if self.low is not None else ""
