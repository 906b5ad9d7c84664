"""Whatever is changed in a case after it was written, the audit finds it."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import OutputNotWritable, UserError
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.review_state import make_event
from bloodcells_gui.domain.run_messages import RECOVERED, remark
from bloodcells_gui.domain.specimen import ImageRef
from bloodcells_gui.storage import schema
from bloodcells_gui.storage.audit import TRAIL_COLUMNS, export_trail, verify
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.recover import ALTERED, recover
from tests.support.case_tools import Reviewer, a_case, cells_of
from tests.support.rounds import THOROUGH


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed case with an image on the disk, made once."""
    tmp_path = tmp_path_factory.mktemp("audit")
    image = tmp_path / "a/0.jpg"
    image.parent.mkdir()
    image.write_bytes(b"pixels")
    path = tmp_path / "a.bcs"
    with a_case(path, 300, root=tmp_path) as store:
        ref = ImageRef("a/0.jpg", image, hashlib.sha256(b"pixels").hexdigest(), (1, 1))
        gone = ImageRef("a/1.jpg", tmp_path / "gone.jpg", "ab" * 32, (1, 1))
        store.set_specimen_images([(0, ref), (1, gone)])
        person = Reviewer(store)
        acts = []
        for i in range(300):
            acts.append(make_event(person.state, EventKind.CONFIRM, "ana", [i]))
            person.state.apply(acts[-1])
        store.append_all(acts)
        person.act(EventKind.NOTE, new="=HYPERLINK(evil)")
        report = b'{"total": 300}'
        key = hashlib.sha256(report).hexdigest()
        store.sign(make_event(person.state, EventKind.SIGN, "ana", new="reviewed", key=key), 1, report)
    return path


@pytest.fixture
def case(template: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt; its image lies where it was."""
    (template.parent / "a/0.jpg").write_bytes(b"pixels")
    return Path(shutil.copy(template, tmp_path))


def tamper(path: Path, *statements: str) -> None:
    """As somebody with a database tool would, who also puts the triggers back."""
    connection = sqlite3.connect(path)
    triggers = [s for s in schema.statements() if "TRIGGER" in s]
    for sql in triggers:
        connection.execute("DROP TRIGGER " + sql.split()[2])
    for sql in (*statements, *triggers):
        connection.execute(sql)
    connection.commit()
    connection.close()


def test_an_untouched_case_is_well(case: Path) -> None:
    report = verify(case)
    assert report.ok
    assert (report.events, report.cells, report.signatures, report.images) == (302, 300, 1, 1)
    assert [str(r) for r in report.remarks] == [
        "An image cannot be reached (a/1.jpg: No such file or directory)"
    ]
    with CaseStore.open(case, read_only=True) as store:
        assert report.head == store.head()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET new = 'LY' WHERE seq = 5",
        "UPDATE events SET author = 'eve' WHERE seq = 5",
        "UPDATE events SET time = '2020-01-01T00:00:00Z' WHERE seq = 5",
        "DELETE FROM events WHERE seq = 302",
        "INSERT INTO events SELECT 303, kind, author, time, cells, new, old, key, reason, target FROM events"
        " WHERE seq = 5",
        "UPDATE cells SET predicted = 'BL' WHERE id = 3",
        "UPDATE cells SET scores = zeroblob(12) WHERE id = 3",
        "DELETE FROM assets WHERE cell = 3",
        "INSERT INTO assets SELECT 5000, crop_x, crop_y, crop_side, thumbnail, mask, embedding FROM assets"
        " WHERE cell = 3",
        "UPDATE assets SET thumbnail = x'00' WHERE cell = 3",
        "UPDATE runs SET bundles = '{}'",
        "UPDATE image_facts SET sha256 = 'cd' WHERE id = 1",
        "UPDATE meta SET value = 'x' WHERE key = 'case_id'",
        "INSERT INTO meta VALUES ('z', 'y')",
        "UPDATE reports SET report = x'7b7d'",
        "DELETE FROM reports",
        "UPDATE ledger SET written = '2020-01-01T00:00:00Z' WHERE seq = 9",
        "DELETE FROM ledger WHERE seq = 9",
        "DELETE FROM ledger WHERE seq > 20",
    ],
)
def test_every_kind_of_tampering_is_found(case: Path, sql: str) -> None:
    tamper(case, sql)
    assert not verify(case).ok


def test_an_image_that_was_exchanged_is_found(case: Path, template: Path) -> None:
    (template.parent / "a/0.jpg").write_bytes(b"other pixels")
    assert [p.where for p in verify(case).problems] == ["a/0.jpg"]
    assert verify(case, images=False).ok


def test_a_file_that_cannot_be_opened_gives_a_report_or_a_refusal(case: Path, tmp_path: Path) -> None:
    case.write_bytes(case.read_bytes()[:20_000])
    (problem,) = verify(case).problems
    assert "damaged" in str(problem)
    with pytest.raises(UserError, match="There is no case file"):
        verify(tmp_path / "none.bcs")


def test_a_clock_that_went_back_is_remarked(tmp_path: Path) -> None:
    now = ["2026-05-05T12:00:00Z"]
    with a_case(tmp_path / "a.bcs", clock=lambda: now[0]) as store:
        person = Reviewer(store)
        now[0] = "2026-05-05T11:00:00Z"
        person.act(EventKind.CONFIRM, 1, clock=lambda: now[0])
    report = verify(tmp_path / "a.bcs")
    assert report.ok
    assert ["clock went back" in str(r) for r in report.remarks] == [True]


def test_the_trail_is_complete_and_starts_no_formula(case: Path, tmp_path: Path) -> None:
    target = tmp_path / "trail.csv"
    n = export_trail(case, target)
    with target.open(newline="", encoding="utf-8") as f:
        table = list(csv.DictReader(f))
    assert len(table) == n
    assert tuple(table[0]) == TRAIL_COLUMNS
    acts = [r for r in table if r["what"] == "event"]
    assert len(acts) == 302
    assert acts[0]["old"] in ("SNE", "LY", "MO", "UNI")
    note = next(r for r in acts if r["act"] == "note")
    assert note["new"] == "'=HYPERLINK(evil)"
    assert table[-1]["chain_sha256"] == verify(case).head
    export_trail(case, tmp_path / "trail.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text("utf-8").splitlines()]
    assert lines[-1]["act"] == "sign"
    assert lines[-3]["new"] == "=HYPERLINK(evil)"
    with pytest.raises(OutputNotWritable):
        export_trail(case, tmp_path / "nowhere" / "trail.csv")
    assert [p.name for p in tmp_path.glob(".*")] == []


# -- recovery -------------------------------------------------------------------------------------------


def test_recovery_of_a_whole_file_brings_everything_but_the_signature(case: Path, tmp_path: Path) -> None:
    before = case.read_bytes()
    found = recover(case, tmp_path / "new.bcs", app_version="0.2")
    assert found.complete
    assert (found.cells, found.events, found.signatures_dropped, found.reports) == (300, 301, 1, 1)
    assert case.read_bytes() == before
    with CaseStore.open(tmp_path / "new.bcs") as store, CaseStore.open(case, read_only=True) as old:
        assert store.extra["recovered_from_sha256"] == hashlib.sha256(before).hexdigest()
        assert store.events() == old.events()[:-1]
        assert store.specimen == old.specimen
        assert store.thumbnails(range(300)) == old.thumbnails(range(300))
        assert store.verify() == []
        Reviewer(store).act(EventKind.UNDO)


def test_recovery_of_any_single_lost_page_keeps_the_rest(case: Path, tmp_path: Path) -> None:
    data = case.read_bytes()
    page = 8192
    pages = range(1, len(data) // page, 3 if THOROUGH else 6)
    kept_cells, kept_events = [], []
    for n in pages:
        bad = tmp_path / "bad.bcs"
        bad.write_bytes(data[: n * page] + b"\xa5" * page + data[(n + 1) * page :])
        target = tmp_path / f"{n}.bcs"
        found = recover(bad, target, app_version="0.2")
        with CaseStore.open(target) as store:
            assert store.verify() == []
            cells, events = store.load_cells(), store.events()
        assert (len(cells), len(events)) == (found.cells, found.events)
        kept_cells.append(found.cells)
        kept_events.append(found.events)
        target.unlink()
    # one page holds some 60 cells or 90 events; a table's root page leads to all of them
    assert sorted(kept_cells)[len(pages) // 2] == 300
    assert sum(n < 200 for n in kept_cells) <= 1
    assert sum(n < 150 for n in kept_events) <= 2


def test_recovery_refuses_what_holds_no_case(tmp_path: Path) -> None:
    junk = tmp_path / "junk.bcs"
    junk.write_bytes(b"SQLite format 3\x00" + b"\xa5" * 5000)
    with pytest.raises(UserError):
        recover(junk, tmp_path / "new.bcs", app_version="0.2")
    with pytest.raises(UserError, match="cannot be copied"):
        recover(tmp_path / "none.bcs", tmp_path / "new.bcs", app_version="0.2")
    view = tmp_path / "view.bcs"
    connection = sqlite3.connect(view)
    connection.execute("CREATE VIEW cells AS SELECT 1")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="foreign"):
        recover(view, tmp_path / "new.bcs", app_version="0.2")
    assert not (tmp_path / "new.bcs").exists()
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("sql", "altered", "lost_reports"),
    [
        ("DELETE FROM reports", ["report"], 1),
        ("DELETE FROM images WHERE idx = (SELECT max(idx) FROM images)", ["images"], 0),
        ("UPDATE images SET name = 'another' WHERE idx = 0", ["images"], 0),
        ("UPDATE image_facts SET sha256 = 'another'", ["image facts"], 0),
        ("DELETE FROM runs", ["run"], 0),
        ("UPDATE run_results SET counts = '{\"red_cells\":7}'", ["run result"], 0),
        ("DELETE FROM meta WHERE key = 'specimen'", ["meta"], 0),
    ],
)
def test_recovery_is_complete_only_when_images_runs_and_reports_are_as_written(
    case: Path, tmp_path: Path, sql: str, altered: list[str], lost_reports: int
) -> None:
    with CaseStore.open(case) as store:
        store.finish_run(0, RunStatus.COMPLETE)
    tamper(case, "PRAGMA foreign_keys = OFF", sql)
    found = recover(case, tmp_path / "new.bcs", app_version="0.2")
    assert not found.complete
    assert found.altered == tuple(altered)
    assert (found.cells, found.lost_cells, found.lost_reports) == (300, 0, lost_reports)
    assert found.remarks == (ALTERED,)
    assert tr(ALTERED, "fr") != ALTERED
    with CaseStore.open(tmp_path / "new.bcs") as store:
        assert store.verify() == []


def test_recovery_finds_images_that_were_moved(case: Path, tmp_path: Path) -> None:
    with CaseStore.open(case) as store:
        store.relocate(tmp_path / "first")
        store.relocate(tmp_path / "elsewhere")
    assert recover(case, tmp_path / "new.bcs", app_version="0.2").complete
    with CaseStore.open(tmp_path / "new.bcs") as store, CaseStore.open(case, read_only=True) as old:
        assert store.specimen == old.specimen
        assert store.specimen.root == tmp_path / "elsewhere"
        assert store.specimen.images[0].path == tmp_path / "elsewhere" / "a/0.jpg"


def test_recovery_keeps_hand_cells_and_an_unfinished_run(tmp_path: Path) -> None:
    path = tmp_path / "a.bcs"
    with a_case(path) as store:
        hand = store.next_hand_id()
        store.add_cells(-1, *cells_of(hand, 1, -1))
        person = Reviewer(store)
        person.act(EventKind.ADD_CELL, hand, new="PC")
    found = recover(path, tmp_path / "b.bcs", app_version="0.2")
    assert (found.cells, found.complete) == (21, True)
    with CaseStore.open(tmp_path / "b.bcs") as store:
        assert Reviewer(store).state.counts["PC"] == 1
        assert store.runs[0].status == "cancelled"


@pytest.mark.parametrize("lost", [100, 8192, 3 * 8192])
def test_recovery_of_a_lost_beginning(case: Path, tmp_path: Path, lost: int) -> None:
    """The list of tables stands in the first pages; an empty case has the same."""
    data = case.read_bytes()
    case.write_bytes(b"\xa5" * lost + data[lost:])
    found = recover(case, tmp_path / "new.bcs", app_version="0.2")
    assert (found.cells, found.events, found.lost_cells) == (300, 301, 0)
    with CaseStore.open(tmp_path / "new.bcs") as store:
        assert store.verify() == []
        assert len(store.thumbnails(range(300))) == 300


def test_recovery_marks_what_is_not_as_it_was_written(case: Path, tmp_path: Path) -> None:
    tamper(
        case,
        "UPDATE cells SET probability = 0.5 WHERE id = 3",
        "UPDATE cells SET predicted = 'LZ' WHERE id = 4",
        "UPDATE events SET new = 'evil' WHERE seq = 301",
    )
    found = recover(case, tmp_path / "new.bcs", app_version="0.2")
    assert not found.complete
    assert (found.cells, found.lost_cells, found.suspect_cells) == (299, 1, 299)  # one batch of 300
    assert found.lost_events == 2  # the note that was changed, the confirmation of the cell that is gone
    with CaseStore.open(tmp_path / "new.bcs") as store:
        assert store.runs[0].record.remarks == (remark(RECOVERED),)
        assert "evil" not in [e.new for e in store.events()]
