"""Another file in the place of an open case, and devices where a file was to be written."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.report.csv_out import atomic_file
from bloodcells_gui.storage.atomic_io import write_whole
from bloodcells_gui.storage.case import CaseStore
from tests.support.tampering import tamper
from tests.support.workbench_window import a_case


def in_another_thread(work: Callable[[], object]) -> list[object]:
    """Answer or UserError of `work` done in a thread of its own, as the window's jobs are."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except UserError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found


@pytest.mark.parametrize("read_only", [False, True])
def test_no_picture_of_a_case_that_took_the_place_of_the_open_one(tmp_path: Path, read_only: bool) -> None:
    path = a_case(tmp_path / "one.bcs", 8, seed=1)
    other = a_case(tmp_path / "other.bcs", 9, seed=2)
    with CaseStore.open(path, read_only=read_only) as store:
        (mine,) = in_another_thread(lambda: store.thumbnails([1]))
        other.replace(path)
        (answer,) = in_another_thread(lambda: store.thumbnails([1]))
        assert isinstance(answer, UserError)
        assert "another file was put in its place" in answer.text()
        assert store.thumbnails([1]) == mine  # this thread still reads the file that was opened


def test_no_picture_of_a_case_that_was_copied_over_the_open_one(tmp_path: Path) -> None:
    path = a_case(tmp_path / "one.bcs", 8, seed=1)
    other = a_case(tmp_path / "other.bcs", 9, seed=2)
    tamper(other, "VACUUM")  # so that SQLite notices
    with CaseStore.open(path, read_only=True) as store:
        store.thumbnails([1])
        with other.open("rb") as source, path.open("r+b") as sink:
            shutil.copyfileobj(source, sink)
            sink.truncate()
        with pytest.raises(UserError):
            store.thumbnails([1])


def test_a_reader_goes_on_while_another_window_writes(tmp_path: Path) -> None:
    path = a_case(tmp_path / "one.bcs", 8)
    with CaseStore.open(path, read_only=True) as reader, CaseStore.open(path) as writer:
        writer.set_draft("comment", "half", "ana")
        writer.relocate(tmp_path)
        assert len(reader.thumbnails([1, 2])) == 2
        assert reader.head() == writer.head()


@pytest.mark.skipif(os.name == "nt", reason="named pipes are files elsewhere")
def test_a_pipe_or_device_is_not_replaced_by_what_is_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputNotWritable, match="no regular file"):
        write_whole(pipe, b"x")
    with pytest.raises(OutputNotWritable, match="no regular file"), atomic_file(pipe):
        pass
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
