"""The codes under which figures are sent: LOINC candidates that a laboratory checks and edits.

The candidates come from a published FHIR guide and were verified there, not against a LOINC release: nothing
is sent until a person has confirmed the table (:class:`~bloodcells_gui.domain.connecting.Connections`). What
has no candidate goes under a code of this program's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.ranges import ITEMS, WBC
from bloodcells_gui.domain.taxonomy import ROLLUPS

#: What is said of an item, with its unit in UCUM.
PERCENT_OF, ABSOLUTE_OF, PER_100_WBC = "percent", "absolute", "per_100_wbc"
UNITS = {PERCENT_OF: "%", ABSOLUTE_OF: "10*9/L", PER_100_WBC: "/100{WBCs}"}
_ENDINGS = {PERCENT_OF: "PCT", ABSOLUTE_OF: "ABS", PER_100_WBC: "P100"}
# Sent behind the name of what is counted: English, whatever the language of the window.
_WORDS = {PERCENT_OF: "% of leukocytes", ABSOLUTE_OF: "absolute", PER_100_WBC: "per 100 leukocytes"}
LOINC_SYSTEM, LOCAL_SYSTEM = "LN", "L"
#: The order as a whole, and the interpretation in words.
PANEL, INTERPRETATION = "panel", "interpretation"


@dataclass(frozen=True, slots=True)
class CodeRow:
    """Under which code a figure is sent.

    `key` names the figure ("NEUTROPHIL.percent"), `system` is "LN" for LOINC or "L" for the laboratory's own,
    `text` the display name beside the code, in English.
    """

    key: str = field(metadata=validation.text(60))
    code: str = field(metadata=validation.text(40))
    system: str = field(default=LOCAL_SYSTEM, metadata=validation.choice(LOINC_SYSTEM, LOCAL_SYSTEM))
    text: str = field(default="", metadata=validation.text(120))

    def __post_init__(self) -> None:
        if not self.code or any(c in self.code for c in " ^|~&\\"):
            raise ValueError(N_("a code is one word without the signs ^ | ~ & and \\"))


def figure_key(item: str, measure: str) -> str:
    """Name of a figure: the row's code and what is said of it."""
    return f"{item}.{measure}"


def local_code(key: str) -> str:
    """The program's own code of a figure: "SNE-PCT"."""
    item, _, measure = key.partition(".")
    return f"{item}-{_ENDINGS[measure]}" if measure in _ENDINGS else item.upper()


# Item -> LOINC of % of leukocytes (for items outside the 100 %, per 100 leukocytes) and of 10^9/L.
_CANDIDATES: dict[str, tuple[str, str]] = {
    "NEUTROPHIL": ("26511-6", "26499-4"),
    "SNE": ("26505-8", "30451-9"),
    "BNE": ("26508-2", "26507-4"),
    "LYMPHOCYTE": ("26478-8", "26474-7"),
    "LY": ("26478-8", "26474-7"),
    "VLY": ("13046-8", "26477-0"),
    "MONOCYTE": ("26485-3", "26484-6"),
    "MO": ("26485-3", "26484-6"),
    "EOSINOPHIL": ("26450-7", "26449-9"),
    "EO": ("26450-7", "26449-9"),
    "BASOPHIL": ("30180-4", "26444-0"),
    "BA": ("30180-4", "26444-0"),
    "MMY": ("28541-1", "30433-7"),
    "MY": ("26498-6", "30446-9"),
    "PMY": ("26524-9", "26523-1"),
    "IG": ("38518-7", "51584-1"),
    "BLAST": ("26446-5", "30376-8"),
    "BL": ("26446-5", "30376-8"),
    "PC": ("13047-6", "30458-4"),
    "SMUDGE": ("34992-8", "34993-6"),
    "SMU": ("34992-8", "34993-6"),
    "ERYTHROBLAST": ("19048-8", "30392-5"),
    "ERB": ("19048-8", "30392-5"),
}


def _defaults() -> tuple[CodeRow, ...]:
    rows = [
        CodeRow(PANEL, "69738-3", LOINC_SYSTEM, "Manual differential panel"),
        CodeRow(INTERPRETATION, "33255-1", LOINC_SYSTEM, "Differential interpretation"),
        CodeRow(figure_key(WBC, ABSOLUTE_OF), "26464-8", LOINC_SYSTEM, "White cell count"),
    ]
    items: dict[str, tuple[str, bool]] = {}
    for rollup in ROLLUPS.values():
        items |= {row.code: (row.name, row.counts) for row in rollup.rows}
    items |= {code: (item.name, True) for code, item in ITEMS.items() if code not in items and item.leaves}
    for item, (name, counts) in items.items():
        for measure, n in ((PERCENT_OF if counts else PER_100_WBC, 0), (ABSOLUTE_OF, 1)):
            key = figure_key(item, measure)
            known = _CANDIDATES.get(item)
            text = f"{name}, {_WORDS[measure]}"
            if known:
                rows.append(CodeRow(key, known[n], LOINC_SYSTEM, text))
            else:
                rows.append(CodeRow(key, local_code(key), LOCAL_SYSTEM, text))
    return tuple(rows)


DEFAULT_CODES: tuple[CodeRow, ...] = _defaults()
