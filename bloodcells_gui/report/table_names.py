"""Headers and classes of the tables: the keys and codes that scripts rely on, or words of a language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodcells_gui.domain.cell import flag_text
from bloodcells_gui.domain.csv_text import Field
from bloodcells_gui.domain.event_words import class_name
from bloodcells_gui.domain.i18n import N_, tr
from bloodcells_gui.domain.measurements import known_label, label_of, unit_of
from bloodcells_gui.domain.settings import CODES, WORDS

HEADERS = {
    "cell_id": N_("Cell"),
    "image": N_("Image"),
    "x_px": N_("x (px)"),
    "y_px": N_("y (px)"),
    "width_px": N_("Width (px)"),
    "height_px": N_("Height (px)"),
    "mpp": N_("µm per px"),
    "predicted": N_("Proposal"),
    "probability": N_("Probability"),
    "status": N_("Status"),
    "final": N_("Class"),
    "reviewer": N_("Reviewer"),
    "reviewed_at": N_("Reviewed at (UTC)"),
    "flags": N_("Flags"),
    "model_sha256": N_("Model (sha256)"),
    "tags": N_("Tags"),
    "code": N_("Code"),
    "name": N_("Class"),
    "count": N_("Count"),
    "percent": "%",
    "low95": N_("95 % limits, low"),
    "high95": N_("95 % limits, high"),
    "per_100_wbc": N_("Per 100 WBC"),
    "absolute_10e9_per_l": "10⁹/L",
    "ref_low_10e9_per_l": N_("Reference, low (10⁹/L)"),
    "ref_high_10e9_per_l": N_("Reference, high (10⁹/L)"),
    "flag": N_("Flag"),
    "grade_proposed": N_("Proposed grade"),
    "grade": N_("Accepted grade"),
    "path": N_("File"),
    "reason": N_("Reason"),
    "label": N_("Label"),
    "others_say": N_("The others say"),
    "label_probability": N_("Probability of the label"),
    "other_probability": N_("Probability of the other"),
    "specimen_id": N_("Specimen"),
    "state": N_("State"),
    "begun": N_("Begun (UTC)"),
    "changed": N_("Changed (UTC)"),
    "version": N_("Version of the report"),
    "signatures": N_("Signatures"),
    "synthetic": N_("Synthetic"),
    "file": N_("File"),
    "cells": N_("Cells"),
    "skipped_files": N_("Files left out"),
    "leukocytes": N_("Leukocytes"),
    "unidentified": N_("Unidentified"),
    "excluded": N_("Taken out"),
    "wbc_10e9_per_l": N_("White cell count (10⁹/L)"),
    "wbc_used_10e9_per_l": N_("White cell count used (10⁹/L)"),
}
_SUFFIXES = {"_per_100_wbc": N_("per 100 WBC"), "_percent": "%", "_count": N_("count")}
_CLASSES = frozenset({"predicted", "final", "label", "others_say"})
# Words of the status of a cell (`domain.review.Status`), translated where they are shown.
_STATES = (N_("proposed"), N_("unidentified"), N_("confirmed"), N_("relabelled"), N_("excluded"))
_TEXTS = frozenset({"status", "state", "reason", "grade_proposed", "grade"})


@dataclass(frozen=True, slots=True)
class TableNames:
    """How a table names its columns and classes.

    Attributes
    ----------
    lang : str
        Of the class names, and of all words.
    words : bool
        Words for headers, classes, states and flags; else the keys of the contract, to the letter.
    """

    lang: str = "en"
    words: bool = False

    def head(self, names: Sequence[str]) -> list[str]:
        """The headers of a table."""
        return [self._header(name) for name in names] if self.words else list(names)

    def row(self, head: Sequence[str], values: Sequence[Field]) -> Sequence[Field]:
        """A row under the headers `head` (keys)."""
        if not self.words:
            return values
        return [self._value(name, value) for name, value in zip(head, values, strict=True)]

    def _header(self, name: str) -> str:
        if name in HEADERS:
            return tr(HEADERS[name], self.lang)
        if name.startswith("p_"):
            return tr("Probability of {name}", self.lang, name=class_name(name[2:], self.lang))
        if known_label(name):
            unit = unit_of(name)
            return tr(label_of(name), self.lang) + (f" ({unit})" if unit else "")
        for suffix, word in _SUFFIXES.items():
            if name.endswith(suffix):
                return f"{class_name(name.removesuffix(suffix), self.lang)}, {tr(word, self.lang)}"
        return name

    def _value(self, name: str, value: Field) -> Field:
        if not isinstance(value, str) or not value:
            return value
        if name in _CLASSES:
            return class_name(value, self.lang)
        if name in _TEXTS:
            return tr(value, self.lang)
        if name == "flags" and ":" not in value:
            return "; ".join(flag_text(flag, self.lang) for flag in value.split("; "))
        return value


KEYS = TableNames()


def table_names(wish: str, lang: str) -> TableNames:
    """Names as the setting or option `wish` ("codes", "words") wants them; ValueError for another."""
    if wish not in (CODES, WORDS):
        raise ValueError(wish)
    return TableNames(lang, wish == WORDS)
