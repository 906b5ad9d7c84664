from __future__ import annotations

import numpy as np
import pytest

from bloodcells_gui.app import embedding_map
from bloodcells_gui.app.embedding_map import map_of, most_alike


def clusters(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 3, (4, 24))
    labels = np.arange(n) % 4
    return (centres[labels] + rng.normal(0, 0.5, (n, 24))).astype(np.float32), labels


@pytest.mark.parametrize("n", [200, 1400])
def test_like_cells_lie_together(n: int) -> None:
    x, labels = clusters(n)
    places = map_of(x)
    assert places.shape == (n, 2)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[distances.argmin(axis=1)]
    assert (nearest == labels).mean() > 0.9


def test_the_map_repeats() -> None:
    x, _ = clusters()
    np.testing.assert_array_equal(map_of(x), map_of(x))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_few_or_equal_cells_have_finite_places(n: int) -> None:
    assert np.isfinite(map_of(np.ones((n, 8), np.float32))).all()
    assert map_of(np.zeros((n, 8), np.float32)).shape == (n, 2)


def test_the_most_alike_come_first() -> None:
    x, labels = clusters(80)
    found = most_alike(x, 5, 10)
    assert found[0][0] == 5
    assert found[0][1] == pytest.approx(1, abs=1e-4)
    assert all(labels[i] == labels[5] for i, _ in found)
    assert most_alike(x[:0], 0, 5) == []


def test_many_cells_in_parts_give_what_all_at_once_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    x, _ = clusters(1500)
    whole, alike = map_of(x.astype(np.float16)), most_alike(x, 700, 12)
    monkeypatch.setattr(embedding_map, "_CHUNK", 64)
    np.testing.assert_allclose(map_of(x.astype(np.float16)), whole, atol=1e-5)
    assert [i for i, _ in most_alike(x, 700, 12)] == [i for i, _ in alike]
