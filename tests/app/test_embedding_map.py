from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.app import embedding_map
from bloodcells_gui.app.embedding_map import map_on_plane, similar_cells


def clusters(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 3, (4, 24))
    labels = np.arange(n) % 4
    return (centres[labels] + rng.normal(0, 0.5, (n, 24))).astype(np.float32), labels


@pytest.mark.parametrize("n", [200, 1400])
def test_like_cells_lie_together(n: int) -> None:
    x, labels = clusters(n)
    places = map_on_plane(x)
    assert places.shape == (n, 2)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[distances.argmin(axis=1)]
    assert (nearest == labels).mean() > 0.9


def test_the_map_repeats() -> None:
    x, _ = clusters()
    np.testing.assert_array_equal(map_on_plane(x), map_on_plane(x))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_few_or_equal_cells_have_finite_places(n: int) -> None:
    assert np.isfinite(map_on_plane(np.ones((n, 8), np.float32))).all()
    assert map_on_plane(np.zeros((n, 8), np.float32)).shape == (n, 2)


def test_the_most_similar_come_first() -> None:
    x, labels = clusters(80)
    found = similar_cells(x, 5, 10)
    assert found[0] == 5
    assert all(labels[i] == labels[5] for i in found)


def test_many_cells_in_parts_give_what_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = clusters(1500)
    whole = map_on_plane(x.astype(np.float16))
    monkeypatch.setattr(embedding_map, "_CHUNK", 64)
    np.testing.assert_allclose(map_on_plane(x.astype(np.float16)), whole, atol=1e-5)
