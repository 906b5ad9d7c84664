"""Translation of what the Qt-free layers say.

English templates are their own keys; French stands in ``texts_fr*.py`` (one catalogue a layer, so that
translations live near what they translate and tests can ask for missing ones). The window's own strings
go through Qt Linguist instead.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LANGUAGES = ("en", "fr")
_CATALOGUES = (
    "texts_fr_cells",
    "texts_fr",
    "texts_fr_report",
    "texts_fr_settings",
    "texts_fr_signing",
    "texts_fr_imaging",
    "texts_fr_files",
    "texts_fr_intake",
    "texts_fr_inference",
    "texts_fr_storage",
    "texts_fr_app",
    "texts_fr_slides",
    "texts_fr_scale",
)


@lru_cache(maxsize=1)
def french() -> dict[str, str]:
    """All French catalogues merged; a catalogue that is not there is empty."""
    merged: dict[str, str] = {}
    for name in _CATALOGUES:
        try:
            module = importlib.import_module(f"bloodcells_gui.domain.{name}")
        except ModuleNotFoundError:
            continue
        merged.update(module.FRENCH)
    return merged


def tr(template: str, /, lang: str = "en", **params: Any) -> str:
    """`template` in language `lang`, its ``{named}`` fields filled; unknown templates stay English.

    A field value is inserted as it is and never interpreted, so text from files cannot smuggle in fields; a
    :class:`Reason` is inserted in `lang`.
    """
    text = french().get(template, template) if lang == "fr" else template
    if not params:
        return text
    return text.format_map({k: v.text(lang) if isinstance(v, Reason) else str(v) for k, v in params.items()})


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
