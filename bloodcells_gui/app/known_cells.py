"""Blinded rounds over a set of known cells, and each reader's results over time."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from bloodcells_gui.app.cell_views import CellView, decode_jpeg
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import KNOWN_CELLS_NAME
from bloodcells_gui.domain.known_cells import KnownRound, chosen_cells
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.storage.known_cells import KnownCellsFile, NewKnownCell

#: Cells of a round.
MOST_CELLS = 60


class KnownCells:
    """The laboratory's set of known cells; its file is opened when it is first needed. Thread-safe.

    Parameters
    ----------
    home : Path
        Folder of the person's data.
    library : ReferenceLibraryController
        Whose cells become the set.
    """

    def __init__(self, home: Path, library: ReferenceLibraryController) -> None:
        self._path = home / KNOWN_CELLS_NAME
        self._library = library
        self._kept: KnownCellsFile | None = None
        self._opening = threading.Lock()

    def _file(self) -> KnownCellsFile:
        with self._opening:
            if self._kept is None:
                self._kept = KnownCellsFile(self._path)
            return self._kept

    def close(self) -> None:
        """Release the file."""
        with self._opening:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    @property
    def size(self) -> int:
        """Cells of the set."""
        return len(self._file().codes())

    def standing(self) -> tuple[int, list[KnownRound]]:
        """Cells of the set, and every round that has an answer; reads the file, for a worker thread."""
        return self.size, self.rounds()

    def take_from_library(self, author: str) -> int:
        """Put every cell of the reference library into the set that is not in it; returns how many.

        Reads and copies all their pictures: for a worker thread.

        Raises
        ------
        UserError
            When the library is empty, or one of the two files cannot be used.
        """
        entries = self._library.entries()
        if not entries:
            raise UserError(
                "The reference library is empty.",
                "Known cells are copies of its cells.",
                "Add reviewed cells to the library first (Ctrl+D).",
            )
        cells = [
            NewKnownCell(e.code, e.id, e.mpp, picture)
            for e in entries
            if (picture := self._library.thumbnail(e.id))
        ]
        return self._file().add(cells, author)

    def begin(self, reader: str) -> Round:
        """Begin a round of `reader`; UserError without a name or without cells."""
        name = " ".join(reader.split())
        if not name:
            raise UserError("A round needs a name.", "", "Enter the reader's name.")
        file = self._file()
        cells = chosen_cells(file.codes(), MOST_CELLS, f"{name}/{utc_now()}")
        if not cells:
            raise UserError(
                "There are no known cells yet.", "", "Take the cells of the reference library first."
            )
        return Round(file, file.begin(name, cells), cells)

    def rounds(self) -> list[KnownRound]:
        """Every round that has an answer, the newest first."""
        return [r for r in reversed(self._file().rounds()) if r.answers]


class Round:
    """A reader's round: cells one after the other; neither class nor proposal is told."""

    def __init__(self, file: KnownCellsFile, number: int, cells: tuple[int, ...]) -> None:
        self._file = file
        self.number = number
        self.cells = cells

    def view(self, cell_id: int) -> CellView:
        """The picture of a cell. Thread-safe."""
        data, mpp = self._file.picture(cell_id)
        return CellView(decode_jpeg(data), mpp, [], [], np.zeros((8, 8), np.uint8), False)

    def answer(self, cell_id: int, code: str) -> None:
        """Keep what the reader calls it, at once."""
        self._file.answer(self.number, cell_id, code)
