"""The sheet has every key: of the commands, of the classes, and those that views take in their sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QApplication, QMenuBar
from pytestqt.qtbot import QtBot

import bloodcells_gui.ui
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.key_sheet import KeySheetDialog
from bloodcells_gui.ui.help.desk import HelpDesk
from bloodcells_gui.ui.help.key_sheet import PAGE, SheetPainter, commands, key_sheet, native, plain_text
from bloodcells_gui.ui.help.key_table import CLASS_KEYS, GRADE_KEYS, SECTIONS, SHAPE_KEYS
from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.keymap import PRESETS, KeyMap
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows

UI = Path(bloodcells_gui.ui.__path__[0])
_QT_NAMES = {"PageUp": "PgUp", "PageDown": "PgDown", "Delete": "Del", "Escape": "Esc"}
#: Keys that sources name without taking them for themselves.
NO_KEYS_OF_THEIR_OWN = {
    "keyboard": "says what a press means; takes none",
    "held_keys": "marks repeats; takes none",
    "actions": "the commands, which are on the sheet by themselves",
    "workbench/tool_windows": "the commands, which are on the sheet by themselves",
    "help/key_sheet": "names keys; takes none",
    "dialogs/scans": "ends what a scanner sends; nothing for a person to learn",
}


def keys_of_source(source: str) -> set[str]:
    """The keys that a module handles: members of Qt.Key, sequences, and what zooms, names or grades."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr.startswith("Key_"):
            key = node.attr.removeprefix("Key_")
            found.add(_QT_NAMES.get(key, key))
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("StandardKey"):
            found.add(QKeySequence(QKeySequence.StandardKey[node.attr]).toString())
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name == "QKeySequence" and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
            found |= {
                "zoom_steps": {"+", "-", "0"},
                "first_code": {CLASS_KEYS},
                "grade_of_key": {GRADE_KEYS},
                "shape_of_key": {SHAPE_KEYS},
            }.get(name, set())
    return found


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted(UI.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "def keyPressEvent" in text or "QShortcut(" in text or "Qt.Key." in text:
            yield path.relative_to(UI).with_suffix("").as_posix(), text


def test_every_key_that_a_view_takes_is_in_the_table() -> None:
    listed = {m: {key for s in SECTIONS if m in s.modules for line in s.lines for key in line.keys}
              for s in SECTIONS for m in s.modules}  # fmt: skip
    missing = {}
    for module, text in sources():
        if module in NO_KEYS_OF_THEIR_OWN:
            continue
        taken = {k.removeprefix("Ctrl+") for k in listed.get(module, set())} | listed.get(module, set())
        if keys_of_source(text) - taken:
            missing[module] = keys_of_source(text) - taken
    assert missing == {}


def test_no_key_is_in_the_table_that_no_source_takes() -> None:
    texts = {m: (UI / f"{m}.py").read_text("utf-8") for s in SECTIONS for m in s.modules}
    for section in SECTIONS:
        taken = set().union(*(keys_of_source(texts[m]) for m in section.modules))
        words = "".join(texts[m] for m in section.modules)
        for line in section.lines:
            for key in line.keys:
                bare = key.rpartition("+")[2] or "+"
                named = f'"{key}"' in words or key in ("Shift", "Esc")
                known = {key, bare} & taken or named
                assert known, (section.name, key)


def test_the_check_sees_a_key_that_is_missing() -> None:
    source = "class A:\n def keyPressEvent(self, e):\n  if e.key() == Qt.Key.Key_F11 or zoom_steps(e): pass\n"
    assert keys_of_source(source) == {"F11", "+", "-", "0"}


@pytest.fixture
def window(qtbot: QtBot, context: UiContext, memory: WindowMemory, tmp_path: Path) -> Iterator[MainWindow]:
    workspace = Workspace(home=tmp_path / "home", config=tmp_path / "config")
    window, cases = MainWindow(context, workspace, memory), WorkList(workspace)
    HelpDesk(window, context, workspace, memory)
    ToolWindows(window, context, workspace, cases, memory)
    yield window
    window.close()
    cases.close()
    window.deleteLater()


@pytest.fixture
def bar(window: MainWindow) -> QMenuBar:
    return window.menuBar()


def test_every_command_with_a_key_is_on_the_sheet(
    bar: QMenuBar, window: MainWindow, context: UiContext
) -> None:
    lines = [line for s in key_sheet(context, bar, dict(context.keymap.items())) for line in s.lines]
    with_keys = [a for a in window.findChildren(QAction) if a.shortcuts() and not a.isSeparator()]
    assert len(with_keys) > 30
    for action in with_keys:
        keys = native(s.toString() for s in action.shortcuts())
        assert [x for x in lines if x.keys == keys and x.does == plain_text(action)], plain_text(action)
    assert {a for a in commands(bar.actions()) if a.shortcuts()} == set(with_keys)


def test_no_key_is_that_of_two_commands(bar: QMenuBar) -> None:
    """Qt gives a key of two commands to neither."""
    named: dict[str, set[str]] = {}
    for action in commands(bar.actions()):
        for sequence in action.shortcuts():
            named.setdefault(sequence.toString(), set()).add(plain_text(action))
    assert {key: names for key, names in named.items() if len(names) > 1} == {}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_sheet_fits_on_one_page_with_every_map(
    bar: QMenuBar, context: UiContext, qapp: QApplication, preset: str, lang: str
) -> None:
    context.language = Language(qapp, lang)
    keys = dict(KeyMap(PRESETS[preset]).items())
    sections = key_sheet(context, bar, keys)
    for code, key in keys.items():
        name = context.language.class_name(code)
        assert (key, name) in [(x.keys, x.does) for x in sections[0].lines] or not key
    sheet = SheetPainter(sections, "Keys", "foot", QFont("Open Sans"))
    assert sheet.fits
    assert sheet.size_pt >= 6.5
    shown = [row for column in sheet.columns for row in column]
    assert len(shown) == sum(1 + len(s.lines) for s in sections)
    for column in sheet.columns:
        assert sum(row.height for row in column) < PAGE.height() - 90


def test_the_sheet_is_saved_as_a_pdf_of_one_page(
    bar: QMenuBar, context: UiContext, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = KeySheetDialog(context, bar, dict(context.keymap.items()))
    qtbot.addWidget(dialog)
    target = tmp_path / "keys.pdf"
    assert dialog.write(str(target)) == ""
    data = target.read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/Count 1" in data
    assert dialog.write(str(tmp_path / "no" / "such.pdf")) != ""
    dialog.show()
    white = dialog.view.grab().toImage()
    assert white.pixelColor(2, 2).name() == "#ffffff"


def test_names_of_commands_are_plain(context: UiContext) -> None:
    action = QAction("E&xport && go…\tX")
    action.setShortcut(QKeySequence("Ctrl+E"))
    assert plain_text(action) == "Export & go"
