"""Morphology by hand: one line a feature, one click or key a grade."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.grading import GRADE_GROUPS, GRADES, GradeItem
from bloodcells_gui.ui.case_details.panel import CaseDetailsPanel
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.review import ReviewController

Index = QModelIndex | QPersistentModelIndex
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1
FEATURE, GRADE, CRITERION = range(3)
_KEYS = {"0": "", "1": "1+", "2": "2+", "3": "3+", "P": "present"}


def grade_of_key(event: QKeyEvent) -> str | None:
    """The grade that a key gives; None for keys that give none."""
    return next((_KEYS[m] for m in review_meanings(event) if m in _KEYS), None)


def choices(item: GradeItem) -> tuple[str, ...]:
    """The grades a feature can have: features without thresholds are only present or absent."""
    return ("", "present") if item.moderate_from is None else GRADES[:-1]


class GradesModel(QAbstractTableModel):
    """The laboratory's list of features with the grades of one case."""

    def __init__(self, context: UiContext, session: CaseSession, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._session = session
        self.editable = True
        self._items: list[GradeItem | str] = []
        last = ""
        for item in sorted(session.settings.grading, key=lambda i: GRADE_GROUPS.index(i.group)):
            if item.enabled:
                if item.group != last:
                    self._items.append(item.group)
                    last = item.group
                self._items.append(item)

    def item(self, row: int) -> GradeItem | None:
        """The feature on a row; None for a heading."""
        found = self._items[row]
        return found if isinstance(found, GradeItem) else None

    def grade(self, row: int) -> str:
        """The grade given to a row."""
        item = self.item(row)
        return "" if item is None else self._session.state.grades.get(item.id, "")

    def refresh(self) -> None:
        """Grades may have changed."""
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._items) - 1, CRITERION))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 3

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self.item(index.row()) is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (pgettext("grade", "Feature"), tr("Grade"), tr("Criterion"))[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        found, text = self._items[index.row()], self._context.language.text
        if isinstance(found, str):
            if role == Qt.ItemDataRole.FontRole:
                font = QFont()
                font.setWeight(QFont.Weight.DemiBold)
                return font
            if role == Qt.ItemDataRole.ForegroundRole:
                return self._context.theme.colour("text")
            heading = text(found).capitalize()
            return heading if role == Qt.ItemDataRole.DisplayRole and index.column() == FEATURE else None
        if role == ITEM_ROLE:
            return found
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == CRITERION:
            return self._context.theme.colour("muted")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            grade = self.grade(index.row())
            return labelled(
                text(found.name), text(grade) if grade else tr("not graded"), self._context.language.lang
            )
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if index.column() == FEATURE:
            return text(found.name)
        return self._criterion(found) if index.column() == CRITERION else ""

    def _criterion(self, item: GradeItem) -> str:
        if item.moderate_from is None or item.many_above is None:
            return ""
        number = self._context.language.number
        return tr("2+ ≥ {low} %, 3+ > {high} %").format(
            low=number(item.moderate_from, 0), high=number(item.many_above, 0)
        )


class GradeDelegate(QStyledItemDelegate):
    """A row of small boxes, one a grade; the given one is filled.

    Signals
    -------
    picked(int, str)
        Row and grade.
    """

    picked = Signal(int, str)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context

    def boxes(self, option: QStyleOptionViewItem, item: GradeItem) -> list[tuple[QRectF, str]]:
        """Where each grade of a feature is drawn."""
        found, left = [], option.rect.left() + 4.0
        height = option.fontMetrics.height() + 4.0
        top = option.rect.center().y() - height / 2 + 0.5
        for grade in choices(item):
            width = max(30.0, option.fontMetrics.horizontalAdvance(self._word(grade)) + 14.0)
            found.append((QRectF(left, top, width, height), grade))
            left += width + 4
        return found

    def _word(self, grade: str) -> str:
        return self._context.language.text(grade) if grade else "–"

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item, model = index.data(ITEM_ROLE), index.model()
        if not isinstance(item, GradeItem) or not isinstance(model, GradesModel):
            return
        theme, given = self._context.theme, model.grade(index.row())
        if not model.editable:
            painter.setPen(theme.colour("text"))
            word = self._word(given) if given else ""
            painter.drawText(option.rect.adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), word)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for box, grade in self.boxes(option, item):
            chosen = grade == given
            filled = chosen and bool(grade)
            painter.setPen(QPen(theme.colour("accent" if filled else "border"), 1))
            ground = "accent" if filled else ("raised" if chosen else "base")
            painter.setBrush(theme.colour(ground))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(theme.colour("on_accent" if filled else "muted"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._word(grade))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(200, option.fontMetrics.height() + 12)

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        item = index.data(ITEM_ROLE)
        if (
            isinstance(event, QMouseEvent)
            and isinstance(model, GradesModel)
            and model.editable
            and event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(item, GradeItem)
        ):
            for box, grade in self.boxes(option, item):
                if box.contains(event.position()):
                    self.picked.emit(index.row(), grade)
                    return True
        return False


class GradesTable(QTableView):
    """Keys 0 to 3 and P give the grade of the current line."""

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__()
        self._controller = controller
        self.grades = GradesModel(context, controller.session, self)
        self.setModel(self.grades)
        self._delegate = GradeDelegate(context, self)
        self._delegate.picked.connect(self.give)
        self.setItemDelegateForColumn(GRADE, self._delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName(tr("Morphology"))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 14)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(FEATURE, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CRITERION, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(GRADE, 150)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self.currentIndex().isValid():
            rows = range(self.grades.rowCount())
            first = next((r for r in rows if self.grades.item(r) is not None), None)
            if first is not None:
                self.setCurrentIndex(self.grades.index(first, FEATURE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        grade, row = grade_of_key(event), self.currentIndex().row()
        if grade is None or row < 0:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.give(row, grade)

    def give(self, row: int, grade: str) -> None:
        """Grade a feature; the grade it has already changes nothing."""
        item = self.grades.item(row)
        if item is not None and grade in choices(item) and grade != self.grades.grade(row):
            self._controller.grade(item.id, grade)


class GradesPanel(CaseDetailsPanel):
    """The grades of one case."""

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__(context, controller)
        self.table = GradesTable(context, controller)
        self.column.addWidget(self.table)
        self.setFocusProxy(self.table)
        self.begin()

    def refresh(self) -> None:
        self.table.grades.editable = self.controller.editable
        self.table.grades.refresh()
