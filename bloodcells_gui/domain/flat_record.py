"""A run's record as named numbers and one English text.

So cases of format 1 to 3 hold it ("tallies" and "notice"), and so the JSON of reports (format 1) does to this
day: what was signed keeps its bytes. Only what reads or writes these two goes through here.

Names without a "/" are counts. "done/IMAGE/SIDExOVERLAP/ROW/WORD" (and "sampled/...") hold the finished tiles
of 48 columns of a row as bits, which is exact in a float; "map/..." packs the quality of four tiles, twelve
bits each: known, measured, four bits of score, two reasons of three bits; "field/IMAGE" is 1 for a finished
field; "mix/..." are the parameters of the adaptation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import astuple, fields
from functools import lru_cache
from typing import Any

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.run_messages import VERBATIM, english, remark, templates
from bloodcells_gui.domain.run_record import (
    AdaptationRecord,
    MapTile,
    PoolParameters,
    PriorParameters,
    PropagationParameters,
    QualityMap,
    RunCounts,
    RunRecord,
    ScanProgress,
    TileSet,
)
from bloodcells_gui.domain.zones import (
    BAD_LIGHT,
    GLASS,
    NOT_A_SMEAR,
    OUT_OF_FOCUS,
    PALE,
    TOO_THICK,
    TOO_THIN,
)

# Name in the flat form -> field of RunCounts.
_AREAS = {"scanned_mm2": "searched_mm2", "sampled_mm2": "sampled_mm2", "PLT_per_field": "platelets_per_field"}
_NUMBERS = {
    "RBC": "red_cells", "WBC": "nucleated", "PLT": "platelets", "PLT_listed": "listed_platelets",
    "PLT_unlisted": "unlisted_platelets", "fields": "fields",
}  # fmt: skip
_LARGEST = 1e15
_BITS = 48
_MAP_TILES, _MAP_BITS = 4, 12
# Their places are stored in cases and reports: append only.
MAP_REASONS = ("", GLASS, TOO_THIN, TOO_THICK, OUT_OF_FOCUS, PALE, BAD_LIGHT, NOT_A_SMEAR)
_TILES_KEY = re.compile(r"(done|sampled|map)/(\d{1,9})/(\d{1,9})x(\d{1,9})/(\d{1,9})/(\d{1,9})")
_FIELD_KEY = re.compile(r"field/(\d{1,9})")
# No slide has so many tiles.
MOST_TILES = 1 << 20

_Grid = tuple[int, int, int]
_Words = dict[tuple[int, int], int]


def counts_by_name(counts: RunCounts) -> dict[str, float]:
    """What a run counted, by the names of the flat form; what it did not count is left out."""
    found = {name: getattr(counts, attribute) for name, attribute in (*_AREAS.items(), *_NUMBERS.items())}
    return {name: float(found[name]) for name in sorted(found) if found[name] is not None}


def tallies_of(record: RunRecord) -> dict[str, float]:
    """The record's numbers in the flat form."""
    progress, out = record.progress, counts_by_name(record.counts)
    for what, sets in (("done", progress.searched), ("sampled", progress.sampled)):
        for tiles in sets:
            out |= _words_by_name(what, tiles.grid, _packed_tiles(tiles))
    out |= {f"field/{image}": 1.0 for image in sorted(progress.fields)}
    for quality in record.maps:
        out |= _words_by_name("map", quality.grid, _packed_map(quality))
    return out | _adaptation_by_name(record.adaptation)


def record_from_flat(tallies: Mapping[str, float | None], notice: str) -> RunRecord:
    """The record that the flat form holds; ValueError on what no version of this program wrote.

    Parameters of an adaptation that lacks one of them (as the first versions wrote it) count as none.
    """
    counts: dict[str, Any] = {}
    words: dict[str, dict[_Grid, _Words]] = {"done": {}, "sampled": {}, "map": {}}
    finished: set[int] = set()
    adaptation: dict[str, float] = {}
    for name, value in tallies.items():
        if value is None or math.isnan(value):
            continue
        if name in _AREAS:
            counts[_AREAS[name]] = _in_range(value)
        elif name in _NUMBERS:
            counts[_NUMBERS[name]] = _whole(value)
        elif name.startswith("mix/"):
            adaptation[name.removeprefix("mix/")] = float(value)
        elif match := _TILES_KEY.fullmatch(name):
            image, side, overlap, row, word = (int(g) for g in match.groups()[1:])
            if row >= MOST_TILES or word >= MOST_TILES // _BITS:
                raise ValueError("a tile beyond any slide")
            words[match[1]].setdefault((image, side, overlap), {})[row, word] = _whole(value, 2**_BITS - 1)
        elif match := _FIELD_KEY.fullmatch(name):
            if value > 0:
                finished.add(int(match[1]))
        else:
            raise ValueError("no tally of this program")
    searched, sampled = (
        tuple(TileSet(*grid, _unpacked_tiles(bits)) for grid, bits in words[what].items())
        for what in ("done", "sampled")
    )
    return RunRecord(
        RunCounts(**counts),
        ScanProgress(searched, sampled, frozenset(finished)),
        tuple(QualityMap(*grid, _unpacked_map(bits)) for grid, bits in words["map"].items()),
        _adaptation(adaptation),
        remarks_in(notice),
    )


def reported_record(tallies: Iterable[tuple[str, float]], notice: str) -> RunRecord:
    """What a report's JSON holds of a run's record: counts, adaptation and remarks.

    Its numbers have ten digits, which is too few for the bits of tiles and maps; these are left out.
    """
    drawn = {name: value for name, value in tallies if "/" not in name or name.startswith("mix/")}
    return record_from_flat(drawn, notice)


def _in_range(value: float, most: float = _LARGEST) -> float:
    # NaN fails both comparisons.
    if not 0 <= value <= most:
        raise ValueError("a tally out of range")
    return float(value)


def _whole(value: float, most: float = _LARGEST) -> int:
    found = int(_in_range(value, most))
    if found != value:
        raise ValueError("a fraction of a cell")
    return found


def _words_by_name(what: str, grid: _Grid, words: _Words) -> dict[str, float]:
    image, side, overlap = grid
    prefix = f"{what}/{image}/{side}x{overlap}"
    return {f"{prefix}/{row}/{word}": float(bits) for (row, word), bits in sorted(words.items())}


def _packed_tiles(tiles: TileSet) -> _Words:
    words: _Words = {}
    for row, column in tiles.tiles:
        key = row, column // _BITS
        words[key] = words.get(key, 0) | 1 << column % _BITS
    return words


def _unpacked_tiles(words: _Words) -> frozenset[tuple[int, int]]:
    if sum(bits.bit_count() for bits in words.values()) > MOST_TILES:
        raise ValueError("more tiles than a slide has")
    return frozenset(
        (row, word * _BITS + place)
        for (row, word), bits in words.items()
        for place, bit in enumerate(reversed(f"{bits:b}"))
        if bit == "1"
    )


def packed_tile(tile: MapTile) -> int:
    """One tile of a quality map as twelve bits."""
    return _packed_quality(tile.step, tile.measured, tile.reasons)


def unpacked_tile(bits: int, row: int, column: int) -> MapTile | None:
    """Inverse of :func:`packed_tile`; None where the tile is not known."""
    return MapTile(row, column, *_quality(bits)) if bits & 1 else None


# A map has thousands of tiles and few different ones.
@lru_cache(maxsize=1 << _MAP_BITS)
def _packed_quality(step: int, measured: bool, reasons: tuple[str, ...]) -> int:
    places = [*(MAP_REASONS.index(r) for r in reasons[:2] if r in MAP_REASONS), 0, 0]
    return 1 | measured << 1 | step << 2 | places[0] << 6 | places[1] << 9


@lru_cache(maxsize=1 << _MAP_BITS)
def _quality(bits: int) -> tuple[int, bool, tuple[str, ...]]:
    reasons = tuple(MAP_REASONS[r] for r in (bits >> 6 & 7, bits >> 9 & 7) if r)
    return bits >> 2 & 15, bool(bits >> 1 & 1), reasons


def _packed_map(quality: QualityMap) -> _Words:
    words: _Words = {}
    for tile in quality.tiles:
        key = tile.row, tile.column // _MAP_TILES
        words[key] = words.get(key, 0) | packed_tile(tile) << (tile.column % _MAP_TILES * _MAP_BITS)
    return words


def _unpacked_map(words: _Words) -> tuple[MapTile, ...]:
    if len(words) > MOST_TILES // _MAP_TILES:
        raise ValueError("more tiles than a slide has")
    found = []
    for (row, word), bits in sorted(words.items()):
        for i in range(_MAP_TILES):
            tile = unpacked_tile(bits >> (i * _MAP_BITS) & 0xFFF, row, word * _MAP_TILES + i)
            if tile is not None:
                found.append(tile)
    return tuple(found)


def _adaptation_by_name(adaptation: AdaptationRecord | None) -> dict[str, float]:
    if adaptation is None:
        return {}
    out = {f"mix/weight/{code}": float(weight) for code, weight in adaptation.weights.items()} | {
        "mix/cells": float(adaptation.cells),
        "mix/threshold": adaptation.threshold,
        "mix/views": float(adaptation.uses_view_disagreement),
        "mix/events": float(adaptation.last_event),
        "mix/guarded": float(adaptation.protects_critical),
        "mix/leaf_share": adaptation.leaf_share,
    }
    if adaptation.prior is not None:
        out |= {"mix/strength": adaptation.prior.strength, "mix/least": adaptation.prior.minimum_cells}
    if adaptation.propagation is not None:
        parameters = zip(_PROPAGATION, astuple(adaptation.propagation), strict=True)
        out |= {f"mix/{name}": float(value) for name, value in parameters}
        out["mix/alike"] = float(adaptation.propagated_cells)
    if adaptation.measured_cells:
        out["mix/measured"] = float(adaptation.measured_cells)
    if adaptation.pool is not None:
        judged = zip(_POOL, astuple(adaptation.pool), strict=True)
        out |= {f"mix/pool/{name}": float(value) for name, value in judged}
    return out


# The parameters of label propagation, in their order.
_PROPAGATION = ("near", "pull", "echo", "own")
# The numbers of the pool, in their order.
_POOL = tuple(f.name for f in fields(PoolParameters))
#: What the first versions, which did not write it, took for the share of the leaf.
_LEAF_SHARE = 0.25


def _adaptation(found: Mapping[str, float]) -> AdaptationRecord | None:
    """From what follows "mix/"; None where there is none, or not all of it."""
    weights = {k.removeprefix("weight/"): v for k, v in found.items() if k.startswith("weight/")}
    if not weights:
        return None
    if not all(abs(value) <= _LARGEST for value in found.values()):
        return None
    try:
        return AdaptationRecord(
            weights,
            int(found["cells"]),
            found["threshold"],
            found["views"] > 0,
            int(found["events"]),
            found.get("guarded", 0) > 0,
            found.get("leaf_share", _LEAF_SHARE),
            PriorParameters(found["strength"], found["least"]) if "strength" in found else None,
            PropagationParameters(*(found[name] for name in _PROPAGATION)) if "near" in found else None,
            int(found.get("alike", 0)),
            max(int(found.get("measured", 0)), 0),
            _pool(found),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def _pool(found: Mapping[str, float]) -> PoolParameters | None:
    if "pool/own" not in found:
        return None
    known = {"pool/critical": 0.0, **found}
    return PoolParameters(*(known[f"pool/{name}"] for name in _POOL))


# ---- remarks


def _pattern(template: str) -> re.Pattern[str]:
    """Counts are whole, numbers (n_...) may have decimals, quoted texts anything but quotes."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        kind = "[^“”]*" if name == "text" else r"\d+(?:\.\d+)?" if name.startswith("n_") else r"\d+"
        return f"(?P<{name}>{kind})"

    return re.compile(re.sub(r"\\\{(\w+)\\\}", value, re.escape(template)))


_PATTERNS = tuple((template, _pattern(template)) for template in templates())


def remarks_in(notice: str) -> tuple[Remark, ...]:
    """The sentences of a run's notice, in its order; words between known ones as they are."""
    if not notice.strip():
        return ()
    matches = [(m.start(), m.end(), t, m) for t, pattern in _PATTERNS for m in pattern.finditer(notice)]
    found: list[Remark] = []
    at = 0
    for start, end, template, match in sorted(matches, key=lambda m: (m[0], -m[1])):
        if start < at:
            continue  # within a sentence that is known already
        found += _verbatim(notice[at:start])
        found.append(remark(template, **match.groupdict()))
        at = end
    return (*found, *_verbatim(notice[at:]))


def _verbatim(text: str) -> list[Remark]:
    text = " ".join(text.split())
    return [remark(VERBATIM, notice=text)] if text else []


def notice_of(remarks: Iterable[Remark]) -> str:
    """The remarks as one English text."""
    return " ".join(" ".join(english(r) for r in remarks).split())
