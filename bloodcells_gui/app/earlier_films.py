"""Find the earlier film of a case and compare the two."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bloodcells_gui.app.case_index import CaseIndex
from bloodcells_gui.app.differential_table import counted_area, differential_of_case
from bloodcells_gui.app.signed_report import signed_content
from bloodcells_gui.domain.differential import Differential
from bloodcells_gui.domain.earlier_films import (
    EARLIER_FILM_FIELD,
    FOLDER_UNREADABLE,
    NO_FILM,
    EarlierFilm,
    Film,
    compared,
    conflicts,
    earlier_films,
    film_to_compare,
    not_compared,
    not_looked_for,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review_state import fold
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.report.model import from_json
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.film_lines import film_in

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundFilms:
    """The earlier films of a case.

    Attributes
    ----------
    own : Film
        The case itself.
    choice : str
        What a person chose (see `domain.earlier_films.EARLIER_FILM_FIELD`).
    films : tuple of Film
        Signed or not, the newest first.
    film : Film or None
        The one to compare with.
    table : Differential or None
        Its count; None where there is nothing to compare.
    missing : str
        Why films could not be looked for (translation key), "" where they could.
    problem : UserError or None
        Why it could not be read.
    """

    own: Film
    choice: str = ""
    films: tuple[Film, ...] = ()
    film: Film | None = None
    table: Differential | None = None
    missing: str = ""
    problem: UserError | None = field(default=None, compare=False)

    def against(self, now: Differential) -> EarlierFilm | None:
        """The comparison with the present count, or why there is none; None without an earlier film."""
        if self.missing and self.choice != NO_FILM:
            return not_looked_for(self.missing)
        if self.film is None:
            return None
        if self.table is None:
            return not_compared(self.own.identity, self.film, bool(self.choice))
        return compared(self.own.identity, self.film, now, self.table, bool(self.choice))


class EarlierFilms:
    """Looks for earlier films among the cases of the laboratory; thread-safe.

    Parameters
    ----------
    index : CaseIndex
    settings : callable
        The laboratory's settings of the moment.
    """

    def __init__(self, index: CaseIndex, settings: Callable[[], LabSettings]) -> None:
        self._index = index
        self._settings = settings
        self._lock = threading.Lock()
        self._read: tuple[tuple[object, ...], Differential] | None = None

    def find(self, own: Film, choice: str, rollup: str) -> FoundFilms:
        """Look at the folder anew, and read the film to compare with.

        Parameters
        ----------
        own : Film
            The case that is compared.
        choice : str
            Its field EARLIER_FILM_FIELD.
        rollup : str
            Rows of the comparison.

        Raises
        ------
        UserError
            When the folder of cases cannot be looked at.
        """
        if not (own.identity.patient_id or own.identity.specimen_id):
            return FoundFilms(own, choice)
        with self._index.opened() as index:
            index.refresh(leave_out=own.path.absolute())
            films = earlier_films(own, index.films())
            unseen = index.closed_folders()
        film = film_to_compare(films, choice)
        if film is None and unseen:  # it may lie there
            return FoundFilms(own, choice, films, missing=FOLDER_UNREADABLE)
        if film is None or conflicts(own.identity, film.identity):
            return FoundFilms(own, choice, films, film)
        try:
            return FoundFilms(own, choice, films, film, self._table(film, rollup))
        except UserError as error:
            return FoundFilms(own, choice, films, film, problem=error)

    def _table(self, film: Film, rollup: str) -> Differential:
        """The count of a signed film, from its case: nothing in it may have changed since it was written."""
        settings = self._settings()
        known = (film, rollup, settings, _stamp(film.path))
        with self._lock:
            if self._read is not None and self._read[0] == known:
                return self._read[1]
        with CaseStore.open(film.path, read_only=True) as store:
            store.check_seals()
            cells = store.load_cells()
            with store.decoding("events"):
                state = fold(cells, store.events())
            table = differential_of_case(
                state, settings, counted_area(store.specimen, store.runs, cells), rollup
            )
        with self._lock:
            self._read = known, table
        return table


class FilmFinder:
    """Finds the earlier films of a case as it stood when this was made.

    Making it belongs on the session's thread. Calling it reads the folder of cases, which may lie on a share
    that does not answer: the window does so in another thread.

    Parameters
    ----------
    session : CaseSession
    rollup : str or None
        Rows of the comparison; None takes the laboratory's.
    """

    def __init__(self, session: CaseSession, rollup: str | None = None) -> None:
        self._films = session.films
        self._own = film_in(session.store, session.state)
        self._choice = session.state.data.fields.get(EARLIER_FILM_FIELD, "")
        self._rollup = rollup or session.settings.rollup

    def __call__(self) -> FoundFilms | None:
        """What there is, or why nothing could be looked for; None where the session compares with none."""
        if self._films is None:
            return None
        try:
            return self._films.find(self._own, self._choice, self._rollup)
        except (UserError, OSError) as error:
            _log.warning("earlier films cannot be looked for", exc_info=error)
            return self.without(FOLDER_UNREADABLE)

    def without(self, why: str) -> FoundFilms | None:
        """The answer where nothing is looked for, or it failed; `why` is a translation key."""
        return None if self._films is None else FoundFilms(self._own, self._choice, missing=why)


def signed_film(session: CaseSession) -> EarlierFilm | None:
    """What the signed report says of an earlier film; None where it compares with none.

    Raises
    ------
    CaseDamaged
        When the report is not what was signed, or cannot be read.
    """
    frozen = signed_content(session)
    if frozen is None:
        return None
    with session.store.decoding("signed report"):
        return from_json(frozen.report).earlier


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
