"""Two windows, full disks, read-only folders, lost shares: nothing is lost and the words are clear."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.times import local_text
from bloodcells_gui.storage import lock
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case
from bloodcells_gui.storage.connection import CaseDamaged, CaseUnreachable, HeldConnection
from bloodcells_gui.storage.lock import CaseInUse
from tests.support.case_tools import Reviewer, a_case, a_specimen, cells_of

HOLD = """
import sys
from pathlib import Path
from bloodcells_gui.storage.case import CaseStore
store = CaseStore.open(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


# -- two windows ---------------------------------------------------------------------------------------


def test_a_second_window_is_told_and_may_look(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 1)
        with pytest.raises(CaseInUse, match="open in another window") as caught:
            CaseStore.open(path)
        assert caught.value.holder.pid == os.getpid()
        assert not caught.value.elsewhere
        with CaseStore.open(path, read_only=True) as second:
            assert second.read_only
            assert len(second.events()) == 1
            person.act(EventKind.CONFIRM, 2)
            assert len(second.events()) == 2
            with pytest.raises(UserError, match="cannot be written"):
                Reviewer(second).act(EventKind.CONFIRM, 3)
        assert len(store.events()) == 2
    CaseStore.open(path).close()


def test_another_process_is_told_and_a_killed_one_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    process = holder(path)
    try:
        with pytest.raises(CaseInUse) as caught:
            CaseStore.open(path)
        assert caught.value.holder.pid == process.pid
        assert caught.value.holder.host == socket.gethostname()
    finally:
        ended(process)
    assert Path(f"{path}.lock").exists()
    with CaseStore.open(path) as store:
        assert store.after_crash
    with CaseStore.open(path) as store:
        assert not store.after_crash


def test_a_lock_of_another_computer_needs_a_persons_word(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    left: dict[str, Any] = {"host": "lab-2", "pid": 1, "since": "2026-01-01T00:00:00Z"}
    Path(f"{path}.lock").write_text(json.dumps(left))
    with pytest.raises(CaseInUse, match="lab-2") as caught:
        CaseStore.open(path)
    assert caught.value.elsewhere
    assert "take the case over" in caught.value.text()
    assert not caught.value.alive
    assert "2026-01-01T00:00:00Z" not in caught.value.text()
    assert f"since {local_text(left['since'])})" in caught.value.text()
    with CaseStore.open(path, take_over=True) as store:
        assert store.after_crash
        assert json.loads(Path(f"{path}.lock").read_text())["host"] == socket.gethostname()


@pytest.mark.parametrize("content", [b"\xff\x00", b"[]", b'{"host": {}', b"x" * 10_000])
def test_a_damaged_lock_file_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    Path(f"{path}.lock").write_bytes(content)
    CaseStore.open(path).close()


def test_without_system_locks_the_name_in_the_file_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: Any) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.bcs"
    with a_case(path), pytest.raises(CaseInUse):
        CaseStore.open(path)
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = {"host": socket.gethostname(), "pid": int(gone.stdout), "since": "x"}
    Path(f"{path}.lock").write_text(json.dumps(left))
    CaseStore.open(path).close()


def test_of_many_that_open_at_once_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    opened: list[CaseStore] = []
    refused: list[UserError] = []
    barrier = threading.Barrier(6)

    def attempt() -> None:
        barrier.wait()
        try:
            opened.append(CaseStore.open(path))
        except UserError as error:
            refused.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(refused)) == (1, 5)
    opened[0].close()


# -- full disk, read-only places ------------------------------------------------------------------------


def full(store: CaseStore) -> None:
    """No page more for this thread's connection: SQLite then fails as on a full disk."""
    with store._db.reading() as connection:  # noqa: SLF001  # a connection of the store
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_refuses_in_words_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 1)
        full(store)
        with pytest.raises(UserError, match="is full"):
            store.add_cells(0, *cells_of(20, 100))
        with pytest.raises(UserError, match="is full"):
            person.act(EventKind.NOTE, new="x" * 100_000)
        assert len(store.events()) == 1
        with store._db.reading() as connection:  # noqa: SLF001  # a connection of the store
            connection.execute("PRAGMA max_page_count = 1000000")
        person.act(EventKind.NOTE, new="there is room again")
        assert len(store.load_cells()) == 20
        assert store.verify() == []


def a_specimen_that_never_fits(path: Path) -> None:
    CaseStore.create(path, a_specimen(50_000), case_id="", created="", app_version="").close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A real file system of 1 MB, where the tests may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_real_small_disk(small_disk: Path) -> None:
    path = small_disk / "a.bcs"
    saved = 20
    with a_case(path, saved) as store:
        person = Reviewer(store)
        try:
            while True:
                store.add_cells(0, *cells_of(saved, 50))
                saved += 50
        except UserError as error:
            assert "is full" in str(error)  # noqa: PT017
        assert len(store.load_cells()) == saved
        events = 0
        try:
            while True:
                person.act(EventKind.NOTE, new="y" * 5000)
                events += 1
        except UserError as error:
            assert "is full" in str(error)  # noqa: PT017
    with CaseStore.open(path) as store:
        assert (len(store.load_cells()), len(store.events())) == (saved, events)
        assert store.verify() == []
    with pytest.raises(UserError):
        a_specimen_that_never_fits(small_disk / "b.bcs")
    assert not (small_disk / "b.bcs").exists()
    assert not list(small_disk.glob(".*"))


def as_nobody(work: Any, *args: Any) -> Any:
    """Run `work` where file permissions count (root may write anywhere)."""
    if os.name != "posix":
        pytest.skip("permissions of POSIX")
    if os.geteuid() != 0:
        return work(*args)
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()

    def run() -> None:
        os.setgid(65534)
        os.setuid(65534)
        theirs.send(work(*args))

    process = context.Process(target=run)
    process.start()
    process.join(30)
    assert process.exitcode == 0
    return mine.recv()


def _texts(path: Path) -> list[str]:
    found = []
    for opening in (
        lambda: CaseStore.open(path),
        lambda: CaseStore.create(
            path.with_name("b.bcs"), a_specimen(), case_id="", created="", app_version=""
        ),
    ):
        try:
            opening().close()
            found.append("opened")
        except UserError as error:
            found.append(str(error))
    with CaseStore.open(path, read_only=True) as store:
        found.append(str(len(store.load_cells())))
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_case(path, Path(folder) / "copy.bcs")
        found.append("same" if copy.read_bytes() == path.read_bytes() else "different")
    return found


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_read_only_folder_refuses_writing_and_allows_looking(tmp_path: Path) -> None:
    place = Path("/tmp") / f"bcs-{os.getpid()}"
    place.mkdir()
    try:
        a_case(place / "a.bcs").close()
        place.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
        opened, created, seen, copied = as_nobody(_texts, place / "a.bcs")
        assert "read-only" in opened
        assert "cannot be written" in created
        assert (seen, copied) == ("20", "same")
    finally:
        place.chmod(0o700)
        shutil.rmtree(place)


def test_creating_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    path.write_text("precious")
    with pytest.raises(UserError, match="already"):
        a_case(path)
    assert path.read_text() == "precious"
    with pytest.raises(UserError, match="cannot be reached"):
        a_case(tmp_path / "nowhere" / "a.bcs")


# -- lost shares ----------------------------------------------------------------------------------------


def test_a_share_lost_half_way_and_back_again(tmp_path: Path) -> None:
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    with a_case(share / "a.bcs") as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 1)
        share.rename(away)
        with pytest.raises(CaseUnreachable, match="cannot be reached"):
            person.act(EventKind.CONFIRM, 2)
        assert person.state.last_seq == 1
        away.rename(share)
        person.act(EventKind.CONFIRM, 2)
        assert len(store.events()) == 2


def test_a_share_that_comes_back_under_another_identity(tmp_path: Path) -> None:
    """Mounted again, the same file has another inode; handles of before are dead."""
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 1)
        copy = tmp_path / "copy"
        shutil.copyfile(path, copy)
        path.unlink()
        Path(f"{path}.lock").unlink()
        with pytest.raises(CaseUnreachable):
            person.act(EventKind.CONFIRM, 2)
        copy.rename(path)
        person.act(EventKind.CONFIRM, 2)
        assert len(store.events()) == 2
        assert Path(f"{path}.lock").exists()
    with CaseStore.open(path) as store:
        assert len(store.events()) == 2
        assert store.verify() == []


def test_a_file_put_in_the_cases_place_gets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(tmp_path / "b.bcs", 3).close()
    with a_case(path) as store:
        person = Reviewer(store)
        (tmp_path / "b.bcs").replace(path)
        with pytest.raises(UserError, match="put in its place"):
            person.act(EventKind.CONFIRM, 1)
        with pytest.raises(UserError, match="put in its place"):
            person.act(EventKind.CONFIRM, 1)


def test_a_writer_that_came_between_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        Path(f"{path}.lock").unlink()  # as when the share forgot us
        with CaseStore.open(path) as other:
            Reviewer(other).act(EventKind.CONFIRM, 5)
            with pytest.raises(CaseInUse):
                person.act(EventKind.CONFIRM, 1)
        for _ in range(2):
            with pytest.raises(UserError, match="changed by another window"):
                person.act(EventKind.CONFIRM, 1)


class FailingConnection(HeldConnection):
    """Fails like a disk that answers with errors, when told to."""

    failing = ""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if self.failing and sql.startswith(("COMMIT", "INSERT")):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = self.failing
            raise error
        return super().execute(sql, *args)


@pytest.mark.parametrize(
    "name", ["SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_BUSY", "SQLITE_READONLY"]
)
def test_a_disk_that_answers_with_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **{**k, "factory": FailingConnection}))
    with a_case(tmp_path / "a.bcs") as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 1)
        monkeypatch.setattr(FailingConnection, "failing", name)
        with pytest.raises(UserError, match=r"not saved|cannot be written"):
            person.act(EventKind.CONFIRM, 2)
        monkeypatch.setattr(FailingConnection, "failing", "")
        person.act(EventKind.CONFIRM, 2)
        assert len(store.events()) == 2
        assert store.verify() == []


def test_an_external_tool_that_holds_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodcells_gui.storage.connection.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        tool = sqlite3.connect(path, isolation_level=None)
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="another program is using"):
            person.act(EventKind.CONFIRM, 1)
        tool.execute("ROLLBACK")
        tool.close()
        person.act(EventKind.CONFIRM, 1)


def test_using_a_closed_case_is_a_bug_not_a_message(tmp_path: Path) -> None:
    store = a_case(tmp_path / "a.bcs")
    store.close()
    store.close()
    with pytest.raises(RuntimeError):
        store.load_cells()


def test_lock_and_damage_are_errors_of_their_own() -> None:
    assert issubclass(lock.CaseInUse, UserError)
    assert issubclass(CaseDamaged, UserError)
