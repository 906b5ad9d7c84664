"""What the dialogs share."""

from __future__ import annotations

import pytest

from bloodcells_gui.ui.dialogs.common import parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.11", 0.11),
        ("0,11", 0.11),
        (" 7 ", 7.0),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("x", None),
        ("1_0", None),
        ("1e-1", 0.1),
    ],
)
def test_numbers_are_read_with_either_sign(text: str, value: float | None) -> None:
    assert parse_number(text) == value
