"""Morphometry: evidence for a cell's class from measurements, relative to the specimen's other cells.

Colours differ between laboratories, and a network that learned from some of them errs on the next. The
differences between classes stay: a monocyte's nucleus is larger than a lymphocyte's, a basophil's nucleus
fills its cell, an eosinophil's cytoplasm is nearer in density to its nucleus than a neutrophil's. Only the
location of all classes moves from slide to slide, with stain, light and scale. So the measurements x of a
cell of class k in specimen s follow a heavy-tailed class-conditional model with random site effects:

    x ~ t(m_sk, W),   m_sk = mu_k + d_s + e_sk,   d_s ~ N(0, O),   e_sk ~ N(0, B)

mu_k is the mean of the class over laboratories, W the covariance of cells of one class on one slide, O that
of the site effect, which moves all classes together, and B that of the interaction of site and class, which
moves one class apart from the others. All are estimated from labelled cells of several laboratories (an
additive two-way model, site and class). The posterior of d_s and m_sk given the cells at hand is computed
under the cells' current probabilities (empirical Bayes, one step of expectation maximisation); for a class
that few laboratories taught, or that the specimen lacks, it stays wide.

The t distribution keeps one outlier, such as a cell that was outlined badly, from deciding alone, and the
log-likelihood ratio has a limit, so that measurements cannot overrule a certain network. Where a specimen's
cells spread more widely around their class means than W (an uneven stain, images of several slides), W is
scaled up. Where they spread more widely than cells of one slide do, measurements do not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.taxonomy import ROLLUPS

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

#: Measurements that the model uses (columns of the case), in this order.
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
#: Features computed from them: "ln" is a natural logarithm, "/" a ratio, "-" a difference. Cards use these
#: names; their "nc_ratio" is nucleus over cell, the column ``nucleus_cell_ratio``.
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
#: With so many measured cells the log likelihood has half of its weight: the class means of a few cells are
#: partly what each cell said of itself. The estimate of their spread is held towards W as by so many cells.
HALF_WEIGHT_CELLS = 30
#: Standardized features are clipped at this distance from 0.
MAX_DEVIATION = 6.0

_MIN_TEXTURE = 1e-3
_MIN_DENSITY = 0.01
_MIN_AREA_UM2 = 1e-3
# A class with a smaller effective count in the specimen takes nothing from it.
_MIN_EFFECTIVE_CELLS = 0.02
_DIAGONAL_FLOOR = 0.02
_MIN_PROBABILITY = 1e-6
_BLOCK = 16384
_LARGEST = 1e4  # of any number in a card's arrays, lest rounding make a covariance negative


def features(measurements: NDArray[np.floating]) -> Doubles:
    """Compute the FEATURES (n, F) of measurements (n, M) in the order of COLUMNS; NaN where undefined."""
    m = dict(zip(COLUMNS, np.asarray(measurements, np.float64).T, strict=True))

    def ln(name: str, minimum: float) -> Doubles:
        # NaN stays NaN.
        return np.asarray(np.log(np.maximum(m[name], minimum)), np.float64)

    def ln_ratio(part: str, colour: str) -> Doubles:
        return ln(f"{part}_od_{colour}", _MIN_DENSITY) - ln(f"{part}_od_green", _MIN_DENSITY)

    shape = ("nucleus_cell_ratio", "circularity", "nucleus_circularity", "nucleus_solidity", "nucleus_lobes")
    return np.stack(
        [
            ln("cell_area_um2", _MIN_AREA_UM2),
            ln("nucleus_area_um2", _MIN_AREA_UM2),
            *(m[name] for name in shape),
            ln("granularity", _MIN_TEXTURE),
            ln("nucleus_granularity", _MIN_TEXTURE),
            m["nucleus_od_green"] - m["cytoplasm_od_green"],
            ln_ratio("cytoplasm", "blue"),
            ln_ratio("cytoplasm", "red"),
            ln_ratio("nucleus", "blue"),
            ln_ratio("nucleus", "red"),
            ln("cytoplasm_od_green", _MIN_DENSITY),
            ln("nucleus_od_green", _MIN_DENSITY),
        ],
        axis=1,
    )


def coarse_names(classes: Sequence[str]) -> list[str]:
    """Return the rows (codes) of the ten-class roll-up of the leaves, in order of first appearance."""
    return list(dict.fromkeys(ROLLUPS["ten"].row_of(c).code for c in classes))


@dataclass(frozen=True, slots=True, eq=False)
class MorphometryModel:
    """The class-conditional model of C coarse classes in F features.

    Attributes
    ----------
    rows : (C,) int
        Number of the coarse row of each class (:func:`coarse_names`).
    sites : (C,) int
        Number of laboratories that each class was learned from.
    centre, scale : (F,) float64
        The features are centred on the one and divided by the other; what follows is in these units.
    means : (C, F) float64
        mu of the module's description.
    within, interaction, site_effect : (F, F) float64
        Covariances W, B and O.
    degrees_of_freedom : float
        Of the t distribution ("tails" in cards).
    cell_weight : float
        Effective count of one cell in the specimen's class means, 0 to 1: its class is estimated, not known
        ("trust" in cards).
    max_log_ratio : float
        Limit of the log-likelihood ratio between the likeliest class and another, natural logarithm ("most"
        in cards).
    max_dispersion : float
        How many times as widely as W the cells of a specimen may spread for their measurements to count
        ("widest" in cards; infinite in cards without it).
    """

    rows: NDArray[np.intp]
    sites: NDArray[np.intp]
    centre: Doubles
    scale: Doubles
    means: Doubles
    within: Doubles
    interaction: Doubles
    site_effect: Doubles
    degrees_of_freedom: float
    cell_weight: float
    max_log_ratio: float
    max_dispersion: float = math.inf

    @staticmethod
    def from_card(
        card: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]], classes: Sequence[str]
    ) -> MorphometryModel | None:
        """Read the model from a card; None where the card has none.

        Parameters
        ----------
        card : mapping or None
            The card's "measured".
        arrays : mapping of str to ndarray
            "means" (C, F), "scale" (2, F: centre and scale) and "covariances" (3, F, F: within, interaction
            and site effect).
        classes : sequence of str
            Leaf codes of the classifier.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where a part is missing, out of range, or does not fit the others.
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
            centre=scale[0],
            scale=scale[1],
            means=means,
            within=covariances[0],
            interaction=covariances[1],
            site_effect=covariances[2],
            degrees_of_freedom=float(card["tails"]),
            cell_weight=float(card["trust"]),
            max_log_ratio=float(card["most"]),
            max_dispersion=float(card.get("widest", math.inf)),
        )
        if not found.is_valid:
            raise ValueError("measured is out of range")
        return found

    @property
    def is_valid(self) -> bool:
        """Whether all parts fit together and are in range."""
        size = len(FEATURES)
        square = (size, size)
        matrices = (self.within, self.interaction, self.site_effect)
        fits = (
            self.rows.shape == self.sites.shape == self.means.shape[:1]
            and self.means.shape[1:] == self.centre.shape == self.scale.shape == (size,)
            and all(m.shape == square for m in matrices)
        )
        values = (self.centre, self.scale, self.means, *matrices)
        if not (fits and len(self.rows) >= 2 and all((np.abs(v) < _LARGEST).all() for v in values)):
            return False
        lowest = [float(np.linalg.eigvalsh((m + m.T) / 2).min()) for m in matrices]
        positive = lowest[0] > 1e-6 and lowest[1] > -1e-6 and lowest[2] > 1e-6 and (self.scale > 0).all()
        # NaN fails every comparison.
        numbers = 1 <= self.degrees_of_freedom <= 1e4 and 0 < self.cell_weight <= 1
        numbers = numbers and 0 < self.max_log_ratio <= 100 and self.max_dispersion >= 1
        return bool(positive and (self.sites >= 1).all() and numbers)

    def standardize(self, measurements: NDArray[np.floating]) -> Doubles:
        """Compute features (n, F) of measurements (n, M; in the order of COLUMNS), centred and scaled.

        Rows hold NaN where a measurement is undefined; values are clipped at MAX_DEVIATION.
        """
        scaled = (features(measurements) - self.centre) / self.scale
        return np.asarray(np.clip(scaled, -MAX_DEVIATION, MAX_DEVIATION), np.float64)

    def is_one_slide(self, x: Doubles, coarse: Floats) -> bool:
        """Tell whether cells spread as those of one slide do; parameters as for :meth:`log_likelihood`."""
        shares = np.asarray(coarse[:, self.rows], np.float64)
        observed = (shares.T @ x) / np.maximum(shares.sum(axis=0), 1e-9)[:, None]
        return self._dispersion(x, shares, observed) <= self.max_dispersion

    def log_likelihood(self, x: Doubles, coarse: Floats) -> Doubles:
        """Compute the log likelihood (n, C) of each cell's measurements under each class, up to a constant.

        Parameters
        ----------
        x : (n, F) float64
            Standardized features without NaN.
        coarse : (n, R) float32
            Current probabilities of the coarse rows.
        """
        shares = np.asarray(coarse[:, self.rows], np.float64)
        cells = shares.sum(axis=0)
        count = self.cell_weight * cells
        observed = (shares.T @ x) / np.maximum(cells, 1e-9)[:, None]
        within = self.within * self._dispersion(x, shares, observed)
        apart = [self.interaction * (1 + 1 / n) for n in self.sites]
        present = [k for k, n in enumerate(count.tolist()) if n >= _MIN_EFFECTIVE_CELLS]
        # The posterior of the site effect d_s: a product of Gaussians, the prior and one of each class.
        precision = np.linalg.inv(self.site_effect)
        weighted = np.zeros(x.shape[1])
        for k in present:
            class_precision = np.linalg.inv(apart[k] + within / count[k])
            precision = precision + class_precision
            weighted += class_precision @ (observed[k] - self.means[k])
        shift_covariance = np.linalg.inv(precision)
        shift = shift_covariance @ weighted
        out = np.empty((len(x), len(self.rows)))
        for k in range(len(self.rows)):
            mean, covariance = self.means[k] + shift, apart[k] + shift_covariance
            if k in present:  # the posterior of m_sk, by the gain of a Kalman filter
                gain = covariance @ np.linalg.inv(covariance + within / count[k])
                mean = mean + gain @ (observed[k] - mean)
                covariance = covariance - gain @ covariance
            covariance = within + covariance + _DIAGONAL_FLOOR * np.diag(np.diag(within))
            out[:, k] = _log_t(x, mean, (covariance + covariance.T) / 2, self.degrees_of_freedom)
        return np.asarray(np.maximum(out, out.max(axis=1, keepdims=True) - self.max_log_ratio), np.float64)

    def _dispersion(self, x: Doubles, shares: Doubles, means: Doubles) -> float:
        """Estimate by how much the specimen's cells spread more widely than W; 1 at least.

        The mean squared Mahalanobis distance by W of cells that belong to classes by `shares` (n, C) from
        the specimen's class `means` (C, F), for each of F directions and degree of freedom (cells less one
        of each class), held towards 1 as by HALF_WEIGHT_CELLS cells.
        """
        whitener = np.linalg.inv(np.linalg.cholesky(self.within)).T
        white, white_means = x @ whitener, means @ whitener
        squares = 0.0
        for k, mean in enumerate(white_means):
            squares += float(shares[:, k] @ ((white - mean) ** 2).sum(axis=1))
        freedom = float(np.maximum(shares.sum(axis=0) - 1, 0).sum())
        ratio = (squares / x.shape[1] + HALF_WEIGHT_CELLS) / (freedom + HALF_WEIGHT_CELLS)
        return max(1.0, float(ratio))

    def posterior(self, coarse: Floats, log_likelihood: Doubles) -> Floats:
        """Compute the probabilities (n, R) of the coarse rows after the measurements, by Bayes' rule.

        Rows without a class in the model keep their probability; the others share the rest anew.

        Parameters
        ----------
        coarse : (n, R) float32
            Probabilities before the measurements.
        log_likelihood : (n, C) float64
            As :meth:`log_likelihood` gives it for these n cells together; the fewer they are, the less it
            counts (HALF_WEIGHT_CELLS).
        """
        weight = len(coarse) / (len(coarse) + HALF_WEIGHT_CELLS)
        prior = np.asarray(coarse[:, self.rows], np.float64)
        logits = np.log(np.maximum(prior, _MIN_PROBABILITY)) + weight * log_likelihood
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        out = np.array(coarse, np.float32)
        out[:, self.rows] = odds / odds.sum(axis=1, keepdims=True) * prior.sum(axis=1, keepdims=True)
        return out


def _log_t(x: Doubles, mean: Doubles, scale: Doubles, degrees_of_freedom: float) -> Doubles:
    """Compute the log density (n,) of the multivariate t distribution, up to a constant.

    `mean` (F,) and `scale` (F, F) are its location and scale matrix.
    """
    size = x.shape[1]
    factor = np.linalg.cholesky(scale)
    out = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        white = np.linalg.solve(factor, (x[part] - mean).T)
        square = (white**2).sum(axis=0)
        out[part] = -0.5 * (degrees_of_freedom + size) * np.log1p(square / degrees_of_freedom)
    return out - float(np.log(np.diag(factor)).sum())
