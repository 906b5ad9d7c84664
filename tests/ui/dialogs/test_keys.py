"""The key map, to change."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.taxonomy import CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.keys import KeyMapModel


def test_the_key_map_has_no_doubles_whatever_is_typed(qtbot: QtBot, context: UiContext) -> None:
    model = KeyMapModel(context, dict(context.keymap.items()))
    rows = {c.code: i for i, c in enumerate(CLASSES)}
    assert model.setData(model.index(rows["SNE"], 1), "s")
    assert model.keys["SNE"] == "S"
    assert model.keys["LY"] == "Q"
    for nonsense in ("", "ab", "N", "U", " "):
        assert not model.setData(model.index(rows["SNE"], 1), nonsense)
    assert len(set(model.keys.values())) == len(CLASSES)
