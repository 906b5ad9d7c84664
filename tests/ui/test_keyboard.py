"""Keys of other layouts, as X11 delivers them: the layout's character with the scan code of the key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.domain.review import Status
from bloodcells_gui.domain.settings import LabSettings, parse, to_json_obj
from bloodcells_gui.domain.taxonomy import BY_CODE, UNIDENTIFIED
from bloodcells_gui.ui import keyboard
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.keys import KeyMapDialog
from bloodcells_gui.ui.keyboard import latin_sequence, meanings, place, review_meanings, zoom_steps
from bloodcells_gui.ui.keymap import PRESETS, RESERVED, KeyMap
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.desk import Desk
from tests.support.workbench_window import a_case, a_workspace

NONE, SHIFT, CTRL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
KEYPAD = Qt.KeyboardModifier.KeypadModifier
# X11 keycodes: 24 is the key right of Tab, 38 the one right of Caps Lock, 10 the first digit.
KEYCODES = dict(
    zip("1234567890", range(10, 20), strict=True),
) | {
    letter: first + n
    for first, row in ((24, "QWERTYUIOP"), (38, "ASDFGHJKL"), (52, "ZXCVBNM"))
    for n, letter in enumerate(row)
}


def key(
    text: str,
    where: str = "",
    modifiers: Qt.KeyboardModifier = NONE,
    *,
    kind: QEvent.Type = QEvent.Type.KeyPress,
    held: bool = False,
) -> QKeyEvent:
    """A press of the key at a place of a US keyboard that types `text`."""
    code = ord(text.upper()[0]) if text else int(Qt.Key.Key_unknown)
    shown = "" if modifiers & CTRL else text
    return QKeyEvent(kind, code, modifiers, KEYCODES.get(where, 0), 0, 0, shown, held)


def send(target: QWidget, *events: QKeyEvent) -> None:
    for event in events:
        QApplication.sendEvent(target, event)


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        ("q", "Q", ("Q",)), ("Q", "Q", ("Q",)), ("a", "Q", ("A",)),  # QWERTY, Caps Lock, AZERTY
        ("z", "Y", ("Z",)), ("y", "Z", ("Y",)), (",", "M", (",",)),  # QWERTZ; AZERTY has , there
        ("й", "Q", ("Й", "Q")), ("Й", "Q", ("Й", "Q")), ("я", "Z", ("Я", "Z")), ("ь", "M", ("Ь", "M")),  # ru
        (";", "Q", (";", "Q")), ("ς", "W", ("Σ", "W")), ("ε", "E", ("Ε", "E")),  # gr
        ("/", "Q", ("/", "Q")), ("'", "W", ("'", "W")), ("ש", "A", ("ש", "A")),  # il
        ("ض", "Q", ("ض", "Q")), ("ั", "Y", ("ั", "Y")), ("ㅂ", "Q", ("\u1107", "Q")),  # Arabic, Thai, Korean
        ("ı", "I", ("I",)), ("é", "E", ("É",)), ("ạ", "A", ("Ạ",)),  # Latin letters are themselves
        ("µ", "M", ("µ",)), ("€", "E", ("€",)),  # typed with AltGr on Latin keyboards
        ("&", "1", ("&", "1")), ("é", "2", ("É", "2")), ("à", "0", ("À", "0")), ("-", "6", ("-", "6")),  # fr
        ("ě", "2", ("Ě", "2")), ("+", "1", ("+", "1")), ("ö", "0", ("Ö",)),  # cz, hu
        ("1", "", ("1",)), ("", "Q", ()), ("й", "", ("Й",)), ("ｑ", "", ("Q",)), ("٣", "3", ("3",)),
    ],
)  # fmt: skip
def test_a_key_means_its_character_else_its_place(text: str, where: str, found: tuple[str, ...]) -> None:
    assert meanings(key(text, where)) == found


def test_the_keypad_has_no_place_of_its_own() -> None:
    """Its scan codes are others; a synthesized event could carry any."""
    assert place(key("7", "Q", KEYPAD)) == ""
    assert review_meanings(key("7", "", KEYPAD)) == ("7",)


def test_shift_types_digits_and_signs_but_no_letters() -> None:
    assert review_meanings(key("1", "1", SHIFT)) == ("1",)  # AZERTY
    assert review_meanings(key("!", "1", SHIFT))[-1] == "1"  # QWERTY
    assert review_meanings(key("/", "", SHIFT)) == ("/",)
    assert review_meanings(key("Q", "Q", SHIFT)) == ()
    assert review_meanings(key("Й", "Q", SHIFT)) == ()
    assert review_meanings(key("Й", "Q", SHIFT), shift=True)[-1] == "Q"
    assert review_meanings(key("q", "Q", CTRL)) == ()
    assert review_meanings(key("q", "Q", Qt.KeyboardModifier.AltModifier)) == ()


def test_scan_codes_of_windows_and_virtual_keys_of_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyboard.sys, "platform", "win32")
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x419, NONE, 0x10, 0x51, 0, "й")) == "Q"
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x426, NONE, 0x32, 0x4D, 0, "ь")) == "M"
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x26, NONE, 0x02, 0x31, 0, "&")) == "1"
    monkeypatch.setattr(keyboard.sys, "platform", "darwin")
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x419, NONE, 1, 12, 0, "й")) == "Q"
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x424, NONE, 1, 0, 0, "ф")) == "A"
    assert place(QKeyEvent(QEvent.Type.KeyPress, 0x424, NONE, 0, 0, 0, "ф")) == ""  # no native code at all


def test_ctrl_and_a_place_is_the_shortcut_of_a_latin_keyboard() -> None:
    assert latin_sequence(key("я", "Z", CTRL)) == QKeySequence("Ctrl+Z")
    assert latin_sequence(key("&", "1", CTRL)) == QKeySequence("Ctrl+1")
    assert latin_sequence(key("Ы", "S", CTRL | SHIFT)) == QKeySequence("Ctrl+Shift+S")
    assert latin_sequence(key("z", "Z", CTRL)) is None
    assert latin_sequence(key("w", "Z", CTRL)) is None  # AZERTY: Ctrl+W is its own
    assert latin_sequence(key("я", "Z")) is None


def test_zoom_by_character() -> None:
    assert [zoom_steps(key(t, w)) for t, w in (("+", ""), ("=", ""), ("-", ""), ("0", "0"))] == [1, 1, -1, 0]
    assert zoom_steps(key("à", "0")) == 0
    assert zoom_steps(key("-", "6")) == -1
    assert zoom_steps(key("q", "Q")) is None


# -- at the window -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "text"), [("ru", "я"), ("gr", "ζ"), ("il", "ז"), ("QWERTY", "z"), ("Caps Lock", "Z")]
)
def test_class_keys_work_on_every_layout(desk: Desk, layout: str, text: str) -> None:
    first = desk.go(UNIDENTIFIED)
    send(desk.view, key(text, "Z"))
    assert desk.session.decision(first).final == "EO"


def test_the_hebrew_sign_at_q_is_a_class_key_and_opens_no_search(desk: Desk) -> None:
    first = desk.go(UNIDENTIFIED)
    override = key("/", "Q", kind=QEvent.Type.ShortcutOverride)
    override.ignore()
    send(desk.view, override)
    assert override.isAccepted()  # no shortcut of the window may have it
    send(desk.view, key("/", "Q"))
    assert desk.session.decision(first).final == "SNE"
    assert QApplication.activePopupWidget() is None


def test_n_and_u_work_on_a_russian_keyboard(desk: Desk) -> None:
    desk.go("SNE", 5)
    send(desk.view, key("т", "N"))
    current = desk.view.current_id()
    assert current is not None
    assert desk.session.cell(current).uncertainty >= 0.5 or current in desk.ids(UNIDENTIFIED)
    desk.session.confirm([c.id for c in desk.session.cells if c.id != 77])
    send(desk.view, key("г", "U"))
    assert desk.view.current_id() == 77


def test_a_held_key_decides_once(desk: Desk) -> None:
    desk.go("SNE")
    send(desk.view, key("t", "T"), *(key("t", "T", held=True) for _ in range(5)))
    assert len(desk.session.events) == 1


def test_a_letter_with_shift_or_alt_decides_nothing(desk: Desk) -> None:
    desk.go("SNE")
    send(desk.view, key("T", "T", SHIFT), key("t", "T", Qt.KeyboardModifier.AltModifier))
    assert desk.session.events == []


def test_undo_on_a_russian_keyboard(desk: Desk) -> None:
    cell_id = desk.go("MO")
    send(desk.view, key("е", "T"))
    assert desk.session.decision(cell_id).final == "BL"
    send(desk.view, key("я", "Z", CTRL))
    assert desk.session.decision(cell_id).status is Status.PROPOSED


def test_digits_of_the_top_row_can_be_class_keys_on_azerty(desk: Desk) -> None:
    desk.window.context.keymap = KeyMap({"EO": "4"})
    first = desk.go(UNIDENTIFIED)
    second = desk.ids(UNIDENTIFIED)[1]
    send(desk.view, key("'", "4"))
    assert desk.session.decision(first).final == "EO"
    send(desk.view, key("4", "4", SHIFT))
    assert desk.session.decision(second).final == "EO"


@pytest.fixture
def bench(qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory) -> Iterator[ToolWindows]:
    workspace = a_workspace(tmp_path)
    window, cases = MainWindow(context, workspace, memory), WorkList(workspace)
    made = ToolWindows(window, context, workspace, cases, memory)
    window.show()
    window.activateWindow()
    window.opener.open_path(a_case(workspace.cases_dir / "case.bcs", 30))
    qtbot.waitUntil(lambda: window.page is not None)
    yield made
    window.close()
    cases.close()
    window.deleteLater()


def focus() -> QWidget:
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def test_azerty_reaches_the_parts_of_the_record_and_grades(bench: ToolWindows) -> None:
    window, session = bench.window, bench.session
    assert window.page is not None
    assert session is not None
    assert bench.case_details is not None
    send(focus(), key("é", "2", CTRL))
    assert window.page.views.currentWidget() is bench.case_details
    assert focus() is bench.case_details.grades.table
    row = bench.case_details.grades.table.currentIndex().row()
    item = bench.case_details.grades.table.grades.item(row)
    assert item is not None
    send(focus(), key("é", "2"))
    assert session.state.grades[item.id] == "2+"
    send(focus(), key("1", "1", SHIFT))
    assert session.state.grades[item.id] == "1+"
    send(focus(), key("à", "0"))
    assert item.id not in session.state.grades or session.state.grades[item.id] == ""
    send(focus(), key("(", "5", CTRL))
    assert bench.counter is not None
    assert focus() is bench.counter.tiles


def test_the_counter_counts_on_every_layout(bench: ToolWindows) -> None:
    session = bench.session
    assert session is not None
    bench.show_counter()
    assert bench.counter is not None
    bench.counter.bell.on = False
    send(focus(), key("й", "Q"), key("/", "Q"), key(";", "Q"), key("q", "Q"))
    assert session.state.hand_counts["SNE"] == 4
    send(focus(), key("Й", "Q", SHIFT), key("q", "Q", held=True))
    assert session.state.hand_counts["SNE"] == 3
    bench.counter.sound.setFocus()
    send(focus(), key("s", "S"))
    assert session.state.hand_counts["LY"] == 1


# -- ready-made key maps -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_gives_every_class_a_key_of_its_own_and_the_settings_take_it(name: str) -> None:
    keys = PRESETS[name]
    assert sorted(keys) == sorted(BY_CODE)
    assert len(set(keys.values())) == len(keys)
    assert not RESERVED & set(keys.values())
    made = KeyMap(keys)
    assert made.problems == []
    assert dict(made.items()) == keys
    settings, problems = parse(to_json_obj(replace(LabSettings(), keys=tuple(keys.items()))))
    assert settings.key_map == keys
    assert problems == []


def test_presets_of_letters_keep_the_places() -> None:
    """The key at the place of Q is A on AZERTY, the one at the place of Z is Y on QWERTZ."""
    azerty = {"Q": "A", "A": "Q", "Z": "W", "W": "Z"}
    assert PRESETS["azerty"] == {c: azerty.get(k, k) for c, k in PRESETS["qwerty"].items()}
    assert PRESETS["qwertz"] == {c: {"Z": "Y"}.get(k, k) for c, k in PRESETS["qwerty"].items()}


def test_the_key_dialog_offers_the_presets(qtbot: QtBot, context: UiContext) -> None:
    dialog = KeyMapDialog(context, LabSettings())
    qtbot.addWidget(dialog)
    box = dialog.presets
    assert box.currentText() == "QWERTY"
    box.setCurrentIndex(box.findText("Numeric keypad"))
    box.activated.emit(box.currentIndex())
    assert dialog.answer().key_map["SNE"] == "1"
    dialog.model.setData(dialog.model.index(0, 1), "7")
    assert box.currentText() == "The laboratory's own"
    assert dialog.answer().key_map["MMY"] == "1"  # the two exchanged theirs


def test_the_numeric_keypad_decides_and_counts(desk: Desk) -> None:
    desk.window.context.keymap = KeyMap(PRESETS["keypad"])
    first = desk.go(UNIDENTIFIED)
    send(desk.view, key("4", "", KEYPAD))
    assert desk.session.decision(first).final == "EO"
