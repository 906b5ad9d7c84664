"""The table of shape classes: count, share with its limits, grade proposed or accepted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.grading import GradeItem
from bloodcells_gui.domain.red_cells import FEWEST_FOR_GRADE, RED_CELL_CLASS, RedCellShare
from bloodcells_gui.ui.alignment import LEFT, RIGHT
from bloodcells_gui.ui.case_details.grades import choices, grade_of_key
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.red_cells.badge import paint_badge
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS, CellTable
from bloodcells_gui.ui.red_cells.words import class_name

Index = QModelIndex | QPersistentModelIndex
_BADGE = 16
# The line of a share ends at so many times the threshold of the highest grade.
_BEYOND_HIGHEST = 1.5


class Column(IntEnum):
    """Columns from left to right."""

    NAME = 0
    COUNT = 1
    SHARE = 2
    GRADE = 3


class ClassModel(QAbstractTableModel):
    """One row a class, the last for what is not counted."""

    def __init__(self, context: UiContext, table: CellTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.table = table
        self.grades: Mapping[str, str] = {}

    def show_table(self, table: CellTable, grades: Mapping[str, str]) -> None:
        """Other numbers; `grades` are the accepted ones by grading item."""
        self.table, self.grades = table, dict(grades)
        self.dataChanged.emit(self.index(0, 0), self.index(len(ROWS) - 1, len(Column) - 1))

    def item(self, row: int) -> GradeItem | None:
        """The grading item of a row; None where its share is not graded."""
        code = ROWS[row]
        return self.table.items.get(RED_CELL_CLASS[code].grade_item) if code in RED_CELL_CLASS else None

    def accepted(self, row: int) -> str:
        """The grade that a person accepted or gave; "" for none."""
        item = self.item(row)
        return "" if item is None else self.grades.get(item.id, "")

    def proposed(self, row: int) -> str:
        """The grade that the program proposes and nobody accepted; "" for none."""
        proposal = self.table.proposals.get(ROWS[row])
        grade = "" if proposal is None else proposal.grade
        return "" if grade == self.accepted(row) else grade

    def as_proposed(self, row: int) -> bool:
        """Whether the grade that a person accepted or gave is the one that the cells propose."""
        proposal, accepted = self.table.proposals.get(ROWS[row]), self.accepted(row)
        return bool(accepted) and proposal is not None and proposal.grade == accepted

    def more(self, row: int) -> int:
        """So many more cells would probably settle the grade; 0 where it is settled, or none would."""
        proposal = self.table.proposals.get(ROWS[row])
        return 0 if proposal is None else proposal.more

    def held(self, row: int) -> int:
        """Doubtful cells without which the grade would be lower, so that none is proposed; 0 for none."""
        proposal = self.table.proposals.get(ROWS[row])
        return 0 if proposal is None else proposal.held

    def unsettled(self, row: int) -> bool:
        """Whether the limits of the share give two grades."""
        proposal = self.table.proposals.get(ROWS[row])
        return proposal is not None and self.table.count(ROWS[row]) > 0 and not proposal.settled

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(ROWS)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section == Column.COUNT else LEFT
        if role == Qt.ItemDataRole.DisplayRole:
            return (tr("Shape"), tr("Cells"), tr("Share (limits), %"), tr("Grade"))[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column is Column.COUNT else LEFT
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.describe(row))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.describe(row) if column is Column.NAME else self._text(row, column)
        return None

    def _text(self, row: int, column: Column) -> str:
        language, code = self._context.language, ROWS[row]
        if column is Column.NAME:
            return class_name(language, code)
        if column is Column.COUNT:
            return language.integer(self.table.count(code))
        if column is Column.SHARE:
            share = self.table.share(code)
            return "" if share is None or not share.total else share_text(self._context, share)
        grade = self.accepted(row) or self.proposed(row)
        return language.text(grade) if grade else ""

    def describe(self, row: int) -> str:
        """The row in words: its share, its limits, and what became of its grade."""
        language, code = self._context.language, ROWS[row]
        cells = ngettext("{n} cell", "{n} cells", self.table.count(code))
        parts = [labelled(class_name(language, code), cells, language.lang)]
        share = self.table.share(code)
        if share is not None and share.total:
            parts.append(
                tr("{percent} % of the red cells, 95 % limits {low} to {high} %").format(
                    percent=language.number(share.percent), low=language.number(share.low),
                    high=language.number(share.high),
                )
            )  # fmt: skip
        return "; ".join([*parts, *self._grade_words(row)])

    def _grade_words(self, row: int) -> list[str]:
        language, item = self._context.language, self.item(row)
        if item is None:
            return []
        said = []
        accepted, proposed = self.accepted(row), self.proposed(row)
        if accepted:
            said.append(tr("grade {grade}, accepted by a person").format(grade=language.text(accepted)))
        if proposed:
            said.append(tr("proposed grade {grade}, not accepted").format(grade=language.text(proposed)))
        held = self.held(row)
        if held:
            said.append(
                ngettext(
                    "no grade is proposed: {n} of its cells is doubtful and would decide it",
                    "no grade is proposed: {n} of its cells are doubtful and would decide it",
                    held,
                )
            )
        if 0 < self.table.counted < FEWEST_FOR_GRADE:
            said.append(tr("no grade is proposed from fewer than {n} cells").format(n=FEWEST_FOR_GRADE))
        if item.moderate_from is not None and item.many_above is not None:
            said.append(
                tr("2+ from {moderate} %, 3+ above {many} %").format(
                    moderate=f"{item.moderate_from:g}", many=f"{item.many_above:g}"
                )
            )
        if self.unsettled(row):
            said.append(tr("the limits lie on both sides of a threshold"))
        return said


def share_text(context: UiContext, share: RedCellShare) -> str:
    """A share with its limits: "4.2  (3.1–5.6)"."""
    number = context.language.number
    return f"{number(share.percent)}  ({number(share.low)}–{number(share.high)})"


class ClassDelegate(QStyledItemDelegate):
    """Badge beside the name, a line of limits below the share, the grade in a chip."""

    def __init__(self, context: UiContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        text = option.fontMetrics.horizontalAdvance(str(index.data() or "")) + 14
        height = option.fontMetrics.height() + 14
        if index.column() == Column.NAME:
            return QSize(text + _BADGE + 8, height)
        if index.column() == Column.GRADE:
            return QSize(max(text + 8, 64), height)
        return QSize(text, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, ClassModel):
            return
        self.initStyleOption(option, index)
        theme, rect = self._context.theme, QRectF(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected:
            painter.fillRect(option.rect, theme.colour("selected"))
        code = ROWS[index.row()]
        empty = not model.table.count(code)
        painter.setPen(theme.colour("muted" if empty else "text"))
        inner = rect.adjusted(6, 0, -6, 0)
        match Column(index.column()):
            case Column.NAME:
                badge = QRectF(inner.x(), inner.center().y() - _BADGE / 2, _BADGE, _BADGE)
                painter.setOpacity(0.5 if empty else 1.0)
                paint_badge(painter, code, badge)
                painter.setOpacity(1.0)
                room = inner.adjusted(_BADGE + 7, 0, 4, 0)
                name = option.fontMetrics.elidedText(
                    str(index.data()), Qt.TextElideMode.ElideRight, int(room.width())
                )
                painter.drawText(room, int(LEFT), name)
            case Column.COUNT:
                painter.drawText(inner, int(RIGHT), str(index.data()))
            case Column.SHARE:
                painter.drawText(inner.adjusted(0, -5, 0, -5), int(LEFT), str(index.data()))
                self._paint_limits(painter, inner, model, index.row())
            case Column.GRADE:
                self._paint_grade(painter, inner, model, index.row())
        painter.restore()

    def _paint_limits(self, painter: QPainter, area: QRectF, model: ClassModel, row: int) -> None:
        """The limits on a line with the thresholds of the grades: whether they cross one is seen at once."""
        share, item = model.table.share(ROWS[row]), model.item(row)
        if share is None or not share.total or item is None:
            return
        if item.moderate_from is None or item.many_above is None or not item.many_above:
            return
        theme, end = self._context.theme, _BEYOND_HIGHEST * item.many_above
        y = area.bottom() - 6.0

        def x(percent: float) -> float:
            return area.left() + area.width() * min(1.0, percent / end)

        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for threshold in (item.moderate_from, item.many_above):
            painter.setPen(QPen(theme.colour("muted"), 1))
            painter.drawLine(QPointF(x(threshold), y - 4), QPointF(x(threshold), y + 4))
        token = "warning" if model.unsettled(row) else "accent"
        painter.setPen(QPen(theme.colour(token), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(x(share.low), y), QPointF(max(x(share.high), x(share.low) + 2), y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("text"))
        painter.drawEllipse(QPointF(x(share.percent), y), 2.6, 2.6)

    def _paint_grade(self, painter: QPainter, area: QRectF, model: ClassModel, row: int) -> None:
        accepted, proposed = model.accepted(row), model.proposed(row)
        left = area.left()
        if accepted:
            left = self._chip(painter, area, left, accepted, solid=True) + 4
        if proposed:
            self._chip(painter, area, left, proposed, solid=False)

    def _chip(self, painter: QPainter, area: QRectF, left: float, grade: str, *, solid: bool) -> float:
        """A grade in a frame: filled where a person accepted it, dotted while it is a proposal."""
        theme, word = self._context.theme, self._context.language.text(grade)
        metrics = painter.fontMetrics()
        height = metrics.height() + 4.0
        chip = QRectF(left, area.center().y() - height / 2, metrics.horizontalAdvance(word) + 12.0, height)
        pen = QPen(theme.colour("accent"), 1 if solid else 1.4)
        pen.setStyle(Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.setBrush(theme.colour("accent") if solid else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(chip, 4, 4)
        painter.setPen(theme.colour("on_accent" if solid else "text"))
        painter.drawText(chip, int(Qt.AlignmentFlag.AlignCenter), word)
        return chip.right()


class ClassTable(QTableView):
    """Enter accepts the proposed grade of the row, 0 to 3 and P give another; a row chooses what is shown.

    Signals
    -------
    class_chosen(str)
        The cells of this row are wanted.
    grade_wanted(int, str)
        A person grades the row; perhaps with a grade that it cannot have.
    accept_wanted(int)
        A person accepts the proposed grade of the row.
    """

    class_chosen = Signal(str)
    grade_wanted = Signal(int, str)
    accept_wanted = Signal(int)

    def __init__(self, context: UiContext, table: CellTable) -> None:
        super().__init__()
        self._context = context
        self.classes = ClassModel(context, table, self)
        self.setModel(self.classes)
        self.setItemDelegate(ClassDelegate(context, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Shape classes of the red cells"))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 14)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(44)

    def show_table(self, table: CellTable, grades: Mapping[str, str]) -> None:
        """Other numbers."""
        self.classes.show_table(table, grades)

    def wanted_width(self) -> int:
        """So wide that no name is cut, px."""
        header = self.horizontalHeader()
        columns = sum(max(self.sizeHintForColumn(c), header.sectionSizeHint(c)) for c in Column)
        return columns + self.verticalScrollBar().sizeHint().width() + 4

    @property
    def code(self) -> str:
        """Class of the current row; "" for none."""
        row = self.currentIndex().row()
        return ROWS[row] if row >= 0 else ""

    def choose(self, code: str) -> None:
        """Put the cursor on a class."""
        if code != self.code and code in ROWS:
            self.setCurrentIndex(self.classes.index(ROWS.index(code), 0))

    def choices(self) -> tuple[str, ...]:
        """Grades that the current row can be given."""
        row = self.currentIndex().row()
        item = self.classes.item(row) if row >= 0 else None
        return () if item is None else choices(item)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if current.row() != previous.row() and current.row() >= 0:
            self.class_chosen.emit(ROWS[current.row()])

    def keyboardSearch(self, _search: str) -> None:
        """Letters name cells; a search by what is typed would move the cursor."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, grade = self.currentIndex().row(), grade_of_key(event)
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if row >= 0 and (enter or grade is not None):
            self.scrollTo(self.currentIndex())  # what is graded is seen
            if not event.isAutoRepeat():
                self._grade(row, grade)
        elif event.text() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()  # a letter is for the window
        else:
            super().keyPressEvent(event)

    def _grade(self, row: int, grade: str | None) -> None:
        if grade is None:
            self.accept_wanted.emit(row)
        else:
            self.grade_wanted.emit(row, grade)
