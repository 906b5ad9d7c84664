"""What is said of the look of a specimen whose cells are few."""

from __future__ import annotations

from dataclasses import replace

from bloodcells_gui.adaptation.opinion_pool import ENOUGH_CELLS, OpinionPool
from bloodcells_gui.adaptation.prior_shift import PriorShift
from bloodcells_gui.app.specimen_adaptation import look_of_specimen
from bloodcells_gui.domain.run_messages import TOO_FEW, UNFAMILIAR


def test_a_specimen_of_few_cells_says_that_its_look_cannot_be_judged() -> None:
    few = PriorShift(
        {}, ENOUGH_CELLS - 1, None, 0.5, pool=OpinionPool(1, 1, 0, 0.5, unfamiliar=0.01), change=0.5
    )
    said = look_of_specimen(few, drawn=False)
    assert said is not None
    assert said.text == TOO_FEW
    assert dict(said.params) == {"n": "29", "least": "30"}
    assert look_of_specimen(few, drawn=True) is None
    enough = look_of_specimen(replace(few, cells=ENOUGH_CELLS), drawn=False)
    assert enough is not None
    assert enough.text == UNFAMILIAR
    assert look_of_specimen(replace(few, pool=None), drawn=False) is None
