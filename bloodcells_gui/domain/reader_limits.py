"""Limits that include the reader: what is known of a film when the program's misnaming counts too.

The exact limits of the differential hold for sampling alone, as if no cell were ever misnamed. Where the
laboratory knows how often the program takes one class for another (its confusion matrix, of `evaluate` or of
a calibration), limits can include both.

Method: each of `CHAINS` chains draws one confusion matrix from what the evaluation leaves open (a Dirichlet
distribution per true class, one pseudo-count in all), corrects the proposals by it (Rogan and Gladen, Am J
Epidemiol 1978, for more than two classes), and draws the true classes of the unreviewed cells given the film
and the matrix in turn (data augmentation, Tanner and Wong, JASA 1987). Of the resulting counts come exact
binomial limits, in their mid-P form (Lancaster, JASA 1961), pooled over all draws. Cells that a person
decided on enter as they were named. Without misnaming these are the mid-P limits of the plain count.
`scripts.benchmarks.reader_limits` measures how often they cover the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.errors import InvalidValue
from bloodcells_gui.domain.i18n import N_, Reason
from bloodcells_gui.domain.taxonomy import NUCLEATED, ROLLUPS, Row

Wide = NDArray[np.float64]
Counts = NDArray[np.int64]

#: A class of which fewer cells were evaluated has no limits, and none of its proposals may be left open.
LEAST_CELLS = 20
CHAINS = 500
_SETTLING, _KEPT, _APART = 8, 3, 4
_CORRECTIONS = 30
# Pseudo-counts: of each true class's row of the matrix in all, and of each class of the film.
_ROW_PRIOR, _FILM_PRIOR = 1.0, 0.3
_TAIL = 0.025
_SEED = 17
_MOST_CELLS = 10**7

EVALUATED = N_("evaluation")
CROSS_VALIDATED = N_("cross-validation of the calibration profile")

OTHER_MODEL = N_(
    "They are not given: the confusion matrix is of another model ({there}) than the analysis ({here})."
)
OTHER_PROFILE = N_(
    "They are not given: the confusion matrix was made with the profile “{there}”, the analysis with "
    "“{here}”."
)
NOT_EVALUATED = N_(
    "They are not given: proposed are {names}, of which fewer than {least} cells were evaluated. Decide on "
    "these cells, or evaluate more of them."
)
ALL_DECIDED = N_(
    "Every counted cell was decided on by a person, so the program's misnaming is in none of them: the "
    "limits of the table hold."
)


@dataclass(frozen=True, slots=True)
class ReaderMatrix:
    """A laboratory's confusion matrix: how the program named cells whose class persons knew.

    Attributes
    ----------
    rollup : str
        Id of the roll-up whose rows the codes are.
    codes : tuple of str
    counts : tuple of tuple of int
        [true][named] over `codes`; cells that the program left unidentified are not among them.
    models : tuple of (str, str)
        Task and "id sha256" of the models that named them.
    profile : str
        Calibration profile with its version, "" for the models' own head.
    origin : str
        :data:`EVALUATED` or :data:`CROSS_VALIDATED`.
    day : str
        When, ISO date.
    """

    rollup: str
    codes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    models: tuple[tuple[str, str], ...] = ()
    profile: str = ""
    origin: str = EVALUATED
    day: str = ""

    def __post_init__(self) -> None:
        rows = {row.code for row in ROLLUPS[self.rollup].rows} if self.rollup in ROLLUPS else set()
        square = len(self.counts) == len(self.codes) and all(len(r) == len(self.codes) for r in self.counts)
        if not square or not rows or len(set(self.codes)) != len(self.codes) or not rows >= set(self.codes):
            raise InvalidValue("not a confusion matrix of a known taxonomy")
        if any(not 0 <= n <= _MOST_CELLS for line in self.counts for n in line):
            raise InvalidValue("not a confusion matrix of a known taxonomy")

    @property
    def cells(self) -> int:
        """How many cells it is of."""
        return sum(map(sum, self.counts))

    def rows(self) -> tuple[Row, ...]:
        """Rows of cells with a nucleus of which enough cells were evaluated, in the order of the roll-up."""
        known = {code for code, line in zip(self.codes, self.counts, strict=True) if sum(line) >= LEAST_CELLS}
        return tuple(
            row for row in ROLLUPS[self.rollup].rows if row.code in known and set(row.leaves) <= NUCLEATED
        )

    def between(self, rows: Sequence[Row]) -> Counts:
        """[true][named] counts (K, K) between these rows."""
        place = [self.codes.index(row.code) for row in rows]
        return np.array(self.counts, np.int64)[np.ix_(place, place)]

    def to_json_obj(self) -> dict[str, Any]:
        """Plain JSON types; :func:`matrix_from_json` reads them back."""
        return {
            "taxonomy": self.rollup,
            "codes": list(self.codes),
            "rows_true_columns_named": [list(line) for line in self.counts],
            "models": dict(self.models),
            "profile": self.profile,
            "origin": self.origin,
            "day": self.day,
        }


def matrix_from_json(obj: object) -> ReaderMatrix:
    """Inverse of :meth:`ReaderMatrix.to_json_obj`; InvalidValue where it is no such matrix."""
    try:
        if not isinstance(obj, dict):
            raise TypeError
        counts = obj["rows_true_columns_named"]
        if any(isinstance(n, bool) or not isinstance(n, int) for line in counts for n in line):
            raise TypeError
        texts = [obj["taxonomy"], obj["profile"], obj["origin"], obj["day"]]
        texts += [*obj["codes"], *obj["models"], *obj["models"].values()]
        if not all(isinstance(t, str) and len(t) <= 300 and t.isprintable() for t in texts):
            raise TypeError
        if obj["origin"] not in (EVALUATED, CROSS_VALIDATED):
            raise TypeError
        return ReaderMatrix(
            obj["taxonomy"],
            tuple(obj["codes"]),
            tuple(tuple(line) for line in counts),
            tuple(sorted(obj["models"].items())),
            obj["profile"],
            obj["origin"],
            obj["day"],
        )
    except (LookupError, TypeError, AttributeError) as error:
        raise InvalidValue("not a confusion matrix of a known taxonomy") from error


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """One class: the cells counted, its share with misnaming corrected, and limits that include it.

    `percent` and the limits are % of the leukocytes for a class inside the 100 % (`counts`), else per 100 of
    them.
    """

    code: str
    name: str
    counts: bool
    count: int
    percent: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What the report says of them, or why it gives none.

    Attributes
    ----------
    rollup, origin, day, profile : str
        Of the confusion matrix.
    evaluated : int
        Cells that it is of.
    decided, proposed : int
        Counted cells with a nucleus that a person decided on (hand counts among them), and that the program
        named alone.
    rows : tuple of ReaderRow
        Empty where `refused` says why.
    refused : str
        English template of `params`; "" where there are rows.
    """

    rollup: str
    origin: str
    day: str
    profile: str
    evaluated: int
    decided: int
    proposed: int
    rows: tuple[ReaderRow, ...] = ()
    refused: str = ""
    params: tuple[tuple[str, str], ...] = field(default=())


def reader_limits(
    matrix: ReaderMatrix,
    decided: Mapping[str, int],
    proposed: Mapping[str, int],
    made_by: Sequence[tuple[Mapping[str, str], str]],
) -> ReaderLimits:
    """The limits of a film, or why they cannot be given.

    Parameters
    ----------
    matrix : ReaderMatrix
    decided, proposed : mapping
        Leaf -> counted cells that a person named, and that the program named alone.
    made_by : sequence of (mapping, str)
        Models (task -> "id sha256") and profile of each run.
    """
    here = {code: n for code, n in decided.items() if code in NUCLEATED and n}
    open_ones = {code: n for code, n in proposed.items() if code in NUCLEATED and n}
    empty = ReaderLimits(
        matrix.rollup, matrix.origin, matrix.day, matrix.profile, matrix.cells, sum(here.values()),
        sum(open_ones.values()),
    )  # fmt: skip

    def none(text: str, **params: object) -> ReaderLimits:
        values = tuple((name, str(value)) for name, value in params.items())
        return replace(empty, refused=text, params=values)

    if not open_ones:
        return none(ALL_DECIDED)
    for models, profile in made_by:
        if (other := does_not_fit(matrix, models, profile)) is not None:
            return replace(
                empty,
                refused=other.template,
                params=tuple((name, str(value)) for name, value in other.params),
            )
    rows = matrix.rows()
    known = {leaf for row in rows for leaf in row.leaves}
    names = [row.name for row in ROLLUPS[matrix.rollup].rows if set(row.leaves) & (set(open_ones) - known)]
    if names:
        return none(NOT_EVALUATED, names="; ".join(names), least=LEAST_CELLS)
    return replace(empty, rows=_limits(matrix, rows, here, open_ones))


def does_not_fit(matrix: ReaderMatrix, models: Mapping[str, str], profile: str) -> Reason | None:
    """Why a matrix says nothing of cells that these models named with this profile; None where it does."""
    if (other := _other_model(matrix, models)) is not None:
        return Reason(OTHER_MODEL, (("there", other[0]), ("here", other[1])))
    if profile != matrix.profile:
        return Reason(OTHER_PROFILE, (("there", matrix.profile or "–"), ("here", profile or "–")))
    return None


def _other_model(matrix: ReaderMatrix, models: Mapping[str, str]) -> tuple[str, str] | None:
    """Classifier or segmenter of the matrix and of a run, shortened, where they differ."""
    theirs = dict(matrix.models)
    for task in ("classify", "segment"):
        there, here = theirs.get(task, ""), models.get(task, "")
        if there != here and (task == "classify" or (there and here)):
            return _short(there), _short(here)
    return None


def _short(identity: str) -> str:
    name, _, sha256 = identity.rpartition(" ")
    return f"{name} {sha256[:12]}".strip() or "–"


def _limits(
    matrix: ReaderMatrix, rows: Sequence[Row], decided: Mapping[str, int], proposed: Mapping[str, int]
) -> tuple[ReaderRow, ...]:
    """Limits of all rows; what persons named of other rows is counted beside them."""
    known = {leaf for row in rows for leaf in row.leaves}
    others = [row for row in ROLLUPS[matrix.rollup].rows if set(row.leaves) & (set(decided) - known)]
    every = [*rows, *others]
    named = np.array([sum(proposed.get(leaf, 0) for leaf in row.leaves) for row in rows], np.int64)
    certain = np.array([sum(decided.get(leaf, 0) for leaf in row.leaves) for row in every], np.int64)
    rng = np.random.default_rng(_SEED)
    drawn = true_counts(matrix.between(rows), named, certain[: len(rows)], rng)
    beside = np.broadcast_to(certain[len(rows) :], (len(drawn), len(others)))
    drawn = np.concatenate([drawn, beside], axis=1)
    inside = np.array([row.counts for row in every])
    leukocytes = drawn[:, inside].sum(axis=1)
    result = []
    for i, row in enumerate(every):
        share, low, high = pooled_limits(drawn[:, i], leukocytes, rng, inside=row.counts)
        count = int(certain[i]) + (int(named[i]) if i < len(rows) else 0)
        figures = (round(100 * value, 3) for value in (share, low, high))
        result.append(ReaderRow(row.code, row.name, row.counts, count, *figures))
    order = {row.code: i for i, row in enumerate(ROLLUPS[matrix.rollup].rows)}
    return tuple(sorted(result, key=lambda row: order[row.code]))


def true_counts(confusion: Counts, named: Counts, certain: Counts, rng: np.random.Generator) -> Counts:
    """Draw how many cells of each class a film's counted cells are in truth.

    Parameters
    ----------
    confusion : (K, K) int
        [true][named] cells of the evaluation.
    named : (K,) int
        Cells that the program named alone.
    certain : (K,) int
        Cells that a person decided on.

    Returns
    -------
    (CHAINS * 3, K) int64
    """
    classes = len(named)
    matrices = rng.standard_gamma(
        np.broadcast_to(confusion + _ROW_PRIOR / classes, (CHAINS, classes, classes))
    )
    matrices = np.maximum(matrices, 1e-300)
    matrices /= matrices.sum(axis=2, keepdims=True)
    film = np.full((CHAINS, classes), 1.0 / classes)
    for _ in range(_CORRECTIONS):
        film = certain + (_belongs(film, matrices) * named).sum(axis=2) + _FILM_PRIOR
        film /= film.sum(axis=1, keepdims=True)
    kept = []
    for step in range(1, _SETTLING + _KEPT * _APART + 1):
        belongs = _belongs(film, matrices)
        counts = np.broadcast_to(certain, (CHAINS, classes)).astype(np.int64)
        for j in np.flatnonzero(named):
            counts += rng.multinomial(int(named[j]), np.ascontiguousarray(belongs[:, :, j]))
        film = np.maximum(rng.standard_gamma(counts + _FILM_PRIOR), 1e-300)
        film /= film.sum(axis=1, keepdims=True)
        if step > _SETTLING and (step - _SETTLING) % _APART == 0:
            kept.append(counts)
    return np.concatenate(kept)


def _belongs(film: Wide, matrices: Wide) -> Wide:
    """P(true i | named j), shape (S, K, K), of films (S, K) and matrices (S, K, K)."""
    joint = film[:, :, None] * matrices
    return np.asarray(joint / joint.sum(axis=1, keepdims=True), np.float64)


def pooled_limits(
    drawn: Counts, leukocytes: Counts, rng: np.random.Generator, *, inside: bool
) -> tuple[float, float, float]:
    """Median share, and the mid-P limits pooled over all draws, as fractions.

    Parameters
    ----------
    drawn, leukocytes : (S,) int
        Cells of the class, and of the 100 %, in each draw.
    inside : bool
        Whether the class is among them; else its ratio to them is meant.
    """
    x, n = drawn.astype(np.float64), leukocytes.astype(np.float64)
    if inside:
        low = np.where(x > 0, rng.beta(np.maximum(x, 1), np.maximum(n - x, 0) + 1), 0.0)
        high = np.where(x < n, rng.beta(x + 1, np.maximum(n - x, 1)), 1.0)
    else:  # the ratio of two counts: both have the gamma distributions of exact Poisson limits
        low = np.where(x > 0, rng.standard_gamma(np.maximum(x, 1)), 0.0) / rng.standard_gamma(n + 1)
        high = rng.standard_gamma(x + 1) / np.maximum(rng.standard_gamma(np.maximum(n, 1)), 1e-9)
    least, middle, most = np.quantile(np.concatenate([low, high]), [_TAIL, 0.5, 1 - _TAIL])
    # Nothing was drawn in most draws: then the share itself is 0.
    share = float(middle) if float(np.median(drawn)) > 0 else 0.0
    return share, float(least), float(most)
