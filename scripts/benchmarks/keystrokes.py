"""Count the key presses of a review: from the end of an analysis of 100 cells to the signed report.

``python -m scripts.benchmarks.keystrokes [--cells 100] [--wrong 0.04] [--case CASE --truth TRUTH.json] [--shots DIR]``

A scripted technician opens a case in the real window and reviews it to the truth with real key events, twice: cell
by cell (look at the cell under the cursor, one key), and by group (correct what is wrong on the screen, then
confirm what was seen). Both sign. Letters of names and reasons are not counted; everything else is, Enter and Tab
in dialogs too. The technician waits before a key as a person does who looks at a screen.

Without `--case` the case is one of fabricated cells, of which a share is proposed wrongly; `TRUTH.json` maps the
ids of the cells of CASE to their classes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.domain.review import Status
from bloodcells_gui.ui.case_page import CasePage
from bloodcells_gui.ui.dialogs.finding import FindingDialog
from bloodcells_gui.ui.dialogs.sign import SignDialog
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.start import make_application, make_context
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.workbench_window import a_case, a_workspace

CODES = ("SNE", "LY", "MO", "EO", "BNE")
NAME = "A. Technician"
# What a person needs to look at a screen of cells; the program asks for 0.4 s.
LOOK_MS = 500


def wait(ms: int) -> None:
    """Let the event loop run."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


class Technician:
    """Presses keys and counts them.

    Attributes
    ----------
    keys : int
        Key presses so far, letters of typed texts aside.
    to_table_ms : list of float
        Time of each press until the table is drawn.
    """

    def __init__(self, page: CasePage, truth: Mapping[int, str]) -> None:
        self.page, self.truth = page, truth
        self.keys = 0
        self.to_table_ms: list[float] = []

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """One key, where the keyboard is."""
        began = time.perf_counter()
        QTest.keyClick(QApplication.focusWidget() or self.page.gallery.view, key, modifier)
        self.page.differential.table.viewport().repaint()
        self.to_table_ms.append(1000 * (time.perf_counter() - began))
        self.keys += 1

    def class_key(self, code: str) -> None:
        """The key of a class."""
        self.press(Qt.Key(ord(self.page._context.keymap.key(code))))  # noqa: SLF001  # what the person reads

    def _open(self, cell_id: int) -> bool:
        return not self.page.session.state.asks_nothing(cell_id)

    def _wrong(self, cell_id: int) -> bool:
        decision = self.page.session.decision(cell_id)
        return decision.status is Status.UNIDENTIFIED or decision.final != self.truth[cell_id]

    def decide(self, cell_id: int) -> None:
        """The cell under the cursor: Space where the proposal is right, else the key of its class."""
        decision = self.page.session.decision(cell_id)
        if decision.status is Status.PROPOSED and decision.final == self.truth[cell_id]:
            self.press(Qt.Key.Key_Space)
        else:
            self.class_key(self.truth[cell_id])

    def cell_by_cell(self) -> None:
        """Every cell by itself."""
        view = self.page.gallery.view
        while any(self._open(c.id) for c in self.page.session.cells):
            current = view.current_id()
            if current is None or not self._open(current):
                self.press(Qt.Key.Key_U)
                continue
            self.decide(current)

    def by_group(self) -> None:
        """What may be a blast and what is unidentified cell by cell, the rest a screen at a time."""
        view, session = self.page.gallery.view, self.page.session
        if session.look_first():
            self.press(Qt.Key.Key_F7)
            while session.look_first():
                current = view.current_id()
                assert current is not None
                self.decide(current)
        while any(self._open(c.id) for c in session.cells):
            wait(LOOK_MS)
            current = view.current_id()
            if current is None or not self._open(current):
                self.press(Qt.Key.Key_U)
                continue
            if session.decision(current).status is Status.UNIDENTIFIED:
                self.decide(current)
                continue
            wrong = [i for i in view.seen() if self._open(i) and self._wrong(i)]
            if wrong:
                self._go_to(wrong[0])
                self.decide(wrong[0])
                continue
            self.press(Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)

    def _go_to(self, cell_id: int) -> None:
        """Move the cursor there with the arrows: first up or down, then along the line."""
        view = self.page.gallery.view
        for _ in range(200):
            current = view.current_id()
            if current is None or current == cell_id:
                return
            here, there = view.tile_rect(current), view.tile_rect(cell_id)
            if here.top() != there.top():
                self.press(Qt.Key.Key_Down if there.top() > here.top() else Qt.Key.Key_Up)
            else:
                self.press(Qt.Key.Key_Right if there.left() > here.left() else Qt.Key.Key_Left)

    def sign(self) -> None:
        """Sign, with an answer to each critical finding."""
        pause = QTimer()
        pause.setInterval(60)
        pause.timeout.connect(self._in_dialog)
        pause.start()
        self.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        pause.stop()

    def _in_dialog(self) -> None:
        dialog = QApplication.activeModalWidget()
        focus = QApplication.focusWidget()
        if isinstance(dialog, (SignDialog, FindingDialog)) and focus is not None:
            if isinstance(focus, QPushButton) and isinstance(dialog, SignDialog):
                self.press(Qt.Key.Key_Space)
            elif isinstance(focus, QLineEdit) and not focus.text():
                QTest.keyClicks(focus, NAME)  # letters are not counted
            else:
                self.press(Qt.Key.Key_Return)


def review(
    case: Path, truth: Mapping[int, str], way: Callable[[Technician], None], folder: Path, shots: Path | None
) -> dict[str, object]:
    """Review a copy of the case in one way and sign it."""
    app = make_application()
    workspace = a_workspace(folder)
    context = make_context(app, workspace, "en", "light")
    memory, cases = WindowMemory(folder / "window.ini"), WorkList(workspace)
    window = MainWindow(context, workspace, memory)
    bench = ToolWindows(window, context, workspace, cases, memory)
    window.resize(1366, 768)
    window.show()
    window.activateWindow()
    copy = workspace.cases_dir / "case.bcs"
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(case, copy)
    window.opener.open_path(copy)
    page = window.page
    assert page is not None
    assert bench.session is page.session
    wait(600)
    technician = Technician(page, truth)
    way(technician)
    reviewed = technician.keys
    if shots is not None:
        window.grab().save(str(shots / f"{way.__name__}.png"))
    technician.sign()
    state = page.session.state
    wrong = sum(page.session.decision(i).final != code for i, code in truth.items())
    found: dict[str, object] = {
        "keys": technician.keys,
        "of these for the signature": technician.keys - reviewed,
        "signed": state.signed,
        "acts": state.last_seq,
        "cells": len(truth),
        "not as in truth": wrong,
        "key to table p95 ms": round(statistics.quantiles(technician.to_table_ms[:-1], n=20)[-1], 1),
    }
    window.close()
    cases.close()
    return found


def fabricated(folder: Path, cells: int, wrong: float) -> tuple[Path, dict[int, str]]:
    """A case of fabricated cells, and what they are: a share is proposed as something else."""
    from bloodcells_gui.storage.case import CaseStore

    case, chance = a_case(folder / "fabricated.bcs", cells), random.Random(5)
    with CaseStore.open(case, read_only=True) as store:
        found = {c.id: c.predicted for c in store.load_cells()}
    for cell_id in chance.sample(sorted(found), round(wrong * cells)):
        found[cell_id] = chance.choice([code for code in CODES if code != found[cell_id]])
    return case, found


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=100)
    parser.add_argument("--wrong", type=float, default=0.04)
    parser.add_argument("--case", type=Path)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--shots", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if options.case is not None:
            case = options.case
            truth = {int(i): str(code) for i, code in json.loads(options.truth.read_text("utf-8")).items()}
        else:
            case, truth = fabricated(folder, options.cells, options.wrong)
        for way in (Technician.cell_by_cell, Technician.by_group):
            found = review(case, truth, way, folder / way.__name__, options.shots)
            print(f"{way.__name__}: " + ", ".join(f"{k} {v}" for k, v in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
