"""What lies in the watched folder, as a list: assign, try again, leave, open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.image_previews import Picture, load_previews
from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import CaseEntry, CaseState, Query, WorkList
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.domain.watching import ASKS, WatchEntry, WatchState
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup, QueuedLookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.watched.assign import AssignDialog
from bloodcells_gui.ui.watched.model import Column, WatchedModel

_PREVIEW_PX = 220
_CAN_TAKE = frozenset(
    {
        WatchState.WAITING, WatchState.FAILED, WatchState.HELD, WatchState.GROWN, WatchState.STOPPED,
        WatchState.DUPLICATE, WatchState.LEFT_OUT, WatchState.SETTLING,
    }
)  # fmt: skip
_CAN_LEAVE = ASKS - {WatchState.WAITING} | {WatchState.DUPLICATE}


@dataclass(frozen=True, slots=True)
class _Looked:
    """Cases were looked for that these pictures could go to."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Assigned:
    """These pictures are part of the specimen `to` now."""

    names: tuple[str, ...]
    to: str


class WatchedTable(QTableView):
    """The list; Enter does what the row asks for.

    Signals
    -------
    entered()
    """

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            if not event.isAutoRepeat():
                self.entered.emit()
            return
        super().keyPressEvent(event)


class WatchedWindow(QDialog):
    """A window of its own that stays beside the review.

    Parameters
    ----------
    who : callable
        Gives the name of the person who decides; "" when nobody would say.

    Signals
    -------
    case_chosen(object)
        Path of the case to open.
    settings_wanted()
    """

    case_chosen = Signal(object)
    settings_wanted = Signal()

    def __init__(
        self,
        context: UiContext,
        watched: WatchedFolder,
        cases: WorkList,
        pool: QThreadPool,
        who: Callable[[], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Watched folder"))
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._context = context
        self._watched = watched
        self._cases = cases
        self._who = who
        self.banners = BannerStack(context)
        self.model = WatchedModel(context, self)
        self.table = self._make_table()
        self.state = PlainLabel()
        self.state.setObjectName("muted")
        self.state.setWordWrap(True)
        self.picture = QLabel()
        self.picture.setFixedSize(_PREVIEW_PX + 16, _PREVIEW_PX + 16)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(tr("The chosen picture"))
        self.picture.hide()
        self._previewed: Path | None = None
        self._build_layout()
        self._pictures = Lookup(pool, self)
        self._pictures.answered.connect(self._show_picture)
        self._acts = QueuedLookup(pool, self)
        self._acts.answered.connect(self._done)
        self._acts.failed.connect(self._failed)
        resize_within_screen(self, 1040, 560)

    def _make_table(self) -> WatchedTable:
        table = WatchedTable()
        table.setModel(self.model)
        table.setAccessibleName(tr("Watched folder"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.verticalHeader().setMinimumSectionSize(table.fontMetrics().height() + 12)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in ((Column.NAME, 210), (Column.STATE, 120), (Column.FILES, 60)):
            table.setColumnWidth(column, width)
        header.setSectionResizeMode(Column.WORDS, QHeaderView.ResizeMode.Stretch)
        table.entered.connect(self.act)
        table.doubleClicked.connect(lambda _: self.act())
        table.selectionModel().selectionChanged.connect(lambda *_: self._selection_changed())
        return table

    def _build_layout(self) -> None:
        def button(text: str, act: Callable[[], None]) -> QPushButton:
            made = QPushButton(text)
            made.setAutoDefault(False)
            made.clicked.connect(lambda _=False: act())
            return made

        self.assign_button = button(tr("&Assign…"), self.ask_assign)
        self.assign_button.setObjectName("primary")
        self.take_button = button(tr("&Try again"), self.take)
        self.leave_button = button(tr("&Leave as it is"), self.leave)
        self.open_button = button(tr("&Open the case"), self.open_case)
        self.settings_button = button(tr("&Preferences…"), self.settings_wanted.emit)
        middle = QHBoxLayout()
        middle.setContentsMargins(14, 0, 14, 0)
        middle.setSpacing(8)
        middle.addWidget(self.table, 1)
        middle.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.setContentsMargins(14, 10, 14, 10)
        top.addWidget(self.state, 1)
        top.addWidget(self.settings_button)
        row = QHBoxLayout()
        row.setContentsMargins(14, 10, 14, 12)
        row.setSpacing(8)
        row.addStretch(1)
        for widget in (self.leave_button, self.take_button, self.open_button, self.assign_button):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(top)
        layout.addLayout(middle, 1)
        layout.addLayout(row)

    # -- showing ---------------------------------------------------------------------------------------

    def refresh(self, summary: str) -> None:
        """Show what there is now; `summary` is said above the list."""
        keep = [e.name for e in self.selected()]
        self.model.show_entries(self._watched.entries())
        self.state.setText(summary)
        rows = [row for name in keep if (row := self.model.row_of(name)) >= 0]
        if not rows and self.model.rowCount():
            rows = [0]
        selection = self.table.selectionModel()
        flags = QItemSelectionModel.SelectionFlag
        for row in rows:
            selection.select(self.model.index(row, 0), flags.Select | flags.Rows)
        if rows and not self.table.currentIndex().isValid():
            selection.setCurrentIndex(self.model.index(rows[0], 0), flags.NoUpdate)
        self._selection_changed()

    def selected(self) -> list[WatchEntry]:
        """The chosen rows, from top to bottom."""
        rows = sorted(i.row() for i in self.table.selectionModel().selectedRows())
        return [self.model.entry(row) for row in rows]

    def choose_unassigned(self) -> None:
        """Choose all pictures that wait for their specimen; a person takes out what belongs to another."""
        selection, flags = self.table.selectionModel(), QItemSelectionModel.SelectionFlag
        selection.clearSelection()
        rows = [
            row
            for row in range(self.model.rowCount())
            if self.model.entry(row).state is WatchState.UNASSIGNED
        ]
        for row in rows:
            selection.select(self.model.index(row, 0), flags.Select | flags.Rows)
        if rows:
            selection.setCurrentIndex(self.model.index(rows[0], 0), flags.NoUpdate)
        self.table.setFocus()

    def _selection_changed(self) -> None:
        chosen = self.selected()
        states = {e.state for e in chosen}
        self.assign_button.setEnabled(states == {WatchState.UNASSIGNED})
        self.take_button.setEnabled(bool(chosen) and states <= _CAN_TAKE)
        self.leave_button.setEnabled(bool(chosen) and states <= _CAN_LEAVE)
        self.open_button.setEnabled(len(chosen) == 1 and chosen[0].case is not None)
        again = states <= {WatchState.FAILED, WatchState.STOPPED}
        anew = states == {WatchState.GROWN}
        self.take_button.setText(
            tr("&Try again") if again else tr("Analyse a&new") if anew else tr("&Take it as it is")
        )
        self._ask_picture(chosen[0].path if len(chosen) == 1 and chosen[0].path.suffix else None)

    def _ask_picture(self, path: Path | None) -> None:
        if path == self._previewed:
            return
        self._previewed = path
        self.picture.hide()
        if path is None:
            self._pictures.forget()
        else:
            self._pictures.ask(path, lambda: load_previews([path], _PREVIEW_PX))

    def _show_picture(self, path: object, found: list[Picture | None]) -> None:
        picture = found[0] if found else None
        if path == self._previewed and picture is not None:
            h, w = picture.shape[:2]
            image = QImage(picture.data, w, h, 3 * w, QImage.Format.Format_RGB888)
            self.picture.setPixmap(QPixmap.fromImage(image))
            self.picture.show()

    # -- acts ------------------------------------------------------------------------------------------

    def act(self) -> None:
        """What Enter does on the chosen rows: assign, try again or open; never what makes a second case."""
        again = {e.state for e in self.selected()} <= {WatchState.FAILED, WatchState.STOPPED}
        for button in (self.assign_button, *([self.take_button] if again else []), self.open_button):
            if button.isEnabled():
                button.click()
                return

    def take(self) -> None:
        """Take the chosen ones as they are, or try them again."""
        self._watched.take([e.name for e in self.selected()])

    def leave(self) -> None:
        """Ask no more about the chosen ones."""
        names, who = [e.name for e in self.selected()], self._who()
        if who:
            self._acts.ask("leave", lambda: self._watched.leave(names, who))

    def open_case(self) -> None:
        """Open the case of the chosen row."""
        chosen = self.selected()
        if len(chosen) == 1 and chosen[0].case is not None:
            self.case_chosen.emit(chosen[0].case)

    def ask_assign(self) -> None:
        """Ask whose the chosen pictures are, once it is known which cases they could be added to."""
        names, cases = [e.name for e in self.selected()], self._cases

        def look() -> list[CaseEntry]:
            cases.refresh()
            found = cases.search(Query(state=str(CaseState.NEW)))
            return [e for e in found if e.kind in (SpecimenKind.CROPS, SpecimenKind.FIELDS)]

        self._acts.ask(_Looked(tuple(names)), look)

    def _ask(self, names: Sequence[str], cases: Sequence[CaseEntry]) -> None:
        dialog = AssignDialog(names, cases, self)
        answer = dialog.answer() if dialog.exec() else None
        dialog.deleteLater()
        if answer:
            self.assign(names, answer)

    def assign(self, names: Sequence[str], to: str | Path) -> None:
        """Make a case of pictures with the number `to`, or add them to the case `to`, in the background."""
        watched = self._watched
        if isinstance(to, Path):
            self._acts.ask(_Assigned(tuple(names), to.stem), lambda: watched.assign_to(names, to))
        else:
            self._acts.ask(_Assigned(tuple(names), to), lambda: watched.assign(names, to))

    def _done(self, tag: object, result: object) -> None:
        match tag:
            case _Looked(names):
                self._ask(names, result if isinstance(result, list) else [])
            case _Assigned(names, to):
                self.banners.show_banner(
                    "ok",
                    ngettext(
                        "{n} picture is assigned to {specimen}, which waits for its analysis.",
                        "{n} pictures are assigned to {specimen}, which waits for its analysis.",
                        len(names),
                        specimen=to,
                    ),
                    vanish_ms=8000,
                )

    def _failed(self, _tag: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        else:
            self.banners.crash(error)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.table.setFocus()

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._pictures.close()
        self._acts.close()
