"""The record of one case as a view beside the gallery."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget

from bloodcells_gui.ui.case_details.analyser import AnalyserPanel
from bloodcells_gui.ui.case_details.comments import CommentsPanel
from bloodcells_gui.ui.case_details.fields import FieldsForm
from bloodcells_gui.ui.case_details.grades import GradesTable
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.review import ReviewController

_MARK = " •"


class RecordPage(QTabWidget):
    """Fields, morphology, comments and analyser of one case.

    Signals
    -------
    over_cases()
        The person wants to see analyser and smear over cases.
    pending_changed()
        Something is typed now that is not in the record yet, or nothing is any more.
    """

    over_cases = Signal()
    pending_changed = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
    ) -> None:
        super().__init__()
        self._context = context
        self.setDocumentMode(True)
        self.fields = FieldsForm(context, controller)
        self.grades = GradesTable(context, controller)
        self.comments = CommentsPanel(context, controller)
        self.analyser = AnalyserPanel(context, controller)
        self.addTab(self.fields, tr("Specimen"))
        self.addTab(self.grades, tr("Morphology"))
        self.addTab(self.comments, tr("Comments"))
        self.addTab(self.analyser, tr("Analyser"))
        self.fields.pending_changed.connect(self._mark)
        self.comments.pending_changed.connect(self._mark)
        self._mark()
        self.analyser.over_cases.connect(self.over_cases)
        self.currentChanged.connect(self._part_chosen)
        self.tabBarClicked.connect(lambda at: self.setFocus() if at == self.currentIndex() else None)
        self._set_part()

    def _set_part(self) -> None:
        # Whoever gives the record the focus means the part in front, not the tab bar.
        self.setFocusProxy(self.currentWidget())

    def _part_chosen(self) -> None:
        self._set_part()
        if self.isVisible():
            self.currentWidget().setFocus()

    def _mark(self) -> None:
        """Put a mark on the tab where something is typed and not in the record."""
        fields, comment = bool(self.fields.pending), self.comments.pending
        for part, pending in ((self.fields, fields), (self.comments, comment)):
            at = self.indexOf(part)
            text = self.tabText(at).removesuffix(_MARK)
            self.setTabText(at, text + _MARK if pending else text)
        self.pending_changed.emit()

    def unsaved(self) -> str:
        """What is typed and not in the record, in words; "" when nothing is."""
        open_ones = []
        if self.fields.pending:
            names = ", ".join(self._context.language.text(label) for label in self.fields.pending)
            open_ones.append(tr("Not saved yet: {fields}").format(fields=names))
        if self.comments.pending:
            open_ones.append(tr("A comment is not added yet"))
        return " · ".join(open_ones)

    def keep_drafts(self) -> None:
        """Keep what is typed and not in the record: the case is about to go."""
        self.fields.keep_drafts()
        self.comments.keep_draft()
