"""Arrays over many cells of a case file at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 8192


def scores(connection: Any, runs: Sequence[int], leaves: int) -> NDArray[np.float32]:
    """(n, leaves) probabilities, as they were found, of the cells of these runs in order of their ids."""
    marks = ", ".join("?" * len(runs))
    sql = f"SELECT scores FROM cells WHERE run IN ({marks}) AND length(scores) = ? ORDER BY id"  # noqa: S608
    found = connection.execute(sql, (*runs, 4 * leaves)).fetchall()
    return np.frombuffer(b"".join(f[0] for f in found), "<f4").reshape(len(found), leaves)


def embeddings(connection: Any) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Ids (N,) and embeddings (N, D) of the cells that have one, of the newest cell's length."""
    last = connection.execute(
        "SELECT length(embedding) FROM assets WHERE length(embedding) > 0 ORDER BY cell DESC LIMIT 1"
    ).fetchone()
    size = 0 if last is None else int(last[0]) // 2 * 2
    fits = (size, size)
    where = "WHERE length(embedding) = ? AND ? > 0"
    n = connection.execute(f"SELECT count(*) FROM assets {where}", fits).fetchone()[0]  # noqa: S608
    ids, found = np.empty(n, np.int64), np.empty((n, size // 2), "<f2")
    cursor = connection.execute(f"SELECT cell, embedding FROM assets {where} ORDER BY cell", fits)  # noqa: S608
    at = 0
    while part := cursor.fetchmany(_CHUNK):  # never the whole file twice in memory
        ids[at : at + len(part)] = [p[0] for p in part]
        found[at : at + len(part)] = np.frombuffer(b"".join(p[1] for p in part), "<f2").reshape(
            len(part), size // 2
        )
        at += len(part)

    return ids[:at], found[:at]
