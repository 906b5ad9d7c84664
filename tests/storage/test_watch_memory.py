"""The memory of the watched folder: what is kept comes back; a foreign file is refused."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.watching import WatchState, WatchWords
from bloodcells_gui.storage.watch_memory import WATCH_NAME, Item, WatchMemory

ROOT = Path("/mnt/scanner")


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    odd = os.fsdecode(b"S \xff 1")
    words = WatchWords("{n} cell", "", "Try again.", (("n", "1"),))
    item = Item(odd, WatchState.FAILED, "stamp", tmp_path / odd, words, 7)
    memory = WatchMemory(tmp_path / WATCH_NAME)
    memory.keep(ROOT, item, {"a", "b"})
    memory.close()
    memory = WatchMemory(tmp_path / WATCH_NAME)
    assert memory.items(ROOT) == {odd: item}
    assert memory.items(ROOT.parent) == {}
    assert memory.contents(ROOT, odd) == {"a", "b"}
    assert memory.holders({"b", "c"}, ROOT, "S-2") == {"b": item}
    assert memory.holders({"b", "c"}, ROOT, odd) == {}
    memory.forget(ROOT, odd)
    assert memory.items(ROOT) == {}
    assert memory.holders({"b"}, ROOT, "S-2") == {}
    memory.close()


@pytest.mark.parametrize("state", [WatchState.DUPLICATE, WatchState.HELD, WatchState.LEFT_OUT])
def test_only_what_was_taken_holds_its_pictures(tmp_path: Path, state: WatchState) -> None:
    memory = WatchMemory(tmp_path / WATCH_NAME)
    memory.keep(ROOT, Item("S-1", state, "stamp"), {"a"})
    assert memory.holders({"a"}, ROOT, "S-2") == {}
    memory.keep(ROOT, Item("S-1", WatchState.DONE, "stamp"))
    assert set(memory.holders({"a"}, ROOT, "S-2")) == {"a"}
    memory.close()


def test_a_holder_that_does_not_count_hides_no_other(tmp_path: Path) -> None:
    memory = WatchMemory(tmp_path / WATCH_NAME)
    taken = Item("S-1", WatchState.DONE, "stamp", tmp_path / "S-1.bcs")
    for loose in ("A.png", "Z.png"):
        memory.keep(ROOT, Item(loose, WatchState.UNASSIGNED, "stamp"), {"a"})
    memory.keep(ROOT, taken, {"a"})
    found = memory.holders({"a"}, ROOT, "S-2", lambda item: item.state is not WatchState.UNASSIGNED)
    assert found == {"a": taken}
    memory.close()


def test_a_foreign_file_is_refused_and_left(tmp_path: Path) -> None:
    path = tmp_path / WATCH_NAME
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(UserError, match="cannot be used"):
        WatchMemory(path)
    path.write_bytes(b"no database at all, but long enough to be looked at")
    with pytest.raises(UserError, match="cannot be used"):
        WatchMemory(path)
    assert path.read_bytes().startswith(b"no database")


def test_damaged_words_are_no_words() -> None:
    assert WatchWords.from_json("[1, 2") == WatchWords()
    assert WatchWords.from_json('["a"]') == WatchWords()
