"""Drafts: text that was typed but is not part of the case details yet, kept in the case file.

Closing, a crash or another case must not cost what was typed. A draft is no event: it is not sealed, not
signed and in no report. Was the case taken over by another station, they are kept in a text file of this one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from bloodcells_gui.app.case_lease import CaseTaken
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage.atomic_io import free_path, write_whole
from bloodcells_gui.storage.case import CaseStore, Draft
from bloodcells_gui.storage.connection import os_in_words

COMMENT = "comment"
NOTE = "note for the library"
_FIELD = "field/"
_LONGEST_PATH = 64 * 1024


def field_key(name: str) -> str:
    """Where what stands in the field `name` is kept while it cannot be saved."""
    return _FIELD + name


def remove_kept(folder: Path, cases: Iterable[Path]) -> None:
    """Remove what is kept aside of these cases: it names patients, and its case was removed for good."""
    removed = {f"{path}" for path in cases}
    for file in folder.glob("*.txt"):
        with contextlib.suppress(OSError):
            with file.open("rb") as opened:
                first = opened.readline(_LONGEST_PATH)
            if first.decode("utf-8", "replace").rstrip("\r\n") in removed:
                file.unlink()


class Drafts:
    """The drafts of one open case. Of a case open for reading nothing is written.

    Parameters
    ----------
    author : callable
        Who types at the moment.
    aside : Path or None
        Folder for the drafts of a case that another station has taken over.
    """

    def __init__(self, store: CaseStore, author: Callable[[], str], aside: Path | None = None) -> None:
        self._store = store
        self._author = author
        self._aside = aside
        self._kept: dict[str, str] = {}
        self.kept_in: Path | None = None

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
        try:
            self._store.set_draft(key, wanted, self._author())
        except CaseTaken:
            if self._aside is None:
                raise
            self._keep_aside(self._aside, key, text)

    def _keep_aside(self, folder: Path, key: str, text: str) -> None:
        """Write what was typed into a text file, where the case is another station's by now."""
        if self._kept.get(key, "") == text:
            return
        self._kept[key] = text
        if self.kept_in is None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise os_in_words(error, folder) from error
            self.kept_in = free_path(folder, self._store.path.stem, ".txt")
        lines = [f"{self._store.path}", f"{utc_now()}  {self._author()}"]
        lines += [f"\n[{name}]\n{value}" for name, value in self._kept.items() if value.strip()]
        write_whole(self.kept_in, ("\n".join(lines) + "\n").encode("utf-8"))
