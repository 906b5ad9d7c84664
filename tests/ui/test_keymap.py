"""Which key does what: defaults and the laboratory's own."""

from __future__ import annotations

from bloodcells_gui.ui.keymap import KeyMap


def test_a_bad_key_falls_back_and_is_named() -> None:
    keys = KeyMap({"SNE": "N", "LY": "1", "XX": "z", "MO": "ab"})
    assert keys.key("SNE") == "Q"
    assert keys.key("LY") == "1"
    assert keys.code("1") == "LY"
    assert set(keys.problems) == {"SNE", "XX", "MO"}


def test_a_laboratorys_key_wins_over_a_default() -> None:
    keys = KeyMap({"LY": "Q"})
    assert keys.code("Q") == "LY"
    assert keys.key("SNE") == ""
