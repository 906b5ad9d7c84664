"""A copy of a case that was analysed elsewhere is put into it: whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import ReviewState, make_event
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import a_case


def continued(case: Path, copy: Path, text: str = "elsewhere") -> Path:
    shutil.copyfile(case, copy)
    with CaseStore.open(copy) as store:
        store.append(make_event(ReviewState([]), EventKind.NOTE, "x", new=text))
    return copy


def test_a_continued_copy_is_taken_whole_and_readers_go_on(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        path = store.path
    copy = continued(path, tmp_path / "copy.bcs")
    inode = path.stat().st_ino
    with CaseStore.open(path, read_only=True) as reader, CaseStore.open(path) as store:
        store.continue_with(copy)
        assert [e.new for e in store.events()] == ["elsewhere"]
        assert [e.new for e in reader.events()] == ["elsewhere"]
        state = ReviewState([])
        state.apply(store.events()[0])
        store.append(make_event(state, EventKind.NOTE, "x", new="here"))
        assert store.verify() == []
    assert path.stat().st_ino == inode


def test_a_copy_that_does_not_continue_the_case_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        path = store.path
    copy = continued(path, tmp_path / "copy.bcs")
    with CaseStore.open(path) as store:  # a person was at it meanwhile
        store.append(make_event(ReviewState([]), EventKind.NOTE, "x", new="here"))
        before = path.read_bytes()
        with pytest.raises(UserError, match="was changed by another window"):
            store.continue_with(copy)
    assert path.read_bytes() == before
    with a_case(tmp_path / "other.bcs") as other:
        stranger = other.path
    with CaseStore.open(path) as store, pytest.raises(UserError):
        store.continue_with(stranger)
    assert path.read_bytes() == before


def test_a_damaged_copy_is_refused(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        path = store.path
    copy = continued(path, tmp_path / "copy.bcs")
    copy.write_bytes(copy.read_bytes()[:-4096])
    with CaseStore.open(path) as store, pytest.raises(UserError, match="damaged"):
        store.continue_with(copy)
