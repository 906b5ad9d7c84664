"""The meaning of a key press on any keyboard layout: its character, else the key's place.

Class keys, grades and shortcuts are Latin letters, digits and signs. Layouts of other scripts (Russian,
Greek, Hebrew) have no Latin letters, and the top row of some Latin layouts (French, Czech) types digits only
with Shift. There the key's place decides: the letter or digit that a US keyboard has at the same place. A
Latin letter is always taken as itself.
"""

from __future__ import annotations

import sys
import unicodedata
from itertools import pairwise

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

_ROWS = ((0x02, "1234567890"), (0x10, "QWERTYUIOP"), (0x1E, "ASDFGHJKL"), (0x2C, "ZXCVBNM"))
# Scan codes of set 1: what Windows reports, and what the kernel of Linux numbers its keys by.
_PLACES = {first + n: name for first, names in _ROWS for n, name in enumerate(names)}
_X11_OFFSET = 8  # X11 and Wayland add 8 to the kernel's number.
# Virtual key codes of macOS (kVK_ANSI_A and so on in Carbon's HIToolbox/Events.h).
_MAC_PLACES = {
    0: "A", 1: "S", 2: "D", 3: "F", 4: "H", 5: "G", 6: "Z", 7: "X", 8: "C", 9: "V", 11: "B", 12: "Q",
    13: "W", 14: "E", 15: "R", 16: "Y", 17: "T", 18: "1", 19: "2", 20: "3", 21: "4", 22: "6", 23: "5",
    25: "9", 26: "7", 28: "8", 29: "0", 31: "O", 32: "U", 34: "I", 35: "P", 37: "L", 38: "J", 40: "K",
    45: "N", 46: "M",
}  # fmt: skip
# Signs that other scripts have in place of a letter: Hebrew / and ', Greek ; and Bulgarian ,. No common Latin
# layout types these signs there.
_SIGNS_FOR_LETTERS = frozenset({("Q", "/"), ("W", "'"), ("Q", ";"), ("Q", ",")})
# Hungarian has a digit of its own elsewhere and a letter at the place of 0.
_NO_DIGIT = "ÖÓÜ"
_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


def place(event: QKeyEvent) -> str:
    """The letter or digit that a US keyboard has at the key's place; "" where that is not known."""
    code = event.nativeScanCode()
    if code == 0 or event.modifiers() & Qt.KeyboardModifier.KeypadModifier:
        return ""
    if sys.platform == "darwin":
        return _MAC_PLACES.get(event.nativeVirtualKey(), "")
    return _PLACES.get(code if sys.platform == "win32" else code - _X11_OFFSET, "")


def typed(event: QKeyEvent) -> str:
    """The character of a press in upper case, digits of every script as 0 to 9; "" for none."""
    text = event.text()
    if len(text) != 1 or not text.isprintable() or text.isspace():
        # With Ctrl the text is a control character or empty; the key is named all the same.
        text = chr(event.key()) if 0x20 < event.key() <= sys.maxunicode else ""
    if not text or text == "µ":  # on Latin keyboards, and no Greek letter in spite of its upper case
        return text
    plain = unicodedata.normalize("NFKC", text)
    text = plain if len(plain) == 1 else text
    digit = unicodedata.decimal(text, None)
    upper = text.upper()
    return str(digit) if digit is not None else (upper if len(upper) == 1 else text)


def meanings(event: QKeyEvent) -> tuple[str, ...]:
    """What a press may mean, the likeliest first: its character, then the Latin letter or digit of its place.

    Returns
    -------
    tuple of str
        Upper case letters, digits and signs; empty for keys that type nothing.
    """
    own, latin = typed(event), place(event)
    if not own or not latin or own == latin:
        return (own,) if own else ()
    if latin.isdigit():
        by_place = not own.isdigit() and own not in _NO_DIGIT
    else:
        by_place = _of_another_script(own) or (latin, own) in _SIGNS_FOR_LETTERS
    return (own, latin) if by_place else (own,)


def review_meanings(event: QKeyEvent, *, shift: bool = False) -> tuple[str, ...]:
    """`meanings` of a press without Ctrl, Alt or Meta.

    Parameters
    ----------
    shift : bool
        Whether Shift has a meaning of its own here (one less at the counter). Otherwise letters with
        Shift mean nothing, while digits and signs, which some layouts type with Shift only, mean themselves.
    """
    if event.modifiers() & _COMMANDS:
        return ()
    found = meanings(event)
    with_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
    if found and with_shift and not shift and found[-1].isalpha():
        return ()
    return found


def zoom_steps(event: QKeyEvent) -> int | None:
    """1 for the keys + and =, -1 for -, 0 for 0 (see everything); None for any other key."""
    found = review_meanings(event)
    for own in found[:1]:
        if own in "+=":
            return 1
        if own == "-":
            return -1
    return 0 if "0" in found else None


def _of_another_script(character: str) -> bool:
    """Whether it is a letter or a sign of a script other than Latin."""
    beyond_latin = ord(character) > 0x24F and unicodedata.category(character)[0] in "LM"
    return beyond_latin and "LATIN" not in unicodedata.name(character, "LATIN")


def latin_sequence(event: QKeyEvent) -> QKeySequence | None:
    """A press with Ctrl as the shortcut it would be on a US keyboard; None where it is that already."""
    if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return None
    for own, latin in pairwise(meanings(event)):
        if own != latin:
            modifiers = event.modifiers() & (_COMMANDS | Qt.KeyboardModifier.ShiftModifier)
            return QKeySequence(QKeyCombination(modifiers, Qt.Key(ord(latin))))
    return None


def takes_text(widget: QWidget | None) -> bool:
    """Whether keys typed into a widget are text."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    return isinstance(widget, (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox))
