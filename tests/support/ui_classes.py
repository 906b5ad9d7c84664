"""Every class of the user interface."""

from __future__ import annotations

import importlib
import pkgutil

import bloodcells_gui.ui


def classes() -> dict[str, type]:
    """Every class of the user interface by its name."""
    found: dict[str, type] = {}
    for info in pkgutil.walk_packages(bloodcells_gui.ui.__path__, "bloodcells_gui.ui."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__ == info.name:
                found[name] = value
    return found
