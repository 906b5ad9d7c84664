"""The codes under which figures are sent: LOINC candidates that a laboratory checks and edits.

The candidates come from a published FHIR guide and were verified there, not against a LOINC release: nothing
is sent until a person has confirmed the table (:class:`~bloodcells_gui.domain.connecting.Connections`). What
has no candidate goes under a code of this program's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.grading import DEFAULT_GRADING
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.platelet_report import AREA_METHOD, FIELDS_METHOD, RED_CELL_METHOD
from bloodcells_gui.domain.ranges import ITEMS, WBC
from bloodcells_gui.domain.red_cells import RED_CELL_CLASSES
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
#: Platelets: what is counted on the film, estimates by their method, giant ones among them, clumps.
PLATELET_DENSITY, GIANTS, CLUMPS = "platelets.density", "platelets.giant", "platelets.clumps"
PLATELET_ESTIMATES = {
    AREA_METHOD: "platelets.by_area",
    RED_CELL_METHOD: "platelets.by_red_cells",
    FIELDS_METHOD: "platelets.by_hand",
}
#: Counts of all kinds on the same fields -> unit; the key ends in the name of the figure in the report.
RATIOS = {
    "numeration.red": "/mm2",
    "numeration.nucleated": "/mm2",
    "numeration.red_ratio": "/{cell}",
    "numeration.platelet_ratio": "/{cell}",
}
_NO_WORD = re.compile(r"[^A-Z0-9]+")


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


def red_cell_key(code: str) -> str:
    """Key of the share of a shape class of red cells."""
    return figure_key(f"RBC-{code}", PERCENT_OF)


def grade_word(name: str) -> str:
    """What the name of a graded feature is in a code: "HOWELL-JOLLY-BODIES"."""
    return _NO_WORD.sub("-", name.upper()).strip("-")


def grade_key(name: str) -> str:
    """Key of the grade of a feature."""
    return f"grade.{grade_word(name)}"


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


def _later() -> tuple[CodeRow, ...]:
    """Figures that earlier versions of the program did not send, all under codes of its own."""
    rows = [
        CodeRow(PLATELET_DENSITY, "PLT-MM2", text="Platelets per mm2 of film"),
        CodeRow(PLATELET_ESTIMATES[AREA_METHOD], "PLT-EST-AREA", text="Platelet estimate by area"),
        CodeRow(PLATELET_ESTIMATES[RED_CELL_METHOD], "PLT-EST-RBC", text="Platelet estimate by red cells"),
        CodeRow(
            PLATELET_ESTIMATES[FIELDS_METHOD], "PLT-EST-HAND", text="Platelet estimate counted by a person"
        ),
        CodeRow(GIANTS, "PLT-GIANT-PCT", text="Giant platelets, % of platelets"),
        CodeRow(CLUMPS, "PLT-CLUMPS", text="Platelet clumps seen"),
        CodeRow("numeration.red", "RBC-MM2", text="Red cells per mm2 of film"),
        CodeRow("numeration.nucleated", "NUC-MM2", text="Nucleated cells per mm2 of film"),
        CodeRow("numeration.red_ratio", "RBC-PER-NUC", text="Red cells for each nucleated cell"),
        CodeRow("numeration.platelet_ratio", "PLT-PER-NUC", text="Platelets for each nucleated cell"),
    ]
    for shape in RED_CELL_CLASSES:
        key = red_cell_key(shape.code)
        rows.append(CodeRow(key, local_code(key), text=f"{shape.name}, % of red cells"))
    for item in DEFAULT_GRADING:
        rows.append(CodeRow(grade_key(item.name), f"GRADE-{grade_word(item.name)}"[:40], text=item.name))
    return tuple(rows)


_LATER = _later()
#: Keys that a table which was confirmed under an earlier version of the program cannot hold.
LATER_KEYS = frozenset(row.key for row in _LATER)
DEFAULT_CODES: tuple[CodeRow, ...] = (*_defaults(), *_LATER)
