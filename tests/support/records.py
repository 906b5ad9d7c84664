"""Any record that a run can leave, for property-based tests."""

from __future__ import annotations

from hypothesis import strategies as st

from bloodcells_gui.domain.flat_record import MAP_REASONS
from bloodcells_gui.domain.run_messages import VERBATIM, names_in, remark, templates
from bloodcells_gui.domain.run_record import (
    SCORE_STEPS,
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

COUNTS = st.integers(0, 10**9)
# To a millionth, as areas are kept.
AREAS = st.integers(0, 10**10).map(lambda n: n / 1e6)
_PLACES = st.tuples(st.integers(0, 30), st.integers(0, 130))
_GRIDS = st.tuples(st.integers(0, 40), st.integers(3, 5000), st.integers(0, 300))


@st.composite
def counts(draw: st.DrawFn) -> RunCounts:
    def maybe(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
        return st.none() | values

    return RunCounts(
        **{
            name: draw(maybe(AREAS))
            for name in ("searched_mm2", "sampled_mm2", "platelets_per_field")
        },
        **{
            name: draw(maybe(COUNTS))  # type: ignore[arg-type]
            for name in (
                "red_cells", "nucleated", "platelets", "listed_platelets", "unlisted_platelets", "fields",
            )
        },
    )  # fmt: skip


@st.composite
def tile_sets(draw: st.DrawFn) -> tuple[TileSet, ...]:
    grids = draw(st.lists(_GRIDS, max_size=3, unique=True))
    return tuple(TileSet(*grid, draw(st.frozensets(_PLACES, min_size=1, max_size=60))) for grid in grids)


@st.composite
def maps(draw: st.DrawFn) -> tuple[QualityMap, ...]:
    reasons = st.lists(st.sampled_from(MAP_REASONS[1:]), max_size=2).map(tuple)
    found = []
    for grid in draw(st.lists(_GRIDS, max_size=3, unique=True)):
        places = sorted(draw(st.frozensets(_PLACES, min_size=1, max_size=40)))
        tiles = (
            MapTile(*at, draw(st.integers(0, SCORE_STEPS)), draw(st.booleans()), draw(reasons))
            for at in places
        )
        found.append(QualityMap(*grid, tuple(tiles)))
    return tuple(found)


_WEIGHTS = st.dictionaries(
    st.sampled_from(["SNE", "LY", "MO", "BL", "PLT"]), st.floats(0.001, 1000), min_size=1
)
_SHARES = st.floats(0, 1)
_FACTORS = st.floats(0, 100)
_POOLS = st.builds(
    PoolParameters,
    st.floats(0.01, 100),
    _FACTORS,
    _FACTORS,
    st.floats(0, 0.99),
    st.floats(0.01, 1),
    _SHARES,
    st.floats(0, 0.99),
)


@st.composite
def adaptations(draw: st.DrawFn) -> AdaptationRecord:
    propagation = draw(
        st.none()
        | st.builds(
            PropagationParameters, st.floats(0, 0.99), st.floats(0.01, 100), st.floats(0, 100), _SHARES
        )
    )
    return AdaptationRecord(
        draw(_WEIGHTS),
        draw(COUNTS),
        draw(st.floats(-10, 10)),
        draw(st.booleans()),
        draw(COUNTS),
        draw(st.booleans()),
        draw(_SHARES),
        draw(st.none() | st.builds(PriorParameters, st.floats(0, 10), st.floats(1, 1e4))),
        propagation,
        draw(COUNTS) if propagation is not None else 0,
        draw(COUNTS),
        draw(st.none() | _POOLS),
    )


@st.composite
def remarks(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple:  # type: ignore[type-arg]
    """Each template at most once, with numbers, counts and names that can stand there."""
    found = []
    for template in draw(st.lists(st.sampled_from([*templates(), VERBATIM]), max_size=6, unique=True)):
        values = {
            name: draw(texts)
            if name in ("text", "notice")
            else f"{draw(st.floats(0.01, 999)):.4g}"
            if name.startswith("n_")
            else draw(COUNTS)
            for name in names_in(template)
        }
        found.append(remark(template, **values))
    return tuple(found)


def records(texts: st.SearchStrategy[str]) -> st.SearchStrategy[RunRecord]:
    """Records whose remarks quote `texts`."""
    progress = st.builds(
        ScanProgress, tile_sets(), tile_sets(), st.frozensets(st.integers(0, 5000), max_size=9)
    )
    return st.builds(RunRecord, counts(), progress, maps(), st.none() | adaptations(), remarks(texts))
