"""What is remembered of cases on a cluster, whatever stands in its file."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from bloodcells_gui.app.analysis import AnalysisOptions
from bloodcells_gui.app.cluster_case import workers_ended
from bloodcells_gui.app.handed_over import CaseWork, HandedOver, names_in, write_names
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import SkippedFile
from tests.support.doubles import plain_engine
from tests.support.overnight import until

WORK = CaseWork(AnalysisOptions(0.1, 200, 1, "bench"), (SkippedFile("a.txt", "not an image"),))


def a_file(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(b"")
    return path


def test_what_was_asked_for_is_there_after_a_restart(tmp_path: Path) -> None:
    one, other, gone = (a_file(tmp_path, name) for name in ("1.bcs", "2.bcs", "3.bcs"))
    HandedOver(tmp_path).add({one: WORK, other: WORK, gone: WORK})
    gone.unlink()
    memory = HandedOver(tmp_path)
    assert memory.cases() == [one, other]
    assert memory.work_of(one) == WORK
    memory.end(one, None)
    memory.end(other, workers_ended("S-2", 3))
    again = HandedOver(tmp_path)
    assert again.cases() == []
    (told,) = again.left_out().values()
    assert told.text("fr") == workers_ended("S-2", 3).text("fr")
    assert again.work_of(other) == WORK  # for when a person tries it again
    again.drop(other)
    again.forget()
    assert not (tmp_path / "on the cluster.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\\xff\\xfe", b"[]", b"{" * 100_000, b'{"cases": 5, "left out": []}', b'{"cases": {"x": 1}}',
        b'{"left out": {"x": {"what": "{0.__class__}", "why": "", "to do": "", "params": {}}}}',
        b'{"left out": {"x": {"what": "{a}", "why": "", "to do": "", "params": {}}}}',
        b'{"left out": {"x": {"what": "{a.b}", "why": "", "to do": "", "params": {"a": 1}}}}',
        b'{"left out": {"x": {"what": 1, "why": "", "to do": "", "params": {}}}}',
    ],
)  # fmt: skip
def test_a_damaged_memory_counts_as_empty(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "on the cluster.json").write_bytes(content)
    memory = HandedOver(tmp_path)
    assert (memory.cases(), memory.left_out()) == ([], {})
    memory.add({a_file(tmp_path, "1.bcs"): WORK})
    assert len(HandedOver(tmp_path).cases()) == 1


@pytest.mark.parametrize("said", [{}, {"mpp": "x"}, {"mpp": -1}, {"mpp": 1e999}, {"target": "all"}])
def test_options_that_make_no_sense_are_none(tmp_path: Path, said: dict[str, object]) -> None:
    path = a_file(tmp_path, "1.bcs")
    whole = {"mpp": 0.1, "target": None, "profile": "", "cut left top": True, "skipped": []}
    record = whole | said if said else said
    (tmp_path / "on the cluster.json").write_text(json.dumps({"cases": {str(path): record}}))
    assert HandedOver(tmp_path).work_of(path) is None


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    memory = HandedOver(tmp_path / "gone")
    memory.add({a_file(tmp_path, "1.bcs"): WORK})
    assert len(memory.cases()) == 1


def test_the_numbers_of_a_run_are_read_again_and_nonsense_is_none(tmp_path: Path) -> None:
    write_names(tmp_path, {0: tmp_path / "a.bcs", 12: tmp_path / "b.bcs"})
    assert names_in(tmp_path) == {0: tmp_path / "a.bcs", 12: tmp_path / "b.bcs"}
    (tmp_path / "cases.json").write_text('{"x": "a", "1": 5, "2": "c.bcs"}')
    assert names_in(tmp_path) == {2: Path("c.bcs")}
    assert names_in(tmp_path / "gone") == {}


def test_what_a_window_of_another_computer_had_is_offered_once_nobody_touches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, case = tmp_path / "home", a_file(tmp_path, "1.bcs")
    folder = home / ".cluster-0000"
    folder.mkdir(parents=True)
    HandedOver(home).add({case: WORK})
    write_names(folder, {0: case})
    (folder / "wanted").touch()
    (folder / "window.lock").write_text('{"host": "elsewhere", "pid": 1, "since": ""}')
    monkeypatch.setattr("bloodcells_gui.app.overnight._LOOK_AGAIN_S", 0.1)
    cases = WorkList(Workspace(plain_engine, home=home, config=home))  # type: ignore[arg-type]
    time.sleep(0.3)
    assert cases.overnight.state().left == 0
    os.utime(folder / "wanted", (1, 1))  # that computer has crashed
    until(lambda: cases.overnight.state().left == 1)
    cases.close()
