"""The case file keeps what it was given, for several threads, and only ever grows."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bloodcells_gui.domain.analysis import RunStatus, SkippedFile
from bloodcells_gui.domain.cell import FIRST_HAND_ID, CellAssets
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import Event, EventKind
from bloodcells_gui.domain.review_state import fold, make_event
from bloodcells_gui.domain.run_messages import FOREIGN, LOST, remark
from bloodcells_gui.domain.run_record import RunCounts, RunRecord
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource
from bloodcells_gui.storage import schema
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.hash_chain import Kind
from bloodcells_gui.storage.serialization import scale_from_json, scale_to_json
from tests.support.case_tools import CLASSES, SCALE, T0, Reviewer, a_case, a_run, a_specimen, cells_of

RECORD = RunRecord(RunCounts(red_cells=812), remarks=(remark(FOREIGN),))


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    for f in fields(a):
        x, y = getattr(a, f.name), getattr(b, f.name)
        if isinstance(x, np.ndarray):
            np.testing.assert_array_equal(x, y)
        elif isinstance(x, float) and np.isnan(x):
            assert np.isnan(y)
        else:
            assert x == y, f.name


def test_everything_comes_back_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    cells, assets = cells_of(0, 20)
    with a_case(path, extra={"person": "Zoë"}) as store:
        store.finish_run(0, RunStatus.COMPLETE, T0, [SkippedFile("b.jpg", "broken")], RECORD)
    with CaseStore.open(path) as store:
        assert store.specimen == a_specimen()
        assert (store.case_id, store.created, store.app_version) == ("c-1", T0, "0.1")
        assert store.extra == {"person": "Zoë"}
        (run,) = store.runs
        assert run.classes == CLASSES
        assert run.bundles == {"classify": "m ab"}
        assert (run.status, run.finished, run.scale) == (RunStatus.COMPLETE, T0, SCALE)
        assert run.skipped == (SkippedFile("b.jpg", "broken"),)
        assert run.record == RECORD
        loaded = store.load_cells()
        for one, other in zip(cells, loaded, strict=True):
            same(one, other)
        for cell, kept in zip(cells, assets, strict=True):
            same(kept, store.assets(cell.id))
        assert store.thumbnails([3, 999, 5]) == {3: assets[3].thumbnail, 5: assets[5].thumbnail}
        assert store.masks([3]) == {3: assets[3].mask}
        ids, embeddings = store.embeddings()
        assert ids.tolist() == list(range(20))
        np.testing.assert_array_equal(embeddings, np.stack([a.embedding for a in assets]))
        assert store.verify() == []


def test_a_measurement_of_an_older_case_is_read_under_its_name_of_today(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with CaseStore.create(path, a_specimen(), case_id="c-1", created=T0, app_version="0.1") as store:
        store.start_run(replace(a_run(), measurement_names=("nc_ratio", "focus")))
        store.add_cells(0, *cells_of(0, 20))
    with CaseStore.open(path) as store:
        # What was written holds nucleus over cell, whatever haematology calls N:C.
        assert store.runs[0].measurement_names == ("nucleus_cell_ratio", "focus")
        values = store.answers([0], 3, 8, ("nucleus_cell_ratio", "nucleus_cytoplasm_ratio")).measurements
        np.testing.assert_array_equal(values[:, 0], [c.measurements[0] for c in cells_of(0, 20)[0]])
        assert np.isnan(values[:, 1]).all()
        assert store.verify() == []
    with sqlite3.connect(path) as connection:
        written = connection.execute("SELECT measurement_names FROM runs").fetchone()[0]
    assert written == '["nc_ratio","focus"]'


def test_events_come_back_as_they_were_and_fold_to_the_same_state(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        person = Reviewer(store)
        person.act(EventKind.RELABEL, 1, 2, new="LY", reason='a "quoted"\nreason; =1+1')
        person.act(EventKind.SET_FIELD, key="patient", new="Zoë Ωμέγα \N{DROP OF BLOOD}")
        person.act(EventKind.UNDO)
        person.act(EventKind.NOTE, 4, new="look again")
        written = store.events()
        state = person.state
    with CaseStore.open(path) as store:
        assert store.events() == written
        again = fold(store.load_cells(), store.events())
    assert again.counts == state.counts
    assert [n.text for n in again.notes] == ["look again"]


def test_text_that_utf8_cannot_hold_is_kept_readable(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        Reviewer(store).act(EventKind.NOTE, new="bad \udcff end")
        assert store.events()[0].new == "bad ? end"


def test_a_name_that_is_no_unicode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a\n\N{DROP OF BLOOD}?#%20'.bcs"
    with a_case(path) as store:
        odd = ImageRef("b\udcff.jpg", Path("/smears/1/b\udcff.jpg"), "ab" * 32, (10, 11), 0.2)
        store.set_specimen_images([(3, odd)])
    with CaseStore.open(path) as store:
        assert store.specimen.images[3] == odd
        assert store.verify() == []


def test_image_facts_are_added_and_the_newest_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        ref = store.specimen.images[1]
        store.set_specimen_images([(1, ImageRef(ref.name, ref.path, "aa" * 32, (360, 363), 0.1))])
        store.set_specimen_images([(1, ImageRef(ref.name, ref.path, "bb" * 32, (360, 363)))])
        with pytest.raises(ValueError, match="gap"):
            store.set_specimen_images([(7, ref)])
        live = store.specimen
    with CaseStore.open(path) as store:
        assert store.specimen == live
        assert store.specimen.images[1].sha256 == "bb" * 32
        store.relocate(tmp_path / "new")
        assert store.specimen.root == tmp_path / "new"
        assert store.specimen.images[0].path == tmp_path / "new" / "a/0.jpg"
        assert store.verify() == []


def test_a_run_that_was_never_finished_is_named_on_opening(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    a_case(path).close()
    with CaseStore.open(path, read_only=True) as store:
        assert store.interrupted_runs == ()  # somebody may be at it
    with CaseStore.open(path) as store:
        assert store.interrupted_runs == (0,)
        better = ScaleEstimate(0.11, ScaleSource.PERSON)
        store.finish_run(0, RunStatus.CANCELLED, record=RunRecord(remarks=(remark(LOST),)), scale=better)
        assert store.runs[0].scale == better
        with pytest.raises(ValueError):
            store.finish_run(0, RunStatus.COMPLETE)
        assert store.runs[0].status is RunStatus.CANCELLED


def test_ids_of_runs_and_of_hands_count_apart(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs", 5) as store:
        assert (store.next_cell_id(), store.next_hand_id()) == (5, FIRST_HAND_ID)
        store.add_cells(-1, *cells_of(FIRST_HAND_ID, 1, -1))
        store.add_cells(0, *cells_of(5, 2))
        assert (store.next_cell_id(), store.next_hand_id()) == (7, FIRST_HAND_ID + 1)
        assert [c.run for c in store.load_cells()] == [0] * 7 + [-1]
        assert store.verify() == []


def test_cells_and_what_became_known_of_their_images_are_one_transaction(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path, 5) as store:
        ref = store.specimen.images[1]
        known = ImageRef(ref.name, ref.path, "aa" * 32, (360, 363), 0.1)
        with pytest.raises(ValueError, match="UNIQUE"):
            store.add_cells(0, *cells_of(4, 2), [(1, known)])
        assert store.specimen.images[1] == ref
        entries = len(store.ledger())
        store.add_cells(0, *cells_of(5, 2), [(1, known)])
        assert [e.kind for e in store.ledger()[entries:]] == [Kind.FACTS, Kind.CELLS]
        live = store.specimen
        assert live.images[1].sha256 == "aa" * 32
    with CaseStore.open(path) as store:
        assert store.specimen == live
        assert len(store.load_cells()) == 7
        assert store.verify() == []


def test_a_batch_is_whole_or_not_there(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs", 5) as store:
        cells, assets = cells_of(4, 3)
        with pytest.raises(ValueError, match="UNIQUE"):
            store.add_cells(0, cells, assets)
        with pytest.raises(ValueError, match="FOREIGN"):
            store.add_cells(8, *cells_of(50, 2))
        with pytest.raises(ValueError):
            store.add_cells(0, cells, assets[:2])
        assert [c.id for c in store.load_cells()] == list(range(5))
        store.add_cells(0, *cells_of(10, 2))  # ids may leave gaps
        both = [cells_of(20, 1), cells_of(30, 2)]
        store.add_cells(0, both[1][0] + both[0][0], both[1][1] + both[0][1])
        assert store.verify() == []


def test_an_event_out_of_turn_is_refused(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        with pytest.raises(ValueError, match="follow"):
            store.append(Event(2, EventKind.CONFIRM, "a", T0, (1,)))
        assert store.events() == []


def test_time_never_runs_backwards_but_the_ledger_keeps_what_the_clock_said(tmp_path: Path) -> None:
    now = ["2026-05-05T12:00:00Z"]
    with a_case(tmp_path / "a.bcs", clock=lambda: now[0]) as store:
        store.append(Event(1, EventKind.CONFIRM, "a", "2026-05-05T12:00:00Z", (1,)))
        now[0] = "2026-05-05T11:00:00Z"
        kept = store.append(Event(2, EventKind.CONFIRM, "a", "2026-05-05T11:00:00Z", (2,)))
        assert kept.time == store.events()[1].time == "2026-05-05T12:00:00Z"
        assert store.verify() == []
        written = [r[0] for r in raw(store.path, "SELECT written FROM ledger ORDER BY seq DESC LIMIT 2")]
        assert written == ["2026-05-05T11:00:00Z", "2026-05-05T12:00:00Z"]


def test_signing_freezes_the_report_and_closes_the_case_for_cells(tmp_path: Path) -> None:
    with a_case(tmp_path / "a.bcs", 5) as store:
        person = Reviewer(store)
        report = b'{"total": 5}'
        orphan = store.freeze(1, b"{}")
        key = store.freeze(1, report)
        assert store.freeze(1, report) == key
        event = make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key)
        with pytest.raises(ValueError, match="does not name"):
            store.sign(event, 1, b"{ }")
        person.state.apply(store.sign(event, 1, report))
        (frozen,) = store.frozen_reports()
        assert (frozen.version, frozen.sha256, frozen.report) == (1, key, report)
        assert orphan != key
        with pytest.raises(UserError, match="signed"):
            store.add_cells(0, *cells_of(5, 1))
        with pytest.raises(UserError, match="signed"):
            store.start_run(a_run(1))
        person.act(EventKind.AMEND, reason="more cells")
        store.start_run(a_run(1))
        store.add_cells(1, *cells_of(5, 1))
        assert store.verify() == []


def raw(path: Path, sql: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("table", ["events", "cells", "assets", "runs", "ledger", "meta", "images"])
def test_nothing_can_be_changed_or_deleted(tmp_path: Path, table: str) -> None:
    with a_case(tmp_path / "a.bcs") as store:
        Reviewer(store).act(EventKind.CONFIRM, 1)
    column = raw(store.path, f"SELECT name FROM pragma_table_info('{table}')")[0][0]
    for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw(store.path, sql)


def test_it_is_one_file_with_a_rollback_journal_and_nothing_beside_it_when_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        Reviewer(store).act(EventKind.CONFIRM, 1)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a.bcs", "a.bcs.lock"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.bcs"]
    assert raw(path, "PRAGMA journal_mode") == [("delete",)]
    assert raw(path, "PRAGMA user_version") == [(schema.VERSION,)]


def test_a_worker_adds_cells_while_a_person_reviews_and_the_gallery_reads(tmp_path: Path) -> None:
    """Three kinds of threads on one store: no "database is locked", nothing lost."""
    with a_case(tmp_path / "a.bcs", 20) as store:
        person = Reviewer(store)
        failures: list[BaseException] = []
        stop = threading.Event()

        def guarded(work: Any) -> threading.Thread:
            def run() -> None:
                try:
                    work()
                except BaseException as error:
                    failures.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def analyse() -> None:
            for batch in range(20):
                store.add_cells(0, *cells_of(20 + 10 * batch, 10))

        def look() -> None:
            while not stop.is_set():
                assert len(store.thumbnails(range(20))) == 20
                store.load_cells()
                time.sleep(0.002)

        worker, readers = guarded(analyse), [guarded(look) for _ in range(2)]
        for i in range(25):
            person.act(EventKind.RELABEL, i % 20, new="LY")
        worker.join()
        stop.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert len(store.load_cells()) == 220
        assert len(store.events()) == 25
        assert store.verify() == []


def test_a_hundred_thousand_cells_load_within_a_second_or_so(tmp_path: Path) -> None:
    """Measured 0.7 s on the reference machine; the bound leaves room for a busy one."""
    n = 20_000
    with a_case(tmp_path / "a.bcs", 0) as store:
        cells, _ = cells_of(0, n)
        empty = CellAssets(b"", b"", (0.0, 0.0, 1.0))
        start = time.process_time()
        for i in range(0, n, 1000):
            store.add_cells(0, cells[i : i + 1000], [empty] * 1000)
        added = time.process_time() - start
        start = time.process_time()
        loaded = store.load_cells()
        took = time.process_time() - start
        assert len(loaded) == n
        assert loaded[1].scores.base is not None  # a view: no array of its own for each cell
        assert took < 1.0
        assert n / added > 5_000


def test_the_analysis_joins_the_writer_of_its_process(tmp_path: Path) -> None:
    """A window and its analysis each open the case by path; the file stays locked until both are through."""
    path = tmp_path / "a.bcs"
    window = a_case(path, 5)
    person = Reviewer(window)
    analysis = CaseStore.open(path, join=True)
    analysis.add_cells(0, *cells_of(5, 5))
    person.act(EventKind.CONFIRM, 1)
    analysis.finish_run(0, RunStatus.COMPLETE)
    window.refresh()
    assert window.runs[0].status is RunStatus.COMPLETE
    window.close()
    window.close()
    with pytest.raises(UserError, match="open in another window"):
        CaseStore.open(path)
    assert len(analysis.events()) == 1
    analysis.close()
    with CaseStore.open(path, join=True) as alone:
        assert alone.verify() == []
    assert not Path(f"{path}.lock").exists()


def test_a_scale_comes_back_with_what_it_rests_on_and_one_of_earlier_versions_without() -> None:
    scale = ScaleEstimate(0.1, ScaleSource.PRIOR, 0.095, 16, "w", "leukocytes")
    assert scale_from_json(scale_to_json(scale)) == scale
    earlier = '{"mpp": 0.1, "source": "red cells", "spread": 0.05, "n": 40, "warning": ""}'
    assert scale_from_json(earlier) == ScaleEstimate(0.1, ScaleSource.RED_CELLS, 0.05, 40)
