"""The cases opened lately, in the menu and on the page of the first start: what they are, not where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from bloodcells_gui.app.worklist import CaseState, RecentCase, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import menu_text
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.worklist.model import counted_text, name_of, state_name


class RecentCases(QObject):
    """Reads what the recent cases are in the background, and shows what was read last.

    Parameters
    ----------
    opened : callable
        Opens the case at a path.
    """

    def __init__(
        self,
        context: UiContext,
        window: MainWindow,
        workspace: Workspace,
        cases: WorkList,
        opened: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._workspace = workspace
        self._cases = cases
        self._opened = opened
        self._known: dict[Path, RecentCase] = {}
        self._asked: list[Path] | None = None
        self._looks = Lookup(window.folders, self)
        self._looks.answered.connect(lambda _, found: self._read(found))
        window.recent_menu.aboutToShow.connect(self._fill)
        window.front_changed.connect(self.refresh)
        window.closing.connect(self._looks.close)
        self.refresh()

    def refresh(self) -> None:
        """Read what they are while no case is in front: then they may have changed."""
        if self._window.front is None:
            cases, paths = self._cases, self._workspace.remembered()
            self._looks.ask("recent", lambda: cases.describe(paths))
            self._show()

    def _read(self, found: list[RecentCase]) -> None:
        self._known = {case.path: case for case in found}
        self._show()

    def _show(self) -> None:
        paths = self._workspace.remembered()
        self._window.empty.show_recent([(self.text(p), p, self.is_there(p)) for p in paths])

    def is_there(self, path: Path) -> bool:
        """Whether the case can be opened, as far as is known."""
        known = self._known.get(path)
        return known is None or known.entry is not None

    def text(self, path: Path) -> str:
        """What a case is, in one line; the name of its file while nobody has looked into it."""
        known = self._known.get(path)
        if known is None:
            return path.stem
        entry = known.entry
        if entry is None:
            return tr("{case}  —  not there any more").format(case=path.stem)
        if entry.state is CaseState.UNREADABLE:
            return f"{path.stem}  —  {state_name(entry.state)}"
        language = self._context.language
        counted = tr("{counted} leukocytes").format(counted=counted_text(entry, language))
        return "  —  ".join((name_of(entry), state_name(entry.state), language.when(entry.created), counted))

    def _fill(self) -> None:
        menu = self._window.recent_menu
        menu.clear()
        for path in self._workspace.remembered():
            action = menu.addAction(menu_text(self.text(path)))
            action.setEnabled(self.is_there(path))
            action.triggered.connect(lambda _=False, p=path: self._opened(p))
