"""Where file dialogs begin."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

import bloodcells_gui.ui
from bloodcells_gui.ui.file_dialogs import FileDialogs, FileKind, documents
from bloodcells_gui.ui.window_memory import WindowMemory


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


class Answers:
    """Stands for the person: answers each dialog with a path and notes where it began."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.next = ""
        self.began: list[str] = []
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", self._folder)
        for name in ("getOpenFileName", "getSaveFileName"):
            monkeypatch.setattr(QFileDialog, name, self._file)

    def _folder(self, _parent: object, _title: str, start: str) -> str:
        self.began.append(start)
        return self.next

    def _file(self, _parent: object, _title: str, start: str, _filters: str) -> tuple[str, str]:
        self.began.append(start)
        return self.next, ""


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def test_each_kind_begins_where_its_last_dialog_ended_after_a_restart_too(
    tmp_path: Path, parent: QWidget, answers: Answers
) -> None:
    slides, reports = tmp_path / "slides", tmp_path / "reports"
    slides.mkdir()
    reports.mkdir()
    memory = WindowMemory(tmp_path / "window.ini")
    files = FileDialogs(memory)
    answers.next = str(slides / "a.svs")
    assert files.choose_file(FileKind.SLIDE, parent, "Slide", "") == slides / "a.svs"
    answers.next = str(reports / "table.csv")
    files.choose_target(FileKind.TABLE, parent, "Table", "cases.csv", "")
    memory.sync()
    again = FileDialogs(WindowMemory(tmp_path / "window.ini"))
    answers.next = ""
    assert again.choose_file(FileKind.SLIDE, parent, "Slide", "") is None
    assert again.choose_target(FileKind.TABLE, parent, "Table", "cases.csv", "") is None
    assert answers.began[-2:] == [str(slides), str(reports / "cases.csv")]
    assert again.folder(FileKind.BACKUP) == documents()


def test_a_chosen_folder_may_be_named_after_a_patient_and_only_its_place_is_kept(
    tmp_path: Path, parent: QWidget, answers: Answers
) -> None:
    (tmp_path / "Weiss, Anna").mkdir()
    memory = WindowMemory(tmp_path / "window.ini")
    answers.next = str(tmp_path / "Weiss, Anna")
    files = FileDialogs(memory)
    assert files.choose_folder(FileKind.IMAGES, parent, "Folder") == tmp_path / "Weiss, Anna"
    memory.sync()
    assert "Weiss" not in (tmp_path / "window.ini").read_text("utf-8")
    assert files.folder(FileKind.IMAGES) == tmp_path


def test_a_folder_that_is_gone_falls_back_and_nothing_is_remembered_of_a_dialog_that_was_left(
    tmp_path: Path, parent: QWidget, answers: Answers
) -> None:
    cases, stick = tmp_path / "cases", tmp_path / "stick"
    cases.mkdir()
    stick.mkdir()
    files = FileDialogs(WindowMemory(tmp_path / "window.ini"), cases)
    assert files.folder(FileKind.CASE) == cases
    files.choose_file(FileKind.CASE, parent, "Case", "")
    assert files.last(FileKind.CASE) is None
    answers.next = str(stick / "one.bcs")
    files.choose_file(FileKind.CASE, parent, "Case", "")
    assert files.folder(FileKind.CASE) == stick
    stick.rmdir()
    assert files.folder(FileKind.CASE) == cases
    cases.rmdir()
    assert files.folder(FileKind.CASE) == documents()


def test_a_name_without_an_ending_gets_that_of_the_chosen_kind_and_replaces_nothing_unasked(
    tmp_path: Path, parent: QWidget, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there.xlsx").write_bytes(b"kept")
    typed = iter(["there", "there", "other", "whole.csv", "plain"])
    kinds = iter(["Book (*.xlsx)"] * 4 + [""])
    began: list[str] = []

    def dialog(_parent: object, _title: str, start: str, _filters: str) -> tuple[str, str]:
        began.append(Path(start).name)
        return str(tmp_path / next(typed)), next(kinds)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", dialog)
    files = FileDialogs()
    ask = lambda: files.choose_target(FileKind.TABLE, parent, "Table", "cases.xlsx", "")  # noqa: E731
    assert ask() == tmp_path / "other.xlsx"  # twice asked again: the dialog itself asks about a whole name
    assert began == ["cases.xlsx", "there.xlsx", "there.xlsx"]
    assert ask() == tmp_path / "whole.csv"
    assert ask() == tmp_path / "plain"


def test_no_window_opens_a_file_dialog_by_itself() -> None:
    package = Path(bloodcells_gui.ui.__file__).parent
    others = [p.name for p in package.rglob("*.py") if "QFileDialog" in p.read_text("utf-8")]
    assert others == ["file_dialogs.py"]
