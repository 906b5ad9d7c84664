"""Runs of a case: which of them were completed, by themselves or by a later one."""

from __future__ import annotations

import pytest

from bloodcells_gui.domain.analysis import AnalysisRun, RunStatus, completed_later, is_incomplete

COMPLETE, CANCELLED, FAILED, RUNNING = (
    RunStatus.COMPLETE, RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.RUNNING
)  # fmt: skip


def runs(*given: RunStatus | tuple[RunStatus, str]) -> list[AnalysisRun]:
    """Runs with these ends; with a second entry, over these zones alone."""
    made = []
    for number, what in enumerate(given):
        status, zones = what if isinstance(what, tuple) else (what, "")
        parameters = {"zones": zones} if zones else {}
        made.append(AnalysisRun(number, "", "", (), (), status=status, parameters=parameters))
    return made


@pytest.mark.parametrize(
    ("given", "later", "incomplete"),
    [
        ((), (), False),
        ((COMPLETE,), (), False),
        ((CANCELLED,), (), True),
        ((CANCELLED, COMPLETE), (0,), False),
        ((FAILED, CANCELLED, COMPLETE), (0, 1), False),
        ((CANCELLED, RUNNING), (), True),
        ((CANCELLED, FAILED), (), True),
        ((COMPLETE, CANCELLED), (), True),
        ((CANCELLED, COMPLETE, CANCELLED), (0,), True),
        # A zone that was searched to its end says nothing of the rest; the whole slide includes any zone.
        ((CANCELLED, (COMPLETE, "a")), (), True),
        (((CANCELLED, "a"), (COMPLETE, "b")), (), True),
        (((CANCELLED, "a"), (COMPLETE, "a")), (0,), False),
        (((CANCELLED, "a"), COMPLETE), (0,), False),
    ],
)
def test_a_later_run_completes_an_earlier_one(
    given: tuple[RunStatus, ...], later: tuple[int, ...], incomplete: bool
) -> None:
    assert completed_later(runs(*given)) == later
    assert is_incomplete(runs(*given)) is incomplete
