"""What may be written into the log: numbers, and words from closed lists; no text that came from outside.

The log is mailed to strangers. A specimen number, a name or a path must not reach it, even where somebody
writes ``_log.info("cannot read %s", path)`` without a thought. So the log's formatter passes every argument
through :func:`loggable`, which keeps what cannot name anybody and puts its length in the place of a text.
"""

from __future__ import annotations

import errno
import numbers
import re
from collections.abc import Collection, Iterator, Sized
from enum import Enum
from pathlib import PurePath

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import Reason, is_template

OTHER = "other"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN_OF_DIGEST = 12
_VERSION = re.compile(r"v?\d{1,5}(\.\d{1,5}){0,3}([-+.]?(a|b|rc|dev|post)\.?\d{1,5})?")
_SQLITE_CODE = re.compile(r"SQLITE_[A-Z_]{2,40}")


class Word:
    """A text that is written only if it is one of `among`, a list that the program itself declares.

    Parameters
    ----------
    text : str
        Anything else than an entry of `among` is written as "other".
    among : collection of str
        A constant, never something that was read from a file.
    """

    __slots__ = ("text",)

    def __init__(self, text: str, among: Collection[str]) -> None:
        self.text = text if text in among else OTHER


class Digest:
    """The first 12 digits of a SHA-256; nothing of a text that is none."""

    __slots__ = ("text",)

    def __init__(self, sha256: str) -> None:
        self.text = sha256[:_SHOWN_OF_DIGEST] if _DIGEST.fullmatch(sha256) else OTHER


class Version:
    """The version of a program or library, such as ``6.11.3`` or ``2.1.0rc1``; nothing of another text."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if _VERSION.fullmatch(text) else OTHER


def loggable(value: object) -> int | float | str:
    """`value` as it may be written: a number as a number, anything else as a text that names nobody."""
    if isinstance(value, Word | Digest | Version):
        return value.text
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if value is None or isinstance(value, bool):
        return str(value)
    # A subclass may write itself in any way, and a number of 400 digits has no float.
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, BaseException):
        return "; ".join((type(value).__qualname__, *error_facts(value)))
    if isinstance(value, type):
        return value.__qualname__
    if isinstance(value, str):
        return f"(text of {len(value)})"
    if isinstance(value, PurePath):
        return "(path)"
    name = type(value).__name__
    return f"({name} of {len(value)})" if isinstance(value, Sized) else f"({name})"


def error_facts(error: BaseException) -> Iterator[str]:
    """What else than its message an exception says: error numbers, and templates of this program's words.

    Of a foreseen problem the sentences come with their ``{fields}`` unfilled: what fills them may be a name.
    """
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        yield f"errno {number} {errno.errorcode.get(number, OTHER)}"
    windows = getattr(error, "winerror", None)
    if isinstance(windows, int):
        yield f"winerror {windows}"
    sqlite = getattr(error, "sqlite_errorname", None)
    if isinstance(sqlite, str) and _SQLITE_CODE.fullmatch(sqlite):
        yield sqlite
    exit_code = getattr(error, "exit_code", None)
    if isinstance(exit_code, int):
        yield f"exit code {int(exit_code)}"
    if isinstance(error, UserError):
        yield from (_template(part) for part in (error.what, error.why, error.what_to_do) if part)
        for value in error.params.values():
            if isinstance(value, Reason):
                yield _template(value.template)
    reason = getattr(error, "reason", None)
    if isinstance(reason, Reason):
        yield _template(reason.template)


def _template(text: str) -> str:
    """`text` if it is a sentence of the program's catalogue: one that was put together may hold a name."""
    return f"“{text}”" if is_template(text) else f"(text of {len(text)} that is no template)"
