"""The rule for blurred cells: which cells would be named without it, and the line that tells both."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("cv2")

from bloodcells_gui.domain.cell import FLAG_BLURRED, FLAG_POOR_PICTURE, FLAG_UNLIKE_TRAINING
from scripts.training.evaluate_focus import Named, named_but_for_blur, told
from tests.support.fakes import make_cells


def test_a_cell_waits_for_its_blur_alone_where_nothing_else_holds_it_back() -> None:
    sure = replace(make_cells(1)[0], abstained=False, uncertainty=0.1, flags=())
    waits = replace(sure, abstained=True)
    assert named_but_for_blur(sure, 0.2)
    assert not named_but_for_blur(waits, 0.2)
    assert named_but_for_blur(replace(waits, flags=(FLAG_BLURRED,)), 0.2)
    # doubt, or a picture in which nothing can be told, would hold it back as well
    assert not named_but_for_blur(replace(waits, flags=(FLAG_BLURRED,), uncertainty=0.3), 0.2)
    assert not named_but_for_blur(replace(waits, flags=(FLAG_BLURRED, FLAG_POOR_PICTURE)), 0.2)
    # being unlike the training images is told, and does not hold a sure cell back
    assert named_but_for_blur(replace(waits, flags=(FLAG_BLURRED, FLAG_UNLIKE_TRAINING)), 0.2)


def test_wrong_names_are_counted_of_all_cells_without_the_rule_and_with_it() -> None:
    def of(named: bool, right: bool, blurred: bool) -> Named:
        return Named(0.8, 0.8, named, right, blurred, named or blurred)

    cells = [of(True, True, False)] * 5 + [of(True, False, False)] + [of(False, False, True)] * 3
    cells += [of(False, True, True)]
    line = told("blurred by 0.8", cells)
    assert "without the rule named    10, right of these 0.600, wrong of 100 cells 40.0" in line
    assert "with the rule named     6, right of these 0.833, wrong of 100 cells 10.0" in line
