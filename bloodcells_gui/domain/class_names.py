"""Recognise class names: codes, names in both languages, plurals, without accents, usual synonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES, OTHER, PARTIAL_LABELS, ROLLUPS

# Leaves -> further names, English then French; plurals and missing accents are understood anyway.
# A word used for more than one class ("granulocyte", "atypical cell") is not here on purpose.
_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "SNE": ("seg", "segmented", "segmented granulocyte", "neutrophil segmented", "segmented form",
            "neutrophile segmenté", "polynucléaire neutrophile segmenté", "segmenté", "forme segmentée"),
    "BNE": ("band", "band form", "band cell", "banded neutrophil", "neutrophil band", "stab", "stab cell",
            "neutrophile en bande", "neutrophile non segmenté", "neutrophile bâtonnet", "bâtonnet",
            "polynucléaire neutrophile non segmenté"),
    "SNE BNE": ("neu", "neut", "neutro", "neutrophil granulocyte", "neutrophilic granulocyte",
                "polynucléaire neutrophile", "granulocyte neutrophile", "PNN", "neutrophile"),
    "LY VLY": ("lym", "lymph", "lympho"),
    "VLY": ("variant", "reactive lymphocyte", "atypical lymphocyte", "activated lymphocyte", "virocyte",
            "lymphocyte activé", "lymphocyte réactionnel", "lymphocyte atypique", "lymphocyte variant",
            "lymphocyte hyperbasophile", "lymphocyte stimulé"),
    "MO": ("mon", "mono"),
    "EO": ("eos", "eosin", "eosino", "eosinophil granulocyte", "eosinophilic granulocyte",
           "polynucléaire éosinophile", "granulocyte éosinophile", "PNE", "éosinophile"),
    "BA": ("bas", "baso", "basophil granulocyte", "basophilic granulocyte",
           "polynucléaire basophile", "granulocyte basophile", "PNB", "basophile"),
    "MMY": ("meta", "metamyelo"),
    "MY": ("myelo",),
    "PMY": ("promyelo",),
    "MMY MY PMY": ("immature", "immature granulocyte", "granulocyte immature", "granuleux immature",
                   "myélémie"),
    "BL": ("myeloblast", "monoblast", "lymphoblast", "myéloblaste", "monoblaste", "lymphoblaste",
           "cellule blastique"),
    "PC": ("plasma", "plasmacyte", "plasmocyte", "cellule plasmatique"),
    "ERB": ("NRBC", "normoblast", "nucleated red cell", "nucleated red blood cell", "nucleated RBC",
            "érythroblaste", "normoblaste", "globule rouge nucléé"),
    "SMU": ("smudge", "smudge cell", "smear cell", "basket cell", "Gumprecht shadow", "Gumprecht",
            "ombre de Gumprecht", "ombre nucléaire", "cellule écrasée"),
    "PLT GPLT PLC": ("thrombocyte",),
    "GPLT": ("large platelet", "macrothrombocyte", "macroplatelet", "plaquette géante", "macroplaquette",
             "thrombocyte géant"),
    "PLC": ("platelet aggregate", "platelet clumping", "agrégat plaquettaire", "agrégat de plaquettes",
            "amas de plaquettes", "amas plaquettaire"),
    "ART": ("artefact", "artifact", "artéfact"),
}  # fmt: skip


def leaves_of(label: str) -> tuple[str, ...]:
    """Return the leaves meant by a code, a row's code, a class name or a synonym, in English or French.

    Case, accents, plurals, hyphens and blanks do not matter.

    Raises
    ------
    KeyError
        When nothing is called that.
    """
    upper = label.strip().upper()
    if upper in BY_CODE:
        return (upper,)
    return _names()[_key(label)]


def _key(label: str) -> str:
    """Words without accents, case, plural and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c))
    words = re.findall(r"[a-z0-9]+", plain.lower().replace("œ", "oe"))
    return " ".join(w[:-1] if len(w) > 3 and w.endswith(("s", "x")) else w for w in words)


@lru_cache(maxsize=1)
def _names() -> Mapping[str, tuple[str, ...]]:
    """Normalised name -> leaves; codes and partial labels come first, then finer rows before coarser ones."""
    found: dict[str, tuple[str, ...]] = {}
    for c in CLASSES:
        found[_key(c.code)] = (c.code,)
    for name, leaves in PARTIAL_LABELS.items():
        found.setdefault(_key(name), leaves)
    for rollup in ROLLUPS.values():
        for row in rollup.rows:
            if row.code.startswith(OTHER):
                continue
            for name in (row.code, row.name, tr(row.name, "fr")):
                found.setdefault(_key(name), row.leaves)
                found.setdefault(_key(re.sub(r"\(.*?\)", "", name)), row.leaves)
    for codes, names in _SYNONYMS.items():
        for name in names:
            found.setdefault(_key(name), tuple(codes.split()))
    return found
