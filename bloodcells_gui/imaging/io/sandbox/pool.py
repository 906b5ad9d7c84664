"""Pool of decoder children for all threads; one that dies costs one answer and is replaced."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.imaging.io.refusal import COPY_OR_LEAVE_OUT, ImageRefused
from bloodcells_gui.imaging.io.sandbox.child import CPU_S
from bloodcells_gui.imaging.io.sandbox.handle import Child, ChildLost, command
from bloodcells_gui.imaging.io.sandbox.protocol import BadAnswer, refusal_from_wire

WALL_S = 60.0
"""How long a request may take by the clock: a slow network share is no hang (that is what CPU_S is for)."""
INTERRUPT_S = 1.0
"""What is left to a request when the person cancels."""
IDLE_S = 20.0
"""After so long without work children end and give their memory back."""
_TICK_S = 0.1
T = TypeVar("T")
_log = logging.getLogger(__name__)


class _UsedChildLost(Exception):
    """A child that had answered before is gone."""

    def __init__(self, lost: ChildLost) -> None:
        super().__init__(str(lost))
        self.lost = lost


class DecoderLost(ImageRefused):
    """A child crashed or was stopped on this image."""


@dataclass(eq=False)
class _Lease:
    child: Child
    deadline: float
    used: bool
    """Whether the child has answered requests before."""


class DecoderPool:
    """Runs requests in children. All methods may be called from any thread.

    Parameters
    ----------
    most : int
        Children at the same time.
    argv : callable
        The command of a child; tests put a misbehaving one in its place.
    cpu_s, wall_s, idle_s : float
        Limits in seconds.
    """

    def __init__(
        self,
        most: int,
        argv: Callable[[], Sequence[str]] = command,
        cpu_s: float = CPU_S,
        wall_s: float = WALL_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._most, self._argv = most, argv
        self._cpu_s, self._wall_s, self._idle_s = cpu_s, wall_s, idle_s
        self._changed = threading.Condition()
        self._idle: list[Child] = []
        self._busy: list[_Lease] = []
        self._starting = self._numbers = 0
        self._watched = self._closed = False
        self._used = time.monotonic()

    @property
    def pids(self) -> list[int]:
        """Process ids of the children that run now."""
        with self._changed:
            return [c.pid for c in self._idle] + [b.child.pid for b in self._busy]

    def run(
        self, request: dict[str, Any], take: Callable[[Child, dict[str, Any]], T], again: bool = True
    ) -> T:
        """Ask a child; `take` makes the result from its answer while the child is still held.

        A child that is lost may have died before it took the request; with `again` a new one is asked then.

        Raises
        ------
        ImageRefused
            The child's own refusal, or that it crashed, hung or answered nonsense on this image.
        OSError
            When no child can be started on this machine.
        """
        try:
            return self._run(request, take, self._take_child(str(request["path"])))
        except _UsedChildLost as e:
            # It may have died before it took this request, or of an earlier one: a new child tells.
            if not again:
                raise _lost(str(request["name"]), e.lost) from e
            return self._run(request, take, self._take_child(str(request["path"]), new=True))

    def _run(self, request: dict[str, Any], take: Callable[[Child, dict[str, Any]], T], busy: _Lease) -> T:
        name, path = str(request["name"]), str(request["path"])
        fit = False
        try:
            answer = busy.child.ask(
                {**request, "cpu_s": self._cpu_s, "close": self._take_stale_paths(busy.child)}
            )
            if (refused := refusal_of(answer, name)) is not None:
                fit = True
                raise refused
            result = take(busy.child, answer)
            busy.child.open_paths.add(path)
            fit = True
        except ChildLost as e:
            _log.warning(
                "a decoder is lost: exit code %d, past its time: %s, had answered before: %s",
                e.exit_code, _over_its_time(e), busy.used,
            )  # fmt: skip
            if busy.used and not _over_its_time(e) and not self._closed:
                raise _UsedChildLost(e) from e
            raise _lost(name, e) from e
        except BadAnswer as e:
            _log.warning("a decoder gave no proper answer and is replaced")
            raise ImageRefused(
                name, "Its decoder failed on it ({detail}).", COPY_OR_LEAVE_OUT, detail=str(e)
            ) from e
        finally:
            self._give_back(busy, fit)
        return result

    def forget(self, path: Path) -> None:
        """Every child closes `path` when it is next asked for something."""
        with self._changed:
            for child in [*self._idle, *(b.child for b in self._busy)]:
                if str(path) in child.open_paths:
                    child.open_paths.remove(str(path))
                    child.stale_paths.add(str(path))

    def interrupt(self) -> None:
        """The person cancelled: requests that hang are ended in a second, whatever their limits were."""
        with self._changed:
            soon = time.monotonic() + INTERRUPT_S
            for busy in self._busy:
                busy.deadline = min(busy.deadline, soon)

    def close(self) -> None:
        """End every child; later requests are refused with OSError."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            for busy in self._busy:
                busy.child.kill()
            self._changed.notify_all()
        for child in idle:
            child.close()

    def _take_child(self, path: str, new: bool = False) -> _Lease:
        """An idle child, best one that has `path` open already; else a new one; else wait for one.

        With `new` always a new one, in the place of an idle one where there are as many as there may be.
        """
        with self._changed:
            while not self._closed:
                self._reap([c for c in self._idle if not c.alive])
                if self._idle and not new:
                    child = next((c for c in self._idle if path in c.open_paths), self._idle[-1])
                    self._idle.remove(child)
                    return self._lease(child, used=True)
                if self._running() < self._most:
                    self._reap(self._idle[: max(0, len(self._idle) + 1 + self._running() - self._most)])
                    self._starting += 1
                    break
                self._changed.wait()
            else:
                raise OSError("the decoders were closed")
        try:
            return self._start()
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def _running(self) -> int:
        return len(self._busy) + self._starting

    def _start(self) -> _Lease:
        self._numbers += 1
        try:
            child = Child(self._argv(), self._numbers)
        except (ChildLost, BadAnswer) as e:
            raise OSError(f"a decoder could not be started ({e})") from e
        with self._changed:
            return self._lease(child, used=False)

    def _take_stale_paths(self, child: Child) -> list[str]:
        with self._changed:
            stale, child.stale_paths = child.stale_paths, set()
        return sorted(stale)

    def _reap(self, dead: list[Child]) -> None:
        for child in dead:
            self._idle.remove(child)
            child.close()

    def _lease(self, child: Child, used: bool) -> _Lease:
        busy = _Lease(child, time.monotonic() + self._wall_s, used)
        self._busy.append(busy)
        if not self._watched:
            self._watched = True
            threading.Thread(target=self._enforce_timeouts, name="decoders' clock", daemon=True).start()
        self._changed.notify_all()
        return busy

    def _give_back(self, busy: _Lease, fit: bool) -> None:
        with self._changed:
            self._busy.remove(busy)
            self._used = time.monotonic()
            fit = fit and not self._closed and not busy.child.late
            if fit:
                self._idle.append(busy.child)
            self._changed.notify_all()
        if not fit:
            busy.child.close()

    def _enforce_timeouts(self) -> None:
        """End requests past their time, and idle children after a while; ends with the last child."""
        while True:
            with self._changed:
                now = time.monotonic()
                for busy in self._busy:
                    if now > busy.deadline and not busy.child.late:
                        busy.child.late = True
                        busy.child.kill()
                spare: list[Child] = []
                if not self._busy and now - self._used > self._idle_s:
                    spare, self._idle = self._idle, []
                if not self._busy and not self._idle and not self._starting:
                    self._watched = False
                done = not self._watched
                if not done and not spare:
                    self._changed.wait(_TICK_S if self._busy else self._idle_s)
            for child in spare:
                child.close()
            if done:
                return


def refusal_of(answer: dict[str, Any], name: str) -> ImageRefused | None:
    """What a child's answer about the image `name` refuses it for, if it does."""
    if "refused" in answer:
        return refusal_from_wire(answer["refused"])
    if "failed" in answer:
        detail = str(answer["failed"])
        return ImageRefused(name, "Its decoder failed on it ({detail}).", COPY_OR_LEAVE_OUT, detail=detail)
    return None


def _over_its_time(e: ChildLost) -> bool:
    return e.late or e.exit_code == -getattr(signal, "SIGXCPU", 0)


def _lost(name: str, e: ChildLost) -> DecoderLost:
    if _over_its_time(e):
        return DecoderLost(name, N_("Its decoder did not come to an end and was stopped."), COPY_OR_LEAVE_OUT)
    how = f"signal {-e.exit_code}" if e.exit_code < 0 else f"exit code {e.exit_code}"
    return DecoderLost(name, N_("Its decoder crashed on it ({detail})."), COPY_OR_LEAVE_OUT, detail=how)
