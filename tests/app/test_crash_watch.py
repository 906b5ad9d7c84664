"""A crash of a compiled part, a kill and a quiet end, as the next process of the program finds them."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bloodcells_gui.app.bug_report import EarlierCrash, trace_lines
from bloodcells_gui.app.crash_watch import crash_watch
from bloodcells_gui.app.log import FILE_NAME, logging_to

ROOT = Path(__file__).resolve().parents[2]
NAME = "Mustermann"
PROGRAM = """
import sys, time; sys.path.insert(0, {root!r})
from pathlib import Path
from bloodcells_gui.app import crash_watch
from bloodcells_gui.app.log import logging_to
import ctypes, os, signal
def {name}():
    {end}
folder = Path({folder!r})
with logging_to(folder), crash_watch.crash_watch(folder):
    print("runs", flush=True)
    {name}()
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


def process(folder: Path, end: str) -> subprocess.Popen[str]:
    folder.mkdir(parents=True, exist_ok=True)
    code = PROGRAM.format(root=str(ROOT), name=NAME, end=end, folder=str(folder))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONFAULTHANDLER"}
    one = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert one.stdout is not None
    assert one.stdout.readline() == "runs\n"
    return one


def found_next(folder: Path) -> str:
    with logging_to(folder), crash_watch(folder):
        pass
    file = folder / FILE_NAME
    text = file.read_text("utf-8") if file.exists() else ""
    assert NAME not in text
    assert str(folder) not in text
    return text


@pytest.mark.parametrize(
    ("end", "kind"), [("os.abort()", "Aborted"), ("ctypes.string_at(0)", "Segmentation fault")]
)
def test_a_crash_is_in_the_log_with_its_places(tmp_path: Path, end: str, kind: str) -> None:
    folder = tmp_path / NAME / "log"
    one = process(folder, end)
    one.communicate(timeout=60)
    assert one.returncode < 0
    text = found_next(folder)
    assert f"an earlier process crashed: {kind}" in text
    assert "current thread" in text
    assert (
        "(elsewhere), line " in text
    )  # the code of this test's program; its function is named after a person
    if "ctypes" in end:
        assert "ctypes/__init__.py, line " in text
    assert not list(folder.glob("running-*"))


def test_a_kill_is_in_the_log_and_a_process_that_runs_is_not(tmp_path: Path) -> None:
    folder = tmp_path / NAME / "log"
    one = process(folder, "time.sleep(60)")
    assert "earlier process" not in found_next(folder)
    (left,) = folder.glob("running-*")
    one.send_signal(signal.SIGKILL)
    one.communicate(timeout=60)
    assert left.exists()
    assert "an earlier process was ended from outside" in found_next(folder)
    assert not left.exists()


def test_a_quiet_end_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    one = process(folder, "return")
    assert one.communicate(timeout=60) == ("", "")
    assert one.returncode == 0
    assert found_next(folder) == ""
    assert not list(folder.glob("running-*"))


def test_it_stays_away_where_traces_are_asked_for_already(tmp_path: Path) -> None:
    assert faulthandler.is_enabled()  # by pytest
    with crash_watch(tmp_path):
        assert list(tmp_path.iterdir()) == []
    assert faulthandler.is_enabled()


class Falls:
    """Fails where no caller can catch it."""

    def __del__(self) -> None:
        raise LookupError(NAME)


def test_faults_in_threads_and_for_nobody_are_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr(threading, "excepthook", done.append)
    monkeypatch.setattr(sys, "unraisablehook", lambda args: done.append(args.exc_type))
    before = threading.excepthook, sys.unraisablehook

    def fail() -> None:
        raise ZeroDivisionError(NAME)

    with logging_to(tmp_path), crash_watch(tmp_path):
        thread = threading.Thread(target=fail, name=NAME)
        thread.start()
        thread.join()
        Falls()
    assert (threading.excepthook, sys.unraisablehook) == before
    assert len(done) == 2  # the hooks of before are called too
    text = (tmp_path / FILE_NAME).read_text("utf-8")
    assert "builtins.ZeroDivisionError (its message is left out)" in text
    assert "builtins.LookupError (its message is left out)" in text
    assert NAME not in text


def test_odd_things_in_the_place_of_its_file_are_left(tmp_path: Path) -> None:
    (tmp_path / "running-1.txt").mkdir()
    (tmp_path / "kept.txt").write_text("kept", "utf-8")
    (tmp_path / "running-2.txt").symlink_to(tmp_path / "kept.txt")
    os.mkfifo(tmp_path / "running-3.txt")
    began = time.monotonic()
    assert "earlier process" not in found_next(tmp_path)
    assert time.monotonic() - began < 5
    assert (tmp_path / "kept.txt").read_text("utf-8") == "kept"


@pytest.mark.parametrize(
    "dump",
    [
        f"Fatal Python error: {NAME}\n\nCurrent thread 0x1 [{NAME}] (most recent call first):\n",
        f'Fatal Python error: Aborted\n  File "/home/{NAME}/site-packages/x.py", line 3 in {NAME} and more\n',
        f'  File "/home/{NAME}/x.py", line 3 in {NAME}\n',
        NAME * 1000,
        "\x00\x1b]0;Mustermann\x07",
    ],
)
def test_only_places_are_taken_from_a_trace(dump: str) -> None:
    text = "\n".join(trace_lines(EarlierCrash(dump)))
    assert NAME not in text
    assert "EarlierCrash (its message is left out)" in text
