"""The search for earlier films before a report is signed or shown."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialogButtonBox, QProgressBar, QWidget

from bloodcells_gui.app.earlier_films import FilmFinder, FoundFilms
from bloodcells_gui.domain.earlier_films import NOT_AWAITED, SEARCH_FAILED
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads

# No dialog comes and goes for a search that ends sooner.
_MOMENT_MS = 400


class FilmSearch(QObject):
    """Looks for the earlier films of a case in the background.

    The answer of a search that failed, or that nobody waited for, says so in the report.

    Attributes
    ----------
    found : FoundFilms or None
        The answer; None before it has come, and where the session compares with none.

    Signals
    -------
    ended()
        The answer is there.
    """

    ended = Signal()

    def __init__(self, finder: FilmFinder, threads: UnawaitedThreads, parent: QObject) -> None:
        super().__init__(parent)
        self.found: FoundFilms | None = None
        self.running = True
        self._finder = finder
        self._look = Lookup(threads, self)
        self._look.answered.connect(lambda _, found: self._end(found))
        self._look.failed.connect(lambda *_: self._end(finder.without(SEARCH_FAILED)))
        self._look.ask("films", finder)

    def give_up(self) -> None:
        """Go on without an answer."""
        self._look.forget()
        self._end(self._finder.without(NOT_AWAITED))

    def wait(self, window: QWidget) -> bool:
        """Wait until it has ended or is given up; after a moment in sight. False to go back to the case."""
        if self.running:
            moment = QEventLoop()
            self.ended.connect(moment.quit)
            QTimer.singleShot(_MOMENT_MS, moment, moment.quit)
            moment.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if not self.running:
            return True
        dialog = FilmWaitDialog(self, window)
        accepted = dialog.exec()
        dialog.deleteLater()
        return bool(accepted)

    def close(self) -> None:
        """Deliver nothing any more."""
        self._look.close()

    def _end(self, found: FoundFilms | None) -> None:
        self.running, self.found = False, found
        self.ended.emit()


class FilmWaitDialog(Form):
    """Shown while the signature waits for the search; closes by itself when that has ended.

    Enter presses neither button before one has the focus: a second Enter after the name decides nothing.
    """

    def __init__(self, search: FilmSearch, parent: QWidget) -> None:
        super().__init__(
            tr("Looking for earlier films…"),
            tr(
                "The report is compared with the patient's earlier film, and the folder of cases takes long "
                "to answer. Signed without it, the report says that earlier films were not compared."
            ),
            parent,
        )
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.windowTitle())
        self.bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.form.addRow(self.bar)
        self.buttons.removeButton(self.buttons.button(QDialogButtonBox.StandardButton.Ok))
        self.without_button = self.buttons.addButton(
            tr("Sign &without comparing"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.without_button.clicked.connect(self.accept)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Back to the case"))
        self._search = search
        search.ended.connect(self.accept)
        self.bar.setFocus()

    def accept(self) -> None:
        """Go on: with what was found, or without."""
        if self._search.running:
            self._search.give_up()  # comes here again
        else:
            super().accept()
