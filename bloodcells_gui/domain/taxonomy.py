"""Cell classes, their codes and roll-ups.

Codes follow the file names of the PBC data set (Acevedo et al. 2020) where they exist.
"""

from __future__ import annotations

from dataclasses import dataclass

UNIDENTIFIED = "UNI"
OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class CellClass:
    """One leaf of the taxonomy.

    Attributes
    ----------
    code : str
        Stable code used in every file.
    name : str
        English name; the key of its translation.
    group : str
        Code of the group for partial labels and the left-shift remark ("NE", "IG") or "".
    counts : bool
        Whether the class counts in the 100 % of the differential.
    rgb : tuple of int
        Display colour, distinguishable in both themes; never the only carrier of meaning.
    key : str
        Default key of the review (the cellcountr counter's layout where it has one).
    """

    code: str
    name: str
    group: str
    counts: bool
    rgb: tuple[int, int, int]
    key: str


CLASSES: tuple[CellClass, ...] = (
    CellClass("SNE", "Segmented neutrophil", "NE", True, (64, 133, 198), "Q"),
    CellClass("BNE", "Band neutrophil", "NE", True, (118, 178, 224), "A"),
    CellClass("LY", "Lymphocyte", "", True, (112, 84, 178), "S"),
    CellClass("VLY", "Variant lymphocyte", "", True, (160, 122, 214), "V"),
    CellClass("MO", "Monocyte", "", True, (60, 150, 140), "F"),
    CellClass("EO", "Eosinophil", "", True, (226, 108, 62), "Z"),
    CellClass("BA", "Basophil", "", True, (60, 66, 130), "X"),
    CellClass("MMY", "Metamyelocyte", "IG", True, (206, 170, 60), "W"),
    CellClass("MY", "Myelocyte", "IG", True, (188, 138, 40), "E"),
    CellClass("PMY", "Promyelocyte", "IG", True, (158, 104, 30), "R"),
    CellClass("BL", "Blast", "", True, (196, 42, 66), "T"),
    CellClass("PC", "Plasma cell", "", True, (190, 92, 160), "D"),
    CellClass("ERB", "Erythroblast (NRBC)", "", False, (150, 70, 80), "G"),
    CellClass("SMU", "Smudge cell", "", False, (140, 140, 150), "M"),
    CellClass("PLT", "Platelet", "", False, (196, 130, 186), "P"),
    CellClass("GPLT", "Giant platelet", "", False, (172, 96, 160), "L"),
    CellClass("PLC", "Platelet clump", "", False, (148, 70, 136), "K"),
    CellClass("ART", "Artefact", "", False, (120, 120, 120), "C"),
)
BY_CODE: dict[str, CellClass] = {c.code: c for c in CLASSES}
ORDER: dict[str, int] = {c.code: i for i, c in enumerate(CLASSES)}
COUNTED: frozenset[str] = frozenset(c.code for c in CLASSES if c.counts)
IMMATURE: tuple[str, ...] = ("PMY", "MY", "MMY")
PARTIAL_LABELS: dict[str, tuple[str, ...]] = {"NE": ("SNE", "BNE"), "IG": ("MMY", "MY", "PMY")}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a roll-up: a code, its English name and the leaves it sums."""

    code: str
    name: str
    leaves: tuple[str, ...]
    counts: bool
    rgb: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RollUp:
    """A view of the leaves as fewer rows. Every leaf belongs to exactly one row: nothing disappears."""

    id: str
    name: str
    rows: tuple[Row, ...]

    def row_of(self, leaf: str) -> Row:
        """The row that counts `leaf`; KeyError for an unknown code."""
        for row in self.rows:
            if leaf in row.leaves:
                return row
        raise KeyError(leaf)


def _row(code: str, name: str, *leaves: str) -> Row:
    first = BY_CODE[leaves[0]]
    return Row(code, name, leaves, all(BY_CODE[c].counts for c in leaves), first.rgb)


def _leaf_row(code: str) -> Row:
    c = BY_CODE[code]
    return Row(code, c.name, (code,), c.counts, c.rgb)


def _other(name: str, *leaves: str) -> tuple[Row, ...]:
    """OTHER is shown in two parts where it mixes leaves inside and outside the 100 %."""
    inside = tuple(c for c in leaves if BY_CODE[c].counts)
    outside = tuple(c for c in leaves if not BY_CODE[c].counts)
    rows = []
    if inside:
        rows.append(Row(OTHER, name, inside, True, (110, 110, 110)))
    if outside:
        code = OTHER if not inside else "OTHER_OUTSIDE"
        rows.append(Row(code, "Other, outside the count", outside, False, (110, 110, 110)))
    return tuple(rows)


_TEN = (
    _row("NEUTROPHIL", "Neutrophil", "SNE", "BNE"),
    _row("IG", "Immature granulocyte", "MMY", "MY", "PMY"),
    _row("EOSINOPHIL", "Eosinophil", "EO"),
    _row("BASOPHIL", "Basophil", "BA"),
    _row("LYMPHOCYTE", "Lymphocyte", "LY", "VLY"),
    _row("MONOCYTE", "Monocyte", "MO"),
)
_OUTSIDE8 = (
    _row("ERYTHROBLAST", "Erythroblast (NRBC)", "ERB"),
    _row("PLATELET", "Platelet", "PLT", "GPLT", "PLC"),
)

ROLLUPS: dict[str, RollUp] = {
    r.id: r
    for r in (
        RollUp("full", "All classes", tuple(_leaf_row(c.code) for c in CLASSES)),
        RollUp(
            "ten",
            "Ten classes (study of 2021)",
            (*_TEN, _row("BLAST", "Blast", "BL"), *_OUTSIDE8, _row("SMUDGE", "Smudge cell", "SMU"),
             *_other("Other", "PC", "ART")),
        ),
        RollUp("pbc8", "Eight classes (PBC)", (*_TEN, *_OUTSIDE8,
                              *_other("Other", "BL", "PC", "SMU", "ART"))),
        RollUp(
            "five",
            "Five-part differential",
            (
                _TEN[0], _TEN[4], _TEN[5], _TEN[2], _TEN[3],
                *_other("Other", *IMMATURE, "BL", "PC", "ERB", "SMU", "PLT", "GPLT", "PLC", "ART"),
            ),
        ),
    )
}  # fmt: skip
