"""Verification of a case on demand, and its audit trail as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import fold
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.imaging.io.identity import sampled_hash
from bloodcells_gui.storage import last_seen, signed_reports
from bloodcells_gui.storage.allowed_paths import NOWHERE
from bloodcells_gui.storage.atomic_io import write_whole
from bloodcells_gui.storage.case import RECOVERED_FROM, CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.verification import AuditReport, Problem

_HEAD = re.compile(r"[0-9a-f]{16,64}")

__all__ = ["AuditReport", "Problem", "export_trail", "trail", "verify"]

TRAIL_COLUMNS = (
    "entry", "clock", "what", "seq", "time", "author", "act", "cells", "key", "old", "new", "reason",
    "target", "content_sha256", "chain_sha256",
)  # fmt: skip


def verify(
    path: Path,
    *,
    images: bool = True,
    head: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    by_stations: last_seen.Seen | None = None,
) -> AuditReport:
    """Everything that can be held against a case: chain, seals, signatures, fold, images on the disk.

    Parameters
    ----------
    path : Path
        Is opened read-only; a case that is open elsewhere can be verified.
    images : bool
        Also read the images that can be reached and compare their SHA-256.
    head : str or None
        A hash of the chain as it is printed on a report, or its first 16 characters or more: the chain must
        hold it. None asks for none; an empty text is refused, or a script without its value passes.
    progress : callable
        Called with images done and images in all; may raise to stop.
    by_stations : callable or None
        What the stations of the laboratory saw of a chain, by its seed.

    Returns
    -------
    AuditReport

    Raises
    ------
    UserError
        When there is no case file that could be looked into, or `head` cannot be one. A damaged case gives
        a report.
    """
    printed = _as_printed(head)
    try:
        store = CaseStore.open(path, read_only=True, compare=False)
    except CaseDamaged as error:
        return AuditReport(problems=[Problem(error.text())])
    with store:
        report = AuditReport()
        try:
            report = store.audit()
            if printed:
                _check_head(store, report, printed)
            _check_whole(store, report, by_stations)
        except CaseDamaged as error:
            report.problems.append(Problem(error.text()))
        if images:
            _check_images(store, report, progress)
    return report


def _check_whole(store: CaseStore, report: AuditReport, by_stations: last_seen.Seen | None) -> None:
    """What no single row shows: events that follow from each other, and no report without its signature."""
    cells, events = store.load_cells(), store.events()
    try:
        with store.decoding("events"):
            fold(cells, events)
    except CaseDamaged as error:
        where = str(error.__cause__)[:200]
        report.problems.append(Problem("The events do not follow from each other", where))
    drawn = store.outlines()
    for event in events:
        if event.kind is EventKind.MEND_OUTLINE and event.new:
            outline = drawn.get(int(event.new)) if event.new.isdigit() else None
            if outline is None or outline.cell not in event.cells:
                what = N_("A mended outline is missing")
                report.problems.append(Problem(what, f"event {event.seq}"))
    _check_red_cells(store, events, report)
    for key in store.unsigned_reports():
        if RECOVERED_FROM in store.extra:
            what = N_("A report of the recovered case is kept without its signature")
            report.remarks.append(Problem(what, f"report {key}"))
        else:
            what = N_("A report was signed, and its signature is gone")
            report.problems.append(Problem(what, f"report {key}"))
    report.problems += signed_reports.problems(store)
    if last_seen.lacks_what_was_seen(store, by_stations):
        what = N_("The work list of this folder saw a later state of this case")
        report.problems.append(Problem(what))


def _check_red_cells(store: CaseStore, events: Sequence[Event], report: AuditReport) -> None:
    """Every examined field can be read, and every red cell that a person named is in one."""
    for run in store.examinations():
        store.red_cells(run.number)
    fields = store.examined_fields()
    for stored in fields:
        store.field_contours(stored.id)
    ends = [f.first + f.count for f in fields]
    for event in events:
        if event.kind is EventKind.NAME_RED_CELLS:
            places = [bisect_right(ends, i) for i in event.cells]
            named = zip(event.cells, places, strict=True)
            if not all(n < len(fields) and fields[n].first <= i for i, n in named):
                what = N_("A red cell that was named is missing")
                report.problems.append(Problem(what, f"event {event.seq}"))


def _as_printed(head: str | None) -> str:
    """A hash that a person typed or pasted, without blanks; UserError when it cannot be one."""
    if head is None:
        return ""
    text = "".join(head.split()).lower().removeprefix("sha256").rstrip("…")
    if not _HEAD.fullmatch(text):
        raise UserError(
            "The head of a chain has 16 to 64 of the characters 0 to 9 and a to f.",
            "",
            "Type it as it is printed on the report, at least its first 16 characters.",
        )
    return text


def _check_head(store: CaseStore, report: AuditReport, printed: str) -> None:
    """The chain only grows, so whatever was printed once is still in it."""
    for entry in store.ledger()[: report.entries]:
        if entry.hash.startswith(printed):
            where = f"ledger {entry.seq}/{report.entries}"
            report.remarks.append(Problem("The printed head is in the chain", where))
            return
    what = N_("The chain does not hold the printed head: its end was cut off, or it was computed anew")
    report.problems.append(Problem(what, printed[:16]))


def _check_images(store: CaseStore, report: AuditReport, progress: Callable[[int, int], None] | None) -> None:
    refs = [ref for ref in store.specimen.images if ref.sha256 or ref.sampled]
    for done, ref in enumerate(refs):
        if progress is not None:
            progress(done, len(refs))
        if ref.path == NOWHERE:
            report.remarks.append(Problem("An image lies on the network and was not opened", ref.name))
            continue
        try:
            same = (not ref.sha256 or plain_files.sha256_of(ref.path) == ref.sha256) and (
                not ref.sampled or sampled_hash(ref.path) == ref.sampled
            )
        except OSError as error:
            report.remarks.append(
                Problem("An image cannot be reached", f"{ref.name}: {error.strerror or error}")
            )
            continue
        report.images += 1
        if not same:
            report.problems.append(Problem("An image is not the one that was analysed", ref.name))


def trail(store: CaseStore) -> Iterator[dict[str, Any]]:
    """The audit trail, oldest first: one mapping of TRAIL_COLUMNS for each entry of the ledger."""
    events = {e.seq: e for e in store.events()}
    for entry in store.ledger():
        row: dict[str, Any] = dict.fromkeys(TRAIL_COLUMNS, "")
        row.update(entry=entry.seq, clock=entry.written, what=entry.kind)
        row.update(content_sha256=entry.content, chain_sha256=entry.hash)
        event = events.get(entry.first) if entry.kind == Kind.EVENT else None
        if event is not None:
            row.update(
                seq=event.seq, time=event.time, author=event.author, act=str(event.kind),
                cells=list(event.cells), key=event.key, old=list(event.old), new=event.new,
                reason=event.reason, target=event.target,
            )  # fmt: skip
        else:
            row.update(seq=entry.first, new=str(entry.count))
        yield row


def export_trail(path: Path, target: Path, dialect: CsvDialect = RFC4180) -> int:
    """Write a case's audit trail; `target` ending in .jsonl gives JSON lines, anything else CSV.

    Lists stand in CSV with spaces between; no field can start a formula of a spreadsheet.

    Returns
    -------
    int
        Entries written.

    Raises
    ------
    UserError
        When the case cannot be read or `target` not be written; an old `target` is as it was then.
    """
    with CaseStore.open(path, read_only=True, compare=False) as store:
        table = list(trail(store))
    encoding = "utf-8"
    if target.suffix.lower() == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table)
    else:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=dialect.separator, lineterminator="\r\n")
        writer.writerow(TRAIL_COLUMNS)
        writer.writerows([dialect.field(_plain(row[c])) for c in TRAIL_COLUMNS] for row in table)
        text, encoding = out.getvalue(), dialect.encoding
    write_whole(target, text.encode(encoding, "replace"))
    return len(table)


def _plain(value: object) -> str | int:
    if isinstance(value, list):
        return " ".join(str(v) for v in value)
    return value if isinstance(value, int) else str(value)
