"""Class names as people write them on folders and in files, in both languages."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.class_names import leaves_of
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.taxonomy import CLASSES, OTHER, ROLLUPS


@pytest.mark.parametrize("c", CLASSES, ids=lambda c: c.code)
def test_every_class_is_known_by_code_and_by_name_in_both_languages(c: object) -> None:
    name = c.name  # type: ignore[attr-defined]
    code = c.code  # type: ignore[attr-defined]
    for written in (code, code.lower(), name, name.upper(), tr(name, "fr"), tr(name, "fr").lower()):
        assert leaves_of(written) == (code,), written
        if len(written) > 4 and not written.endswith(")"):
            assert leaves_of(written + "s") == (code,), written


def test_every_row_is_known_in_both_languages() -> None:
    finest = {row.name: row.leaves for row in reversed([r for u in ROLLUPS.values() for r in u.rows])}
    for name, leaves in finest.items():
        if name.startswith("Other"):
            continue
        assert leaves_of(name) == leaves
        assert leaves_of(tr(name, "fr")) == leaves
    for row in ROLLUPS["ten"].rows:
        if not row.code.startswith(OTHER) and row.code not in ("PLATELET", "LYMPHOCYTE"):
            assert leaves_of(row.code) == row.leaves


@pytest.mark.parametrize(
    ("written", "leaves"),
    [
        ("neutrophiles", "SNE BNE"), ("Polynucléaires neutrophiles", "SNE BNE"), ("PNN", "SNE BNE"),
        ("polynucleaires_eosinophiles", "EO"), ("Éosinophiles", "EO"), ("eosinophile", "EO"),
        ("basophiles", "BA"),
        ("LYMPHOCYTES", "LY"), ("monocytes", "MO"), ("Monocyte ", "MO"), ("plaquettes", "PLT"),
        ("érythroblastes", "ERB"), ("E\u0301rythroblastes", "ERB"), ("blastes", "BL"), ("myélocytes", "MY"),
        ("metamyelocytes", "MMY"), ("Promyélocytes", "PMY"), ("granuleux-immatures", "MMY MY PMY"),
        ("ig", "MMY MY PMY"), ("ombres de Gumprecht", "SMU"), ("smudge cells", "SMU"), ("Artéfacts", "ART"),
        ("artifacts", "ART"), ("plasma cells", "PC"), ("plasmocytes", "PC"), ("band neutrophils", "BNE"),
        ("bâtonnets", "BNE"), ("segs", "SNE"), ("giant_platelets", "GPLT"), ("amas de plaquettes", "PLC"),
        ("lymphocytes atypiques", "VLY"), ("Erythroblast (NRBC)", "ERB"), ("NE", "SNE BNE"),
    ],
)  # fmt: skip
def test_plurals_accents_and_synonyms(written: str, leaves: str) -> None:
    assert leaves_of(written) == tuple(leaves.split())


@pytest.mark.parametrize(
    "written", ["", "cells", "granulocytes", "atypical", "leucocytes", "other", "autres", "A B", "?"]
)
def test_what_may_mean_several_classes_or_none_is_not_guessed(written: str) -> None:
    with pytest.raises(KeyError):
        leaves_of(written)
