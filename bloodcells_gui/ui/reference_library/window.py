"""The reference library: pictures with class and note, and cells similar to one of the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QThreadPool, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.app.library_check import LibraryCheck
from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.reference_library.label_check import LabelCheckWindow
from bloodcells_gui.ui.reference_library.pictures_desk import PicturesDesk
from bloodcells_gui.ui.reference_library.tiles import ReferenceDelegate, ReferenceModel, TileList
from bloodcells_gui.ui.screen_fit import resize_within_screen


class ReferenceView(TileList):
    """The pictures; Delete takes one out, Ctrl+Z brings it back.

    Signals
    -------
    remove_wanted(), undo_wanted()
    """

    remove_wanted = Signal()
    undo_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._remove_what_is_seen(event)
        elif event.matches(QKeySequence.StandardKey.Undo):
            self.undo_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _remove_what_is_seen(self, event: QKeyEvent) -> None:
        chosen = next(iter(self.selectionModel().selectedIndexes()), None)
        if chosen is None or event.isAutoRepeat():
            return
        if self.viewport().rect().contains(self.visualRect(chosen).center()):
            self.remove_wanted.emit()
        else:
            self.scrollTo(chosen)  # seen first: the next press takes it out


class LibraryWindow(QDialog):
    """The whole library, or what of it is like one cell.

    Parameters
    ----------
    author : str
        Who is at it, for notes and removals.
    """

    def __init__(
        self,
        context: UiContext,
        shelf: ReferenceLibraryController,
        author: str,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Reference library"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context = context
        self._shelf = shelf
        self._pool = pool
        self.author = author
        self._like: list[tuple[Reference, float]] | None = None
        self._removed: list[int] = []
        self.banners = BannerStack(context)
        self.model = ReferenceModel(context, shelf, self)
        self.view = ReferenceView()
        self.view.remove_wanted.connect(self.remove)
        self.view.undo_wanted.connect(self.bring_back)
        self.view.show_tiles(self.model, ReferenceDelegate(context, self.view), tr("Reference library"))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._update_buttons())
        self.text = QLineEdit()
        self.text.setPlaceholderText(tr("Class, note, reviewer or source"))
        self.text.setAccessibleName(tr("Search"))
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(lambda _: self.refresh())
        self._state = QLabel()
        self._state.setObjectName("muted")
        self.everything = QPushButton(tr("&Show everything"))
        self.everything.clicked.connect(lambda: self.show_like(None))
        self.check_button = QPushButton(tr("Check the &labels…"))
        self.check_button.clicked.connect(self.check_labels)
        self.note_button = QPushButton(tr("Change the &note…"))
        self.note_button.clicked.connect(self._ask_note)
        self.remove_button = QPushButton(tr("&Take out"))
        self.remove_button.clicked.connect(self.remove)
        self.pictures_button = QPushButton(tr("Add &pictures…"))
        self.pictures_button.setToolTip(tr("A folder of pictures named by class, with source and licence"))
        self.pictures_button.clicked.connect(self.choose_pictures)
        self.desk = PicturesDesk(context, shelf, pool, self)
        self.desk.changed.connect(self.refresh)
        for button in (
            self.pictures_button,
            self.everything,
            self.check_button,
            self.note_button,
            self.remove_button,
        ):
            button.setAutoDefault(False)
        self._build_layout()
        resize_within_screen(self, 800, 640)

    def _build_layout(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 10)
        row.addWidget(self.text, 1)
        row.addWidget(self.everything)
        below = QHBoxLayout()
        below.setContentsMargins(14, 8, 14, 12)
        below.setSpacing(8)
        below.addWidget(self._state, 1)
        below.addWidget(self.pictures_button)
        below.addWidget(self.check_button)
        below.addWidget(self.note_button)
        below.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(row)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.desk)
        layout.addLayout(below)

    def show_like(self, found: Sequence[tuple[Reference, float]] | None) -> None:
        """Show cells with their likeness; None shows the whole library."""
        self._like = None if found is None else list(found)
        self.refresh()

    def refresh(self) -> None:
        """Read the library again."""
        self.everything.setVisible(self._like is not None)
        self.text.setVisible(self._like is None)
        try:
            rows: list[tuple[Reference, float | None]]
            if self._like is None:
                rows = [(r, None) for r in self._shelf.entries(self.text.text())]
            else:
                rows = list(self._like)
        except UserError as error:
            self.banners.error(error)
            return
        self.model.show_references(rows)
        if rows:
            self._state.setText(ngettext("{n} cell", "{n} cells", len(rows)))
        elif self._like is None:
            self._state.setText(
                tr("No cell here yet: add one from the menu Case, or a folder of named pictures.")
            )
        else:
            self._state.setText(tr("The library holds no cell of the same model."))
        self._update_buttons()

    def _update_buttons(self) -> None:
        chosen = bool(self.view.selectionModel().selectedIndexes())
        self.note_button.setEnabled(chosen)
        self.remove_button.setEnabled(chosen)

    def current(self) -> Reference | None:
        """The chosen reference."""
        found = self.view.selectionModel().selectedIndexes()
        return self.model.reference(found[0].row()) if found else None

    def remove(self) -> None:
        """Take the chosen cell out; Ctrl+Z brings it back."""
        found = self.current()
        if found is not None:
            self._do(lambda: self._shelf.remove(found.id, self.author))
            self._removed.append(found.id)
            if self._like is not None:
                self._like = [p for p in self._like if p[0].id != found.id]
            self.refresh()

    def bring_back(self) -> None:
        """Bring back what was taken out last."""
        if self._removed:
            entry = self._removed.pop()
            self._do(lambda: self._shelf.restore(entry, self.author))
            self.refresh()

    def choose_pictures(self) -> None:
        """Ask for a folder of named pictures."""
        title = tr("Folder of named pictures")
        path = self._context.files.choose_folder(FileKind.REFERENCE_PICTURES, self, title)
        if path is not None:
            self.desk.add(path, self.author)

    def check_labels(self) -> LabelCheckWindow:
        """Show the cells whose class the others contradict."""
        check = LibraryCheck(self._shelf)
        window = LabelCheckWindow(self._context, self._shelf, check, self.author, self._pool, self)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.setModal(True)
        window.finished.connect(lambda _: self.refresh())
        window.show()
        return window

    def _ask_note(self) -> None:
        found = self.current()
        if found is None:
            return
        dialog = NoteDialog(self, found.note)
        if dialog.exec():
            note = dialog.answer()
            self._do(lambda: self._shelf.set_note(found.id, note, self.author))
            self.refresh()
        dialog.deleteLater()

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except UserError as error:
            self.banners.error(error)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()


class NoteDialog(Form):
    """Why this cell is worth keeping."""

    def __init__(self, parent: QWidget | None = None, note: str = "", count: int = 1) -> None:
        super().__init__(
            tr("Reference library"),
            ngettext(
                "What is worth knowing about this cell ({n})",
                "What is worth knowing about these {n} cells",
                count,
            ),
            parent,
        )
        self.note = QLineEdit(note)
        self.note.setMaxLength(400)
        self.form.addRow(tr("&Note"), self.note)

    def answer(self) -> str:
        """The note."""
        return " ".join(self.note.text().split())
