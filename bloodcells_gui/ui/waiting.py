"""Ask the laboratory's database without freezing the window: it repaints, and takes no input meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from bloodcells_gui.ui.i18n import tr

T = TypeVar("T")
# An answer within this time is waited for without a word; nobody notices.
_MOMENT_S = 0.15
_LOOK_MS = 20
_INPUT = frozenset(
    {
        QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride, QEvent.Type.Shortcut,
        QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick,
        QEvent.Type.Wheel, QEvent.Type.ContextMenu, QEvent.Type.Close, QEvent.Type.Drop,
    }
)  # fmt: skip


class _NoInput(QObject):
    """Drops whatever a person types or clicks."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() not in _INPUT:
            return False
        if event.type() == QEvent.Type.Close:
            event.ignore()
        return isinstance(watched, QWidget) or event.type() != QEvent.Type.Close


class _Asked(Generic[T]):
    """One question in a thread of its own, and what became of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="asks the database", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._work())
        except BaseException as error:  # it is raised again in the window's thread
            self._error = error

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._result[0]


def while_it_answers(window: QWidget, work: Callable[[], T]) -> T:
    """Do `work` in a thread of its own and return what it returns, or raise what it raises.

    Where it takes longer than a moment, `window` says that the laboratory's database is waited for and goes
    on repainting. What is typed and clicked meanwhile is dropped: it must not act on what comes after.

    Parameters
    ----------
    work : callable
        Must touch nothing of the window.
    """
    asked = _Asked(work)
    asked.thread.join(_MOMENT_S)
    app = QApplication.instance()
    if app is None or not asked.thread.is_alive():
        asked.thread.join()
        return asked.result()
    no_input, said, loop = _NoInput(), _notice(window), QEventLoop()
    app.installEventFilter(no_input)
    QApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)
    timer = QTimer()
    timer.setInterval(_LOOK_MS)
    timer.timeout.connect(lambda: None if asked.thread.is_alive() else loop.quit())
    timer.start()
    try:
        loop.exec()
        QApplication.processEvents()  # what was typed last is dropped, too
    finally:
        timer.stop()
        QApplication.restoreOverrideCursor()
        app.removeEventFilter(no_input)
        said.hide()
        said.deleteLater()
    return asked.result()


def _notice(window: QWidget) -> QLabel:
    said = QLabel(tr("Waiting for the laboratory's database…"), window)
    said.setObjectName("waiting")
    said.setMargin(14)
    said.setFrameShape(QLabel.Shape.StyledPanel)
    said.setAutoFillBackground(True)
    said.adjustSize()
    said.move(window.rect().center() - said.rect().center())
    said.show()
    said.raise_()
    return said
