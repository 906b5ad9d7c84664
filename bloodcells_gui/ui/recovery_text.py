"""What is said of a case that was recovered from a damaged file."""

from __future__ import annotations

from pathlib import Path

from bloodcells_gui.app.worklist import Recovery
from bloodcells_gui.ui.i18n import Language, ngettext, tr


def recovered(language: Language, target: Path, found: Recovery) -> tuple[str, str, str, str]:
    """Kind, headline, figures and remarks of the banner about the case saved as `target`."""
    remarks = [language.text(remark) for remark in found.remarks]
    return (
        "ok" if found.complete else "warning",
        tr("What could be read was saved as {name}.").format(name=target.name),
        tr("Recovered: {cells}, {events}; known to be lost: {lost}.").format(
            cells=ngettext("{n} cell", "{n} cells", found.cells),
            events=ngettext("{n} decision", "{n} decisions", found.events),
            lost=found.lost,
        ),
        " ".join([*remarks, tr("Signatures are not carried over: check the case and sign it again.")]),
    )
