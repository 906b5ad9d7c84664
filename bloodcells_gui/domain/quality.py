"""What a film says of stain, camera and naming: figures of one case that are followed over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.specimen import number_key


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is followed.

    `label` and `unit` are translation keys; `decimals` how it is written; `about` says what a change means.
    """

    code: str
    label: str
    unit: str
    decimals: int
    about: str

    @property
    def possible(self) -> tuple[float, float]:
        """The least and the largest value there can be: none is negative, none of a hundred beyond it."""
        return 0.0, 100.0 if self.unit == "%" else math.inf


RED_COLOUR, RED_SIZE, NUCLEUS, FOCUS = "red_cell_od", "red_cell_px", "nucleus_od", "focus"
UNNAMED, AGREED, SECOND = "unidentified", "agreed", "second_reader"

FIGURES: tuple[Figure, ...] = (
    Figure(
        RED_COLOUR, N_("Red cells, density in green"), N_("OD"), 3,
        N_("eosin of the stain, its pH and time, the light of the microscope"),
    ),
    Figure(
        RED_SIZE, N_("Red cells, diameter"), "px", 1,
        N_("objective, camera and its binning; the size of the cells where many films move"),
    ),
    Figure(
        NUCLEUS, N_("Nuclei of neutrophils, density in red"), "OD", 3,
        N_("azure of the stain, its pH, time and age"),
    ),
    Figure(FOCUS, N_("Sharpness"), "", 2, N_("focus, oil, a dirty lens")),
    Figure(UNNAMED, N_("Unidentified"), "%", 1, N_("films unlike those that the model has learned from")),
    Figure(AGREED, N_("Reviewers agree with the proposal"), "%", 1, N_("the model, or the reviewers")),
    Figure(SECOND, N_("Second readers agree"), "%", 1, N_("the reviewers")),
)  # fmt: skip
BY_FIGURE: Mapping[str, Figure] = {figure.code: figure for figure in FIGURES}


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """The figures of one case.

    Attributes
    ----------
    path : Path
    specimen : str
        Its number.
    time : str
        When it was analysed (UTC, ISO 8601).
    values : mapping
        Code of :data:`FIGURES` -> value; what could not be measured is not there.
    model : str
        The classifier, and the profile of the laboratory where there is one.
    camera : str
        What its files tell of the camera: kind, format, size, scale.
    """

    path: Path
    specimen: str
    time: str
    values: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    camera: str = ""


def control_of(specimen: str, controls: tuple[str, ...]) -> str:
    """The name of the control slide that a case is of; "" for a patient's.

    A control slide's name is its specimen number, or begins it ("CONTROL-A", "CONTROL-A 2026-11-30").
    """
    number = _plain(specimen)
    for name in controls:
        key = _plain(name)
        rest = number.removeprefix(key)
        if key and number.startswith(key) and not rest[:1].isalnum():
            return name
    return ""


def _plain(text: str) -> str:
    """As :func:`~bloodcells_gui.domain.specimen.number_key`, but a blank still ends a name."""
    return " ".join(key for part in text.split() if (key := number_key(part)))
