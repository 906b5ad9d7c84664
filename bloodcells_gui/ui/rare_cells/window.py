"""The window of the search for rare cells: what it has come to, and the cells that wait, suspicious first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.rare_cells import result_of_case, search_of_case
from bloodcells_gui.domain.rare_cells import (
    RareCells,
    end_text,
    is_open,
    person_lines,
    program_lines,
)
from bloodcells_gui.domain.rare_search import RARE_FIELD
from bloodcells_gui.domain.review import Change, Status
from bloodcells_gui.domain.suspicion import LOOK_FIRST, is_flagged
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.focus_frame import FocusFrame
from bloodcells_gui.ui.gallery.model import HEADINGS, GalleryModel
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from bloodcells_gui.ui.gallery.view import GalleryView
from bloodcells_gui.ui.hint_line import HintLine
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.keyboard import review_meanings
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.rare_cells.order import RareOrder
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen

_QUEUE = HEADINGS.index(LOOK_FIRST)
# Of more cells the statement follows a little behind.
_MANY_CELLS = 5_000
_SHIFT = Qt.KeyboardModifier.ShiftModifier


class RareCellsWindow(QDialog):
    """The search in the open case.

    Signals
    -------
    whole_film_wanted()
        The person wants the rest of the film analysed.
    """

    whole_film_wanted = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Search for rare cells"))
        self._context, self._controller = context, controller
        self._over = False
        session = controller.session
        self._search = search_of_case(session) or session.settings.rare_cells
        self._thumbnails = ThumbnailLoader(session.thumbnail, pool, self)
        self.model = GalleryModel(
            session.cell, session.decision, self._group_of, context.language, self,
            waits_first=lambda i: is_flagged(session.cell(i)),
            order=RareOrder(session, context.language, search=self._search),
        )  # fmt: skip
        self.model.queue_name = tr("Cells that nobody looked at")
        self.view = GalleryView(context, self.model, self._thumbnails)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setAccessibleName(self.model.queue_name)
        self.view.installEventFilter(self)
        self.end_line, self.statement, self.program = PlainLabel(), PlainLabel(), PlainLabel()
        self.program.setObjectName("muted")
        for label in (self.end_line, self.statement, self.program):
            label.setWordWrap(True)
        font = self.end_line.font()
        font.setWeight(font.Weight.DemiBold)
        self.end_line.setFont(font)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(tr("Cells looked at, of those that the stop rule needs"))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(300)
        self._later.timeout.connect(self._show_result)
        self._build()
        self.model.load(session.cells)
        controller.changed.connect(self._on_case_changed)
        self._show_result()
        self.begin()
        resize_within_screen(self, 1040, 760)

    def _build(self) -> None:
        self.start = QPushButton(tr("&Begin the search"))
        self.start.clicked.connect(self._start)
        self.stop = QPushButton(tr("&Leave it out of the report"))
        self.stop.clicked.connect(lambda: self._controller.set_field(RARE_FIELD, ""))
        self.rest = QPushButton(tr("&Analyse the rest of the film"))
        self.rest.clicked.connect(self.whole_film_wanted)
        for button in (self.start, self.stop, self.rest):
            button.setAutoDefault(False)
        hint = tr(
            "The most suspicious come first. A class key, Space or Delete decides on the framed cell; "
            "Shift+Space confirms the proposals that were seen."
        )
        self.hint = HintLine(self._context, self._controller, hint)
        frame = FocusFrame(self._context)
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(4, 4, 4, 4)
        inner.addWidget(self.view)
        frame.frame(self.view)
        buttons = QHBoxLayout()
        for button in (self.start, self.rest):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        for widget in (self.end_line, self.bar, self.statement, self.program):
            layout.addWidget(widget)
        layout.addWidget(frame, 1)
        layout.addWidget(self.hint)
        layout.addLayout(buttons)

    def begin(self) -> None:
        """Put the cursor on the first cell, where the search is on and there is one."""
        ids = self.model.ids(_QUEUE)
        if self.view.isVisibleTo(self):
            self.view.setFocus()
            if self.view.current_id() is None and ids:
                self.view.select_ids(ids[:1])

    def _start(self) -> None:
        if self._controller.set_field(RARE_FIELD, self._search.written()) is not None:
            self.begin()

    def _group_of(self, cell_id: int) -> str:
        session = self._controller.session
        return LOOK_FIRST if is_open(session.cell(cell_id), session.state) else ""

    # -- what it has come to ---------------------------------------------------------------------------

    def _on_case_changed(self, change: Change) -> None:
        if change.cells:
            self.view.steadily(lambda: self.model.refresh(change.cells))
        if len(self._controller.session.cells) < _MANY_CELLS:
            self._show_result()
        else:
            self._later.start()

    def _show_result(self) -> None:
        session, lang = self._controller.session, self._context.language.lang
        on = search_of_case(session) is not None
        result = result_of_case(session, self._search)
        if result is None:
            return
        lines = person_lines(result, lang)
        end = end_text(result, lang) if result.looked_at else lines.pop(0)
        self.end_line.setText(end if on else tr("No search was begun in this case."))
        self.statement.setText("\n".join(line for line in lines if line != end))
        self.program.setText(" ".join(program_lines(result, lang)))
        self.bar.setRange(0, result.needed)
        self.bar.setValue(result.needed if result.reached else min(result.looked_at, result.needed))
        self._show_parts(on=on, result=result)

    def _show_parts(self, *, on: bool, result: RareCells) -> None:
        for widget in (self.bar, self.statement, self.program, self.hint, self.stop):
            widget.setVisible(on)
        self.view.setVisible(on)
        self.start.setVisible(not on)
        editable = self._controller.editable
        self.start.setEnabled(editable)
        self.stop.setEnabled(editable)
        self.rest.setVisible(on and not result.whole_film)
        self.rest.setEnabled(editable)

    # -- keys ------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys of the review before the view, for which Space and letters mean something else."""
        if (
            watched is not self.view
            or event.type() != QEvent.Type.KeyPress
            or not isinstance(event, QKeyEvent)
        ):
            return False
        act = self._act_of(event)
        if act is None:
            return False
        if not event.isAutoRepeat():  # a key that is held down decides once
            act()
        return True

    def _act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        key, controller = Qt.Key(event.key()), self._controller
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = {
                Qt.Key.Key_Z: (controller.undo, tr("Nothing is left to undo.")),
                Qt.Key.Key_Y: (controller.redo, tr("Nothing is left to redo.")),
            }
            return None if key not in steps else lambda: self._go_back(*steps[key])
        if key == Qt.Key.Key_Space:
            return (
                self.confirm_seen if event.modifiers() & _SHIFT else lambda: self._decide(controller.confirm)
            )
        if key == Qt.Key.Key_Delete:
            return lambda: self._decide(controller.exclude)
        code = self._context.keymap.first_code(review_meanings(event))
        return None if code is None else lambda: self._decide(lambda ids: controller.relabel(ids, code))

    def _targets(self) -> list[int]:
        """The chosen cells where the person sees all of them; else shows the first and returns nothing."""
        current = self.view.current_id()
        ids = self.view.selected_ids() or ([] if current is None else [current])
        if all(self.view.shows([i]) for i in ids):
            return ids
        self.view.select_ids(ids[:1])
        return []

    def _decide(self, act: Callable[[list[int]], Change | None]) -> None:
        """Do something to the chosen cells, and go on with the one behind them."""
        ids = self._targets()
        follower = self.view.follower(ids, lambda _: True) if ids else None
        if ids and act(ids) is not None and follower is not None:
            self.view.select_ids([follower])

    def _go_back(self, step: Callable[[], Change | None], nothing: str) -> None:
        """Undo or redo, and frame the cell that came back: the next key is meant for it."""
        change = step()
        if change is None:
            self.hint.tell(nothing)
            return
        back = next((i for i in self.model.ids(_QUEUE) if i in set(change.cells)), None)
        if back is not None:
            self.view.select_ids([back])

    def confirm_seen(self) -> None:
        """Confirm, in one step, the proposals that were seen; what may be a blast or waits needs a look."""
        session = self._controller.session
        seen = [i for i in self.view.seen() if session.decision(i).status is Status.PROPOSED]
        ids = [i for i in seen if not is_flagged(session.cell(i))]
        if not ids:
            self.hint.show_text(tr("Each of these cells needs a look and a key of its own."))
            return
        if self._controller.confirm(ids) is not None:
            self.hint.show_text(ngettext("{n} cell confirmed", "{n} cells confirmed", len(ids)))
            self.view.select_ids(list(self.model.ids(_QUEUE)[:1]))

    # -- the end ---------------------------------------------------------------------------------------

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
            self._thumbnails.close()
            self._controller.changed.disconnect(self._on_case_changed)
