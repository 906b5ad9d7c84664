"""Read arrays over many cells of a case file at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.reproposal import HELD_BACK

_CHUNK = 8192


class ClassifierOutputs(NamedTuple):
    """What a classifier said of n cells when it found them, in order of their ids.

    Attributes
    ----------
    ids : (n,) int64
    scores : (n, K) float32
        Probabilities.
    embeddings : (n, D) float16
        Rows of NaN for cells that have none.
    measurements : (n, M) float32
        NaN for what is undefined or was not measured.
    held_back : (n,) bool
        Cells with one of the flags HELD_BACK.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float16]
    measurements: NDArray[np.float32]
    held_back: NDArray[np.bool_]


def answers(
    connection: Any,
    runs: Mapping[int, Sequence[str]],
    leaves: int,
    dimensions: int,
    columns: Sequence[str] = (),
) -> ClassifierOutputs:
    """The answers of runs with `leaves` probabilities each and embeddings of `dimensions`.

    Parameters
    ----------
    connection
    runs : mapping of int to sequence of str
        Numbers of the runs, with the names of what each measured.
    leaves, dimensions : int
    columns : sequence of str
        The measurements that are asked for.
    """
    marks = ", ".join("?" * len(runs))
    where = f"WHERE run IN ({marks}) AND length(scores) = ?"
    asked = (*runs, 4 * leaves)
    n = connection.execute(f"SELECT count(*) FROM cells {where}", asked).fetchone()[0]  # noqa: S608
    found = ClassifierOutputs(
        np.empty(n, np.int64),
        np.empty((n, leaves), np.float32),
        np.empty((n, dimensions), np.float16),
        np.full((n, len(columns)), np.nan, np.float32),
        np.empty(n, np.bool_),
    )
    layouts = {number: _layout(names, columns) for number, names in runs.items()}
    joined = "cells LEFT JOIN assets ON assets.cell = cells.id"
    wanted = "id, scores, flags, embedding, run, measurements"
    sql = f"SELECT {wanted} FROM {joined} {where} ORDER BY id"  # noqa: S608
    cursor = connection.execute(sql, asked)
    held_back: dict[str, bool] = {}
    none = np.full(dimensions, np.nan, "<f2").tobytes()
    at = 0
    while part := cursor.fetchmany(_CHUNK):  # never the whole file twice in memory
        to = slice(at, at + len(part))
        found.ids[to] = [p[0] for p in part]
        found.scores[to] = np.frombuffer(b"".join(p[1] for p in part), "<f4").reshape(len(part), leaves)
        for text in {p[2] for p in part} - set(held_back):
            held_back[text] = not HELD_BACK.isdisjoint(json.loads(text))
        found.held_back[to] = [held_back[p[2]] for p in part]
        whole = b"".join(p[3] if p[3] is not None and len(p[3]) == len(none) else none for p in part)
        found.embeddings[to] = np.frombuffer(whole, "<f2").reshape(len(part), dimensions)
        for number in {p[4] for p in part} if len(columns) else ():
            layout = layouts[number]
            rows = [i for i, p in enumerate(part) if p[4] == number and len(p[5]) == 4 * layout.length]
            if not rows or not layout.there:
                continue
            values = np.frombuffer(b"".join(part[i][5] for i in rows), "<f4").reshape(len(rows), -1)
            places = np.array(rows)[:, None] + at
            found.measurements[places, np.array(layout.asked)] = values[:, layout.there]
        at += len(part)
    return found


class _Layout(NamedTuple):
    """Where in a run's measurements those asked for stand: places there and in what is asked."""

    length: int
    there: list[int]
    asked: list[int]


def _layout(names: Sequence[str], columns: Sequence[str]) -> _Layout:
    places = {name: i for i, name in enumerate(names)}
    known = [k for k, name in enumerate(columns) if name in places]
    return _Layout(len(names), [places[columns[k]] for k in known], known)


def embeddings(connection: Any) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """Ids (N,) and embeddings (N, D) of the cells that have one, of the newest cell's length."""
    last = connection.execute(
        "SELECT length(embedding) FROM assets WHERE length(embedding) > 0 ORDER BY cell DESC LIMIT 1"
    ).fetchone()
    size = 0 if last is None else int(last[0]) // 2 * 2
    fits = (size, size)
    # A damaged case may hold pictures of cells that are gone.
    where = "WHERE length(embedding) = ? AND ? > 0 AND cell IN (SELECT id FROM cells)"
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
