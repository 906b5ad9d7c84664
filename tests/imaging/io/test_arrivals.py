"""What lies in a folder that others write into, by names, sizes and times alone."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.imaging.io.arrivals import (
    Arrival,
    ArrivalLimits,
    EntryKind,
    arrival,
    entries_of,
    is_being_written,
)

LIMITS = ArrivalLimits()


def seen(folder: Path, limits: ArrivalLimits = LIMITS) -> Arrival:
    return arrival([folder], limits, lambda: None)


def test_links_and_special_files_are_told_and_hidden_names_left_out(tmp_path: Path) -> None:
    (tmp_path / "S-1").mkdir()
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "S-1")
    os.mkfifo(tmp_path / "c")
    found, more = entries_of(tmp_path, LIMITS)
    assert [(e.path.name, e.kind) for e in found] == [
        ("S-1", EntryKind.FOLDER), ("a.png", EntryKind.FILE), ("b", EntryKind.LINK), ("c", EntryKind.SPECIAL)
    ]  # fmt: skip
    assert not more
    assert entries_of(tmp_path, ArrivalLimits(max_entries=2))[1]


def test_a_stamp_changes_with_names_sizes_and_times_only(tmp_path: Path) -> None:
    inner = tmp_path / "S" / "a"
    inner.mkdir(parents=True)
    (inner / "1.png").write_bytes(b"one")
    stamps = [seen(tmp_path / "S").stamp]
    assert seen(tmp_path / "S").stamp == stamps[0]
    (inner / ".2.png.Xy12").write_bytes(b"two")  # as rsync writes
    stamps.append(seen(tmp_path / "S").stamp)
    (inner / ".2.png.Xy12").rename(inner / "2.png")
    stamps.append(seen(tmp_path / "S").stamp)
    os.utime(inner / "1.png", (1, 1))
    stamps.append(seen(tmp_path / "S").stamp)
    assert len(set(stamps)) == 4
    assert (seen(tmp_path / "S").files, seen(tmp_path / "S").size) == (2, 6)


def test_a_link_below_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "S").mkdir()
    (tmp_path / "S" / "loop").symlink_to(tmp_path)
    assert seen(tmp_path / "S").files == 0


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.png", False),
        ("a.PNG.Part", True),
        ("~$a.docx", True),
        ("a.tmp", True),
        ("a~", True),
        ("b.tif", False),
    ],
)
def test_names_of_unfinished_files(name: str, written: bool) -> None:
    assert is_being_written(name) is written


def test_limits_end_the_search(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"12345")
    assert seen(tmp_path, ArrivalLimits(max_files=3)).too_much
    assert seen(tmp_path, ArrivalLimits(max_bytes=12)).too_much
    assert not seen(tmp_path).too_much


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        arrival([tmp_path], LIMITS, stop)


def test_a_name_that_goes_while_it_is_listed_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.png", "b.tmp"):
        (tmp_path / name).write_bytes(b"x")
    with os.scandir(tmp_path) as items:
        listed = list(items)
    (tmp_path / "b.tmp").unlink()
    monkeypatch.setattr(os, "scandir", lambda _: nullcontext(listed))
    found, _ = entries_of(tmp_path, LIMITS)
    assert [e.path.name for e in found] == ["a.png"]
