"""Morphology grades by hand: the ICSH list, its thresholds editable.

After ICSH recommendations (Palmer et al., Int J Lab Hematol 2015); the numbers are recalled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bloodcells_gui.domain import validation
from bloodcells_gui.domain.i18n import N_

GRADES = ("", "1+", "2+", "3+", N_("present"))
GRADE_GROUPS = (N_("red cells"), N_("white cells"), N_("platelets"))


@dataclass(frozen=True, slots=True)
class GradeItem:
    """One feature that a person grades.

    `moderate_from` and `many_above` are percent of the cells of its group: 2+ from the first, 3+ above the
    second; None where the feature is only present or absent.
    """

    id: str = field(metadata=validation.text(60))
    name: str = field(metadata=validation.text(80))
    group: str = field(default="red cells", metadata=validation.choice(*GRADE_GROUPS))
    moderate_from: float | None = field(default=None, metadata=validation.number(0, 100, optional=True))
    many_above: float | None = field(default=None, metadata=validation.number(0, 100, optional=True))
    enabled: bool = field(default=True, metadata=validation.flag())

    def __post_init__(self) -> None:
        low, high = self.moderate_from, self.many_above
        if (low is None) != (high is None) or (low is not None and high is not None and low > high):
            raise ValueError(N_("2+ must begin below 3+, and both or neither need a number"))

    def grade(self, percent: float) -> str:
        """Grade of a share in %; 0 is not graded."""
        if percent <= 0:
            return ""
        if self.moderate_from is None or self.many_above is None:
            return "present"
        if percent > self.many_above:
            return "3+"
        return "2+" if percent >= self.moderate_from else "1+"


def _red(moderate: float | None, many: float | None, *names: str) -> tuple[GradeItem, ...]:
    return tuple(GradeItem(_id(n), n, "red cells", moderate, many) for n in names)


def _id(name: str) -> str:
    return name.lower().replace(" ", "-").replace("(", "").replace(")", "")


DEFAULT_GRADING: tuple[GradeItem, ...] = (
    *_red(11, 20, "Anisocytosis", "Macrocytosis", "Microcytosis", "Hypochromia"),
    *_red(5, 20, "Polychromasia", "Acanthocytes", "Echinocytes", "Elliptocytes", "Ovalocytes", "Spherocytes",
          "Stomatocytes", "Target cells", "Teardrop cells", "Basophilic stippling"),
    *_red(1, 2, "Sickle cells", "Bite cells", "Blister cells", "Irregularly contracted cells"),
    *_red(1, 2, "Schistocytes"),
    *_red(2, 3, "Howell-Jolly bodies", "Pappenheimer bodies"),
    *_red(None, None, "Rouleaux", "Agglutination"),
    GradeItem("doehle-bodies", "Döhle bodies", "white cells", 2, 4),
    GradeItem("toxic-granulation", "Toxic granulation", "white cells", 4, 8),
    GradeItem("toxic-vacuolation", "Toxic vacuolation", "white cells", 4, 8),
    GradeItem("hypogranular-neutrophils", "Hypogranular neutrophils", "white cells", 4, 8),
    GradeItem("hypersegmented-neutrophils", "Hypersegmented neutrophils", "white cells", 4, 6),
    GradeItem("auer-rods", "Auer rods", "white cells"),
    GradeItem("giant-platelets", "Giant platelets", "platelets", 11, 20),
    GradeItem("platelet-clumps", "Platelet clumps", "platelets"),
    GradeItem("platelet-satellitism", N_("Platelet satellitism"), "platelets"),
)  # fmt: skip
