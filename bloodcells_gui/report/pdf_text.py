"""Text for paper: what the shipped fonts can show, and a key where they cannot show all of it."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONT_FILES = {"": "OpenSans-Regular.ttf", "B": "OpenSans-Semibold.ttf", "I": "OpenSans-Italic.ttf"}
FALLBACK_FILE = "DejaVuSans.ttf"
# Chinese characters and kana; a large font that few reports need.
CHINESE_FILE = "DroidSansFallbackFull.ttf"
MISSING = "□"
ELLIPSIS = "…"
_KEY_LETTERS = "abcdefghkmnprstz"  # none that looks like another


@lru_cache(maxsize=8)
def shown_by(fonts_dir: Path, name: str) -> frozenset[int]:
    """Code points for which a font file has a glyph."""
    with TTFont(fonts_dir / name, lazy=True) as font:
        return frozenset(font.getBestCmap())


def text_key(text: str) -> str:
    """Return a short key of a text, as in ``[#kbdhma]``: six of sixteen letters from its SHA-256.

    Letters alone, because digits would change their place beside a text that is written from right to left.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "[#" + "".join(_KEY_LETTERS[byte % 16] for byte in digest[:6]) + "]"


def right_to_left(text: str) -> bool:
    """Whether a letter is written from right to left (Hebrew, Arabic and their kin)."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


def middle(text: str, keep: int) -> str:
    """`keep` characters of `text`, from both ends."""
    if keep >= len(text):
        return text
    head = (keep * 2 + 2) // 3
    return text[:head].rstrip() + ELLIPSIS + text[len(text) - (keep - head) :]


class Printable:
    """Which texts the fonts of a folder can show.

    Parameters
    ----------
    fonts_dir : Path
        The shipped `resources/fonts`.
    """

    def __init__(self, fonts_dir: Path) -> None:
        self._fonts_dir = fonts_dir
        self._joining = shown_by(fonts_dir, FALLBACK_FILE)
        self._western = shown_by(fonts_dir, FONT_FILES[""]) | self._joining

    def clean(self, text: str) -> tuple[str, bool]:
        """Return `text` as it can be printed, and whether that lost something.

        Control and direction characters go, and what no font can show becomes a box.
        """
        out, lost = [], False
        normal = unicodedata.normalize("NFC", text)
        joining = right_to_left(normal)
        for char in normal:
            category = unicodedata.category(char)
            if char in "\n\r\t\u2028\u2029" or category == "Zs":
                out.append(" ")
            elif category == "Cc":
                out.append(" ")
                lost = True
            elif self._shows(char, joining):
                out.append(char)
            else:
                lost = True
                if category != "Cf" and not unicodedata.combining(char):
                    out.append(MISSING)
        return "".join(out), lost

    def _shows(self, char: str, joining: bool) -> bool:
        if unicodedata.category(char) == "Cf":
            return False
        # Letters that join are set from one font alone; others beside them cannot be shown.
        code = ord(char)
        return code in self._joining if joining else code in self._western or self._is_chinese(char)

    def _is_chinese(self, char: str) -> bool:
        # Reading the large font takes a tenth of a second: only for a text that needs it.
        return not char.isascii() and ord(char) in shown_by(self._fonts_dir, CHINESE_FILE)

    def needs_chinese(self, text: str) -> bool:
        """Whether cleaned `text` holds a character that only the Chinese font has."""
        return any(ord(c) not in self._western and self._is_chinese(c) for c in text)
