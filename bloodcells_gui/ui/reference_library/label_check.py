"""Check the labels of the reference library: contradicted cells beside their neighbours, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtGui import QCloseEvent, QFont, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.library_check import ContradictedCell, LibraryCheck, LibraryLabels
from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel, menu_text
from bloodcells_gui.ui.reference_library.contradicted import ContradictedModel, ContradictedView, NeighbourRow
from bloodcells_gui.ui.reference_library.tiles import ReferenceDelegate
from bloodcells_gui.ui.screen_fit import resize_within_screen

_PICTURE = 200
NEIGHBOURS = 6


class LabelCheckWindow(QDialog):
    """Lists the cells that the others contradict; a person keeps, changes or takes out each one.

    Parameters
    ----------
    author : str
        Who is at it; every decision carries the name.
    """

    def __init__(
        self,
        context: UiContext,
        shelf: ReferenceLibraryController,
        check: LibraryCheck,
        author: str,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Check the labels"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context, self._check, self._author = context, check, author
        self._past: list[tuple[int, ContradictedCell]] = []
        self._found: LibraryLabels | None = None
        self.banners = BannerStack(context)
        self._build_parts(shelf)
        self._build_layout()
        resize_within_screen(self, 980, 690)
        self._running = Lookup(pool, self)
        self._running.answered.connect(self._on_checked)
        self._running.failed.connect(self._on_failed)
        self._neighbours = Lookup(pool, self)
        self._neighbours.answered.connect(self._on_neighbours)
        self._neighbours.failed.connect(self._on_failed)
        self.view.setFocus()
        self._show_current()
        self.lead.setText(tr("The cells are being compared…"))
        self._running.ask("check", check.run)

    def _build_parts(self, shelf: ReferenceLibraryController) -> None:
        context = self._context
        self.lead = QLabel()
        self.lead.setWordWrap(True)
        self.model = ContradictedModel(context, shelf, self)
        self.view = ContradictedView(context)
        self.view.show_tiles(self.model, ReferenceDelegate(context, self.view), tr("Contradicted cells"))
        self.view.selectionModel().currentChanged.connect(lambda *_: self._show_current())
        self.view.kept.connect(self.keep)
        self.view.removed.connect(self.remove)
        self.view.undone.connect(self.undo)
        self.view.changed.connect(self.change)
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE, _PICTURE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name = PlainLabel()
        font = QFont(self.name.font())
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setWeight(QFont.Weight.DemiBold)
        self.name.setFont(font)
        self.said = PlainLabel()
        self.said.setWordWrap(True)
        self.source = PlainLabel()
        self.source.setWordWrap(True)
        self.source.setObjectName("muted")
        self.own_row, self.other_row = NeighbourRow(context, shelf), NeighbourRow(context, shelf)
        self.keep_button = self._button(tr("&Keep the class"), self.keep)
        self.change_button = self._button("", self._change_as_the_others_say)
        self.class_button = self._button(tr("Another &class"), None)
        self.class_button.setMenu(self._class_menu())
        self.remove_button = self._button(tr("&Take out"), self.remove)
        self.undo_button = self._button(tr("&Undo"), self.undo)

    def _button(self, text: str, act: Callable[[], None] | None) -> QPushButton:
        made = QPushButton(text)
        made.setAutoDefault(False)
        if act is not None:
            made.clicked.connect(lambda _=False: act())
        return made

    def _class_menu(self) -> QMenu:
        menu = QMenu(self)
        for found in CLASSES:
            name = menu_text(self._context.language.class_name(found.code))
            key = self._context.keymap.key(found.code)
            action = menu.addAction(f"{name}  ({key})" if key else name)
            action.triggered.connect(lambda _=False, code=found.code: self.change(code))
        return menu

    def _build_layout(self) -> None:
        hint = QLabel(
            tr("Enter keeps the class, the key of a class changes it, Delete takes out, Ctrl+Z takes back.")
        )
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        buttons = QGridLayout()
        buttons.setSpacing(6)
        for n, button in enumerate(
            (self.keep_button, self.change_button, self.class_button, self.remove_button)
        ):
            buttons.addWidget(button, n // 2, n % 2)
        words = QVBoxLayout()
        for widget in (self.name, self.said, self.source):
            words.addWidget(widget)
        words.addStretch(1)
        words.addLayout(buttons)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        self.detail = QWidget()
        right = QVBoxLayout(self.detail)
        right.setContentsMargins(0, 0, 0, 0)
        right.addLayout(top)
        right.addWidget(self.own_row)
        right.addWidget(self.other_row)
        right.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(14)
        middle.addWidget(self.view, 2)
        middle.addWidget(self.detail, 3)
        foot = QHBoxLayout()
        foot.addWidget(hint, 1)
        foot.addWidget(self.undo_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        layout.setSpacing(8)
        layout.addWidget(self.banners)
        layout.addWidget(self.lead)
        layout.addLayout(middle, 1)
        layout.addLayout(foot)

    # -- what is found ---------------------------------------------------------------------------------

    def _on_checked(self, _: object, found: Any) -> None:
        self._found = found
        self.lead.setText(self._lead_text(found))
        self.model.show_contradicted(found.contradicted)
        self._choose(0)

    def _lead_text(self, found: LibraryLabels) -> str:
        integer = self._context.language.integer
        parts = [self._outcome(found)]
        if found.looked_at:
            said = ngettext(
                "{n} contradicted cell was looked at before and is not listed.",
                "{n} contradicted cells were looked at before and are not listed.",
                found.looked_at,
            )
            parts.append(said)
        if found.too_few:
            names = ", ".join(self._context.language.class_name(code) for code in found.too_few)
            parts.append(tr("Too few cells to be compared: {classes}.").format(classes=names))
        elif found.judged < found.cells:
            said = tr("Of {all} cells {n} could be compared.")
            parts.append(said.format(all=integer(found.cells), n=integer(found.judged)))
        return " ".join(parts)

    @staticmethod
    def _outcome(found: LibraryLabels) -> str:
        if not found.judged:
            return tr("The library holds too few cells: at least three each of two classes are needed.")
        if not found.contradicted:
            return ngettext(
                "No cell of {n} is contradicted.", "None of {n} cells is contradicted.", found.judged
            )
        return ngettext(
            "{n} cell carries a class that the others contradict. Nothing changes unless you decide.",
            "{n} cells carry a class that the others contradict. Nothing changes unless you decide.",
            len(found.contradicted),
        )

    def _on_failed(self, _: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    # -- the chosen cell -------------------------------------------------------------------------------

    def current(self) -> ContradictedCell | None:
        """The chosen contradicted cell."""
        row = self.view.currentIndex().row()
        return self.model.cells[row] if 0 <= row < len(self.model.cells) else None

    def _choose(self, row: int) -> None:
        if self.model.cells:
            self.view.setCurrentIndex(self.model.index(min(row, len(self.model.cells) - 1)))
        self._show_current()

    def _show_current(self) -> None:
        found = self.current()
        self.detail.setVisible(found is not None)
        self.undo_button.setEnabled(bool(self._past))
        if found is None:
            self._neighbours.forget()
            return
        language = self._context.language
        own, other = (language.class_name(code) for code in (found.reference.code, found.others_say))
        self.name.setText(own)
        share = language.number(100 * found.other, 0)
        self.said.setText(tr("The others say: {name} ({share} %)").format(name=other, share=share))
        when = language.when(found.reference.added_at)
        self.source.setText(f"{found.reference.added_by}, {when}\n{found.reference.note}".strip())
        picture = self.model.picture(self.view.currentIndex().row())
        self.picture.setPixmap(picture if picture.isNull() else _fitted(picture))
        self.change_button.setText(tr("Change to {name}").format(name=menu_text(other)))
        for row, name in ((self.own_row, own), (self.other_row, other)):
            row.show_cells(tr("Most alike among the others: {name}").format(name=name), [])
        check = self._check

        def neighbours() -> tuple[ContradictedCell, list[Reference], list[Reference]]:
            code = found.reference.code
            own_class = check.alike(found.reference, code, NEIGHBOURS)
            return found, own_class, check.alike(found.reference, found.others_say, NEIGHBOURS)

        self._neighbours.ask("alike", neighbours)

    def _on_neighbours(self, _: object, answer: Any) -> None:
        found, own, other = answer
        if found is self.current():
            self.own_row.show_cells(self.own_row.head.text(), own)
            self.other_row.show_cells(self.other_row.head.text(), other)

    # -- decisions -------------------------------------------------------------------------------------

    def keep(self) -> None:
        """The class of the chosen cell is right."""
        self._decide(lambda found: self._check.keep(found.reference, self._author))

    def change(self, code: str) -> None:
        """The chosen cell is of class `code`."""
        self._decide(lambda found: self._check.change(found.reference, code, self._author))

    def _change_as_the_others_say(self) -> None:
        found = self.current()
        if found is not None:
            self.change(found.others_say)

    def remove(self) -> None:
        """Take the chosen cell out of the library."""
        self._decide(lambda found: self._check.remove(found.reference, self._author))

    def undo(self) -> None:
        """Take back the last decision; its cell is chosen again."""
        if not self._past or not self._tried(lambda: self._check.undo(self._author)):
            return
        row, cell = self._past.pop()
        cells = list(self.model.cells)
        cells.insert(row, cell)
        self.model.show_contradicted(cells)
        self._choose(row)

    def _decide(self, act: Callable[[ContradictedCell], None]) -> None:
        found, row = self.current(), self.view.currentIndex().row()
        if found is None or not self._tried(lambda: act(found)):
            return
        self._past.append((row, found))
        self.model.show_contradicted([s for s in self.model.cells if s is not found])
        self._choose(row)
        self.view.setFocus()

    def _tried(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except UserError as error:
            self.banners.error(error)
            return False
        return True

    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self._stop()
        super().reject()

    def _stop(self) -> None:
        self._running.close()
        self._neighbours.close()


def _fitted(picture: QPixmap) -> QPixmap:
    return picture.scaled(
        _PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
