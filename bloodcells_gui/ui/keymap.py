"""The laboratory's key of each class, and the keys that do not change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bloodcells_gui.domain.settings import RESERVED_KEYS
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES

RESERVED = RESERVED_KEYS

DEFAULT: dict[str, str] = {c.code: c.key for c in CLASSES}


def _changed(**keys: str) -> dict[str, str]:
    return DEFAULT | keys


# The default keys lie under the left hand of a QWERTY keyboard. AZERTY and QWERTZ have other letters at the
# same places; on the numeric keypad the nine commonest classes are digits, and 0 stays "see everything".
PRESETS: dict[str, dict[str, str]] = {
    "qwerty": DEFAULT,
    "azerty": _changed(SNE="A", BNE="Q", EO="W", MMY="Z"),
    "qwertz": _changed(EO="Y"),
    "keypad": _changed(SNE="1", LY="2", MO="3", EO="4", BA="5", BNE="6", MMY="7", MY="8", BL="9"),
}


class KeyMap:
    """Class code -> key. An unusable entry falls back to the default and is named in `problems`.

    Parameters
    ----------
    keys : mapping of str to str
        The laboratory's own keys by class code; a single letter, digit or sign each, "" for none.
    """

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self.problems: list[str] = []
        self._key_of: dict[str, str] = {}
        wanted = dict(DEFAULT)
        for code, key in (keys or {}).items():
            text = str(key).strip().upper()
            if code not in BY_CODE or len(text) > 1 or text in RESERVED or (text and not text.isprintable()):
                self.problems.append(code)
            else:
                wanted[code] = text
        taken: set[str] = set()
        # The laboratory's entries win over defaults that happen to use the same key.
        own = [c for c in wanted if keys and c in keys and c not in self.problems]
        for code in [*own, *(c for c in wanted if c not in own)]:
            key = wanted[code]
            if key and key in taken:
                if code in own:
                    self.problems.append(code)
                key = ""
            self._key_of[code] = key
            taken.add(key)
        self._code_of = {k: c for c, k in self._key_of.items() if k}

    def key(self, code: str) -> str:
        """Key of class `code`, "" for none."""
        return self._key_of.get(code, "")

    def code(self, key: str) -> str | None:
        """Class of a key, None when the key has none."""
        return self._code_of.get(key.upper())

    def first_code(self, keys: Iterable[str]) -> str | None:
        """Class of the first of these keys that has one."""
        return next((code for key in keys if (code := self.code(key)) is not None), None)

    def items(self) -> list[tuple[str, str]]:
        """(class code, key) in the order of the taxonomy."""
        return [(c.code, self._key_of[c.code]) for c in CLASSES]
