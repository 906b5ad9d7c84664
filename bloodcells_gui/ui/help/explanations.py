"""What a figure, a column or a flag means, in a few plain sentences, with its place in the manual.

Every flag of `domain.cell` and every column of the differential table has a line; tests walk them. Whoever
adds one adds its explanation here.
"""

from __future__ import annotations

from dataclasses import dataclass

from bloodcells_gui.domain import cell as flags
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.ui.differential.model import Column

_TABLE = "technician#the-table"
_EDGE = "technician#where-the-cells-lie"
_WAITS = "technician#3-what-unidentified-means"
_SCALE = "technician#1-open"
_QUEUE = "technician#look-here-first"
_NEVER = "technician#what-the-program-never-proposes"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A name, two to five sentences, and the topic of the manual that says more; texts are templates."""

    name: str
    text: str
    topic: str


COLUMNS: dict[Column, Explanation] = {
    Column.NAME: Explanation(
        N_("Class"),
        N_(
            "One line is one class of cells, or several that your laboratory counts as one. Lines above "
            "the total share the 100 %; those below are counted per 100 leukocytes. A click shows the "
            "class in the gallery."
        ),
        _TABLE,
    ),
    Column.KEY: Explanation(
        N_("Key"),
        N_(
            "This key gives the chosen cells this class. It works while the cells are in sight, on any "
            "keyboard layout. The laboratory can change it with Ctrl+F1."
        ),
        "technician#keys",
    ),
    Column.COUNT: Explanation(
        N_("Count"),
        N_(
            "So many cells of this class count at this moment. Unidentified and excluded cells are not "
            "among them. Every decision changes it at once."
        ),
        _TABLE,
    ),
    Column.SHARE: Explanation(
        N_("Percent"),
        N_(
            "The share of this class in the leukocytes counted. Below the total it is the number per 100 "
            "leukocytes, for example erythroblasts. A dash or an empty place means that there is no common "
            "area to count on."
        ),
        _TABLE,
    ),
    Column.LIMITS: Explanation(
        N_("95 % limits"),
        N_(
            "Had you counted other cells of the same film, the figure would differ by chance alone: in 95 "
            "of 100 films the true share lies within limits made this way. More cells make them narrower; "
            "four times as many halve them. They do not cover cells that are named wrongly."
        ),
        "technician#4-what-the-limits-mean",
    ),
    Column.BAR: Explanation(
        N_("Bar"),
        N_(
            "The bar is the figure of the line, and the thin line through its end spans the 95 % limits. "
            "Where two thin lines overlap widely, the two classes may be equally frequent."
        ),
        _TABLE,
    ),
    Column.ABSOLUTE: Explanation(
        N_("Absolute count"),
        N_(
            "The share times the white cell count that was entered, in 10⁹/L. L and H mark a figure below "
            "or above the reference range of the patient's age and sex. From a number of erythroblasts "
            "that the laboratory sets, the white cell count is corrected first, and a remark says so."
        ),
        _TABLE,
    ),
    Column.EARLIER: Explanation(
        N_("Before"),
        N_(
            "The share in the last signed film of the same patient. ▲ and ▼ mark what is higher or lower now "
            "beyond what chance alone would do. They say nothing of stain or spreading; look at both films "
            "before you call it a change."
        ),
        "technician#the-earlier-film-of-this-patient",
    ),
}

FLAGS: dict[str, Explanation] = {
    flags.FLAG_EDGE: Explanation(
        flags.FLAG_EDGE,
        N_(
            "The edge of the image cuts this cell. What needs its whole outline is not measured: areas, "
            "ratios, lobes. Cells cut by the left or top edge count, so that each cell of a film counts "
            "once."
        ),
        _EDGE,
    ),
    flags.FLAG_OUTSIDE_FRAME: Explanation(
        flags.FLAG_OUTSIDE_FRAME,
        N_(
            "The right or bottom edge of the image cuts this cell, so it lies outside the counting frame "
            "and does not count. Counting on all four sides would favour large cells. Shift+Delete takes "
            "it back in."
        ),
        _EDGE,
    ),
    flags.FLAG_TOUCHING: Explanation(
        flags.FLAG_TOUCHING,
        N_(
            "The outline of this cell touches that of another one. A part of the neighbour may be in its "
            "measurements. Look at the outline before you trust them."
        ),
        "technician#the-chosen-cell",
    ),
    flags.FLAG_OUT_OF_FOCUS: Explanation(
        flags.FLAG_OUT_OF_FOCUS,
        N_(
            "The picture is less sharp than is good for naming: chromatin and granules cannot be told. "
            "Take the class with care. If many cells have this flag, photograph the film again."
        ),
        "technician#the-chosen-cell",
    ),
    flags.FLAG_POOR_PICTURE: Explanation(
        flags.FLAG_POOR_PICTURE,
        N_(
            "The picture is too dark, too pale or too blurred to name a cell, so the cell waits for you. "
            "Name it if you can see what it is, or exclude it."
        ),
        _WAITS,
    ),
    flags.FLAG_BLURRED: Explanation(
        flags.FLAG_BLURRED,
        N_(
            "This cell is so far out of focus that the program's name for it would be a guess, so it waits "
            "for you. Name it if you can see what it is, or exclude it."
        ),
        _WAITS,
    ),
    flags.FLAG_NO_CELL: Explanation(
        flags.FLAG_NO_CELL,
        N_(
            "No outline of a cell was found here. It may be dirt, a broken cell, or a cell that is too "
            "pale. Nothing is measured; name it or exclude it."
        ),
        _WAITS,
    ),
    flags.FLAG_SCALE_UNKNOWN: Explanation(
        flags.FLAG_SCALE_UNKNOWN,
        N_(
            "How many micrometres a pixel has is not known for this image. Sizes are in pixels then, and "
            "what depends on size is less sure. Give the scale: the images are analysed anew as another "
            "case."
        ),
        _SCALE,
    ),
    flags.FLAG_WAITS_FOR_SCALE: Explanation(
        flags.FLAG_WAITS_FOR_SCALE,
        N_(
            "Without a scale the program does not name this cell, because a class is also a size. Give the "
            "scale with the button of the notice, or name the cell yourself."
        ),
        _SCALE,
    ),
    flags.FLAG_SCALE_CONTRADICTED: Explanation(
        flags.FLAG_SCALE_CONTRADICTED,
        N_(
            "The scale in the file and the size of the red cells exclude each other: one of them is wrong. "
            "No cell is named until a person gives the scale. Often an inch was written for a centimetre, "
            "or the objective was another one."
        ),
        _SCALE,
    ),
    flags.FLAG_SCALE_UNSURE: Explanation(
        N_("class depends on the exact scale"),
        N_(
            "Every scale has limits, also one that the files state: point at the scale in the header to "
            "read them. At another scale within these limits this cell would have another class. So it "
            "waits for you. If you know the scale better, give it: fewer cells wait then."
        ),
        _SCALE,
    ),
    flags.FLAG_BY_HAND: Explanation(
        N_("added by hand"),
        N_(
            "A person added this cell where the program had missed one. It was outlined and named at once, "
            "and the history says by whom. It counts like any other cell."
        ),
        _EDGE,
    ),
    flags.FLAG_UNLIKE_TRAINING: Explanation(
        flags.FLAG_UNLIKE_TRAINING,
        N_(
            "The models have seen no cell like this one, so what they say of it is worth little. The cell "
            "waits for you. Rare cells look like this, but so do dirt, stain and broken cells."
        ),
        _WAITS,
    ),
    flags.FLAG_GIANT_PLATELET: Explanation(
        flags.FLAG_GIANT_PLATELET,
        N_(
            "This platelet is larger than the red cells around it, above about 7 µm, and is proposed as a "
            "giant platelet. It is measured, not recognised: the models know no giant platelets. Look "
            "whether it is one body."
        ),
        _NEVER,
    ),
    flags.FLAG_GIANT_OR_CLUMP: Explanation(
        flags.FLAG_GIANT_OR_CLUMP,
        N_(
            "The outline is larger than a red cell but may be that of several platelets. A clump makes the "
            "analyser's platelet count too low. You decide: giant platelet, clump, or platelet."
        ),
        _NEVER,
    ),
    flags.FLAG_PLASMA_LOOK: Explanation(
        flags.FLAG_PLASMA_LOOK,
        N_(
            "The nucleus lies far from the middle and the cytoplasm is deep blue, as in plasma cells. No "
            "model here was taught plasma cells, so the cell waits for you, whatever the network called it."
        ),
        _NEVER,
    ),
    flags.FLAG_OUTLINE_MENDED: Explanation(
        flags.FLAG_OUTLINE_MENDED,
        N_(
            "A person drew the outline of this cell or of its nucleus anew. Its measurements follow the "
            "new outline; the old ones stay in the history. The class that the program proposed is the one "
            "from before."
        ),
        "technician#the-chosen-cell",
    ),
    flags.FLAG_LOOK_FIRST: Explanation(
        flags.FLAG_LOOK_FIRST,
        N_(
            "This cell may be a blast, whatever it is called at the moment. A small suspicion is enough to "
            "be shown here, so most of these cells are none. It leaves the queue when you decide on it; F7 "
            "goes to the next. An empty queue excludes no blast."
        ),
        _QUEUE,
    ),
}

#: Figures, remarks and words in the header, by a name of their own.
FIGURES: dict[str, Explanation] = {
    "counted": Explanation(
        N_("100 or 200 cells: counted and target"),
        N_(
            "So many leukocytes are in the table, of the target that the laboratory or the form sets. 100 "
            "cells do for a usual differential; count 200 or more where a rare class decides. A class that "
            "is not among 100 cells may still be 3.6 % of them, not among 200 cells 1.8 %."
        ),
        "technician#100-or-200-cells",
    ),
    "unidentified": Explanation(
        N_("Unidentified"),
        N_(
            "The program abstains where it is uncertain or where a cell is unlike anything that it "
            "learned. These cells count nowhere until you name or exclude them. As long as one waits, the "
            "report is preliminary and cannot be signed; N goes to the next."
        ),
        _WAITS,
    ),
    "reviewed": Explanation(
        N_("Reviewed"),
        N_(
            "The share of all cells that a person has decided on: confirmed, renamed or excluded. The "
            "others are proposals of the program. A signature asks about them, as the laboratory chose; U "
            "goes to the next."
        ),
        "technician#2-review",
    ),
    "look first": Explanation(
        N_("Look here first"),
        N_(
            "So many cells may be blasts and were not decided on yet, the most suspicious first. A small "
            "suspicion is enough, so most of them are none. Begin here: the button or F7 goes from one to "
            "the next. An empty queue excludes no blast."
        ),
        _QUEUE,
    ),
    "left shift": Explanation(
        N_("Left shift"),
        N_(
            "A remark names it when bands reach the laboratory's limit. Immature granulocytes have a "
            "remark of their own as soon as there is one; blasts are never among them. Experts, too, "
            "divide over bands and segmented forms: read both lines together."
        ),
        "technician#left-shift",
    ),
    "estimate": Explanation(
        N_("Platelets, estimate by field"),
        N_(
            "Platelets per oil field times the laboratory's factor give about their number per litre, if "
            "the film is even. The remark says what the figure is made of. It is no count and has no "
            "limits; a clump or an uneven film spoils it."
        ),
        "technician#estimates-by-field",
    ),
    "scale": Explanation(
        N_("Scale uncertain"),
        N_(
            "Micrometres per pixel come from a person, from the files, or from the size of red cells or "
            "leukocytes. An estimate has limits: point at the scale in the header to read them. Cells "
            "whose class depends on it wait. Whoever knows the scale gives it, and the images are analysed "
            "anew as another case."
        ),
        _SCALE,
    ),
    "unfamiliar": Explanation(
        N_("Unfamiliar look"),
        N_(
            "Stain, light or camera differ from those that the models learned from, or the cells changed "
            "their proposals much when they were looked at together. All proposals are less certain then, "
            "also those that seem sure. Review every cell, and ask for a calibration to your laboratory."
        ),
        _WAITS,
    ),
    "preliminary": Explanation(
        N_("Preliminary"),
        N_(
            "Cells still wait as Unidentified and count nowhere, so the figures can change. The report "
            "carries this word on every page and cannot be signed. Name or exclude these cells and the "
            "word goes."
        ),
        _WAITS,
    ),
    "incomplete": Explanation(
        N_("Incomplete"),
        N_(
            "The analysis did not reach its end: somebody stopped it, or images went away. What it found "
            "is kept and counts. File, Continue the analysis goes on from there."
        ),
        "technician#1-open",
    ),
    "synthetic": Explanation(
        N_("Synthetic"),
        N_(
            "The program has drawn these cells to practise on. They belong to nobody, and their report "
            "says so."
        ),
        "technician#1-open",
    ),
}


def explanations() -> dict[str, Explanation]:
    """All of them by their key: `column NAME`, the words of a flag, or the name of a figure."""
    columns = {f"column {column.name}": found for column, found in COLUMNS.items()}
    return columns | FIGURES | FLAGS


#: Which keys belong to which view (class names, as in `ui.help.topics`), the first chosen at once.
HERE: dict[str, tuple[str, ...]] = {
    "DifferentialPanel": (
        "column LIMITS", *(f"column {c.name}" for c in Column if c is not Column.LIMITS),
        "counted", "unidentified", "reviewed", "look first", "left shift", "estimate",
    ),
    "CaseHeader": ("scale", "unfamiliar", "preliminary", "incomplete", "synthetic"),
    "GalleryPanel": ("unidentified", flags.FLAG_LOOK_FIRST),
    "InspectorPanel": ("unidentified",),
    "SlidePanel": (flags.FLAG_EDGE, flags.FLAG_OUTSIDE_FRAME),
    "EmptyState": ("scale", "synthetic"),
    "CounterPanel": ("counted",),
    "SignDialog": ("unidentified", "look first", "counted", "preliminary"),
    "OpenOptionsDialog": ("scale", "counted"),
}  # fmt: skip
