"""Names that run from right to left."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.bidi import isolated


@pytest.mark.parametrize("name", ["Anna Roth", "Ana López (lab:ana)", "", "12 345"])
def test_what_runs_from_left_to_right_stays_as_it_is(name: str) -> None:
    assert isolated(name) == name


@pytest.mark.parametrize("name", ["ليلى حداد", "Dr. ליאת כהן", "\u202eabc"])
def test_what_runs_from_right_to_left_is_set_apart(name: str) -> None:
    assert isolated(name) == f"\u2068{name}\u2069"
