"""How much work there is, in words."""

from __future__ import annotations

from bloodcells_gui.app.worklist import CaseState, Query, Stage, WorkList
from bloodcells_gui.ui.i18n import ngettext


def work_text(cases: WorkList) -> str:
    """How much work there is over all cases, whatever is searched for."""
    entries = cases.search(Query())
    stages = cases.stages(entries)
    urgent = sum(e.urgent and e.state not in (CaseState.SIGNED, CaseState.UNREADABLE) for e in entries)
    parts = (
        (urgent, ngettext("{n} urgent", "{n} urgent", urgent)),
        (stages[Stage.PENDING], ngettext("{n} pending", "{n} pending", stages[Stage.PENDING])),
        (stages[Stage.TO_REVIEW], ngettext("{n} to review", "{n} to review", stages[Stage.TO_REVIEW])),
        (stages[Stage.TO_SIGN], ngettext("{n} to sign", "{n} to sign", stages[Stage.TO_SIGN])),
        (
            stages[Stage.TO_SIGN_SECOND],
            ngettext(
                "{n} to sign, second person", "{n} to sign, second person", stages[Stage.TO_SIGN_SECOND]
            ),
        ),
        (
            stages[Stage.SIGNED_TODAY],
            ngettext("{n} signed today", "{n} signed today", stages[Stage.SIGNED_TODAY]),
        ),
    )
    return "  ·  ".join(text for count, text in parts if count)
