"""Names and units of measurements, derived from the column name, which is their only spelling."""

from __future__ import annotations

_UNITS = (("_um2", "um²"), ("_um", "um"))
_RATIOS = {
    "nucleus_cell_ratio": "Nucleus:cell ratio",
    "nucleus_cytoplasm_ratio": "N:C ratio (nucleus:cytoplasm)",
}
# What cases of earlier versions call a measurement -> its name today. Haematology's N:C is nucleus over
# cytoplasm; what the old name held is nucleus over cell.
_FORMER = {"nc_ratio": "nucleus_cell_ratio"}


def today_name(name: str) -> str:
    """The column name of a measurement, from whatever version wrote it."""
    return _FORMER.get(name, name)


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
    if name in _RATIOS:
        return _RATIOS[name]
    words = name.replace("_od_", " OD, ").replace("_", " ")
    return words[:1].upper() + words[1:]
