"""Drafts: text that was typed but is not part of the case details yet, kept in the case file.

Closing, a crash or another case must not cost what was typed. A draft is no event: it is not sealed, not
signed and in no report.
"""

from __future__ import annotations

from collections.abc import Callable

from bloodcells_gui.storage.case import CaseStore, Draft

COMMENT = "comment"
NOTE = "note for the library"
_FIELD = "field/"


def field_key(name: str) -> str:
    """Where what stands in the field `name` is kept while it cannot be saved."""
    return _FIELD + name


class Drafts:
    """The drafts of one open case. Of a case open for reading nothing is written.

    Parameters
    ----------
    author : callable
        Who types at the moment.
    """

    def __init__(self, store: CaseStore, author: Callable[[], str]) -> None:
        self._store = store
        self._author = author

    def get(self, key: str) -> Draft | None:
        """The draft with its author and time; None when there is none."""
        return self._store.draft(key)

    def text(self, key: str) -> str:
        """What was typed, "" when there is no draft."""
        found = self._store.draft(key)
        return "" if found is None else found.value

    def keep(self, key: str, text: str) -> None:
        """Keep `text`; one of blanks alone removes the draft.

        Raises
        ------
        UserError
            When it could not be saved.
        """
        if self._store.read_only:
            return
        wanted = text if text.strip() else None
        if wanted == (self.text(key) or None):
            return
        self._store.set_draft(key, wanted, self._author())
