"""The left panel: progress of the review, the table, and the remarks under it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal, SignalInstance
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.domain.differential import Differential, Remark
from bloodcells_gui.domain.earlier_films import EarlierFilm
from bloodcells_gui.domain.run_messages import by_severity
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.differential.delegate import DifferentialDelegate
from bloodcells_gui.ui.differential.figure import Figure
from bloodcells_gui.ui.differential.model import Column, DifferentialModel, LineKind
from bloodcells_gui.ui.differential.remark_list import SEVERITY_SIGNS, RemarkArea, RemarkList
from bloodcells_gui.ui.help.explanations import HERE
from bloodcells_gui.ui.help.what_is_this import QuestionMark
from bloodcells_gui.ui.i18n import ngettext, tr

_LEAST_BAR = 44
# Swatch, flag and margins beside a name.
_BESIDE_NAME = 58


class DifferentialTable(QTableView):
    """The table; Return or a double click shows the class in the gallery.

    Signals
    -------
    pointed_at(str)
        A line was clicked: its first class.
    chosen(str)
        Return or a double click on a line: its first class.
    """

    pointed_at = Signal(str)
    chosen = Signal(str)

    def __init__(self, context: UiContext, model: DifferentialModel) -> None:
        super().__init__()
        self._model = model
        self._with_absolute = True
        self._with_earlier = False
        self._widths: dict[Column, int] = {}
        self.setModel(model)
        self.setItemDelegate(DifferentialDelegate(context, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setDropIndicatorShown(True)
        self.setAccessibleName(tr("Differential count"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        vertical = self.verticalHeader()
        vertical.hide()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(20)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        self._set_widths()
        model.modelReset.connect(self._arrange)
        model.modelReset.connect(self._share_room)
        self.clicked.connect(lambda index: self._tell_class(index, self.pointed_at))
        self.activated.connect(lambda index: self._tell_class(index, self.chosen))

    def _set_widths(self) -> None:
        m = self.fontMetrics()
        header = self.horizontalHeader()
        for column, sample, least in (
            (Column.KEY, "W", 30), (Column.COUNT, "1,000", 48), (Column.SHARE, "100.0", 44),
            (Column.LIMITS, "100.0 – 100.0", 60), (Column.BAR, "", 96), (Column.ABSOLUTE, "100.0 H", 60),
            (Column.EARLIER, "100.0 ▲", 60),
        ):  # fmt: skip
            title = str(self._model.headerData(column, Qt.Orientation.Horizontal) or "")
            wide = max(m.horizontalAdvance(sample) + 14, m.horizontalAdvance(title) + 12, least)
            header.resizeSection(column, wide)
            self._widths[column] = wide

    def _arrange(self) -> None:
        self.clearSpans()
        for row in range(self._model.rowCount()):
            if self._model.line(row).kind == LineKind.HEADING:
                self.setSpan(row, 0, 1, self._model.columnCount())

    def show_absolute(self, shown: bool) -> None:
        """The column of absolute counts makes sense only where a white cell count was given."""
        if self._with_absolute != shown:
            self._with_absolute = shown
            self._share_room()

    def show_earlier(self, shown: bool) -> None:
        """The column of an earlier film makes sense only where there is one."""
        if self._with_earlier != shown:
            self._with_earlier = shown
            self._share_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """Where there is no room for all: first the bar goes, then limits, earlier film and absolute counts.

        Names and keys never go: a class must be told from the next, and be given. What goes is in the tool
        tip of the line too.
        """
        metrics = self.fontMetrics()
        lines = range(self._model.rowCount())
        named = (r for r in lines if self._model.line(r).kind != LineKind.HEADING)
        longest = max(
            (metrics.horizontalAdvance(str(self._model.index(r, 0).data())) for r in named), default=0
        )
        least = max(longest, metrics.horizontalAdvance("Variant lymphocyte")) + _BESIDE_NAME
        least += sum(self._widths[c] for c in (Column.KEY, Column.COUNT, Column.SHARE))
        self.setMinimumWidth(least + self.verticalScrollBar().sizeHint().width())
        room = self.viewport().width() - least
        kept = {Column.ABSOLUTE: self._with_absolute, Column.EARLIER: self._with_earlier, Column.LIMITS: True}
        for column, wanted in kept.items():
            kept[column] = wanted and room >= self._widths[column]
            if wanted:
                # What comes later never stands where something before it had no room.
                room = room - self._widths[column] if kept[column] else 0
        kept[Column.BAR] = kept[Column.LIMITS] and room >= _LEAST_BAR
        for column, shown in kept.items():
            self.setColumnHidden(column, not shown)
        if kept[Column.BAR]:
            self.setColumnWidth(Column.BAR, min(240, room))

    def _tell_class(self, index: QModelIndex, signal: SignalInstance) -> None:
        leaves = self._model.leaves(index.row())
        if leaves:
            signal.emit(leaves[0])

    def mark(self, code: str | None) -> None:
        """Highlight the line that counts leaf `code`, without moving the keyboard's focus."""
        for row in range(self._model.rowCount()):
            if code is not None and code in self._model.leaves(row):
                flags = QItemSelectionModel.SelectionFlag
                self.selectionModel().setCurrentIndex(
                    self._model.index(row, 0), flags.ClearAndSelect | flags.Rows
                )
                return
        self.selectionModel().clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Letters are class keys here; the base class would search for a line that begins so.
        if event.text() and event.text().isprintable() and not event.text().isspace():
            event.ignore()
            return
        super().keyPressEvent(event)


class DifferentialPanel(QWidget):
    """Figures, table and remarks.

    Signals
    -------
    class_pointed_at(str), class_chosen(str)
        A line was clicked; the person wants to see this class in the gallery.
    dropped(list, str)
        Cells were dropped on a class.
    next_look_first()
        The person wants to see the next cell of the queue.
    films_wanted()
        The person wants to see the earlier films.
    """

    next_look_first = Signal()
    films_wanted = Signal()
    class_pointed_at = Signal(str)
    class_chosen = Signal(str)
    dropped = Signal(list, str)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.model = DifferentialModel(context, self)
        self.table = DifferentialTable(context, self.model)
        self.remarks = RemarkList(context)
        self.counted = Figure(tr("counted"))
        self.waiting = Figure(tr("unidentified"))
        self.reviewed = Figure(tr("reviewed"))
        figures = QHBoxLayout()
        figures.setContentsMargins(14, 10, 14, 8)
        figures.setSpacing(18)
        for figure in (self.counted, self.waiting, self.reviewed):
            figures.addWidget(figure, 1)
        self.question = QuestionMark(context, lambda: HERE["DifferentialPanel"])
        figures.addWidget(self.question, 0, Qt.AlignmentFlag.AlignTop)

        self.look_first = QPushButton()
        self.look_first.setIcon(context.icons.get("look_first", "critical"))
        self.look_first.setToolTip(tr("They may be blasts. Show the next one (F7)"))
        self.look_first.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.look_first.clicked.connect(self.next_look_first)
        self.look_first.hide()
        self.films = QPushButton()
        self.films.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.films.clicked.connect(self.films_wanted)
        self.films.hide()
        queue = QHBoxLayout()
        queue.setContentsMargins(14, 0, 14, 6)
        queue.addWidget(self.look_first, 1)
        films = QHBoxLayout()
        films.setContentsMargins(14, 0, 14, 6)
        films.addWidget(self.films, 1)

        self._below = RemarkArea(self.remarks)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.table)
        self._split.addWidget(self._below)
        self._split.setStretchFactor(0, 1)
        self._split.setChildrenCollapsible(False)
        self._split.splitterMoved.connect(self._border_moved)
        self._moved = False
        self._below.wanted.connect(self._share_height)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(figures)
        layout.addLayout(queue)
        layout.addLayout(films)
        layout.addWidget(self._split, 1)
        self.table.pointed_at.connect(self.class_pointed_at)
        self.table.chosen.connect(self.class_chosen)
        self.model.dropped.connect(self.dropped)
        context.theme.changed.connect(self._theme_changed)
        self._films_icon = SEVERITY_SIGNS["info"]
        self._show_again: Callable[[], None] = lambda: None

    def show_table(
        self,
        table: Differential,
        *,
        reviewed: int,
        cells: int,
        target: int,
        by_hand: int = 0,
        percent: int | None = None,
        more: tuple[Remark, ...] = (),
    ) -> None:
        """Show the count of the moment.

        Parameters
        ----------
        more : tuple of Remark
            What the runs remarked on the images; it stands among the table's own remarks.
        reviewed, cells : int
            Cells a person decided on, of how many.
        by_hand : int
            Cells counted at the microscope, beside those found.
        percent : int or None
            How much of the case persons have done; None where there is nothing to do. See
            :func:`domain.counting_target.reviewed_percent`.
        target : int
            Leukocytes wanted before signing; 0 for none.
        """
        self._show_again = lambda: self.show_table(
            table, reviewed=reviewed, cells=cells, target=target, by_hand=by_hand, percent=percent, more=more
        )
        language, theme = self._context.language, self._context.theme
        self.table.show_absolute(table.wbc is not None)
        self.model.show_differential(table)
        short = target and table.total < target
        caption = tr("counted")
        if target:
            caption = tr("counted, target {number}").format(number=language.integer(target))
        self.counted.show_value(
            language.integer(table.total), theme.tokens.warning if short else "", caption=caption
        )
        self.waiting.show_value(
            language.integer(table.unidentified),
            theme.tokens.warning if table.unidentified else theme.tokens.ok,
        )
        caption = tr("reviewed")
        if cells and by_hand:
            caption = ngettext(
                "reviewed of {cells} found, {n} by hand apart",
                "reviewed of {cells} found, {n} by hand apart",
                by_hand,
                cells=language.integer(cells),
            )
        self.reviewed.show_value(f"{percent or 0} %", caption=caption)
        said = []
        if cells or not by_hand:
            decided = ngettext(
                "{reviewed} of {cells} cells decided by a person",
                "{reviewed} of {cells} cells decided by a person",
                reviewed,
                reviewed=language.integer(reviewed),
                cells=language.integer(cells),
            )
            said.append(decided)
        if by_hand:
            said.append(ngettext("{n} counted by hand", "{n} counted by hand", by_hand))
        self.reviewed.setToolTip("\n".join(said))
        self.remarks.show_remarks(by_severity([*more, *table.remarks]))

    def show_queue(self, waiting: int) -> None:
        """Tell how many cells wait to be looked at first."""
        text = ngettext("{n} cell: look here first", "{n} cells: look here first", waiting)
        self.look_first.setText(text)
        self.look_first.setVisible(waiting > 0)

    def show_earlier(
        self, film: EarlierFilm | None, text: str, tip: str = "", severity: str = "info"
    ) -> None:
        """Stand an earlier film beside the count, with a line that says what came of it; "" for no line."""
        self.model.show_earlier(film)
        self.table.show_earlier(film is not None and bool(film.rows))
        self._films_icon = SEVERITY_SIGNS.get(severity, SEVERITY_SIGNS["info"])
        self.films.setIcon(self._context.icons.get(*self._films_icon))
        self.films.setText(text)
        self.films.setToolTip(tip)
        self.films.setAccessibleDescription(tip)
        self.films.setVisible(bool(text))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_height()

    def _border_moved(self) -> None:
        self._moved = True  # from now on the border is where the person put it

    def _share_height(self) -> None:
        """Remarks get the height of what they hold, up to two fifths; the table gets the rest."""
        if self._moved:
            return
        height = self._split.height() - self._split.handleWidth()
        below = min(self._below.content_height(), max(self._below.minimumHeight(), 2 * height // 5))
        self._split.setSizes([height - below, below])

    def _theme_changed(self) -> None:
        self.films.setIcon(self._context.icons.get(*self._films_icon))
        self.remarks.refresh()
        self.table.viewport().update()
        self._show_again()
