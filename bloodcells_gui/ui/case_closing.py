"""Close a case once nothing reads it any more, without keeping the window waiting for a slow share."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from PySide6.QtCore import QObject, QThreadPool, Signal

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.jobs import once_done

_log = logging.getLogger(__name__)


class CaseCloser(QObject):
    """Closes the cases of a window.

    Attributes
    ----------
    pools : list of QThreadPool
        Where cases are read; whoever reads one elsewhere adds its pool.

    Signals
    -------
    closed(object)
        The case at this path, which had to be waited for, is closed and may be opened again.
    """

    closed = Signal(object)

    def __init__(self, pool: QThreadPool, parent: QObject) -> None:
        super().__init__(parent)
        self.pools = [pool]
        self._closing: dict[Path, threading.Thread] = {}
        self.closed.connect(self._forget)

    def close(self, session: CaseSession) -> None:
        """Close it now, or in the background when what reads it has ended."""
        path = session.path.absolute()
        waited = once_done(self.pools, session.close, lambda: self.closed.emit(path))
        if waited is not None:
            _log.info("a case is still read and is closed later")
            self._closing[path] = waited

    def is_closing(self, path: Path) -> bool:
        """Whether the case at `path` is still being closed."""
        return path.absolute() in self._closing

    def finish(self, wait_s: float = 5.0) -> None:
        """Wait for what is still being closed, for the end of the program."""
        for thread in self._closing.values():
            thread.join(wait_s)

    def _forget(self, path: Path) -> None:
        self._closing.pop(path, None)
