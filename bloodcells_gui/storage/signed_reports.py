"""Check signed reports against the case: the end of its chain, and the counts from its events.

A frozen report is JSON (`report/model.py`); only its plain figures are read here, as an auditor without this
program would read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.numeration import with_unlisted
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.run_record import RunRecord
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.storage import row_validation
from bloodcells_gui.storage.hash_chain import Entry, Kind
from bloodcells_gui.storage.seals import Problem

if TYPE_CHECKING:
    from bloodcells_gui.storage.case import CaseStore


@dataclass(frozen=True, slots=True)
class _SignedReport:
    """A frozen report, the first signature under it, and the chain until it was frozen."""

    key: int
    text: bytes
    event: Event
    before: Sequence[Entry]


def problems(store: CaseStore) -> list[Problem]:
    """List where the signed reports contradict the case that holds them."""
    found: list[Problem] = []
    for signed in _signed(store):
        where = f"report {signed.key}"
        try:
            obj = row_validation.loads(signed.text)
            if "differential" not in obj:
                continue  # no report of this program; its hash is all there is
            chain, table = obj.get("chain"), obj["differential"]
            if chain is not None and not _chain_matches(chain, signed):
                what = N_("The chain does not end where it ended when the report was signed")
                found.append(Problem(what, where))
            differing = _differing(table, store, signed)
        except row_validation.NONSENSE:
            found.append(Problem("The signed report cannot be read", where))
            continue
        if differing:
            what = N_("The counts of the signed report do not follow from the decisions")
            found.append(Problem(what, f"{where}: {differing}"))
    return found


def end_problem(store: CaseStore) -> Problem | None:
    """Find a signed report that names another end of the chain than it has: all of it was computed anew."""
    for signed in _signed(store):
        try:
            chain = row_validation.loads(signed.text).get("chain")
            if chain is None or _chain_matches(chain, signed):
                continue
        except row_validation.NONSENSE:
            continue  # no report of this program; its hash is all there is
        what = N_("The chain does not end where it ended when the report was signed")
        return Problem(what, f"report {signed.key}")
    return None


def _signed(store: CaseStore) -> list[_SignedReport]:
    entries, events = store.ledger(), store.events()
    first: dict[str, Event] = {}
    for event in events:
        if event.kind is EventKind.SIGN:
            first.setdefault(event.key, event)
    frozen_at = {e.first: n for n, e in enumerate(entries) if e.kind == Kind.REPORT}
    return [
        _SignedReport(key, text, first[hashed], entries[: frozen_at[key]])
        for key, hashed, text in store.report_rows()
        if hashed in first and key in frozen_at
    ]


def _chain_matches(chain: Mapping[str, Any], signed: _SignedReport) -> bool:
    before = signed.before
    return (
        chain["entries"] == len(before)
        and (chain["head"] == before[-1].hash if before else False)
        and chain["events"] == sum(e.kind == Kind.EVENT for e in before) == signed.event.seq - 1
    )


def _differing(table: Mapping[str, Any], store: CaseStore, signed: _SignedReport) -> str:
    """Compare the signed differential with the acts before the signature; "" where they agree."""
    cells = _cells_at_signing(store, signed.before)
    state = fold(cells, store.events()[: signed.event.seq - 1])
    ended = _runs_ended(signed.before)
    # Earlier versions counted the platelets of slides that are not shown as well.
    earlier = with_unlisted(state.counts, [r.record.counts for r in store.runs if r.number in ended])
    now, then = (_count_differences(table, counts, state) for counts in (state.counts, earlier))
    return now and then


def _count_differences(table: Mapping[str, Any], counts: Mapping[str, int], state: ReviewState) -> str:
    leaves = {row.code: row.leaves for row in ROLLUPS[table["rollup"]].rows}
    wanted = {code: sum(counts.get(leaf, 0) for leaf in of) for code, of in leaves.items()}
    wanted |= {"unidentified": state.unidentified, "excluded": state.excluded}
    said = {row["code"]: row["count"] for row in table["rows"]}
    said |= {name: table[name] for name in ("unidentified", "excluded")}
    differing = [
        f"{name} {said[name]}, {wanted[name]}" for name in said if wanted.get(name, said[name]) != said[name]
    ]
    return ", ".join(differing[:6])


def _runs_ended(before: Sequence[Entry]) -> set[int]:
    return {e.first for e in before if e.kind in (Kind.RUN_END, Kind.RUN_RESULT)}


def _cells_at_signing(store: CaseStore, before: Sequence[Entry]) -> list[Cell]:
    """The cells that were there, with the proposals of the runs that had ended."""
    there: set[int] = set()
    for entry in before:
        if entry.kind == Kind.CELLS:
            there.update(range(entry.first, entry.first + entry.count))
    ended = _runs_ended(before)
    runs = [r if r.number in ended else replace(r, record=RunRecord()) for r in store.runs]
    return [c for c in store.load_cells(runs=runs) if c.id in there]
