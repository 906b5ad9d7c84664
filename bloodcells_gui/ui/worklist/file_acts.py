"""What is done with case files from the work list: copy, move, bring in, recover, one table over many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QThreadPool, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from bloodcells_gui.app.worklist import CaseEntry, CaseState, Recovery, TableWritten, WorkList
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.file_names import CASE_SUFFIX
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.recovery_text import recovered


class FileActs(QMenu):
    """The menu of these acts; each runs in the background and says what came of it.

    Parameters
    ----------
    chosen, shown : callable
        The cases that are chosen, and all that are shown.

    Signals
    -------
    done()
        Something in the folder may have changed.
    """

    done = Signal()

    def __init__(
        self,
        context: UiContext,
        cases: WorkList,
        banners: BannerStack,
        pool: QThreadPool,
        window: QWidget,
        chosen: Callable[[], list[CaseEntry]],
        shown: Callable[[], list[CaseEntry]],
    ) -> None:
        super().__init__(window)
        self._context = context
        self._cases = cases
        self._banners = banners
        self._window = window
        self._chosen = chosen
        self._shown = shown
        self.setToolTipsVisible(True)
        self._add(tr("&Bring in…"), self._take_in, tr("From another workstation"))
        self.copy = self._add(tr("&Copy to…"), lambda: self._transfer(cases.copy))
        self.move_away = self._add(tr("&Move to…"), lambda: self._transfer(cases.move))
        self.recover = self._add(tr("&Recover"), self._recover)
        self._add(tr("&Table…"), self._choose_table, tr("One table over the chosen cases, or over all shown"))
        self._acts = QueuedLookup(pool, self)
        self._acts.answered.connect(self._on_task_done)
        self._acts.failed.connect(self._on_task_failed)

    def _add(self, text: str, act: Callable[[], None], tip: str = "") -> QAction:
        action = self.addAction(text)
        action.setToolTip(tip)
        action.triggered.connect(lambda _=False: act())
        return action

    def show_state(self, chosen: Sequence[CaseEntry], *, under_way: bool) -> None:
        """What can be done with the chosen cases; `under_way`: the analysis of one waits or runs."""
        damaged = [e for e in chosen if e.state is CaseState.UNREADABLE]
        for action in (self.copy, self.move_away):
            action.setEnabled(bool(chosen) and not damaged and not under_way)
        self.recover.setEnabled(len(damaged) == len(chosen) == 1)

    # -- acts ------------------------------------------------------------------------------------------

    def _choose_table(self) -> None:
        filters = f"{tr('Workbook')} (*.xlsx);;{tr('Tables')} (*.csv)"
        path = self._context.files.choose_target(
            FileKind.TABLE, self._window, tr("Table of the cases"), "cases.xlsx", filters
        )
        if path is not None:
            self.write_table(path)

    def write_table(self, target: Path) -> None:
        """One table over the chosen cases, over all shown where fewer than two are chosen."""
        chosen = self._chosen()
        if len(chosen) < 2:
            chosen = self._shown()
        cases, lang = self._cases, self._context.language.lang
        self._acts.ask(("table", target), lambda: cases.write_table(chosen, target, lang))

    def _transfer(self, act: Callable[[Path, Path], Path]) -> None:
        folder = self._context.files.choose_folder(FileKind.TRANSFER, self._window, tr("To this folder"))
        if folder is not None:
            self.transfer([e.path for e in self._chosen()], folder, act)

    def transfer(self, paths: list[Path], folder: Path, act: Callable[[Path, Path], Path]) -> None:
        """Copy or move cases to `folder` in the background."""
        self._acts.ask(("transfer", folder), lambda: [act(p, folder) for p in paths])

    def _take_in(self) -> None:
        title, filters = tr("Case from another workstation"), f"{tr('Cases')} (*{CASE_SUFFIX})"
        path = self._context.files.choose_file(FileKind.CASE_ELSEWHERE, self._window, title, filters)
        if path is not None:
            cases = self._cases
            self._acts.ask(("taken", path), lambda: cases.take_in(path))

    def _recover(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            cases, path = self._cases, chosen[0].path
            self._acts.ask(("recover", path), lambda: cases.recover(path))

    # -- what came of them -----------------------------------------------------------------------------

    def _on_task_done(self, tag: tuple[str, Path], result: object) -> None:
        what, place = tag
        if what == "transfer" and isinstance(result, list):
            text = ngettext(
                "{n} case was transferred and compared byte by byte.",
                "{n} cases were transferred and compared byte by byte.",
                len(result),
            )
            self._banners.show_banner("ok", text, str(place))
        elif what == "taken":
            self._banners.show_banner("ok", tr("The case is here now."), str(result))
        elif isinstance(result, TableWritten):
            self._tell_table(result, place)
        elif isinstance(result, tuple):
            self._tell_recovery(*result)
        self.done.emit()

    def _tell_table(self, result: TableWritten, target: Path) -> None:
        text = ngettext("{n} case is in the table.", "{n} cases are in the table.", result.written)
        if result.unreadable:
            names = ", ".join(result.unreadable[:5]) + ("…" if len(result.unreadable) > 5 else "")
            text += " " + tr("Left out because they cannot be read: {names}").format(names=names)
        self._banners.show_banner("warning" if result.unreadable else "ok", text, str(target))

    def _tell_recovery(self, target: Path, found: Recovery) -> None:
        self._banners.show_banner(*recovered(self._context.language, target, found))

    def _on_task_failed(self, _tag: object, error: object) -> None:
        if isinstance(error, UserError):
            self._banners.error(error)
        elif isinstance(error, BaseException):
            self._banners.crash(error)
        self.done.emit()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._acts.close()
