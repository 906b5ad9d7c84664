"""The menus "Case" and "Laboratory" and what opens from them, around one main window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from bloodcells_gui.app.calibration import CalibrationController
from bloodcells_gui.app.case_details import Agreement, agreement
from bloodcells_gui.app.counter import Counter
from bloodcells_gui.app.drafts import COMMENT, NOTE
from bloodcells_gui.app.reference_library import ReferenceLibraryController
from bloodcells_gui.app.retention import Retention
from bloodcells_gui.app.second_reader import SecondReading, decided_cells
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.worklist import Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.specimen import SpecimenKind
from bloodcells_gui.ui.accounts.desk import AccountsDesk
from bloodcells_gui.ui.backup.window import BackupDesk
from bloodcells_gui.ui.case_details.agreement import AgreementWindow
from bloodcells_gui.ui.case_details.page import CaseDetailsPage
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.connections.desk import ConnectionsDesk
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.counter.dialog import CountDialog
from bloodcells_gui.ui.counter.panel import CounterPanel
from bloodcells_gui.ui.counter.sound import Bell
from bloodcells_gui.ui.dialogs.models import show_models
from bloodcells_gui.ui.dialogs.reviewer import ReviewerDialog
from bloodcells_gui.ui.dialogs.support import SupportDesk
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.reference_library.window import LibraryWindow, NoteDialog
from bloodcells_gui.ui.report_preview.audit import AuditWindow
from bloodcells_gui.ui.report_preview.calibration import CalibrationWindow
from bloodcells_gui.ui.report_preview.preview import PreviewWindow
from bloodcells_gui.ui.retention.window import RetentionWindow
from bloodcells_gui.ui.second_reader.window import SecondReaderWindow
from bloodcells_gui.ui.site_check.desk import SiteCheckDesk
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.case_care import CaseCare
from bloodcells_gui.ui.workbench.case_notices import CaseNotices
from bloodcells_gui.ui.workbench.cell_pictures import CellPictureDesk
from bloodcells_gui.ui.workbench.due_cases import DueCases
from bloodcells_gui.ui.workbench.film_windows import FilmWindows
from bloodcells_gui.ui.workbench.home import Home
from bloodcells_gui.ui.workbench.settings_desk import SettingsDesk
from bloodcells_gui.ui.workbench.shared_case import SharedCaseWatch
from bloodcells_gui.ui.worklist.page import WorklistPage

Dialog = TypeVar("Dialog", bound=QDialog)


class ToolWindows(QObject):
    """Hangs on a window; listens for its case and adds to its menus.

    Parameters
    ----------
    cases : WorkList
        Outlives the window: analyses behind it go on when the language changes.
    """

    def __init__(
        self,
        window: MainWindow,
        context: UiContext,
        workspace: Workspace,
        cases: WorkList,
        memory: WindowMemory,
    ) -> None:
        super().__init__(window)
        self.window = window
        self.context = context
        self.workspace = workspace
        self.cases = cases
        self.memory = memory
        self.library: LibraryWindow | None = None
        self.backup = BackupDesk(context, workspace, window)
        self.site_check = SiteCheckDesk(context, workspace, window)
        self.accounts = AccountsDesk(context, workspace, window)
        self.connections = ConnectionsDesk(context, workspace, window)
        self._shelf = context.library = ReferenceLibraryController(workspace.home, workspace.lab.pool)
        self._support = SupportDesk(context, workspace, window.banners, window)
        context.support = self._support.show
        window.actions_.connect("support", self._support.show)
        window.actions_.connect("models", lambda: show_models(context, window))
        self.retention = Retention(workspace, cases)
        self._due = DueCases(window, self.retention, lambda: self._with_error_banner(self.show_retention))
        self._notices = CaseNotices(window, context)
        self._popped: list[QDialog] = []
        self.case_details: CaseDetailsPage | None = None
        self.counter: CounterPanel | None = None
        self._for_case: list[QAction] = []
        self.home = Home(context, window, workspace, cases)
        self._case_menu = self._menu(tr("&Case"))
        self._lab_menu = self._menu(tr("La&boratory"))
        self._fill_menus()
        window.reviewer.changed.connect(lambda _: self._show_person())
        self.settings = SettingsDesk(context, workspace, window)
        self.settings.retention_changed.connect(lambda: self._due.look())  # noqa: PLW0108
        window.preferences_wanted.connect(self.settings.edit)
        window.reporter.unsaved_wanted.connect(self.show_unsaved)
        CaseCare(context, window, cases)
        SharedCaseWatch(window, self._keep_typed)
        CellPictureDesk(context, window)
        self.films = FilmWindows(context, window, workspace, self._case_menu, self._lab_menu)
        window.opener.apart.connect(lambda *x: self.show_worklist().incoming.enqueue_each(*x))  # noqa: PLW0108
        window.case_shown.connect(self._on_case_opened)
        window.case_leaving.connect(self._on_case_closing)
        window.front_changed.connect(self._update_actions)
        window.closing.connect(self._closing)
        self._update_actions()
        self._run_after_event(self._due.look)
        self._notices.of_settings(workspace.setting_problems)
        self._notices.of_clock(workspace.clock_doubt())

    # -- menus -----------------------------------------------------------------------------------------

    def _menu(self, title: str) -> QMenu:
        bar = self.window.menuBar()
        menu = QMenu(title, bar)
        # Before Settings and Help, which are looked for at the end.
        bar.insertMenu(bar.actions()[-2], menu)
        return menu

    def _add(
        self, menu: QMenu, text: str, act: Callable[[], object], keys: str = "", *, of_case: bool = True
    ) -> QAction:
        action = menu.addAction(text)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False: self._with_error_banner(act))
        if of_case:
            self._for_case.append(action)
        return action

    def _with_error_banner(self, act: Callable[[], object]) -> None:
        try:
            act()
        except UserError as error:
            self.window.banners.error(error)

    def _fill_menus(self) -> None:
        lab, case = self._lab_menu, self._case_menu
        get = self.window.actions_.get
        lab.addActions([get(name) for name in ("home", "next_case", "urgent", "watched", "hand_over")])
        lab.addSeparator()
        self._add(lab, tr("&New count by hand…"), self.new_count, "Ctrl+M", of_case=False)
        self._add(lab, tr("Smear and analyser over &cases…"), self.show_agreement, of_case=False)
        self._add(case, tr("&Specimen and patient"), lambda: self.show_case_details(0), "Ctrl+1")
        self._add(case, tr("&Morphology"), lambda: self.show_case_details(1), "Ctrl+2")
        self._add(case, tr("&Comments"), lambda: self.show_case_details(2), "Ctrl+3")
        self._add(case, tr("&Analyser"), lambda: self.show_case_details(3), "Ctrl+4")
        self._add(case, tr("Count at the micr&oscope"), self.show_counter, "Ctrl+5")
        case.addSeparator()
        self._add(case, tr("Add to the reference &library…"), self.add_to_library, "Ctrl+D")
        self._add(case, tr("Like this one &in the library"), self.show_like_in_library, "Shift+F3")
        case.addSeparator()
        self._add(case, tr("Second &reading…"), self.second_reading)
        self._add(case, tr("&Preview of the report…"), self.show_preview, "Ctrl+Shift+P")
        self._add(case, tr("Pri&nt the report…"), lambda: self.show_preview(printing=True), "Ctrl+P")
        self._add(case, tr("Audit &trail…"), self.show_audit)
        self._add(lab, tr("Reference &library…"), self.show_library, of_case=False)
        self._add(lab, tr("Calibrate to this la&boratory…"), self.show_calibration, of_case=False)
        self._add(lab, tr("&Site check…"), self.site_check.show)
        self._add(lab, tr("Cases past their &time…"), self.show_retention, of_case=False)
        self._add(lab, tr("Back&up and restore…"), self.backup.show, of_case=False)
        self._add(lab, tr("Connections and &outbox…"), self.connections.show, of_case=False)
        self._accounts_action = self._add(lab, tr("&Accounts…"), self.accounts.show, of_case=False)

    def _update_actions(self) -> None:
        self._accounts_action.setVisible(self.workspace.accounts.reachable)
        for action in self._for_case:
            action.setEnabled(self.window.front is not None)

    # -- the open case ---------------------------------------------------------------------------------

    @property
    def session(self) -> CaseSession | None:
        """The open case."""
        return None if self.window.page is None else self.window.page.session

    def _on_case_opened(self, page: CasePage) -> None:
        session = page.session
        self._add_views(page)
        self._notices.of_case(session)

    def _add_views(self, page: CasePage) -> None:
        session = page.session
        self.case_details = CaseDetailsPage(self.context, page.controller)
        self.case_details.over_cases.connect(self.show_agreement)
        self.case_details.amend_wanted.connect(self.window.sign)
        self.case_details.pending_changed.connect(self.window.show_saved)
        self.window.reporter.draft_settled.connect(self.case_details.comments.show_drafts)
        self.window.unsaved = self.case_details.unsaved
        self.window.show_saved()
        page.add_view(tr("Case details"), self.case_details)
        bell = Bell(session.settings.count_sound, parent=page)
        self.counter = CounterPanel(self.context, page.controller, Counter(session), bell)
        page.add_view(tr("Counter"), self.counter)
        if session.specimen.kind is SpecimenKind.COUNTER:
            self._run_after_event(self.show_counter)

    def show_case_details(self, part: int) -> None:
        """Fields, morphology, comments or analyser of the open case."""
        if self.window.page is not None and self.case_details is not None:
            self.case_details.setCurrentIndex(part)
            self.window.page.views.setCurrentWidget(self.case_details)
            self.case_details.currentWidget().setFocus()

    def show_unsaved(self, place: str) -> None:
        """What is typed and not saved: a field by its name, or the comment."""
        self.show_case_details(2 if place == COMMENT else 0)
        row = None if self.case_details is None else self.case_details.fields.rows.get(place)
        if row is not None:
            row.editor.setFocus()

    def show_counter(self) -> None:
        """Count cells seen at the microscope into the open case."""
        if self.window.page is not None and self.counter is not None:
            self.window.page.views.setCurrentWidget(self.counter)
            self.counter.setFocus()

    def new_count(self) -> None:
        """A case without images."""
        dialog = CountDialog(self.window)
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted:
            session = self.workspace.new_counter_case(dialog.answer())
            self.window.opener.opened.emit(session, None)

    def show_agreement(self) -> AgreementWindow:
        """Smear against analyser over the laboratory's cases."""
        cases = self.cases

        def read() -> Agreement:
            cases.refresh()
            return agreement(e.path for e in cases.search(Query()))

        window = AgreementWindow(self.context, read, self.window.folders, self.window)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.window.closing.connect(window.stop)
        self._show(window)
        return window

    def _run_after_event(self, act: Callable[[], object]) -> None:
        QTimer.singleShot(0, self, act)

    def _show_person(self) -> None:
        if self.case_details is not None:
            self.case_details.show_person()

    def _keep_typed(self) -> None:
        if self.case_details is not None:
            self.case_details.keep_drafts()

    def _on_case_closing(self, _page: CasePage) -> None:
        for window in list(self._popped):
            window.close()
        self._keep_typed()
        self.window.unsaved = lambda: ""
        self.case_details = self.counter = None

    # -- the reference library -------------------------------------------------------------------------

    def show_library(self) -> LibraryWindow:
        """Every cell of the reference library."""
        if self.library is None:
            author, pool = self.workspace.author, self.window.pool
            self.library = LibraryWindow(self.context, self._shelf, author, pool, self.window)
        self.library.author = self.workspace.author
        self.library.show_like(None)
        self._show(self.library)
        return self.library

    def add_to_library(self) -> None:
        """Keep the chosen cells, with a note."""
        page = self.window.page
        ids = page.targets_in_sight() if page is not None else []
        if page is None or not ids or not page.controller.may_decide():
            return
        self._shelf.check(page.session, ids)  # refused before anything is asked
        dialog = NoteDialog(self.window, page.session.drafts.text(NOTE), count=len(ids))
        accepted = dialog.exec()
        dialog.deleteLater()
        kept = page.controller.keep_draft(NOTE, dialog.answer())  # until it is in the library
        if kept and accepted and page is self.window.page:
            self.keep(ids, dialog.answer())
            page.controller.keep_draft(NOTE, "")

    def keep(self, ids: list[int], note: str) -> None:
        """Put reviewed cells into the library."""
        session = self.session
        if session is not None:
            count = self._shelf.add(session, ids, note)
            self.window.banners.show_banner(
                "ok",
                ngettext("{n} cell was added to the library.", "{n} cells were added to the library.", count),
                vanish_ms=6000,
            )

    def show_like_in_library(self) -> None:
        """Cells of the library most like the one with the cursor."""
        page, session = self.window.page, self.session
        cell_id = page.gallery.view.current_id() if page is not None else None
        if session is not None and cell_id is not None:
            found = self._shelf.like(session, cell_id)
            self.show_library().show_like(found)

    # -- the second reader -----------------------------------------------------------------------------

    def second_reading(self) -> None:
        """Ask who reads, then begin or go on."""
        if self.session is None:
            return
        decided_cells(self.session)  # refused before anything is asked
        if self.workspace.accounts.in_force:  # nobody reads under a name that is typed
            if self.window.reviewer.known():
                self.read_again(self.workspace.author)
            return
        dialog = ReviewerDialog("", self.window, second=True)
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted:
            self.read_again(dialog.answer())

    def read_again(self, reader: str) -> SecondReaderWindow | None:
        """The blinded reading of `reader`."""
        page = self.window.page
        if page is None:
            return None
        reading = SecondReading(page.session, reader)
        window = SecondReaderWindow(self.context, page.controller, reading, self.window.pool, self.window)
        window.setModal(True)
        return self._show_case_window(window)

    # -- papers ----------------------------------------------------------------------------------------

    def show_preview(self, *, printing: bool = False) -> PreviewWindow | None:
        """The report before it is written; `printing` goes on to the choice of a printer."""
        if self.session is None:
            return None
        self.window.commit_typing()
        pool = self.window.pool
        return self._show_case_window(
            PreviewWindow(
                self.context, self.session, pool, self.window.unawaited, self.window, printing=printing
            )
        )

    def show_audit(self) -> AuditWindow | None:
        """Who did what when."""
        if self.session is None:
            return None
        self.window.commit_typing()
        return self._show_case_window(AuditWindow(self.context, self.session, self.window.pool, self.window))

    def show_calibration(self) -> CalibrationWindow:
        """Profiles of this laboratory, and a new one from the open case."""
        session = self.session
        case, reviewed = (None, 0) if session is None else (session.path, session.state.reviewed)
        profiles = CalibrationController(
            self.workspace.engine, self.workspace.profiles(), self.workspace.accounts
        )
        window = CalibrationWindow(self.context, profiles, case, reviewed, self.window.pool, self.window)
        window.cells_wanted.connect(self._choose_cells)
        return self._show_case_window(window)

    def _choose_cells(self, ids: tuple[int, ...]) -> None:
        """Choose cells of the open case in the gallery."""
        page = self.window.page
        if page is not None:
            page.gallery.view.select_ids(ids)
            self.window.activateWindow()

    def _show_case_window(self, window: Dialog) -> Dialog:
        """Show a window that goes with its case."""
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._popped.append(window)
        window.destroyed.connect(lambda: self._popped.remove(window))
        self._show(window)
        return window

    # -- retention -------------------------------------------------------------------------------------

    def show_retention(self) -> RetentionWindow:
        """Cases past their time, and the record of those removed."""
        who, pool = self.workspace.author, self.window.pool
        return self._show_case_window(RetentionWindow(self.context, self.retention, who, pool, self.window))

    # -- the work list ---------------------------------------------------------------------------------

    @property
    def worklist(self) -> WorklistPage:
        """The work list of the window."""
        return self.home.page

    def show_worklist(self) -> WorklistPage:
        """Every case of the laboratory, in front."""
        return self.home.show()

    def _show(self, widget: QWidget) -> None:
        if widget.isVisible():
            widget.raise_()
        widget.show()
        widget.activateWindow()

    def _closing(self) -> None:
        self._due.close()
        self.backup.close()
        if self.library is not None:
            self.library.close()
        self._shelf.close()
