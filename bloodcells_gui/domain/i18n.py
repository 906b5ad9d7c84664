"""Text in the language of the person: English in the sources, other languages in gettext catalogues.

The English text is the key. ``resources/translations/<language>/LC_MESSAGES/bloodcells.mo`` holds the
translations of everything that the program shows, in the window and on the command line;
``python -m scripts.tools.translations`` collects the texts and compiles it. English needs no catalogue:
both its forms are in the sources.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "fr")
CATALOGUE = "bloodcells"

# A sentence that is nothing but a reason, which elsewhere stands behind a colon.
_REASON_ALONE = re.compile(r"\{\w+\}\.")
# Names that are written small wherever they stand.
_NAMES = ("onnxruntime", "bloodcells", "µm")
# Template of many -> template of one, and the field that is counted.
_COUNTED: dict[str, tuple[str, str]] = {}


def N_(text: str) -> str:
    """Mark a text for translation where it is defined; :func:`tr` translates it where it is shown."""
    return text


def plural(one: str, many: str, counted: str = "n") -> str:
    """Mark a template that counts its field `counted`.

    Returns
    -------
    str
        `many`: the template to keep and to hand on. :func:`tr` takes `one` or `many` by the field's value.
    """
    _COUNTED[many] = (one, counted)
    return many


def counted_templates() -> tuple[tuple[str, str, str], ...]:
    """Every marked template that counts, as (one, many, counted field)."""
    return tuple((one, many, counted) for many, (one, counted) in _COUNTED.items())


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(lang: str) -> gettext.NullTranslations:
    """The translations into `lang`; an empty catalogue for English and unknown languages."""
    package = Path(__file__).resolve().parent.parent
    for base in (package / "_data", package.parent):  # an installed program, a source checkout
        folder = base / "resources" / "translations"
        if gettext.find(CATALOGUE, str(folder), [lang]):
            return gettext.translation(CATALOGUE, str(folder), [lang])
    return gettext.NullTranslations()


def is_template(text: str) -> bool:
    """Whether `text` is one of the program's own, be its translation the same word."""
    # a text that a catalogue lacks comes back as the very object that went in
    return bool(text) and catalogue("fr").gettext(text) is not text


def tr(template: str, /, lang: str = "en", **params: Any) -> str:
    """`template` in language `lang`, its ``{named}`` fields filled; unknown templates stay English.

    A field value is inserted as it is and never interpreted, so text from files cannot smuggle in fields; a
    :class:`Reason` is inserted in `lang`.
    """
    if not template:  # the key of a catalogue's header
        return ""
    if template in _COUNTED:
        one, counted = _COUNTED[template]
        text = catalogue(lang).ngettext(one, template, _count(params.get(counted)))
    else:
        text = catalogue(lang).gettext(template)
    return _filled(text, lang, params) if params else text


def ngettext(one: str, many: str, n: int, /, lang: str = "en", **params: Any) -> str:
    """The form for a count `n` in language `lang`, ``{n}`` and the other fields filled as in :func:`tr`."""
    return _filled(catalogue(lang).ngettext(one, many, n), lang, {"n": n, **params})


def _filled(text: str, lang: str, params: Mapping[str, object]) -> str:
    filled = text.format_map(
        {k: v.text(lang) if isinstance(v, Reason) else str(v) for k, v in params.items()}
    )
    return _as_sentence(filled) if _REASON_ALONE.fullmatch(text) else filled


def _as_sentence(reason: str) -> str:
    """A reason that is a sentence of its own; a name at its beginning stays as it is."""
    first = reason.split(" ", 1)[0].rstrip(".,;:")
    word = first.replace("'", "").replace("’", "")
    if not (word.isalpha() and word.islower()) or word in _NAMES:
        return reason
    return reason[:1].upper() + reason[1:]


def _count(value: object) -> int:
    """A count that may be written out (as in remarks); many if it is not known."""
    try:
        return abs(int(str(value)))
    except ValueError:
        return 2


@dataclass(frozen=True, slots=True)
class Reason:
    """Part of a sentence that can be shown in any language: an English template and its values."""

    template: str
    params: tuple[tuple[str, object], ...] = ()

    def text(self, lang: str = "en") -> str:
        """The words in `lang`, without a full stop."""
        return tr(self.template, lang, **dict(self.params))

    def __str__(self) -> str:
        return self.text()
