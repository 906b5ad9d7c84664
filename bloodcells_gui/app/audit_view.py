"""The audit trail of a case as lines to read, and the result of its verification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.app.lab_heads import seen_by_stations
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect
from bloodcells_gui.domain.event_words import act_text, cells_text, key_text, new_text, old_text
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.review import Event
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.hash_chain import Kind

COLUMNS = ("entry", "time", "author", "act", "key", "old", "new", "cells", "reason")
# What an entry of the chain seals that is no act of a person.
_SEALED = {
    Kind.META: N_("Case begun"),
    Kind.IMAGES: N_("Images listed"),
    Kind.FACTS: N_("Image measured"),
    Kind.LOCATION: N_("Folder of the images noted"),
    Kind.RUN: N_("Analysis begun"),
    Kind.RUN_END: N_("Analysis ended"),
    Kind.RUN_RESULT: N_("Analysis ended"),
    Kind.SETTLED: N_("Proposals settled"),
    Kind.SKIPPED: N_("Files left out"),
    Kind.CELLS: N_("Cells found"),
    Kind.REPORT: N_("Report frozen"),
    Kind.REPORT_MAPS: N_("Explanations kept with the report"),
    Kind.OUTLINE: N_("Mended outline kept"),
    Kind.RED_CELL_RUN: N_("Examination of red cells begun"),
    Kind.RED_CELL_RUN_END: N_("Examination of red cells stopped"),
    Kind.RED_CELL_FIELD: N_("Field of red cells examined"),
}
_MANY = frozenset({Kind.IMAGES, Kind.SKIPPED, Kind.CELLS})


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


def rows(session: CaseSession, lang: str = "en") -> list[dict[str, str]]:
    """Every entry of the trail in words, newest first; times stay as the case has them (UTC)."""
    events = {event.seq: event for event in session.store.events()}
    found: list[dict[str, str]] = []
    acts: dict[int, str] = {}
    for entry in audit.trail(session.store):
        event = events.get(entry["seq"]) if entry["act"] else None
        if event is None:
            found.append(_sealed(entry, lang))
            continue
        acts[event.seq] = f"{entry['entry']}: {act_text(event.kind, lang)}"
        found.append(_act(entry, event, session.settings, lang, acts.get(event.target, "")))
    return found[::-1]


def _sealed(entry: Mapping[str, object], lang: str) -> dict[str, str]:
    kind = str(entry["what"])
    row = dict.fromkeys(COLUMNS, "")
    known = kind in _SEALED
    row.update(entry=str(entry["entry"]), time=str(entry["clock"]))
    row["act"] = tr(_SEALED[Kind(kind)], lang) if known else kind
    row["new"] = str(entry["new"]) if known and Kind(kind) in _MANY else ""
    return row


def _act(
    entry: Mapping[str, object], event: Event, settings: LabSettings, lang: str, turned: str
) -> dict[str, str]:
    """An act of a person; `turned` is the act that this one takes back or does again."""
    return {
        "entry": str(entry["entry"]),
        "time": event.time,
        "author": event.author,
        "act": act_text(event.kind, lang),
        "cells": cells_text(event.cells),
        "key": turned or key_text(event, settings, lang),
        "old": old_text(event, settings, lang),
        "new": new_text(event, settings, lang),
        "reason": event.reason,
    }


def verify(
    path: Path, lang: str = "en", progress: Callable[[int, int], None] | None = None, head: str = ""
) -> AuditResult:
    """Chain, seals, signatures, fold and the images that can be reached; may take minutes on slides.

    `head` is the chain's hash as a report has it printed, "" for none; it must be in the chain.
    """
    report = audit.verify(path, head=head or None, progress=progress, by_stations=seen_by_stations)
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


def export(path: Path, target: Path, dialect: CsvDialect = RFC4180) -> int:
    """Write the trail as CSV or, by the suffix .jsonl, as JSON lines; returns the number of entries."""
    return audit.export_trail(path, target, dialect)
