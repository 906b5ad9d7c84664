"""The reference library: keep cells of reviewed cases, and find cells similar to a given one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import LIBRARY_SUFFIX
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io.own_pictures import validated_jpeg
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.library import LabLibrary
from bloodcells_gui.storage.lab.pool import LabPool
from bloodcells_gui.storage.library_rows import LibraryRows
from bloodcells_gui.storage.reference_library import Library, Reference

__all__ = ["LIBRARY_NAME", "Reference", "ReferenceLibraryController"]

LIBRARY_NAME = f"reference{LIBRARY_SUFFIX}"


class ReferenceLibraryController:
    """The library file of a laboratory; opened when it is first needed. Thread-safe.

    Parameters
    ----------
    home : Path
        Folder of the person's data.
    pool : callable
        Gives the connections to the laboratory's database, where the library is then; None for a workstation
        on its own.
    """

    def __init__(self, home: Path, pool: Callable[[], LabPool | None] = lambda: None) -> None:
        self._path = home / LIBRARY_NAME
        self._pool = pool
        self._library: Library | None = None
        #: The laboratory's, whether it is the one in use or not.
        self.shared = LabLibrary(lambda: self._connection())  # noqa: PLW0108  # asked for each time
        self._opening = threading.Lock()

    def _connection(self) -> AbstractContextManager[LabDatabase]:
        pool = self._pool()
        if pool is None:
            raise UserError(N_("This workstation has left the laboratory's database."))
        return pool.database()

    def library(self) -> LibraryRows:
        """The laboratory's library, else that of this workstation, opened when it is first asked for."""
        return self.shared if self._pool() is not None else self.own()

    @property
    def has_own(self) -> bool:
        """Whether this workstation has a library of its own, used or not."""
        return self._path.exists()

    def own(self) -> Library:
        """This workstation's own library."""
        with self._opening:
            if self._library is None:
                self._library = Library(self._path)
            return self._library

    def add(self, session: CaseSession, ids: Sequence[int], note: str) -> int:
        """Keep cells with their final class and a note; returns how many. Raises as :meth:`check`."""
        self.check(session, ids)
        library = self.library()
        for cell_id in ids:
            cell = session.cell(cell_id)
            run = session.run_of(cell)
            library.add(
                session.decision(cell_id).final,
                session.assets(cell_id),
                author=session.author,
                model=run.bundles.get("classify", "") if run is not None else "",
                note=note.strip(),
                mpp=cell.mpp,
                source_case=session.store.case_id,
                source_cell=cell_id,
            )
        return len(ids)

    def check(self, session: CaseSession, ids: Sequence[int]) -> None:
        """Whether cells may be kept.

        Raises
        ------
        UserError
            When one of them is not decided on by a person: only reviewed cells may teach others.
        """
        for cell_id in ids:
            if not session.state.decided(cell_id) or not session.decision(cell_id).final:
                raise UserError(
                    "Cell {number} was not reviewed yet.",
                    "Only cells that a person decided on go into the reference library.",
                    "Confirm or relabel it first.",
                    number=cell_number(cell_id),
                )

    def entries(self, text: str = "") -> list[Reference]:
        """Every cell of the library, newest first, or those with `text` in class, note, author or origin."""
        wanted = text.casefold().strip()
        found = sorted(self.library().entries(), key=lambda r: -r.id)
        return [
            r
            for r in found
            if wanted in f"{r.code}\n{r.note}\n{r.added_by}\n{r.source}\n{r.licence}".casefold()
        ]

    def of_class(self, code: str, most: int = 60) -> list[Reference]:
        """Reference pictures of a class first, then the newest cells of cases."""
        found = self.library().entries(code)
        return sorted(found, key=lambda r: (not r.source, -r.id))[:most]

    def thumbnail(self, entry: int) -> bytes:
        """JPEG of an entry; KeyError for an unknown one."""
        return validated_jpeg(self.library().assets(entry).thumbnail)

    def like(self, session: CaseSession, cell_id: int, k: int = 24) -> list[tuple[Reference, float]]:
        """The cells of the library most like one of the case, with their cosine, best first.

        Empty where the cell has no embedding or the library none of the same model.
        """
        run = session.run_of(session.cell(cell_id))
        embedding = session.store.assets(cell_id).embedding
        if run is None or not len(embedding):
            return []
        return self.library().similar(embedding, run.bundles.get("classify", ""), k)

    def set_note(self, entry: int, note: str, author: str) -> None:
        """Another note; the old one stays in the file."""
        self.library().set_note(entry, note.strip(), author)

    def remove(self, entry: int, author: str) -> None:
        """Take a cell out; `restore` brings it back."""
        self.library().remove(entry, author)

    def restore(self, entry: int, author: str) -> None:
        """Bring back what was taken out."""
        self.library().restore(entry, author)

    def close(self) -> None:
        """Release the file."""
        with self._opening:
            library, self._library = self._library, None
        if library is not None:
            library.close()
