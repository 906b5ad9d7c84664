"""One way to PostgreSQL and SQLite: the same statements, transactions and errors.

The statements of this package keep to what both understand. psycopg is an optional part of the installation
(extra `lab`) and is imported here alone, on use.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from bloodcells_gui.domain.errors import LAB_AWAY, UserError
from bloodcells_gui.domain.i18n import N_

POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
OLDEST_SERVER = 13
_ANSWER_WITHIN_S = 3
# A cut network must not hold a person up: the server has so long to answer.
_OPTIONS = {
    "connect_timeout": str(_ANSWER_WITHIN_S),
    "options": "-c statement_timeout=5000 -c lock_timeout=5000",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "10",
    "application_name": "bloodcells",
}
_NOW = {
    POSTGRESQL: "extract(epoch FROM clock_timestamp())::float8",
    SQLITE: "((julianday('now') - 2440587.5) * 86400.0)",
}

_BYTES = {POSTGRESQL: "bytea", SQLITE: "BLOB"}

Row = tuple[Any, ...]


class LabUnreachable(UserError):
    """The laboratory's database does not answer."""

    state = LAB_AWAY

    def __init__(self, reason: object) -> None:
        super().__init__(
            N_("The laboratory's database does not answer ({reason})."),
            "",
            N_("Check the network and the address in the settings."),
            reason=" ".join(str(reason).split())[:300],
        )


class LabMissing(LabUnreachable):
    """There is no file of a laboratory's database; nothing is made."""

    def __init__(self, path: Path) -> None:
        UserError.__init__(
            self,
            N_("There is no laboratory's database at {path}."),
            "",
            N_("Make it (bloodcells lab init URL), or correct the address."),
            path=path,
            reason=path,
        )


def check_url(url: str) -> str:
    """`url` without spaces around it; UserError when it is no address of a database, or holds a password."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        secret = parts.password or any(k.lower() == "password" for k, _ in parse_qsl(parts.query))
    except ValueError:
        parts, secret = urlsplit(""), ""
    if secret:
        raise UserError(
            "The address of the laboratory's database holds a password.",
            "Settings and backups would hold it, too.",
            "Leave it out, and write it into the file .pgpass of the account.",
        )
    if parts.scheme not in ("postgresql", "postgres") and not re.fullmatch(r"sqlite:///.+", url):
        raise UserError(
            "{url} is no address of a laboratory's database.",
            "",
            "Write postgresql://USER@HOST/DATABASE, or sqlite:///PATH for the windows of one computer.",
            url=url[:200],
        )
    return url


class LabDatabase:
    """A connection; used by one thread at a time.

    Parameters
    ----------
    url : str
        As :func:`check_url` takes it.
    make : bool
        Make the file of an SQLite database that is not there; a question makes nothing.

    Raises
    ------
    UserError
        The address is wrong, psycopg is not installed, the server is too old, or does not answer
        (:class:`LabUnreachable`).
    """

    def __init__(self, url: str, *, make: bool = False) -> None:
        url = check_url(url)
        self.engine = SQLITE if url.startswith("sqlite:") else POSTGRESQL
        self._now = _NOW[self.engine]
        self._errors: tuple[type[Exception], ...] = (sqlite3.Error,)
        self._connection: Any
        if self.engine == SQLITE:
            path = Path(url.removeprefix("sqlite:///") if re.match(r"sqlite:///[A-Za-z]:", url) else url[9:])
            if not make and not path.exists():
                raise LabMissing(path)
            try:
                place = f"{path.absolute().as_uri()}?mode={'rwc' if make else 'rw'}"
                # one thread at a time: the pool hands a connection on
                self._connection = sqlite3.connect(
                    place, timeout=5, isolation_level=None, uri=True, check_same_thread=False
                )
            except (sqlite3.Error, ValueError) as error:
                raise LabUnreachable(error) from error
        else:
            self._connection = self._connect(url)
            if self._connection.info.server_version < OLDEST_SERVER * 10_000:
                self.close()
                raise UserError(
                    "The server of the laboratory's database is too old ({version}).",
                    "",
                    "Use PostgreSQL {least} or newer.",
                    version=self.server_version,
                    least=OLDEST_SERVER,
                )

    def _connect(self, url: str) -> Any:
        try:
            import psycopg
        except ImportError:
            raise UserError(
                "This installation cannot use a laboratory's database.",
                "The package “psycopg” is an optional part of it.",
                "Install it: pip install 'bloodcells-gui[lab]'.",
            ) from None
        self._errors = (psycopg.Error,)
        try:
            return psycopg.connect(url, autocommit=True, **_OPTIONS)
        except psycopg.Error as error:
            raise LabUnreachable(error) from error

    @property
    def server_version(self) -> str:
        """Version of the server in words."""
        if self.engine == SQLITE:
            return sqlite3.sqlite_version
        return str(self._connection.info.parameter_status("server_version"))

    def query(self, sql: str, *values: object) -> list[Row]:
        """Run one statement; the rows that it returns. LabUnreachable when it fails.

        `?` stands for a value, `$now` for the time of the server in seconds since 1970, `$bytes` for the
        type of bytes.
        """
        sql = sql.replace("$now", self._now).replace("$bytes", _BYTES[self.engine])
        if self.engine == POSTGRESQL:
            sql = sql.replace("%", "%%").replace("?", "%s")
        try:
            cursor = self._connection.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []
        except self._errors as error:
            raise LabUnreachable(error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; of SQLite no other connection writes meanwhile."""
        self.query("BEGIN IMMEDIATE" if self.engine == SQLITE else "BEGIN")
        try:
            yield
        except BaseException:
            with contextlib.suppress(UserError):
                self.query("ROLLBACK")
            raise
        self.query("COMMIT")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything that is read is of one moment, whatever others write meanwhile; nothing is written."""
        reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        self.query("BEGIN" if self.engine == SQLITE else reading)
        try:
            yield
        finally:
            with contextlib.suppress(UserError):
                self.query("ROLLBACK")

    def rows(self, sql: str, at_once: int) -> Iterator[list[Row]]:
        """Within a transaction: the rows of a statement without values, a part of them at a time."""
        try:
            if self.engine == SQLITE:
                cursor = self._connection.execute(sql)
            else:
                cursor = self._connection.cursor("bloodcells_rows")
                cursor.execute(sql.replace("%", "%%"))
            with contextlib.closing(cursor):
                while rows := cursor.fetchmany(at_once):
                    yield list(rows)
        except self._errors as error:
            raise LabUnreachable(error) from error

    def insert_all(self, sql: str, rows: Sequence[Row]) -> None:
        """Run one statement for each row of values. LabUnreachable when it fails."""
        if self.engine == POSTGRESQL:
            sql = sql.replace("?", "%s")
        try:
            with contextlib.closing(self._connection.cursor()) as cursor:
                cursor.executemany(sql, rows)
        except self._errors as error:
            raise LabUnreachable(error) from error

    def columns(self, table: str) -> list[str]:
        """Names of the columns of a table of this program."""
        asked = {
            SQLITE: "SELECT name FROM pragma_table_info(?) ORDER BY cid",
            POSTGRESQL: "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?)"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        }
        return [str(name) for (name,) in self.query(asked[self.engine], table)]

    def alone(self, number: int) -> None:
        """Within a transaction: wait until no other one is here."""
        if self.engine == POSTGRESQL:
            self.query("SELECT pg_advisory_xact_lock(?)", number)

    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""
        asked = {
            SQLITE: "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?",
            POSTGRESQL: "SELECT 1 WHERE to_regclass(?) IS NOT NULL",
        }
        return bool(self.query(asked[self.engine], name))

    def run_all(self, statements: Sequence[str]) -> None:
        """Run statements without values, one after another."""
        for sql in statements:
            self.query(sql)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go; harmless when done twice."""
        with contextlib.suppress(*self._errors):
            self._connection.close()
