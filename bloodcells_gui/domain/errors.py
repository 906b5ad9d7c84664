"""Errors that a person meets, as data that can be shown in any language."""

from __future__ import annotations

import errno
import os
from typing import Any, Self

from bloodcells_gui.domain.i18n import N_, Reason, tr

EXIT_USAGE = 2
EXIT_NOTHING_READABLE = 3
EXIT_BUNDLE_REFUSED = 4
EXIT_OUTPUT_NOT_WRITABLE = 5
EXIT_CANCELLED = 130

#: States that errors tell of (:attr:`UserError.state`).
LAB_AWAY = "lab-away"
SECOND_WAITS = "second-waits"


# The system's commonest reasons, which it would say in its own words and language.
_SYSTEM_REASONS = {
    errno.EACCES: N_("no permission"),
    errno.EPERM: N_("no permission"),
    errno.EROFS: N_("it can only be read"),
    errno.ENOSPC: N_("no space left"),
    errno.EDQUOT: N_("no space left"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENOTDIR: N_("a part of the path is no folder"),
    errno.ENOENT: N_("it is not there"),
    errno.EEXIST: N_("it exists already"),
    errno.ENAMETOOLONG: N_("the name is too long"),
    errno.EIO: N_("the disk reports an error"),
    errno.EBUSY: N_("another program is using it"),
    errno.EMFILE: N_("too many files are open"),
}  # fmt: skip


class Cancelled(Exception):
    """The person asked to stop; what was found so far is kept."""


class UserError(Exception):
    """A foreseen problem, told in words a technician can act on.

    Parameters
    ----------
    what, why, what_to_do : str
        English templates with ``{named}`` fields; they are the keys of the translation catalogues
        (:mod:`bloodcells_gui.domain.i18n`).
    exit_code : int
        Exit code of the command line, as fixed in its contract.
    params : Any
        Values of the named fields; shown through ``str()``.

    Attributes
    ----------
    state : str
        Name of the state that it tells of, "" for none: a notice of it goes when the state ends.
    """

    state = ""

    def __init__(
        self, what: str, why: str = "", what_to_do: str = "", /, *, exit_code: int = EXIT_USAGE, **params: Any
    ) -> None:
        self.what = what
        self.why = why
        self.what_to_do = what_to_do
        self.exit_code = exit_code
        self.params = params
        super().__init__(self.text())

    def about(self, state: str) -> Self:
        """Itself, told of a state that may end."""
        self.state = state
        return self

    def text(self, lang: str = "en") -> str:
        """The three parts in one paragraph, in `lang` ("en" or "fr")."""
        parts = (tr(p, lang, **self.params) for p in (self.what, self.why, self.what_to_do) if p)
        return " ".join(parts)


class BundleRefused(UserError):
    """A model bundle that cannot be trusted or used on this machine."""

    def __init__(self, what: str, why: str = "", what_to_do: str = "", /, **params: Any) -> None:
        super().__init__(what, why, what_to_do, exit_code=EXIT_BUNDLE_REFUSED, **params)


class OutputNotWritable(UserError):
    """The results could not be written where the person asked."""

    def __init__(self, what: str, why: str = "", what_to_do: str = "", /, **params: Any) -> None:
        super().__init__(what, why, what_to_do, exit_code=EXIT_OUTPUT_NOT_WRITABLE, **params)


class InvalidValue(ValueError):
    """A value or an act that is refused; its reason can be shown in any language."""

    def __init__(self, template: str, **params: object) -> None:
        self.reason = Reason(template, tuple(params.items()))
        super().__init__(self.reason.text())


def reason_of(error: ValueError) -> Reason:
    """The reason of any ValueError; of an :class:`InvalidValue` one the translatable reason."""
    return error.reason if isinstance(error, InvalidValue) else Reason(str(error))


def system_reason(error: OSError) -> Reason:
    """Why a file was refused, without a full stop; in the error's own words where they are others."""
    number = error.errno or 0
    known = _SYSTEM_REASONS.get(number) if error.strerror == os.strerror(number) else None
    return Reason(known) if known else Reason("{reason}", (("reason", error.strerror or str(error)),))
