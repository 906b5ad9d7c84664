"""The window of the red cells: classes and grades, their cells, the fields, and how sizes are spread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QDialog,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.grading import GRADES
from bloodcells_gui.domain.red_cells import RED_CELL_CLASS
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.run_messages import remarks_text
from bloodcells_gui.ui.case_details.grades import choices
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.red_cells.cell_pane import CellPane
from bloodcells_gui.ui.red_cells.class_table import ClassTable
from bloodcells_gui.ui.red_cells.control import ExaminationControl
from bloodcells_gui.ui.red_cells.decisions import RedCellDecisions, known
from bloodcells_gui.ui.red_cells.examination_bar import ExaminationBar, StartPane
from bloodcells_gui.ui.red_cells.field_pane import FieldPane
from bloodcells_gui.ui.red_cells.foot import Foot
from bloodcells_gui.ui.red_cells.gallery_pane import GalleryPane
from bloodcells_gui.ui.red_cells.grade_bar import GradeBar
from bloodcells_gui.ui.red_cells.plots import Distributions
from bloodcells_gui.ui.red_cells.table_of_cells import ROWS, CellTable
from bloodcells_gui.ui.red_cells.tile_pictures import TilePictures
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.wheel import guard_wheels

# Fields that arrive while it runs are shown a little behind: each new table costs a look at every cell.
_BEHIND_MS = 400


class RedCellsWindow(QDialog):
    """The red cells of the open case.

    Signals
    -------
    examination_wanted(int)
        A person wants the examination to begin or to go on, with so many further cells (0 as set).
    """

    examination_wanted = Signal(int)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        control: ExaminationControl,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Red cells"))
        self._context, self._controller, self._control = context, controller, control
        self._over = self._own_borders = False
        # The chosen cells when something was last said: of others it does not hold.
        self._told_of: frozenset[int] = frozenset()
        self._why_not, self._unfinished, self._has_more = "", False, False
        session = controller.session
        self._red_cells = session.red_cells
        self.table = self._read()
        self._thumbnails = ThumbnailLoader(TilePictures(self._red_cells), pool, self)
        self.bar = ExaminationBar(context, control)
        self.start = StartPane()
        self.classes = ClassTable(context, self.table)
        self.grades = GradeBar(context, self.classes)
        self.gallery = GalleryPane(context, self.table, self._thumbnails)
        self.field = FieldPane(context, self._red_cells, pool, self._image_name)
        self.plots = Distributions(context)
        self.cell = CellPane(context)
        self.decisions = RedCellDecisions(controller, context.language, self)
        self.foot = Foot(context, self.decisions, self._change_view)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_BEHIND_MS)
        self._later.timeout.connect(self.refresh)
        # A key moves the cursor more than once; its cell is told once.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._tell_cell)
        self._build()
        self._connect()
        self._choose_first()
        self.refresh()
        resize_within_screen(self, 1320, 820)

    # -- building --------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.views = QTabWidget()
        self.views.setDocumentMode(True)
        self.views.addTab(self.gallery, tr("Gallery"))
        self.views.addTab(self.field, tr("Field"))
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.classes, 1)
        column.addWidget(self.grades)
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(10)
        column.addWidget(self.cell)
        column.addWidget(self.plots, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(right)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.panes = QSplitter(Qt.Orientation.Horizontal)
        for pane in (left, self.views, scroll):
            self.panes.addWidget(pane)
        self.panes.setStretchFactor(1, 1)
        self.panes.setChildrenCollapsible(False)
        self.panes.splitterMoved.connect(self._borders_moved)
        self.body = QStackedWidget()
        self.body.addWidget(self.panes)
        self.body.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.body, 1)
        layout.addWidget(self.foot)
        guard_wheels(self)

    def _connect(self) -> None:
        view, canvas = self.gallery.view, self.field.canvas
        self.classes.class_chosen.connect(self._class_chosen)
        self.classes.accept_wanted.connect(self._accept)
        self.classes.grade_wanted.connect(self._grade)
        self.grades.more_wanted.connect(self.examination_wanted)
        self.bar.more_wanted.connect(lambda: self.examination_wanted.emit(0))
        self.start.wanted.connect(lambda: self.examination_wanted.emit(0))
        self.gallery.order_changed.connect(self._show_class)
        view.current_changed.connect(lambda _: self._soon.start())
        view.selectionModel().selectionChanged.connect(lambda *_: self._soon.start())
        self.field.shown.connect(self._soon.start)
        view.activated_cell.connect(lambda _: self._change_view())
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(lambda p: self._offer(view.viewport().mapToGlobal(p)))
        canvas.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        canvas.customContextMenuRequested.connect(self._offer_in_field)
        canvas.picked.connect(lambda i: self.show_cells([i]))
        canvas.opened.connect(lambda i: self._change_view(i))  # noqa: PLW0108  # the signal's argument is an object
        self.views.currentChanged.connect(self._view_changed)
        self._control.changed.connect(self._examination_changed)
        self._controller.changed.connect(self._on_case_changed)
        self._controller.failed.connect(self._tell_error)

    # -- what is there ---------------------------------------------------------------------------------

    def _read(self) -> CellTable:
        session = self._controller.session
        return CellTable(self._red_cells.cells, session.state.red_cells, session.settings.grading)

    def _image_name(self, image: int) -> str:
        images = self._controller.session.specimen.images
        return images[image].name if 0 <= image < len(images) else ""

    def allow(self, why_not: str, *, unfinished: bool, has_more: bool) -> None:
        """Say whether anything can be examined now.

        Parameters
        ----------
        why_not : str
            Why not; "" where it can.
        unfinished : bool
            Whether an examination stopped before its end.
        has_more : bool
            Whether fields of the film are left that an examination did not take.
        """
        self._why_not, self._unfinished, self._has_more = why_not, unfinished, has_more
        self._show_examination()

    def refresh(self) -> None:
        """Table, gallery, field and plots of the moment."""
        self.table = self._read()
        state = self._controller.session.state
        self.classes.show_table(self.table, state.grades)
        self.field.show_table(self.table)
        self._show_class()
        self._show_examination()

    def _show_examination(self) -> None:
        editable, begun = self._controller.editable, bool(self._red_cells.fields) or self._control.running
        unfinished = self._unfinished and not self._why_not
        self.bar.refresh(
            len(self._red_cells.fields),
            self.table.counted,
            self.table.not_counted,
            unfinished=unfinished,
            editable=editable,
        )
        self.bar.setVisible(begun)
        examination = self._red_cells.examination
        told = () if examination is None or self._control.running else examination.remarks
        self.bar.show_remarks(remarks_text(told, self._context.language.lang))
        self.foot.show_state(begun=begun, editable=editable)
        self.body.setCurrentWidget(self.panes if begun else self.start)
        self.start.show_reason(self._why_not)
        self._refresh_grades()

    def _refresh_grades(self) -> None:
        may = self._has_more and not self._why_not and not self._control.running
        self.grades.refresh(editable=self._controller.editable, may_examine=may)

    def _choose_first(self) -> None:
        """Begin with the class whose proposed grade is the highest, else with the commonest."""
        grades = {code: p.grade for code, p in self.table.proposals.items() if p.grade}
        graded = max(grades, key=lambda code: grades[code], default="")
        commonest = max(ROWS, key=self.table.count)
        self.classes.choose(graded or commonest)

    def _class_chosen(self) -> None:
        self.foot.forget()
        self._show_class()

    def _show_class(self, _code: str = "") -> None:
        code = self.classes.code or ROWS[0]
        self.gallery.show_class(self.table, code)
        self.plots.show_table(self.table, code)
        self._soon.start()
        self._refresh_grades()

    def _tell_cell(self) -> None:
        cell_id = self._current()
        self.cell.show_cell(self.table, cell_id)
        self.plots.mark(cell_id)
        self.foot.show_choice(any_cell=cell_id is not None)
        if self._choice() != self._told_of:
            self._told_of = self._choice()
            self.foot.forget()

    def _choice(self) -> frozenset[int]:
        if self._field_in_front:
            return frozenset() if self.field.chosen is None else frozenset([self.field.chosen])
        return frozenset(self.gallery.view.chosen())

    def _current(self) -> int | None:
        if self._field_in_front:
            return self.field.canvas.chosen
        return self.gallery.view.current_id()

    @property
    def _field_in_front(self) -> bool:
        return self.views.currentWidget() is self.field

    def _view_changed(self) -> None:
        if self._field_in_front:
            current = self.gallery.view.current_id()
            if current is not None:
                self.field.show_cell(current)
            else:
                self.field.begin()
        self._soon.start()
        self.foot.show_view(field=self._field_in_front)

    def _change_view(self, cell_id: int | None = None) -> None:
        """From the gallery to the field and back, with the same cell."""
        current = cell_id if cell_id is not None else self._current()
        to_field = not self._field_in_front
        self.views.setCurrentWidget(self.field if to_field else self.gallery)
        if current is not None:
            self.show_cells([current])
            if to_field:
                self.field.show_cell(current, near=True)
        self.views.currentWidget().setFocus(Qt.FocusReason.OtherFocusReason)

    def begin(self) -> None:
        """Give the keyboard to what a person works with first."""
        if self.body.currentWidget() is self.start:
            self.start.setFocus()
            return
        if self.gallery.view.current_id() is None and self.gallery.view.cells.ids:
            self.gallery.view.select_ids(self.gallery.view.cells.ids[:1])
        self.views.currentWidget().setFocus(Qt.FocusReason.OtherFocusReason)

    # -- what the decisions ask ------------------------------------------------------------------------

    def chosen(self) -> list[int]:
        """The cells that are chosen in the view in front: of a field the one with the ring."""
        if self._field_in_front:
            ringed = self.field.canvas.chosen
            return [] if ringed is None else known([ringed], self.table)
        return self.gallery.view.chosen()

    def in_sight(self, ids: Sequence[int]) -> set[int]:
        """Those of the cells that the view in front shows at this moment."""
        if self._field_in_front:
            return {i for i in ids if self.field.canvas.shows(i)}
        return self.gallery.view.in_sight(ids)

    def show_cells(self, ids: Sequence[int]) -> None:
        """Choose cells, in their class, and bring the first of them on the screen."""
        present = known(ids, self.table)
        if not present:
            return
        code = self.table.code(present[0])
        self.classes.choose(code)
        self.gallery.view.select_ids([i for i in present if self.table.code(i) == code])
        if self._field_in_front:
            self.field.show_cell(present[0])
        self._soon.start()

    def show_item(self, item: str) -> None:
        """Bring the row of a grading item on the screen."""
        code = next((c for c, known_class in RED_CELL_CLASS.items() if known_class.grade_item == item), "")
        self.classes.choose(code)
        self.classes.scrollTo(self.classes.currentIndex())

    def follower(self, ids: Sequence[int]) -> int | None:
        """The next cell of the gallery; in a field the person stays at the place that is looked at."""
        return None if self._field_in_front else self.gallery.view.follower(ids)

    def tell(self, *sentences: str) -> None:
        """Say something at the foot of the window, and aloud."""
        self._told_of = self._choice()
        self.foot.tell(" ".join(sentences))

    # -- grades ----------------------------------------------------------------------------------------

    def _accept(self, row: int) -> None:
        grade = self.classes.classes.proposed(row)
        if not grade:
            self.tell(tr("No grade is proposed for this row that is not accepted already."))
        else:
            self._grade(row, grade)

    def _grade(self, row: int, grade: str) -> None:
        item = self.classes.classes.item(row)
        if item is None:
            self.tell(tr("This row has no grade."))
        elif not self._controller.editable:
            self.tell(tr("This case is signed or open for reading only: nothing can be changed."))
        elif grade not in choices(item):
            by_number = tr("This row is graded by 1, 2 or 3, 0 for none; it has no “present”.")
            by_word = tr("This row is graded by P, present, or 0 for none; it has no steps.")
            self.tell(by_number if grade == GRADES[-1] else by_word)
        elif grade != self.classes.classes.accepted(row):
            self._controller.grade(item.id, grade)

    # -- changes ---------------------------------------------------------------------------------------

    def _on_case_changed(self, change: Change) -> None:
        if change.event is None and change.red_cells:
            if not self._later.isActive():
                self._later.start()  # fields arrive one after the other
            return
        if change.event is not None:
            self.foot.forget()
        if change.red_cells or change.fields or (change.event is not None and not change.cells):
            self.refresh()  # a name, a grade, a signature

    def _examination_changed(self) -> None:
        if not self._control.running:
            self.refresh()
            if self.gallery.view.current_id() is None:
                self._choose_first()
                self.gallery.view.select_ids(self.gallery.view.cells.ids[:1])
        self._show_examination()

    def _tell_error(self, error: object) -> None:
        if isinstance(error, UserError):
            self.tell(error.text(self._context.language.lang))

    def _offer_in_field(self, place: QPoint) -> None:
        if self.field.canvas.cell_at(place.x(), place.y()) is not None:
            self._offer(self.field.canvas.mapToGlobal(place))

    def _offer(self, place: QPoint) -> None:
        if self.chosen():
            self.foot.name.menu().popup(place)

    def _borders_moved(self) -> None:
        self._own_borders = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._own_borders:
            left, right = self.classes.wanted_width(), min(330, max(236, round(0.24 * self.width())))
            self.panes.setSizes([left, self.width() - left - right, right])

    # -- keys and the end ------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        act = self.decisions.act_of(event) if self.body.currentWidget() is self.panes else None
        if act is None:
            super().keyPressEvent(event)
            return
        event.accept()
        if not event.isAutoRepeat():  # a key that is held down decides once
            self.foot.forget()
            act()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._show_examination()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_pane()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.close_pane()
        super().reject()

    def close_pane(self) -> None:
        """Ask for no picture any more, and follow the case no more; call before the session closes."""
        if not self._over:
            self._over = True
            self._later.stop()
            self._soon.stop()
            self.plots.close_plots()
            self._thumbnails.close()
            self.field.close_pane()
            self._controller.changed.disconnect(self._on_case_changed)
            self._controller.failed.disconnect(self._tell_error)
            self._control.changed.disconnect(self._examination_changed)
