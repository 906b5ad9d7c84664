"""The state a case's events fold to, kept up to date one event at a time.

Rules that are decided here and nowhere else:

* A person's word stands over the model's: ``CONFIRMED`` where the final class is the predicted one,
  ``RELABELLED`` where it is another, ``EXCLUDED`` with an empty final.
* Undo and redo are events. Acts lie on a stack; undo takes the newest standing act back, redo brings the
  newest undone act again, a new act forgets what could be redone. There is no limit.
* A signature, an amendment and an adjudication are borders: what lies before them cannot be undone any more,
  only changed by a new act. So a signed figure never slips back without a visible decision.
* A signed case takes nothing but further signatures of the same report, until it is amended; an amendment
  opens the next version.
* Cells added by hand (run -1) exist in the case before their ``ADD_CELL``, but stand outside everything
  ("absent") until that event and after its undo or ``REMOVE_CELL``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from bloodcells_gui.domain.cell import Cell
from bloodcells_gui.domain.review import (
    UNDOABLE,
    Change,
    Decision,
    Event,
    EventKind,
    Signature,
    SpecimenData,
    Status,
)
from bloodcells_gui.domain.taxonomy import BY_CODE, UNIDENTIFIED

EXCLUDED_LABEL = "EXCLUDED"
BY_HAND_RUN = -1
MAX_HAND_COUNT = 1_000_000
SIGNATURE_FIELD = "signature"

Clock = Callable[[], str]

_ON_CELLS = frozenset(
    {EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE, EventKind.ADD_CELL,
     EventKind.REMOVE_CELL, EventKind.SECOND_READ, EventKind.ADJUDICATE}
)  # fmt: skip
_WITH_CLASS = frozenset({EventKind.RELABEL, EventKind.ADD_CELL, EventKind.ADJUDICATE})
_BORDERS = frozenset({EventKind.SIGN, EventKind.AMEND, EventKind.ADJUDICATE})


def utc_now() -> str:
    """Now, as UTC ISO 8601 with seconds and "Z"."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Note:
    """A remark a person wrote, about `cells` or (empty) about the whole case."""

    seq: int
    author: str
    time: str
    text: str
    cells: tuple[int, ...] = ()


class _Standing(NamedTuple):
    """What persons made of one cell. `before` is the decision an exclusion covered."""

    decision: Decision | None
    before: Decision | None
    absent: bool


_UNTOUCHED = _Standing(None, None, False)
_ABSENT = _Standing(None, None, True)


class _Delta(NamedTuple):
    """One slot's change: (what, which, before, after); undo writes `before`, redo `after`."""

    what: str
    which: int | str
    before: object
    after: object


class _Act(NamedTuple):
    event: Event
    deltas: tuple[_Delta, ...]


@lru_cache(maxsize=256)
def _proposal(predicted: str) -> Decision:
    return Decision(Status.PROPOSED, predicted)


_WAITING = Decision(Status.UNIDENTIFIED, "")
_OUTSIDE = Decision(Status.EXCLUDED, "")


class ReviewState:
    """Mutable fold over a case's cells and events.

    Parameters
    ----------
    cells : sequence of Cell
        What the models (and persons, run -1) found so far; more come by :meth:`add_cells`.

    Attributes
    ----------
    data : SpecimenData
    grades : dict of str to str
        Morphology item -> grade.
    notes : list of Note
    hand_counts : dict of str to int
        Leaf code -> cells counted by hand at the microscope.
    signatures : list of Signature
        Of every version, oldest first.
    counts : dict of str to int
        Final leaf code -> number, hand counts included; a code without cells is not in it.
    unidentified, excluded, reviewed : int
        Cells waiting; cells taken out; cells a person decided on.
    absent : int
        Hand-added cells that do not stand (undone or removed). ``len(state)`` equals
        ``sum(counts) - sum(hand_counts) + unidentified + excluded + absent``.
    signed : bool
        Signed and not amended since.
    version : int
        1, and one more for every amendment.
    second_reads : dict of str to dict of int to str
        Blinded pass -> cell -> class code; never mixed with the first reader's decisions.
    second_readers : dict of str to str
        Blinded pass -> author of its newest label.
    adjudicated : dict of int to str
        Cell -> class code settled after two readers disagreed.
    last_seq : int
    last_time : str
        Time never runs backwards within a case; this is the latest.
    """

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        self._cells: dict[int, Cell] = {}
        self._standing: dict[int, _Standing] = {}
        self._done: list[_Act] = []
        self._undone: list[_Act] = []
        self.data = SpecimenData()
        self.grades: dict[str, str] = {}
        self.notes: list[Note] = []
        self.hand_counts: dict[str, int] = {}
        self.signatures: list[Signature] = []
        self.counts: dict[str, int] = {}
        self.unidentified = 0
        self.excluded = 0
        self.reviewed = 0
        self.absent = 0
        self.signed = False
        self.version = 1
        self.second_reads: dict[str, dict[int, str]] = {}
        self.second_readers: dict[str, str] = {}
        self.adjudicated: dict[int, str] = {}
        self.last_seq = 0
        self.last_time = ""
        self.add_cells(cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __contains__(self, cell_id: int) -> bool:
        return cell_id in self._cells

    def add_cells(self, cells: Iterable[Cell]) -> None:
        """Take in new proposals; ValueError (with nothing taken in) when an id is there already."""
        new: dict[int, Cell] = {}
        for cell in cells:
            if cell.id in self._cells or cell.id in new:
                raise ValueError(f"cell {cell.id} is there already")
            new[cell.id] = cell
        self._cells.update(new)
        for cell in new.values():
            self._weigh(cell, self._standing_of(cell), 1)

    def repropose(self, cells: Iterable[Cell]) -> None:
        """Take known cells with other proposals; what persons decided stands. KeyError for an unknown one."""
        for cell in cells:
            standing = self._standing_of(self._cells[cell.id])
            self._weigh(self._cells[cell.id], standing, -1)
            self._cells[cell.id] = cell
            self._weigh(cell, standing, 1)

    # -- reading ---------------------------------------------------------------------------------------

    def decision(self, cell_id: int) -> Decision:
        """What stands for a cell; KeyError for an unknown one. An absent cell reads as excluded."""
        cell = self._cells[cell_id]
        standing = self._standing_of(cell)
        if standing.absent:
            return _OUTSIDE
        if standing.decision is not None:
            return standing.decision
        return _WAITING if cell.abstained else _proposal(cell.predicted)

    def present(self, cell_id: int) -> bool:
        """Whether the cell takes part: False for a hand-added cell that was undone or removed."""
        return not self._standing_of(self._cells[cell_id]).absent

    def decided(self, cell_id: int) -> bool:
        """Whether a person decided on the cell."""
        return self._standing_of(self._cells[cell_id]).decision is not None

    def label(self, cell_id: int) -> str:
        """The final class code, "UNI" while unidentified, "EXCLUDED" when taken out, "" when absent."""
        decision = self.decision(cell_id)
        if decision.status is Status.EXCLUDED:
            return EXCLUDED_LABEL if self.present(cell_id) else ""
        return decision.final or UNIDENTIFIED

    @property
    def can_undo(self) -> bool:
        """Whether an act can be taken back."""
        return bool(self._done) and not self.signed

    @property
    def can_redo(self) -> bool:
        """Whether an undone act can be brought again."""
        return bool(self._undone) and not self.signed

    def next_undo(self) -> int | None:
        """Seq of the act that undo would take back."""
        return self._done[-1].event.seq if self.can_undo else None

    def next_redo(self) -> int | None:
        """Seq of the act that redo would bring again."""
        return self._undone[-1].event.seq if self.can_redo else None

    # -- writing ---------------------------------------------------------------------------------------

    def check(self, event: Event) -> None:
        """Raise ValueError, as :meth:`apply` would, without changing anything."""
        self._plan(event)

    def apply(self, event: Event) -> Change:
        """Fold one event in; O(cells of the event).

        Raises
        ------
        ValueError
            On an event that cannot have happened in this state; the state is unchanged then.
        """
        deltas = self._plan(event)
        shown = event
        if event.kind is EventKind.UNDO:
            act = self._done.pop()
            self._undone.append(act)
            shown = act.event
        elif event.kind is EventKind.REDO:
            act = self._undone.pop()
            self._done.append(act)
            shown = act.event
        elif event.kind in UNDOABLE:
            self._done.append(_Act(event, tuple(deltas)))
            self._undone.clear()
        elif event.kind in _BORDERS:
            self._done.clear()
            self._undone.clear()
        for delta in deltas:
            self._write(delta)
        self.last_seq = event.seq
        self.last_time = max(self.last_time, event.time)
        return Change(cells=shown.cells, fields=_fields(shown), event=event)

    def _plan(self, event: Event) -> list[_Delta]:
        """Every slot the event alters, or ValueError."""
        kind = event.kind
        if event.seq != self.last_seq + 1:
            raise ValueError(f"event {event.seq} does not follow {self.last_seq}")
        if self.signed and kind not in (EventKind.AMEND, EventKind.SIGN):
            raise ValueError("the case is signed: amend it first")
        if kind in _ON_CELLS and not event.cells:
            raise ValueError(f"'{kind}' names no cells")
        if event.cells and len(set(event.cells)) != len(event.cells):
            raise ValueError("a cell is named twice")
        for cell_id in event.cells:
            if cell_id not in self._cells:
                raise ValueError(f"there is no cell {cell_id}")
            if kind in _ON_CELLS and kind is not EventKind.ADD_CELL and not self.present(cell_id):
                raise ValueError(f"cell {cell_id} was removed")
        if kind in _WITH_CLASS and event.new not in BY_CODE:
            raise ValueError(f"'{event.new}' is no class code")
        if kind is EventKind.UNDO:
            return self._plan_undo(event)
        if kind is EventKind.REDO:
            return self._plan_redo(event)
        if kind in _ON_CELLS and kind not in (EventKind.SECOND_READ, EventKind.ADJUDICATE):
            return [self._plan_cell(event, cell_id) for cell_id in event.cells]
        return self._plan_case(event)

    def _plan_undo(self, event: Event) -> list[_Delta]:
        if self.next_undo() is None or event.target != self.next_undo():
            raise ValueError(f"act {event.target} is not the one to undo")
        return [_Delta(d.what, d.which, d.after, d.before) for d in reversed(self._done[-1].deltas)]

    def _plan_redo(self, event: Event) -> list[_Delta]:
        if self.next_redo() is None or event.target != self.next_redo():
            raise ValueError(f"act {event.target} is not the one to redo")
        return list(self._undone[-1].deltas)

    def _plan_cell(self, event: Event, cell_id: int) -> _Delta:
        cell = self._cells[cell_id]
        old = self._standing_of(cell)
        kind = event.kind
        if kind is EventKind.CONFIRM:
            new = _Standing(_judge(cell, self.decision(cell_id).final or cell.predicted, event), None, False)
        elif kind is EventKind.RELABEL:
            new = _Standing(_judge(cell, event.new, event), None, False)
        elif kind is EventKind.EXCLUDE:
            gone = old.decision is not None and old.decision.status is Status.EXCLUDED
            out = Decision(Status.EXCLUDED, "", event.author, event.time)
            new = _Standing(out, old.before if gone else old.decision, False)
        elif kind is EventKind.RESTORE:
            new = self._restored(cell, old)
        elif kind is EventKind.ADD_CELL:
            if cell.run != BY_HAND_RUN or not old.absent:
                raise ValueError(f"cell {cell_id} stands already")
            new = _Standing(_judge(cell, event.new, event), None, False)
        else:
            if cell.run != BY_HAND_RUN:
                raise ValueError(f"cell {cell_id} was found by a model: exclude it instead")
            new = _ABSENT
        return _Delta("cell", cell_id, old, new)

    @staticmethod
    def _restored(cell: Cell, old: _Standing) -> _Standing:
        """An excluded cell gets back what stood before; any other goes back to the model's proposal."""
        if old.decision is not None and old.decision.status is Status.EXCLUDED:
            return _Standing(old.before, None, False)
        return old if cell.run == BY_HAND_RUN else _UNTOUCHED

    def _plan_case(self, event: Event) -> list[_Delta]:
        kind = event.kind
        if kind is EventKind.COUNT:
            return [self._plan_count(event)]
        if kind in (EventKind.SET_FIELD, EventKind.GRADE):
            if not event.key:
                raise ValueError(f"'{kind}' names no field")
            of_field = kind is EventKind.SET_FIELD
            old = (self.data.fields if of_field else self.grades).get(event.key, "")
            return [_Delta("field" if of_field else "grade", event.key, old, event.new)]
        if kind is EventKind.NOTE:
            if not event.new.strip():
                raise ValueError("the note is empty")
            note = Note(event.seq, event.author, event.time, event.new, event.cells)
            return [_Delta("note", event.seq, None, note)]
        if kind is EventKind.SECOND_READ:
            return self._plan_second_read(event)
        if kind is EventKind.ADJUDICATE:
            return self._plan_adjudication(event)
        if kind is EventKind.SIGN:
            return [self._plan_signature(event)]
        if not self.signed:
            raise ValueError("only a signed case can be amended")
        return [_Delta("version", "", self.version, self.version + 1)]

    def _plan_count(self, event: Event) -> _Delta:
        if event.key not in BY_CODE:
            raise ValueError(f"'{event.key}' is no class code")
        number = event.new if event.new.isascii() and event.new.isdigit() and len(event.new) < 9 else "x"
        if number == "x" or int(number) > MAX_HAND_COUNT:
            raise ValueError(f"'{event.new}' is no count")
        return _Delta("count", event.key, self.hand_counts.get(event.key, 0), int(event.new))

    def _plan_second_read(self, event: Event) -> list[_Delta]:
        if not event.key:
            raise ValueError("a second reading names its pass")
        if event.new and event.new not in BY_CODE:
            raise ValueError(f"'{event.new}' is no class code")
        labels = self.second_reads.get(event.key, {})
        who = _Delta("second reader", event.key, self.second_readers.get(event.key, ""), event.author)
        return [who, *(_Delta("second " + event.key, i, labels.get(i, ""), event.new) for i in event.cells)]

    def _plan_adjudication(self, event: Event) -> list[_Delta]:
        deltas = []
        for cell_id in event.cells:
            cell = self._cells[cell_id]
            new = _Standing(_judge(cell, event.new, event), None, False)
            deltas.append(_Delta("cell", cell_id, self._standing_of(cell), new))
            deltas.append(_Delta("adjudicated", cell_id, self.adjudicated.get(cell_id, ""), event.new))
        return deltas

    def _plan_signature(self, event: Event) -> _Delta:
        of_version = [s for s in self.signatures if s.version == self.version]
        if any(s.report_sha256 != event.key for s in of_version):
            raise ValueError("a further signature must be under the same report")
        signature = Signature(event.author, event.time, event.new, event.key, self.version)
        return _Delta("signature", event.seq, None, signature)

    # -- slots -----------------------------------------------------------------------------------------

    def _standing_of(self, cell: Cell) -> _Standing:
        standing = self._standing.get(cell.id)
        if standing is not None:
            return standing
        return _ABSENT if cell.run == BY_HAND_RUN else _UNTOUCHED

    def _write(self, delta: _Delta) -> None:
        what, which, before, after = delta
        if isinstance(after, _Standing):
            self._write_standing(int(which), after)
        elif what == "count":
            code = str(which)
            _bump(self.hand_counts, code, int(str(after)) - int(str(before)))
            _bump(self.counts, code, int(str(after)) - int(str(before)))
        elif what == "field":
            self.data = SpecimenData(_with(self.data.fields, str(which), str(after)))
        elif what == "grade":
            self.grades = _with(self.grades, str(which), str(after))
        elif what == "note":
            self.notes = [n for n in self.notes if n.seq != which]
            if isinstance(after, Note):
                self.notes.append(after)
        elif what == "adjudicated":
            self.adjudicated[int(which)] = str(after)
        elif isinstance(after, Signature):
            self.signatures.append(after)
            self.signed = True
        elif what == "version":
            self.version = int(str(after))
            self.signed = False
        elif what == "second reader":
            self.second_readers[str(which)] = str(after)
        else:
            labels = self.second_reads.setdefault(what.removeprefix("second "), {})
            if after:
                labels[int(which)] = str(after)
            else:
                labels.pop(int(which), None)

    def _write_standing(self, cell_id: int, new: _Standing) -> None:
        cell = self._cells[cell_id]
        self._weigh(cell, self._standing_of(cell), -1)
        if new == (_ABSENT if cell.run == BY_HAND_RUN else _UNTOUCHED):
            self._standing.pop(cell_id, None)
        else:
            self._standing[cell_id] = new
        self._weigh(cell, new, 1)

    def _weigh(self, cell: Cell, standing: _Standing, weight: int) -> None:
        if standing.absent:
            self.absent += weight
            return
        decision = standing.decision
        if decision is None:
            if cell.abstained:
                self.unidentified += weight
            else:
                _bump(self.counts, cell.predicted, weight)
            return
        self.reviewed += weight
        if decision.status is Status.EXCLUDED:
            self.excluded += weight
        else:
            _bump(self.counts, decision.final, weight)


def _judge(cell: Cell, final: str, event: Event) -> Decision:
    status = Status.CONFIRMED if final == cell.predicted else Status.RELABELLED
    return Decision(status, final, event.author, event.time)


def _bump(table: dict[str, int], code: str, by: int) -> None:
    value = table.get(code, 0) + by
    if value:
        table[code] = value
    else:
        table.pop(code, None)


def _with(table: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    new = dict(table)
    if value:
        new[key] = value
    else:
        new.pop(key, None)
    return new


def _fields(event: Event) -> tuple[str, ...]:
    if event.kind in (EventKind.SET_FIELD, EventKind.GRADE, EventKind.COUNT):
        return (event.key,)
    return (SIGNATURE_FIELD,) if event.kind in (EventKind.SIGN, EventKind.AMEND) else ()


def fold(cells: Sequence[Cell], events: Iterable[Event]) -> ReviewState:
    """The state after all `events`; ValueError at the first that cannot have happened."""
    state = ReviewState(cells)
    for event in events:
        state.apply(event)
    return state


def make_event(
    state: ReviewState,
    kind: EventKind,
    author: str,
    cells: Sequence[int] = (),
    new: str = "",
    key: str = "",
    reason: str = "",
    clock: Clock = utc_now,
) -> Event:
    """The next event of a case, its old values filled in and checked against the state.

    Parameters
    ----------
    cells : sequence of int
        Named once each, in the order a person sees them.
    new : str
        For COUNT a step ("1", "-1") or the new number ("=12"); the event holds the new number.
    key : str
        Field, grade item, class code of a COUNT, pass of a second reading, sha256 of the report that a SIGN
        freezes.

    Returns
    -------
    Event
        :meth:`ReviewState.apply` takes it. Its time is never before the newest event's, whatever the clock
        says.

    Raises
    ------
    ValueError
        When the state does not allow it, or nobody's name stands behind it.
    """
    if not author.strip():
        raise ValueError("an event needs an author")
    if kind is EventKind.SIGN and state.unidentified:
        raise ValueError(f"{state.unidentified} cells are still unidentified")
    ids = tuple(dict.fromkeys(int(i) for i in cells))
    target = 0
    if kind in (EventKind.UNDO, EventKind.REDO):
        wanted = state.next_undo() if kind is EventKind.UNDO else state.next_redo()
        if wanted is None:
            raise ValueError(f"there is nothing to {kind}")
        target = wanted
        stack = state._done if kind is EventKind.UNDO else state._undone
        ids = stack[-1].event.cells
    old: tuple[str, ...] = ()
    if kind is EventKind.COUNT:
        had = state.hand_counts.get(key, 0)
        old = (str(had),)
        new = _stepped(had, new)
    elif kind is EventKind.SET_FIELD:
        old = (state.data.fields.get(key, ""),)
    elif kind is EventKind.GRADE:
        old = (state.grades.get(key, ""),)
    elif kind is EventKind.SECOND_READ:
        old = tuple(state.second_reads.get(key, {}).get(i, "") for i in ids)
    elif kind is not EventKind.NOTE:
        old = tuple(state.label(i) for i in ids if i in state)
    time = max(clock(), state.last_time)
    event = Event(state.last_seq + 1, kind, author.strip(), time, ids, new, old, key, reason, target)
    state.check(event)
    return event


def _stepped(had: int, new: str) -> str:
    """The count after a step ("1", "-1") or an outright setting ("=12")."""
    if new.startswith("="):
        return new[1:]
    digits = new[1:] if new[:1] in ("+", "-") else new
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise ValueError(f"'{new}' is no step")
    total = had - int(digits) if new[0] == "-" else had + int(digits)
    if total < 0:
        raise ValueError("a count cannot fall below zero")
    return str(total)
