"""The details of one case as a view beside the gallery."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QTabWidget

from bloodcells_gui.ui.case_details.analyser import AnalyserPanel
from bloodcells_gui.ui.case_details.comments import CommentsPanel
from bloodcells_gui.ui.case_details.fields import FieldsPanel
from bloodcells_gui.ui.case_details.grades import GradesPanel
from bloodcells_gui.ui.case_details.panel import CaseDetailsPanel
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.review import ReviewController

_MARK = " •"


class CaseDetailsPage(QTabWidget):
    """Fields, morphology, comments and analyser of one case.

    Signals
    -------
    over_cases()
        The person wants to see analyser and smear over cases.
    pending_changed()
        Something is typed now that is not in the record yet, or nothing is any more.
    amend_wanted()
        The case is signed, and the person wants to change it all the same.
    """

    over_cases = Signal()
    pending_changed = Signal()
    amend_wanted = Signal()

    def __init__(self, context: UiContext, controller: ReviewController) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.fields = FieldsPanel(context, controller)
        self.grades = GradesPanel(context, controller)
        self.comments = CommentsPanel(context, controller)
        self.analyser = AnalyserPanel(context, controller)
        self._panels: dict[str, CaseDetailsPanel] = {
            tr("Specimen"): self.fields,
            tr("Morphology"): self.grades,
            tr("Comments"): self.comments,
            tr("Analyser"): self.analyser,
        }
        for name, panel in self._panels.items():
            self.addTab(panel, name)
            panel.pending_changed.connect(self._mark_pending)
            panel.amend_wanted.connect(self.amend_wanted)
        self._mark_pending()
        self.analyser.over_cases.connect(self.over_cases)
        self.currentChanged.connect(self._on_tab_changed)
        self.tabBarClicked.connect(lambda at: self.setFocus() if at == self.currentIndex() else None)
        self._set_focus_proxy()

    def _set_focus_proxy(self) -> None:
        # Whoever gives the page the focus means the panel in front, not the tab bar.
        self.setFocusProxy(self.currentWidget())

    def _on_tab_changed(self) -> None:
        self._set_focus_proxy()
        if self.isVisible():
            self.currentWidget().setFocus()

    def _mark_pending(self) -> None:
        """Put a mark on each tab where something is typed and not in the record."""
        for at, (name, panel) in enumerate(self._panels.items()):
            self.setTabText(at, name + _MARK if panel.pending else name)
        self.pending_changed.emit()

    def show_person(self) -> None:
        """Say what who is signed in may do with a signed case."""
        for panel in self._panels.values():
            if panel.isVisible():
                panel.signed_strip.show_case(panel.session)

    def unsaved(self) -> str:
        """Return what is typed and not in the record, in words; "" when nothing is."""
        return " · ".join(text for panel in self._panels.values() if (text := panel.unsaved()))

    def keep_drafts(self) -> None:
        """Keep what is typed and not in the record: the case is about to be closed."""
        for panel in self._panels.values():
            panel.keep_drafts()
