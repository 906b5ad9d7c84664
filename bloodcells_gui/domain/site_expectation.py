"""What to expect of one classifier in another laboratory: shares and how far they may be off.

What is expected is a line through what the program itself says of a laboratory's cells; the limits were
learned on laboratories that the network never saw (``scripts/training/fit_site_check.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """What the models say of a laboratory's cells with a nucleus, in figures.

    Attributes
    ----------
    cells : int
    named : float
        Share of them that is named, 0 to 1.
    probability : float
        Mean probability of the kind (of the ten) that each of the named is taken for; NaN without one.
    confidence : float
        Mean stated confidence of the named, which distance and view disagreement lower; NaN without one.
    certainty : float
        Mean stated confidence of all.
    kept : float
        Share for which the specimen as a whole names the class that the classifier named cell by cell.
    change : float
        How far the specimen as a whole changed the probabilities (`adaptation.opinion_pool`).
    """

    cells: int
    named: float
    probability: float
    confidence: float
    certainty: float
    kept: float
    change: float

    def features(self) -> dict[str, float]:
        """What an expectation may be a line through, by name: shares as log odds."""
        return {
            "named": _log_odds(self.named),
            "probability": _log_odds(self.probability),
            "confidence": _log_odds(self.confidence),
            "certainty": _log_odds(self.certainty),
            "kept": _log_odds(self.kept),
            "change": self.change,
        }


def _log_odds(share: float) -> float:
    """The log odds of a share, which no few cells make infinite; NaN stays NaN."""
    held = min(max(share, 0.01), 0.99) if math.isfinite(share) else math.nan
    return math.log(held / (1 - held))


FEATURES = tuple(Answers(0, 0, 0, 0, 0, 0, 0).features())


class Limits(NamedTuple):
    """A share that is expected, with its limits, 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """A share as a line through features on the scale of log odds.

    Attributes
    ----------
    intercept : float
    weights : mapping
        Feature -> factor.
    left : tuple of (int, float, float)
        From so many cells on, what was left over between truth and line: lower and upper limit, in shares.
        The first entry is of the fewest cells.
    """

    intercept: float
    weights: Mapping[str, float]
    left: tuple[tuple[int, float, float], ...]

    def at(self, answers: Answers) -> Limits | None:
        """The share and its limits; None where a reading is not known or there are too few cells."""
        known = answers.features()
        z = self.intercept + sum(weight * known[name] for name, weight in self.weights.items())
        left = [(low, high) for cells, low, high in self.left if answers.cells >= cells]
        if not math.isfinite(z) or not left:
            return None
        value = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
        low, high = left[-1]
        return Limits(value, max(0.0, value + low), min(1.0, value + high))


@dataclass(frozen=True, slots=True)
class Validation:
    """How an expectation did on laboratories that it was not fitted on.

    Attributes
    ----------
    laboratories, copies, sets : int
        Laboratories left out, their copies in another stain, light, focus or scale, and sets of cells in all.
    within : mapping
        "named" and "right" -> share of the sets for which expected and true share lie within five points.
    covered : mapping
        The same of the sets whose true share lies within the limits.
    """

    laboratories: int
    copies: int
    sets: int
    within: Mapping[str, float]
    covered: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What to expect of one classifier in another laboratory.

    Attributes
    ----------
    bundle_sha256 : str
        Of the classifier that it was fitted for.
    named, right : Line
        Share that is named; share right of the named (five-part).
    familiar : mapping
        Reading of pictures or scale -> its range over the laboratories that it was fitted on.
    validation : Validation
    level : float
        Share of the sets of cells of each laboratory left out that the limits hold.
    """

    bundle_sha256: str
    named: Line
    right: Line
    familiar: Mapping[str, tuple[float, float]]
    validation: Validation
    level: float


def expectation_from(data: object) -> Expectation:
    """Read an expectation from its JSON.

    Raises
    ------
    ValueError
        Where it is not one: another schema, an unknown feature, a number that is none.
    """
    try:
        known = _mapping(data)
        if known["schema"] != SCHEMA:
            raise ValueError("another schema")
        said = _mapping(known["validation"])
        return Expectation(
            str(known["bundle_sha256"]),
            _line(known["named"]),
            _line(known["right"]),
            {str(k): _pair(v) for k, v in _mapping(known["familiar"]).items()},
            Validation(
                int(_number(said["laboratories"])), int(_number(said["copies"])), int(_number(said["sets"])),
                _shares(said["within"]), _shares(said["covered"]),
            ),
            _number(known["level"]),
        )  # fmt: skip
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("no expectation") from error


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("no object")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _pair(value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("no range")
    return _number(value[0]), _number(value[1])


def _shares(value: object) -> dict[str, float]:
    return {str(k): _number(v) for k, v in _mapping(value).items()}


def _line(value: object) -> Line:
    known = _mapping(value)
    weights = {str(k): _number(v) for k, v in _mapping(known["weights"]).items()}
    if not set(weights) <= set(FEATURES):
        raise ValueError("an unknown feature")
    rows = known["left"]
    if not isinstance(rows, list | tuple):
        raise TypeError("no rows")
    left = tuple((int(_number(row[0])), *_pair(row[1:])) for row in rows)
    if list(left) != sorted(left) or any(low > high for _, low, high in left):
        raise ValueError("limits out of order")
    return Line(_number(known["intercept"]), weights, left)
