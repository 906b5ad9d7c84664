"""Case files in a folder against cases as bytes in the database: what one decision costs.

    python -m scripts.benchmarks.where_cases_live URL [--megabytes 2 20 100] [--decisions 30]

URL is a PostgreSQL database (`postgresql://USER@HOST/DATABASE`); a table of the name `bloodcells_trial` is made there
and dropped again. In the folder a decision is one SQLite transaction on the case file. As bytes it is the whole
case put into its row, if the row still has the head of the chain that was read (compare and swap).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event, utc_now
from bloodcells_gui.domain.specimen import Specimen, SpecimenKind
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.lab.database import check_url


def median_ms(act: Callable[[int], None], times: int) -> float:
    """Median wall time of `act`, in ms."""
    took = []
    for i in range(times):
        began = time.perf_counter()
        act(i)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def in_folder(folder: Path, decisions: int) -> float:
    """A decision in a case file, ms."""
    path = folder / "trial.bcs"
    CaseStore.create(
        path,
        Specimen("trial", SpecimenKind.COUNTER, folder),
        case_id="trial",
        created=utc_now(),
        app_version="0",
    ).close()
    with CaseStore.open(path) as store:
        state = ReviewState(store.load_cells())

        def decide(i: int) -> None:
            state.apply(store.append(make_event(state, EventKind.NOTE, "trial", new=f"note {i}")))

        return median_ms(decide, decisions)


def as_bytes(url: str, megabytes: int, decisions: int) -> float:
    """A decision as compare and swap of the whole case, ms."""
    data = os.urandom(megabytes * 1_000_000)
    with psycopg.connect(check_url(url), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bloodcells_trial")
        connection.execute("CREATE TABLE bloodcells_trial (key TEXT PRIMARY KEY, head TEXT, data BYTEA)")
        connection.execute("ALTER TABLE bloodcells_trial ALTER data SET STORAGE EXTERNAL")
        connection.execute("INSERT INTO bloodcells_trial VALUES ('case', '0', %s)", (data,))

        def decide(i: int) -> None:
            done = connection.execute(
                "UPDATE bloodcells_trial SET head = %s, data = %s WHERE key = 'case' AND head = %s",
                (str(i + 1), data, str(i)),
            )
            assert done.rowcount == 1

        took = median_ms(decide, decisions)
        connection.execute("DROP TABLE bloodcells_trial")
    return took


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[2, 20, 100])
    parser.add_argument("--decisions", type=int, default=30)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"folder: {in_folder(Path(folder), args.decisions):.1f} ms a decision")
    for size in args.megabytes:
        print(
            f"bytes of {size} MB: {as_bytes(args.url, size, max(5, args.decisions // 3)):.1f} ms a decision"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
