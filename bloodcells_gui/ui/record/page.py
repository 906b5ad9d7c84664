"""The record of one case as a view beside the gallery."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.record.analyser import AnalyserPanel
from bloodcells_gui.ui.record.comments import CommentsPanel
from bloodcells_gui.ui.record.fields import FieldsForm
from bloodcells_gui.ui.record.grades import GradesTable
from bloodcells_gui.ui.review import ReviewController


class RecordPage(QTabWidget):
    """Fields, morphology, comments and analyser of one case.

    Signals
    -------
    failed(object)
        Something could not be kept (UserError).
    over_cases()
        The person wants to see analyser and smear over cases.
    """

    failed = Signal(object)
    over_cases = Signal()

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        session: CaseSession,
        may_decide: Callable[[], bool],
    ) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.fields = FieldsForm(context, controller, session, may_decide)
        self.grades = GradesTable(context, controller, session, may_decide)
        self.comments = CommentsPanel(context, controller, session, may_decide)
        self.analyser = AnalyserPanel(context, controller, session, may_decide)
        self.addTab(self.fields, self.tr("Specimen"))
        self.addTab(self.grades, self.tr("Morphology"))
        self.addTab(self.comments, self.tr("Comments"))
        self.addTab(self.analyser, self.tr("Analyser"))
        for part in (self.grades, self.comments, self.analyser):
            part.failed.connect(self.failed)
        self.analyser.over_cases.connect(self.over_cases)
