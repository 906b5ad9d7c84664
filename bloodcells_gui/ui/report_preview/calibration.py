"""Calibrate the classifier to this laboratory from the reviewed cells of the open case."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QThreadPool,
    Signal,
)
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.calibration import CalibrationController, KnownProfile
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.screen_fit import resize_within_screen

Index = QModelIndex | QPersistentModelIndex


class ProfilesModel(QAbstractTableModel):
    """Profiles with what they gained."""

    def __init__(self, context: UiContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._rows: list[KnownProfile] = []

    def show_profiles(self, rows: Sequence[KnownProfile]) -> None:
        """Replace what is shown."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def profile(self, row: int) -> KnownProfile:
        """The profile on a row."""
        return self._rows[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 6

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (
                tr("Profile"), tr("Calibrated"), tr("Cells"), tr("Agreement"),
                tr("Balanced"), tr("State"),
            )[section]  # fmt: skip
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or role != Qt.ItemDataRole.DisplayRole:
            return None
        row, language = self._rows[index.row()], self._context.language

        def share(value: float) -> str:
            return "–" if math.isnan(value) else language.number(100 * value)

        def gain(before: float, after: float) -> str:
            return f"{share(before)} → {share(after)} %"

        match index.column():
            case 0:
                return f"{row.name} v{row.version}" if row.version else row.name
            case 1:
                return language.when(row.created)
            case 2:
                return "–" if row.damaged else str(row.cells)
            case 3:
                return gain(row.before, row.after)
            case 4:
                return gain(row.before_balanced, row.after_balanced)
        return _state_text(row)


def _state_text(row: KnownProfile) -> str:
    if row.damaged:
        return tr("damaged")
    if not row.fits:
        return tr("of another model")
    return tr("in use") if row.in_use else ""


class CalibrationWindow(QDialog):
    """Fits in the background; nothing is used before a person chose it.

    Parameters
    ----------
    case : Path or None
        The open case, for its reviewed cells.
    reviewed : int
        How many cells a person decided on in it.

    Signals
    -------
    cells_wanted(tuple)
        Numbers of the contradicted cells that the person wants to look at.
    """

    cells_wanted = Signal(tuple)

    def __init__(
        self,
        context: UiContext,
        tuning: CalibrationController,
        case: Path | None,
        reviewed: int,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Calibrate to this laboratory"))
        self._context = context
        self._tuning = tuning
        self._case = case
        self.banners = BannerStack(context)
        self.model = ProfilesModel(context, self)
        self.table = self._build_table()
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._update_buttons())
        self.name = QLineEdit()
        self.name.setMaxLength(60)
        self.name.setPlaceholderText(tr("Name of the profile"))
        self.name.setAccessibleName(tr("Name of the profile"))
        self.name.textChanged.connect(lambda _: self._update_buttons())
        self.fit_button = self._button(
            ngettext("&Calibrate from {n} reviewed cell", "&Calibrate from {n} reviewed cells", reviewed),
            self.fit,
        )
        self._reviewed = reviewed
        self.use_button = self._button(tr("&Use"), lambda: self._ask_for_current(self._tuning.use))
        self.revert_button = self._button(
            tr("&Go back a version"), lambda: self._ask_for_current(self._tuning.revert)
        )
        self.remove_button = self._button(
            tr("Put &aside"), lambda: self._ask_for_current(self._tuning.remove)
        )
        self.none_button = self._button(tr("Use the &model as it is"), self.use_none)
        self.contradicted: tuple[int, ...] = ()
        self.doubted = QLabel()
        self.doubted.setWordWrap(True)
        self.look_button = self._button(tr("&Look at them"), self._want_contradicted)
        self._lay_out(self._lead())
        self._show_contradicted(())
        resize_within_screen(self, 780, 460)
        self._busy = False
        self._check = Lookup(pool, self)
        self._check.answered.connect(lambda _, found: self._show_contradicted(found))
        self._work = Lookup(pool, self)
        self._work.answered.connect(self._on_task_done)
        self._work.failed.connect(self._on_task_failed)
        self._update_buttons()
        self.refresh()
        if case is not None and reviewed:
            # Of a case of another classifier the calibration itself says so.
            self._check.ask("contradicted", lambda: tuning.contradicted(case))

    def _show_contradicted(self, found: tuple[int, ...]) -> None:
        self.contradicted = found
        self.doubted.setVisible(bool(found))
        self.look_button.setVisible(bool(found))
        self.doubted.setText(
            ngettext(
                "{n} reviewed cell is contradicted by the others: look at it before you calibrate.",
                "{n} reviewed cells are contradicted by the others: look at them before you calibrate.",
                len(found),
            )
        )

    def _want_contradicted(self) -> None:
        self.cells_wanted.emit(self.contradicted)

    @staticmethod
    def _lead() -> QLabel:
        lead = QLabel(
            tr(
                "The classifier learns your stain and camera from cells that you reviewed. The "
                "figures before and after are cross-validated; every report names the profile that "
                "was in use."
            )
        )
        lead.setWordWrap(True)
        lead.setObjectName("muted")
        return lead

    def _build_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName(tr("Profiles"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table

    def _lay_out(self, lead: QLabel) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self.name, 1)
        above.addWidget(self.fit_button)
        for button in (self.use_button, self.revert_button, self.remove_button):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self.none_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(self.banners)
        layout.addWidget(lead)
        doubt = QHBoxLayout()
        doubt.addWidget(self.doubted, 1)
        doubt.addWidget(self.look_button)
        layout.addLayout(above)
        layout.addLayout(doubt)
        layout.addWidget(self.table, 1)
        layout.addLayout(below)

    def _button(self, text: str, act: Callable[[], None]) -> QPushButton:
        made = QPushButton(text)
        made.setAutoDefault(False)
        made.clicked.connect(lambda _=False: act())
        return made

    def _ask(self, tag: str, work: Callable[[], Any]) -> None:
        self._busy = True
        self._update_buttons()
        self._work.ask(tag, work)

    def refresh(self) -> None:
        """Read the profiles again."""
        self._ask("known", self._tuning.known)

    def fit(self) -> None:
        """Fit a profile from the reviewed cells of the open case."""
        tuning, case, name = self._tuning, self._case, " ".join(self.name.text().split())
        if case is not None and name:
            self._ask("fit", lambda: tuning.fit(case, name))

    def use_none(self) -> None:
        """The model's own head again."""
        tuning = self._tuning
        self._ask("act", lambda: tuning.use(""))

    def current(self) -> KnownProfile | None:
        """The chosen profile."""
        found = self.table.selectionModel().selectedRows()
        return self.model.profile(found[0].row()) if found else None

    def _ask_for_current(self, act: Callable[[str], object]) -> None:
        found = self.current()
        if found is not None:
            name = found.name
            self._ask("act", lambda: act(name))

    def _on_task_done(self, tag: object, result: Any) -> None:
        self._busy = False
        if tag == "known":
            self.model.show_profiles(result)
            if result and self.current() is None:
                self.table.selectRow(0)
            self._update_buttons()
            if self._tuning.unread_choice is not None:
                self.banners.error(self._tuning.unread_choice)
            return
        if tag == "fit":
            self.banners.show_banner(
                "ok",
                tr("The profile {name} is ready.").format(name=result),
                tr("It is not in use yet."),
                tr("Compare before and after below, then choose Use."),
            )
        self.refresh()

    def _on_task_failed(self, _: object, error: object) -> None:
        self._busy = False
        self._update_buttons()
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    def _update_buttons(self) -> None:
        found, free = self.current(), not self._busy
        self.fit_button.setEnabled(
            free and bool(self.name.text().strip()) and self._case is not None and self._reviewed > 0
        )
        self.use_button.setEnabled(
            free and found is not None and found.fits and not found.in_use and not found.damaged
        )
        self.revert_button.setEnabled(free and found is not None and found.version > 1)
        self.remove_button.setEnabled(free and found is not None)
        self.none_button.setEnabled(free)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._work.close()
        self._check.close()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self._work.close()
        self._check.close()
        super().reject()
