"""The reference library keeps every cell and every note, and finds look-alikes of the same model."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation import similarity
from bloodcells_gui.adaptation.similarity import most_similar
from bloodcells_gui.domain.cell import CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.reference_library import Library

MODEL = "classify-1 ab"
# What a library was made with before decisions about labels were kept.
FORMAT_1 = (
    "CREATE TABLE entries (id INTEGER PRIMARY KEY, code TEXT NOT NULL, added_by TEXT NOT NULL,"
    " added_at TEXT NOT NULL, model TEXT NOT NULL, mpp REAL, source_case TEXT NOT NULL,"
    " source_cell INTEGER NOT NULL, thumbnail BLOB NOT NULL, mask BLOB NOT NULL,"
    " embedding BLOB NOT NULL) STRICT",
    "CREATE TABLE remarks (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entries(id),"
    " author TEXT NOT NULL, time TEXT NOT NULL, note TEXT NOT NULL, removed INTEGER NOT NULL) STRICT",
    "CREATE INDEX remarks_of_entry ON remarks (entry)",
    "PRAGMA application_id = 1111706673",
    "PRAGMA user_version = 1",
)


def some(seed: int, size: int = 16) -> CellAssets:
    rng = np.random.default_rng(seed)
    return CellAssets(rng.bytes(50), rng.bytes(10), (0.0, 0.0, 1.0), rng.normal(size=size).astype(np.float16))


def test_cells_notes_and_removals_survive_reopening(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "library.bcl"
    with Library(path) as library:
        first = library.add(
            "BL", some(1), author="ana", model=MODEL, note="Auer rod", source_case="c-1", source_cell=7
        )
        second = library.add("LY", some(2), author="ben", model=MODEL)
        library.set_note(second, "small, =1+1", "ana")
        third = library.add("LY", some(3), author="ben", model=MODEL)
        library.remove(third, "ana")
        with pytest.raises(ValueError, match="no entry"):
            library.set_note(99, "x", "ana")
        with pytest.raises(ValueError, match="class code"):
            library.add("XYZ", some(1), author="ana", model=MODEL)
    with Library(path) as library:
        assert [(r.id, r.code, r.note) for r in library.entries()] == [
            (second, "LY", "small, =1+1"), (first, "BL", "Auer rod")]  # fmt: skip
        assert [r.id for r in library.entries(code="BL")] == [first]
        assert [r.id for r in library.entries(text="AUER")] == [first]
        assert library.entries()[1].source_cell == 7
        assert library.assets(first).thumbnail == some(1).thumbnail
        library.restore(third, "ana")
        assert len(library.entries()) == 3
        with pytest.raises(KeyError):
            library.assets(99)


def test_the_most_similar_of_the_same_model_come_first(tmp_path: Path) -> None:
    with Library(tmp_path / "l.bcl") as library:
        assert library.similar(np.ones(16), MODEL) == []
        for i in range(30):
            library.add("LY", some(i), author="ana", model=MODEL)
        other = library.add("LY", some(5), author="ana", model="another model")
        found = library.similar(some(5).embedding, MODEL, 5)
        assert found[0][0].id == 6
        assert found[0][1] == pytest.approx(1, abs=1e-3)
        assert [c for _, c in found] == sorted((c for _, c in found), reverse=True)
        assert other not in [r.id for r, _ in found]
        library.remove(6, "ana")
        assert 6 not in [r.id for r, _ in library.similar(some(5).embedding, MODEL, 30)]
        assert library.similar(np.ones(7), MODEL) == []


def test_decisions_about_a_label_stand_and_stay_readable(tmp_path: Path) -> None:
    path = tmp_path / "l.bcl"
    with Library(path) as library:
        entry = library.add("LY", some(1), author="ana", model=MODEL)
        assert library.entries()[0].checked is False
        library.decide_label(entry, "MO", "ben")
        with pytest.raises(ValueError, match="no entry"):
            library.decide_label(99, "MO", "ben")
        with pytest.raises(ValueError, match="class code"):
            library.decide_label(entry, "XYZ", "ben")
    with Library(path) as library:
        assert [(r.code, r.checked, r.added_by) for r in library.entries()] == [("MO", True, "ana")]
        assert library.entries(code="MO")
        assert library.entries(code="LY") == []
        assert library.similar(some(1).embedding, MODEL)[0][0].code == "MO"
        library.decide_label(entry, "LY", "ana", checked=False)
        assert [(r.code, r.checked) for r in library.entries()] == [("LY", False)]
        assert [(d.code, d.author, d.checked) for d in library.label_decisions(entry)] == [
            ("MO", "ben", True), ("LY", "ana", False)]  # fmt: skip


def test_a_library_of_the_first_format_opens_and_keeps_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "old.bcl"
    connection = sqlite3.connect(path)
    for statement in FORMAT_1:
        connection.execute(statement)
    embedding = np.ones(16, "<f2").tobytes()
    connection.execute(
        "INSERT INTO entries VALUES (1, 'LY', 'ana', '2026-11-01', ?, NULL, 'c-1', 7, X'FFD8', X'', ?)",
        (MODEL, embedding),
    )
    connection.execute("INSERT INTO remarks VALUES (1, 1, 'ana', '2026-11-01', 'small', 0)")
    connection.commit()
    connection.close()
    with Library(path) as library:
        assert [(r.code, r.note, r.checked) for r in library.entries()] == [("LY", "small", False)]
        library.decide_label(1, "MO", "ben")
        assert len(library.similar(np.ones(16), MODEL)) == 1
    with Library(path) as library:
        assert [(r.code, r.checked) for r in library.entries()] == [("MO", True)]


def test_two_windows_share_a_library(tmp_path: Path) -> None:
    with Library(tmp_path / "l.bcl") as one, Library(tmp_path / "l.bcl") as two:
        one.add("LY", some(1), author="ana", model=MODEL)
        assert len(two.similar(some(1).embedding, MODEL)) == 1
        two.add("LY", some(2), author="ben", model=MODEL)
        assert len(one.similar(some(1).embedding, MODEL)) == 2


@pytest.mark.parametrize("content", [b"a picture", b"SQLite format 3\x00" + b"\xa5" * 200])
def test_what_is_no_library_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.bcl"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a reference library"):
        Library(path)
    assert path.read_bytes() == content


def test_a_library_with_foreign_triggers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.bcl"
    Library(path).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="foreign"):
        Library(path)


def test_similarity_is_the_cosine_and_quick_for_a_hundred_thousand() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(500, 8)).astype(np.float32)
    near, cosine = most_similar(embeddings, embeddings[3], 10)
    plain = embeddings @ embeddings[3] / np.linalg.norm(embeddings, axis=1) / np.linalg.norm(embeddings[3])
    assert near.tolist() == np.argsort(-plain)[:10].tolist()
    np.testing.assert_allclose(cosine, np.sort(plain)[::-1][:10], atol=1e-5)
    assert most_similar(embeddings, embeddings[3], 0)[0].size == 0
    assert most_similar(embeddings, embeddings[3], 9999)[0].size == 500
    assert most_similar(np.zeros((0, 8)), embeddings[3], 5)[0].size == 0
    assert np.isfinite(most_similar(np.zeros((2, 8)), np.zeros(8), 2)[1]).all()
    with pytest.raises(ValueError, match="compared"):
        most_similar(embeddings, np.ones(3), 5)
    pair, _ = most_similar(np.eye(4), np.array([[2.0, 0, 0, 0], [0, 0, 1, 0]]), 2)
    assert sorted(pair.tolist()) == [0, 2]  # the mean direction, whatever the lengths
    many = rng.normal(size=(100_000, 64)).astype(np.float16)
    start = time.process_time()
    most_similar(many, many[0], 50)
    assert time.process_time() - start < 0.5


def test_the_similarity_of_a_case_in_parts_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(1).normal(size=(300, 12)).astype(np.float16)
    rows, cosine = most_similar(embeddings, embeddings[7], 40)
    assert rows[0] == 7
    assert cosine[0] == pytest.approx(1, abs=1e-3)
    monkeypatch.setattr(similarity, "_CHUNK", 16)
    in_parts = most_similar(embeddings, embeddings[7], 40)
    np.testing.assert_array_equal(in_parts[0], rows)
    np.testing.assert_allclose(in_parts[1], cosine, atol=1e-6)
