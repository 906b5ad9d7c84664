"""What a person decided: append-only events, and the state that follows from them.

Undo is an event too, so the audit trail and the undo stack are one mechanism.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bloodcells_gui.domain.accounts import account_login, plain_name
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.number_parsing import number_of

#: Field of a case that holds the explanation given for signing.
EXPLANATION_FIELD = "signing_explanation"
#: Before the reader's name in the key of a second reading.
SECOND_READING_PREFIX = "second reading, "
#: Key of an `ADD_CELL` whose cell waits as a proposal; in older cases ("") whoever added it confirmed it too.
PROPOSED_BY_HAND = "proposed"


class EventKind(StrEnum):
    """Everything that can be done to a case."""

    CONFIRM = N_("confirm")
    RELABEL = N_("relabel")
    EXCLUDE = N_("exclude")
    RESTORE = N_("restore")
    ADD_CELL = N_("add cell")
    REMOVE_CELL = N_("remove cell")
    MEND_OUTLINE = N_("mend outline")
    COUNT = N_("count")
    SET_FIELD = N_("set field")
    GRADE = N_("grade")
    NAME_RED_CELLS = N_("name red cells")
    NOTE = N_("note")
    TAG = N_("tag")
    UNTAG = N_("take tag off")
    SIGN = N_("sign")
    AMEND = N_("amend")
    SECOND_READ = N_("second read")
    ADJUDICATE = N_("adjudicate")
    UNDO = N_("undo")
    REDO = N_("redo")


UNDOABLE = frozenset(
    {EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.RESTORE, EventKind.ADD_CELL,
     EventKind.REMOVE_CELL, EventKind.MEND_OUTLINE, EventKind.COUNT, EventKind.SET_FIELD, EventKind.GRADE,
     EventKind.NAME_RED_CELLS, EventKind.NOTE, EventKind.TAG, EventKind.UNTAG}
)  # fmt: skip


class Status(StrEnum):
    """A cell's standing; the words of cells.csv."""

    PROPOSED = "proposed"
    UNIDENTIFIED = "unidentified"
    CONFIRMED = "confirmed"
    RELABELLED = "relabelled"
    EXCLUDED = "excluded"


#: Keys of a MEND_OUTLINE event: which outline the person redrew.
CELL_OUTLINE, NUCLEUS_OUTLINE = "cell", "nucleus"


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one person.

    Attributes
    ----------
    seq : int
        1, 2, 3 ... within the case; for UNDO and REDO `target` is the seq it undoes or redoes.
    kind : EventKind
    author : str
        Who; asked once a day, again for a signature, which has the account of the operating system behind it.
    time : str
        UTC, ISO 8601 with seconds and "Z"; never runs backwards within a case.
    cells : tuple of int
        Every cell touched, so that the screen can scroll to the effect; red cells have ids of their own.
    new : str
        New class code, grade, field value, note text, tag, meaning of a signature, or id of a mended outline
        ("" for the program's own). Of red cells a shape code, `NOT_COUNTED`, or "" for the proposal again.
    old : tuple of str
        Old value per cell (or one for the field).
    key : str
        Field name, grade item, second reader's pass, which outline was mended, or `PROPOSED_BY_HAND` of an
        added cell that waits as a proposal; "" otherwise.
    reason : str
        Free text where one is asked for.
    target : int
        See `seq`.
    """

    seq: int
    kind: EventKind
    author: str
    time: str
    cells: tuple[int, ...] = ()
    new: str = ""
    old: tuple[str, ...] = ()
    key: str = ""
    reason: str = ""
    target: int = 0

    @property
    def person(self) -> str:
        """The author's name; a laboratory's account, and of signatures the computer's, are left out."""
        if account_login(self.author):
            return plain_name(self.author)
        if self.kind not in (EventKind.SIGN, EventKind.AMEND) or not self.author.endswith(")"):
            return self.author
        return self.author.rpartition(" (")[0] or self.author


@dataclass(frozen=True, slots=True)
class Decision:
    """What stands for one cell: status, what counts, and who said so."""

    status: Status
    final: str
    reviewer: str = ""
    reviewed_at: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What an operation altered, so that views refresh only that.

    `cells` in the order a person would expect to see them; `fields` names of changed fields or grades;
    `red_cells` those of the red cells, which are never among `cells`.
    """

    cells: tuple[int, ...] = ()
    fields: tuple[str, ...] = ()
    event: Event | None = None
    red_cells: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it stands in the report (21 CFR 11.50: who, when, meaning)."""

    author: str
    time: str
    meaning: str
    report_sha256: str
    version: int


@dataclass(frozen=True, slots=True)
class Amendment:
    """Why a signed report was opened again; `version` is the one that begins with it."""

    author: str
    time: str
    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class SpecimenData:
    """Fields a person fills in, folded from SET_FIELD events; all text, validated where they are used."""

    fields: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """The field as a positive finite number, None when empty or not one."""
        value = number_of(self.fields.get(name, ""))
        return value if value is not None and 0 <= value < 1e9 else None
