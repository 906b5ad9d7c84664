"""The right panel: everything about the chosen cell."""

from __future__ import annotations

from PySide6.QtCore import Qt, QThreadPool, QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.cell_views import CellView
from bloodcells_gui.domain.cell import cell_number
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.taxonomy import BY_CODE, UNIDENTIFIED
from bloodcells_gui.domain.unidentified import WORD
from bloodcells_gui.ui.class_marks import mark_pixmap
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.cell_words import cell_remarks
from bloodcells_gui.ui.gallery.delegate import GLYPHS, group_rgb
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.controls import RoomForWords, slider, toggle_button
from bloodcells_gui.ui.inspector.details import (
    PairsModel,
    PairsView,
    event_text,
    measurement_name,
    measurement_value,
    status_word,
)
from bloodcells_gui.ui.inspector.explaining import ExplanationRow
from bloodcells_gui.ui.inspector.flag_line import FlagLine
from bloodcells_gui.ui.inspector.image_view import CellImageView
from bloodcells_gui.ui.inspector.mending import OutlineMending
from bloodcells_gui.ui.inspector.probabilities_tab import ProbabilitiesTab
from bloodcells_gui.ui.inspector.references_tab import ReferencesTab
from bloodcells_gui.ui.inspector.words import WordsLine
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import ElidedLabel, PlainLabel
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.unidentified import waiting_guess

# Moving the cursor faster than this loads only the cell where it stops.
_SETTLE_MS = 12


class InspectorPanel(QWidget):
    """Inspector of one case."""

    view: CellView | None = None
    _outline_shown: int | None = None

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._controller = controller
        self.session = controller.session
        self.shown_cell: int | None = None
        self._explained = ""
        self.found: tuple[str, float] | None = None
        self._findings = Lookup(pool, self)
        self._findings.answered.connect(self._finding_arrived)
        self._views = Lookup(pool, self)
        self._views.answered.connect(self._view_arrived)
        self._views.failed.connect(self._view_failed)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._load)

        self.image = CellImageView(context)
        self.explanation = ExplanationRow(context, self.session, self.image, pool)
        self.words = WordsLine(context, controller, pool)
        self.mending = OutlineMending(context, self.image, controller)
        self.mending.wanted.connect(self.mend_outline)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_head())
        split = QSplitter(Qt.Orientation.Vertical)
        top = RoomForWords()
        top_layout = QVBoxLayout(top)
        top_layout.setContentsMargins(0, 0, 0, 0)
        top_layout.setSpacing(0)
        top_layout.addWidget(self.image, 1)
        self.replaced = PlainLabel(
            tr("Its image file was replaced: this is the picture that the case keeps.")
        )
        self.replaced.setWordWrap(True)
        self.replaced.setContentsMargins(12, 4, 12, 4)
        top_layout.addWidget(self.replaced)
        top_layout.addLayout(self._build_tools())
        top_layout.addWidget(self.mending)
        top_layout.addWidget(self.explanation)
        split.addWidget(top)
        split.addWidget(self._build_tabs())
        split.setSizes([420, 300])
        self.mending.switched.connect(self.tabs.setHidden)  # who draws needs the height
        split.setChildrenCollapsible(False)
        layout.addWidget(split, 1)
        self.setMinimumWidth(max(300, self.tabs.tabBar().sizeHint().width() + 4))
        controller.changed.connect(self._on_case_changed)
        context.theme.changed.connect(self._show_head_and_scores)
        self.show_cell(None)

    # -- building --------------------------------------------------------------------------------------

    def _build_head(self) -> QVBoxLayout:
        self._swatch = QLabel()
        self._swatch.setFixedSize(14, 14)
        self.name_label = ElidedLabel()
        font = self.name_label.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setWeight(font.Weight.DemiBold)
        self.name_label.setFont(font)
        self._status_icon = QLabel()
        self._status = PlainLabel()
        self._where = ElidedLabel()
        self._where.setObjectName("muted")
        self.flag_line = FlagLine(self._context)
        self.remarks = PlainLabel()
        self.remarks.setWordWrap(True)
        self.waits = PlainLabel()
        self.waits.setWordWrap(True)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self._swatch)
        first.addWidget(self.name_label, 1)
        first.addWidget(self._status_icon)
        first.addWidget(self._status)
        head = QVBoxLayout()
        head.setContentsMargins(12, 10, 12, 8)
        head.setSpacing(2)
        head.addLayout(first)
        head.addWidget(self.waits)
        head.addWidget(self._where)
        head.addWidget(self.flag_line)
        head.addWidget(self.remarks)
        return head

    def _build_tools(self) -> QHBoxLayout:
        self.cell_button = toggle_button(
            self._context, "contour", tr("Outline of the cell"), tr("Outline of the cell")
        )
        self.nucleus_button = toggle_button(
            self._context, "nucleus", tr("Outline of the nucleus"), tr("Outline of the nucleus")
        )
        self.heat_button = toggle_button(
            self._context,
            "heat",
            tr("Explanation map"),
            tr("Explanation map: which places speak for this class, and which against it"),
        )
        self._zoom = QLabel()
        self._zoom.setObjectName("muted")
        self._zoom.setFixedWidth(self.fontMetrics().horizontalAdvance("1000 %"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.image.zoom_changed.connect(lambda z: self._zoom.setText(f"{100 * z:.0f} %"))
        fit = QToolButton()
        fit.setIcon(self._context.icons.get("fit"))
        fit.setAccessibleName(tr("Fit the picture"))
        fit.setToolTip(tr("Fit the picture (double click)"))
        fit.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        fit.clicked.connect(self.image.fit)
        self.cell_button.setChecked(True)
        self.nucleus_button.setChecked(True)
        self.cell_button.toggled.connect(self._outlines)
        self.nucleus_button.toggled.connect(self._outlines)
        self.heat_button.toggled.connect(self._heat_toggled)
        self.explained_class, self.opacity = self.explanation.explained_class, self.explanation.opacity
        self.explained_class.activated.connect(lambda i: self.explain(self.explained_class.itemData(i)))
        self.explanation.hide()
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 5, 8, 5)
        tools.setSpacing(3)
        self.ruler_button = toggle_button(
            self._context, "ruler", tr("Ruler"), tr("Ruler: drag over the picture")
        )
        self.ruler_button.toggled.connect(self._ruler_toggled)
        hint = tr("Brightness of the picture; only the view changes")
        self.brightness = slider(-100, 100, 36, tr("Brightness"), hint)
        self.brightness.valueChanged.connect(self.image.set_brightness)
        toggles = (self.cell_button, self.nucleus_button, self.heat_button, self.ruler_button)
        for widget in (*toggles, self.mending.button):
            tools.addWidget(widget)
        tools.addWidget(self.brightness)
        tools.addStretch(1)
        tools.addWidget(self._zoom)
        tools.addWidget(fit)
        return tools

    def _build_tabs(self) -> QTabWidget:
        self.probabilities = ProbabilitiesTab(self._context, self.words)
        self.bars, self.by_itself = self.probabilities.bars, self.probabilities.by_itself
        self.bars.chosen.connect(self._bar_chosen)
        self.measurements = PairsModel(self)
        self.history = PairsModel(self)
        self.references = ReferencesTab(self._context)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("narrow")
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.addTab(self.probabilities, tr("Probabilities"))
        self.tabs.addTab(PairsView(self.measurements, tr("Measurements")), tr("Measurements"))
        self.tabs.addTab(PairsView(self.history, tr("History")), tr("History"))
        self.tabs.setTabToolTip(self.tabs.addTab(self.references, tr("Atlas")), tr("Reference pictures"))
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.tabs.currentChanged.connect(self._fill_tab)
        return self.tabs

    # -- showing a cell --------------------------------------------------------------------------------

    @property
    def cell_id(self) -> int | None:
        """The cell on show."""
        return self.shown_cell

    def show_cell(self, cell_id: int | None) -> None:
        """Show a cell, or an invitation to choose one."""
        if cell_id != self.shown_cell:
            self.mending.keep_and_leave()
            self.view = None
        self.shown_cell = cell_id
        self._explained = ""
        self.found = None
        self._findings.forget()
        self._views.forget()
        self.explanation.forget()
        self.words.forget()
        if cell_id is None:
            self._settle.stop()
            self.image.clear(tr("Choose a cell in the gallery."))
            self.replaced.hide()
        else:
            self._settle.start()
        self._show_head_and_scores()

    def _load(self) -> None:
        cell_id = self.shown_cell
        if cell_id is None:
            return
        session = self.session
        self._findings.ask(cell_id, lambda: session.as_found(cell_id))
        self._ask_view(cell_id)
        self._fill_tab()

    def _ask_view(self, cell_id: int) -> None:
        session = self.session
        self._outline_shown = session.state.outlines.get(cell_id)
        self._views.ask(cell_id, lambda: session.view(cell_id))

    def _show_head_and_scores(self) -> None:
        """Head and probabilities: at once, whatever the picture takes."""
        cell_id = self.shown_cell
        known = cell_id is not None
        for widget in (self._swatch, self._status_icon, self._status, self.flag_line):
            widget.setVisible(known)
        tools = (self.cell_button, self.nucleus_button, self.mending.button, self.heat_button)
        for control in (*tools, self.opacity, self.explained_class):
            control.setEnabled(known)
        remarks = [] if cell_id is None else cell_remarks(self.session, self._context.language, cell_id)
        self.remarks.setText(" · ".join(remarks))
        self.remarks.setVisible(bool(remarks))
        if cell_id is None:
            self.name_label.show_text(tr("No cell chosen"))
            self._where.show_text("")
            self.flag_line.show_flags((), waits=False)
            self.probabilities.show_scores([])
            self.by_itself.show_found(None, "")
            self.waits.hide()
            self.measurements.show_pairs([])
            self.history.show_pairs([])
            return
        language, theme = self._context.language, self._context.theme
        cell, decision = self.session.cell(cell_id), self.session.decision(cell_id)
        waits = waiting_guess(self.session, language, cell_id)
        # A guess that does not count is no headline.
        code = UNIDENTIFIED if waits else decision.final or cell.predicted
        colour = theme.ink(group_rgb(code))
        self._swatch.setPixmap(mark_pixmap(code, 14, self.devicePixelRatioF(), colour))
        self.name_label.show_text(language.text(WORD).rstrip(".") if waits else language.class_name(code))
        icon, token = GLYPHS.get(decision.status, ("", "muted"))
        self._status_icon.setVisible(bool(icon))
        if icon:
            self._status_icon.setPixmap(self._context.icons.pixmap(icon, 16, self.devicePixelRatioF(), token))
        self._status.setText("" if waits else status_word(decision.status))
        self.waits.setText(waits)
        self.waits.setVisible(bool(waits))
        self._status.setStyleSheet(f"color: {getattr(theme.tokens, token)}")
        images = self.session.specimen.images
        name = images[cell.image].name if 0 <= cell.image < len(images) else ""
        number = tr("Cell {number}").format(number=cell_number(cell_id))
        self._where.show_text(" · ".join(p for p in (number, name) if p))
        self.flag_line.show_flags(cell.flags, waits=bool(waits))
        self.references.show_class(decision.final or cell.predicted)
        scores = self.session.scores(cell_id)
        self.probabilities.show_scores(scores)
        self.by_itself.show_found(self.found, cell.predicted)

    def _fill_tab(self) -> None:
        if self.shown_cell is None:
            return
        language = self._context.language
        if self.tabs.currentIndex() == 1:
            self.measurements.show_pairs(
                [
                    (measurement_name(language, name), measurement_value(language, name, value, unit))
                    for name, value, unit in self.session.measurements(self.shown_cell)
                ]
                or [(tr("Not measured: sizes and ratios stand here where the cell has an outline"), "")]
            )
        elif self.tabs.currentIndex() == 2:
            cell_id = self.shown_cell
            self.history.show_pairs(
                [
                    (event_text(e, cell_id, language), f"{e.author} · {language.when(e.time)}")
                    for e in reversed(self.session.history(cell_id))
                ]
                or [(tr("Nobody has decided on this cell yet: who did what will stand here"), "")]
            )

    def _finding_arrived(self, cell_id: object, found: tuple[str, float]) -> None:
        if self.shown_cell is not None and cell_id == self.shown_cell:
            self.found = found
            self.by_itself.show_found(found, self.session.cell(self.shown_cell).predicted)

    def _on_case_changed(self, change: Change) -> None:
        if self.shown_cell is not None and self.shown_cell in change.cells:
            self._show_head_and_scores()
            self._fill_tab()
            self.words.refresh()
            if self._outline_shown != self.session.state.outlines.get(self.shown_cell):
                self._ask_view(self.shown_cell)

    def mend_outline(self) -> None:
        """Begin to mend the outline of the cell on show; while one is mended, change from cell to nucleus."""
        if self.shown_cell is None or self.view is None:
            return
        if not self.mending.on:
            self.ruler_button.setChecked(False)
            self.heat_button.setChecked(False)
            self.cell_button.setChecked(True)
            self.nucleus_button.setChecked(True)
        self.mending.begin_or_switch(self.shown_cell, self.view)

    # -- pictures --------------------------------------------------------------------------------------

    def _view_arrived(self, cell_id: object, view: CellView) -> None:
        if cell_id != self.shown_cell:
            return
        self.view = view
        if self.shown_cell is not None:
            self.words.ask(self.shown_cell)
        self.image.show_picture(view.image, view.mpp, view.cell_contours, view.nucleus_contours)
        if self.mending.on:
            self.mending.take_view(view)
        self.replaced.setVisible(view.replaced)
        if self.heat_button.isChecked() and self.shown_cell is not None:
            self.explain(self._explained or self.session.cell(self.shown_cell).predicted)

    def _view_failed(self, cell_id: object, _error: object) -> None:
        if cell_id == self.shown_cell:
            self.image.clear(tr("The picture of this cell cannot be read."))

    def explain(self, code: str) -> None:
        """Ask for the explanation map of class `code`."""
        if self.shown_cell is None:
            return
        self._explained = code
        self.bars.mark(code)
        if not self.heat_button.isChecked():
            self.heat_button.setChecked(True)
            return
        self.explanation.ask(self.shown_cell, code)

    def _bar_chosen(self, code: str) -> None:
        if code in BY_CODE:
            self.explain(code)

    def _heat_toggled(self, on: bool) -> None:
        self.explanation.setVisible(on)
        if on and self.shown_cell is not None:
            self.explain(self._explained or self.session.cell(self.shown_cell).predicted)
        else:
            self.explanation.forget()
            self.bars.mark("")

    def _outlines(self) -> None:
        self.image.show_cell = self.cell_button.isChecked()
        self.image.show_nucleus = self.nucleus_button.isChecked()
        self.image.update()

    def _ruler_toggled(self, on: bool) -> None:
        if on:
            self.mending.keep_and_leave()
        self.image.ruler_on = on
        self.image.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.OpenHandCursor)
        if not on:
            self.image.clear_ruler()

    def close_case(self) -> None:
        """Stop asking for pictures; call before the session closes."""
        self._settle.stop()
        self._findings.close()
        self._views.close()
        self.explanation.close_case()
        self.words.close_case()
