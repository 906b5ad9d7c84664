"""Cell classes, their codes and roll-ups.

Codes follow the file names of the PBC data set (Acevedo et al. 2020) where they exist. Every set of classes
in the program (:data:`LEUKOCYTES`, :data:`PLATELETS` and the like) and every roll-up follow from the table
:data:`CLASSES`: a new class is one line of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bloodcells_gui.domain.i18n import N_

UNIDENTIFIED = "UNI"
OTHER = "OTHER"


class CellKind(StrEnum):
    """What a class is; this decides how its cells are counted.

    Leukocytes are the 100 % of the differential. Erythroblasts and smudge cells are nucleated too, found
    wherever leukocytes are, and given per 100 leukocytes. Platelets are counted on a sample of the area, and
    artefacts are no cells.
    """

    LEUKOCYTE = "leukocyte"
    ERYTHROBLAST = "erythroblast"
    SMUDGE = "smudge"
    PLATELET = "platelet"
    ARTEFACT = "artefact"


class Significance(IntEnum):
    """How much a single cell of a class means for the patient."""

    ORDINARY = 0
    #: Named even where it does not count, because it is cut by an edge.
    NOTABLE = 1
    #: Its name must not depend on an unsure scale, nor its weight fall because it is rare.
    GRAVE = 2
    #: The frequency of other classes never lowers its probability.
    CRITICAL = 3


class Shape(StrEnum):
    """Shapes of marks.

    Circles are mature granulocytes, diamonds bands and immature ones, triangles lymphocytes and plasma
    cells, drops monocytes and blasts, squares erythroblasts and platelets, crosses what is no whole cell; a
    plus is a cell that nobody named.
    """

    CIRCLE = "circle"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DROP = "triangle upside down"
    CROSS = "cross"
    PLUS = "plus"


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
    kind : CellKind
    row : str
        Code of its row in the ten-class roll-up (a key of :data:`ROW_NAMES`) or OTHER.
    rgb : tuple of int
        Display colour, distinguishable in both themes; never the only carrier of meaning.
    key : str
        Default key of the review (the cellcountr counter's layout where it has one).
    significance : Significance
    shape : Shape
        What marks it on maps beside the colour: 18 colours cannot all be told apart by everybody. Classes of
        one shape have colours that colour-blind people tell apart too.
    """

    code: str
    name: str
    group: str
    kind: CellKind
    row: str
    rgb: tuple[int, int, int]
    key: str
    significance: Significance = Significance.ORDINARY
    shape: Shape = Shape.CIRCLE

    @property
    def counts(self) -> bool:
        """Whether the class counts in the 100 % of the differential."""
        return self.kind is CellKind.LEUKOCYTE


_LEUKOCYTE, _PLATELET = CellKind.LEUKOCYTE, CellKind.PLATELET
_DIAMOND, _TRIANGLE, _DROP, _SQUARE, _CROSS = (
    Shape.DIAMOND,
    Shape.TRIANGLE,
    Shape.DROP,
    Shape.SQUARE,
    Shape.CROSS,
)
_NOTABLE, _GRAVE, _CRITICAL = Significance.NOTABLE, Significance.GRAVE, Significance.CRITICAL

#: Names of the coarse rows, in the order in which the ten-class roll-up shows them.
ROW_NAMES: dict[str, str] = {
    "NEUTROPHIL": N_("Neutrophil"),
    "IG": N_("Immature granulocyte"),
    "EOSINOPHIL": N_("Eosinophil"),
    "BASOPHIL": N_("Basophil"),
    "LYMPHOCYTE": N_("Lymphocyte"),
    "MONOCYTE": N_("Monocyte"),
    "BLAST": N_("Blast"),
    "ERYTHROBLAST": N_("Erythroblast (NRBC)"),
    "PLATELET": N_("Platelet"),
    "SMUDGE": N_("Smudge cell"),
}
CLASSES: tuple[CellClass, ...] = (
    CellClass("SNE", "Segmented neutrophil", "NE", _LEUKOCYTE, "NEUTROPHIL", (80, 128, 171), "Q"),
    CellClass("BNE", "Band neutrophil", "NE", _LEUKOCYTE, "NEUTROPHIL", (105, 169, 224), "A", shape=_DIAMOND),
    CellClass("LY", "Lymphocyte", "", _LEUKOCYTE, "LYMPHOCYTE", (86, 69, 161), "S", shape=_TRIANGLE),
    CellClass(
        "VLY", "Variant lymphocyte", "", _LEUKOCYTE, "LYMPHOCYTE", (172, 128, 228), "V", shape=_TRIANGLE
    ),
    CellClass("MO", "Monocyte", "", _LEUKOCYTE, "MONOCYTE", (61, 143, 129), "F", shape=_DROP),
    CellClass("EO", "Eosinophil", "", _LEUKOCYTE, "EOSINOPHIL", (219, 109, 70), "Z"),
    CellClass("BA", "Basophil", "", _LEUKOCYTE, "BASOPHIL", (56, 55, 149), "X"),
    CellClass("MMY", "Metamyelocyte", "IG", _LEUKOCYTE, "IG", (190, 176, 108), "W", shape=_DIAMOND),
    CellClass("MY", "Myelocyte", "IG", _LEUKOCYTE, "IG", (178, 140, 18), "E", shape=_DIAMOND),
    CellClass("PMY", "Promyelocyte", "IG", _LEUKOCYTE, "IG", (147, 99, 29), "R", _GRAVE, shape=_DIAMOND),
    CellClass("BL", "Blast", "", _LEUKOCYTE, "BLAST", (199, 48, 66), "T", _CRITICAL, shape=_DROP),
    CellClass("PC", "Plasma cell", "", _LEUKOCYTE, OTHER, (245, 26, 144), "D", _NOTABLE, shape=_TRIANGLE),
    CellClass(
        "ERB",
        "Erythroblast (NRBC)",
        "",
        CellKind.ERYTHROBLAST,
        "ERYTHROBLAST",
        (135, 77, 83),
        "G",
        _GRAVE,
        shape=_SQUARE,
    ),
    CellClass("SMU", "Smudge cell", "", CellKind.SMUDGE, "SMUDGE", (124, 137, 161), "M", shape=_CROSS),
    CellClass("PLT", "Platelet", "", _PLATELET, "PLATELET", (207, 143, 200), "P", shape=_SQUARE),
    CellClass("GPLT", "Giant platelet", "", _PLATELET, "PLATELET", (212, 78, 145), "L", shape=_SQUARE),
    CellClass("PLC", "Platelet clump", "", _PLATELET, "PLATELET", (118, 73, 139), "K", shape=_SQUARE),
    CellClass("ART", "Artefact", "", CellKind.ARTEFACT, OTHER, (111, 103, 98), "C", shape=_CROSS),
)
#: Cells of blood that no class stands for: a person gives them the class that the laboratory counts them as.
WITHOUT_CLASS: tuple[str, ...] = (N_("Promonocyte"),)
BY_CODE: dict[str, CellClass] = {c.code: c for c in CLASSES}
ORDER: dict[str, int] = {c.code: i for i, c in enumerate(CLASSES)}

# Classes that a rule of the field is about, by name.
SEGMENTED, BAND, VARIANT_LYMPHOCYTE, NRBC = "SNE", "BNE", "VLY", "ERB"
MYELOCYTE, PROMYELOCYTE, BLAST, PLASMA_CELL = "MY", "PMY", "BL", "PC"
#: The class under which platelets are counted that nobody named.
PLATELET = "PLT"
GIANT_PLATELET = "GPLT"
PLATELET_CLUMP = "PLC"
ARTEFACT = "ART"


def _of(*kinds: CellKind) -> frozenset[str]:
    return frozenset(c.code for c in CLASSES if c.kind in kinds)


def _at_least(significance: Significance) -> frozenset[str]:
    return frozenset(c.code for c in CLASSES if c.significance >= significance)


#: In the 100 % of the differential.
COUNTED = LEUKOCYTES = _of(CellKind.LEUKOCYTE)
ERYTHROBLASTS = _of(CellKind.ERYTHROBLAST)
PLATELETS = _of(CellKind.PLATELET)
#: Outside the 100 % but found wherever leukocytes are: their ratio is one of plain counts.
WITH_LEUKOCYTES = _of(CellKind.ERYTHROBLAST, CellKind.SMUDGE)
#: Everything with a nucleus, or what is left of one.
NUCLEATED = LEUKOCYTES | WITH_LEUKOCYTES
#: Whole cells with a nucleus.
INTACT_NUCLEATED = LEUKOCYTES | ERYTHROBLASTS
NOTABLE = _at_least(Significance.NOTABLE)
GRAVE = _at_least(Significance.GRAVE)
CRITICAL = _at_least(Significance.CRITICAL)
PARTIAL_LABELS: dict[str, tuple[str, ...]] = {
    group: tuple(c.code for c in CLASSES if c.group == group)
    for group in dict.fromkeys(c.group for c in CLASSES if c.group)
}


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


def _leaf_row(c: CellClass) -> Row:
    return Row(c.code, c.name, (c.code,), c.counts, c.rgb)


def _coarse_row(code: str) -> Row:
    leaves = [c for c in CLASSES if c.row == code]
    counts = all(c.counts for c in leaves)
    return Row(code, ROW_NAMES[code], tuple(c.code for c in leaves), counts, leaves[0].rgb)


def _other(shown: Iterable[str]) -> tuple[Row, ...]:
    """All classes without a row among `shown`; two rows where they lie inside and outside the 100 %."""
    leaves = [c for c in CLASSES if c.row not in shown]
    inside = tuple(c.code for c in leaves if c.counts)
    outside = tuple(c.code for c in leaves if not c.counts)
    rows = []
    if inside:
        rows.append(Row(OTHER, "Other", inside, True, (110, 110, 110)))
    if outside:
        code = OTHER if not inside else "OTHER_OUTSIDE"
        rows.append(Row(code, "Other, outside the count", outside, False, (110, 110, 110)))
    return tuple(rows)


def _roll_up(id: str, name: str, *codes: str) -> RollUp:
    return RollUp(id, name, (*(_coarse_row(code) for code in codes), *_other(codes)))


_FIVE = ("NEUTROPHIL", "LYMPHOCYTE", "MONOCYTE", "EOSINOPHIL", "BASOPHIL")
_EIGHT = tuple(code for code in ROW_NAMES if code not in ("BLAST", "SMUDGE"))

ROLLUPS: dict[str, RollUp] = {
    r.id: r
    for r in (
        RollUp("full", "All classes", tuple(_leaf_row(c) for c in CLASSES)),
        _roll_up("ten", "Ten classes (study of 2021)", *ROW_NAMES),
        _roll_up("pbc8", "Eight classes (PBC)", *_EIGHT),
        _roll_up("five", "Five-part differential", *_FIVE),
    )
}
#: Beside each class the one that it is taken for most often.
TAKEN_FOR: dict[str, str] = {
    "SNE": "BNE", "BNE": "SNE", "LY": "VLY", "VLY": "LY", "MO": "VLY", "EO": "SNE", "BA": "LY", "MMY": "MY",
    "MY": "PMY", "PMY": "BL", "BL": "PMY", "PC": "LY", "ERB": "LY", "SMU": "LY", "PLT": "GPLT", "GPLT": "PLC",
}  # fmt: skip
