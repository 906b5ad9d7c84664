"""Positions of groups and cells in the scrolled plane, in O(groups) however many cells there are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in device-independent px. `tile_*` is one cell with its caption, gaps included."""

    tile_width: int
    tile_height: int
    heading: int
    margin: int
    empty_heading: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """One group's place: its heading from `top`, its tiles from `tiles_top` to `bottom`."""

    group: int
    top: int
    tiles_top: int
    bottom: int
    count: int


class GridLayout:
    """Tiles in rows under group headings; groups without cells take no room unless `show_empty`."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.columns = 1
        self.pitch = metrics.tile_width
        self.spans: list[Span] = []
        self._tops: list[int] = []
        self._by_group: dict[int, Span] = {}
        self.height = 0

    def update(
        self,
        counts: Sequence[int],
        width: int,
        collapsed: frozenset[int] = frozenset(),
        show_empty: bool = False,
    ) -> None:
        """Lay out groups of the given sizes in a plane `width` px wide."""
        m = self.metrics
        room = width - 2 * m.margin
        self.columns = max(1, room // m.tile_width)
        # Left-over room widens the gaps, so that rows end flush.
        self.pitch = max(m.tile_width, room // self.columns)
        self.spans = []
        y = 0
        for group, count in enumerate(counts):
            if not count and not show_empty:
                continue
            rows = 0 if group in collapsed else -(-count // self.columns)
            tiles_top = y + m.heading
            bottom = tiles_top + rows * m.tile_height + (m.margin if rows else 0)
            self.spans.append(Span(group, y, tiles_top, bottom, 0 if group in collapsed else count))
            y = bottom
        self.height = y
        self._tops = [s.top for s in self.spans]
        self._by_group = {s.group: s for s in self.spans}

    def span(self, group: int) -> Span | None:
        """Place of a group, None when it is not shown."""
        return self._by_group.get(group)

    def span_at(self, y: int) -> Span | None:
        """The group that covers height `y` of the plane."""
        i = bisect_right(self._tops, y) - 1
        return self.spans[i] if 0 <= i < len(self.spans) and y < self.spans[i].bottom else None

    def tile(self, group: int, row: int) -> tuple[int, int, int, int] | None:
        """x, y, width, height of a tile in the plane; None when it is not shown."""
        span = self._by_group.get(group)
        if span is None or row >= span.count:
            return None
        m = self.metrics
        line, column = divmod(row, self.columns)
        return (
            m.margin + column * self.pitch,
            span.tiles_top + line * m.tile_height,
            self.pitch,
            m.tile_height,
        )

    def at(self, x: int, y: int) -> tuple[int, int] | None:
        """Group and row of the tile at a point of the plane; row -1 for a heading; None for nothing."""
        span = self.span_at(y)
        if span is None:
            return None
        if y < span.tiles_top:
            return span.group, -1
        m = self.metrics
        column = (x - m.margin) // self.pitch
        if not 0 <= column < self.columns:
            return None
        row = (y - span.tiles_top) // m.tile_height * self.columns + column
        return (span.group, row) if row < span.count else None

    def visible(self, top: int, bottom: int) -> Iterator[tuple[Span, int, int]]:
        """Groups between two heights, each with its first and one-past-last visible row."""
        m = self.metrics
        i = max(0, bisect_right(self._tops, top) - 1)
        while i < len(self.spans) and self.spans[i].top < bottom:
            span = self.spans[i]
            if span.bottom > top:
                first = max(0, (top - span.tiles_top) // m.tile_height) * self.columns
                last = max(0, -(-(bottom - span.tiles_top) // m.tile_height)) * self.columns
                yield span, min(first, span.count), min(last, span.count)
            i += 1

    def in_rect(self, x0: int, y0: int, x1: int, y1: int) -> Iterator[tuple[int, int, int]]:
        """(group, first row, last row inclusive) of every line of tiles touched by a rectangle."""
        m = self.metrics
        first_column = max(0, (x0 - m.margin) // self.pitch)
        last_column = min(self.columns - 1, (x1 - m.margin) // self.pitch)
        if last_column < first_column:
            return
        for span, first, last in self.visible(y0, y1 + 1):
            if y1 < span.tiles_top:
                continue
            for line in range(first // self.columns, -(-last // self.columns)):
                a = line * self.columns + first_column
                b = min(line * self.columns + last_column, span.count - 1)
                if a <= b:
                    yield span.group, a, b

    def step(self, group: int, row: int, lines: int) -> tuple[int, int] | None:
        """The tile `lines` lines below (above when negative), over headings; the nearest end otherwise."""
        order = [s for s in self.spans if s.count]
        where = next((i for i, s in enumerate(order) if s.group == group), None)
        if where is None:
            return None
        column = row % self.columns
        line = row // self.columns + lines
        while line < 0:
            if where == 0:
                return order[0].group, min(column, order[0].count - 1)
            where -= 1
            line += -(-order[where].count // self.columns)
        while line >= (rows := -(-order[where].count // self.columns)):
            if where == len(order) - 1:
                return order[-1].group, order[-1].count - 1
            line -= rows
            where += 1
        span = order[where]
        return span.group, min(line * self.columns + column, span.count - 1)
