"""The window: commands, banners, the open case or the empty state, progress, status line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.continuing import leaves_work
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.accounts.sign_command import show_sign_command
from bloodcells_gui.ui.actions import Actions
from bloodcells_gui.ui.analysis_control import AnalysisControl
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.case_closing import CaseCloser
from bloodcells_gui.ui.case_page import PAGE_COMMANDS, CasePage
from bloodcells_gui.ui.command_bar import CommandBar
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.about import AboutDialog
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog
from bloodcells_gui.ui.dialogs.reason import ask_reason
from bloodcells_gui.ui.empty_state import EmptyState, dropped_path
from bloodcells_gui.ui.foot_line import fill_foot, show_reviewer
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.icons import app_icon
from bloodcells_gui.ui.jobs import Job, UnawaitedThreads
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.labels import plain_tip
from bloodcells_gui.ui.lost_focus import LostFocus
from bloodcells_gui.ui.opening import Opener
from bloodcells_gui.ui.progress_bar import AnalysisBar
from bloodcells_gui.ui.reading import is_refused, refuse_change, saved_words
from bloodcells_gui.ui.reporting import Reporter
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.review_keys import LatinShortcuts
from bloodcells_gui.ui.reviewer import Reviewer
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.worklist.page import WorklistPage


class MainWindow(QMainWindow):
    """One window, one open case.

    Signals
    -------
    rebuild_wanted()
        The language or the keys changed: whoever made the window makes it anew around the same case.
    case_shown(object), case_leaving(object)
        A case's page is up; it is about to go (its session is still open).
    front_changed()
        Another page is in front: a case, the work list or the page of the first start.
    preferences_wanted()
        The person asks for the preferences, which the workbench has.
    closing()
        The window is about to close.
    """

    rebuild_wanted = Signal()
    case_shown = Signal(object)
    case_leaving = Signal(object)
    front_changed = Signal()
    preferences_wanted = Signal()
    closing = Signal()

    def __init__(self, context: UiContext, workspace: Workspace, memory: WindowMemory) -> None:
        super().__init__()
        self.context = context
        self._workspace = workspace
        self._memory = memory
        self.page: CasePage | None = None
        self.home: WorklistPage | None = None
        self.at_home = False
        self._has_cases: Callable[[], bool] = lambda: False
        # What is typed and not in the record yet, in words; the workbench knows.
        self.unsaved: Callable[[], str] = lambda: ""
        self.may_close: Callable[[], bool] = lambda: True
        self.pool = QThreadPool()  # no child of the window: what closes a case may outlive that
        self.pool.setMaxThreadCount(2)
        self.folders = QThreadPool()  # reads other cases than the open one, which does not wait for them
        self.folders.setMaxThreadCount(2)
        self.closer = CaseCloser(self.pool, self)
        self.unawaited = UnawaitedThreads()
        self.setWindowIcon(app_icon())
        self.setMinimumSize(QSize(1000, 640))
        self.setAcceptDrops(True)
        self._build_layout()
        self._connect()
        self._show_state()

    # -- building --------------------------------------------------------------------------------------

    def _build_layout(self) -> None:
        context = self.context
        self.actions_ = Actions(context, self)
        self._latin = LatinShortcuts(self)
        self.recent_menu = QMenu(tr("Open &recent"), self)
        self.actions_.fill_menus(self.menuBar(), self.recent_menu)
        toolbar = CommandBar()
        self.actions_.fill_toolbar(toolbar)
        self.addToolBar(toolbar)
        self.banners = BannerStack(context)
        self.empty = EmptyState(context)
        self.body = QStackedWidget()
        self.body.addWidget(self.empty)
        self.progress = AnalysisBar(context)
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.body, 1)
        layout.addWidget(self.progress)
        self.setCentralWidget(middle)
        self.saved_label, self._person = fill_foot(self.statusBar())
        self.analysis = AnalysisControl(context, self.progress, self.banners, self)
        self.opener = Opener(context, self._workspace, self.banners, self.pool, self, self.closer)
        self.reporter = Reporter(context, self.banners, self.pool, self.unawaited, self)
        self.reviewer = Reviewer(context, self._workspace, self._memory, self)
        self.reviewer.changed.connect(self._use_reviewer)
        self._lost_focus = LostFocus(self, self._focus_front)

    def _connect(self) -> None:
        a = self.actions_
        for name, act in (
            ("open_folder", self.opener.choose_folder), ("open_slide", self.opener.choose_slide),
            ("open_case", self.opener.choose_case), ("open_demo", self.opener.open_demo),
            ("continue_run", self.continue_analysis), ("analyse_again", self._analyse_again),
            ("export", self.export), ("sign", self.sign),
            ("close_case", self.close_case), ("quit", self.close),
            ("undo", self._with_open_case(lambda p: p.undo())),
            ("redo", self._with_open_case(lambda p: p.redo())),
            ("larger", self._with_open_case(lambda p: p.gallery.step_side(1))),
            ("smaller", self._with_open_case(lambda p: p.gallery.step_side(-1))),
            ("explain", self._with_open_case(lambda p: p.inspector.heat_button.toggle())),
            ("mend_outline", self._with_open_case(lambda p: p.inspector.mend_outline())),
            ("loupe", self._with_open_case(lambda p: p.gallery.loupe.switch(a.get("loupe").isChecked()))),
            ("next_panel", self._next_panel), ("notices", self.banners.take_keyboard),
            ("keys", self._edit_keys),
            ("preferences", self.preferences_wanted.emit),
            ("person", self.reviewer.ask), ("about", lambda: AboutDialog(self).exec()),
            ("theme_system", lambda: self._choose_theme("system")),
            ("theme_light", lambda: self._choose_theme("light")),
            ("theme_dark", lambda: self._choose_theme("dark")),
        ):  # fmt: skip
            a.connect(name, act)
        for name, of_page in PAGE_COMMANDS.items():
            a.connect(name, self._with_open_case(of_page))
        for code, action in a.class_actions.items():
            name_cells = self._with_open_case(partial(CasePage.relabel, code=code))
            action.triggered.connect(lambda _=False, act=name_cells: act())
        self.empty.folder_wanted.connect(self.opener.choose_folder)
        self.empty.slide_wanted.connect(self.opener.choose_slide)
        self.empty.demo_wanted.connect(self.opener.open_demo)
        self.empty.path_chosen.connect(lambda p: self.opener.open_path(Path(p)))
        self.empty.dropped.connect(self.opener.tell_dropped)
        self.opener.opened.connect(self._opened)
        self.opener.reopening.connect(self.close_case)
        self.opener.busy.connect(self._show_opening_progress)
        self.reporter.busy.connect(self._disable_while_writing)
        self.reporter.cells_wanted.connect(self._show_cells)
        self.analysis.state_changed.connect(self._show_state)
        self.analysis.scale_wanted.connect(self._analyse_again)
        self.context.theme.changed.connect(self._show_state)

    def _with_open_case(self, act: Callable[[CasePage], None]) -> Callable[[], None]:
        """`act` on the case in front, nothing without one: what nobody sees is not changed."""

        def run() -> None:
            if self.front is not None:
                act(self.front)

        return run

    # -- home ------------------------------------------------------------------------------------------

    @property
    def front(self) -> CasePage | None:
        """The case in front; None while the work list, or the page of the first start, is."""
        return None if self.at_home else self.page

    def set_home(self, home: WorklistPage, has_cases: Callable[[], bool]) -> None:
        """Give the window its work list."""
        self.home, self._has_cases = home, has_cases
        self.body.addWidget(home)
        self._show_state()

    def show_home(self) -> None:
        """Show the work list; an open case stays open behind it."""
        if self.home is not None:
            self.commit_typing()
            self._go(at_home=True)

    def show_case(self) -> None:
        """Show the open case again."""
        if self.page is not None and self.at_home:
            self._go(at_home=False)

    def _go(self, *, at_home: bool) -> None:
        self.at_home = at_home
        self._show_state()
        self._focus_front()

    def _focus_front(self) -> None:
        if self.front is not None:
            self.front.views.focus_front()
        elif self.home is not None and self.home.isVisible():
            self.home.table.setFocus()

    # -- the open case ---------------------------------------------------------------------------------

    def _opened(self, session: CaseSession, job: Job | None) -> None:
        self.close_case()
        self.attach(session)
        if job is not None:
            self.analysis.run(job, session, self.page.header if self.page else None)
        self._show_state()

    def attach(self, session: CaseSession) -> None:
        """Show an open case."""
        self.banners.leave_case()  # problems with other wishes; this one was granted
        controller = ReviewController(session, self.reviewer.known, lambda count: ask_reason(count, self))
        controller.failed.connect(self.banners.error)
        controller.read_only_refused.connect(self._warn_read_only)
        if self._workspace.author:
            controller.set_author(self._workspace.author)
        self.reporter.case = session
        page = CasePage(self.context, controller, self.pool)
        self.page, self.at_home = page, False
        self.body.addWidget(page)
        self.body.setCurrentWidget(page)
        self.actions_.scope_review(page.review_panels())
        page.views.currentChanged.connect(self._enable_decisions)
        page.noticed.connect(
            lambda what, to_do: self.banners.show_banner("info", what, what_to_do=to_do, vanish_ms=6000)
        )
        page.gallery.loupe.switch(self.actions_.get("loupe").isChecked())
        page.restore_look(self._memory)
        self.analysis.heard.connect(page.take_events)
        page.state_changed.connect(self._show_state)
        page.offer_menu(self.actions_.cell_menu)
        page.gallery.view.setFocus()
        self._show_state()
        self.analysis.tell_opened(session)
        self.case_shown.emit(page)

    def _enable_decisions(self) -> None:
        page = self.front
        self.actions_.enable_decisions(
            page is not None and page.views.cells_in_front() and not is_refused(page.session)
        )

    def detach(self) -> CaseSession | None:
        """Let go of the case without closing it; returns it."""
        self.commit_typing()
        page, self.page, self.reporter.case = self.page, None, None
        if page is None:
            return None
        self.case_leaving.emit(page)
        page.remember_look(self._memory)
        page.close_case()
        self.body.removeWidget(page)
        page.deleteLater()
        self.banners.leave_case()
        self._show_state()
        self._focus_front()
        return page.session

    def close_case(self) -> None:
        """Stop what runs and close the case; every decision is in its file already."""
        self.analysis.stop()
        session = self.detach()
        if session is not None:
            self.closer.close(session)
        self.banners.forget_dismissed()

    def continue_analysis(self) -> None:
        """Analyse what an analysis of the open case left out."""
        if self.page is None or self.analysis.running:
            return
        try:
            options = OpenOptions(zones=self.page.zones())
            job = self._workspace.continue_analysis(self.page.session, options)
        except UserError as error:
            self.banners.error(error)
            return
        self.analysis.run(job, self.page.session, self.page.header)

    def _analyse_again(self) -> None:
        if self.page is not None and not self.analysis.running:
            self.opener.open_again(self.page.session.specimen)

    def export(self) -> None:
        """Ask where to, then write the report of the open case."""
        if self.front is not None:
            self.commit_typing()
            self.reporter.export(self.front.session, self)

    def sign(self) -> None:
        """Sign the report of the open case, or amend the signed one."""
        page = self.front
        if page is not None and page.controller.may_decide():
            self.commit_typing()
            self._workspace.notice_settings()
            self.reporter.sign(page.controller, self)
            page.refresh_numbers()

    def _next_panel(self) -> None:
        if self.front is None:
            return
        panels = self.front.panels()
        focus = QApplication.focusWidget()
        at = next((i for i, p in enumerate(panels) if p is focus), -1)
        panels[(at + 1) % len(panels)].setFocus(Qt.FocusReason.ShortcutFocusReason)

    # -- who, and how it looks -------------------------------------------------------------------------

    def _warn_read_only(self) -> None:
        if self.page is not None:
            refuse_change(self.page.session, self.banners, self.opener, self.reviewer)

    def _use_reviewer(self, name: str) -> None:
        if self.page is not None:
            self.page.controller.set_author(name)
        self._show_state()

    def _choose_theme(self, choice: str) -> None:
        self.context.theme.choose(choice)
        self._save(theme=choice)

    def _edit_keys(self) -> None:
        dialog = KeyMapDialog(self.context, self._workspace.settings, self, self.menuBar())
        if dialog.exec():
            self._save(keys=dialog.answer().keys)
            self.context.keymap = KeyMap(self._workspace.settings.key_map)
            self.rebuild_wanted.emit()

    def _save(self, **changes: object) -> None:
        try:
            self._workspace.save_settings(replace(self._workspace.settings, **changes))  # type: ignore[arg-type]
        except UserError as error:
            self.banners.error(error, stays=True)

    # -- showing what holds ----------------------------------------------------------------------------

    def _show_state(self) -> None:
        page, a = self.front, self.actions_
        begun = self.home is not None and (self.at_home or self._has_cases())
        self.body.setCurrentWidget(page or (self.home if begun else self.empty) or self.empty)
        a.enable_case(page is not None)
        self._enable_decisions()
        state = page.session.state if page is not None else None
        a.get("undo").setEnabled(state is not None and state.can_undo)
        a.get("redo").setEnabled(state is not None and state.can_redo)
        show_sign_command(a, page.session if page is not None else None, self.context.language.lang)
        idle = None if page is None or self.analysis.running else page.session
        a.get("analyse_again").setEnabled(idle is not None and bool(idle.specimen.images))
        a.get("continue_run").setEnabled(idle is not None and leaves_work(idle.runs, idle.specimen))
        for choice in ("system", "light", "dark"):
            a.get(f"theme_{choice}").setChecked(self.context.theme.choice == choice)
        author = self._workspace.author
        show_reviewer(self._person, author)
        if page is None:
            self.saved_label.setText("")
            self.setWindowTitle("bloodcells")
        else:
            self.show_saved()
            self.saved_label.setToolTip(plain_tip(str(page.session.path)))
            self.setWindowTitle(f"{' '.join(page.session.specimen.id.split())[:80]} — bloodcells")
        self.front_changed.emit()

    def show_saved(self) -> None:
        """Say at the foot that all is saved, or what is not."""
        if self.page is not None:
            self.saved_label.setText(self.unsaved() or saved_words(self.page.session))

    def commit_typing(self) -> None:
        """Enter what is being typed into a field of the case, as leaving the field does."""
        field = QApplication.focusWidget()
        if self.page is not None and field is not None and self.page.isAncestorOf(field):
            field.clearFocus()
            field.setFocus()

    def _show_opening_progress(self, what: str) -> None:
        if what:
            self.progress.begin(what, can_cancel=False)
        elif not self.analysis.running:
            self.progress.end()

    def _disable_while_writing(self, what: str) -> None:
        # The report is of one moment: nothing may be decided while it is written.
        page = self.page
        if page is not None:
            focus = page.focusWidget()
            page.setEnabled(not what)
            if not what and page.isVisible() and QApplication.focusWidget() is None:
                (focus or page.views).setFocus()  # a disabled page has lost the keyboard
        self._show_opening_progress(what)

    def _show_cells(self, cells: tuple[int, ...]) -> None:
        if self.page is not None:
            self.page.views.show_cells(cells)
            self.page.views.focus_front()

    # -- window events ---------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_path(event)
        if path is not None:
            event.acceptProposedAction()
            self.opener.open_path(Path(path))
            self.opener.tell_dropped(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._focus_front()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        self._memory.put("window", self.saveGeometry())
        self.closing.emit()
        self.opener.stop()
        self.reporter.stop()
        self.close_case()
        self.closer.finish()
        for pool in (self.pool, self.folders):
            pool.waitForDone(5000)
        self._memory.sync()
        super().closeEvent(event)
