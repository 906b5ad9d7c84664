"""Where tiles lie, without Qt."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.ui.gallery.layout import GridLayout, Metrics

METRICS = Metrics(tile_width=100, tile_height=120, heading=30, margin=8)


def laid_out(counts: list[int], width: int = 350, collapsed: frozenset[int] = frozenset()) -> GridLayout:
    grid = GridLayout(METRICS)
    grid.update(counts, width, collapsed)
    return grid


def test_groups_stand_below_each_other_and_empty_ones_take_no_room() -> None:
    grid = laid_out([4, 0, 1])
    assert grid.columns == 3
    assert [(s.group, s.top) for s in grid.spans] == [(0, 0), (2, 30 + 2 * 120 + 8)]
    assert grid.height == (30 + 240 + 8) + (30 + 120 + 8)
    assert grid.tile(1, 0) is None


def test_rows_end_flush_with_the_width() -> None:
    grid = laid_out([3], width=16 + 3 * 100 + 60)
    assert grid.pitch == 120
    assert grid.tile(0, 2) == (8 + 240, 30, 120, 120)


def test_collapsed_groups_keep_their_heading_only() -> None:
    grid = laid_out([4, 2], collapsed=frozenset({0}))
    assert grid.tile(0, 0) is None
    assert grid.tile(1, 0) == (8, 60, grid.pitch, 120)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8), st.integers(120, 900))
def test_every_tile_is_found_at_its_own_place(counts: list[int], width: int) -> None:
    grid = laid_out(counts, width)
    for group, count in enumerate(counts):
        for row in range(count):
            tile = grid.tile(group, row)
            assert tile is not None
            x, y, w, h = tile
            assert grid.at(x + w // 2, y + h // 2) == (group, row)
            assert x + w <= max(width, 116)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6),
    st.integers(120, 700),
    st.integers(0, 3000),
    st.integers(1, 900),
)  # fmt: skip
def test_visible_is_exactly_what_touches_the_screen(
    counts: list[int], width: int, top: int, page: int
) -> None:
    grid = laid_out(counts, width)
    shown = {
        (span.group, row) for span, first, last in grid.visible(top, top + page) for row in range(first, last)
    }
    for group, count in enumerate(counts):
        for row in range(count):
            tile = grid.tile(group, row)
            assert tile is not None
            touches = tile[1] < top + page and tile[1] + tile[3] > top
            assert touches == ((group, row) in shown)


def test_steps_cross_headings_and_stop_at_the_ends() -> None:
    grid = laid_out([4, 0, 2])
    assert grid.step(0, 0, 1) == (0, 3)
    assert grid.step(0, 3, 1) == (2, 0)
    assert grid.step(2, 1, -1) == (0, 3)
    assert grid.step(0, 2, -5) == (0, 2)
    assert grid.step(2, 0, 5) == (2, 1)


def test_a_band_names_the_runs_of_tiles_it_touches() -> None:
    grid = laid_out([7])
    x, y, w, h = grid.tile(0, 1) or (0, 0, 0, 0)
    touched = list(grid.in_rect(x + 5, y + 5, x + w + 5, y + h + 5))
    assert touched == [(0, 1, 2), (0, 4, 5)]
