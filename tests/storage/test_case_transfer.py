"""A case that is moved is live in one place, whenever the move is killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import case_transfer, move_notes
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import move_case
from bloodcells_gui.storage.lock import CaseLock
from bloodcells_gui.storage.move_notes import PendingMove
from bloodcells_gui.storage.worklist import CaseState, Worklist
from tests.support.case_tools import Reviewer, a_case

# Makes one move a line on its input, each in a process of its own, and prints its number and then its exit
# code. That process kills itself right before its N-th step on the disk, by way of the calls that make it.
# Where processes cannot be forked, the first move is also the last one.
MOVER = """
import json, os, sys, traceback
from pathlib import Path
from bloodcells_gui.storage import case_transfer
def step(real):
    def wrapped(*args, **more):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), 9)
        return real(*args, **more)
    return wrapped
for line in sys.stdin:
    source, target, left = json.loads(line)
    pid = os.fork() if hasattr(os, "fork") else 0
    if pid:
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        continue
    print(os.getpid(), flush=True)
    for name in ("rename", "replace", "link", "unlink", "fsync", "open", "close"):
        setattr(os, name, step(getattr(os, name)))
    case_transfer.shutil.copyfileobj = step(case_transfer.shutil.copyfileobj)
    try:
        case_transfer.move_case(Path(source), Path(target))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
"""
NEVER = 0
ROOT = Path(__file__).resolve().parents[2]


def live(*folders: Path) -> list[Path]:
    return [p for f in folders if f.is_dir() for p in f.glob("*.bcs") if not p.name.startswith(".")]


def remains(*folders: Path) -> list[str]:
    return [
        p.name for f in folders if f.is_dir() for p in f.iterdir() if "mov" in p.name or ".part" in p.name
    ]


def is_whole(path: Path) -> bool:
    with CaseStore.open(path) as store:
        return store.verify() == [] and len(store.load_cells()) == 20


class Mover:
    """Moves cases in processes that may be killed; the program is imported once for all of them."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", MOVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def begin(self, source: Path, target: Path, step: int) -> int:
        """Start a move that kills itself before its `step`-th step; return the number of its process."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([str(source), str(target), step]) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def finish(self) -> int:
        """Wait for the move and return its exit code: 0 where it came to its end, 1 after a traceback."""
        assert self._server.stdout is not None
        line = self._server.stdout.readline()
        if line:
            return int(line)
        code = self._server.wait()
        self.close()
        self._start()
        return code

    def close(self) -> None:
        """End the process that starts the moves."""
        self._server.communicate()


@pytest.fixture
def mover() -> Iterator[Mover]:
    mover = Mover()
    yield mover
    mover.close()


def test_a_kill_before_every_step_leaves_one_live_case(mover: Mover, tmp_path: Path) -> None:
    template = tmp_path / "template.bcs"
    a_case(template).close()
    steps, settled_here, settled_there = 0, 0, 0
    for step in range(1, 200):
        here, there = tmp_path / f"{step}" / "here", tmp_path / f"{step}" / "there"
        here.mkdir(parents=True)
        shutil.copy(template, here / "a.bcs")
        mover.begin(here / "a.bcs", there, step)
        code = mover.finish()
        assert code != 1, step
        at_once = live(here, there)
        assert len(at_once) <= 1, (step, at_once)
        if step % 2:  # the work list looks
            with Worklist(here) as worklist:
                worklist.refresh()
                assert len(worklist.search()) == len(live(here))
        elif not (here / "a.bcs").exists():  # somebody opens it where it was
            with contextlib.suppress(UserError):  # it may have arrived
                CaseStore.open(here / "a.bcs").close()
        (found,) = live(here, there)
        assert is_whole(found)
        if step % 2 or not at_once:
            assert remains(here, there) == [], step
        settled_here += found.parent == here
        settled_there += found.parent == there
        if code == 0:
            steps = step
            break
    assert steps > 25  # each step of a move was reached
    assert settled_here > 10
    assert settled_there > 3


def test_kills_at_random_moments(mover: Mover, tmp_path: Path) -> None:
    rng = random.Random(4)
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    a_case(here / "a.bcs").close()
    for _ in range(12):
        (source,) = live(here, there)
        target = there if source.parent == here else here
        pid = mover.begin(source, target, NEVER)
        time.sleep(rng.uniform(0, 0.08))
        with suppress(ProcessLookupError):  # the move may have ended before
            os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        assert mover.finish() != 1
        assert len(live(here, there)) <= 1
        for folder in (here, there):
            with Worklist(folder) as worklist:
                worklist.refresh()
        (found,) = live(here, there)
        assert is_whole(found)
        assert remains(here, there) == []


@pytest.fixture
def cut_off(tmp_path: Path) -> PendingMove:
    """A move whose copy has come to life, and that was killed then."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    a_case(here / "a.bcs").close()
    move = PendingMove(here / "a.bcs", there / "a.bcs", there / ".a.bcs.77.part")
    move.begin()
    shutil.copy(move.path, move.part)
    move.hide()
    os.link(move.part, move.target)
    return move


def test_work_that_went_on_at_the_target_counts_as_arrived(cut_off: PendingMove) -> None:
    with CaseStore.open(cut_off.target) as store:
        Reviewer(store).act(EventKind.CONFIRM, 1)
    with Worklist(cut_off.path.parent) as worklist:
        worklist.refresh()
        assert worklist.search() == []
    assert live(cut_off.path.parent, cut_off.target.parent) == [cut_off.target]
    assert remains(cut_off.path.parent, cut_off.target.parent) == []


def test_another_case_at_the_target_is_not_taken_for_it(cut_off: PendingMove) -> None:
    cut_off.target.unlink()
    a_case(cut_off.target, clock=lambda: "2026-02-02T10:00:00Z").close()
    case_transfer.settle(cut_off.path)
    assert sorted(live(cut_off.path.parent, cut_off.target.parent)) == [cut_off.path, cut_off.target]


def test_a_target_out_of_reach_is_said_and_nothing_is_lost(cut_off: PendingMove) -> None:
    away = cut_off.target.parent.rename(cut_off.target.parent.with_name("stick in a pocket"))
    with Worklist(cut_off.path.parent) as worklist:
        worklist.refresh()
        (line,) = worklist.search()
        assert line.path == cut_off.path
        assert line.state is CaseState.UNREADABLE
        assert "was cut off" in line.problem
        assert "interrompu" in line.problem_in("fr")
        with pytest.raises(UserError, match="was cut off"):
            CaseStore.open(cut_off.path)
        assert cut_off.hidden.exists()
        away.rename(cut_off.target.parent)
        worklist.refresh()
        assert worklist.search() == []
    assert live(cut_off.target.parent) == [cut_off.target]


def test_a_move_at_work_is_left_alone(cut_off: PendingMove) -> None:
    lock = CaseLock(cut_off.path)
    try:
        with Worklist(cut_off.path.parent) as worklist:
            worklist.refresh()
            assert worklist.search() == []
        assert cut_off.hidden.exists()
    finally:
        lock.release()


def test_a_name_that_was_taken_meanwhile_is_not_replaced(cut_off: PendingMove) -> None:
    cut_off.target.unlink()
    cut_off.part.unlink()
    a_case(cut_off.path).close()
    case_transfer.settle(cut_off.path)
    assert sorted(p.name for p in live(cut_off.path.parent)) == ["a (2).bcs", "a.bcs"]


@pytest.mark.parametrize(
    "note",
    [
        b"", b"[]", b"{}", b'["a", 1]', b"[" * 50_000, b"\xff",
        b'["//host/share/a.bcs", "//host/share/.a.bcs.1.part"]',
        b'["/etc/a.bcs", "/etc/passwd"]', b'[[999], [1]]', b'["x", "y"]',
    ],
)  # fmt: skip
def test_a_note_from_a_stranger_costs_nothing(tmp_path: Path, note: bytes) -> None:
    a_case(tmp_path / "a.bcs").close()
    (tmp_path / ".a.bcs.moving").write_bytes(note)
    (tmp_path / ".b.bcs.moving").write_bytes(note)
    a_case(tmp_path / "c.bcs").close()
    (tmp_path / "c.bcs").rename(tmp_path / ".b.bcs.moved")
    with Worklist(tmp_path) as worklist:
        worklist.refresh()
        names = {e.path.name for e in worklist.search() if e.state is not CaseState.UNREADABLE}
        assert names == {"a.bcs"}
    assert (tmp_path / ".b.bcs.moved").exists()
    assert Path("/etc/passwd").exists() or os.name != "posix"


def test_a_case_changed_in_the_last_moment_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    a_case(here / "a.bcs").close()
    real = PendingMove.hide

    def hide(move: PendingMove) -> None:
        real(move)
        with move.hidden.open("ab") as file:  # as a database tool might
            file.write(b"\0" * 8192)

    monkeypatch.setattr(move_notes.PendingMove, "hide", hide)
    with pytest.raises(UserError, match="was changed while it was moved"):
        move_case(here / "a.bcs", there)
    assert live(here, there) == [here / "a.bcs"]
    assert remains(here, there) == []
