"""Preview, audit trail and calibration from the window."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThreadPool
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.calibration import KnownProfile
from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.app.preview import Preview
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.report_preview.calibration import CalibrationWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace, shown_tools

HOSTILE = "<img src='file:///etc/passwd'><b>=cmd|' /C calc'!A0</b>"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def bench(
    qtbot: QtBot, context: UiContext, workspace: Workspace, memory: WindowMemory
) -> Iterator[ToolWindows]:
    with shown_tools(context, workspace, memory) as bench:
        bench.window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 30))
        yield bench


@pytest.fixture
def session(bench: ToolWindows) -> CaseSession:
    assert bench.session is not None
    return bench.session


def test_the_preview_shows_the_pages_of_the_pdf_and_renders_no_markup(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession
) -> None:
    session.set_field("patient_name", HOSTILE)
    session.note(HOSTILE)
    window = bench.show_preview()
    assert window is not None
    qtbot.waitUntil(lambda: window.pages.count > 0, timeout=30_000)
    words = "".join(p.words() for p in window.pages.page_list).replace("\n", "")
    assert words.replace(" ", "").count(HOSTILE.replace(" ", "")) == 2
    first = window.pages.page_list[0]
    assert (first.width, first.height) == pytest.approx((210, 297), abs=0.1)
    assert f"Page 1 of {window.pages.count}" in window.where.text()
    picture = window.pages.viewport().grab().toImage()
    assert len({picture.pixel(x, picture.height() // 2) for x in range(picture.width())}) > 5
    QTest.keyClick(window.pages, Qt.Key.Key_End)
    assert window.pages.current == window.pages.count
    assert "bloodcells_gui" in window.pages.accessibleDescription()
    QTest.keyClick(window.pages, Qt.Key.Key_Plus)
    window.pages.viewport().grab()
    window.lang.setCurrentIndex(1)
    window.paper.setCurrentIndex(1)
    qtbot.waitUntil(lambda: window.pages.page_list[0].width > 215, timeout=30_000)
    assert "Formule" in window.pages.page_list[0].words()


def test_the_exact_pdf_lies_in_a_private_folder_under_no_name_and_goes(session: CaseSession) -> None:
    session.set_field("patient_name", "Smith")
    preview = Preview(session, ExportOptions())
    path = preview.pdf()
    assert path.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "Smith" not in str(path)
    assert session.specimen.id not in str(path)
    preview.close()
    assert not path.parent.exists()


def test_the_trail_is_shown_searched_verified_and_written(
    qtbot: QtBot, bench: ToolWindows, session: CaseSession, tmp_path: Path
) -> None:
    session.set_field("stain", "=May-Grünwald")
    session.confirm([session.cells[0].id])
    window = bench.show_audit()
    assert window is not None
    QAbstractItemModelTester(window.model, QAbstractItemModelTester.FailureReportingMode.Fatal, window.model)
    assert window.model.index(0, 3).data() == "Class confirmed"
    assert [window.model.index(1, c).data() for c in (3, 4, 5, 6)] == [
        "Field filled in",
        "Stain",
        "",
        "=May-Grünwald",
    ]
    window.text.setText("may-grünwald")
    assert window.filter.rowCount() == 1
    window.verify()
    target = tmp_path / "trail.csv"
    window.write(target)  # while it is verified: the verdict must not be lost for that
    qtbot.waitUntil(lambda: len(window.banners.banners) == 2)
    assert [b.severity for b in window.banners.banners] == ["ok", "ok"]
    assert "written" in window.banners.banners[0].texts[0]
    assert "as it was written" in window.banners.banners[1].texts[0]
    assert "'=May-Grünwald" in target.read_text("utf-8")


class FakeTuning:
    """Three profiles; fitting adds one, or fails."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.profiles = [
            KnownProfile("north", 2, "2026-11-01T08:00:00Z", True, True, 96, 0.81, 0.93, 0.7, 0.9)
        ]
        self.error: UserError | None = None
        self.unread_choice: UserError | None = None
        self.doubted: tuple[int, ...] = ()

    def known(self) -> list[KnownProfile]:
        return list(self.profiles)

    def fit(self, case: Path, name: str) -> str:
        if self.error is not None:
            raise self.error
        self.profiles.append(
            KnownProfile(name, 1, "2026-11-02T08:00:00Z", False, True, 40, 0.8, 0.9, 0.7, 0.8)
        )
        return f"{name} v1"

    def contradicted(self, case: Path) -> tuple[int, ...]:
        return self.doubted

    def use(self, name: str) -> None:
        self.used.append(name)

    def revert(self, name: str) -> int:
        return 3

    def remove(self, name: str) -> None:
        self.profiles = [p for p in self.profiles if p.name != name]


def test_contradicted_cells_are_named_before_the_calibration(
    qtbot: QtBot, context: UiContext, pool: QThreadPool
) -> None:
    for doubted, said in (((), ""), ((7, 3), "2 reviewed cells are contradicted by the others")):
        tuning = FakeTuning()
        tuning.doubted = doubted
        window = CalibrationWindow(context, tuning, Path("/case.bcs"), 40, pool)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda w=window: w.model.rowCount() == 1)
        qtbot.waitUntil(lambda w=window, d=doubted: w.contradicted == d)
        assert window.doubted.isVisible() == window.look_button.isVisible() == bool(doubted)
        if doubted:
            assert said in window.doubted.text()
            with qtbot.waitSignal(window.cells_wanted) as wanted:
                window.look_button.click()
            assert wanted.args == [(7, 3)]
        window.close()


def test_calibration_shows_before_and_after_and_uses_nothing_by_itself(
    qtbot: QtBot, context: UiContext, pool: QThreadPool
) -> None:
    tuning = FakeTuning()
    window = CalibrationWindow(context, tuning, Path("/case.bcs"), 40, pool)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: window.model.rowCount() == 1)
    assert window.model.index(0, 3).data() == "81.0 → 93.0 %"
    assert window.model.index(0, 5).data() == "in use"
    assert not window.use_button.isEnabled()
    assert not window.fit_button.isEnabled()
    window.name.setText("south")
    window.fit_button.click()
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    assert tuning.used == []
    nan = float("nan")
    tuning.profiles.append(KnownProfile("west", 1, "", False, True, 0, nan, nan, nan, nan, damaged=True))
    tuning.unread_choice = UserError("It cannot be read which calibration profile is in use.")
    window.refresh()
    qtbot.waitUntil(lambda: window.model.rowCount() == 3)
    assert [window.model.index(2, c).data() for c in (2, 3, 4, 5)] == ["–", "– → – %", "– → – %", "damaged"]
    assert "cannot be read" in window.banners.banners[0].texts[0]
    window.table.selectRow(2)
    assert not window.use_button.isEnabled()
    window.table.selectRow(1)
    window.use_button.click()
    qtbot.waitUntil(lambda: tuning.used == ["south"])
    qtbot.waitUntil(window.none_button.isEnabled)
    tuning.error = UserError("There are too few cells.")
    window.fit_button.click()
    qtbot.waitUntil(lambda: "too few" in window.banners.banners[0].texts[0])
    window.grab()
    window.close()
