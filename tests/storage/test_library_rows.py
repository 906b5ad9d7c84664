"""The reference library: one suite over a workstation's file, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase, LabUnreachable
from bloodcells_gui.storage.lab.library import LabLibrary
from bloodcells_gui.storage.library_rows import MOST_BYTES, LibraryRows
from bloodcells_gui.storage.reference_library import Library, NewPicture
from tests.storage.lab.conftest import connect, server
from tests.support.lab import Connect

__all__ = ["connect", "server"]
MODEL = "classify'; DROP TABLE entries -- %s?"


def of_laboratory(connect: Connect) -> LabLibrary:
    database = connect()
    schema.create(database, "1.0")

    @contextmanager
    def again() -> Iterator[LabDatabase]:
        yield database

    return LabLibrary(again)


@pytest.fixture(params=["file", "laboratory"])
def library(request: pytest.FixtureRequest, tmp_path: Path, connect: Connect) -> Iterator[LibraryRows]:
    with of_laboratory(connect) if request.param == "laboratory" else Library(tmp_path / "l.bcl") as made:
        yield made


def cell(*embedding: float) -> CellAssets:
    return CellAssets(b"\xff\x00thumb", b"mask", (0.0, 0.0, 9.0), np.array(embedding, np.float16))


def add(library: LibraryRows, code: str, *embedding: float, note: str = "", cell_id: int = 0) -> int:
    return library.add(
        code, cell(*embedding), author="Ana", model=MODEL, note=note, mpp=0.1, source_case="c",
        source_cell=cell_id,
    )  # fmt: skip


def test_a_cell_is_kept_with_what_is_said_of_it(library: LibraryRows) -> None:
    first, second = add(library, "LY", 1, 0, note="Ö'\x01"), add(library, "MO", 0, 1, cell_id=7)
    assert [r.id for r in library.entries()] == [second, first]
    newest, oldest = library.entries()
    assert (oldest.code, oldest.note, oldest.mpp, oldest.model) == ("LY", "Ö'\x01", 0.1, MODEL)
    assert (newest.source_cell, newest.checked, newest.source) == (7, False, "")
    assert library.assets(first).thumbnail == b"\xff\x00thumb"
    assert library.assets(first).embedding.tolist() == [1, 0]
    with pytest.raises(KeyError):
        library.assets(99)
    assert [r.id for r in library.entries(text="ö")] == [first]
    assert [r.id for r in library.entries("MO")] == [second]
    assert library.entries("MO", "ö") == []
    assert library.standing() == [first, second]


def test_notes_removals_and_decisions_are_added_never_overwritten(library: LibraryRows) -> None:
    entry = add(library, "LY", 1, 0, note="first")
    library.set_note(entry, "second", "Bo")
    assert library.entries()[0].note == "second"
    library.remove(entry, "Bo")
    assert library.entries() == []
    library.restore(entry, "Bo")
    assert library.entries()[0].note == "second"
    library.decide_label(entry, "MO", "Bo")
    library.decide_label(entry, "LY", "Bo", checked=False)
    assert (library.entries()[0].code, library.entries()[0].checked) == ("LY", False)
    assert [(d.code, d.checked) for d in library.label_decisions(entry)] == [("MO", True), ("LY", False)]
    for act in (
        lambda: library.set_note(99, "x", "Bo"),
        lambda: library.remove(99, "Bo"),
        lambda: library.decide_label(99, "LY", "Bo"),
    ):
        with pytest.raises(ValueError, match="no entry 99"):
            act()


def test_pictures_have_source_licence_and_scale(library: LibraryRows) -> None:
    pictures = [
        NewPicture("LY", b"jpeg", "a" * 64, "x.jpg", 0.2, 30.0),
        NewPicture("MO", b"j", "b" * 64, "y"),
    ]
    ids = library.add_pictures(pictures, source="book", licence="CC", author="Ana")
    assert len(ids) == 2
    found = {r.file: r for r in library.entries()}
    assert (found["x.jpg"].source, found["x.jpg"].licence, found["x.jpg"].width_um) == ("book", "CC", 30.0)
    assert np.isnan(found["y"].mpp)
    assert library.picture_hashes() == {"a" * 64, "b" * 64}
    library.remove(ids[0], "Ana")
    assert library.picture_hashes() == {"b" * 64}


def test_like_cells_are_found_among_those_of_the_model(library: LibraryRows) -> None:
    near, far = add(library, "LY", 1, 0), add(library, "MO", 0, 1)
    (best, cosine), (_, other) = library.similar(np.array([1.0, 0.1]), MODEL)
    assert best.id == near
    assert cosine > other
    library.remove(near, "Ana")
    assert [r.id for r, _ in library.similar(np.array([1.0, 0.1]), MODEL)] == [far]
    assert library.similar(np.array([1.0, 0.1]), "another") == []
    assert library.embeddings(MODEL)[0].tolist() == [far]


def test_a_picture_that_is_too_large_is_not_kept(library: LibraryRows) -> None:
    large = CellAssets(bytes(MOST_BYTES + 1), b"", (0.0, 0.0, 9.0), np.zeros(2, np.float16))
    with pytest.raises(UserError, match="too large"):
        library.add("LY", large, author="Ana", model=MODEL)
    assert library.entries() == []


def test_a_picture_that_another_put_there_is_not_fetched(connect: Connect) -> None:
    library = of_laboratory(connect)
    entry = add(library, "LY", 1, 0)
    with library._changing() as ask:  # noqa: SLF001  # a hostile row
        ask("UPDATE $.entries SET thumbnail = ?", bytes(MOST_BYTES + 1))
    with pytest.raises(KeyError):
        library.assets(entry)


def test_stations_that_add_at_once_lose_nothing(connect: Connect) -> None:
    start = threading.Barrier(3)
    libraries = [of_laboratory(connect) for _ in range(3)]

    def work(library: LabLibrary) -> None:
        start.wait()
        for _ in range(10):
            library.set_note(add(library, "LY", 1, 0), "note", "Ana")

    threads = [threading.Thread(target=work, args=(library,)) for library in libraries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.note for r in libraries[0].entries()] == ["note"] * 30


def test_while_the_database_is_away_it_says_so() -> None:
    def away() -> LabDatabase:
        raise LabUnreachable("cut")

    library = LabLibrary(away)
    for act in (library.entries, library.picture_hashes, lambda: add(library, "LY", 1)):
        with pytest.raises(UserError, match=r"reference library does not answer \(cut\)"):
            act()


def test_a_database_that_was_away_is_left_alone_for_a_while(connect: Connect) -> None:
    working, asked = of_laboratory(connect), []

    @contextmanager
    def cut_once() -> Iterator[LabDatabase]:
        asked.append(1)
        if len(asked) == 1:
            raise LabUnreachable("cut")
        with working._connect() as database:  # noqa: SLF001  # the same database
            yield database

    for quiet_s, wanted in ((60.0, 1), (0.0, 2)):
        asked.clear()
        library = LabLibrary(cut_once, quiet_s)
        for _ in range(2):
            with suppress(UserError):
                library.entries()
        assert len(asked) == wanted
    assert library.entries() == []
