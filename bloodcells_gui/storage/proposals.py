"""Apply the adaptation of a case's runs to its cells, whenever they are read; nothing else does.

The rows of a case are never changed: they hold what the classifier said of each cell. The end of a run leaves
a :class:`~bloodcells_gui.adaptation.prior_shift.PriorShift` and the posteriors of single cells. Of several,
each cell takes the newest that

1. comes from a run with the same classifier that ended after the cell was found, and
2. is older than a person's first judgement of the cell: who confirmed a proposal confirmed the one on the
   screen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors
from bloodcells_gui.adaptation.prior_shift import PriorShift, prior_shift_of, same_classifier
from bloodcells_gui.adaptation.reproposal import HELD_BACK, adapt_proposals, coarse_rows
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import serialization

_JUDGING = (EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.ADJUDICATE)
_ID, _RUN, _FLAGS = (serialization.CELL_COLUMNS.split(", ").index(n) for n in ("id", "run", "flags"))


class _Layer(NamedTuple):
    """The adaptation at the end of one run.

    `classes` are the columns of the scores, `kept` the ids of cells that keep their earlier proposal.
    """

    prior_shift: PriorShift
    classes: tuple[str, ...]
    kept: frozenset[int]
    posteriors: CoarsePosteriors | None

    def posteriors_of(self, ids: Sequence[int]) -> NDArray[np.float32] | None:
        """Look up the posteriors (n, R) of cells; rows of NaN for cells that took no part."""
        if self.posteriors is None or not len(self.posteriors.ids):
            return None
        asked = np.asarray(ids, np.int64)
        at = np.minimum(np.searchsorted(self.posteriors.ids, asked), len(self.posteriors.ids) - 1)
        found = self.posteriors.probabilities[at]
        found[self.posteriors.ids[at] != asked] = np.nan
        return found


class AdaptedProposals:
    """The adaptations of a case, ready to be applied to rows of `cells`.

    Parameters
    ----------
    runs : sequence of AnalysisRun
        Oldest first.
    connection
        To read which cells were judged when, and the posteriors.

    Raises
    ------
    ValueError
        Where the latter is damaged.
    """

    def __init__(self, runs: Sequence[AnalysisRun], connection: Any) -> None:
        self._of_run: dict[int, list[_Layer]] = {}
        for run in reversed(runs):
            prior_shift = prior_shift_of(run.record.adaptation)
            if prior_shift is None or not set(run.classes) <= set(BY_CODE) or not run.classes:
                continue
            posteriors = _posteriors_of(run, connection) if prior_shift.has_posteriors else None
            layer = _Layer(
                prior_shift, run.classes, _judged_until(prior_shift.last_event, connection), posteriors
            )
            for other in runs:
                if other.number <= run.number and same_classifier(other, run):
                    self._of_run.setdefault(other.number, []).append(layer)

    def said(self, table: list[serialization.Row]) -> serialization.ModelOutput:
        """Return the adapted proposals of the cells in rows of serialization.CELL_COLUMNS."""
        said = serialization.said_in(table)
        for run in {row[_RUN] for row in table} & set(self._of_run):
            left = [i for i, row in enumerate(table) if row[_RUN] == run]
            for layer in self._of_run[run]:
                now = [i for i in left if table[i][_ID] not in layer.kept] if layer.kept else left
                said = _adapted(layer, table, now, said)
                left = [i for i in left if table[i][_ID] in layer.kept] if layer.kept else []
                if not left:
                    break
        return said


def _adapted(
    layer: _Layer, table: list[serialization.Row], places: list[int], said: serialization.ModelOutput
) -> serialization.ModelOutput:
    """Return `said` with the cells at `places` of `table` adapted by `layer`; its lists may be changed."""
    scores, leaves = said.scores, len(layer.classes)
    places = [i for i in places if len(scores[i]) == leaves]
    if not places:
        return said
    whole = len(places) == len(table)
    at: slice | list[int] = slice(None) if whole else places
    held_back = {text: not HELD_BACK.isdisjoint(json.loads(text)) for text in {row[_FLAGS] for row in table}}
    new = adapt_proposals(
        layer.prior_shift,
        layer.classes,
        scores[at] if isinstance(scores, np.ndarray) else np.array([scores[i] for i in places]),
        np.array(said.uncertainty, np.float32)[at],
        np.array(said.abstained, np.bool_)[at],
        np.array([held_back[row[_FLAGS]] for row in table], np.bool_)[at],
        layer.posteriors_of([table[i][_ID] for i in places]),
    )
    columns = (
        np.array(layer.classes, object)[new.best].tolist(),
        new.probability.tolist(),
        new.abstained.tolist(),
        new.uncertainty.tolist(),
    )
    if whole:
        return serialization.ModelOutput(*columns, new.scores)
    out = serialization.ModelOutput(*said[:4], list(scores))
    for i, name, probability, waits, uncertainty, vector in zip(places, *columns, new.scores, strict=True):
        out.predicted[i], out.probability[i] = name, probability
        out.abstained[i], out.uncertainty[i], out.scores[i] = waits, uncertainty, vector
    return out


def _posteriors_of(run: AnalysisRun, connection: Any) -> CoarsePosteriors:
    """Read the posteriors at the end of `run`; ValueError where they are not as this program writes them."""
    sql = f"SELECT {serialization.POSTERIOR_COLUMNS} FROM settled WHERE run = ? ORDER BY id"  # noqa: S608
    found = connection.execute(sql, (run.number,)).fetchall()
    return serialization.posteriors_from_rows(found, int(coarse_rows(run.classes).max()) + 1)


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
