"""The audit trail of a case as lines to read, and the result of its verification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.storage import audit

COLUMNS = ("entry", "time", "author", "act", "cells", "key", "old", "new", "reason")


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What a verification found: sentences in the asked language; `head` is the newest hash of the chain."""

    ok: bool
    problems: tuple[str, ...]
    remarks: tuple[str, ...]
    entries: int
    events: int
    cells: int
    images: int
    head: str


def rows(session: CaseSession) -> list[dict[str, str]]:
    """Every entry of the trail, newest first; lists as words with blanks between."""
    return [{c: _text(entry, c) for c in COLUMNS} for entry in audit.trail(session.store)][::-1]


def _text(entry: dict[str, Any], column: str) -> str:
    if column == "time":
        return str(entry["time"] or entry["clock"])
    if column == "act":
        return str(entry["act"] or entry["what"])
    value = entry[column]
    return " ".join(str(v) for v in value) if isinstance(value, list) else str(value)


def verify(
    path: Path, lang: str = "en", progress: Callable[[int, int], None] | None = None, head: str = ""
) -> AuditResult:
    """Chain, seals, signatures, fold and the images that can be reached; may take minutes on slides.

    `head` is the chain's hash as a report has it printed, "" for none; it must be in the chain.
    """
    report = audit.verify(path, head=head or None, progress=progress)
    return AuditResult(
        report.ok,
        tuple(p.text(lang) for p in report.problems),
        tuple(p.text(lang) for p in report.remarks),
        report.entries,
        report.events,
        report.cells,
        report.images,
        report.head,
    )


def export(path: Path, target: Path) -> int:
    """Write the trail as CSV or, by the suffix .jsonl, as JSON lines; returns the number of entries."""
    return audit.export_trail(path, target)
