"""Recovery of crafted and half-lost cases: little memory, an end, and "complete" only where that is known."""

from __future__ import annotations

import random
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage import schema, serialization
from bloodcells_gui.storage.audit import verify
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.connection import CaseDamaged
from bloodcells_gui.storage.recover import RECORD_LOST, recover
from bloodcells_gui.storage.worklist import CaseState, Worklist
from tests.support.case_tools import Reviewer, a_case, cells_of
from tests.support.old_versions import BUILDERS
from tests.support.rounds import rounds

ROOT = Path(__file__).resolve().parents[2]
PAGE = schema.PAGE_BYTES


@pytest.fixture
def case(tmp_path: Path) -> Path:
    path = tmp_path / "a.bcs"
    with a_case(path, 300) as store:
        person = Reviewer(store)
        for i in range(20):
            person.act(EventKind.RELABEL, i, new="LY")
    return path


def as_somebody_else(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    for sql in statements:
        connection.execute(sql)
    connection.close()


def root_page(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    (number,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    connection.close()
    return int(number)


def overwrite(path: Path, page: int) -> None:
    data = bytearray(path.read_bytes())
    data[(page - 1) * PAGE : page * PAGE] = b"\xa5" * PAGE
    path.write_bytes(bytes(data))


MEASURED = """
import resource, sys
from pathlib import Path
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.recover import recover
try:
    found = recover(Path(sys.argv[1]), Path(sys.argv[2]), app_version="0")
    print(found.cells, found.complete, end=" ")
except UserError as error:
    print("refused", False, end=" ")
status = Path("/proc/self/status")
if status.is_file():  # what getrusage says begins with the peak of the process that started this one
    print(next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) // 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def measured(path: Path) -> tuple[str, bool, int, float]:
    """Cells that came through (or "refused"), whether all, MB at most, seconds; in a process of its own."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), str(path.with_name("new.bcs"))],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    cells, complete, megabytes = done.stdout.split()
    return cells, complete == "True", int(megabytes), time.monotonic() - begun


COMPUTED = [
    "scores BLOB GENERATED ALWAYS AS (zeroblob(100000000))",
    "flags TEXT AS (hex(zeroblob(50000000))) VIRTUAL",
    "predicted TEXT AS (printf('%.*c', 100000000, 'x'))",
]


@pytest.mark.skipif(sys.platform == "win32", reason="measures as POSIX does")
@pytest.mark.parametrize("column", COMPUTED)
def test_computed_columns_are_not_read(tmp_path: Path, column: str) -> None:
    path = tmp_path / "a.bcs"
    a_case(path, 300).close()
    name = column.split(maxsplit=1)[0]
    sql = next(s for s in schema.statements() if s.startswith("CREATE TABLE cells"))
    kept = ", ".join(c for c in sql[sql.index("(") + 1 : sql.rindex(")")].split(", ") if c.split()[0] != name)
    as_somebody_else(
        path,
        "DROP TRIGGER cells_never_changes", "DROP TRIGGER cells_never_goes",
        f"CREATE TABLE other ({kept}, {column})",
        *(f"INSERT INTO other ({kept_names(kept)}) SELECT {kept_names(kept)} FROM cells" for _ in range(1)),
        "DROP TABLE cells", "ALTER TABLE other RENAME TO cells",
    )  # fmt: skip
    cells, complete, megabytes, seconds = measured(path)
    assert not complete
    assert megabytes < 400, (cells, megabytes)  # Python, NumPy and the program take some 100
    assert seconds < 60


def kept_names(columns: str) -> str:
    return ", ".join(c.split()[0] for c in columns.split(", "))


@pytest.mark.skipif(sys.platform == "win32", reason="measures as POSIX does")
@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX i ON cells (id, hex(zeroblob(50000000 + id)))",
        "CREATE TRIGGER t BEFORE INSERT ON cells BEGIN SELECT zeroblob(900000000); END",
    ],
)
def test_foreign_indexes_and_triggers_are_left_out(case: Path, index: str) -> None:
    if index.startswith("CREATE INDEX"):
        empty = index.replace("ON cells", "ON cells").replace("50000000 + id", "1")
        connection = sqlite3.connect(case)
        connection.execute(empty)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'i'", (index,))
        connection.commit()
        connection.close()
    else:
        as_somebody_else(case, index)
    cells, _, megabytes, _ = measured(case)
    assert cells == "300"
    assert megabytes < 400


def test_a_ledger_that_names_more_than_the_file_can_hold(case: Path, tmp_path: Path) -> None:
    make = [s for s in schema.statements() if "ledger_never" in s]
    as_somebody_else(
        case,
        "DROP TRIGGER ledger_never_changes", "DROP TRIGGER ledger_never_goes",
        "INSERT INTO ledger SELECT value + 1000, '', 'cells', value * 100000, 90000, 'ab', '' FROM"
        " (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 5000)"
        " SELECT * FROM n)",
        *make,
    )  # fmt: skip
    begun = time.monotonic()
    found = recover(case, tmp_path / "new.bcs", app_version="0")
    assert time.monotonic() - begun < 60
    assert found.cells == 300
    assert not found.complete


@pytest.mark.parametrize("lost", ["ledger", "ledger and cells", "cells", "a page of the ledger"])
def test_what_cannot_be_known_is_not_called_complete(case: Path, tmp_path: Path, lost: str) -> None:
    if lost == "a page of the ledger":
        with CaseStore.open(case) as store:
            person = Reviewer(store)
            for i in range(300):
                person.act(EventKind.CONFIRM, i)
        connection = sqlite3.connect(case)
        connection.close()
        overwrite(case, case.stat().st_size // PAGE - 1)
    for table in ("ledger", "cells"):
        if lost in (table, "ledger and cells"):
            overwrite(case, root_page(case, table))
    found = recover(case, tmp_path / "new.bcs", app_version="0")
    assert not found.complete
    if "ledger" in lost and lost != "a page of the ledger":
        assert found.record_lost
        assert found.remarks == (RECORD_LOST,)
        assert tr(RECORD_LOST, "fr") != RECORD_LOST
    if "cells" in lost:
        assert found.cells == 0
    if lost == "cells":
        assert found.lost_cells == 300
    with CaseStore.open(tmp_path / "new.bcs") as store:
        assert store.verify() == []


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.97])
def test_a_file_whose_end_is_gone_is_never_called_complete(case: Path, tmp_path: Path, keep: float) -> None:
    data = case.read_bytes()
    case.write_bytes(data[: int(len(data) * keep) // PAGE * PAGE])
    try:
        found = recover(case, tmp_path / "new.bcs", app_version="0")
    except UserError:
        return
    assert not found.complete


def test_an_amended_case_without_damage_is_complete(case: Path, tmp_path: Path) -> None:
    with CaseStore.open(case) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *range(300))
        person.act(EventKind.SIGN, new="reviewed")
        person.act(EventKind.AMEND, reason="again")
        person.act(EventKind.NOTE, new="after")
    found = recover(case, tmp_path / "new.bcs", app_version="0")
    assert (found.events, found.signatures_dropped, found.lost_events) == (22, 1, 0)
    assert found.complete


@pytest.mark.parametrize("version", sorted(BUILDERS))
def test_sound_files_of_every_format_are_complete(tmp_path: Path, version: int) -> None:
    path = BUILDERS[version](tmp_path / "old.bcs")
    found = recover(path, tmp_path / "new.bcs", app_version="0")
    assert found.complete
    assert (found.cells, found.events) == (1, 1)


# -- copied while it was written ------------------------------------------------------------


def grown(path: Path) -> bytes:
    """The bytes of a case before two batches of cells were added; `path` is as it was after."""
    before = path.read_bytes()
    with CaseStore.open(path) as store:
        for first in (300, 500):
            store.add_cells(0, *cells_of(first, 200))
    return before


@pytest.mark.parametrize("old_pages", [1, 3, 12, 20])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_copy_taken_while_the_program_wrote_is_named_as_one(
    case: Path, tmp_path: Path, old_pages: int, read_only: bool
) -> None:
    before = grown(case)
    torn = tmp_path / "torn.bcs"
    torn.write_bytes(before[: old_pages * PAGE] + case.read_bytes()[old_pages * PAGE :])
    assert struct.unpack(">I", torn.read_bytes()[28:32])[0] * PAGE < torn.stat().st_size
    with pytest.raises(CaseDamaged, match="copied while the program was writing") as caught:
        CaseStore.open(torn, read_only=read_only)
    assert "copié pendant" in caught.value.text("fr")
    assert not verify(torn).ok
    case.rename(tmp_path / "whole.bcs")
    with Worklist(tmp_path) as worklist:
        worklist.refresh()
        found = {e.path.name: e for e in worklist.search()}
        assert found["torn.bcs"].state is CaseState.UNREADABLE
        assert "copied while" in found["torn.bcs"].problem
        assert found["whole.bcs"].state is not CaseState.UNREADABLE
    saved = recover(torn, tmp_path / "new.bcs", app_version="0")
    assert not saved.complete


def test_a_plain_copy_during_an_analysis_never_opens_as_if_whole(tmp_path: Path) -> None:
    """Copies by another program, page by page, while cells are added."""
    path = tmp_path / "a.bcs"
    stop = threading.Event()
    copier = (
        "import sys, time\n"
        "with open(sys.argv[1], 'rb') as a, open(sys.argv[2], 'wb') as b:\n"
        "    while data := a.read(65536):\n"
        "        b.write(data); time.sleep(0.0005)\n"
    )
    with a_case(path, 24) as store:

        def work() -> None:
            first = 24
            while not stop.is_set() and first < 20_000:
                store.add_cells(0, *cells_of(first, 24))
                first += 24

        worker = threading.Thread(target=work)
        worker.start()
        try:
            time.sleep(1.0)
            opened, refused = 0, 0
            for n in range(8):
                copy = tmp_path / f"copy{n}.bcs"
                subprocess.run([sys.executable, "-S", "-c", copier, str(path), str(copy)], check=True)
                try:
                    CaseStore.open(copy, read_only=True).close()
                except UserError:
                    refused += 1
                    continue
                opened += 1
                assert verify(copy).ok
        finally:
            stop.set()
            worker.join()
    assert refused > 0


def test_a_live_case_can_be_read_while_it_grows(tmp_path: Path) -> None:
    """The check of the length must not take a case that is being written for a torn one."""
    path = tmp_path / "a.bcs"
    stop = threading.Event()
    with a_case(path, 24) as store:

        def work() -> None:
            first = 24
            while not stop.is_set() and first < 30_000:
                store.add_cells(0, *cells_of(first, 24))
                first += 24

        worker = threading.Thread(target=work)
        worker.start()
        look = (
            "import sys; from pathlib import Path; from bloodcells_gui.storage.case import CaseStore\n"
            "for _ in range(40): CaseStore.open(Path(sys.argv[1]), read_only=True).close()\n"
        )
        try:
            done = subprocess.run(
                [sys.executable, "-c", look, str(path)], capture_output=True, text=True, check=False, cwd=ROOT
            )
            for _ in range(20):
                CaseStore.open(path, read_only=True).close()
        finally:
            stop.set()
            worker.join()
    assert done.returncode == 0, done.stderr


def test_random_damage_is_complete_only_with_everything(case: Path, tmp_path: Path) -> None:
    rng = random.Random(8)
    data = case.read_bytes()
    for n in range(rounds(15)):
        bad = tmp_path / "bad.bcs"
        spoilt = bytearray(data)
        at = rng.randrange(len(data) // 512) * 512
        spoilt[at : at + 512] = rng.randbytes(512)
        bad.write_bytes(bytes(spoilt))
        try:
            found = recover(bad, tmp_path / f"{n}.bcs", app_version="0")
        except UserError:
            continue
        if found.complete:
            with CaseStore.open(tmp_path / f"{n}.bcs", read_only=True) as new:
                assert (len(new.load_cells()), len(new.events())) == (300, 20), at


def varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A number as SQLite writes it, and where it ends."""
    value = 0
    for n in range(8):
        value = value << 7 | data[at + n] & 0x7F
        if not data[at + n] & 0x80:
            return value, at + n + 1
    raise AssertionError("longer than any here")


def three_bytes(value: int) -> bytes:
    assert 1 << 14 <= value < 1 << 21
    return bytes([0x80 | value >> 14, 0x80 | value >> 7 & 0x7F, value & 0x7F])


def leaves(data: bytes | bytearray, page: int) -> list[int]:
    """Leaf pages of a table, from its root."""
    at = (page - 1) * PAGE
    if data[at] == 0x0D:
        return [page]
    count = struct.unpack(">H", data[at + 3 : at + 5])[0]
    places = struct.unpack(f">{count}H", data[at + 12 : at + 12 + 2 * count])
    children = [struct.unpack(">I", data[at + p : at + p + 4])[0] for p in places]
    children += struct.unpack(">I", data[at + 8 : at + 12])
    return [leaf for child in children for leaf in leaves(data, child)]


@pytest.mark.skipif(sys.platform == "win32", reason="measures as POSIX does")
def test_pages_that_many_rows_name_are_not_given_out_again_and_again(tmp_path: Path) -> None:
    """Six hundred cells whose scores are the pages of one: 20 MB that would become 600."""
    path = tmp_path / "a.bcs"
    a_case(path, 600).close()
    long, step = 1_000_000, 119 * (PAGE - 4)  # so that as much of each row stays on its own page
    column = serialization.CELL_COLUMNS.split(", ").index("scores")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TRIGGER cells_never_changes")
    connection.execute("UPDATE cells SET scores = zeroblob(?)", (long - step,))
    connection.execute("UPDATE cells SET scores = zeroblob(?) WHERE id = 0", (long,))
    connection.close()
    data = bytearray(path.read_bytes())
    chain = b""
    for leaf in leaves(data, root_page(path, "cells")):
        base = (leaf - 1) * PAGE
        count = struct.unpack(">H", data[base + 3 : base + 5])[0]
        for place in struct.unpack(f">{count}H", data[base + 8 : base + 8 + 2 * count]):
            at = base + place
            size, after = varint(data, at)
            row, body = varint(data, after)
            least = (PAGE - 12) * 32 // 255 - 23
            local = least + (size - least) % (PAGE - 4)
            local = local if local <= PAGE - 35 else least
            if row == 0:
                chain = bytes(data[body + local : body + local + 4])
                continue
            data[at:after] = three_bytes(size + step)
            _, kind_at = varint(data, body)
            for _ in range(column):
                _, kind_at = varint(data, kind_at)
            kind, end = varint(data, kind_at)
            assert kind == 2 * (long - step) + 12
            data[kind_at:end] = three_bytes(kind + 2 * step)
            data[body + local : body + local + 4] = chain
    path.write_bytes(bytes(data))
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT length(scores) FROM cells WHERE id = 7").fetchone() == (long,)
    connection.close()
    cells, complete, megabytes, seconds = measured(path)
    assert not complete
    assert megabytes < 400, (cells, megabytes)
    assert seconds < 60
