"""Check the labels of the reference library: which cells the others contradict, and what a person decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from bloodcells_gui.adaptation.similarity import most_similar
from bloodcells_gui.app.reference_library import Reference, ReferenceLibraryController
from bloodcells_gui.inference.label_check import MIN_PER_CLASS, LabelCheck, check_labels

__all__ = ["ContradictedCell", "LibraryCheck", "LibraryLabels"]


@dataclass(frozen=True, slots=True)
class ContradictedCell:
    """A cell whose class the others contradict.

    Attributes
    ----------
    others_say : str
        Code of the class that the others name.
    own, other : float
        Probability of its class and of theirs, 0 to 1.
    """

    reference: Reference
    others_say: str
    own: float
    other: float
    strength: float


@dataclass(frozen=True, slots=True)
class LibraryLabels:
    """The outcome of a check.

    Attributes
    ----------
    cells, judged : int
        In the library; compared with others.
    contradicted : tuple of ContradictedCell
        The most strongly first, without those whose label a person has looked at again.
    looked_at : int
        Contradicted cells that are not listed because a person kept or changed their class in a check.
    too_few : tuple of str
        Codes of the classes with too few cells of one model to be compared.
    """

    cells: int
    judged: int
    contradicted: tuple[ContradictedCell, ...]
    looked_at: int
    too_few: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Act:
    """What a person did about a cell, with the cell as it was before."""

    before: Reference
    removed: bool


class LibraryCheck:
    """A check of the library, and the decisions that follow; nothing changes without a person.

    Cells of different models cannot be compared: each model's cells are checked among themselves. Cells of
    one case do not speak for one another.
    """

    def __init__(self, shelf: ReferenceLibraryController) -> None:
        self._shelf = shelf
        self._acts: list[_Act] = []
        self._contradicted: frozenset[int] = frozenset()
        self._references: dict[int, Reference] = {}

    def run(self) -> LibraryLabels:
        """Compare every cell with the others; about three seconds for 50,000 cells.

        Raises
        ------
        UserError
            When the library cannot be read.
        """
        # Reference pictures were seen by no model.
        references = {r.id: r for r in self._shelf.entries() if not r.source}
        judged, looked_at, ids_contradicted = 0, 0, set()
        contradicted: list[ContradictedCell] = []
        enough: set[str] = set()
        for model in dict.fromkeys(r.model for r in references.values()):
            ids, embeddings = self._shelf.library().embeddings(model)
            rows = [k for k, i in enumerate(ids.tolist()) if i in references]
            cells = [references[int(ids[k])] for k in rows]
            enough |= {c for c, n in Counter(r.code for r in cells).items() if n >= MIN_PER_CLASS}
            check = check_labels(
                embeddings[rows], [r.code for r in cells], [r.source_case or f"cell {r.id}" for r in cells]
            )
            judged += int(check.judged.sum())
            ids_contradicted |= {cells[i].id for i in check.rows()}
            looked_at += sum(cells[i].checked for i in check.rows())
            contradicted += _listed(cells, check)
        self._contradicted, self._references = frozenset(ids_contradicted), references
        contradicted.sort(key=lambda c: -c.strength)
        few = dict.fromkeys(r.code for r in references.values() if r.code not in enough)
        return LibraryLabels(len(references), judged, tuple(contradicted), looked_at, tuple(few))

    def alike(self, reference: Reference, code: str, k: int = 6) -> list[Reference]:
        """The cells of class `code` most like one of the same model, best first.

        None of them is contradicted itself. Empty before :meth:`run`.
        """
        known = self._references.copy()
        ids, embeddings = self._shelf.library().embeddings(reference.model)
        own = np.flatnonzero(ids == reference.id)
        rows = [
            n
            for n, i in enumerate(ids.tolist())
            if i in known and known[i].code == code and i != reference.id and i not in self._contradicted
        ]
        if not len(own) or not rows:
            return []
        near, _ = most_similar(embeddings[rows], embeddings[own[0]], k)
        return [known[int(ids[rows[n]])] for n in near]

    def keep(self, reference: Reference, author: str) -> None:
        """The cell's class is right: it is not listed again."""
        self.change(reference, reference.code, author)

    def change(self, reference: Reference, code: str, author: str) -> None:
        """The cell is of class `code`. ValueError for an unknown class."""
        self._shelf.library().decide_label(reference.id, code, author)
        self._references[reference.id] = replace(reference, code=code, checked=True)
        self._acts.append(_Act(reference, removed=False))

    def remove(self, reference: Reference, author: str) -> None:
        """Take the cell out of the library."""
        self._shelf.remove(reference.id, author)
        self._references.pop(reference.id, None)
        self._acts.append(_Act(reference, removed=True))

    def undo(self, author: str) -> Reference | None:
        """Take back the last decision, in the name of `author`; None when there is none left.

        Returns
        -------
        Reference or None
            The cell as it was before.
        """
        if not self._acts:
            return None
        act = self._acts[-1]
        before = act.before
        if act.removed:
            self._shelf.restore(before.id, author)
        else:
            self._shelf.library().decide_label(before.id, before.code, author, checked=before.checked)
        self._references[before.id] = before
        self._acts.pop()
        return before


def _listed(cells: list[Reference], check: LabelCheck) -> list[ContradictedCell]:
    """Contradicted cells of one model; a person has not looked at them again yet."""
    return [
        ContradictedCell(
            cells[i],
            check.classes[check.named[i]],
            float(check.own[i]),
            float(check.other[i]),
            float(check.strength[i]),
        )
        for i in check.rows()
        if not cells[i].checked
    ]
