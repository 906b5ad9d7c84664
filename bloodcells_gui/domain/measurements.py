"""Names and units of measurements, derived from the column name, which is their only spelling."""

from __future__ import annotations

from bloodcells_gui.domain.i18n import N_

_UNITS = (("_um2", "um²"), ("_um", "um"))
_LABELS = {
    "cell_area": N_("Cell area"),
    "nucleus_area": N_("Nucleus area"),
    "cytoplasm_area": N_("Cytoplasm area"),
    "equivalent_diameter": N_("Equivalent diameter"),
    "perimeter": N_("Perimeter"),
    "circularity": N_("Circularity"),
    "solidity": N_("Solidity"),
    "nucleus_circularity": N_("Nucleus circularity"),
    "nucleus_solidity": N_("Nucleus solidity"),
    "nucleus_lobes": N_("Nucleus lobes"),
    "granularity": N_("Granularity"),
    "nucleus_granularity": N_("Nucleus granularity"),
    "nucleus_od_red": N_("Nucleus OD, red"),
    "nucleus_od_green": N_("Nucleus OD, green"),
    "nucleus_od_blue": N_("Nucleus OD, blue"),
    "cytoplasm_od_red": N_("Cytoplasm OD, red"),
    "cytoplasm_od_green": N_("Cytoplasm OD, green"),
    "cytoplasm_od_blue": N_("Cytoplasm OD, blue"),
    "nucleus_haematoxylin": N_("Nucleus haematoxylin"),
    "cytoplasm_eosin": N_("Cytoplasm eosin"),
    "focus": N_("Focus"),
    "nucleus_offset": N_("Nucleus offset (0 = central)"),
    "diameter": N_("Diameter"),
    "area": N_("Area"),
    "elongation": N_("Elongation"),
    "pallor": N_("Central pallor (share of the diameter)"),
    "pallor_depth": N_("Depth of the central pallor"),
    "density": N_("Density"),
    "nucleus_cell_ratio": N_("Nucleus:cell ratio"),
    "nucleus_cytoplasm_ratio": N_("N:C ratio (nucleus:cytoplasm)"),
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


def known_label(name: str) -> bool:
    """Whether a column is a measurement that has words of its own."""
    for suffix, _ in _UNITS:
        name = name.removesuffix(suffix)
    return name in _LABELS


def label_of(name: str) -> str:
    """Words for a measurement column: an English template for the catalogues ("Cell area")."""
    for suffix, _ in _UNITS:
        name = name.removesuffix(suffix)
    if name in _LABELS:
        return _LABELS[name]
    words = name.replace("_od_", " OD, ").replace("_", " ")
    return words[:1].upper() + words[1:]
