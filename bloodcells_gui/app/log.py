"""The program's log: one file in the data folder that a laboratory can mail, because it names nobody.

Every module logs through the standard library (``logging.getLogger(__name__)``). What keeps names out of the
file is the formatter, not the care of whoever writes a line:

- a message is written only if it is a literal in the code of the function that logs it;
- its arguments are numbers, or words of closed lists (`domain/log_values.py`); of another text its length;
- of an exception come its kind, its error numbers and the places in the program, never its message
  (`app/bug_report.py`);
- loggers of libraries have no way into it.

Window and command line may run side by side. So each entry is one write at the end of the file, which is
opened for it and closed again: no process holds a file that another one has put aside.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import platform
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType

from bloodcells_gui import __version__
from bloodcells_gui.app.data_folders import user_data_dir
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.domain.log_values import Version, Word, loggable
from bloodcells_gui.domain.safe_text import escape_control_chars

PROGRAM = "bloodcells_gui"
FOLDER_NAME = "log"
FILE_NAME = "bloodcells.log"
MAX_BYTES = 1_000_000
KEPT = 2
"""Full files that are kept beside the one that is written."""
_LONGEST_ENTRY = 64_000
_HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ [A-Z]{4,8} bloodcells_gui[.\w]*:\d+: ")
_NO_LITERAL = "(a message that is no literal of the program)"
_WAIT_AFTER_FAILURE_S = 60.0
_STALE_S = 60.0


PLATFORMS = ("linux", "win32", "darwin")
MACHINES = ("x86_64", "AMD64", "aarch64", "arm64", "ARM64")
_log = logging.getLogger(__name__)


def log_start() -> None:
    """Write which program begins on what machine."""
    _log.info(
        "bloodcells %s, Python %s, %s %s, %d processors, packaged: %s",
        Version(__version__), Version(platform.python_version()), Word(sys.platform, PLATFORMS),
        Word(platform.machine(), MACHINES), os.cpu_count() or 0, bool(getattr(sys, "frozen", False)),
    )  # fmt: skip


def log_folder() -> Path:
    """The folder of the log files. Not created here."""
    return user_data_dir() / FOLDER_NAME


def log_files(folder: Path) -> list[Path]:
    """The places of the log files, oldest first, whether they are there or not."""
    return [folder / f"{FILE_NAME}.{n}" for n in range(KEPT, 0, -1)] + [folder / FILE_NAME]


def read_log(folder: Path, most_bytes: int = MAX_BYTES) -> list[str]:
    """The newest lines of the log, oldest first; lines that this program did not write are left out."""
    parts: list[bytes] = []
    left = most_bytes
    for path in reversed(log_files(folder)):
        with contextlib.suppress(OSError):
            if left > 0 and stat.S_ISREG(path.lstat().st_mode):
                parts.insert(0, path.read_bytes()[-left:])
                left -= len(parts[0])
    lines = b"".join(parts).decode("utf-8", "replace").split("\n")[:-1]
    return [escape_control_chars(line) for line in lines if _HEAD.match(line) or line.startswith("  ")]


def no_log(error: OSError) -> Reason:
    """The message for the person, given once, where no log can be kept."""
    reason = error.strerror or type(error).__name__
    return Reason("The log cannot be written ({reason}). The work goes on without it.", (("reason", reason),))


class SafeFormatter(logging.Formatter):
    """Writes an entry without any text that came from outside the program.

    To be used by handlers that format within :meth:`logging.Handler.emit`, in the call that logs: the frames
    of the caller show whether the message is a literal.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Time (UTC), process, level, module, line and message; below it the lines of an exception."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        head = f"{moment}.{int(record.msecs):03d}Z {record.process or 0} {_level(record.levelno)}"
        lines = [f"{head} {_place(record)}: {_message(record)}"]
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            from bloodcells_gui.app.bug_report import trace_lines  # few runs need it

            lines += trace_lines(error)
        return "\n  ".join(escape_control_chars(line) for line in lines)[:_LONGEST_ENTRY]


def _level(number: int) -> str:
    """The standard name of a level; names can be given to levels at will."""
    for level in (logging.CRITICAL, logging.ERROR, logging.WARNING, logging.INFO):
        if number >= level:
            return {50: "CRITICAL", 40: "ERROR", 30: "WARNING", 20: "INFO"}[level]
    return "DEBUG"


def _place(record: logging.LogRecord) -> str:
    """The module that logs, with the line; a logger may be named after anything."""
    known = record.name in sys.modules and record.name.startswith(PROGRAM)
    return f"{record.name if known else PROGRAM}:{record.lineno}"


def _message(record: logging.LogRecord) -> str:
    if type(record.msg) is not str or not _is_literal(record):
        return _NO_LITERAL
    args = record.args
    try:
        if isinstance(args, Mapping):  # `logging` takes a single dictionary for the arguments themselves
            args = (args,)
        return record.msg % tuple(loggable(value) for value in args) if args else record.msg
    except (TypeError, ValueError, KeyError, OverflowError):
        return f"{record.msg} (with other arguments than it has fields)"


def _is_literal(record: logging.LogRecord) -> bool:
    """Whether the message is a constant of the function that logs it, and that function the program's."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  # the caller's frame has no public name
    caller = record.pathname, record.lineno, record.funcName
    while frame is not None:
        code = frame.f_code
        if (code.co_filename, frame.f_lineno, code.co_name) == caller:
            return _is_ours(frame.f_globals) and record.msg in _literals(code)
        frame = frame.f_back
    return False


def _is_ours(names: Mapping[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] == PROGRAM


def _literals(code: CodeType) -> list[str]:
    return [constant for constant in code.co_consts if type(constant) is str]


class LogFile(logging.Handler):
    """Appends entries to a file that is put aside at `max_bytes`; `KEPT` older ones are kept.

    A folder that cannot be written, a full disk, or anything but a plain file in the place of the log costs
    the entries and nothing else.

    Parameters
    ----------
    folder : Path
        Made when the first entry is written.
    failed : callable
        Called once, with the first exception that kept an entry from being written.
    """

    def __init__(
        self, folder: Path, failed: Callable[[OSError], None] = lambda _: None, max_bytes: int = MAX_BYTES
    ) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(SafeFormatter())
        self._folder = folder
        self._failed = failed
        self._max_bytes = max_bytes
        self._failure_reported = False
        self._torn = False
        self._not_before = 0.0
        self._last = ""
        self._repeats = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write an entry; count the same one again, so that a fault in a loop leaves room for the rest."""
        try:
            entry = self.format(record)
        except Exception:  # the log must never be what stops the program
            return
        body = entry.split(" ", 2)[-1]
        if body == self._last:
            self._repeats += 1
            return
        self.flush()
        self._last = body
        self._write(entry)

    def flush(self) -> None:
        """Write how often the last entry came again."""
        repeats, self._repeats = self._repeats, 0
        if repeats:
            self._write(f"  (the entry above {repeats} times more in process {os.getpid()})")

    def close(self) -> None:
        """Write what waits."""
        with self.lock or contextlib.nullcontext():
            self.flush()
        super().close()

    def _write(self, entry: str) -> None:
        if time.monotonic() < self._not_before:
            return
        try:
            self._append((entry + "\n").encode("utf-8", "backslashreplace"))
        except OSError as error:
            self._not_before = time.monotonic() + _WAIT_AFTER_FAILURE_S
            if not self._failure_reported:
                self._failure_reported = True
                self._failed(error)

    def _append(self, data: bytes) -> None:
        fd = self._open()
        try:
            if 0 < os.fstat(fd).st_size > self._max_bytes - len(data):
                os.close(fd)
                fd = -1
                self._rotate(len(data))
                fd = self._open()
            # An entry that a full disk cut off has no end of its line.
            data = b"\n" + data if self._torn else data
            self._torn = os.write(fd, data) < len(data)
        finally:
            if fd >= 0:
                os.close(fd)

    def _open(self) -> int:
        """A descriptor of the log, at whose end everything is written; only of a plain file of its own."""
        if not self._folder.is_dir() or self._folder.is_symlink():
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            # Another process may make it at the same moment; a link in its place is nobody's to write to.
            self._folder.mkdir(mode=0o700, exist_ok=not self._folder.is_symlink())
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):  # a pipe must not be waited for
            flags |= getattr(os, name, 0)
        fd = os.open(self._folder / FILE_NAME, flags, 0o600)
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            os.close(fd)
            raise FileExistsError(errno.EEXIST, "it is no plain file of its own")
        if os.name == "posix" and found.st_mode & 0o077:
            with contextlib.suppress(OSError):
                os.fchmod(fd, 0o600)
        return fd

    def _rotate(self, coming: int) -> None:
        """Put the full file aside, unless another process does so or did so meanwhile.

        Windows refuses while another process is just writing: the next entry tries again.
        """
        *older, current = log_files(self._folder)
        with contextlib.suppress(OSError), _alone(self._folder / f"{FILE_NAME}.rotating"):
            if current.stat().st_size <= self._max_bytes - coming:
                return
            for path, next_older in zip([*older[1:], current], older, strict=True):
                with contextlib.suppress(FileNotFoundError):
                    path.replace(next_older)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Do something that no other process does at the same time; FileExistsError where one does.

    A process that was killed meanwhile leaves its file behind, which is no obstacle after a minute.
    """
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if time.time() - lock.stat().st_mtime > _STALE_S:
            lock.unlink()
        raise
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


class _Terminal(logging.StreamHandler):  # type: ignore[type-arg]
    """The same entries on standard error, for ``--verbose``."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(SafeFormatter())

    def handleError(self, record: logging.LogRecord) -> None:
        """A terminal that is closed takes nothing any more; the standard answer would print the arguments."""


@contextlib.contextmanager
def logging_to(
    folder: Path, *, verbose: bool = False, failed: Callable[[OSError], None] = lambda _: None
) -> Iterator[None]:
    """Keep a log in `folder` meanwhile, of this program and no library; with `verbose` on stderr too."""
    logger = logging.getLogger(PROGRAM)
    before = logger.level, logger.propagate
    handlers: list[logging.Handler] = [LogFile(folder, failed)]
    if verbose:
        handlers.append(_Terminal())
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.propagate = before[1]
        logger.setLevel(before[0])
