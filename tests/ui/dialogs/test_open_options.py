"""The form shows what lies in a folder before an analysis, and asks where that may be several people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.image_previews import load_previews
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.open_options import OpenOptionsDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.doubles import draw_cell, plain_engine

SIDE = 44


def put(folder: Path, code: str, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        cv2.imwrite(str(folder / f"{i}.png"), draw_cell(code)[..., ::-1])


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    for name, code, count in (("A", "LY", 3), ("B", "SNE", 2), ("C", "EO", 1)):
        put(tmp_path / "patients" / name, code, count)
    return tmp_path / "patients"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(plain_engine, home=tmp_path / "home", config=tmp_path / "config")


def dialog_for(
    qtbot: QtBot, context: UiContext, workspace: Workspace, path: Path, pool: QThreadPool | None = None
) -> OpenOptionsDialog:
    intake = workspace.look_at(path)
    dialog = OpenOptionsDialog(context, path, intake.specimen, places=intake.places, pool=pool)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def ok(dialog: OpenOptionsDialog) -> bool:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def texts(dialog: OpenOptionsDialog) -> list[str]:
    model = dialog.found.model
    return [model.index(row).data() for row in range(model.rowCount())]


def test_one_place_is_shown_with_its_number_and_nothing_is_asked(
    qtbot: QtBot, context: UiContext, workspace: Workspace, patients: Path
) -> None:
    dialog = dialog_for(qtbot, context, workspace, patients / "A")
    assert texts(dialog) == ["3 images"]
    assert ok(dialog)
    assert not dialog.found.one.isVisible()
    assert dialog.options() == OpenOptions()


def test_several_places_are_asked_about_before_anything_is_analysed(
    qtbot: QtBot, context: UiContext, workspace: Workspace, patients: Path
) -> None:
    put(patients, "LY", 1)
    dialog = dialog_for(qtbot, context, workspace, patients)
    assert texts(dialog) == ["directly in the folder: 1 image", "A: 3 images", "B: 2 images", "C: 1 image"]
    assert not ok(dialog)
    dialog.specimen_id.setText("26-1")
    dialog.wbc.setText("7")
    assert not ok(dialog)
    dialog.found.one.setChecked(True)
    assert ok(dialog)
    assert dialog.options().one_specimen
    assert dialog.options().specimen_id == "26-1"
    dialog.found.each.setChecked(True)
    assert ok(dialog)
    assert dialog.options().each_folder
    assert not dialog.options().one_specimen
    assert not dialog.specimen_id.isEnabled()
    assert not dialog.wbc.isEnabled()


def test_first_pictures_come_from_the_guarded_decoder(
    qtbot: QtBot, context: UiContext, workspace: Workspace, patients: Path
) -> None:
    (patients / "C" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    pool = QThreadPool()
    dialog = dialog_for(qtbot, context, workspace, patients, pool)
    model = dialog.found.model
    qtbot.waitUntil(lambda: all(model.has_pictures(row) for row in range(3)), timeout=20_000)
    strip = model.index(1).data(Qt.ItemDataRole.DecorationRole)
    assert isinstance(strip, QPixmap)
    middle = strip.toImage().pixelColor(SIDE // 2, SIDE // 2)
    assert (middle.red(), middle.green(), middle.blue()) == pytest.approx((120, 60, 160), abs=12)
    dialog.found.stop()
    pool.waitForDone(5000)
    good, bad = load_previews([patients / "A" / "0.png", patients / "C" / "broken.jpg"], SIDE)
    assert good is not None
    assert good.shape == (SIDE, SIDE, 3)
    assert bad is None


def test_a_case_of_several_places_is_never_made_unasked(workspace: Workspace, patients: Path) -> None:
    intake = workspace.look_at(patients)
    with pytest.raises(UserError, match="3 places"):
        workspace.new_case(intake, OpenOptions())
    assert not list(workspace.cases_dir.glob("*.bcs"))
    cases = WorkList(workspace)
    with pytest.raises(UserError, match="3 places"):
        cases.enqueue(intake, OpenOptions())
    cases.close()
    session, _ = workspace.new_case(intake, OpenOptions(one_specimen=True))
    assert len(session.specimen.images) == 6
    session.close()


@pytest.fixture
def bench(qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory) -> ToolWindows:
    window = MainWindow(context, workspace, memory)
    cases = WorkList(workspace)
    bench = ToolWindows(window, context, workspace, cases, memory)
    cases._engine = plain_engine  # type: ignore[assignment]  # noqa: SLF001  # models of the test
    window.show()
    qtbot.addWidget(window, before_close_func=lambda _: cases.close())
    return bench


def wait_for_queue(qtbot: QtBot, bench: ToolWindows, count: int) -> None:
    def done() -> bool:
        entries = bench.cases.queue.entries()
        return len(entries) == count and all(e.turn is QueueState.DONE for e in entries)

    qtbot.waitUntil(done, timeout=60_000)


Answer = Callable[[Path, object], OpenOptions | None]


@pytest.mark.parametrize("from_worklist", [False, True])
def test_each_folder_goes_into_the_queue_as_a_specimen_of_its_own(
    qtbot: QtBot, bench: ToolWindows, patients: Path, workspace: Workspace, from_worklist: bool
) -> None:
    put(patients, "LY", 1)
    answer: Answer = lambda path, intake: OpenOptions(mpp=0.107, each_folder=True, specimen_id="26-1")  # noqa: E731
    bench.window.opener.ask_options = answer
    if from_worklist:
        worklist = bench.show_worklist()
        worklist.enqueue(patients)
    else:
        bench.window.opener.open_path(patients)
        qtbot.waitUntil(lambda: bench.worklist is not None, timeout=10_000)
        worklist = bench.show_worklist()
    wait_for_queue(qtbot, bench, 3)

    def found() -> dict[str, int]:
        entries = [worklist.model.entry(row) for row in range(worklist.model.rowCount())]
        return {entry.specimen_id: entry.cells for entry in entries}

    worklist.refresh()
    qtbot.waitUntil(lambda: found() == {"A": 3, "B": 2, "C": 1}, timeout=20_000)
    assert any("belongs to no specimen" in b.texts[0] for b in worklist.banners.banners)


def test_the_work_list_asks_too_and_takes_no_for_an_answer(
    qtbot: QtBot, bench: ToolWindows, patients: Path
) -> None:
    asked: list[Path] = []

    def never(path: Path, intake: object) -> None:
        asked.append(path)

    bench.window.opener.ask_options = never
    worklist = bench.show_worklist()
    other = QDialog(bench.window)
    other.setModal(True)
    other.show()
    worklist.enqueue(patients)
    qtbot.wait(900)
    assert asked == []  # not over another dialog
    other.close()
    qtbot.waitUntil(lambda: asked == [patients], timeout=10_000)
    assert not bench.cases.queue.entries()
    bench.window.opener.ask_options = lambda path, intake: OpenOptions(one_specimen=True, mpp=0.107)
    worklist.incoming._ask = bench.window.opener.ask_options  # noqa: SLF001  # models of the test
    worklist.enqueue(patients)
    wait_for_queue(qtbot, bench, 1)


def test_folders_put_into_the_work_list_at_once_are_all_queued(
    qtbot: QtBot, bench: ToolWindows, patients: Path, workspace: Workspace
) -> None:
    worklist = bench.show_worklist()
    for name in ("A", "gone", "B"):  # none of them was looked at yet when the next one comes
        worklist.enqueue(patients / name)
    wait_for_queue(qtbot, bench, 2)
    assert len(worklist.banners.banners) == 1
