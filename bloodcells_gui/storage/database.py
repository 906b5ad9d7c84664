"""One open case file: a connection for each thread, writes in turn, failures in words."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from bloodcells_gui.domain.errors import UserError, system_reason
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage import hash_chain, row_validation, schema, seals
from bloodcells_gui.storage.atomic_io import move_into_place, part_of_file
from bloodcells_gui.storage.lock import CaseInUse, CaseLock
from bloodcells_gui.storage.write_lease import AskLease, CaseChanged, WriteLease, seed_of

# Which files this process writes, by device and inode: a case's lock belongs to the process.
_writers: dict[tuple[int, int], Database] = {}
_writers_lock = threading.Lock()


def create_file(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Write a new case file under another name and move it into place, so that no half one is ever seen.

    Raises
    ------
    UserError
        When `path` exists or cannot be written.
    """
    if path.exists():
        raise _exists(path)
    part = part_of_file(path)
    try:
        part.unlink(missing_ok=True)
        part.touch(exist_ok=False)
        connection = conn.connect(part, read_only=False)
        try:
            connection.execute(f"PRAGMA page_size = {schema.PAGE_BYTES}")
            connection.execute("BEGIN IMMEDIATE")
            schema.build(connection)
            fill(connection)
            connection.execute("COMMIT")
        finally:
            connection.close()
        move_into_place(part, path)
    except sqlite3.Error as error:
        raise conn.in_words(error, path) from error
    except FileExistsError as error:
        raise _exists(Path(error.filename or path)) from None
    except FileNotFoundError as error:
        raise conn.unreachable(path) from error
    except OSError as error:
        raise UserError(
            "The case file {path} cannot be written ({reason}).",
            "The folder is read-only for you, the disk is full, or the name is not possible there.",
            "Choose another folder.",
            path=path,
            reason=system_reason(error),
        ) from error
    finally:
        for leftover in (part, Path(f"{part}-journal")):
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


def _exists(path: Path) -> UserError:
    return UserError(
        "There is a file {path} already.",
        "It may hold reviewed work.",
        "Open it, or choose another name.",
        path=path,
    )


class Database:
    """An existing case file, checked on opening.

    Parameters
    ----------
    path : Path
    read_only : bool
        Take no lock and never write.
    take_over : bool
        See :class:`~bloodcells_gui.storage.lock.CaseLock`.
    ask : callable or None
        Asks for the lease before anything is read; given back when the file is closed.

    Attributes
    ----------
    pinned : bool
        Refuse to read (:class:`CaseChanged`) once somebody wrote since the file was opened.

    Raises
    ------
    UserError
        When the file is refused or somebody else writes it.
    """

    _lock: CaseLock | None = None

    def __init__(
        self, path: Path, *, read_only: bool, take_over: bool = False, ask: AskLease | None = None
    ) -> None:
        self.path = path.absolute()
        self.read_only = read_only
        self._local = threading.local()
        self._generation = 0
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._open_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._closed = False
        self.lease: WriteLease | None = None
        self.pinned = False
        self._users = 1
        self._compared = 0  # entries of the ledger whose rows were compared with their seals
        version = conn.header_version(self.path)
        try:
            seed = "" if read_only else self._take_hold(take_over, ask)
            self.after_crash = self._lock is not None and self._lock.after_crash
            self._identity = self._stat()
            with self._in_words():
                connection = self._connection()
                self._upgrade(connection, version)
                conn.check(connection, self.path, version if read_only else schema.VERSION)
                if seed and hash_chain.seed(connection) != seed:
                    raise self._not_the_same()
                self._head = hash_chain.head(connection)
        except BaseException:
            self.close()
            raise
        if not read_only:
            with _writers_lock:
                _writers[self._identity] = self

    def _take_hold(self, take_over: bool, ask: AskLease | None) -> str:
        """Take lock and lease, before anything is read that another station may be writing.

        Two windows of one computer are kept apart by the lock, so it is taken first. Where it names another
        computer that had a lease, whoever gets that lease now takes the lock over without asking.

        Returns
        -------
        str
            Seed of the chain that the lease was asked for; "" without one.
        """
        try:
            self._lock = CaseLock(self.path, take_over=take_over)
        except CaseInUse as error:
            if ask is None or error.alive or not (error.elsewhere and error.holder.leased):
                raise
        if ask is None:
            return ""
        seed = seed_of(self.path)
        self.lease = ask(seed)
        if self._lock is None:
            self._lock = CaseLock(self.path, take_over=True)
        self.lease.when_held(self.note_lease)
        return seed

    def hold(self, lease: WriteLease) -> None:
        """Ask `lease` before every write, and give it back when the file is closed."""
        self.lease = lease
        lease.when_held(self.note_lease)

    def note_lease(self) -> None:
        """The laboratory's database knows of this window now: others may ask there instead of a person."""
        if self._lock is not None:
            self._lock.note_lease()

    @classmethod
    def join(cls, path: Path) -> Database | None:
        """The database through which this process already writes `path`, for one user more; None if none."""
        try:
            found = path.stat()
        except OSError:
            return None
        with _writers_lock:
            database = _writers.get((found.st_dev, found.st_ino))
            if database is not None:
                database._users += 1  # noqa: SLF001  # of its own class
            return database

    def _upgrade(self, connection: sqlite3.Connection, version: int) -> None:
        if not self.read_only:
            # a database tool may have left it in WAL mode, which does not survive network shares
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if version == schema.VERSION and Path(f"{self.path}-journal").exists():
                # A kill before the first page was changed leaves a journal that SQLite ignores until the
                # next write: this is one, so that the case is a single file again.
                connection.execute(f"PRAGMA user_version = {version}")
        if version == schema.VERSION or self.read_only:
            return  # what an older format lacks, nothing in it asks for
        connection.execute("BEGIN EXCLUSIVE")
        try:
            schema.migrate(connection, version)
            connection.execute("COMMIT")
        except KeyError:
            connection.execute("ROLLBACK")
            raise conn.damaged(self.path, f"format {version}") from None
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    # -- connections -----------------------------------------------------------------------------------

    def _stat(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise conn.unreachable(self.path) from error
        return found.st_dev, found.st_ino

    def _connection(self) -> sqlite3.Connection:
        """This thread's own connection."""
        if self._closed:
            raise RuntimeError("the case is closed")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.generation != self._generation:
            connection = conn.connect(self.path, read_only=self.read_only)
            self._local.connection = connection
            self._local.generation = self._generation
            self._local.seen = None
            with self._open_lock:
                self._close_of_ended_threads()
                self._open.append((threading.current_thread(), connection))
        return connection

    def _close_of_ended_threads(self) -> None:
        for thread, connection in self._open:
            if not thread.is_alive():
                connection.close()
        self._open = [(t, c) for t, c in self._open if t.is_alive()]

    def _reconnect_if_moved(self) -> None:
        """Before a write: the path must still lead to the file that was opened.

        A file that was deleted or replaced would otherwise go on taking writes that nobody finds again; a
        share that came back shows the same case under another identity.
        """
        identity = self._stat()
        if identity != self._identity:
            self._generation += 1
            self._identity = identity
            with _writers_lock:
                _writers[identity] = self
        if self._lock is not None and not self._lock.held():
            self._lock.reacquire()

    def _refuse_changed(self, connection: sqlite3.Connection) -> None:
        """Within a write: the newest entry must be the one this window wrote or saw."""
        if hash_chain.head(connection) != self._head:
            raise self._not_the_same()

    def _refuse_replaced(self, connection: sqlite3.Connection) -> None:
        """Before a read: what this window knows of the chain must be in the file, whoever wrote to it.

        Another case that was put in its place would show its cells under this one's name.
        """
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._local.seen:
            return
        entry, known = self._head
        found = connection.execute("SELECT hash FROM ledger WHERE seq = ?", (entry,)).fetchone()
        if entry and (found is None or found[0] != known):
            raise self._not_the_same()
        self._local.seen = version

    def changed_elsewhere(self) -> bool:
        """Whether the file is not the one, or not as long a chain, as when it was opened for reading."""
        with self._in_words():
            return self._stat() != self._identity or hash_chain.head(self._connection()) != self._head

    def _not_the_same(self) -> UserError:
        return UserError(
            "The case {path} was changed by another window, or another file was put in its place.",
            "The connection to its folder was lost meanwhile, or a copy was restored."
            " The last action was not saved.",
            "Close this window and open the case again.",
            path=self.path,
        )

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            if (getattr(error, "sqlite_errorname", "") or "").startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")):
                self._generation += 1  # its file handle may be dead for good
            raise conn.in_words(error, self.path) from error
        except UnicodeDecodeError as error:  # sqlite3 fails so on a damaged schema or text
            raise conn.damaged(self.path, "text") from error

    @contextlib.contextmanager
    def decoding(self, what: str) -> Iterator[None]:
        """The one border where rows become domain types: whatever nonsense they hold comes out as damage.

        `what` is a technical word or two for where it was.
        """
        try:
            yield
        except UserError:
            raise
        except row_validation.NONSENSE as error:
            raise self.damaged(what) from error

    def check_at_opening(self) -> None:
        """Refuse the file where what decides a report is not as it was sealed."""
        with self.decoding("seals"), self.reading() as connection:
            problem = seals.at_opening(connection)
        if problem is not None:
            raise conn.not_as_written(self.path, problem.where)

    def check_seals(self, pause: Callable[[], None]) -> None:
        """Compare what was not compared since the file was opened; see :meth:`CaseFile.check_seals`."""
        with self.decoding("seals"), self.reading(of_any_time=True) as connection:
            with seals.one_moment(connection):
                entries = list(hash_chain.entries(connection))
                numbers = list(seals.number_problems(connection, entries))
            _, problem = seals.chain_problem(entries)
            left = entries[self._compared :] if problem is None else []
            for entry, problem in seals.compared(connection, left, pause=pause):
                if problem is not None:
                    break
                self._compared = entry.seq
        if problem is None:
            problem = next(iter(numbers), None)
        if problem is not None:
            raise conn.not_as_written(self.path, problem.where)

    @contextlib.contextmanager
    def reading(self, *, of_any_time: bool = False) -> Iterator[sqlite3.Connection]:
        """This thread's connection; SQLite's failures come out as UserError.

        `of_any_time` says that what is read is never changed, whatever is added to the case.
        """
        with self._in_words():
            connection = self._connection()
            self._refuse_replaced(connection)
            if not self.pinned or of_any_time:
                yield connection
                return
            with seals.one_moment(connection):
                if hash_chain.head(connection) != self._head:
                    raise CaseChanged(self.path)
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends, undone whole when it raises.

        Raises
        ------
        UserError
            When it could not be saved.
        ValueError
            When a row broke a rule of the file (a key twice, a reference to nothing).
        """
        if self.read_only:
            raise conn.read_only_place(self.path)
        if self.lease is not None:
            self.lease.check()
        with self._write_lock:
            try:
                with self._in_words():
                    self._reconnect_if_moved()
                    connection = self._connection()
                    connection.execute("BEGIN IMMEDIATE")
                    try:
                        self._refuse_changed(connection)
                        yield connection
                        reached = hash_chain.head(connection)
                        connection.execute("COMMIT")
                    except BaseException:
                        if connection.in_transaction:
                            with contextlib.suppress(sqlite3.Error):
                                connection.execute("ROLLBACK")
                        raise
                    self._head = reached
            except sqlite3.IntegrityError as error:
                raise ValueError(str(error)) from error

    def continue_with(self, path: Path) -> None:
        """Take the content of `path`, a copy of this file to which more was written elsewhere.

        One transaction of SQLite's own: a full disk or a kill leaves the file as it was.

        Raises
        ------
        UserError
            When it does not continue this file's chain, or could not be saved.
        """
        if self.lease is not None:
            self.lease.check()
        source = conn.connect(path, read_only=True)
        try:
            with self._write_lock, self._in_words():
                self._reconnect_if_moved()
                connection = self._connection()
                self._refuse_changed(connection)
                if self._head[1] != hash_chain.hash_at(source, self._head[0]):
                    raise self._not_the_same()
                source.backup(connection)
                self._head = hash_chain.head(connection)
        finally:
            source.close()

    @contextlib.contextmanager
    def unchanging(self) -> Iterator[None]:
        """Nobody, no other program either, writes to the file meanwhile."""
        with self.reading(of_any_time=True) as connection:
            connection.execute("BEGIN")
            try:
                connection.execute("SELECT count(*) FROM meta").fetchone()  # takes the lock
                yield
            finally:
                with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed meanwhile
                    connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No other thread writes meanwhile; this one may."""
        with self._write_lock:
            yield

    def damaged(self, why: str) -> UserError:
        """The refusal of this file as damaged."""
        return conn.damaged(self.path, why)

    def close(self) -> None:
        """Close every thread's connection and release the lock, once its last user is through with it."""
        with _writers_lock:
            self._users -= 1
            if self._users > 0:
                return
            for identity in [i for i, database in _writers.items() if database is self]:
                del _writers[identity]
        if self.lease is not None:
            self.lease.close()
        self._closed = True
        with self._open_lock:
            connections, self._open = self._open, []
        for _, connection in connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        if self._lock is not None:
            self._lock.release()
