"""What stands as the models' word on each cell of a case: as it was found, or after its specimen as a whole.

The rows of a case are never changed, so the mix that the end of a run left among its tallies, and what the
cells settled on with their look-alikes, are applied whenever cells are read, here and nowhere else. For each
cell the newest mix counts that (a) comes from a run
with the same classifier that ended after the cell was found, and (b) is older than the first judgement of a
person on the cell: who confirmed a proposal confirmed the one on the screen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import Settled
from bloodcells_gui.adaptation.prior_shift import PriorShift, mix_in, same_classifier
from bloodcells_gui.adaptation.reproposal import HELD_BACK, coarse_rows, reproposed
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import serialization

_JUDGING = (EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.ADJUDICATE)
_ID, _RUN, _FLAGS = (serialization.CELL_COLUMNS.split(", ").index(n) for n in ("id", "run", "flags"))


class _Layer(NamedTuple):
    """A mix, the columns of the scores that it weighs, the ids of cells that keep what was before, and what
    cells settled on."""

    mix: PriorShift
    classes: tuple[str, ...]
    kept: frozenset[int]
    settled: Settled | None

    def kinds(self, ids: Sequence[int]) -> NDArray[np.float32] | None:
        """(n, R) what cells settled on, rows of NaN for cells that had no part in it."""
        if self.settled is None or not len(self.settled.ids):
            return None
        asked = np.asarray(ids, np.int64)
        at = np.minimum(np.searchsorted(self.settled.ids, asked), len(self.settled.ids) - 1)
        found = self.settled.kinds[at]
        found[self.settled.ids[at] != asked] = np.nan
        return found


class Proposals:
    """The mixes of a case, ready to be applied to rows of `cells`.

    Parameters
    ----------
    runs : sequence of AnalysisRun
        Oldest first.
    connection
        To read who was judged when, and what cells settled on.

    Raises
    ------
    ValueError
        Where the latter is damaged.
    """

    def __init__(self, runs: Sequence[AnalysisRun], connection: Any) -> None:
        self._of_run: dict[int, list[_Layer]] = {}
        for run in reversed(runs):
            mix = mix_in(run.tallies)
            if mix is None or not set(run.classes) <= set(BY_CODE) or not run.classes:
                continue
            settled = _settled_of(run, connection) if mix.settles else None
            layer = _Layer(mix, run.classes, _judged_until(mix.events, connection), settled)
            for other in runs:
                if other.number <= run.number and same_classifier(other, run):
                    self._of_run.setdefault(other.number, []).append(layer)

    def said(self, table: list[serialization.Row]) -> serialization.Said:
        """What the models say of the cells of rows (of serialization.CELL_COLUMNS), as it is to be read."""
        said = serialization.said_in(table)
        for run in {row[_RUN] for row in table} & set(self._of_run):
            left = [i for i, row in enumerate(table) if row[_RUN] == run]
            for layer in self._of_run[run]:
                now = [i for i in left if table[i][_ID] not in layer.kept] if layer.kept else left
                said = _weighed(layer, table, now, said)
                left = [i for i in left if table[i][_ID] in layer.kept] if layer.kept else []
                if not left:
                    break
        return said


def _weighed(
    layer: _Layer, table: list[serialization.Row], places: list[int], said: serialization.Said
) -> serialization.Said:
    """`said` with what `layer` makes of the cells at `places` of `table`; its lists may be changed."""
    scores, leaves = said.scores, len(layer.classes)
    places = [i for i in places if len(scores[i]) == leaves]
    if not places:
        return said
    whole = len(places) == len(table)
    at: slice | list[int] = slice(None) if whole else places
    held_back = {text: not HELD_BACK.isdisjoint(json.loads(text)) for text in {row[_FLAGS] for row in table}}
    new = reproposed(
        layer.mix,
        layer.classes,
        scores[at] if isinstance(scores, np.ndarray) else np.array([scores[i] for i in places]),
        np.array(said.uncertainty, np.float32)[at],
        np.array(said.abstained, np.bool_)[at],
        np.array([held_back[row[_FLAGS]] for row in table], np.bool_)[at],
        layer.kinds([table[i][_ID] for i in places]),
    )
    columns = (
        np.array(layer.classes, object)[new.best].tolist(),
        new.probability.tolist(),
        new.abstained.tolist(),
        new.uncertainty.tolist(),
    )
    if whole:
        return serialization.Said(*columns, new.scores)
    out = serialization.Said(*said[:4], list(scores))
    for i, name, probability, waits, uncertainty, vector in zip(places, *columns, new.scores, strict=True):
        out.predicted[i], out.probability[i] = name, probability
        out.abstained[i], out.uncertainty[i], out.scores[i] = waits, uncertainty, vector
    return out


def _settled_of(run: AnalysisRun, connection: Any) -> Settled:
    """What the cells settled on when `run` ended; ValueError where that is not what this program writes."""
    sql = f"SELECT {serialization.SETTLED_COLUMNS} FROM settled WHERE run = ? ORDER BY id"  # noqa: S608
    found = connection.execute(sql, (run.number,)).fetchall()
    return serialization.settled_from_rows(found, int(coarse_rows(run.classes).max()) + 1)


def _judged_until(event: int, connection: Any) -> frozenset[int]:
    """Ids of the cells that a person had judged by then, undone or not."""
    if event <= 0:
        return frozenset()
    marks = ", ".join("?" * len(_JUDGING))
    found: Iterable[tuple[str]] = connection.execute(
        f"SELECT cells FROM events WHERE seq <= ? AND kind IN ({marks})",  # noqa: S608
        (event, *map(str, _JUDGING)),
    )
    ids: set[int] = set()
    for (cells,) in found:
        ids.update(int(i) for i in json.loads(cells))
    return frozenset(ids)
