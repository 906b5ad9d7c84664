"""A platelet measured as giant is read as such, whatever the adaptation to the specimen says of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FLAG_GIANT_OR_CLUMP, FLAG_GIANT_PLATELET
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import T0, a_run, a_specimen, cells_of

CLASSES = ("LY", "PLT", "MO")
#: Makes lymphocytes so frequent that a doubtful platelet becomes one.
ADAPTED = PriorShift(
    {"LY": 3.0, "PLT": 1.0, "MO": 1.0}, 20, ClassPrior(0.1, 15), 0.4, protects_critical=False
)


@pytest.mark.parametrize("adapted", [False, True])
def test_a_giant_platelet_keeps_the_name_of_its_size(tmp_path: Path, adapted: bool) -> None:
    cells, assets = cells_of(0, 3)
    flags = ((FLAG_GIANT_PLATELET,), (FLAG_GIANT_OR_CLUMP,), (FLAG_GIANT_PLATELET,))
    shares = (0.95, 0.95, 0.6)
    cells = [
        replace(c, flags=f, scores=np.array([1 - p, p, 0], np.float32), predicted="PLT")
        for c, f, p in zip(cells, flags, shares, strict=True)
    ]
    cells[0] = replace(cells[0], predicted="GPLT")
    with CaseStore.create(
        tmp_path / "c.bcs", a_specimen(), case_id="S-1", created=T0, app_version="0.1"
    ) as store:
        store.start_run(replace(a_run(0), classes=CLASSES))
        store.add_cells(0, cells, assets)
        if adapted:
            store.finish_run(0, RunStatus.COMPLETE, T0, skipped=[], adaptation=ADAPTED.to_record())
        names = [c.predicted for c in store.load_cells()]
        assert names == ["GPLT", "PLT", "LY" if adapted else "GPLT"]
