"""One writer at a time, also on network shares.

Why not SQLite's own lock: held for a whole session it would shut out readers and the analysis thread's
connection, and it rests on byte-range locks that some shares only pretend to have. So a small file beside
the case, `CASE.lock`, names its holder (computer, process, since when), and the operating system's lock on
that file tells whether the holder is alive: the system lets go when a process dies, whatever killed it.

* The system's lock is held by someone: refused, with the holder's name.
* It is free, and the file names this computer (or nobody): the holder was killed; the lock is taken over.
* It is free, but the file names another computer: over a share the system's lock may not be seen, so a
  person has to say that the other computer is not at it (`take_over`). Where the file says that its holder
  had a lease of the laboratory's database as well, that database says it (`Holder.leased`).

SQLite's own short locks stay in force below this, whatever happens here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.times import Moment
from bloodcells_gui.storage import connection

_MAX_BYTES = 4096
_ATTEMPTS = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a case open for writing; `leased` where the laboratory's database knows of it."""

    host: str
    pid: int
    since: str
    leased: bool = False


HELD_ELSEWHERE = N_(
    "That window is still open and holds the file: close it there, or end the program there first."
    " Meanwhile the case can be opened here for reading."
)


class CaseInUse(UserError):
    """Another window or computer has the case open; it may be opened read-only.

    Attributes
    ----------
    elsewhere : bool
        It is another computer.
    alive : bool
        The operating system's lock is held: nobody can take the case over.
    """

    def __init__(self, path: Path, holder: Holder, *, alive: bool = False) -> None:
        self.holder = holder
        self.elsewhere = holder.host != socket.gethostname()
        self.alive = alive
        super().__init__(
            N_("The case {path} is open in another window (computer {host}, since {since})."),
            N_("Two windows must not write one case."),
            N_("Use that window, close it, or open the case here read-only.")
            if not self.elsewhere
            else HELD_ELSEWHERE
            if alive
            else N_(
                "Close it there or open the case here read-only."
                " If that computer is off or has crashed, take the case over."
            ),
            path=path,
            host=holder.host or "?",
            since=Moment(holder.since) if holder.since else "?",
        )


class CaseLock:
    """Holds a case for writing from construction until :meth:`release`.

    Parameters
    ----------
    case : Path
        The case file; the lock is `case` + ".lock".
    take_over : bool
        Believe that the other computer named in a left-over lock is not at it any more.

    Attributes
    ----------
    after_crash : bool
        The last holder did not close the case properly.

    Raises
    ------
    CaseInUse
        Someone else holds it.
    UserError
        The folder cannot be written.
    """

    def __init__(self, case: Path, *, take_over: bool = False) -> None:
        self.case = case
        self.path = Path(f"{case}.lock")
        self.after_crash = False
        self._fd = -1
        self._since = ""
        for _ in range(_ATTEMPTS):
            if self._acquire(take_over):
                return
        raise CaseInUse(case, Holder("", 0, ""))

    def _acquire(self, take_over: bool) -> bool:
        """One attempt; False when the lock file was replaced meanwhile."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        except FileNotFoundError:
            raise connection.unreachable(self.case) from None
        except OSError as error:
            raise connection.os_in_words(error, self.case) from error
        try:
            holder = _read(fd)
            alive = not _lock(fd)
            here = socket.gethostname()
            if alive or (holder is not None and holder.host != here and not take_over):
                raise CaseInUse(self.case, holder or Holder("", 0, ""), alive=alive)
            if not self._is_at_path(fd):
                os.close(fd)
                return False
            self._since = utc_now()
            self._write(fd, leased=False)
        except UserError:
            os.close(fd)
            raise
        except OSError as error:
            os.close(fd)
            raise connection.os_in_words(error, self.case) from error
        self.after_crash = holder is not None
        if self.after_crash:
            _log.warning("a case was not closed properly: its lock is taken over (asked for: %s)", take_over)
        self._fd = fd
        return True

    def _write(self, fd: int, *, leased: bool) -> None:
        holder = {"host": socket.gethostname(), "pid": os.getpid(), "since": self._since}
        os.lseek(fd, 0, os.SEEK_SET)
        os.ftruncate(fd, 0)
        os.write(fd, json.dumps(holder | ({"leased": True} if leased else {})).encode())
        os.fsync(fd)

    def note_lease(self) -> None:
        """Say in the file that the laboratory's database knows of the holder."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):  # without the word a person is asked, as ever
                self._write(self._fd, leased=True)

    def _is_at_path(self, fd: int) -> bool:
        try:
            there = self.path.stat()
        except OSError:
            return False
        mine = os.fstat(fd)
        return (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)

    def held(self) -> bool:
        """Whether the lock file beside the case is still this one (a share may have come back without it)."""
        return self._fd >= 0 and self._is_at_path(self._fd)

    def reacquire(self) -> None:
        """Take the lock again after it was lost; raises as the constructor does."""
        if self._fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = -1
        for _ in range(_ATTEMPTS):
            if self._acquire(take_over=False):
                return
        raise CaseInUse(self.case, Holder("", 0, ""))

    def release(self) -> None:
        """Let go; harmless when done twice."""
        if self._fd < 0:
            return
        with contextlib.suppress(OSError):
            if self.held():
                if os.name == "nt":  # pragma: no cover - an open file cannot be removed there
                    os.ftruncate(self._fd, 0)
                else:
                    self.path.unlink()
        with contextlib.suppress(OSError):
            os.close(self._fd)
        self._fd = -1


def holder_of(case: Path) -> Holder | None:
    """Who has `case` open for writing, for showing only: nothing is taken or changed.

    None also for a lock that a crash on this computer left behind.
    """
    try:
        # a named pipe in its place must not keep anybody waiting
        fd = os.open(f"{case}.lock", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        holder = _read(fd)
    except OSError:
        return None
    finally:
        os.close(fd)
    if holder is None or (holder.host == socket.gethostname() and not _alive(holder)):
        return None
    return holder


def _read(fd: int) -> Holder | None:
    """Who the file names; None when it is empty. Text from a file is not trusted: it is only shown."""
    data = os.pread(fd, _MAX_BYTES, 0) if hasattr(os, "pread") else os.read(fd, _MAX_BYTES)
    if not data:
        return None
    try:
        obj = json.loads(data)
        leased = obj.get("leased") is True
        return Holder(str(obj["host"])[:100], int(obj["pid"]), str(obj["since"])[:40], leased)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        # a lock cut short by a crash; whoever wrote it was about to name this or another computer
        return Holder(socket.gethostname(), 0, "")


def _lock(fd: int) -> bool:
    """Take the system's lock without waiting; False when another holds it."""
    try:
        import fcntl
    except ModuleNotFoundError:  # pragma: no cover - Windows
        import msvcrt

        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A share without locks: the name in the file is all there is.
        return not _alive(_read(fd))
    return True


def _alive(holder: Holder | None) -> bool:
    if holder is None or holder.host != socket.gethostname() or holder.pid <= 0:
        return False
    try:
        os.kill(holder.pid, 0)
    except (ProcessLookupError, OverflowError):  # no process has such a number
        return False
    except OSError:
        return True
    return True
