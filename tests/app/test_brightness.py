"""The range of brightness that a run keeps is the one that later runs and the window read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from bloodcells_gui.app.brightness import as_parameters, brightness_in
from bloodcells_gui.imaging.io.pixels import ITS_OWN, SampleRange


@dataclass(frozen=True)
class Run:
    parameters: Mapping[str, str]


@pytest.mark.parametrize(
    "found", [SampleRange(4095.0), SampleRange(65535.0, 5e-05), SampleRange(0.0, 2.5e20)]
)
def test_a_range_reads_back(found: SampleRange) -> None:
    assert brightness_in([Run({}), Run(as_parameters(found))]) == found


@pytest.mark.parametrize("written", ["", "whole=x real=1", "whole=1", "whole=1e999 real=-1"])
def test_nonsense_is_no_range(written: str) -> None:
    assert brightness_in([Run({"sample_range": written})]) == ITS_OWN
