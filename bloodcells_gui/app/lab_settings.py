"""The settings of this workstation, those of the laboratory's database among them.

The settings file always holds what is in force. Beside it lies the laboratory's document as it was last read
from the database, verified, for when that does not answer: the laboratory's settings hold then, and cannot
be changed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.case_lease import station_name
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.shared_settings import (
    SettingsVersion,
    changed_names,
    document_sha256,
    document_text,
    is_newer,
    lab_document,
    names_in_words,
    on_top,
    with_document,
)
from bloodcells_gui.domain.times import Moment
from bloodcells_gui.domain.validation import SettingProblem
from bloodcells_gui.imaging.io.plain_files import read_bytes
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.atomic_io import free_path, write_whole
from bloodcells_gui.storage.lab.database import LabUnreachable, check_url
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.lab.settings import MOST_CHARACTERS, LabSettingsTable, SettingsChanged

COPY_NAME = "settings.laboratory.json"
OWN_NAME = "settings.before-laboratory"
#: Seconds for which a database that did not answer is not asked again by itself.
QUIET_S = 20.0
_log = logging.getLogger(__name__)
_CHANGED_BY_BOTH = N_("Nothing of yours was saved. Changed by both of you: {both}.")
_GAVE = N_("The laboratory's database was empty: it has the settings of this workstation now.")
_SAME = N_("This workstation uses the laboratory's settings; they are the same as its own.")
_JOINED = N_("This workstation uses the laboratory's settings now; its own are kept in {path}.")
_CHANGED = N_("{reviewer} at {station} changed the laboratory's settings ({time}): {names}.")


class ChangedElsewhere(UserError):
    """Another station changed the laboratory's settings meanwhile.

    Attributes
    ----------
    version : SettingsVersion
        That change.
    newest : LabSettings
        What is in force now.
    merged : LabSettings
        The same with the change that was refused on top, for a person to look at.
    """

    def __init__(self, version: SettingsVersion, seen: LabSettings, wanted: LabSettings) -> None:
        self.newest, _ = with_document(seen, version.document)
        self.merged = on_top(seen, wanted, self.newest)
        theirs, mine = changed_names(seen, self.newest), changed_names(seen, wanted)
        both = tuple(name for name in theirs if name in mine)
        self.version = version
        super().__init__(
            N_("{reviewer} at {station} changed the laboratory's settings meanwhile ({time}): {names}."),
            _CHANGED_BY_BOTH if both else N_("Nothing of yours was saved."),
            N_("Look at what is in force now, and make your change again."),
            reviewer=version.reviewer or "?",
            station=version.station,
            time=_time(version),
            names=_Names(theirs),
            both=_Names(both),
        )


class _Names(Reason):
    """Names of settings, in the language in which they are read."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__("{names}", (("names", names),))

    def text(self, lang: str = "en") -> str:
        names: tuple[str, ...] = self.params[0][1]  # type: ignore[assignment]
        return names_in_words(names, lang) or "–"


@dataclass(frozen=True, slots=True)
class SettingsNews:
    """What the laboratory's database said of the settings that was not known here."""

    version: SettingsVersion
    settings: LabSettings
    problems: tuple[SettingProblem, ...]
    said: Reason

    @property
    def joined(self) -> bool:
        """Whether this workstation has just joined the laboratory."""
        return self.said.template != _CHANGED


def _time(version: SettingsVersion) -> Moment:
    """When a version was made."""
    return Moment(datetime.fromtimestamp(version.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


class SharedSettings:
    """Loads and keeps settings, with the laboratory's database where there is one. Thread-safe.

    Parameters
    ----------
    path : Path
        The settings file.
    pool : callable
        Gives the connections to the laboratory's database, None for a workstation on its own.
    """

    def __init__(self, path: Path, pool: Callable[[], LabPool | None], station: str = "") -> None:
        self.path = path
        # The account that is signed in, "" without: it stands beside a change instead of the usual reviewer.
        self.author: Callable[[], str] = lambda: ""
        self._pool = pool
        self._station = station or station_name()
        self._lock = threading.RLock()
        self._quiet_until = 0.0
        self._away: LabUnreachable | None = None
        self._news: list[SettingsNews] = []
        self.version: SettingsVersion | None = None

    # -- the files ---------------------------------------------------------------------------------

    def load(self) -> tuple[LabSettings, list[SettingProblem]]:
        """The settings in force by what lies on this workstation; the database is not asked."""
        own, problems = settings_store.load(self.path)
        with self._lock:
            self.version = self._copy(own.lab_database)
            if self.version is None:
                return own, problems
            settings, more = with_document(own, self.version.document)
        return settings, [*problems, *more]

    def _copy(self, url: str) -> SettingsVersion | None:
        """The laboratory's document as it was read last, where it is whole and of that database."""
        path = self.path.with_name(COPY_NAME)
        if not url:
            return None
        try:
            data = read_bytes(path, 2 * MOST_CHARACTERS)
            obj = json.loads(data.decode("ascii"))
            version = SettingsVersion(**obj["version"])
            whole = document_sha256(document_text(version.document)) == obj["sha256_of_copy"]
            if obj["database"] != url or not whole or not isinstance(version.document, dict):
                return None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            _log.warning("the copy of the laboratory's settings cannot be read", exc_info=error)
            return None
        return version

    def _keep_copy(self, url: str, version: SettingsVersion) -> None:
        obj = {
            "database": url,
            "version": asdict(version),
            "sha256_of_copy": document_sha256(document_text(version.document)),
        }
        write_whole(self.path.with_name(COPY_NAME), json.dumps(obj, indent=1).encode("ascii"))
        self.version = version

    # -- the database ------------------------------------------------------------------------------

    def look(self, now: LabSettings) -> SettingsNews | None:
        """What the database has that this workstation does not know; it is kept on the disk then.

        The first station of an empty database gives its settings to it. One that joins later takes the
        laboratory's and keeps its own in a file.

        Parameters
        ----------
        now : LabSettings
            What is in force here.

        Raises
        ------
        UserError
            The database does not answer, is of another version, or what it holds cannot be used. What is in
            force stays so.
        """
        with self._lock:
            pool = self._pool()
            if pool is None:
                return None
            if self._away is not None and time.monotonic() < self._quiet_until:
                raise self._away
            try:
                with pool.database() as database:
                    news = self._look(LabSettingsTable(database), now)
            except LabUnreachable as error:
                self._away, self._quiet_until = error, time.monotonic() + QUIET_S
                raise
            self._away = None
            if news is not None:
                self._news = [*self._news[-4:], news]
            return news

    def take_news(self) -> list[SettingsNews]:
        """What was found since this was asked last."""
        with self._lock:
            news, self._news = self._news, []
        return news

    def _look(self, table: LabSettingsTable, now: LabSettings) -> SettingsNews | None:
        known, head = self.version, table.head()
        if known is not None and head == (known.number, known.sha256):
            return None
        if head is None:
            with contextlib.suppress(SettingsChanged):  # another one was first at the same moment
                given = table.add(
                    lab_document(now), lambda _: False, station=self._station,
                    reviewer=self.author() or now.reviewer, program=__version__,
                )  # fmt: skip
                self._keep_copy(now.lab_database, given)
                return SettingsNews(given, now, (), Reason(_GAVE))
        version = table.newest()
        assert version is not None  # noqa: S101  # there is one, or there was one a moment ago
        settings, problems = with_document(now, version.document)
        if problems and not is_newer(problems):
            raise _unusable(version, problems)
        said = self._joined(now, settings) if known is None else self._changed(version, now, settings)
        settings_store.save(self.path, settings)
        self._keep_copy(now.lab_database, version)
        return SettingsNews(version, settings, tuple(problems), said)

    def _joined(self, now: LabSettings, settings: LabSettings) -> Reason:
        if not changed_names(now, settings):
            return Reason(_SAME)
        kept = free_path(self.path.parent, OWN_NAME, ".json")
        settings_store.save(kept, now)
        return Reason(_JOINED, (("path", kept),))

    @staticmethod
    def _changed(version: SettingsVersion, now: LabSettings, settings: LabSettings) -> Reason:
        params = (
            ("reviewer", version.reviewer or "?"), ("station", version.station),
            ("time", _time(version)), ("names", _Names(changed_names(now, settings))),
        )  # fmt: skip
        return Reason(_CHANGED, params)

    def in_force(self, now: LabSettings) -> LabSettings:
        """`now` under the newest of the laboratory's documents that is known here."""
        with self._lock:
            if self.version is None or not now.lab_database:
                return now
            return with_document(now, self.version.document)[0]

    # -- changing ----------------------------------------------------------------------------------

    def save(self, seen: LabSettings, wanted: LabSettings) -> LabSettings:
        """Keep what a person changed from what was `seen`; returns what is in force then.

        Raises
        ------
        ChangedElsewhere
            The laboratory's settings are not those that were seen.
        UserError
            They cannot be changed now; nothing is.
        """
        with self._lock:
            joins = wanted.lab_database != seen.lab_database
            if joins and wanted.lab_database:
                check_url(wanted.lab_database)
            if not joins and wanted.lab_database and changed_names(seen, wanted):
                self._put(seen, wanted)
            settings_store.save(self.path, wanted)
            if joins:
                self.version, self._away = None, None
            return wanted

    def _put(self, seen: LabSettings, wanted: LabSettings) -> None:
        def is_seen(newest: SettingsVersion) -> bool:
            there, problems = with_document(seen, newest.document)
            if problems:
                raise _not_changeable() if is_newer(problems) else _unusable(newest, problems)
            return not changed_names(seen, there)

        pool = self._pool()
        assert pool is not None  # noqa: S101  # there is an address
        try:
            with pool.database() as database:
                version = LabSettingsTable(database).add(
                    lab_document(wanted), is_seen, station=self._station,
                    reviewer=self.author() or wanted.reviewer, program=__version__,
                )  # fmt: skip
        except LabUnreachable as error:
            raise UserError(
                N_("The laboratory's settings cannot be changed now."),
                N_("Its database does not answer ({reason})."),
                N_("What is in force stays so. Try again when the database is back."),
                reason=str(error.params.get("reason", "")),
            ).about(error.state) from error
        except SettingsChanged as error:
            raise ChangedElsewhere(error.newest, seen, wanted) from error
        self._keep_copy(wanted.lab_database, version)


def _not_changeable() -> UserError:
    return UserError(
        N_("The laboratory's settings cannot be changed on this workstation."),
        N_("A newer version of the program has written some that are not known here."),
        N_("Change them on a workstation with that version, or install it here."),
    )


def _unusable(version: SettingsVersion, problems: list[SettingProblem]) -> UserError:
    return UserError(
        N_("The laboratory's settings in its database cannot be used ({number}, {station})."),
        N_("{reason}."),
        N_("This workstation keeps the last version that it has read. Tell the IT person."),
        number=version.number,
        station=version.station[:80],
        reason=problems[0].reason,
    )
