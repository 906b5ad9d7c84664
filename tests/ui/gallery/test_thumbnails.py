"""Pictures decoded in the background."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QThreadPool
from pytestqt.qtbot import QtBot

from bloodcells_gui.ui.gallery import thumbnails as module
from bloodcells_gui.ui.gallery.thumbnails import ThumbnailLoader
from tests.support.fakes import FakeSession, make_cells


@pytest.fixture
def session() -> FakeSession:
    return FakeSession(make_cells(40))


@pytest.fixture
def loader(session: FakeSession, pool: QThreadPool) -> Iterator[ThumbnailLoader]:
    loader = ThumbnailLoader(session.thumbnail, pool)
    yield loader
    loader.close()


def test_wanted_pictures_arrive_decoded_elsewhere(
    qtbot: QtBot, loader: ThumbnailLoader, session: FakeSession
) -> None:
    loader.set_side(64)
    assert loader.pixmap(1) is None
    loader.want(range(1, 21))
    qtbot.waitUntil(lambda: all(loader.pixmap(i) is not None for i in range(1, 21)))
    pixmap = loader.pixmap(3)
    assert pixmap is not None
    assert pixmap.width() == 64
    assert threading.get_ident() not in session.thumbnail_threads


def test_a_new_wish_list_forgets_what_has_gone_by(
    qtbot: QtBot, session: FakeSession, pool: QThreadPool
) -> None:
    asked: list[int] = []
    gate = threading.Event()

    def fetch(cell_id: int) -> bytes:
        asked.append(cell_id)
        gate.wait(5)
        return session.thumbnail(cell_id)

    loader = ThumbnailLoader(fetch, pool)
    loader.want(range(1, 31))
    qtbot.waitUntil(lambda: len(asked) == 2)
    loader.want([40])
    gate.set()
    qtbot.waitUntil(lambda: loader.pixmap(40) is not None)
    assert len(asked) == 3
    loader.close()


def test_an_unreadable_picture_is_known_as_such_and_not_asked_again(qtbot: QtBot, pool: QThreadPool) -> None:
    asked: list[int] = []

    def fetch(cell_id: int) -> bytes:
        asked.append(cell_id)
        if cell_id == 2:
            raise OSError("gone")
        return b"not a picture"

    loader = ThumbnailLoader(fetch, pool)
    loader.want([1, 2])
    qtbot.waitUntil(lambda: loader.broken(1) and loader.broken(2))
    loader.want([1, 2])
    qtbot.wait(30)
    assert sorted(asked) == [1, 2]
    loader.close()


def test_the_cache_stays_within_its_bound(
    qtbot: QtBot, loader: ThumbnailLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHE_PX", 64 * 64 * 10)
    loader.set_side(64)
    for i in range(1, 41):
        loader.want([i])
        qtbot.waitUntil(lambda i=i: loader.pixmap(i) is not None)
    assert sum(loader.pixmap(i) is not None for i in range(1, 41)) == 10
    assert loader.pixmap(40) is not None


def test_nothing_of_an_earlier_case_is_delivered(
    qtbot: QtBot, session: FakeSession, pool: QThreadPool
) -> None:
    gate = threading.Event()

    def fetch(cell_id: int) -> bytes:
        gate.wait(5)
        return session.thumbnail(cell_id)

    loader = ThumbnailLoader(fetch, pool)
    loader.want([1])
    loader.forget()
    gate.set()
    pool.waitForDone()
    qtbot.wait(20)
    assert loader.pixmap(1) is None
    loader.close()
