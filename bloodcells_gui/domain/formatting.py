"""Numbers and remarks as text, alike on the screen, in PDF and in CSV."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from bloodcells_gui.domain.differential import DifferentialRow, Remark
from bloodcells_gui.domain.i18n import N_, ngettext, tr
from bloodcells_gui.domain.times import typed_text

_FOLDERS_SHOWN = 8
_HIGH_SIGN = re.compile(r" (?=[:;!?»](?!\S))|(?<=«) ")
_NUMBER = re.compile(r"-?\d+\.\d+")


def number(value: float | None, decimals: int = 1, lang: str = "en", missing: str = "") -> str:
    """`value` with fixed decimals and the decimal sign of `lang`; `missing` for None and NaN."""
    if value is None or math.isnan(value):
        return missing
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{decimals}f}"
    if text.startswith("-") and not text.strip("-0."):
        text = text[1:]
    return text.replace(".", ",") if lang == "fr" else text


def compact(value: float | None, lang: str = "en", missing: str = "") -> str:
    """Up to three significant decimals without trailing zeros: limits and thresholds as people write them."""
    if value is None or math.isnan(value):
        return missing
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return text.replace(".", ",") if lang == "fr" else text


def absolute(value: float | None, lang: str = "en", missing: str = "") -> str:
    """10^9/L with as many decimals as its size bears: 12.3, 1.23, 0.04."""
    return number(value, 1 if value is not None and value >= 10 else 2, lang, missing)


def p_value(p: float | None, lang: str = "en") -> str:
    """A P with three decimals; a small one as a bound, a dash for None."""
    if p is None:
        return "–"
    return f"< {number(0.001, 3, lang)}" if p < 0.001 else number(p, 3, lang)


def bound_spaces(text: str, lang: str) -> str:
    """`text` for what breaks lines: in French no line begins with a high sign of punctuation.

    The blanks before ``: ; ! ?`` and inside quotation marks become no-break spaces; what goes to files and
    terminals keeps its plain ones.
    """
    return _HIGH_SIGN.sub("\N{NO-BREAK SPACE}", text) if lang == "fr" and " " in text else text


def labelled(label: object, value: object, lang: str = "en") -> str:
    """A label and its value, with the colon as `lang` sets it."""
    return tr("{label}: {value}", lang, label=label, value=value)


def remark_text(remark: Remark, lang: str = "en") -> str:
    """A remark in `lang`: class names among its values are translated, decimals written as there."""
    params = {}
    for name, value in remark.params:
        text = typed_text(value, lang) if name == "day" else tr(value, lang)
        if lang == "fr" and name.startswith("n_"):
            text = _NUMBER.sub(lambda m: m.group().replace(".", ","), text)
        if name.startswith("names"):
            text = ", ".join(_listed(part, lang) for part in value.split("; "))
        params[name] = text
    return tr(remark.text, lang, **params)


def row_name(row: DifferentialRow, lang: str = "en") -> str:
    """A row's name; where its ratio is of an area, with what was counted there."""
    name = tr(row.name, lang)
    if row.counted is None or row.counted_mm2 is None or not (row.counted or row.count):
        return name
    area = number(row.counted_mm2, 2, lang)
    return f"{name} ({tr('{counted} in {area} mm²', lang, counted=row.counted, area=area)})"


def shown_and_counted(row: DifferentialRow, lang: str = "en") -> str:
    """How many cells of a row are shown, how many were counted on which area; "" where it is the same."""
    if row.counted is None or row.counted_mm2 is None or not (row.counted or row.count):
        return ""
    text = N_("{shown} shown, {counted} counted in {area} mm²")
    return tr(text, lang, shown=row.count, counted=row.counted, area=number(row.counted_mm2, 2, lang))


def _listed(part: str, lang: str) -> str:
    """ "2 Blast" or "Blast" with the name translated."""
    count, _, name = part.partition(" ")
    if count.isdigit():
        return f"{count} {tr(name, lang)}"
    return tr(part, lang)


def unnamed_text(evaluated: int, unnamed: Mapping[str, int], lang: str = "en") -> str:
    """Say how many of the images count, and which folders were left out because their names are no class.

    Parameters
    ----------
    evaluated : int
        Images whose folder names a class.
    unnamed : mapping
        Folder -> number of its images.
    """
    left_out = sum(unnamed.values())
    shown = sorted(unnamed.items(), key=lambda item: (-item[1], item[0]))[:_FOLDERS_SHOWN]
    names = ", ".join(f"{folder} ({n})" for folder, n in shown)
    more = len(unnamed) - len(shown)
    return ngettext(
        "Only {n} of {total} images counts. Left out, because the folder's name is no known class: {folders}",
        "Only {n} of {total} images count. Left out, because the folder's name is no known class: {folders}",
        evaluated,
        lang,
        total=evaluated + left_out,
        folders=names + (f" +{more}" if more else ""),
    )
