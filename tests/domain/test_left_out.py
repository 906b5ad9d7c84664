"""Reasons for which files are left out, read back from cases."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain import left_out
from bloodcells_gui.domain.i18n import LANGUAGES, tr


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_file_that_nobody_takes_for_a_photograph_is_known_in_each_language(lang: str) -> None:
    assert left_out.expected(tr(left_out.HIDDEN, lang))
    assert left_out.expected(tr(left_out.COMPANION, lang, slide="a (1).mrxs"))
    assert not left_out.expected(tr(left_out.LOOSE, lang))
    assert not left_out.expected("It is damaged.")
