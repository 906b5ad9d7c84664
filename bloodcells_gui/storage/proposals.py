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
from bloodcells_gui.domain.cell import FLAG_GIANT_PLATELET
from bloodcells_gui.domain.platelets import named_by_size
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.suspicion import rule_of
from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.storage import serialization

_DECISION_KINDS = (EventKind.CONFIRM, EventKind.RELABEL, EventKind.EXCLUDE, EventKind.ADJUDICATE)
_ID, _RUN, _FLAGS = (serialization.CELL_COLUMNS.split(", ").index(n) for n in ("id", "run", "flags"))


class _RunAdaptation(NamedTuple):
    """The adaptation at the end of one run.

    `classes` are the columns of the scores, `exempt_ids` the ids of cells that keep their earlier proposal.
    """

    prior_shift: PriorShift
    classes: tuple[str, ...]
    exempt_ids: frozenset[int]
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
        For reading the review events and the posteriors.

    Raises
    ------
    ValueError
        When the stored posteriors are damaged.
    """

    def __init__(self, runs: Sequence[AnalysisRun], connection: Any) -> None:
        self._by_run: dict[int, list[_RunAdaptation]] = {}
        self._rules = {run.number: (rule_of(run.parameters), run.classes) for run in runs}
        for run in reversed(runs):
            prior_shift = prior_shift_of(run.record.adaptation)
            if prior_shift is None or not set(run.classes) <= set(BY_CODE) or not run.classes:
                continue
            posteriors = _posteriors_of(run, connection) if prior_shift.has_posteriors else None
            layer = _RunAdaptation(
                prior_shift, run.classes, _cells_judged_before(prior_shift.last_event, connection), posteriors
            )
            for other in runs:
                if other.number <= run.number and same_classifier(other, run):
                    self._by_run.setdefault(other.number, []).append(layer)

    def said(self, table: list[serialization.Row]) -> serialization.ModelOutput:
        """Return the adapted proposals of the cells in rows of serialization.CELL_COLUMNS."""
        said = serialization.said_in(table)
        for run in {row[_RUN] for row in table} & set(self._by_run):
            remaining = [i for i, row in enumerate(table) if row[_RUN] == run]
            for layer in self._by_run[run]:
                affected = (
                    [i for i in remaining if table[i][_ID] not in layer.exempt_ids]
                    if layer.exempt_ids
                    else remaining
                )
                said = _adapted(layer, table, affected, said)
                remaining = (
                    [i for i in remaining if table[i][_ID] in layer.exempt_ids] if layer.exempt_ids else []
                )
                if not remaining:
                    break
        for i, row in enumerate(table):
            if FLAG_GIANT_PLATELET in row[_FLAGS]:
                said.predicted[i] = named_by_size(said.predicted[i], json.loads(row[_FLAGS]))
        return said

    def suspicion(
        self, table: list[serialization.Row], said: serialization.ModelOutput
    ) -> list[serialization.Suspicion]:
        """Return how suspicious the cells in rows of serialization.CELL_COLUMNS are.

        From what their run found, and from what :meth:`said` made of it (`said`).
        """
        found = serialization.said_in(table).scores
        out = [serialization.NOT_SUSPICIOUS] * len(table)
        for number, (rule, classes) in self._rules.items():
            rows = [i for i, row in enumerate(table) if row[_RUN] == number and len(found[i]) == len(classes)]
            if not rows:
                continue
            answers = (np.array([scores[i] for i in rows], np.float32) for scores in (found, said.scores))
            for i, value in zip(rows, rule.suspicion(classes, *answers).tolist(), strict=True):
                out[i] = serialization.Suspicion(value, value >= rule.limit)
        return out


def _adapted(
    layer: _RunAdaptation,
    table: list[serialization.Row],
    row_indices: list[int],
    said: serialization.ModelOutput,
) -> serialization.ModelOutput:
    """Return `said` with the cells at `row_indices` adapted by `layer`; its own lists may be changed."""
    scores, n_classes = said.scores, len(layer.classes)
    row_indices = [i for i in row_indices if len(scores[i]) == n_classes]
    if not row_indices:
        return said
    whole = len(row_indices) == len(table)
    at: slice | list[int] = slice(None) if whole else row_indices
    held_back = {text: not HELD_BACK.isdisjoint(json.loads(text)) for text in {row[_FLAGS] for row in table}}
    new = adapt_proposals(
        layer.prior_shift,
        layer.classes,
        scores[at] if isinstance(scores, np.ndarray) else np.array([scores[i] for i in row_indices]),
        np.array(said.uncertainty, np.float32)[at],
        np.array(said.abstained, np.bool_)[at],
        np.array([held_back[row[_FLAGS]] for row in table], np.bool_)[at],
        layer.posteriors_of([table[i][_ID] for i in row_indices]),
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
    for i, name, probability, abstained, uncertainty, vector in zip(
        row_indices, *columns, new.scores, strict=True
    ):
        out.predicted[i], out.probability[i] = name, probability
        out.abstained[i], out.uncertainty[i], out.scores[i] = abstained, uncertainty, vector
    return out


def _posteriors_of(run: AnalysisRun, connection: Any) -> CoarsePosteriors:
    """Read the posteriors at the end of `run`; ValueError where they are not as this program writes them."""
    sql = f"SELECT {serialization.POSTERIOR_COLUMNS} FROM settled WHERE run = ? ORDER BY id"  # noqa: S608
    found = connection.execute(sql, (run.number,)).fetchall()
    return serialization.posteriors_from_rows(found, int(coarse_rows(run.classes).max()) + 1)


def _cells_judged_before(event: int, connection: Any) -> frozenset[int]:
    """Ids of the cells that a person had judged up to event number `event`, undone or not."""
    if event <= 0:
        return frozenset()
    marks = ", ".join("?" * len(_DECISION_KINDS))
    found: Iterable[tuple[str]] = connection.execute(
        f"SELECT cells FROM events WHERE seq <= ? AND kind IN ({marks})",  # noqa: S608
        (event, *map(str, _DECISION_KINDS)),
    )
    ids: set[int] = set()
    for (cells,) in found:
        ids.update(int(i) for i in json.loads(cells))
    return frozenset(ids)
