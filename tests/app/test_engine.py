from __future__ import annotations

from dataclasses import replace

import pytest

from bloodcells_gui.app.engine import _check_windows, select_bundles
from bloodcells_gui.domain.errors import BundleRefused


def test_the_shipped_bundles_go_together() -> None:
    chosen = select_bundles()
    _check_windows(chosen["classify"], chosen["segment"])


@pytest.mark.parametrize("change", [{"size_px": 160}, {"um_per_px": 0.172}, {"um_per_px": 0.3}])
def test_networks_may_look_at_different_windows(change: dict[str, float]) -> None:
    chosen = select_bundles()
    other = replace(chosen["segment"], input=replace(chosen["segment"].input, **change))
    _check_windows(chosen["classify"], other)


@pytest.mark.parametrize("change", [{"size_px": 0}, {"size_px": 1024}, {"um_per_px": 0.02}])
def test_windows_of_quite_another_size_are_refused(change: dict[str, float]) -> None:
    chosen = select_bundles()
    other = replace(chosen["segment"], input=replace(chosen["segment"].input, **change))
    with pytest.raises(BundleRefused, match="do not go together"):
        _check_windows(chosen["classify"], other)
