"""Apply checked events: acts that can be undone, and facts about the case itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID, Cell
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.red_cells import NOT_COUNTED, RED_CELL_CLASS
from bloodcells_gui.domain.review import (
    CELL_OUTLINE,
    NUCLEUS_OUTLINE,
    UNDOABLE,
    Amendment,
    Change,
    Event,
    EventKind,
    Signature,
    SpecimenData,
)
from bloodcells_gui.domain.review_state.cell_states import CellState, CellStates, increment_count
from bloodcells_gui.domain.tags import LONGEST_TAG, MOST_TAGS
from bloodcells_gui.domain.taxonomy import BY_CODE

MAX_HAND_COUNT = 1_000_000
SIGNATURE_FIELD = "signature"

_ON_CELLS = frozenset(
    {EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE, EventKind.ADD_CELL,
     EventKind.REMOVE_CELL, EventKind.MEND_OUTLINE, EventKind.SECOND_READ, EventKind.ADJUDICATE,
     EventKind.TAG, EventKind.UNTAG, EventKind.NAME_RED_CELLS}
)  # fmt: skip
_WITH_CLASS = frozenset({EventKind.RELABEL, EventKind.ADD_CELL, EventKind.ADJUDICATE})
_WITHOUT_CLASS = frozenset(
    {EventKind.SECOND_READ, EventKind.ADJUDICATE, EventKind.TAG, EventKind.UNTAG, EventKind.NAME_RED_CELLS}
)
_BORDERS = frozenset({EventKind.SIGN, EventKind.AMEND, EventKind.ADJUDICATE})


@dataclass(frozen=True, slots=True)
class Note:
    """A remark a person wrote, about `cells` or (empty) about the whole case."""

    seq: int
    author: str
    time: str
    text: str
    cells: tuple[int, ...] = ()


# Slot of a blinded pass, followed by its name: no name can make it another slot.
_SECOND_READ = "second read: "


class _Delta(NamedTuple):
    """One slot's change: (what, which, before, after); undo writes `before`, redo `after`."""

    what: str
    which: int | str
    before: object
    after: object


class RedCellName(NamedTuple):
    """What a person called a red cell, and who and when."""

    code: str
    author: str
    time: str


class _Act(NamedTuple):
    event: Event
    deltas: tuple[_Delta, ...]


class ReviewState(CellStates):
    """Mutable fold over a case's cells and events.

    ``len(state)`` equals ``sum(counts) - sum(hand_counts) + unidentified + excluded + absent``.

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
    tags : dict of int to tuple of str
        Cell -> what persons remarked on it, in the order in which it was put there.
    hand_counts : dict of str to int
        Leaf code -> cells counted by hand at the microscope.
    signatures : list of Signature
        Of every version, oldest first.
    amendments : list of Amendment
        Oldest first, with their reasons.
    counts : dict of str to int
        Final leaf code -> number, hand counts included; a code without cells is not in it.
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
    outlines : dict of int to int
        Cell -> id of the mended outline that holds; none for the program's own.
    red_cells : dict of int to str
        Red cell -> shape code that a person gave it, or `NOT_COUNTED`; none where the proposal stands.
    red_cell_names : dict of int to RedCellName
        The same, with who gave it and when.
    last_seq : int
    last_time : str
        Time never runs backwards within a case; this is the latest.
    """

    def __init__(self, cells: Sequence[Cell] = ()) -> None:
        super().__init__()
        self._done: list[_Act] = []
        self._undone: list[_Act] = []
        self.data = SpecimenData()
        self.grades: dict[str, str] = {}
        self.notes: list[Note] = []
        self.tags: dict[int, tuple[str, ...]] = {}
        self.hand_counts: dict[str, int] = {}
        self.signatures: list[Signature] = []
        self.amendments: list[Amendment] = []
        self.signed = False
        self.version = 1
        self.second_reads: dict[str, dict[int, str]] = {}
        self.second_readers: dict[str, str] = {}
        self.adjudicated: dict[int, str] = {}
        self.outlines: dict[int, int] = {}
        self.red_cells: dict[int, str] = {}
        self.red_cell_names: dict[int, RedCellName] = {}
        self.last_seq = 0
        self.last_time = ""
        self.add_cells(cells)

    # -- reading ---------------------------------------------------------------------------------------

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
        act = self.turned_by(EventKind.UNDO)
        return None if act is None else act.seq

    def next_redo(self) -> int | None:
        """Seq of the act that redo would bring again."""
        act = self.turned_by(EventKind.REDO)
        return None if act is None else act.seq

    def turned_by(self, kind: EventKind) -> Event | None:
        """The act that an UNDO would take back or a REDO bring again; None when there is none."""
        stack = self._done if kind is EventKind.UNDO else self._undone
        return stack[-1].event if stack and not self.signed else None

    # -- writing ---------------------------------------------------------------------------------------

    def check(self, event: Event) -> None:
        """Raise ValueError, as :meth:`apply` would, without changing anything."""
        self._changes_of_event(event)

    def apply(self, event: Event) -> Change:
        """Fold one event in; O(cells of the event).

        Raises
        ------
        ValueError
            On an event that cannot have happened in this state; the state is unchanged then.
        """
        deltas = self._changes_of_event(event)
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
            self._apply_change(delta)
        self.last_seq = event.seq
        self.last_time = max(self.last_time, event.time)
        if shown.kind is EventKind.NAME_RED_CELLS:
            return Change(event=event, red_cells=shown.cells)
        return Change(cells=shown.cells, fields=_fields(shown), event=event)

    def _check(self, event: Event) -> None:
        """Raise ValueError where the event can never follow what was done so far, whatever its kind does."""
        kind = event.kind
        if event.seq != self.last_seq + 1:
            raise ValueError(f"event {event.seq} does not follow {self.last_seq}")
        if self.signed and kind not in (EventKind.AMEND, EventKind.SIGN):
            raise ValueError(N_("the case is signed: amend it first"))
        if kind in _ON_CELLS and not event.cells:
            raise ValueError(f"'{kind}' names no cells")
        if event.cells and len(set(event.cells)) != len(event.cells):
            raise ValueError("a cell is named twice")
        if kind is EventKind.NAME_RED_CELLS or (event.cells and event.cells == self._red_cells_turned(kind)):
            self._check_red_cells(event)
            return
        for cell_id in event.cells:
            if cell_id not in self:
                raise ValueError(f"there is no cell {cell_id}")
            if kind in _ON_CELLS and kind is not EventKind.ADD_CELL and not self.present(cell_id):
                raise ValueError(f"cell {cell_id} was removed")
        if kind in _WITH_CLASS and event.new not in BY_CODE:
            raise ValueError(f"'{event.new}' is no class code")

    def _red_cells_turned(self, kind: EventKind) -> tuple[int, ...]:
        """The red cells of the act that an undo takes back or a redo brings again."""
        if kind not in (EventKind.UNDO, EventKind.REDO):
            return ()
        act = self.turned_by(kind)
        return act.cells if act is not None and act.kind is EventKind.NAME_RED_CELLS else ()

    @staticmethod
    def _check_red_cells(event: Event) -> None:
        """Whether the cells exist is for who knows them: `audit.verify`, `app.red_cells`."""
        if any(cell_id < FIRST_RED_CELL_ID for cell_id in event.cells):
            raise ValueError("a cell that is no red cell")
        if event.new and event.new not in RED_CELL_CLASS and event.new != NOT_COUNTED:
            raise ValueError(f"'{event.new}' is no shape of red cells")

    def _changes_of_event(self, event: Event) -> list[_Delta]:
        """Every slot the event alters, or ValueError."""
        self._check(event)
        kind = event.kind
        if kind is EventKind.UNDO:
            return self._plan_undo(event)
        if kind is EventKind.REDO:
            return self._plan_redo(event)
        if kind is EventKind.MEND_OUTLINE:
            return [self._plan_outline(event)]
        if kind is EventKind.NAME_RED_CELLS:
            name = RedCellName(event.new, event.author, event.time) if event.new else None
            return [_Delta("red cell", i, self.red_cell_names.get(i), name) for i in event.cells]
        if kind in (EventKind.TAG, EventKind.UNTAG):
            return [self._plan_tag(event, i) for i in event.cells]
        if kind in _ON_CELLS - _WITHOUT_CLASS:
            return [self._plan_cell(event, i) for i in event.cells]
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
        return _Delta("cell", cell_id, self._standing_of(cell_id), self._planned(event, cell_id))

    def _plan_outline(self, event: Event) -> _Delta:
        if len(event.cells) != 1 or event.key not in (CELL_OUTLINE, NUCLEUS_OUTLINE, ""):
            raise ValueError("an outline is mended one cell at a time")
        number = event.new if event.new.isascii() and event.new.isdigit() and len(event.new) < 18 else "0"
        if event.new and int(number) < 1:
            raise ValueError(f"'{event.new}' is no outline")
        before = self.outlines.get(event.cells[0], 0)
        if int(number) == before:
            raise ValueError("the outline is as it was")
        return _Delta("outline", event.cells[0], before, int(number))

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
                raise ValueError(N_("the note is empty"))
            note = Note(event.seq, event.author, event.time, event.new, event.cells)
            return [_Delta("note", event.seq, None, note)]
        if kind is EventKind.SECOND_READ:
            return self._plan_second_read(event)
        if kind is EventKind.ADJUDICATE:
            return self._plan_adjudication(event)
        if kind is EventKind.SIGN:
            return [self._plan_signature(event)]
        if not self.signed:
            raise ValueError(N_("only a signed case can be amended"))
        began = Amendment(event.author, event.time, event.reason, self.version + 1)
        return [
            _Delta("version", "", self.version, self.version + 1),
            _Delta("amendment", event.seq, None, began),
        ]

    def _plan_tag(self, event: Event, cell_id: int) -> _Delta:
        old, tag = self.tags.get(cell_id, ()), event.new
        if not tag.strip() or len(tag) > LONGEST_TAG:
            raise ValueError(f"a tag has 1 to {LONGEST_TAG} characters")
        if (tag in old) == (event.kind is EventKind.TAG):
            raise ValueError(f"cell {cell_id} has the tag already or has it not")
        if event.kind is EventKind.TAG and len(old) >= MOST_TAGS:
            raise ValueError(N_("a cell has no room for more tags"))
        new = (*old, tag) if event.kind is EventKind.TAG else tuple(t for t in old if t != tag)
        return _Delta("tags", cell_id, old, new)

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
        return [
            who,
            *(_Delta(_SECOND_READ + event.key, i, labels.get(i, ""), event.new) for i in event.cells),
        ]

    def _plan_adjudication(self, event: Event) -> list[_Delta]:
        deltas = []
        for cell_id in event.cells:
            deltas.append(self._plan_cell(event, cell_id))
            deltas.append(_Delta("adjudicated", cell_id, self.adjudicated.get(cell_id, ""), event.new))
        return deltas

    def _plan_signature(self, event: Event) -> _Delta:
        of_version = [s for s in self.signatures if s.version == self.version]
        if any(s.report_sha256 != event.key for s in of_version):
            raise ValueError(N_("a further signature must be under the same report"))
        signature = Signature(event.author, event.time, event.new, event.key, self.version)
        return _Delta("signature", event.seq, None, signature)

    # -- slots -----------------------------------------------------------------------------------------

    def _set_tags(self, cell_id: int, tags: object) -> None:
        if isinstance(tags, tuple) and tags:
            self.tags[cell_id] = tags
        else:
            self.tags.pop(cell_id, None)

    def _apply_change(self, delta: _Delta) -> None:  # noqa: C901  # one branch a kind of slot
        what, which, before, after = delta
        if isinstance(after, CellState):
            self._set_state(int(which), after)
        elif what == "count":
            code = str(which)
            increment_count(self.hand_counts, code, int(str(after)) - int(str(before)))
            increment_count(self.counts, code, int(str(after)) - int(str(before)))
        elif what == "field":
            self.data = SpecimenData(_with(self.data.fields, str(which), str(after)))
        elif what == "grade":
            self.grades = _with(self.grades, str(which), str(after))
        elif what == "note":
            self.notes = [n for n in self.notes if n.seq != which]
            if isinstance(after, Note):
                self.notes.append(after)
        elif what == "outline":
            self.outlines.pop(int(which), None)
            if after:
                self.outlines[int(which)] = int(str(after))
        elif what == "red cell":
            self.red_cells.pop(int(which), None)
            self.red_cell_names.pop(int(which), None)
            if isinstance(after, RedCellName):
                self.red_cells[int(which)], self.red_cell_names[int(which)] = after.code, after
        elif what == "tags":
            self._set_tags(int(which), after)
        elif what == "adjudicated":
            self.adjudicated[int(which)] = str(after)
        elif isinstance(after, Signature):
            self.signatures.append(after)
            self.signed = True
        elif isinstance(after, Amendment):
            self.amendments.append(after)
        elif what == "version":
            self.version = int(str(after))
            self.signed = False
        elif what == "second reader":
            self.second_readers[str(which)] = str(after)
        else:
            labels = self.second_reads.setdefault(what.removeprefix(_SECOND_READ), {})
            if after:
                labels[int(which)] = str(after)
            else:
                labels.pop(int(which), None)


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
