"""Errors that a person meets, as data that can be shown in any language."""

from __future__ import annotations

from typing import Any

from bloodcells_gui.domain.i18n import Reason, tr

EXIT_USAGE = 2
EXIT_NOTHING_READABLE = 3
EXIT_BUNDLE_REFUSED = 4
EXIT_OUTPUT_NOT_WRITABLE = 5
EXIT_CANCELLED = 130


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
    """

    def __init__(
        self, what: str, why: str = "", what_to_do: str = "", /, *, exit_code: int = EXIT_USAGE, **params: Any
    ) -> None:
        self.what = what
        self.why = why
        self.what_to_do = what_to_do
        self.exit_code = exit_code
        self.params = params
        super().__init__(self.text())

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
