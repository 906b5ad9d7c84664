"""Check values of a case file where its rows are decoded.

A case file may hold well-formed nonsense: a box of 10^308 px, a class that does not exist, JSON a thousand
levels deep. Every function here raises ValueError on what no version of this program writes, so that nothing
behind :meth:`bloodcells_gui.storage.database.Database.decoding` has to expect it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.taxonomy import BY_CODE

# Larger than any slide, in px.
LARGEST_PX = 10**9
# Larger than any tally, area or measurement.
_LARGEST = 1e15
_LARGEST_MPP = 1e4
LARGEST_KEY = 2**62
# Vectors of models and what is computed from them are float32.
_ROUNDING = 1e-3
_DEEPEST = 32

#: What decoding nonsense may raise; the boundary turns all of it into "damaged".
NONSENSE = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError,
)  # fmt: skip


def loads(text: str | bytes) -> Any:
    """JSON as this program writes it: not deep, no NaN, only text that UTF-8 can hold."""
    obj = json.loads(text, parse_constant=_refused)
    _shallow(obj, _DEEPEST)
    backslash = "\\ud" if isinstance(text, str) else b"\\ud"
    if backslash in text.lower():  # type: ignore[operator]
        json.dumps(obj, ensure_ascii=False).encode("utf-8")  # a lone surrogate fails
    return obj


def _refused(word: str) -> Any:
    raise ValueError(f"{word} in JSON")


def _shallow(obj: Any, depth: int) -> None:
    if depth == 0:
        raise ValueError("JSON is too deep")
    if isinstance(obj, dict):
        for value in obj.values():
            if isinstance(value, dict | list):
                _shallow(value, depth - 1)
    elif isinstance(obj, list):
        for value in obj:
            if isinstance(value, dict | list):
                _shallow(value, depth - 1)


def text(value: Any) -> str:
    """`value`, which must be a text."""
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """`value`, which must be a list of texts."""
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("no list of texts")
    return tuple(value)


def text_map(value: Any) -> dict[str, str]:
    """`value`, which must map texts to texts."""
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise ValueError("no mapping of texts")
    return value


def flag(value: Any) -> bool:
    """`value`, which must be a truth value."""
    if value not in (0, 1):
        raise ValueError("no truth value")
    return bool(value)


def whole(value: Any, low: int, high: int) -> int:
    """`value`, which must be a whole number from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{str(value)[:20]} is no whole number from {low} to {high}")
    return value


def key(value: Any) -> int:
    """`value`, which must be an id or a number in sequence."""
    return whole(value, 0, LARGEST_KEY)


def number(value: Any, low: float = -_LARGEST, high: float = _LARGEST) -> float:
    """`value`, which must be a finite number from `low` to `high`."""
    # A comparison with NaN is false; one with a huge int neither overflows nor rounds.
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{str(value)[:20]} is no number from {low:g} to {high:g}")
    return float(value)


def mpp(value: Any) -> float | None:
    """`value`, which must be a scale in um/px, or None."""
    if value is None:
        return None
    found = number(value, 0, _LARGEST_MPP)
    if found <= 0:
        raise ValueError("a scale of nothing")
    return found


def class_codes(value: Any) -> tuple[str, ...]:
    """`value`, which must be a list of different class codes."""
    codes = texts(value)
    if len(set(codes)) != len(codes) or not set(codes) <= set(BY_CODE):
        raise ValueError("no list of classes")
    return codes


def place(x: Any, y: Any) -> tuple[float, float]:
    """`x` and `y`, which must lie on a slide, px."""
    return number(x, -LARGEST_PX, LARGEST_PX), number(y, -LARGEST_PX, LARGEST_PX)


def cell_rows(table: Sequence[tuple[Any, ...]]) -> None:
    """Rows of `rows.CELL_COLUMNS`, many at once."""
    if not table:
        return
    ids, runs, images, x, y, width, height, scale, names, probability, waits, uncertainty, focus = list(
        zip(*table, strict=True)
    )[:13]
    if (
        not 0 <= min(ids) <= max(ids) < FIRST_RED_CELL_ID
        or not 0 <= min(images) <= max(images) <= LARGEST_KEY
    ):
        raise ValueError("an id of a cell")
    numbers = np.array([x, y, width, height], np.float64)
    # NaN fails every comparison.
    if not (np.abs(numbers) <= LARGEST_PX).all() or not (numbers[2:] >= 0).all():
        raise ValueError("the place of a cell")
    shares = np.array([probability, uncertainty], np.float64)
    if not ((shares >= -_ROUNDING) & (shares <= 1 + _ROUNDING)).all() or not set(waits) <= {0, 1}:
        raise ValueError("what the models said of a cell")
    known = [v for v in scale if v is not None]
    if known and not 0 < min(known) <= max(known) <= _LARGEST_MPP:
        raise ValueError("the scale of a cell")
    if not all(v is None or abs(v) <= _LARGEST for v in focus):
        raise ValueError("the focus of a cell")
    # A cell added by hand may have no proposal: no model named it.
    if any(name not in BY_CODE and (name or run is not None) for name, run in zip(names, runs, strict=True)):
        raise ValueError("the class of a cell")
    if any(len(row[14]) % 4 or len(row[15]) % 4 for row in table):
        raise ValueError("the vectors of a cell")


def share_vectors(scores: Any) -> None:
    """Probabilities (n, K), or a list of vectors of them."""
    parts = [scores] if isinstance(scores, np.ndarray) else scores
    for part in parts:
        if not ((part >= -_ROUNDING) & (part <= 1 + _ROUNDING)).all():
            raise ValueError("probabilities of a cell")


def crop(x: Any, y: Any, side: Any) -> tuple[float, float, float]:
    """The window of a cell's picture, px."""
    return (*place(x, y), number(side, 0, LARGEST_PX))
