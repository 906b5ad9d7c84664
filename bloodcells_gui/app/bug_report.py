"""Describe a fault of the program for a bug report: where in the code, and no patient data.

A message of an exception, a path or a value may hold the name of a person. None of them is in the report: it
gives the kind of each exception, its error numbers, and the places in the program that led to it, by module,
line and function. The log has the same lines (`app/log.py`).
"""

from __future__ import annotations

import linecache
import platform
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.domain.log_values import error_facts

_PACKAGE = Path(__file__).resolve().parent.parent
_STANDARD = Path(linecache.__file__).parent
_LIBRARIES = ("site-packages", "dist-packages")
_ELSEWHERE = "(elsewhere)"
_DEEPEST = 12
_MOST_FRAMES = 60
_MOST_LINES = 200
# As `faulthandler` calls them.
CRASHES = (
    "Segmentation fault", "Aborted", "Bus error", "Illegal instruction", "Floating-point exception",
    "Floating point exception", "access violation", "stack overflow", "heap corruption",
)  # fmt: skip
_DUMPED = re.compile(r'  File "(.*)", line (\d{1,9}) in ([\w.<>]{1,200})')


class EarlierCrash(Exception):
    """How another process of the program ended: by a fault of its compiled parts, or without a word.

    Parameters
    ----------
    dump : str
        What `faulthandler` wrote then, "" for nothing. Only places in the program are taken from it.

    Attributes
    ----------
    kind : str
        One of :data:`CRASHES`, "" where it is another or none.
    places : list of str
        Where the threads were, deepest call first.
    """

    def __init__(self, dump: str) -> None:
        super().__init__()
        self.kind = next((kind for kind in CRASHES if kind in dump.partition("\n")[0]), "")
        self.places: list[str] = []
        for line in dump.splitlines()[:_MOST_LINES]:
            frame = _DUMPED.fullmatch(line)
            if frame is not None:
                place = _within(frame[1])
                inside = "" if place == _ELSEWHERE else f", in {frame[3]}"
                self.places.append(f"  {place}, line {frame[2]}{inside}")
            elif line.startswith(("Thread ", "Current thread ")):
                self.places.append(line.partition(" 0x")[0].lower())


def bug_report(error: BaseException) -> str:
    """Versions, then the lines of :func:`trace_lines`; no text from outside."""
    head = f"bloodcells {__version__}, Python {platform.python_version()}, {sys.platform}"
    return "\n".join([head, *trace_lines(error)]) + "\n"


def trace_lines(error: BaseException) -> list[str]:
    """The kinds of exceptions, oldest first, each with the places that led to it; no text from outside."""
    lines: list[str] = []
    for one, link in reversed(list(_chain(error))):
        lines += one.places if isinstance(one, EarlierCrash) else _places(one)
        lines.append(f"{type(one).__module__}.{type(one).__qualname__} (its message is left out)")
        lines += [f"  {fact}" for fact in error_facts(one)]
        lines += [link] if link else []
    return lines


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exception, what it came from, and so on; each with what followed from it."""
    seen: set[int] = set()
    current: BaseException | None = error
    link = ""
    while current is not None and id(current) not in seen and len(seen) < _DEEPEST:
        seen.add(id(current))
        yield current, link
        if current.__cause__ is not None:
            current, link = current.__cause__, "which led to:"
        else:
            current = None if current.__suppress_context__ else current.__context__
            link = "while this was handled:"


def _places(error: BaseException) -> Iterator[str]:
    frames = list(traceback.walk_tb(error.__traceback__))
    if len(frames) > _MOST_FRAMES:
        yield f"  ({len(frames) - _MOST_FRAMES} places left out)"
    for frame, line in frames[-_MOST_FRAMES:]:
        code = frame.f_code
        place = _within(code.co_filename)
        if place == _ELSEWHERE:
            yield f"  {_ELSEWHERE}, line {line}"
            continue
        yield f"  {place}, line {line}, in {code.co_name}"
        text = linecache.getline(code.co_filename, line).strip()
        if text:
            yield f"    {text}"


def _within(filename: str) -> str:
    """A source file by its place within the program or a library; the folders above may name a person."""
    path = Path(filename)
    if path.is_relative_to(_PACKAGE):
        return path.relative_to(_PACKAGE.parent).as_posix()
    if not path.is_absolute() and getattr(sys, "frozen", False):  # so the packaged program names its modules
        return path.as_posix() if path.parts[0].removesuffix(".py") in sys.modules else _ELSEWHERE
    for root in _LIBRARIES:
        if root in path.parts:
            return "/".join(path.parts[path.parts.index(root) :])
    return path.relative_to(_STANDARD).as_posix() if path.is_relative_to(_STANDARD) else _ELSEWHERE
