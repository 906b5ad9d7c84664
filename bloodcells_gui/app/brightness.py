"""One brightness range for all images of a specimen with more than 8 bits, kept among a run's parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange
from bloodcells_gui.imaging.io.sandbox.images import brightness_of

_PARAMETER = "sample_range"
_WRITTEN = re.compile(r"whole=([0-9.e+-]{1,20}) real=([0-9.e+-]{1,20})")


class HasParameters(Protocol):
    """An analysis run."""

    @property
    def parameters(self) -> Mapping[str, str]: ...


def brightness_in(runs: Iterable[HasParameters]) -> SampleRange:
    """What the first run that met such images found; each image's own where none did."""
    for run in runs:
        found = _WRITTEN.fullmatch(run.parameters.get(_PARAMETER, ""))
        if found is not None:
            values = [_number(text) for text in found.groups()]
            return SampleRange(*values)
    return ITS_OWN


def brightness_for(
    images: Sequence[ImageRef], runs: Iterable[HasParameters], check: Callable[[], None]
) -> SampleRange:
    """The range that earlier runs of the case used, else what the images tell together."""
    known = brightness_in(runs)
    return known if known != ITS_OWN else brightness_of([ref.path for ref in images], check=check)


def as_parameters(brightness: SampleRange) -> dict[str, str]:
    """For the run's provenance; empty where all images have 8 bits."""
    if brightness == ITS_OWN:
        return {}
    return {_PARAMETER: f"whole={brightness.whole:.12g} real={brightness.real:.12g}"}


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value >= 0 else 0.0
