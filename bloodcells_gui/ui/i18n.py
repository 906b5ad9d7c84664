"""The language of the window: its texts, numbers and times.

One gettext catalogue serves the window and the layers without Qt (see :mod:`bloodcells_gui.domain.i18n`);
Qt's own translations are for its standard dialogs only. Texts go through :func:`tr`, :func:`ngettext` and
:func:`pgettext`, never through the ``tr`` that Qt gives every object: nobody translates that.
"""

from __future__ import annotations

import gettext
import os

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from bloodcells_gui.domain.bidi import isolated
from bloodcells_gui.domain.cell import flag_text
from bloodcells_gui.domain.formatting import bound_spaces
from bloodcells_gui.domain.i18n import LANGUAGES, catalogue
from bloodcells_gui.domain.i18n import tr as domain_tr
from bloodcells_gui.domain.retold import retold
from bloodcells_gui.domain.review_state import EXCLUDED_LABEL
from bloodcells_gui.domain.suspicion import LOOK_FIRST
from bloodcells_gui.domain.taxonomy import BY_CODE, UNIDENTIFIED
from bloodcells_gui.domain.times import local_text, stored_text, typed_text

_in_force: gettext.NullTranslations = catalogue("en")


def tr(text: str) -> str:
    """`text` in the window's language."""
    return _spaced(_in_force.gettext(text)) if text else ""


def ngettext(one: str, many: str, n: int, **fields: object) -> str:
    """The form for a count `n`, in the window's language, its field ``{n}`` and the named `fields` filled."""
    return _spaced(_in_force.ngettext(one, many, n)).format(n=n, **fields)


def pgettext(context: str, text: str) -> str:
    """`text` in the window's language where `context` decides among several translations."""
    return _spaced(_in_force.pgettext(context, text))


def _spaced(text: str) -> str:
    return bound_spaces(text, "fr" if _in_force is catalogue("fr") else "en")


def system_language() -> str:
    """ "fr" on a French desktop, else "en"."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value and value not in ("C", "POSIX", "C.UTF-8"):
            return "fr" if value.lower().startswith("fr") else "en"
    return "fr" if QLocale.system().language() == QLocale.Language.French else "en"


class Language:
    """The language in force; one object given to whoever shows text."""

    def __init__(self, app: QCoreApplication, lang: str = "en") -> None:
        self._app = app
        self._translators: list[QTranslator] = []
        self.lang = "en"
        self.locale = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)
        self.choose(lang)

    def choose(self, lang: str) -> None:
        """Put `lang` in force ("en", "fr"; anything else means the desktop's)."""
        global _in_force
        for translator in self._translators:
            self._app.removeTranslator(translator)
        self._translators.clear()
        self.lang = lang if lang in LANGUAGES else system_language()
        if self.lang == "fr":
            self.locale = QLocale(QLocale.Language.French, QLocale.Country.France)
        else:
            self.locale = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)
        self.locale.setNumberOptions(QLocale.NumberOption.RejectGroupSeparator)
        QLocale.setDefault(self.locale)
        _in_force = catalogue(self.lang)
        translator = QTranslator()
        if translator.load(
            f"qtbase_{self.lang}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        ):
            self._app.installTranslator(translator)
            self._translators.append(translator)

    def text(self, template: str, **params: object) -> str:
        """A template of the Qt-free layers in this language; a name from right to left turns no sentence."""
        shown = {key: isolated(v) if isinstance(v, str) else v for key, v in params.items()}
        return bound_spaces(domain_tr(template, self.lang, **shown), self.lang)

    def flag(self, flag: str) -> str:
        """A flag of a cell as persons read it."""
        return flag_text(flag, self.lang)

    def retold(self, sentence: str) -> str:
        """A finished sentence of the Qt-free layers in this language, whichever it was written in."""
        return bound_spaces(retold(sentence, self.lang), self.lang)

    def class_name(self, code: str) -> str:
        """Name of a class or queue."""
        if code == UNIDENTIFIED:
            return pgettext("cells", "Unidentified")
        if code == EXCLUDED_LABEL:
            return tr("Excluded")
        if code == LOOK_FIRST:
            return tr("Look here first")
        return self.text(BY_CODE[code].name) if code in BY_CODE else code

    def number(self, value: float, decimals: int = 1) -> str:
        """A number with this language's decimal sign."""
        return self.locale.toString(float(value), "f", decimals)

    def integer(self, value: int) -> str:
        """A whole number with thousands set apart."""
        text = f"{value:,}"
        return text.replace(",", "\u202f" if self.lang == "fr" else ",")

    def duration(self, seconds: float) -> str:
        """ "12 s", "3 min 05 s" or "1 h 04 min"."""
        whole = max(0, round(seconds))
        if whole < 60:
            return f"{whole} s"
        minutes, rest = divmod(whole, 60)
        if minutes < 60:
            return f"{minutes} min {rest:02d} s"
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes:02d} min"

    def when(self, iso: str) -> str:
        """A UTC time (ISO 8601) as local date, time of day and zone, written as on paper."""
        return local_text(iso, self.lang)

    def day(self, iso: str) -> str:
        """A day (YYYY-MM-DD) as the language writes dates."""
        return typed_text(iso, self.lang)

    def stored_day(self, typed: str) -> str:
        """A day as a person types it in this language, or as it is stored, in the form that is stored."""
        return stored_text(typed.strip(), self.lang)


def csv_choices() -> tuple[tuple[str, str], ...]:
    """(name, value) of the dialects in which tables are written."""
    return (
        (tr("CSV with comma and point (RFC 4180)"), "rfc4180"),
        (tr("CSV for Excel, separators of the report's language"), "excel"),
    )
