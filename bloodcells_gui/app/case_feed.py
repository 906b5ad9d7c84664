"""Follow the laboratory's list in a thread: what other stations did comes in, what this one did goes out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.worklist_lines import CaseList

_log = logging.getLogger(__name__)
EVERY_S = 1.0
_KEPT_S = 1800.0
#: A large case is not read again and again while somebody works on it.
_REST = 20.0


@dataclass(slots=True)
class _Touched:
    """A case that this station works on: as it was seen and told last, and when it may be read again."""

    seen: tuple[int, int] = (0, 0)
    told: tuple[int, int] = (0, 0)
    not_before: float = 0.0
    until: float = 0.0


class CaseFeed:
    """Runs from construction until :meth:`close`.

    Parameters
    ----------
    cases : CaseList
    asked : callable
        Asks where the laboratory's folder is, now and then.
    every_s : float
        Seconds between two looks.

    Attributes
    ----------
    generation : int
        Goes up with whatever changed in the list.
    """

    def __init__(self, cases: CaseList, asked: Callable[[], object], every_s: float = EVERY_S) -> None:
        self.generation = 0
        self._cases, self._asked, self._every_s = cases, asked, every_s
        self._touched: dict[Path, _Touched] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="case-feed", daemon=True)
        self._thread.start()

    def touched(self, path: Path) -> None:
        """This station works on a case: other stations are told how it stands."""
        with self._lock:
            self._touched.setdefault(path.absolute(), _Touched()).until = time.monotonic() + _KEPT_S

    def close(self) -> None:
        """Stop; a database that does not answer holds nobody up."""
        self._over.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        rounds = 0
        while not self._over.wait(self._every_s):
            rounds += 1
            try:
                if rounds % 30 == 0:
                    self._asked()
                if self._cases.news():
                    self.generation += 1
                with self._lock:
                    touched = list(self._touched.items())
                for path, state in touched:
                    self._tell(path, state)
            except (UserError, OSError) as error:
                _log.warning("the laboratory's list cannot be followed", exc_info=error)
            except Exception as error:  # whatever happens, the next look follows
                _log.error("the laboratory's list cannot be followed", exc_info=error)

    def _tell(self, path: Path, state: _Touched) -> None:
        """Read a case of this station once it has changed and rests."""
        try:
            found = path.stat()
        except OSError:
            with self._lock:
                self._touched.pop(path, None)
            return
        now, stamp = time.monotonic(), (found.st_mtime_ns, found.st_size)
        rests, state.seen = stamp == state.seen, stamp
        if stamp == state.told:
            if now > state.until:
                with self._lock:
                    self._touched.pop(path, None)
            return
        state.until = now + _KEPT_S
        if not rests or now < state.not_before:
            return
        self._cases.entry(path)
        state.told = stamp
        state.not_before = time.monotonic() + _REST * (time.monotonic() - now)
        self.generation += 1
