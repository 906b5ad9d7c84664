"""Whatever reads a case's bytes leaves the locks that SQLite holds on it (POSIX drops them at any close)."""

from __future__ import annotations

import contextlib
import gc
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app.case_details import import_analyser
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.imaging.io import plain_files
from bloodcells_gui.imaging.io.byte_source import FileSource
from bloodcells_gui.imaging.io.decode import probe
from bloodcells_gui.imaging.io.discover import discover
from bloodcells_gui.report.logo import load_logo
from bloodcells_gui.storage import settings
from bloodcells_gui.storage.audit import export_trail, verify
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.case_transfer import copy_case, move_case
from bloodcells_gui.storage.connection import header_version
from bloodcells_gui.storage.recover import recover
from bloodcells_gui.storage.reference_library import Library
from bloodcells_gui.storage.removals import remove_case
from bloodcells_gui.storage.worklist import Worklist
from tests.support.case_tools import a_case

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere a lock belongs to its descriptor")

# What any other program meets: it asks for the write lock and gives it back at once.
_OUTSIDE = """
import sqlite3, sys
for line in sys.stdin:
    c = sqlite3.connect(line.rstrip("\\n"), timeout=0, isolation_level=None)
    try:
        c.execute("BEGIN IMMEDIATE")
        c.execute("ROLLBACK")
        print("free", flush=True)
    except sqlite3.OperationalError as e:
        print(e, flush=True)
    c.close()
"""


@pytest.fixture
def outside() -> Iterator[Callable[[Path], str]]:
    """What another program is told when it wants to write to a file."""
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", _OUTSIDE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    sink, source = child.stdin, child.stdout

    def ask(path: Path) -> str:
        sink.write(f"{path}\n")
        sink.flush()
        return source.readline().strip()

    yield ask
    sink.close()
    source.close()
    child.wait(10)


def _open_and_close_source(path: Path) -> None:
    FileSource(path).close()


def _drop_source(path: Path) -> None:
    source = FileSource(path)
    del source
    gc.collect()


def _import_analyser(path: Path) -> None:
    import_analyser(CaseSession.__new__(CaseSession), path)


def _look_and_close(path: Path) -> None:
    CaseStore.open(path, read_only=True).close()


def _list(path: Path) -> None:
    with Worklist(path.parent) as worklist:
        worklist.refresh()
        worklist.entry(path)


READERS: dict[str, Callable[[Path], object]] = {
    "header": header_version,
    "open read-only": _look_and_close,
    "open": CaseStore.open,
    "work list": _list,
    "verify": verify,
    "audit trail": lambda p: export_trail(p, p.with_name("trail.csv")),
    "copy": lambda p: copy_case(p, p.with_name("copy.bcs")),
    "move": lambda p: move_case(p, p.parent / "elsewhere"),
    "remove": lambda p: remove_case(p, p.parent, author="a", reason="r", state="s", changed=""),
    "recover": lambda p: recover(p, p.with_name("saved.bcs"), app_version="0"),
    "SHA-256": plain_files.sha256_of,
    "as a library": Library,
    "as an image": probe,
    "as a byte source": _open_and_close_source,
    "as a byte source that nobody closes": _drop_source,
    "in a folder of images": lambda p: discover(p.parent),
    "as settings": settings.load,
    "as settings chosen by a person": lambda p: settings.load(p, missing_ok=False),
    "as a logo": load_logo,
    "as an analyser's file": _import_analyser,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_leaves_the_lock(tmp_path: Path, outside: Callable[[Path], str], reader: str) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        assert outside(path) == "free"
        with store._db.writing():  # noqa: SLF001  # as while a decision is written
            assert outside(path) == "database is locked"
            with contextlib.suppress(UserError):
                READERS[reader](path)
            assert outside(path) == "database is locked"
        assert outside(path) == "free"
    assert not plain_files._held  # noqa: SLF001  # locks are kept out of sight


def test_what_the_collector_drops_amid_the_bookkeeping_does_not_wait_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    dropped: list[object] = [FileSource(path), CaseStore.open(path, read_only=True)]

    def collect() -> None:
        with plain_files._lock:  # noqa: SLF001  # as when an allocation in it makes the collector run
            dropped.clear()
            gc.collect()

    collecting = threading.Thread(target=collect, daemon=True)
    collecting.start()
    collecting.join(10)
    assert not collecting.is_alive()
    assert not plain_files._held  # noqa: SLF001  # locks are kept out of sight


def test_the_library_and_the_index_keep_theirs(tmp_path: Path, outside: Callable[[Path], str]) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library, library._writing():  # noqa: SLF001  # locks are kept out of sight
        assert outside(path) == "database is locked"
        library._check_header()  # noqa: SLF001  # locks are kept out of sight
        assert outside(path) == "database is locked"
    with Worklist(tmp_path) as worklist:
        worklist._index.execute("BEGIN IMMEDIATE")  # noqa: SLF001  # locks are kept out of sight
        index = tmp_path / ".worklist.sqlite"
        plain_files.sha256_of(index)
        assert outside(index) == "database is locked"
        worklist._index.execute("ROLLBACK")  # noqa: SLF001  # locks are kept out of sight


def descriptors() -> int:
    """How many this process has open, where the system says so."""
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.is_dir() else 0


def test_descriptors_do_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        before = descriptors()
        for _ in range(50):
            header_version(path)
            FileSource(path).close()
        assert descriptors() <= before + 2
        assert store.head()
    assert not plain_files._held  # noqa: SLF001  # locks are kept out of sight


def test_a_descriptor_kept_reads_from_the_beginning_of_todays_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path):
        with plain_files.reading(path) as file:
            file.seek(1000)
        assert plain_files.read_bytes(path, 15) == b"SQLite format 3"
        path.rename(tmp_path / "b.bcs")
        path.write_bytes(b"another file")
        assert plain_files.read_bytes(path) == b"another file"


def test_a_connection_that_nobody_closes_lets_go(tmp_path: Path) -> None:
    from bloodcells_gui.storage.connection import connect

    path = tmp_path / "a.bcs"
    a_case(path).close()
    connection = connect(path, read_only=True)
    assert plain_files._held  # noqa: SLF001  # locks are kept out of sight
    with contextlib.closing(sqlite3.connect(":memory:")):
        del connection
        gc.collect()
    assert not plain_files._held  # noqa: SLF001  # locks are kept out of sight


@pytest.mark.parametrize("what", ["fifo", "device", "folder"])
def test_only_regular_files_are_opened(tmp_path: Path, what: str) -> None:
    path = tmp_path / "odd"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    answer: list[BaseException] = []

    def ask() -> None:
        for read in (plain_files.sha256_of, header_version, settings.load):
            try:
                read(path)
            except (OSError, UserError) as error:
                answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert [type(a) for a in answer] == [IsADirectoryError if what == "folder" else OSError, UserError]


def test_a_short_run_beside_another_sqlite_program_loses_nothing(tmp_path: Path) -> None:
    """The long one, on a disk: scripts/tools/lock_test.py."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("lock_test", ROOT / "scripts" / "tools" / "lock_test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.one_run(tmp_path, 2.0)
    assert found["kept"] > 20
    assert found["tool_rows"] > 5
    assert (found["lost"], found["tool_lost"], found["broken"]) == (0, 0, 0)
