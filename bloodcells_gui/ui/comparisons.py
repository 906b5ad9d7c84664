"""Windows with cells of a case side by side: chosen ones, those like one of them, and two classes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.embedding_map import similar_cells
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.ui.compare import MOST, CompareWindow
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.two_classes import TwoClassesWindow


class Comparisons(QObject):
    """The windows of one case.

    Signals
    -------
    chosen(int)
        A person pointed at a cell.
    gallery_wanted(list of int)
        These cells are wanted in the gallery.
    """

    chosen = Signal(int)
    gallery_wanted = Signal(list)

    def __init__(
        self, context: UiContext, controller: ReviewController, pool: QThreadPool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._context, self._controller, self._pool, self._over = context, controller, pool, parent
        self.windows: list[CompareWindow] = []
        self.splits: list[TwoClassesWindow] = []
        self._alike = Lookup(pool, self)
        self._alike.answered.connect(self._alike_found)

    def show_alike(self, cell_id: int) -> None:
        """The cells most like one, beside it."""
        embeddings = self._controller.session.embeddings

        def work() -> list[int]:
            ids, vectors = embeddings()
            row = {int(i): n for n, i in enumerate(ids)}.get(cell_id)
            if row is None:
                return []
            return [int(ids[i]) for i in similar_cells(vectors, row, 3 * MOST)]

        self._alike.ask(cell_id, work)

    def _alike_found(self, cell_id: object, ids: list[int]) -> None:
        others = [i for i in ids if i != cell_id and self._controller.group_of(i)]
        if isinstance(cell_id, int) and others:
            title = tr("Cells like cell {number}").format(number=cell_number(cell_id))
            self.show([cell_id, *others], title)

    def show(self, ids: Sequence[int], title: str = "") -> None:
        """Cells side by side."""
        if not ids:
            return
        window = CompareWindow(self._context, self._controller, self._pool, ids, title, self._over)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.chosen.connect(self.chosen)
        window.gallery_wanted.connect(self.gallery_wanted)
        window.destroyed.connect(lambda: self.windows.remove(window))
        self.windows.append(window)
        window.show()

    def show_two_classes(self, code: str) -> None:
        """A class beside the one that it is taken for most often."""
        window = TwoClassesWindow(self._context, self._controller, self._pool, code, self._over)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.destroyed.connect(lambda: self.splits.remove(window))
        self.splits.append(window)
        window.show()

    def close_case(self) -> None:
        """Ask for nothing any more; call before the session closes."""
        self._alike.close()
        for window in list(self.windows):
            window.close_tiles()
        for split in list(self.splits):
            split.close_panes()
