"""What a case file asks of the laboratory's leases, which it knows only by these names."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import hash_chain


class WriteLease(Protocol):
    """Says across computers whether this window may still write; given back when the file is closed."""

    def check(self) -> None:
        """UserError once this window may write no more."""

    def lost(self) -> UserError | None:
        """Why this window may write no more, in words; None while it may."""

    def when_held(self, tell: Callable[[], None]) -> None:
        """Call `tell` once the lease is had: now, or later from another thread."""

    def close(self) -> None:
        """Give it back."""


AskLease = Callable[[str], WriteLease]
"""Asks for the case whose chain has this seed (:func:`.hash_chain.seed`); UserError where it is not given."""


class CaseChanged(UserError):
    """A case that is open for reading was written elsewhere: what is shown and the file differ."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            N_("{name} was changed elsewhere since it was opened here for reading."),
            N_("What is shown is the case as it was then; nothing of both is mixed."),
            N_("Read it again."),
            name=path.stem,
        )


def seed_of(path: Path) -> str:
    """Seed of the chain of a case that may be another's at the moment: read, never changed.

    A kill may have left a journal without which SQLite reads no page of it; the first entry of the chain is
    the same before and after, so it is read past the journal then. Whoever uses it compares the seed again.
    """
    try:
        connection = conn.connect(path, read_only=True)
        try:
            return hash_chain.seed(connection)
        finally:
            connection.close()
    except sqlite3.Error as first:
        try:
            connection = conn.open_held(path, f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            try:
                return hash_chain.seed(connection)
            finally:
                connection.close()
        except sqlite3.Error:
            raise conn.in_words(first, path) from first
