"""Names and units of measurements, derived from the column name, which is their only spelling."""

from __future__ import annotations

_UNITS = (("_um2", "um²"), ("_um", "um"))


def unit_of(name: str) -> str:
    """Unit of a measurement column; "" for ratios and counts."""
    for suffix, unit in _UNITS:
        if name.endswith(suffix):
            return unit
    return ""


def label_of(name: str) -> str:
    """Words for a measurement column: an English template for the catalogues ("Cell area")."""
    for suffix, _ in _UNITS:
        name = name.removesuffix(suffix)
    words = name.replace("nc_ratio", "N:C ratio").replace("_od_", " OD, ").replace("_", " ")
    return words[:1].upper() + words[1:]
