"""What a classifier proposes of each class: derived from its card, kept in it, checked, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from bloodcells_gui.domain.proposal_table import (
    FEWEST_REAL_CELLS,
    Proposed,
    derived_table,
    how_proposed,
    never_proposed,
    table_of,
    to_card,
)
from bloodcells_gui.domain.proposal_texts import HEADS, NEVER, cells_of_row, never_text, training_text
from bloodcells_gui.domain.taxonomy import CLASSES


def a_card() -> dict[str, Any]:
    """A card of a network with five classes, trained on two sets and cells made from them."""
    recall = {"n": 40, "recall": 0.9, "recall95": [0.76, 0.97]}
    return {
        "classes": ["SNE", "BNE", "LY", "SMU", "PLT"],
        "training_data": [
            {"set": "pbc", "labels": {"SNE": 300, "NE": 50, "LY": 200, "VLY": 8, "PLT": 120}},
            {"set": "lmu", "labels": {"SMU": 9, "BNE": 120}},
            {"set": "made", "labels": {"SMU": 1000, "LY": 30}},
        ],
        "evaluation": {
            "sets": {
                "pbc": {"role": "test, own site", "fine": {"per_class": {"LY": {"n": 60}}}},
                "tecom": {"role": "independent", "fine": {"per_class": {"LY": recall | {"n": 4}}}},
            },
            "leave_one_site_out": {
                "raabin": {"fine": {"per_class": {"LY": recall}}},
                "pbc": {"fine": {"per_class": {"LY": recall | {"n": 300}}}},
                "bccd": {"fine": None},
            },
        },
    }


def test_every_class_has_a_row_that_follows_from_network_and_counts() -> None:
    table = {row.code: row for row in derived_table(a_card())}
    assert list(table) == [c.code for c in CLASSES]
    assert (table["SNE"].how, table["SNE"].training_cells, table["SNE"].partial_cells) == (
        Proposed.BY_MODEL, 300, 50,
    )  # fmt: skip
    assert (table["SMU"].how, table["SMU"].training_cells, table["SMU"].made_cells) == (
        Proposed.FROM_FEW, 9, 1000,
    )  # fmt: skip
    assert (table["VLY"].how, table["VLY"].training_cells) == (Proposed.ROLLS_UP, 8)
    assert table["VLY"].rolls_up_to == "LYMPHOCYTE"
    assert table["PC"].how is table["MO"].how is Proposed.BY_HAND
    assert (table["LY"].held_out_cells, [r.site for r in table["LY"].recalls]) == (60, ["pbc", "raabin"])


def test_counts_decide_from_where_on_a_class_is_taught() -> None:
    assert how_proposed("SMU", ["SMU"], FEWEST_REAL_CELLS) is Proposed.BY_MODEL
    assert how_proposed("SMU", ["SMU"], FEWEST_REAL_CELLS - 1) is Proposed.FROM_FEW
    assert how_proposed("SMU", ["SMU"]) is Proposed.BY_MODEL
    assert how_proposed("SMU", ["LY"]) is Proposed.BY_HAND


def test_what_stands_in_the_card_is_read_back() -> None:
    card = a_card()
    table = derived_table(card)
    card["proposals"] = to_card(table)
    del card["training_data"], card["evaluation"]
    assert table_of(card) == table


DAMAGE = {
    "no list": "all",
    "a class twice": lambda t: [*t, t[0]],
    "a class of the network missing": lambda t: t[1:],
    "by hand, though the network knows it": lambda t: [t[0] | {"how": "by hand"}, *t[1:]],
    "an unknown class": lambda t: [*t, t[0] | {"code": "UNICORN"}],
    "an unknown way": lambda t: [t[0] | {"how": "guesses"}, *t[1:]],
    "a negative count": lambda t: [t[0] | {"training_cells": -1}, *t[1:]],
    "a count of words": lambda t: [t[0] | {"made_cells": "many"}, *t[1:]],
    "a recall above one": lambda t: [
        t[0] | {"recall_left_out": [{"site": "x", "cells": 9, "value": 2, "limits95": [0, 1]}]}, *t[1:],
    ],
    "a recall without limits": lambda t: [
        t[0] | {"recall_left_out": [{"site": "x", "cells": 9, "value": 0.5}]}, *t[1:],
    ],
}  # fmt: skip


@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_table_is_refused(change: Any) -> None:
    card = a_card()
    kept = to_card(derived_table(card))
    card["proposals"] = change(kept) if callable(change) else change
    with pytest.raises(ValueError):
        table_of(card)


@pytest.mark.parametrize("nonsense", ["x", 3, [3], {"pbc": 1}, [{"set": 1, "labels": {"LY": "many"}}]])
def test_what_nothing_has_checked_leaves_a_table_without_counts(nonsense: Any) -> None:
    card = a_card() | {"training_data": nonsense, "evaluation": nonsense}
    table = {row.code: row for row in derived_table(card)}
    assert (table["LY"].training_cells, table["LY"].recalls) == (0, ())


def test_what_is_never_proposed_is_named_with_cells_that_have_no_class() -> None:
    names = never_proposed([c.code for c in CLASSES if c.code not in ("PC", "GPLT")])
    assert names == ("Plasma cell", "Giant platelet", "Promonocyte")
    assert never_proposed([c.code for c in CLASSES if c.code != "GPLT"], {"GPLT"}) == ("Promonocyte",)
    assert never_text(names) == "Never proposes: plasma cell, giant platelet, promonocyte"
    assert never_text(names, "fr") != never_text(names)
    assert never_text(()) == ""
    assert "{names}" in NEVER


def test_a_row_in_words() -> None:
    table = {row.code: row for row in derived_table(a_card())}
    assert len(cells_of_row(table["LY"])) == len(HEADS)
    assert cells_of_row(table["VLY"])[1] == "only rolls up, as lymphocyte"
    assert training_text(table["SNE"]) == "300 + 50 with a coarser label"
    assert training_text(table["SMU"]) == "9 + 1000 made"
    assert cells_of_row(table["LY"])[4] == "pbc 90 % (76–97, n = 300), raabin 90 % (76–97, n = 40)"
    assert cells_of_row(table["PC"])[4] == "not measured"
    assert "90 %" in cells_of_row(table["LY"], "fr")[4]
