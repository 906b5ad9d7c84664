"""The watched folder: half-written, renamed, repeated and late files, restarts, and a share that stops."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bloodcells_gui.app import arrival_check
from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.demo import make_demo
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import WatchSettings
from bloodcells_gui.domain.watching import CAME_FROM_WATCHED, FolderState, WatchState
from bloodcells_gui.storage.case import CAME_FROM, CaseStore
from bloodcells_gui.storage.recover import recover
from tests.support.watching import SETTLE_S, Desk, a_desk, picture, picture_bytes


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as desk:
        yield desk


def specimen(desk: Desk, name: str, numbers: range) -> Path:
    for number in numbers:
        picture(desk.folder / name / f"cell_{number}.png", number)
    return desk.folder / name


def content(case: Path) -> tuple[str, list[str]]:
    with CaseStore.open(case, read_only=True) as store:
        return store.specimen.id, [ref.name for ref in store.specimen.images]


def test_two_folders_are_two_specimens_and_their_cases_say_where_they_came_from(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    specimen(desk, "S-2", range(10, 12))
    before = {p: p.stat().st_mtime_ns for p in desk.folder.rglob("*")}
    desk.settle()
    assert desk.states() == {"S-1": WatchState.QUEUED, "S-2": WatchState.QUEUED}
    assert [content(case) for case in desk.queue.added] == [
        ("S-1", ["cell_0.png", "cell_1.png", "cell_2.png"]),
        ("S-2", ["cell_10.png", "cell_11.png"]),
    ]
    with CaseStore.open(desk.queue.added[0], read_only=True) as store:
        assert store.extra[CAME_FROM] == CAME_FROM_WATCHED
        assert store.specimen.root == desk.folder / "S-1"
        assert store.audit().ok
    copy = desk.folder.parent / "recovered.bcs"
    recover(desk.queue.added[0], copy, app_version="9")
    with CaseStore.open(copy, read_only=True) as store:
        assert store.extra[CAME_FROM] == CAME_FROM_WATCHED
    assert desk.workspace.recent() == []
    assert {p: p.stat().st_mtime_ns for p in desk.folder.rglob("*")} == before


def test_nothing_is_taken_while_it_changes(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(2))
    for number in range(2, 6):
        desk.look(SETTLE_S - 1)
        picture(folder / f"cell_{number}.png", number)
        assert desk.states() == {"S-1": WatchState.SETTLING}
    desk.look()
    desk.look(SETTLE_S - 1)
    assert desk.queue.added == []
    desk.look(2)
    assert len(content(desk.queue.added[0])[1]) == 6


def test_a_file_that_grows_without_changing_its_time_is_not_taken(desk: Desk) -> None:
    path = picture(desk.folder / "S-1" / "a.png", 1)
    time = path.stat().st_mtime_ns
    desk.look()
    path.write_bytes(path.read_bytes() + b"more")
    os.utime(path, ns=(time, time))
    desk.look(SETTLE_S + 1)
    assert desk.states() == {"S-1": WatchState.SETTLING}


@pytest.mark.parametrize("name", ["b.png.part", "b.png.filepart", "~b.png", ".b.png.tmp"])
def test_a_writers_temporary_name_holds_the_folder_back(desk: Desk, name: str) -> None:
    folder = specimen(desk, "S-1", range(2))
    (folder / name).write_bytes(picture_bytes(9)[:100])
    desk.settle()
    assert desk.entry("S-1").state is WatchState.SETTLING
    assert name in desk.entry("S-1").words.text()
    (folder / name).write_bytes(picture_bytes(9))
    (folder / name).rename(folder / "b.png")
    desk.settle()
    assert content(desk.queue.added[0])[1] == ["b.png", "cell_0.png", "cell_1.png"]


def test_an_empty_picture_holds_the_folder_back(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(2))
    (folder / "b.png").touch()
    desk.settle()
    assert desk.states() == {"S-1": WatchState.SETTLING}


def test_a_picture_without_its_end_is_waited_for_and_can_be_left_out(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(2))
    (folder / "half.png").write_bytes(picture_bytes(9)[:-40])
    desk.settle()
    entry = desk.entry("S-1")
    assert entry.state is WatchState.WAITING
    assert "half.png" in entry.words.text()
    (folder / "half.png").write_bytes(picture_bytes(9))
    desk.settle()
    assert content(desk.queue.added[0])[1] == ["cell_0.png", "cell_1.png", "half.png"]
    other = specimen(desk, "S-2", range(20, 22))
    (other / "half.png").write_bytes(picture_bytes(30)[:-40])
    desk.settle()
    desk.watched.take(["S-2"])
    desk.look()
    assert content(desk.queue.added[1])[1] == ["cell_20.png", "cell_21.png"]


def test_a_file_written_to_while_it_is_looked_into_is_not_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = specimen(desk, "S-1", range(2))
    real = arrival_check.take_in

    def take_in(path: Path, **options: object) -> object:
        picture(folder / "late.png", 77)
        return real(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(arrival_check, "take_in", take_in)
    desk.settle()
    assert desk.states() == {"S-1": WatchState.SETTLING}
    monkeypatch.undo()
    desk.settle()
    assert "late.png" in content(desk.queue.added[0])[1]


def test_another_name_and_a_copy_make_no_second_case(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    desk.settle()
    (desk.folder / "S-1").rename(desk.folder / "S-1 renamed")
    shutil.copytree(desk.folder / "S-1 renamed", desk.folder / "copy")
    desk.settle()
    assert desk.states() == {"S-1 renamed": WatchState.DUPLICATE, "copy": WatchState.DUPLICATE}
    assert "S-1" in desk.entry("copy").words.text()
    assert len(desk.queue.added) == 1
    desk.watched.take(["copy"])
    desk.look()
    assert content(desk.queue.added[1])[0] == "copy"


def test_pictures_of_another_specimen_among_new_ones_are_asked_about(desk: Desk) -> None:
    first = specimen(desk, "S-1", range(3))
    desk.settle()
    second = specimen(desk, "S-2", range(10, 12))
    shutil.copy(first / "cell_1.png", second / "cell_1.png")
    desk.settle()
    assert desk.entry("S-2").state is WatchState.HELD
    assert "S-1" in desk.entry("S-2").words.text()
    desk.watched.leave(["S-2"], "A. Technician")
    desk.settle()
    assert desk.entry("S-2").state is WatchState.LEFT_OUT
    assert len(desk.queue.added) == 1


def test_what_comes_later_is_said_and_not_added(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(3))
    desk.settle()
    case = desk.queue.added[0]
    desk.queue.finish(case, QueueState.DONE)
    picture(folder / "late.png", 50)
    desk.settle()
    entry = desk.entry("S-1")
    assert (entry.state, entry.case) == (WatchState.GROWN, case)
    assert "1 picture" in entry.words.text()
    assert len(content(case)[1]) == 3
    desk.watched.take(["S-1"])
    desk.look()
    assert len(content(desk.queue.added[1])[1]) == 4
    assert len(content(case)[1]) == 3


def test_a_picture_that_was_written_over_is_said(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(3))
    desk.settle()
    picture(folder / "cell_1.png", 60)
    desk.settle()
    assert desk.entry("S-1").state is WatchState.GROWN
    desk.watched.leave(["S-1"], "A. Technician")
    desk.settle()
    assert desk.entry("S-1").state is WatchState.DONE
    assert "A. Technician" in desk.entry("S-1").words.text()


def test_a_text_beside_the_pictures_changes_nothing(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(3))
    desk.settle()
    desk.queue.finish(desk.queue.added[0], QueueState.DONE)
    (folder / "log.txt").write_text("scanned")
    (folder / "cell_1.png").touch()
    desk.settle()
    assert desk.states() == {"S-1": WatchState.DONE}


def test_a_restart_takes_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        specimen(desk, "S-1", range(3))
        specimen(desk, "S-2", range(10, 12))
        desk.settle()
        done, open_ = desk.queue.added
        desk.queue.finish(done, QueueState.DONE)
        desk.look()
        picture(desk.folder / "loose.png", 99)
    with a_desk(tmp_path) as desk:
        picture(desk.folder / "S-1" / "late.png", 50)
        desk.settle()
        assert desk.queue.added == [open_]  # its analysis had not begun
        assert desk.states() == {
            "S-1": WatchState.GROWN, "S-2": WatchState.QUEUED, "loose.png": WatchState.UNASSIGNED
        }  # fmt: skip


def test_a_program_that_was_killed_while_it_made_a_case_makes_no_second_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_desk(tmp_path) as desk:
        specimen(desk, "S-1", range(3))
        desk.look()
        monkeypatch.setattr(desk.queue, "add", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.look(SETTLE_S + 1)
    with a_desk(tmp_path) as desk:
        desk.settle()
        cases = list(desk.workspace.cases_dir.glob("*.bcs"))
        assert len(cases) == 1
        assert desk.queue.added == cases
        assert desk.entry("S-1").case == cases[0]


def test_what_failed_says_why_stops_nothing_and_can_be_tried_again(desk: Desk) -> None:
    (desk.folder / "S-0").mkdir()
    (desk.folder / "S-0" / "a.nef").write_bytes(b"no picture at all")
    specimen(desk, "S-1", range(3))
    desk.settle()
    assert desk.states() == {"S-0": WatchState.FAILED, "S-1": WatchState.QUEUED}
    assert desk.entry("S-0").words.text("fr").count("a.nef : C'est un texte, pas une image.") == 1
    desk.queue.finish(desk.queue.added[0], QueueState.FAILED, UserError("No model.", "", "Install one."))
    desk.look()
    assert desk.entry("S-1").state is WatchState.FAILED
    assert "Install one." in desk.entry("S-1").words.text()
    picture(desk.folder / "S-0" / "b.png", 5)  # a change is tried by itself
    desk.watched.take(["S-1"])
    desk.settle()
    assert desk.states() == {"S-0": WatchState.QUEUED, "S-1": WatchState.QUEUED}
    assert len(list(desk.workspace.cases_dir.glob("*.bcs"))) == 2


def test_a_case_that_cannot_be_written_is_tried_again_when_a_person_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    specimen(desk, "S-1", range(3))
    full = UserError("The disk is full.", "", "Free some space.")
    monkeypatch.setattr(desk.cases, "enqueue", lambda *_, **__: (_ for _ in ()).throw(full))
    desk.settle()
    assert "Free some space." in desk.entry("S-1").words.text()
    monkeypatch.undo()
    desk.look()
    assert desk.entry("S-1").state is WatchState.FAILED
    desk.watched.take(["S-1"])
    desk.look()
    assert desk.entry("S-1").state is WatchState.QUEUED


def test_loose_pictures_wait_and_are_not_joined_by_time(desk: Desk) -> None:
    for number in range(3):
        picture(desk.folder / f"IMG_{number}.png", number)
    desk.settle()
    assert set(desk.states().values()) == {WatchState.UNASSIGNED}
    assert desk.queue.added == []
    case = desk.watched.assign(["IMG_0.png", "IMG_2.png"], "S-77")
    assert content(case) == ("S-77", ["IMG_0.png", "IMG_2.png"])
    desk.settle()
    assert desk.states()["IMG_0.png"] is WatchState.QUEUED
    assert desk.states()["IMG_1.png"] is WatchState.UNASSIGNED
    with pytest.raises(UserError, match="no specimen any more"):
        desk.watched.assign(["IMG_0.png"], "S-78")


def test_loose_pictures_that_were_sorted_into_a_folder_are_taken_once(desk: Desk) -> None:
    names = ["a.png", "z.png"]
    for number, name in enumerate(names):
        picture(desk.folder / name, number)
    desk.settle()
    (desk.folder / "S-1").mkdir()
    for name in names:
        (desk.folder / name).rename(desk.folder / "S-1" / name)
    desk.settle()
    assert desk.states() == {"S-1": WatchState.QUEUED}
    shutil.copytree(desk.folder / "S-1", desk.folder / "copy")
    desk.settle()
    assert desk.states()["copy"] is WatchState.DUPLICATE
    assert len(desk.queue.added) == 1


def test_a_failed_specimen_whose_case_is_gone_is_taken_anew(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    desk.settle()
    first = desk.queue.added[0]
    desk.queue.finish(first, QueueState.FAILED, UserError("No model."))
    desk.look()
    first.unlink()
    desk.watched.take(["S-1"])
    desk.look()
    assert desk.entry("S-1").state is WatchState.QUEUED
    assert content(desk.queue.added[1])[1] == ["cell_0.png", "cell_1.png", "cell_2.png"]


def test_a_case_that_cannot_be_queued_again_says_why_and_keeps_nothing_else_waiting(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    desk.settle()
    first = desk.queue.added[0]
    desk.queue.finish(first, QueueState.FAILED, UserError("No model."))
    desk.look()
    first.write_bytes(b"no case at all, but long enough to be looked at")
    specimen(desk, "S-2", range(10, 12))
    desk.watched.take(["S-1"])
    desk.settle()  # which is no fault of the program
    assert desk.states() == {"S-1": WatchState.FAILED, "S-2": WatchState.QUEUED}
    assert first.name in desk.entry("S-1").words.text()


def test_loose_pictures_go_to_a_case_that_was_not_analysed_yet(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    picture(desk.folder / "cell_1.png", 40)
    desk.settle()
    case = desk.queue.added[0]
    desk.watched.assign_to(["cell_1.png"], case)
    assert content(case)[1] == ["cell_0.png", "cell_1.png", "cell_2.png", "cell_1 (2).png"]
    assert desk.queue.added == [case, case]
    with CaseStore.open(case) as store:
        assert store.audit().ok
        assert store.specimen.images[3].path == desk.folder / "cell_1.png"


def test_the_same_loose_picture_twice_is_one(desk: Desk) -> None:
    picture(desk.folder / "a.png", 1)
    picture(desk.folder / "b.png", 1)
    desk.settle()
    assert desk.states() == {"a.png": WatchState.UNASSIGNED, "b.png": WatchState.DUPLICATE}


def test_links_and_special_files_are_refused(desk: Desk, tmp_path: Path) -> None:
    outside = specimen(desk, "S-1", range(2)).rename(tmp_path / "elsewhere")
    (desk.folder / "link").symlink_to(outside)
    (desk.folder / "link.png").symlink_to(outside / "cell_0.png")
    os.mkfifo(desk.folder / "pipe.png")
    desk.settle()
    assert set(desk.states().values()) == {WatchState.LEFT_OUT}
    assert desk.queue.added == []


def test_what_holds_nothing_is_left_out(desk: Desk) -> None:
    (desk.folder / "empty").mkdir()
    (desk.folder / "notes.txt").write_text("nothing")
    (desk.folder / ".hidden").mkdir()
    desk.settle()
    assert desk.states() == {"empty": WatchState.SETTLING, "notes.txt": WatchState.LEFT_OUT}


def test_a_share_that_goes_is_said_and_taken_up_again(desk: Desk) -> None:
    folder = specimen(desk, "S-1", range(3))
    desk.settle()
    away = desk.folder.rename(desk.folder.with_name("unplugged"))
    desk.look()
    status = desk.watched.status()
    assert status.state is FolderState.AWAY
    assert str(desk.folder) in status.words.text()
    away.rename(desk.folder)
    picture(folder / "late.png", 50)
    desk.settle()
    assert desk.watched.status().state is FolderState.WATCHED
    assert desk.states() == {"S-1": WatchState.GROWN}
    assert len(desk.queue.added) == 1


def test_a_share_that_does_not_answer_is_said_and_keeps_nobody_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def scandir(_: object) -> object:
        asked.set()
        answer.wait(20)
        raise OSError("host is down")

    monkeypatch.setattr("bloodcells_gui.imaging.io.arrivals.os.scandir", scandir)
    desk.watched.start()
    assert asked.wait(10)
    desk.now += 61
    assert desk.watched.status().state is FolderState.SILENT
    assert desk.watched.entries() == []
    assert not desk.watched.close(wait_s=0.1)
    answer.set()
    assert desk.watched.close(wait_s=10)


def test_another_window_of_the_same_data_does_not_watch_too(tmp_path: Path) -> None:
    with a_desk(tmp_path) as first:
        specimen(first, "S-1", range(3))
        first.look()
        with a_desk(tmp_path) as second:
            second.settle()
            assert second.watched.status().state is FolderState.ELSEWHERE
            assert second.queue.added == []
        first.look(SETTLE_S + 1)
        assert len(first.queue.added) == 1


def test_switched_off_nothing_is_taken(desk: Desk) -> None:
    specimen(desk, "S-1", range(3))
    desk.look()
    desk.watched.configure(WatchSettings())
    desk.look(SETTLE_S + 1)
    assert desk.queue.added == []
    assert desk.watched.status().state is FolderState.OFF


def test_a_slide_file_is_a_specimen(desk: Desk) -> None:
    slide = make_demo("slide", desk.folder.parent / "drawn", size_px=(1024, 1024))
    slide.rename(desk.folder / "film.tif")
    desk.settle()
    assert desk.states() == {"film.tif": WatchState.QUEUED}
    assert content(desk.queue.added[0])[1] == ["film.tif"]


def test_a_thousand_files_are_taken_once(desk: Desk) -> None:
    for number in range(1000):
        picture(desk.folder / f"S-{number // 100}" / f"{number}.png", number)
    desk.settle()
    desk.settle()
    assert len(desk.queue.added) == 10
    assert sum(len(content(case)[1]) for case in desk.queue.added) == 1000
