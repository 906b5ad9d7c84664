"""What stands as the models' word on each cell of a case: as it was found, or weighed by its specimen's mix.

The rows of a case are never changed, so the mix that the end of a run left among its tallies is applied
whenever cells are read, here and nowhere else. For each cell the newest mix counts that (a) comes from a run
with the same classifier that ended after the cell was found, and (b) is older than the first judgement of a
person on the cell: who confirmed a proposal confirmed the one on the screen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.specimen_mix import (
    HELD_BACK,
    SpecimenMix,
    mix_in,
    reproposed,
    same_classifier,
)
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import rows

_JUDGING = (EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.ADJUDICATE)
_ID, _RUN, _FLAGS = 0, 1, 13  # in rows.CELL_COLUMNS


class _Layer(NamedTuple):
    """A mix, the columns of the scores that it weighs, and the ids of cells that keep what was before."""

    mix: SpecimenMix
    classes: tuple[str, ...]
    kept: frozenset[int]


class Proposals:
    """The mixes of a case, ready to be applied to rows of `cells`.

    Parameters
    ----------
    runs : sequence of AnalysisRun
        Oldest first.
    connection
        To read who was judged when.
    """

    def __init__(self, runs: Sequence[AnalysisRun], connection: Any) -> None:
        self._of_run: dict[int, list[_Layer]] = {}
        for run in reversed(runs):
            mix = mix_in(run.tallies)
            if mix is None or not set(run.classes) <= set(BY_CODE) or not run.classes:
                continue
            layer = _Layer(mix, run.classes, _judged_until(mix.events, connection))
            for other in runs:
                if other.number <= run.number and same_classifier(other, run):
                    self._of_run.setdefault(other.number, []).append(layer)

    def said(self, table: list[rows.Row]) -> rows.Said:
        """What the models say of the cells of rows (of rows.CELL_COLUMNS), as it is to be read."""
        said = rows.said_in(table)
        of_run: dict[int, list[int]] = {}
        if self._of_run:
            for i, row in enumerate(table):
                of_run.setdefault(row[_RUN], []).append(i)
        for run, places in of_run.items():
            left = places
            for layer in self._of_run.get(run, ()):
                now = [i for i in left if table[i][_ID] not in layer.kept] if layer.kept else left
                _weigh(layer, table, now, said)
                left = [i for i in left if table[i][_ID] in layer.kept] if layer.kept else []
                if not left:
                    break
        return said


def _weigh(layer: _Layer, table: list[rows.Row], places: list[int], said: rows.Said) -> None:
    """Put into `said` what `layer` makes of the cells at `places` of `table`."""
    size = len(layer.classes)
    places = [i for i in places if len(said.scores[i]) == size]
    if not places:
        return
    held_back = {
        text: not HELD_BACK.isdisjoint(json.loads(text)) for text in {table[i][_FLAGS] for i in places}
    }
    new = reproposed(
        layer.mix,
        layer.classes,
        np.array([said.scores[i] for i in places], np.float32),
        np.array([said.doubt[i] for i in places], np.float32),
        np.array([said.abstained[i] for i in places], np.bool_),
        np.array([held_back[table[i][_FLAGS]] for i in places], np.bool_),
    )
    columns = (new.best.tolist(), new.probability.tolist(), new.abstained.tolist(), new.doubt.tolist())
    for i, best, probability, abstained, doubt, scores in zip(places, *columns, new.scores, strict=True):
        said.predicted[i] = layer.classes[best]
        said.probability[i] = probability
        said.abstained[i] = abstained
        said.doubt[i] = doubt
        said.scores[i] = scores


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
