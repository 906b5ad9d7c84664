"""The laboratory's database as one file of SQLite, and back: every table, from one moment, all or nothing.

The form is independent of the engine, for the same statements make the tables of both.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bloodcells_gui.domain.connecting import SendState
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import SQLITE, LabDatabase, LabUnreachable, Row
from bloodcells_gui.storage.outbox_rows import words_to_db

#: Tables of who does what at the moment: they say nothing after a restore.
_OF_THE_MOMENT = ("bloodcells_leases", "bloodcells_reading", "bloodcells_outbox_claims")
_AT_ONCE = 50
_APART = "laboratory.sqlite"


def url_of(path: Path) -> str:
    """The address of a database in a file."""
    return f"sqlite:///{path.absolute().as_posix().lstrip('/') if os.name == 'nt' else path.absolute()}"


def save(
    source: LabDatabase, path: Path, app_version: str, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Write every table of a laboratory into the new file `path`, as of one moment; the number of rows.

    Parameters
    ----------
    tell : callable
        Called with the rows done; may raise to stop.

    Raises
    ------
    UserError
        The database does not answer, or is of another version.
    """
    with LabDatabase(url_of(path), make=True) as copy:
        schema.create(copy, app_version)
        with source.snapshot():
            schema.check(source)
            with copy.transaction():
                return _copy(source, copy, tell)


def restore(
    path: Path,
    target: LabDatabase,
    app_version: str,
    *,
    created: str,
    replace: bool = False,
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Bring a file that :func:`save` wrote into a database, whole or not at all; the number of rows.

    What waited in the outbox when it was saved is not sent by itself: it may have arrived since, and be
    corrected. It is shown as refused, with the reason, until a person sends it again.

    Parameters
    ----------
    path : Path
        A private copy: tables of an older version are brought up to date in it.
    created : str
        When it was saved (UTC), for the words.
    replace : bool
        Whether what the database holds may be replaced.

    Raises
    ------
    UserError
        The file is none of this program or of a newer version, or the database holds a laboratory.
    """
    with LabDatabase(url_of(path)) as copy:
        _check_form(copy)
        schema.create(copy, app_version)
        with target.transaction():
            schema.create_here(target, app_version)
            if not replace and _holds_something(target):
                raise UserError(
                    N_("The database holds a laboratory already."),
                    N_("A restore replaces nothing unless it is told to. Nothing was changed."),
                    N_("Name an empty database, or add --replace."),
                )
            for table in reversed(_tables(copy)):
                target.query(f"DELETE FROM {table}")  # noqa: S608  # names of this program's own tables
            try:
                rows = _copy(copy, target, tell)
            except LabUnreachable as error:
                raise UserError(
                    N_("The laboratory's database was not restored ({reason})."),
                    N_("Nothing was changed."),
                    N_("Check the database, and take another copy of the backup."),
                    reason=str(error.params.get("reason", "")),
                ) from error
            for table in _OF_THE_MOMENT:
                target.query(f"DELETE FROM {table}")  # noqa: S608  # as above
            target.query(
                "UPDATE bloodcells_outbox_messages SET state = ?, words = ? WHERE state = ?",
                SendState.REFUSED.value,
                words_to_db(Reason(_HELD, (("created", created),))),
                SendState.WAITING.value,
            )
            return rows


_HELD = N_("it waited in the backup of {created}: look whether it arrived before you send it again")


def _copy(source: LabDatabase, target: LabDatabase, tell: Callable[[int], None]) -> int:
    """All rows of all tables; of `target`, which has the tables, in the order in which they were made."""
    done = 0
    for table in _tables(source if source.engine == SQLITE else target):
        columns = ", ".join(source.columns(table))
        if target is not source and set(source.columns(table)) != set(target.columns(table)):
            raise _not_ours()
        target.query(f"DELETE FROM {table}")  # noqa: S608  # rows that its making left
        for rows in source.rows(f"SELECT {columns} FROM {table}", _AT_ONCE):  # noqa: S608  # as above
            marks = ", ".join("?" for _ in rows[0])
            target.insert_all(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
            done += len(rows)
            tell(done)
    return done


def _tables(database: LabDatabase) -> list[str]:
    """Tables of a laboratory in SQLite, as they were made one after another, but that of the versions."""
    rows = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
    return [str(name) for (name,) in rows if name != schema.VERSIONS]


def _holds_something(target: LabDatabase) -> bool:
    """Whether a database has more than a new one."""
    with _new_one() as fresh:
        for table in _tables(fresh):
            if table in _OF_THE_MOMENT:
                continue
            columns = ", ".join(fresh.columns(table))
            ask = f"SELECT {columns} FROM {table} LIMIT 3"  # noqa: S608  # names of this program's own tables
            if target.query(ask) != fresh.query(ask):
                return True
    return False


def _check_form(copy: LabDatabase) -> None:
    """Refuse a file that is not as :func:`save` writes it: other tables, a trigger, a view."""
    try:
        number = schema.number_of(copy)
        found = _form(copy)
    except UserError as error:
        raise _not_ours() from error
    schema.refuse_newer(number)
    with _new_one(number) as fresh:
        if number < 1 or found != _form(fresh):
            raise _not_ours()


def _form(database: LabDatabase) -> list[Row]:
    return sorted(database.query("SELECT type, name, coalesce(sql, '') FROM sqlite_schema"))


@contextmanager
def _new_one(number: int = schema.NUMBER) -> Iterator[LabDatabase]:
    """An empty laboratory as the migration `number` left it."""
    with (
        tempfile.TemporaryDirectory(prefix="bloodcells-") as folder,
        LabDatabase(url_of(Path(folder) / _APART), make=True) as fresh,
    ):
        schema.create(fresh, "", up_to=number)
        yield fresh


def _not_ours() -> UserError:
    return UserError(
        N_("The laboratory's part of the archive cannot be used."),
        N_("It is not as this program writes it. Nothing was changed."),
        N_("Take another copy of the backup."),
    )
