"""The work list over thousands of cases: opening, searching, sorting, and what the index saves.

``python -m scripts.benchmarks.work_list [--cases 10000] [--distinct 40]``: `distinct` real case files of drawn cells are
written (to review, reviewed, signed, urgent); the other files are hard links of them under names of their own, so that
every file exists, while the disk holds `distinct` of them. The lines of the links are copies of their file's line, which
is read; with ``--read-all`` every file is opened and read for its own. The rest is measured with the window of the
program, offscreen, in this process. Baselines of the same run: each search from the index (what the list did until now),
and reading the cases (what it costs without an index).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from bloodcells_gui.app.workspace import Workspace
    from bloodcells_gui.ui.worklist.page import WorklistPage

CELLS = 12


def timed(acts: Sequence[Callable[[], object]]) -> dict[str, float]:
    """Milliseconds of the window's own thread: on the clock (median), and of the processor (median, largest)."""
    took, own = [], []
    for act in acts:
        begun, begun_own = time.perf_counter(), time.thread_time()
        act()
        took.append(1000 * (time.perf_counter() - begun))
        own.append(1000 * (time.thread_time() - begun_own))
    return {
        "clock": round(statistics.median(took), 1), "processor": round(statistics.median(own), 1),
        "most": round(max(own), 1),
    }  # fmt: skip


def make_cases(workspace: Workspace, cases: int, distinct: int) -> None:
    """Fill the folder of cases."""
    from bloodcells_gui.app.signing import sign
    from bloodcells_gui.app.worklist import WorkList
    from tests.support.workbench_window import a_case

    made = []
    for i in range(distinct):
        path = a_case(
            workspace.cases_dir / f"2026-{i:05} S-{i:05}.bcs", CELLS, specimen_id=f"S-{i:05}", seed=i
        )
        session = workspace.open_case(path, remembered=False)
        if i % 9 == 0:
            session.set_field("priority", "urgent")
        if i % 3:
            session.confirm([c.id for c in session.cells])
            session.exclude([c.id for c in session.cells if session.state.label(c.id) == "UNI"])
        if i % 3 == 2:
            session.set_field("patient_id", f"P-{i}")
            answers = dict.fromkeys(
                ("target", "unreviewed", "look_first", "incomplete", "clock"), "benchmark"
            )
            sign(session, "A. Technician", "reviewed", answers=answers)
        session.close()
        made.append(path)
    # The index sees the files alone; the links come once it has their lines.
    with contextlib.closing(WorkList(workspace)) as listed:
        listed.refresh()
    for i in range(distinct, cases):
        os.link(made[i % distinct], workspace.cases_dir / f"2026-{i:05} S-{i:05}.bcs")


def copy_lines(folder: Path, cases: int, distinct: int) -> None:
    """Give each link the line of its file in the index: the same content, so the same line under another name."""
    from bloodcells_gui.storage.serialization import name_to_db
    from bloodcells_gui.storage.worklist_files import stamp_of
    from bloodcells_gui.storage.worklist_index import INDEX_NAME, sealed

    connection = sqlite3.connect(folder / INDEX_NAME)
    try:
        read = connection.execute("SELECT * FROM cases ORDER BY name").fetchall()
        names = [f"2026-{i:05} S-{i:05}.bcs" for i in range(distinct, cases)]
        rows = [
            sealed((name_to_db(name), stamp_of(folder / name), *read[i % distinct][2:-1]))
            for i, name in enumerate(names, distinct)
        ]
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT OR REPLACE INTO cases VALUES ({marks})", rows)  # marks alone
        connection.commit()
    finally:
        connection.close()


def search_in_index(folder: Path, text: str) -> int:
    """The former search: every row read, its seal compared, made an entry, looked through."""
    from bloodcells_gui.storage.worklist_index import INDEX_NAME, is_sound
    from bloodcells_gui.storage.worklist_rows import IDS, entry_of_row

    connection = sqlite3.connect(folder / INDEX_NAME)
    try:
        rows = connection.execute("SELECT * FROM cases ORDER BY created DESC, name").fetchall()
    finally:
        connection.close()
    entries = [(entry_of_row(folder, row), row) for row in rows if is_sound(row)]
    return sum(
        text in f"{e.case_id}\n{e.specimen_id}\n{e.path.name}\n{row[IDS]}".casefold() for e, row in entries
    )


def use(page: WorklistPage, cases: int) -> dict[str, object]:
    """Show the list, type into the search, sort by every column."""
    from bloodcells_gui.ui.start import wait_ms
    from bloodcells_gui.ui.worklist.model import WORK_ORDER, Column

    found: dict[str, object] = {}
    begun = time.perf_counter()
    page.resize(1366, 768)
    page.show()
    while page.model.rowCount() < cases:
        wait_ms(5)
    page.table.viewport().repaint()
    found["opened and painted, ms"] = round(1000 * (time.perf_counter() - begun))
    while page.is_reading:
        wait_ms(20)
    found["opened, folder compared behind it, ms"] = round(1000 * (time.perf_counter() - begun))

    def type_in(text: str) -> None:
        page.text.setText(text)
        page.table.viewport().repaint()

    words = ("s", "s-0", "s-00", "s-000", "s-0001", "p-1", "p-17", "nothing of that name", "")
    found["search by text, a key"] = timed([partial(type_in, w) for w in words * 3])

    def choose(line: str) -> None:
        page.flag.setText(line)
        page.table.viewport().repaint()

    found["search by flag"] = timed([partial(choose, f) for f in ("*", "blast", "", "myelo", "") * 3])

    def sort(column: int) -> None:
        page.table.order_by(column)
        page.table.viewport().repaint()

    columns = [int(c) for c in Column if c is not Column.PICTURE]
    found["sort by a column"] = timed([partial(sort, c) for c in (*columns, WORK_ORDER) * 2])
    bar = page.table.verticalScrollBar()

    def scroll(share: float) -> None:
        bar.setValue(round(share * bar.maximum()))
        page.table.viewport().repaint()

    found["scroll to a place"] = timed([partial(scroll, s / 40) for s in range(40)])
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--distinct", type=int, default=40)
    parser.add_argument("--read-all", action="store_true", help="open and read every file for the index")
    asked = parser.parse_args()
    from PySide6.QtCore import QThreadPool

    from bloodcells_gui.app.worklist import Query, WorkList
    from bloodcells_gui.ui.start import make_application, make_context
    from bloodcells_gui.ui.worklist.page import WorklistPage
    from tests.support.workbench_window import a_workspace

    with tempfile.TemporaryDirectory() as place:
        workspace = a_workspace(Path(place))
        make_cases(workspace, asked.cases, asked.distinct)
        folder = workspace.cases_dir
        if not asked.read_all:
            copy_lines(folder, asked.cases, asked.distinct)
        cases = WorkList(workspace)
        begun, begun_own = time.perf_counter(), time.thread_time()
        read_now = cases.refresh()
        reading, reading_own = time.perf_counter() - begun, time.thread_time() - begun_own
        read = len(cases.search(Query()))
        cases.close()
        found: dict[str, object] = {
            "cases": read, "real files": asked.distinct, "cells a case": CELLS,
            "files read for the index": read_now, "the folder compared, s": round(reading, 2),
            "of that the processor, s": round(reading_own, 2),
            "baseline, a search from the index": timed([lambda: search_in_index(folder, "s-0001")] * 5),
        }  # fmt: skip
        cases = WorkList(workspace)
        found["index into memory"] = timed([lambda: cases.search(Query())])
        cases.close()
        app, cases = make_application(), WorkList(workspace)
        page = WorklistPage(
            make_context(app, workspace, "en", "light"), cases, workspace.look_at, QThreadPool()
        )
        found |= use(page, read)
        found["next case"] = timed([cases.next_case] * 5)
        page.close()
        page.stop()
        cases.close()
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
