"""Remove cases for good, and keep a record of it.

``removals.jsonl`` beside the cases: one JSON object a line, chained by SHA-256 like a case's own ledger. It
holds no name and no number of a patient. A removed case is recognised by what is printed on its paper: the
SHA-256 of its signed reports and the head of its chain; `specimen_sha256` answers whether a given specimen
number was removed (short numbers could be guessed from it: it hides names, it is no secret).

The line is on the disk before the case goes, a second one follows: a kill in between leaves the case where
it was and a record that says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Event
from bloodcells_gui.domain.review_state import fold, utc_now
from bloodcells_gui.domain.specimen import with_number
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage.atomic_io import not_writable, sync_folder, write_whole
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.hash_chain import GENESIS
from bloodcells_gui.storage.lock import CaseLock

NAME = "removals.jsonl"
_MAX_BYTES = 256 * 1024**2


class Act(StrEnum):
    """What a line says."""

    BEGUN = "removal begun"
    DONE = "removed"


@dataclass(frozen=True, slots=True)
class Removal:
    """One line of the record.

    Attributes
    ----------
    time, author, reason : str
        When (UTC), who confirmed it, and under which rule.
    specimen_sha256, head : str
        SHA-256 of the specimen's id; newest hash of the case's chain.
    state, created, changed : str
        As the work list showed them: begun, and last act of a person.
    signed : tuple of str
        SHA-256 of every signed report, oldest first.
    size : int
        Bytes of the case file.
    hash : str
        SHA-256 of this line and the chain before it.
    """

    seq: int
    time: str
    act: str
    author: str
    reason: str
    specimen_sha256: str
    head: str
    state: str
    created: str
    changed: str
    signed: tuple[str, ...]
    size: int
    hash: str = ""

    def link(self, previous: str) -> str:
        """What `hash` has to be after a line with hash `previous`."""
        obj = dataclasses.asdict(self) | {"hash": previous, "signed": list(self.signed)}
        return hashlib.sha256(json.dumps(obj, sort_keys=True).encode("ascii")).hexdigest()


def specimen_key(specimen_id: str) -> str:
    """What stands in the record for a specimen."""
    return hashlib.sha256(specimen_id.strip().encode("utf-8", "replace")).hexdigest()


def read(folder: Path) -> list[Removal]:
    """The record of a folder, oldest first; UserError when it is not as it was written."""
    path = folder / NAME
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large")
        text = read_bytes(path).decode("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise _unusable(path, getattr(error, "strerror", None) or str(error)) from error
    found: list[Removal] = []
    previous = GENESIS
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            obj = json.loads(line)
            removal = Removal(**{**obj, "signed": tuple(obj["signed"])})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _unusable(path, f"line {number}") from error
        if removal.seq != number or removal.hash != removal.link(previous):
            raise _unusable(path, f"line {number}")
        previous = removal.hash
        found.append(removal)
    return found


def remove_case(
    path: Path,
    folder: Path,
    *,
    author: str,
    reason: str,
    state: str,
    changed: str,
    clock: Callable[[], str] = utc_now,
) -> Removal:
    """Remove a case that nobody has open, for good; the record of `folder` keeps that it was there.

    Parameters
    ----------
    state, changed : str
        As they were shown to the person who confirmed; `changed` is compared again under the lock.

    Raises
    ------
    UserError
        When the case is open, was worked on since, or record or case cannot be written; it is there then.
    """
    with CaseStore.open(path, read_only=True) as store:  # refuses what is no case before a lock is made
        case_id = store.case_id
    lock = CaseLock(path)
    try:
        with CaseStore.open(path, read_only=True) as store:
            events = store.events()
            if (events[-1].time if events else store.created) != changed or store.case_id != case_id:
                raise UserError(
                    "The case {path} was worked on since the list was made.",
                    "It was not removed.",
                    "Make the list again and look at it.",
                    path=path,
                )
            removal = Removal(
                seq=0, time="", act=str(Act.BEGUN), author=author, reason=reason,
                specimen_sha256=specimen_key(_number(store, events)), head=store.head(), state=state,
                created=store.created, changed=changed,
                signed=tuple(r.sha256 for r in store.frozen_reports()), size=path.stat().st_size,
            )  # fmt: skip
        _append(folder, removal, clock)
        _unlink(path)
        return _append(folder, dataclasses.replace(removal, act=str(Act.DONE)), clock)
    finally:
        lock.release()


def _number(store: CaseStore, events: Sequence[Event]) -> str:
    """The specimen's number, corrected where a person did; as it was given where the events do not fit."""
    try:
        fields = fold(store.load_cells(), events).data.fields
    except ValueError:
        return store.specimen.id
    return with_number(store.specimen, fields).id


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise not_writable(path, error) from error
    with contextlib.suppress(OSError):
        Path(f"{path}-journal").unlink(missing_ok=True)
    sync_folder(path.parent)


def _append(folder: Path, removal: Removal, clock: Callable[[], str]) -> Removal:
    """One line more, whole or not at all; two windows take turns."""
    path = folder / NAME
    lock = CaseLock(path)
    try:
        before = read(folder)
        removal = dataclasses.replace(removal, seq=len(before) + 1, time=clock())
        removal = dataclasses.replace(removal, hash=removal.link(before[-1].hash if before else GENESIS))
        lines = (json.dumps(dataclasses.asdict(r), sort_keys=True) for r in (*before, removal))
        write_whole(path, "".join(f"{line}\n" for line in lines).encode("ascii"))
    finally:
        lock.release()
    return removal


def _unusable(path: Path, reason: str) -> UserError:
    return UserError(
        "The record of removed cases {path} is not as it was written ({reason}).",
        "It was changed outside this program, or the disk has failed. No case is removed meanwhile.",
        "Keep the file elsewhere for the auditor; a new record begins when it is moved away.",
        path=path,
        reason=reason,
    )
