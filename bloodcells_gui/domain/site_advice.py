"""What looks wrong with a laboratory's light, stain and scale, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.specimen import ASKS_FOR_SCALE, ScaleSource

if TYPE_CHECKING:
    from bloodcells_gui.domain.site_check import Reading

BLANK_LEVEL, BLANK_TINT, BLANK_SEEN = "blank_level", "blank_tint", "blank_seen"
NUCLEUS_DENSITY, CELL_DIAMETER = "nucleus_od", "cell_diameter_um"
SCALE_SPREAD, BLURRED, UNLIKE = "scale_spread", "blurred", "unlike"


@dataclass(frozen=True, slots=True)
class Kind:
    """A reading: its name and unit (translation keys), decimals, and what it is multiplied by to be shown."""

    name: str
    unit: str
    decimals: int
    times: float = 1.0


KINDS: Mapping[str, Kind] = {
    BLANK_LEVEL: Kind(N_("Blank field, brightness (0 to 255)"), "", 0),
    BLANK_TINT: Kind(N_("Blank field, strongest over weakest colour"), "", 2),
    BLANK_SEEN: Kind(N_("Pictures with a blank field"), "%", 0, 100),
    NUCLEUS_DENSITY: Kind(N_("Nuclei, density in red"), "OD", 2),
    CELL_DIAMETER: Kind(N_("Cells with a nucleus, diameter"), "µm", 1),
    SCALE_SPREAD: Kind(N_("Scale, uncertainty"), "%", 0, 100),
    BLURRED: Kind(N_("Cells out of focus"), "%", 0, 100),
    UNLIKE: Kind(N_("Cells unlike the training data"), "%", 0, 100),
}

#: From so many on it is said: shares of the cells, spread of the scale.
MOST_BLURRED, MOST_UNLIKE, MOST_SPREAD = 0.10, 0.05, 0.10


@dataclass(frozen=True, slots=True)
class Advice:
    """What is wrong and what to do, as translation keys."""

    wrong: str
    to_do: str


ADVICE: Mapping[str, Advice] = {
    "no scale": Advice(
        N_("The scale is a guess: neither a file nor the red cells give it."),
        N_("Photograph a stage micrometre and give the micrometres per pixel by hand."),
    ),
    "scale contradicted": Advice(
        N_("The scale in the files and the size of the cells exclude each other."),
        N_("Find out which is right, and give the micrometres per pixel by hand."),
    ),
    "scale unsure": Advice(
        N_("The scale is known only roughly."),
        N_("Give the micrometres per pixel by hand: they are a property of objective and camera."),
    ),
    "cells small": Advice(
        N_("The cells measure smaller than in any known laboratory."),
        N_("Check the scale, and whether the area was too thick or the film dried slowly."),
    ),
    "cells large": Advice(
        N_("The cells measure larger than in any known laboratory."),
        N_("Check the scale, and whether the area was too thin."),
    ),
    "dark": Advice(
        N_("The blank field is darker than in any known laboratory."),
        N_("Give more light or a longer exposure, until the blank field is light grey."),
    ),
    "bright": Advice(
        N_("The blank field is brighter than in any known laboratory."),
        N_("Give less light: what is white through and through has lost the pale colours."),
    ),
    "tinted": Advice(
        N_("The blank field is more coloured than in any known laboratory."),
        N_("Set the camera's white balance on an empty place of the slide."),
    ),
    "pale": Advice(
        N_("The nuclei are paler than in any known laboratory."),
        N_("Check azure, time and pH of the stain, and whether the pictures were brightened."),
    ),
    "dense": Advice(
        N_("The nuclei are darker than in any known laboratory."),
        N_("Check azure, time and pH of the stain, and whether the contrast was raised."),
    ),
    "blurred": Advice(
        N_("Many cells are out of focus."),
        N_("Focus anew, check oil, cover glass and lens; photograph these fields again."),
    ),
    "unlike": Advice(
        N_("Many cells look like nothing that the models learned from."),
        N_("Look at them first: a precipitate, drying or another specimen than blood?"),
    ),
}
_OF_READING: Mapping[tuple[str, int], str] = {
    (BLANK_LEVEL, -1): "dark", (BLANK_LEVEL, 1): "bright", (BLANK_TINT, 1): "tinted",
    (NUCLEUS_DENSITY, -1): "pale", (NUCLEUS_DENSITY, 1): "dense",
    (CELL_DIAMETER, -1): "cells small", (CELL_DIAMETER, 1): "cells large",
}  # fmt: skip
_FROM = {
    BLURRED: (MOST_BLURRED, "blurred"),
    UNLIKE: (MOST_UNLIKE, "unlike"),
    SCALE_SPREAD: (MOST_SPREAD, "scale unsure"),
}


def advice_on(readings: tuple[Reading, ...], source: str) -> tuple[str, ...]:
    """Codes of :data:`ADVICE` that the readings and the source of the scale call for, in its order."""
    said = set()
    if source == ScaleSource.CONTRADICTED:
        said.add("scale contradicted")
    elif source in ASKS_FOR_SCALE:
        said.add("no scale")
    for reading in readings:
        code = _OF_READING.get((reading.code, reading.odd))
        least, of_share = _FROM.get(reading.code, (float("inf"), ""))
        if code is not None:
            said.add(code)
        if reading.value > least:
            said.add(of_share)
    if said & {"no scale", "scale contradicted"}:
        said.discard("scale unsure")
    return tuple(code for code in ADVICE if code in said)
