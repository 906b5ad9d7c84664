"""In which order a laboratory works through its cases, and which one comes next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from bloodcells_gui.app.analysis_queue import AnalysisQueue
from bloodcells_gui.app.work_order import beginning_of, in_work_order, waiting_for_a_person
from bloodcells_gui.app.worklist import CaseEntry, CaseState, Query, WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import Reviewer
from tests.support.workbench_window import a_case, a_workspace

TODAY = beginning_of(date(2026, 11, 30))


def entry(name: str, state: CaseState, hour: int = 8, *, urgent: bool = False, signed: str = "") -> CaseEntry:
    created = f"2026-11-30T{hour:02}:00:00Z"
    path = Path("/cases") / f"{name}.bcs"
    return CaseEntry(path, name, name, "crops", created, created, state, urgent=urgent, signed_at=signed)


ENTRIES = [
    entry("signed before", CaseState.SIGNED, signed="2026-11-20T08:00:00Z"),
    entry("signed early", CaseState.SIGNED, signed="2026-11-30T12:00:00Z", urgent=True),
    entry("signed late", CaseState.SIGNED, signed="2026-11-30T13:00:00Z"),
    entry("damaged", CaseState.UNREADABLE),
    entry("to sign", CaseState.REVIEWED),
    entry("second", CaseState.SECOND_PERSON, signed="2026-11-30T09:00:00Z"),
    entry("late", CaseState.TO_REVIEW, 11),
    entry("early", CaseState.TO_REVIEW, 7),
    entry("queued", CaseState.TO_REVIEW, 9),
    entry("new", CaseState.NEW, 10),
    entry("analysing", CaseState.ANALYSING, 12),
    entry("urgent, to sign", CaseState.REVIEWED, 12, urgent=True),
    entry("urgent, new", CaseState.NEW, 12, urgent=True),
]


def names(entries: list[CaseEntry]) -> list[str]:
    return [e.specimen_id for e in entries]


def test_the_order_of_the_work() -> None:
    found = in_work_order(reversed(ENTRIES), lambda e: e.specimen_id == "queued", TODAY)
    assert names(found) == [
        "urgent, new", "urgent, to sign", "queued", "new", "analysing", "early", "late", "to sign", "second",
        "damaged",
        "signed late", "signed early", "signed before",
    ]  # fmt: skip


def test_what_is_ready_comes_before_what_still_waits_for_its_analysis() -> None:
    found = waiting_for_a_person(ENTRIES, lambda e: e.specimen_id == "queued", TODAY)
    assert names(found) == [
        "urgent, to sign",
        "early",
        "late",
        "to sign",
        "second",
        "urgent, new",
        "queued",
        "new",
    ]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    for name in ("a", "b", "c"):
        a_case(workspace.cases_dir / f"{name}.bcs", 12, specimen_id=f"S-{name}")
    return workspace


@pytest.fixture
def cases(workspace: Workspace) -> Iterator[WorkList]:
    cases = WorkList(workspace)
    cases.refresh()
    yield cases
    cases.close()


def next_of(cases: WorkList, after: Path | None = None) -> tuple[str, int] | None:
    found = cases.next_case(after)
    return None if found is None else (found.entry.specimen_id, found.after_it)


def sign(path: Path) -> None:
    with CaseStore.open(path) as store:
        person = Reviewer(store)
        person.act(EventKind.CONFIRM, *(c.id for c in store.load_cells()))
        person.act(EventKind.SIGN, new="reviewed")


def test_the_next_case_passes_over_what_is_open_signed_meanwhile_or_gone(
    cases: WorkList, workspace: Workspace
) -> None:
    folder = workspace.cases_dir
    assert next_of(cases) == ("S-a", 2)
    assert next_of(cases, folder / "a.bcs") == ("S-b", 1)
    with CaseStore.open(folder / "a.bcs"):
        assert next_of(cases) == ("S-b", 1)
    sign(folder / "a.bcs")  # by another workstation: the list has not seen it
    assert next_of(cases) == ("S-b", 1)
    (folder / "b.bcs").unlink()
    assert next_of(cases) == ("S-c", 0)
    sign(folder / "c.bcs")
    assert next_of(cases) is None


def test_an_urgent_case_is_the_next_and_says_who_marked_it(cases: WorkList, workspace: Workspace) -> None:
    path = workspace.cases_dir / "c.bcs"
    cases.set_urgent(path, True)
    cases.set_urgent(path, True)
    assert workspace.recent() == []
    assert next_of(cases) == ("S-c", 2)
    with CaseStore.open(path, read_only=True) as store:
        events = [(e.kind, e.key, e.new, e.author) for e in store.events()]
    assert events == [(EventKind.SET_FIELD, "priority", "urgent", "A. Technician")]
    cases.set_urgent(path, False)
    assert next_of(cases) == ("S-a", 2)
    assert not any(e.urgent for e in cases.search(Query()))
    sign(path)
    with pytest.raises(UserError):
        cases.set_urgent(path, True)


def test_recent_cases_are_described_wherever_they_are(
    cases: WorkList, workspace: Workspace, tmp_path: Path
) -> None:
    elsewhere = a_case(tmp_path / "elsewhere" / "x.bcs", 12, specimen_id="S-x")
    paths = [workspace.cases_dir / "a.bcs", elsewhere, workspace.cases_dir / "gone.bcs"]
    found = cases.describe(paths)
    assert [c.path for c in found] == paths
    assert [None if c.entry is None else c.entry.specimen_id for c in found] == ["S-a", "S-x", None]
    assert found[1].entry is not None
    assert found[1].entry.path == elsewhere
    assert len(cases.search(Query())) == 3  # the list of the laboratory has no case of another folder


def test_a_hand_count_is_reviewed_at_its_target(cases: WorkList, workspace: Workspace) -> None:
    session = workspace.new_counter_case("by hand")
    for _ in range(3):
        session.count("SNE", 1)
    session.close()

    def line() -> tuple[CaseState, int, int, int | None]:
        cases.refresh()
        found = next(e for e in cases.search(Query("by hand")))
        return found.state, found.counted, found.target, found.reviewed_percent

    assert line() == (CaseState.TO_REVIEW, 3, 100, 3)
    workspace.change_settings(target_cells=3)
    assert line() == (CaseState.REVIEWED, 3, 3, 100)
    workspace.change_settings(target_cells=0)
    assert line() == (CaseState.REVIEWED, 3, 0, 100)


def test_a_hurried_analysis_is_the_next_of_the_queue() -> None:
    class Waits:
        def __init__(self, name: str) -> None:
            self.name = name

        def events(self) -> Iterator[object]:
            import time

            ran.append(self.name)
            while not release:
                time.sleep(0.01)
            yield from ()

        def cancel(self) -> None:
            release.append(True)

    ran: list[str] = []
    release: list[bool] = []
    queue = AnalysisQueue()
    for name in ("1", "2", "3"):
        queue.add(Path(f"/{name}.bcs"), Waits(name))  # type: ignore[arg-type]
    while not ran:
        pass
    queue.hurry(Path("/3.bcs"))
    queue.hurry(Path("/not there.bcs"))
    release.append(True)
    while queue.busy:
        pass
    assert ran == ["1", "3", "2"]
    assert queue.close()
