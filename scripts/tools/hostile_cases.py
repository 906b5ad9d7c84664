"""Case files that are valid SQLite of the right schema and hold nonsense: not one traceback, hang or lock.

    python -m scripts.tools.hostile_cases --count 2000 --seed 1 --keep FOLDER

Good cases (crops reviewed and signed, fields under review, an older format) get one to three wrong values
each: numbers that are huge, negative or infinite, JSON of another kind or a thousand levels deep, unknown
kinds and classes, ids that lead nowhere, lone surrogates, bytes that are no text, days that never were,
pictures and vectors of a wrong length, rows taken out or doubled. In half of them the chain of hashes is
computed anew, so that nothing but the values is wrong. Each is then read by everything that reads cases:
opened read-only and for writing, reported, verified, listed with its table, recovered. Whatever is not words
counts as trouble, and so does a lock that stays. The same seed makes the same files.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bloodcells_gui.app import batch
from bloodcells_gui.app.export import ExportOptions, export
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.worklist import Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import hash_chain
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.recover import recover
from scripts.tools.hostile_good_cases import good_cases
from tests.support.doubles import plain_engine
from tests.support.workbench_window import a_workspace

LIMIT_S = 60.0
_JSON = {
    ("meta", "value"), ("runs", "classes"), ("runs", "measurement_names"), ("runs", "bundles"),
    ("runs", "parameters"), ("runs", "scale"), ("run_ends", "tallies"), ("run_ends", "scale"),
    ("run_results", "scale"), ("run_results", "counts"), ("run_results", "progress"), ("run_results", "maps"),
    ("run_results", "adaptation"), ("run_results", "remarks"),
    ("red_cell_runs", "classes"), ("red_cell_runs", "measures"), ("red_cell_runs", "parameters"),
    ("red_cell_runs", "scale"), ("red_cell_run_ends", "remarks"),
    ("cells", "flags"), ("events", "cells"), ("events", "old"), ("reports", "report"),
}  # fmt: skip
_TABLES = (
    "meta", "images", "image_facts", "locations", "runs", "run_ends", "skipped", "cells", "assets", "events",
    "reports", "settled", "report_maps", "drafts", "run_results", "outlines",
    "red_cell_runs", "red_cell_run_ends", "red_cell_fields",
    "ledger",
)  # fmt: skip
# What decides a report, and what the most code reads.
_OFTEN = ("reports", "events", "cells", "run_ends", "run_results", "outlines", "red_cell_fields")


# ---- nonsense


def _deep(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + closing * levels


def bad_text(rng: random.Random) -> Any:
    """A text that is no text of a case, as an SQL value."""
    return rng.choice([
        "", " ", "\0", "nonsense", "2026-13-45T99:99:99Z", "-0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "UNI", "sign", "unknown kind", "=HYPERLINK(1)", "{", "null", "[]", "{}", "NaN", "1e999", "x" * 70_000,
        "\u202e\u0301" * 50, "\uffff\U0010ffff", "../../etc/passwd", "a\nb\rc", "e3b0c442", "-1", "1" * 400,
        "{name}", "{0}", "%s %d", "<b>&amp;", "\ud7ff", "complete", "running", "slide", "counter",
        _deep(2000), _deep(200, '{"a":', "}").replace(":}", ":1}", 1), b"\xff\xfe\x00lone", b"\xed\xa0\x80",
    ])  # fmt: skip


def bad_number(rng: random.Random) -> Any:
    """A real number that makes no sense somewhere."""
    return rng.choice(
        [0.0, -0.0, -1.0, 1e308, -1e308, 1e-308, float("inf"), float("-inf"), 1e18, 0.5, 2.0, 1e9]
    )


def bad_whole(rng: random.Random) -> Any:
    """A whole number that makes no sense somewhere."""
    return rng.choice([-1, 0, 1, 2, 7, 999, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), -(2**31), 10**9])


def bad_bytes(rng: random.Random, old: bytes) -> bytes:
    """Bytes of another length or content."""
    floats = np.array(
        [rng.choice([np.nan, np.inf, -1.0, 3e38, 2.0])] * max(1, len(old) // 4), "<f4"
    ).tobytes()
    png = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (2**31 - 1).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    )
    return rng.choice([
        b"", b"\0", old[:-1], old + b"\0", old[: len(old) // 2], old * 2, bytes(len(old)), floats, png, old[:7],
        rng.randbytes(len(old)), b"\xff\xd8\xff\xe0" + rng.randbytes(40), old[4:], b"\xff" * len(old),
    ])  # fmt: skip


def bad_json_value(rng: random.Random, old: Any) -> Any:
    """A value of another kind or size, in place of `old`."""
    pool: list[Any] = [
        None, True, False, 0, -1, 1, 10**400, -(10**30), 1e308, -1e308, 0.5, 2**63, "", "nonsense", "\ud800", [],
        {}, [[]], [None], {"a": {"b": [1]}}, "SNE", [1, 2, 3], ["SNE", "SNE"], "2026-99-99", "x" * 5000,
        float("nan"), float("inf"), {"": ""}, [1e999],
    ]  # fmt: skip
    if isinstance(old, list):
        pool += [old[:-1], old * 2, [*old, None], [*old, *old[:1]], list(map(str, old))]
    if isinstance(old, dict):
        pool += [dict(list(old.items())[1:]), {**old, "extra": 1}, list(old), dict.fromkeys(old)]
    if isinstance(old, int | float) and not isinstance(old, bool):
        pool += [-old, old + 1, str(old), old * 10**9, [old]]
    if isinstance(old, str):
        pool += [old + "\ud800", old[::-1], old * 40, [old], {old: old}]
    return rng.choice(pool)


def spoil_json(rng: random.Random, text: str) -> str:
    """The JSON `text` with one value of it replaced, removed, or nested deep."""
    obj = json.loads(text)
    if rng.random() < 0.1:
        return rng.choice(
            [_deep(3000), _deep(90_000), "null", "", "{", "[1", '"a"', "3", "1" * 5000, "[NaN]"]
        )
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    if isinstance(obj, dict | list):
        walk(obj)
    if not places or rng.random() < 0.1:
        return json.dumps(bad_json_value(rng, obj))
    node, key = rng.choice(places)
    if rng.random() < 0.15:
        del node[key]
    elif rng.random() < 0.1 and isinstance(node, dict):
        node[rng.choice(["x", "", "\ud800", "SNE", "mix/weight/SNE", "PLT_unlisted", "RBC", "red_cells"])] = (
            node.pop(key)
        )
    else:
        node[key] = bad_json_value(rng, node[key])
    return json.dumps(obj)


# ---- a case with nonsense in it


def spoil(path: Path, rng: random.Random) -> str:
    """Put one to three wrong values into the case; returns what was done."""
    done = []
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            with contextlib.suppress(sqlite3.IntegrityError, IndexError, json.JSONDecodeError):
                done.append(_spoil_once(connection, rng))
        if rng.random() < 0.5:
            with contextlib.suppress(sqlite3.Error):  # of a ledger that is no text any more
                reseal(connection)
                done.append("chain computed anew")
        for _, sql in triggers:
            connection.execute(sql)
    finally:
        connection.close()
    return "; ".join(done)


def _spoil_once(connection: sqlite3.Connection, rng: random.Random) -> str:
    known = {str(r[0]) for r in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    tables = [
        t for t in _TABLES if t in known and connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0]
    ]
    table = rng.choice([*tables, *(often for often in _OFTEN if often in tables)])
    rowids = [r[0] for r in connection.execute(f"SELECT rowid FROM {table}")]
    rowid = rng.choice(rowids)
    if table != "ledger" and rng.random() < 0.06:
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))
        return f"{table} {rowid} deleted"
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    _, column, kind, _, _, _ = rng.choice(columns)
    old = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (rowid,)).fetchone()[0]
    new = _wrong(rng, table, column, kind, old)
    mark = "CAST(? AS TEXT)" if isinstance(new, bytes) and kind in ("TEXT", "ANY") else "?"
    connection.execute(f"UPDATE {table} SET {column} = {mark} WHERE rowid = ?", (new, rowid))
    if (table, column) == ("reports", "report"):  # as somebody would who knows the format
        hashed = sha256(new).hexdigest()
        named = connection.execute("SELECT sha256 FROM reports WHERE rowid = ?", (rowid,)).fetchone()[0]
        connection.execute("UPDATE reports SET sha256 = ? WHERE rowid = ?", (hashed, rowid))
        connection.execute("UPDATE events SET key = ? WHERE key = ?", (hashed, named))
    return f"{table} {rowid} {column}: {str(old)[:60]!r} -> {str(new)[:80]!r}"


def _wrong(rng: random.Random, table: str, column: str, kind: str, old: Any) -> Any:
    if (table, column) in _JSON and rng.random() < 0.85:
        text = old.decode() if isinstance(old, bytes) else old
        if isinstance(text, str) and text[:1] in '[{n"':
            new = spoil_json(rng, text)
            return new.encode("utf-8", "surrogatepass") if isinstance(old, bytes) else new
    if kind == "INTEGER":
        return bad_whole(rng)
    if kind == "REAL":
        return bad_number(rng)
    if kind == "BLOB":
        return bad_bytes(rng, old)
    return bad_text(rng)


def reseal(connection: sqlite3.Connection) -> None:
    """Compute every seal and the whole chain anew, as somebody could who knows the format."""
    previous = hash_chain.GENESIS
    for entry in list(hash_chain.entries(connection)):
        content = entry.content
        with contextlib.suppress(ValueError, sqlite3.Error, UnicodeError, OverflowError):
            found = connection.execute(
                hash_chain.SELECT[Kind(entry.kind)], (entry.first, entry.count)
            ).fetchall()
            content = hash_chain.digest(found)
        previous = hash_chain.link(
            previous, entry.seq, entry.written, entry.kind, entry.first, entry.count, content
        )
        connection.execute(
            "UPDATE ledger SET content = ?, hash = ? WHERE seq = ?", (content, previous, entry.seq)
        )


# ---- everything that reads cases


class Hung(BaseException):
    """An act took longer than the limit."""


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hung

    old = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong with one file."""

    act: str
    what: str
    detail: str


def _read_red_cells(session: CaseSession) -> None:
    red = session.red_cells
    red.shares()
    red.proposals()
    red.distribution("diameter_um")
    for stored in red.fields:
        red.field_picture(stored.id)
        red.contours(stored.id)
    for cell_id in red.cells.ids[:3].tolist():
        red.picture_of(cell_id)


def acts(path: Path, place: Path, workspace: Workspace) -> list[tuple[str, Callable[[], object]]]:
    """Name and deed of everything that is done to a case."""

    def review() -> None:
        session = workspace.open_case(path)
        try:
            for cell in session.cells[:3]:
                session.view(cell.id)
                session.thumbnail(cell.id)
                session.scores(cell.id)
                session.measurements(cell.id)
            session.embeddings()
            _read_red_cells(session)
            session.store.set_draft("comment", "x", "ana")
        finally:
            session.close()

    def look() -> None:
        session = workspace.open_case(path, read_only=True)
        try:
            session.differential()
            session.differential("five")
            _read_red_cells(session)
        finally:
            session.close()

    def report() -> None:
        batch.report_again(path, place / "out", taxonomy="full", paper=None, lang="fr", save_masks=True)

    def verify() -> None:
        _, lines = batch.verify_case(path, trail=place / "trail.csv")
        "\n".join(lines).encode("utf-8")

    def listed() -> None:
        cases = WorkList(workspace)
        try:
            cases.refresh()
            found = cases.search(Query())
            for entry in found:
                (entry.problem + entry.specimen_id).encode("utf-8")
            cases.write_table(found, place / "table.csv")
        finally:
            cases.close()

    def recovered() -> None:
        target = place / "recovered.bcs"
        recover(path, target, app_version="0")
        with CaseStore.open(target) as store:
            store.load_cells()
        session = workspace.open_case(target, read_only=True)
        try:
            session.differential()
            if (
                sha256(path.read_bytes()).digest()[0] < 50
            ):  # what is sound by now is reported as any other case
                export(session, place / "out", ExportOptions())
        finally:
            session.close()

    return [("read-only", look), ("writing", review), ("report", report), ("verify", verify),
            ("list", listed), ("recover", recovered)]  # fmt: skip


def try_case(
    path: Path, place: Path, workspace: Workspace, only: str = ""
) -> tuple[list[Trouble], Counter[str]]:
    """Do everything to the case; returns the trouble, and how often which act was done or refused."""
    trouble, outcome = [], Counter[str]()
    for name, act in acts(path, place, workspace):
        if only and name != only:
            continue
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), _limit(LIMIT_S):
                act()
            outcome[f"{name} done"] += 1
        except UserError as error:
            error.text("fr").encode("utf-8")
            outcome[f"{name} refused"] += 1
        except Hung:
            trouble.append(Trouble(name, "hang", ""))
        except Exception as error:
            trouble.append(Trouble(name, f"{type(error).__name__}: {error}"[:100], traceback.format_exc()))
        for lock in place.rglob("*.lock"):
            trouble.append(Trouble(name, "a lock stays", lock.name))
            lock.unlink()
    return trouble, outcome


def run(
    count: int, seed: int, keep: Path | None = None, only: str = "", first: int = 0
) -> tuple[list[str], Counter[str]]:
    """Make and try `count` cases; returns the trouble in words, and the outcomes."""
    found: list[str] = []
    outcomes: Counter[str] = Counter()
    plain = mock.patch.object(batch, "LazyEngine", return_value=plain_engine)
    with tempfile.TemporaryDirectory() as folder, plain:
        good = good_cases(Path(folder) / "base")
        for number in range(first, first + count):
            rng = random.Random(f"{seed} {number}")
            place = Path(folder) / "now"
            workspace = a_workspace(place)
            workspace.engine = plain_engine  # type: ignore[assignment]
            workspace.cases_dir.mkdir(parents=True)
            path = Path(shutil.copy(rng.choice(good), workspace.cases_dir / "hostile.bcs"))
            what = spoil(path, rng)
            if keep is not None:
                shutil.copy(path, keep / f"{number}.bcs")
            trouble, outcome = try_case(path, place, workspace, only)
            outcomes.update(outcome)
            for t in trouble:
                found.append(f"case {number} [{what}]\n  {t.act}: {t.what}\n{t.detail}")
            if keep is not None and not trouble:
                (keep / f"{number}.bcs").unlink()
            shutil.rmtree(place)
    return found, outcomes


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for the cases that gave trouble")
    parser.add_argument("--only", default="", help="one act alone")
    options = parser.parse_args()
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    found, outcomes = run(options.count, options.seed, options.keep, options.only, options.first)
    for line in found:
        print(line)
    print(f"{options.count} cases, {len(found)} troubles, {time.perf_counter() - start:.0f} s")
    for name, n in sorted(outcomes.items()):
        print(f"  {name}: {n}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
