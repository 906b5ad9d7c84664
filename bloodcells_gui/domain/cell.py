"""A cell as the models proposed it. A reviewer's decision never overwrites it (see review.py)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.i18n import N_, tr

# Flags a cell may carry; plain strings because they go into files.
FLAG_EDGE = N_("cut by the edge")
#: Of a cell that the right or bottom edge of a field or slide cuts: it counts only when a person restores it.
FLAG_OUTSIDE_FRAME = N_("outside the counting frame")
FLAG_TOUCHING = N_("touching")
FLAG_OUT_OF_FOCUS = N_("out of focus")
FLAG_POOR_PICTURE = N_("picture too poor")
#: Of a nucleated cell so far out of focus that it is not named; "out of focus" is the milder flag.
FLAG_BLURRED = N_("too blurred to be named")
FLAG_NO_CELL = N_("no cell found")
FLAG_SCALE_UNKNOWN = N_("scale unknown")
# The flags of cells that are not named for want of a scale.
FLAG_WAITS_FOR_SCALE = N_("waits for a scale")
FLAG_SCALE_CONTRADICTED = N_("scale contradicted")
FLAG_SCALE_UNSURE = N_("scale unsure")
FLAG_BY_HAND = N_("added by hand")
FLAG_UNLIKE_TRAINING = N_("unlike the training data")
#: Of platelets, measured against the red cells around: one body, or an outline that may be several.
FLAG_GIANT_PLATELET = N_("larger than the red cells around it")
FLAG_GIANT_OR_CLUMP = N_("giant platelet or clump")
#: The look of a plasma cell, which no classifier here proposes.
FLAG_PLASMA_LOOK = N_("eccentric nucleus, deep blue cytoplasm")
#: Set when a cell is shown or exported, never stored with it (see `with_outline`).
FLAG_OUTLINE_MENDED = N_("outline mended by a person")
#: Computed whenever a cell is read, never stored (see `domain/suspicion.py`).
FLAG_LOOK_FIRST = N_("look here first")

# What is read in place of a flag that is kept in cases and tables: a scale may well be known, and the class
# of a cell change within its limits.
_SAID = {FLAG_SCALE_UNSURE: N_("class depends on the exact scale")}


def flag_text(flag: str, lang: str = "en") -> str:
    """A flag as persons read it; cases and the keys of tables have `flag` itself."""
    return tr(_SAID.get(flag, flag), lang)


#: Cells added by hand count from here, so that they never meet the ids of a run that is still going on.
FIRST_HAND_ID = 1_000_000_000
#: Red cells count from here, so that an act on red cells never names a cell of the differential.
FIRST_RED_CELL_ID = 2**44
#: With one of these a cell is not named whatever the networks say; "scale unknown" alone is of older cases.
FOR_WANT_OF_SCALE = frozenset({FLAG_WAITS_FOR_SCALE, FLAG_SCALE_CONTRADICTED, FLAG_SCALE_UNSURE})


def cell_number(cell_id: int) -> str:
    """What a person reads as the number of a cell: H1, H2 ... for those that were added by hand, R1, R2 ...
    for red cells.
    """
    if cell_id >= FIRST_RED_CELL_ID:
        return f"R{cell_id - FIRST_RED_CELL_ID + 1}"
    return f"H{cell_id - FIRST_HAND_ID + 1}" if cell_id >= FIRST_HAND_ID else str(cell_id)


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned box in full-resolution pixels of its image; x, y is the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """x, y of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One detected object of interest, as the models saw it.

    Attributes
    ----------
    id : int
        Unique within a case, in order of finding, across runs.
    image : int
        Index into the specimen's images.
    box_px : Box
        In the image at full resolution.
    mpp : float
        um per pixel used for this cell (NaN when unknown).
    predicted : str
        Best leaf code, whatever the status.
    probability : float
        Calibrated probability of `predicted`, 0 to 1.
    abstained : bool
        The model declined: the cell waits as Unidentified until a person decides.
    uncertainty : float
        0 (certain) to 1; the gallery's sorting key.
    scores : ndarray of float32, shape (K,)
        Calibrated leaf probabilities in the order of the run's `classes`; they sum to 1.
    measurements : ndarray of float32, shape (M,)
        In the order of the run's `measurement_names`; NaN where undefined.
    focus : float
        Relative focus measure, larger is sharper.
    flags : tuple of str
        See the FLAG_ constants.
    run : int
        Which analysis run found it (0 = first); -1 for cells added by hand without a run.
    suspicion : float
        0 to 1: how much speaks for a blast; cells shown first are sorted by it (`domain/suspicion.py`).
    """

    id: int
    image: int
    box_px: Box
    mpp: float
    predicted: str
    probability: float
    abstained: bool
    uncertainty: float
    scores: NDArray[np.float32]
    measurements: NDArray[np.float32]
    focus: float = float("nan")
    flags: tuple[str, ...] = ()
    run: int = 0
    suspicion: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class CellAssets:
    """What is kept in the case beside a cell so that it can be shown without its image.

    Attributes
    ----------
    thumbnail : bytes
        JPEG (square, RGB) of a window that holds both the segmenter's and the classifier's, at least as fine
        as the classifier's scale. In cases of version 0.1 both are the window itself.
    mask : bytes
        8-bit PNG of the same window: 0 background, 1 cytoplasm, 2 nucleus.
    crop_px : tuple of float
        The window in the image: x, y of its top left corner and its side, full-resolution px.
    embedding : ndarray of float16, shape (D,)
        The classifier's embedding, for similarity, the map and calibration.
    """

    thumbnail: bytes
    mask: bytes
    crop_px: tuple[float, float, float]
    embedding: NDArray[np.float16] = field(default_factory=lambda: np.zeros(0, np.float16))


@dataclass(frozen=True, slots=True, eq=False)
class MendedOutline:
    """An outline of a cell and its nucleus that a person drew, with what is measured of it.

    Attributes
    ----------
    id : int
        Unique within a case, from 1 on; events name it.
    cell : int
    box_px : Box
        Of the outline, in the image at full resolution.
    measurements : ndarray of float32, shape (M,)
        In the order of the cell's own; NaN where undefined.
    """

    id: int
    cell: int
    box_px: Box
    measurements: NDArray[np.float32]


def with_outline(cell: Cell, outline: MendedOutline) -> Cell:
    """The cell as a person outlined it: box, measurements and a flag change, the proposal does not."""
    flags = cell.flags if FLAG_OUTLINE_MENDED in cell.flags else (*cell.flags, FLAG_OUTLINE_MENDED)
    return replace(cell, box_px=outline.box_px, measurements=outline.measurements, flags=flags)
