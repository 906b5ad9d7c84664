"""The one border between the program and a terminal.

What a case, a file name, an image or a setting holds reaches the terminal in words, reports, usage errors and
tracebacks. An escape sequence in it could rewrite what a person reads, or the title and keys of the terminal.
So both streams of the command line write control characters out instead of sending them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn, TextIO, cast

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.safe_text import escape_control_chars

_GONE = (errno.EIO, errno.ENXIO, errno.EBADF)


class CleanStream:
    """A stream that sends no control character but the end of a line and the tabulator.

    A terminal that is closed takes nothing any more; that must not stop the work that is being saved.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`, with whatever would act on the terminal written out."""
        self._send(escape_control_chars(text, "\n\t"))
        return len(text)

    def rewrite_line(self, text: str) -> None:
        """Write `text` over the line that the terminal is at."""
        self._send("\r" + escape_control_chars(text))

    def flush(self) -> None:
        """Send what waits."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def _send(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        try:
            self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if error.errno not in _GONE:
            raise error
        # What waits in the stream goes nowhere, instead of failing again when the program ends.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def clean_streams() -> Iterator[None]:
    """Let nothing that is written meanwhile act on the terminal."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        s if isinstance(s, CleanStream) else cast("TextIO", CleanStream(s)) for s in before
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def show_faults_clean() -> None:
    """Write an exception that nobody catches without letting its text act on the terminal."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        CleanStream(sys.stderr).write(text)

    sys.excepthook = hook


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """A polite kill and a closed terminal stop as Ctrl+C does: by KeyboardInterrupt."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    old = take_signals(stop, interrupt=False)
    try:
        yield
    finally:
        restore_signal_handlers(old)


def take_signals(handler: Any, *, interrupt: bool = True) -> dict[int, Any]:
    """Handle the signals that ask for an end; what was ignored (nohup) stays so. Returns the old handlers."""
    names = ("SIGINT",) if interrupt else ()
    numbers = [getattr(signal, n) for n in (*names, "SIGTERM", "SIGHUP") if hasattr(signal, n)]
    wanted = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in wanted}


def restore_signal_handlers(old: dict[int, Any]) -> None:
    """Put the old handlers of signals back."""
    for number, handler in old.items():
        signal.signal(number, handler)


def one_line(value: object) -> object:
    """A text or path on one line, whatever it holds; other values as they are."""
    return escape_control_chars(str(value)) if isinstance(value, str | Path) else value


def sentence(template: str, lang: str, params: Mapping[str, object]) -> str:
    """A sentence in `lang` whose values cannot break out of their line."""
    return tr(template, lang, **{k: one_line(v) for k, v in params.items()})


def line(text: object, *, file: TextIO | None = None) -> None:
    """Print one line, whatever it holds."""
    print(one_line(text), file=file or sys.stdout)


def problem(error: UserError, lang: str) -> None:
    """Print a foreseen problem on stderr."""
    parts = (sentence(p, lang, error.params) for p in (error.what, error.why, error.what_to_do) if p)
    print("bloodcells: " + " ".join(parts), file=sys.stderr)
