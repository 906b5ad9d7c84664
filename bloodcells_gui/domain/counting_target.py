"""The number of leukocytes that a case is counted to: one for table, remarks and signature."""

from __future__ import annotations

from collections.abc import Sequence

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.settings import LabSettings


def counting_target(runs: Sequence[AnalysisRun], settings: LabSettings) -> int:
    """The larger of what the laboratory counts and what the newest run was to find; 0 for no target."""
    asked = runs[-1].parameters.get("target_cells", "") if runs else ""
    found = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 0
    return max(settings.target_cells, found)
