"""What the measurements of a specimen's cells say of their kinds.

Colours differ from laboratory to laboratory, and a network that learned from some of them errs on the next.
What the kinds differ by stays: a monocyte's nucleus is larger than a lymphocyte's, a basophil's nucleus fills
its cell, an eosinophil's cytoplasm is nearer to its nucleus in density than a neutrophil's. Only where all of
it lies moves from slide to slide, with stain, light and scale. So the measurements x of a cell of kind k in
specimen s are taken for

    x ~ t(m_sk, W),   m_sk = mu_k + d_s + e_sk,   d_s ~ N(0, O),   e_sk ~ N(0, B)

with the kinds' means mu_k over laboratories, the spread W of cells of one kind on one slide, and how far
laboratories move all kinds together (O) and one kind apart from the others (B), all of them estimated from
labelled cells of several laboratories (an additive model of two ways, site and kind). What the cells at hand
tell of d_s and m_sk is the posterior under the cells' probabilities so far (empirical Bayes, one step of
expectation maximisation); a kind that few laboratories taught, or of which the specimen has none, stays wide.
The heavy tails of the t distribution keep one odd measurement, as of a cell that was outlined badly, from
deciding alone, and against what the network is sure of measurements have a say up to a limit. Where a
specimen's cells spread more widely around their kinds' means than W (an uneven stain, images of several
slides), W is widened for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.taxonomy import ROLLUPS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Measurements that are looked at (columns of the case), in this order.
COLUMNS = (
    "cell_area_um2",
    "nucleus_area_um2",
    "nucleus_cell_ratio",
    "circularity",
    "nucleus_circularity",
    "nucleus_solidity",
    "nucleus_lobes",
    "granularity",
    "nucleus_granularity",
    "nucleus_od_red",
    "nucleus_od_green",
    "nucleus_od_blue",
    "cytoplasm_od_red",
    "cytoplasm_od_green",
    "cytoplasm_od_blue",
)
#: What is made of them: "ln" a natural logarithm, "/" a ratio, "-" a difference. Cards name them so; their
#: "nc_ratio" is nucleus over cell, the column ``nucleus_cell_ratio``.
FEATURES = (
    "ln cell_area",
    "ln nucleus_area",
    "nc_ratio",
    "circularity",
    "nucleus_circularity",
    "nucleus_solidity",
    "nucleus_lobes",
    "ln granularity",
    "ln nucleus_granularity",
    "nucleus_od_green - cytoplasm_od_green",
    "ln cytoplasm_od_blue / cytoplasm_od_green",
    "ln cytoplasm_od_red / cytoplasm_od_green",
    "ln nucleus_od_blue / nucleus_od_green",
    "ln nucleus_od_red / nucleus_od_green",
    "ln cytoplasm_od_green",
    "ln nucleus_od_green",
)
#: So many measured cells give their evidence half of its weight: where the kinds of a few cells lie is partly
#: what each of them said of itself. How widely they spread is held towards W as by so many cells.
HALF_WEIGHT_CELLS = 30
#: Features are cut off so many spreads from their middle.
FARTHEST = 6.0

_LEAST_TEXTURE = 1e-3
_LEAST_DENSITY = 0.01
_LEAST_AREA_UM2 = 1e-3
# Of a kind with fewer cells than this in a specimen nothing is learned from it.
_LEAST_CELLS = 0.02
_FLOOR = 0.02
_LEAST_PROBABILITY = 1e-6
_AT_ONCE = 16384
_LARGEST = 1e4  # of any number in a card's arrays, lest rounding make a covariance negative


def features(measurements: NDArray[np.floating]) -> Doubles:
    """(n, F) the FEATURES of measurements (n, M) in the order of COLUMNS; NaN where one is undefined."""
    m = dict(zip(COLUMNS, np.asarray(measurements, np.float64).T, strict=True))

    def ln(name: str, least: float) -> Doubles:
        # NaN stays NaN.
        return np.asarray(np.log(np.maximum(m[name], least)), np.float64)

    def ratio(part: str, colour: str) -> Doubles:
        return ln(f"{part}_od_{colour}", _LEAST_DENSITY) - ln(f"{part}_od_green", _LEAST_DENSITY)

    shape = ("nucleus_cell_ratio", "circularity", "nucleus_circularity", "nucleus_solidity", "nucleus_lobes")
    return np.stack(
        [
            ln("cell_area_um2", _LEAST_AREA_UM2),
            ln("nucleus_area_um2", _LEAST_AREA_UM2),
            *(m[name] for name in shape),
            ln("granularity", _LEAST_TEXTURE),
            ln("nucleus_granularity", _LEAST_TEXTURE),
            m["nucleus_od_green"] - m["cytoplasm_od_green"],
            ratio("cytoplasm", "blue"),
            ratio("cytoplasm", "red"),
            ratio("nucleus", "blue"),
            ratio("nucleus", "red"),
            ln("cytoplasm_od_green", _LEAST_DENSITY),
            ln("nucleus_od_green", _LEAST_DENSITY),
        ],
        axis=1,
    )


def coarse_names(classes: Sequence[str]) -> list[str]:
    """Codes of the rows of the ten-class roll-up that the leaves belong to, in order of first appearance."""
    return list(dict.fromkeys(ROLLUPS["ten"].row_of(c).code for c in classes))


@dataclass(frozen=True, slots=True, eq=False)
class MorphometryModel:
    """Where the measurements of C kinds of cells lie; F features.

    Attributes
    ----------
    rows : (C,) int
        Number of the coarse row of each kind (:func:`coarse_names`).
    sites : (C,) int
        Laboratories that each kind was learned from.
    middle, spread : (F,) float64
        What the features are centred on and divided by; the following are in these units.
    means : (C, F) float64
        mu above.
    within, between, offset : (F, F) float64
        Covariances W, B and O above.
    tails : float
        Degrees of freedom of the t distribution.
    trust : float
        For how much of a cell one cell counts while the means of a specimen are found, from 0 to 1: its
        kind is not known but guessed.
    most : float
        How much less likely than the likeliest kind another can become at most, in natural logarithms.
    """

    rows: NDArray[np.intp]
    sites: NDArray[np.intp]
    middle: Doubles
    spread: Doubles
    means: Doubles
    within: Doubles
    between: Doubles
    offset: Doubles
    tails: float
    trust: float
    most: float

    @staticmethod
    def from_card(
        card: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]], classes: Sequence[str]
    ) -> MorphometryModel | None:
        """From a card's "measured" and its arrays "means" (C, F), "scale" (2, F: middle and spread) and
        "covariances" (3, F, F: within, between, offset); None where the card has none.

        Raises KeyError, TypeError or ValueError on what does not fit together or is out of range.
        """
        if card is None:
            return None
        if tuple(card["features"]) != FEATURES:
            raise ValueError("measured: other features than this program's")
        names = coarse_names(classes)
        if not set(card["kinds"]) <= set(names) or len(set(card["kinds"])) != len(card["kinds"]):
            raise ValueError("measured: kinds")
        means, scale, covariances = (
            np.asarray(arrays[n], np.float64) for n in ("means", "scale", "covariances")
        )
        if scale.shape[:1] != (2,) or covariances.shape[:1] != (3,):
            raise ValueError("measured: arrays do not fit together")
        found = MorphometryModel(
            rows=np.array([names.index(str(code)) for code in card["kinds"]], np.intp),
            sites=np.array([int(n) for n in card["sites"]], np.intp),
            middle=scale[0],
            spread=scale[1],
            means=means,
            within=covariances[0],
            between=covariances[1],
            offset=covariances[2],
            tails=float(card["tails"]),
            trust=float(card["trust"]),
            most=float(card["most"]),
        )
        if not found.sound:
            raise ValueError("measured is out of range")
        return found

    @property
    def sound(self) -> bool:
        """Whether all parts fit together and are in range."""
        size = len(FEATURES)
        square = (size, size)
        matrices = (self.within, self.between, self.offset)
        fits = (
            self.rows.shape == self.sites.shape == self.means.shape[:1]
            and self.means.shape[1:] == self.middle.shape == self.spread.shape == (size,)
            and all(m.shape == square for m in matrices)
        )
        values = (self.middle, self.spread, self.means, *matrices)
        if not (fits and len(self.rows) >= 2 and all((np.abs(v) < _LARGEST).all() for v in values)):
            return False
        lowest = [float(np.linalg.eigvalsh((m + m.T) / 2).min()) for m in matrices]
        positive = lowest[0] > 1e-6 and lowest[1] > -1e-6 and lowest[2] > 1e-6 and (self.spread > 0).all()
        # NaN fails every comparison.
        numbers = 1 <= self.tails <= 1e4 and 0 < self.trust <= 1 and 0 < self.most <= 100
        return bool(positive and (self.sites >= 1).all() and numbers)

    def coordinates(self, measurements: NDArray[np.floating]) -> Doubles:
        """(n, F) features of measurements (n, M; in the order of COLUMNS) in units of their spread.

        Rows that hold NaN for cells of which one is undefined.
        """
        return np.asarray(
            np.clip((features(measurements) - self.middle) / self.spread, -FARTHEST, FARTHEST), np.float64
        )

    def evidence(self, x: Doubles, kinds: Floats) -> Doubles:
        """(n, C) log likelihood of each cell's measurements for each kind, up to a constant.

        Parameters
        ----------
        x : (n, F) float64
            Coordinates without NaN.
        kinds : (n, R) float32
            Probabilities of the coarse rows so far.
        """
        shares = np.asarray(kinds[:, self.rows], np.float64)
        cells = shares.sum(axis=0)
        count = self.trust * cells
        found = (shares.T @ x) / np.maximum(cells, 1e-9)[:, None]
        within = self.within * self._widened(x, shares, found)
        apart = [self.between * (1 + 1 / n) for n in self.sites]
        told = [k for k, n in enumerate(count.tolist()) if n >= _LEAST_CELLS]
        precision = np.linalg.inv(self.offset)
        pull = np.zeros(x.shape[1])
        for k in told:
            says = np.linalg.inv(apart[k] + within / count[k])
            precision = precision + says
            pull += says @ (found[k] - self.means[k])
        unsure = np.linalg.inv(precision)
        shift = unsure @ pull
        out = np.empty((len(x), len(self.rows)))
        for k in range(len(self.rows)):
            mean, spread = self.means[k] + shift, apart[k] + unsure
            if k in told:
                gain = spread @ np.linalg.inv(spread + within / count[k])
                mean = mean + gain @ (found[k] - mean)
                spread = spread - gain @ spread
            spread = within + spread + _FLOOR * np.diag(np.diag(within))
            out[:, k] = _log_t(x, mean, (spread + spread.T) / 2, self.tails)
        return np.asarray(np.maximum(out, out.max(axis=1, keepdims=True) - self.most), np.float64)

    def _widened(self, x: Doubles, shares: Doubles, means: Doubles) -> float:
        """How much more widely a specimen's cells spread around its kinds' `means` (C, F) than W; 1 at least.

        The mean square of the distances by W, of cells that belong to the kinds by `shares` (n, C), in F
        directions and with as many degrees of freedom as cells but one of each kind.
        """
        unit = np.linalg.inv(np.linalg.cholesky(self.within)).T
        at, middles = x @ unit, means @ unit
        squares = 0.0
        for k, middle in enumerate(middles):
            squares += float(shares[:, k] @ ((at - middle) ** 2).sum(axis=1))
        freedom = float(np.maximum(shares.sum(axis=0) - 1, 0).sum())
        wider = (squares / x.shape[1] + HALF_WEIGHT_CELLS) / (freedom + HALF_WEIGHT_CELLS)
        return max(1.0, float(wider))

    def weigh(self, kinds: Floats, evidence: Doubles) -> Floats:
        """(n, R) probabilities of the coarse rows after the measurements.

        What falls to rows that nothing is known of stays as it is; the others share the rest anew.

        Parameters
        ----------
        kinds : (n, R) float32
        evidence : (n, C) float64
            As :meth:`evidence` gives it for these n cells together; the fewer, the less it counts
            (HALF_WEIGHT_CELLS).
        """
        weight = len(kinds) / (len(kinds) + HALF_WEIGHT_CELLS)
        own = np.asarray(kinds[:, self.rows], np.float64)
        logits = np.log(np.maximum(own, _LEAST_PROBABILITY)) + weight * evidence
        after = np.exp(logits - logits.max(axis=1, keepdims=True))
        out = np.array(kinds, np.float32)
        out[:, self.rows] = after / after.sum(axis=1, keepdims=True) * own.sum(axis=1, keepdims=True)
        return out


def _log_t(x: Doubles, mean: Doubles, spread: Doubles, tails: float) -> Doubles:
    """(n,) logarithm of the density of the multivariate t distribution, up to a constant."""
    size = x.shape[1]
    half = np.linalg.cholesky(spread)
    out = np.empty(len(x))
    for start in range(0, len(x), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        away = np.linalg.solve(half, (x[part] - mean).T)
        out[part] = -0.5 * (tails + size) * np.log1p((away**2).sum(axis=0) / tails)
    return out - float(np.log(np.diag(half)).sum())
