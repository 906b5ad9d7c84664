"""The mix of a specimen in a case file: what it weighs, what it leaves alone, and what survives."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.adaptation.label_propagation import CoarsePosteriors, PropagationSettings
from bloodcells_gui.adaptation.prior_shift import ClassPrior, PriorShift, prior_shift_of
from bloodcells_gui.adaptation.reproposal import adapt_cells
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_HAND_ID, FLAG_NO_CELL, Cell
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN, fold
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.storage import audit
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.recover import recover
from tests.support import old_versions
from tests.support.case_tools import CLASSES, Reviewer, a_case, a_run, cells_of

FIRST = PriorShift({"SNE": 2.5, "LY": 0.3, "MO": 0.2}, 20, ClassPrior(0.1, 15), 0.4)
SECOND = PriorShift({"SNE": 0.2, "LY": 2.6, "MO": 0.2}, 30, ClassPrior(0.1, 15), 0.4)

TOGETHER = replace(
    FIRST, protects_critical=True, propagation=PropagationSettings(0.5, 1.0, 0.3, 0.1), propagated_cells=20
)


def plain(cells: list[Cell]) -> list[tuple[object, ...]]:
    return [
        (c.id, c.predicted, c.probability, c.uncertainty, c.abstained, c.scores.tobytes(), c.run)
        for c in cells
    ]


def test_the_mix_weighs_what_is_read_and_nothing_that_is_written(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        found = store.load_cells()
        record = RunRecord(RunCounts(red_cells=5))
        store.finish_run(0, RunStatus.COMPLETE, record=record, adaptation=FIRST.to_record())
        assert plain(store.load_cells()) == plain(adapt_cells(found, CLASSES, FIRST))
        assert plain(store.load_cells(as_found=True)) == plain(found)
        assert any(a.predicted != b.predicted for a, b in zip(found, store.load_cells(), strict=True))
        said = store.answers([0], 3, 4, ("focus", "nucleus_cell_ratio", "cell_area_um2"))
        np.testing.assert_array_equal(said.scores, [c.scores for c in found])
        np.testing.assert_array_equal(said.measurements[:, [2, 0]], [c.measurements for c in found])
        assert np.isnan(said.measurements[:, 1]).all()  # this run did not measure it
        assert store.answers([0], 3, 4).measurements.shape == (len(found), 0)
        assert store.verify() == []
    with CaseStore.open(tmp_path / "c.bcs", read_only=True) as again:
        assert prior_shift_of(again.runs[0].record.adaptation) == FIRST
        assert again.runs[0].record.counts.red_cells == 5
        assert plain(again.load_cells()) == plain(adapt_cells(found, CLASSES, FIRST))
    assert audit.verify(tmp_path / "c.bcs", images=False).ok


def test_one_cell_is_read_as_it_was_found(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        found = store.load_cells()
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        cells, assets = cells_of(FIRST_HAND_ID, 1)
        store.add_cells(BY_HAND_RUN, cells, assets)
        for cell in found + cells:
            assert store.as_found(cell.id) == (cell.predicted, cell.probability)
        shown = {c.id: c.predicted for c in store.load_cells()}
        assert shown[FIRST_HAND_ID] == cells[0].predicted
        assert any(shown[c.id] != store.as_found(c.id)[0] for c in found)
        with pytest.raises(KeyError):
            store.as_found(20)
    with CaseStore.open(tmp_path / "c.bcs", read_only=True) as again:
        assert again.as_found(3) == (found[3].predicted, found[3].probability)


def test_flags_hold_an_unidentified_cell_back(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs", 0) as store:
        cells, assets = cells_of(0, 2)
        scores = np.array([0.5, 0.5, 0], np.float32)
        cells = [replace(c, scores=scores, uncertainty=0.55, abstained=True, predicted="SNE") for c in cells]
        cells = [cells[0], replace(cells[1], flags=(FLAG_NO_CELL,))]
        store.add_cells(0, cells, assets)
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        assert [c.abstained for c in store.load_cells()] == [False, True]


def test_who_confirmed_a_proposal_confirmed_the_one_on_the_screen(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        found = store.load_cells()
        later = adapt_cells(found, CLASSES, FIRST)
        moved = [c.id for c, d in zip(found, later, strict=True) if c.predicted != d.predicted]
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, moved[0])
        person.act(EventKind.RELABEL, moved[1], new="MO")
        person.act(EventKind.CONFIRM, moved[2])
        person.act(EventKind.UNDO)
        decisions = [person.state.decision(i) for i in moved[:2]]
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        cells = {c.id: c for c in store.load_cells()}
        assert [cells[i].predicted for i in moved[:3]] == [found[i].predicted for i in moved[:3]]
        assert [cells[i].predicted for i in moved[3:]] == [later[i].predicted for i in moved[3:]]
        after = Reviewer(store)
        assert [after.state.decision(i) for i in moved[:2]] == decisions
        after.act(EventKind.REDO)
        after.act(EventKind.CONFIRM, moved[3])
        assert after.state.decision(moved[2]).final == found[moved[2]].predicted
        assert after.state.decision(moved[3]).final == later[moved[3]].predicted
        state = fold(store.load_cells(), store.events())
        assert state.counts == after.state.counts
        assert state.decision(moved[2]) == after.state.decision(moved[2])


def test_a_further_run_weighs_all_anew_but_for_what_was_judged(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        found = store.load_cells()
        store.finish_run(0, RunStatus.CANCELLED, adaptation=FIRST.to_record())
        Reviewer(store).act(EventKind.CONFIRM, 3)
        store.start_run(a_run(1))
        store.add_cells(1, *cells_of(20, 10, run=1))
        under_way = store.load_cells()
        assert plain(under_way[:20]) == plain(adapt_cells(found, CLASSES, FIRST))
        assert plain(under_way[20:]) == plain(cells_of(20, 10, run=1)[0])
        store.finish_run(1, RunStatus.COMPLETE, adaptation=SECOND.to_record())
        every = store.load_cells(as_found=True)
        expected = plain(adapt_cells(every, CLASSES, SECOND))
        expected[3] = plain(adapt_cells([every[3]], CLASSES, FIRST))[0]
        assert plain(store.load_cells()) == expected


@pytest.mark.parametrize("change", [{"bundles": {"classify": "other cd"}}, {"profile": "our own"}])
def test_cells_of_another_classifier_or_profile_keep_theirs(
    tmp_path: Path, change: dict[str, object]
) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        found = store.load_cells()
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        store.start_run(replace(a_run(1), **change))
        store.add_cells(1, *cells_of(20, 10, run=1))
        store.finish_run(1, RunStatus.COMPLETE, adaptation=SECOND.to_record())
        new = cells_of(20, 10, run=1)[0]
        expected = plain(adapt_cells(found, CLASSES, FIRST)) + plain(adapt_cells(new, CLASSES, SECOND))
        assert plain(store.load_cells()) == expected


def test_classifiers_with_other_leaves_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    five = (*CLASSES, "EO", "BA")
    third = PriorShift({"SNE": 0.2, "LY": 0.2, "MO": 0.2, "EO": 4.2, "BA": 0.2}, 9, ClassPrior(0.1, 15), 0.4)
    with a_case(tmp_path / "c.bcs") as store:
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        store.start_run(replace(a_run(1), classes=five, bundles={"classify": "other cd"}))
        cells, assets = cells_of(20, 10, run=1)
        rng = np.random.default_rng(1)
        cells = [replace(c, scores=rng.dirichlet(np.ones(5)).astype(np.float32)) for c in cells]
        store.add_cells(1, cells, assets)
        store.finish_run(1, RunStatus.COMPLETE, adaptation=third.to_record())
        found = store.load_cells(as_found=True)
        expected = adapt_cells(found[:20], CLASSES, FIRST) + adapt_cells(found[20:], five, third)
        assert plain(store.load_cells()) == plain(expected)


def test_a_signed_case_takes_no_mix(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs", 3) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 0, 1, 2)
        person.act(EventKind.SIGN, key="a" * 64)
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        assert prior_shift_of(store.runs[0].record.adaptation) is None


def test_files_without_a_mix_read_as_before(tmp_path: Path) -> None:
    old = old_versions.version_1(tmp_path / "old.bcs")
    with CaseStore.open(old) as store:
        assert [c.predicted for c in store.load_cells()] == ["SNE"]
        assert plain(store.load_cells()) == plain(store.load_cells(as_found=True))
        store.finish_run(0, RunStatus.COMPLETE)
        assert plain(store.load_cells()) == plain(store.load_cells(as_found=True))


def test_many_cells_are_weighed_alike_in_whatever_chunks(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs", 0) as store:
        store.add_cells(0, *cells_of(0, 9000))
        store.finish_run(0, RunStatus.COMPLETE, adaptation=SECOND.to_record())
        every = store.load_cells(as_found=True)
        assert plain(store.load_cells()) == plain(adapt_cells(every, CLASSES, SECOND))


def kinds_of(ids: list[int], seed: int = 0) -> CoarsePosteriors:
    """Something that look-alikes might have settled on, as float16 keeps it."""
    kinds = np.random.default_rng(seed).dirichlet(np.ones(3), len(ids)).astype(np.float16)
    return CoarsePosteriors(np.array(ids, np.int64), kinds.astype(np.float32))


def by_id(posteriors: CoarsePosteriors, cells: list[Cell]) -> np.ndarray:
    known = dict(zip(posteriors.ids.tolist(), posteriors.probabilities, strict=True))
    return np.array([known.get(c.id, np.full(3, np.nan)) for c in cells], np.float32)


def test_what_cells_settled_on_is_read_with_the_mix_and_sealed(tmp_path: Path) -> None:
    path = tmp_path / "c.bcs"
    with a_case(path, 0) as store:
        store.add_cells(0, *cells_of(0, 9000))
        posteriors = kinds_of([i for i in range(9000) if i % 7])
        store.finish_run(0, RunStatus.COMPLETE, adaptation=TOGETHER.to_record(), posteriors=posteriors)
        every = store.load_cells(as_found=True)
        expected = adapt_cells(every, CLASSES, TOGETHER, by_id(posteriors, every))
        assert plain(store.load_cells()) == plain(expected)
        alone = adapt_cells(every, CLASSES, TOGETHER)
        assert [c.predicted for c in alone] != [c.predicted for c in expected]
        assert plain(expected[::7]) == plain(alone[::7])
        assert store.verify() == []
    with CaseStore.open(path, read_only=True) as again:
        assert plain(again.load_cells()) == plain(expected)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER settled_never_changes")
    connection.execute("UPDATE settled SET kinds = zeroblob(length(kinds)) WHERE id = 1")
    connection.commit()
    connection.close()
    problems = audit.verify(path, images=False).problems
    assert problems or not audit.verify(path, images=False).ok


@pytest.mark.parametrize(
    "change",
    ["kinds = x'00'", "kinds = zeroblob(0)", "cells = kinds", "kinds = randomblob(length(kinds))"],
)
def test_settled_kinds_that_make_no_sense_are_refused_in_words(tmp_path: Path, change: str) -> None:
    path = tmp_path / "c.bcs"
    with a_case(path) as store:
        store.finish_run(
            0, RunStatus.COMPLETE, adaptation=TOGETHER.to_record(), posteriors=kinds_of(list(range(20)))
        )
    connection = sqlite3.connect(path)
    (trigger,) = connection.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'settled_never_changes'"
    ).fetchone()
    connection.execute("DROP TRIGGER settled_never_changes")
    connection.execute(f"UPDATE settled SET {change}")
    connection.execute(trigger)
    connection.commit()
    connection.close()
    with CaseStore.open(path, read_only=True) as store, pytest.raises(UserError, match="damaged"):
        store.load_cells()


def test_a_signed_case_keeps_nothing_of_look_alikes(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs", 3) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, 0, 1, 2)
        person.act(EventKind.SIGN, key="a" * 64)
        before = plain(store.load_cells())
        store.finish_run(
            0, RunStatus.COMPLETE, adaptation=TOGETHER.to_record(), posteriors=kinds_of([0, 1, 2])
        )
        assert plain(store.load_cells()) == before


def test_recovery_carries_what_cells_settled_on(tmp_path: Path) -> None:
    path = tmp_path / "c.bcs"
    with a_case(path) as store:
        store.finish_run(
            0, RunStatus.COMPLETE, adaptation=TOGETHER.to_record(), posteriors=kinds_of(list(range(20)))
        )
        expected = plain(store.load_cells())
        assert expected != plain(store.load_cells(as_found=True))
    recover(path, tmp_path / "r.bcs", app_version="0.1")
    with CaseStore.open(tmp_path / "r.bcs") as store:
        assert plain(store.load_cells()) == expected
        assert store.verify() == []


def test_recovery_carries_the_mix_and_who_was_judged_before_it(tmp_path: Path) -> None:
    path = tmp_path / "c.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.NOTE, new="lost on the way")
        person.act(EventKind.CONFIRM, 3, 4)
        store.finish_run(0, RunStatus.COMPLETE, adaptation=FIRST.to_record())
        Reviewer(store).act(EventKind.CONFIRM, 5)
        expected, state = plain(store.load_cells()), fold(store.load_cells(), store.events())
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER events_never_goes")
    connection.execute("DELETE FROM events WHERE seq = 1")
    connection.commit()
    connection.close()
    recovered = recover(path, tmp_path / "r.bcs", app_version="0.1")
    assert recovered.lost_events == 1
    with CaseStore.open(tmp_path / "r.bcs") as store:
        assert plain(store.load_cells()) == expected
        again = fold(store.load_cells(), store.events())
        assert [again.decision(i).final for i in (3, 4, 5)] == [state.decision(i).final for i in (3, 4, 5)]
        assert store.verify() == []


def test_an_adaptation_that_makes_no_sense_is_not_written(tmp_path: Path) -> None:
    with a_case(tmp_path / "c.bcs") as store:
        adaptation = replace(FIRST.to_record(), weights={**FIRST.weights, "UNICORN": 2.0})
        with pytest.raises(ValueError, match="out of range"):
            store.finish_run(0, RunStatus.COMPLETE, record=RunRecord(adaptation=adaptation))
        store.finish_run(0, RunStatus.COMPLETE, adaptation=adaptation)
        assert store.runs[0].record.adaptation is None
        assert plain(store.load_cells()) == plain(store.load_cells(as_found=True))
