"""The window names its own command for the scale, in both languages."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain import scale_messages
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.ui.scale_words import as_in_the_window

WITH_OPTION = [
    text
    for value in vars(scale_messages).values()
    for text in (
        value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,)
    )
    if isinstance(text, str) and "--mpp" in text
]


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_sentence_of_the_window_names_an_option(lang: str) -> None:
    assert len(WITH_OPTION) >= 8
    for text in WITH_OPTION:
        said = as_in_the_window(tr(text, lang))
        assert "--mpp" not in said
        assert "scale" in said or "échelle" in said
    assert as_in_the_window("Nothing (of the kind).") == "Nothing (of the kind)."
