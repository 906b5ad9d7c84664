"""What a run leaves at its end (`domain.run_record`) as plain objects for JSON, and back.

Reading raises ValueError on what no version of this program writes, as everything in `row_validation` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

from bloodcells_gui.adaptation.prior_shift import prior_shift_of
from bloodcells_gui.domain.counted_fields import CountedField
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.flat_record import MOST_TILES, packed_tile, unpacked_tile
from bloodcells_gui.domain.platelet_clumps import MOST_PLACES, ClumpSearch, PlateletClump
from bloodcells_gui.domain.run_messages import names_in, remark
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
from bloodcells_gui.storage import row_validation

_AREAS = ("searched_mm2", "sampled_mm2", "platelets_per_field")
_MANY = 10**12
_DIGITS = 3  # hexadecimal digits of a tile in a quality map
_MOST_IMAGES = 10**9
# Beside the counts, since format 7: a row of numbers for each counted field, and for each search for clumps.
_FIELDS, _CLUMPS = "by_field", "clumps"
_MOST_FIELDS = 100_000


class RecordColumns(NamedTuple):
    """A record, a column an item."""

    counts: Any
    progress: Any
    maps: Any
    adaptation: Any
    remarks: Any


def to_objects(record: RunRecord) -> RecordColumns:
    """The record as objects that JSON can hold; ValueError where its adaptation is out of range."""
    progress = record.progress
    return RecordColumns(
        _counts_to(record.counts) | _fields_to(record) | _clumps_to(record),
        {
            "searched": [_tiles_to(tiles) for tiles in progress.searched],
            "sampled": [_tiles_to(tiles) for tiles in progress.sampled],
            "fields": sorted(progress.fields),
        },
        [_map_to(quality) for quality in record.maps],
        None if record.adaptation is None else _adaptation_to(record.adaptation),
        [{"text": r.text, "params": dict(r.params)} for r in record.remarks],
    )


def from_objects(columns: RecordColumns) -> RunRecord:
    """Inverse of :func:`to_objects`; ValueError on what is no record."""
    progress = _object(columns.progress, ("searched", "sampled", "fields"))
    counts = dict(columns.counts) if isinstance(columns.counts, dict) else columns.counts
    counted = _fields_from(counts.pop(_FIELDS, [])) if isinstance(counts, dict) else ()
    clumps = _clumps_from(counts.pop(_CLUMPS, [])) if isinstance(counts, dict) else ()
    return RunRecord(
        _counts_from(counts),
        ScanProgress(
            tuple(_tiles_from(obj) for obj in _list(progress["searched"])),
            tuple(_tiles_from(obj) for obj in _list(progress["sampled"])),
            frozenset(row_validation.whole(i, 0, _MOST_IMAGES) for i in _list(progress["fields"])),
        ),
        tuple(_map_from(obj) for obj in _list(columns.maps)),
        None if columns.adaptation is None else _adaptation_from(columns.adaptation),
        tuple(remark_from(obj) for obj in _list(columns.remarks)),
        counted,
        clumps,
    )


def _object(value: Any, names: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise ValueError("an object of other names")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("no list")
    return value


def _counts_to(counts: RunCounts) -> dict[str, float | int]:
    found = {f.name: getattr(counts, f.name) for f in fields(counts)}
    return {
        name: float(value) + 0.0 if name in _AREAS else int(value)
        for name, value in found.items()
        if value is not None and math.isfinite(value)
    }


def _counts_from(obj: Any) -> RunCounts:
    known = {f.name for f in fields(RunCounts)}
    if not isinstance(obj, dict) or not set(obj) <= known:
        raise ValueError("no counts of a run")
    found: dict[str, Any] = {}
    for name, value in obj.items():
        check = row_validation.number if name in _AREAS else row_validation.whole
        found[name] = check(value, 0, _MANY)
    return RunCounts(**found)


def _fields_to(record: RunRecord) -> dict[str, Any]:
    rows = [
        [int(f.image), *(int(v) for v in f.box_px), float(f.area_mm2), int(f.red_cells), int(f.nucleated),
         int(f.platelets)]
        for f in record.counted
    ]  # fmt: skip
    return {_FIELDS: rows} if rows else {}


def _fields_from(value: Any) -> tuple[CountedField, ...]:
    rows = _list(value)
    if len(rows) > _MOST_FIELDS:
        raise ValueError("more fields than a case has")
    return tuple(_field_from(row) for row in rows)


def _field_from(row: Any) -> CountedField:
    image, x, y, width, height, area, red, nucleated, platelets = _list(row)
    return CountedField(
        row_validation.whole(image, 0, _MOST_IMAGES),
        _box_from(x, y, width, height),
        row_validation.number(area, 0, _MANY),
        row_validation.whole(red, 0, _MANY),
        row_validation.whole(nucleated, 0, _MANY),
        row_validation.whole(platelets, 0, _MANY),
    )


def _box_from(x: Any, y: Any, width: Any, height: Any) -> tuple[int, int, int, int]:
    left, top = (row_validation.whole(v, 0, row_validation.LARGEST_PX) for v in (x, y))
    across, down = (row_validation.whole(v, 1, row_validation.LARGEST_PX) for v in (width, height))
    return left, top, across, down


def _clumps_to(record: RunRecord) -> dict[str, Any]:
    rows = [
        {
            "image": int(search.image),
            "searched_mm2": float(search.searched_mm2),
            "edge_mm2": float(search.edge_mm2),
            "found": int(search.found),
            "places": [[*(int(v) for v in c.box_px), float(c.area_um2), bool(c.edge)] for c in search.clumps],
        }
        for search in record.clumps
    ]
    return {_CLUMPS: rows} if rows else {}


def _clumps_from(value: Any) -> tuple[ClumpSearch, ...]:
    rows = _list(value)
    if len(rows) > _MOST_FIELDS:
        raise ValueError("more images than a case has")
    return tuple(_clump_search_from(row) for row in rows)


def _clump_search_from(row: Any) -> ClumpSearch:
    found = _object(row, ("image", "searched_mm2", "edge_mm2", "found", "places"))
    places = _list(found["places"])
    if len(places) > MOST_PLACES:
        raise ValueError("more places than are kept")
    clumps = []
    for place in places:
        x, y, width, height, area, edge = _list(place)
        box = _box_from(x, y, width, height)
        clumps.append(PlateletClump(box, row_validation.number(area, 0, _MANY), row_validation.flag(edge)))
    return ClumpSearch(
        row_validation.whole(found["image"], 0, _MOST_IMAGES),
        row_validation.number(found["searched_mm2"], 0, _MANY),
        row_validation.number(found["edge_mm2"], 0, _MANY),
        row_validation.whole(found["found"], len(clumps), _MANY),
        tuple(clumps),
    )


def _tiles_to(tiles: TileSet) -> dict[str, Any]:
    """Rows with their columns as bits in hexadecimal, the lowest bit for column 0."""
    bits: dict[int, int] = {}
    for row, column in tiles.tiles:
        bits[row] = bits.get(row, 0) | 1 << column
    return {**_grid_to(tiles.grid), "rows": [[row, f"{bits[row]:x}"] for row in sorted(bits)]}


def _tiles_from(obj: Any) -> TileSet:
    found = _object(obj, ("image", "tile_px", "overlap_px", "rows"))
    tiles: set[tuple[int, int]] = set()
    for pair in _list(found["rows"]):
        row, text = pair
        row_validation.whole(row, 0, MOST_TILES)
        bits = _hexadecimal(text)
        if bits.bit_count() + len(tiles) > MOST_TILES:
            raise ValueError("more tiles than a slide has")
        tiles.update((row, column) for column, bit in enumerate(reversed(f"{bits:b}")) if bit == "1")
    return TileSet(*_grid_from(found), frozenset(tiles))


def _hexadecimal(value: Any) -> int:
    text = row_validation.text(value)
    if not 0 < len(text) <= MOST_TILES or not set(text) <= set("0123456789abcdef"):
        raise ValueError("no hexadecimal number")
    return int(text, 16)


def _grid_to(grid: tuple[int, int, int]) -> dict[str, int]:
    image, tile_px, overlap_px = grid
    return {"image": int(image), "tile_px": int(tile_px), "overlap_px": int(overlap_px)}


def _grid_from(obj: Mapping[str, Any]) -> tuple[int, int, int]:
    return (
        row_validation.whole(obj["image"], 0, _MOST_IMAGES),
        row_validation.whole(obj["tile_px"], 0, row_validation.LARGEST_PX),
        row_validation.whole(obj["overlap_px"], 0, row_validation.LARGEST_PX),
    )


def _map_to(quality: QualityMap) -> dict[str, Any]:
    """Rows with the column of their first tile and three hexadecimal digits for each tile from there on."""
    rows: dict[int, list[MapTile]] = {}
    for tile in quality.tiles:
        rows.setdefault(tile.row, []).append(tile)
    return {**_grid_to(quality.grid), "rows": [_row_to(row, tiles) for row, tiles in rows.items()]}


def _row_to(row: int, tiles: list[MapTile]) -> list[Any]:
    first, last = tiles[0].column, tiles[-1].column
    digits = ["000"] * (last - first + 1)
    for tile in tiles:
        digits[tile.column - first] = f"{packed_tile(tile):03x}"
    return [int(row), int(first), "".join(digits)]


def _map_from(obj: Any) -> QualityMap:
    found = _object(obj, ("image", "tile_px", "overlap_px", "rows"))
    tiles: list[MapTile] = []
    before = -1
    for each in _list(found["rows"]):
        row, first, text = each
        row_validation.whole(row, before + 1, MOST_TILES)
        row_validation.whole(first, 0, MOST_TILES)
        _hexadecimal(text)
        if len(text) % _DIGITS or len(tiles) + len(text) // _DIGITS > MOST_TILES:
            raise ValueError("no row of a quality map")
        before = row
        for i in range(0, len(text), _DIGITS):
            tile = unpacked_tile(int(text[i : i + _DIGITS], 16), row, first + i // _DIGITS)
            if tile is not None:
                tiles.append(tile)
    return QualityMap(*_grid_from(found), tuple(tiles))


def _adaptation_to(adaptation: AdaptationRecord) -> dict[str, Any]:
    if prior_shift_of(adaptation) is None:  # it could not be read back
        raise ValueError("an adaptation out of range")
    prior, propagation, pool = adaptation.prior, adaptation.propagation, adaptation.pool
    # Cases of format 4 have no pool; without one a row is as it was there.
    judged = {} if pool is None else {"pool": _numbers_to(pool)}
    return {
        "weights": {code: float(weight) for code, weight in adaptation.weights.items()},
        "cells": int(adaptation.cells),
        "threshold": float(adaptation.threshold),
        "uses_view_disagreement": bool(adaptation.uses_view_disagreement),
        "last_event": int(adaptation.last_event),
        "protects_critical": bool(adaptation.protects_critical),
        "leaf_share": float(adaptation.leaf_share),
        "prior": None if prior is None else _numbers_to(prior),
        "propagation": None if propagation is None else _numbers_to(propagation),
        "propagated_cells": int(adaptation.propagated_cells),
        "measured_cells": int(adaptation.measured_cells),
        **judged,
    }


def _numbers_to(
    parameters: PriorParameters | PropagationParameters | PoolParameters,
) -> dict[str, float]:
    return {f.name: float(getattr(parameters, f.name)) for f in fields(parameters)}


def _numbers_from(kind: Any, obj: Any) -> Any:
    if obj is None:
        return None
    names = [f.name for f in fields(kind)]
    later = {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    found = _object(later | obj if isinstance(obj, dict) else obj, names)
    return kind(*(row_validation.number(found[name]) for name in names))


def _adaptation_from(obj: Any) -> AdaptationRecord:
    names = {f.name for f in fields(AdaptationRecord)}
    without = isinstance(obj, dict) and "pool" not in obj
    found = _object(obj, names - {"pool"} if without else names)
    if not without and found["pool"] is None:
        raise ValueError("a pool that is none")
    if not isinstance(found["weights"], dict):
        raise ValueError("no weights")
    adaptation = AdaptationRecord(
        {row_validation.text(code): row_validation.number(w) for code, w in found["weights"].items()},
        row_validation.whole(found["cells"], 0, _MANY),
        row_validation.number(found["threshold"]),
        row_validation.flag(found["uses_view_disagreement"]),
        row_validation.key(found["last_event"]),
        row_validation.flag(found["protects_critical"]),
        row_validation.number(found["leaf_share"]),
        _numbers_from(PriorParameters, found["prior"]),
        _numbers_from(PropagationParameters, found["propagation"]),
        row_validation.whole(found["propagated_cells"], 0, _MANY),
        row_validation.whole(found["measured_cells"], 0, _MANY),
        _numbers_from(PoolParameters, found.get("pool")),
    )
    if prior_shift_of(adaptation) is None:
        raise ValueError("an adaptation out of range")
    return adaptation


def remark_from(obj: Any) -> Remark:
    """A remark from its object; ValueError on what is none."""
    found = _object(obj, ("text", "params"))
    template, params = row_validation.text(found["text"]), row_validation.text_map(found["params"])
    if set(names_in(template)) != set(params):
        raise ValueError("the values of a remark")
    return remark(template, **params)
