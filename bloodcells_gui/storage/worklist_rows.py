"""One line of the work list: read from a case, kept as a row of the index, shown as an entry."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bloodcells_gui.domain.accounts import SECOND_PERSON_FLAG
from bloodcells_gui.domain.analysis import RunStatus, is_incomplete, left_out
from bloodcells_gui.domain.counting_target import asked_target, reviewed_percent
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import LANGUAGES, N_
from bloodcells_gui.domain.priority import is_urgent
from bloodcells_gui.domain.review_state import ReviewState, fold
from bloodcells_gui.domain.specimen import SpecimenKind, with_number
from bloodcells_gui.domain.taxonomy import COUNTED
from bloodcells_gui.storage import serialization
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import damaged
from bloodcells_gui.storage.film_lines import film_line
from bloodcells_gui.storage.lock import holder_of

_log = logging.getLogger(__name__)
Flags = Callable[[ReviewState, CaseStore], Sequence[str]]
# Where a row has the state of the case,
STATE = 7
# the fields of the form, for searching,
IDS = 15
# and what it says of the film, for :mod:`bloodcells_gui.storage.film_lines`.
FILM = 18


class CaseState(StrEnum):
    """Where a case stands in the laboratory's work."""

    NEW = "new"
    ANALYSING = "analysing"
    TO_REVIEW = "to review"
    REVIEWED = "reviewed"
    SECOND_PERSON = "to sign, second person"  # one has signed what needs two
    SIGNED = "signed"
    UNREADABLE = "unreadable"


# A flag of the work list (an English template).
NOTHING_READ = N_("no image could be read")


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One line of the work list.

    Attributes
    ----------
    path : Path
    case_id, specimen_id, kind : str
    created, changed : str
        UTC ISO 8601: begun, and last act of a person (or begun).
    state : CaseState
    cells, unidentified, reviewed : int
        Cells of the images: all, those that wait, those that a person decided on.
    signatures : int
        Over all versions.
    incomplete : bool
        The newest analysis was cancelled, failed or interrupted.
    synthetic : bool
    persons : tuple of str
        Everybody who did something in it.
    flags : tuple of str
        As the caller's `flags` function gave them (rules raised).
    problem : str
        Why it cannot be read, for UNREADABLE ones, in English.
    problem_words : tuple of (language, text)
        The same in every language; see :meth:`problem_in`.
    counted : int
        Leukocytes in the 100 %, those counted by hand included.
    by_hand : int
        Cells of every class counted by hand.
    target : int
        Leukocytes that it is counted to; 0 for none.
    urgent : bool
        A person marked it.
    signed_at : str
        UTC ISO 8601, of its newest signature; "" while it is not signed.
    open_at, open_by : str
        The other station of the laboratory that has it open now, and who is there; "" for none.
    """

    path: Path
    case_id: str
    specimen_id: str
    kind: str
    created: str
    changed: str
    state: CaseState
    cells: int = 0
    unidentified: int = 0
    reviewed: int = 0
    signatures: int = 0
    incomplete: bool = False
    synthetic: bool = False
    persons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    problem: str = ""
    problem_words: tuple[tuple[str, str], ...] = ()
    counted: int = 0
    by_hand: int = 0
    target: int = 0
    urgent: bool = False
    signed_at: str = ""
    open_at: str = ""
    open_by: str = ""

    @property
    def signed(self) -> bool:
        """Whether at least one person signed it as it is: nothing of it can be changed but by amending."""
        return self.state in (CaseState.SIGNED, CaseState.SECOND_PERSON)

    def problem_in(self, lang: str) -> str:
        """Why it cannot be read, in `lang`; "" where it can."""
        return dict(self.problem_words).get(lang, self.problem)

    @property
    def reviewed_percent(self) -> int | None:
        """How much of it persons have done, in percent; None where there is nothing to do."""
        return reviewed_percent(
            cells=self.cells,
            reviewed=self.reviewed,
            by_hand=self.by_hand,
            counted=self.counted,
            target=self.target,
        )


def row_of_case(
    name: str | bytes,
    stamp: str,
    path: Path,
    *,
    flags: Flags | None,
    id_fields: Sequence[str],
    first_flag: Callable[[CaseStore], str],
) -> serialization.Row:
    """Read the case at `path` for its row of the index, without the seal.

    Parameters
    ----------
    name : str or bytes
        Its place within the folder.
    stamp : str
        By which a change of the file shows.
    first_flag : callable
        What else there is to say of the case, before all flags; "" for nothing.

    Raises
    ------
    UserError
        When it cannot be read.
    """
    refuse_folder(path)
    with CaseStore.open(path, read_only=True) as store:
        held = is_running(store) and holder_of(store.path) is not None
        return row_of_store(
            name, stamp, store, flags=flags, id_fields=id_fields, first_flag=first_flag, held=held
        )


def refuse_folder(path: Path) -> None:
    """UserError for a folder that could not be looked into, in the place of a case."""
    if path.is_dir():
        raise UserError(
            "The folder {path} cannot be listed.",
            "You may not read it, or its disk or share does not answer. Cases in it are not listed.",
            "Check the folder's permissions and the network.",
            path=path,
        )


def row_of_store(
    name: str | bytes,
    stamp: str,
    store: CaseStore,
    *,
    flags: Flags | None,
    id_fields: Sequence[str],
    first_flag: Callable[[CaseStore], str],
    held: bool,
) -> serialization.Row:
    """As :func:`row_of_case`, of a case that is open; `held`: whoever analyses it is at it now."""
    cells, events = store.load_cells(), store.events()
    try:
        state = fold(cells, events)
    except ValueError as error:
        raise UserError("The events of {path} do not follow from each other.", path=store.path) from error
    fields = state.data.fields
    ids = [fields.get(f, "") for f in id_fields]
    raised = list(flags(state, store)) if flags is not None else []
    raised = [flag for flag in (first_flag(store), _nothing_read(store, state)) if flag] + raised
    where = _state_of(store, state, held)
    return (
        name,
        stamp,
        serialization.clean(store.case_id),
        serialization.clean(with_number(store.specimen, fields).id),
        str(store.specimen.kind),
        serialization.clean(store.created),
        serialization.clean(events[-1].time if events else store.created),
        str(where),
        len(state) - state.absent,
        state.unidentified,
        state.reviewed,
        len(state.signatures),
        int(is_incomplete(store.runs) and where is not CaseState.ANALYSING),
        int(store.specimen.synthetic),
        serialization.to_json(sorted({e.person for e in events})),
        serialization.clean("\n".join(i for i in ids if i)),
        serialization.to_json(raised),
        "",
        film_line(store, state),
        sum(n for code, n in state.counts.items() if code in COUNTED),
        sum(state.hand_counts.values()),
        asked_target(store.runs),
        int(is_urgent(fields)),
        serialization.clean(state.signatures[-1].time if state.signed else ""),
    )


def is_running(store: CaseStore) -> bool:
    """Whether an analysis of it has begun and not ended, be it under way or killed."""
    return any(r.status is RunStatus.RUNNING for r in store.runs)


def _nothing_read(store: CaseStore, state: ReviewState) -> str:
    """The flag of a case whose every image was left out, else ""."""
    images = {ref.name for ref in store.specimen.images}
    gone = {f.path for f in left_out(store.runs, store.specimen)}
    return NOTHING_READ if images and images <= gone and not len(state) else ""


def _state_of(store: CaseStore, state: ReviewState, held: bool) -> CaseState:
    """Work out the state of a case; REVIEWED when no cell waits and a person decided on each of the 100 %."""
    if state.signed:
        return CaseState.SIGNED
    if held:
        return CaseState.ANALYSING
    if store.specimen.kind is SpecimenKind.COUNTER:
        return CaseState.REVIEWED if state.hand_counts else CaseState.NEW
    if not store.runs and not len(state):
        return CaseState.NEW
    counted = (c for c in store.load_cells() if state.present(c.id) and state.decision(c.id).final in COUNTED)
    if state.unidentified or not state.reviewed or not all(state.decided(c.id) for c in counted):
        return CaseState.TO_REVIEW
    return CaseState.REVIEWED


def unreadable_row(name: str | bytes, stamp: str, path: Path, error: UserError) -> serialization.Row:
    """The row of a case that cannot be read, with why."""
    why = serialization.to_json({lang: serialization.clean(error.text(lang)) for lang in LANGUAGES})
    stem, state = serialization.clean(path.stem), str(CaseState.UNREADABLE)
    counts = (0, 0, 0, 0, 0, 0)
    return (name, stamp, "", stem, "", "", "", state, *counts, "[]", "", "[]", why, "", 0, 0, 0, 0, "")


def line_of(
    name: str | bytes, stamp: str, path: Path, read: Callable[[], serialization.Row]
) -> serialization.Row:
    """The row of a case as `read` gives it, without its seal, whatever reading it does."""
    try:
        return read()
    except UserError as error:
        return unreadable_row(name, stamp, path, error)
    except Exception as error:
        _log.error("a case cannot be listed", exc_info=error)
        # Whatever one file does to this program, the others are listed.
        return unreadable_row(name, stamp, path, damaged(path, type(error).__name__))


def _texts(line: str) -> tuple[str, ...]:
    return () if line == "[]" else tuple(json.loads(line))


def entry_of_row(folder: Path, row: serialization.Row, target: int = 0) -> CaseEntry:
    """The entry that a row stands for, measured by the laboratory's `target` (leukocytes; 0 for none).

    Whatever a broken row raises, its caller reads the case again.
    """
    words = dict(json.loads(row[17])) if row[17] else {}
    # What is signed is not measured by what the laboratory counts to by now.
    state, target = CaseState(row[7]), row[21] if row[23] else max(row[21], target)
    if state is CaseState.REVIEWED and row[4] == SpecimenKind.COUNTER and row[19] < target:
        state = CaseState.TO_REVIEW  # a count by hand that is not finished
    flags = _texts(row[16])
    if state is CaseState.SIGNED and SECOND_PERSON_FLAG in flags:
        state = CaseState.SECOND_PERSON
    return CaseEntry(
        path=folder / serialization.name_from_db(row[0]),
        case_id=row[2],
        specimen_id=row[3],
        kind=row[4],
        created=row[5],
        changed=row[6],
        state=state,
        cells=row[8],
        unidentified=row[9],
        reviewed=row[10],
        signatures=row[11],
        incomplete=bool(row[12]),
        synthetic=bool(row[13]),
        persons=_texts(row[14]),
        flags=flags,
        problem=words.get("en", ""),
        problem_words=tuple(words.items()),
        counted=row[19],
        by_hand=row[20],
        target=target,
        urgent=bool(row[22]),
        signed_at=row[23],
    )
