"""Cases past their time: found, shown, removed by a person alone, and the record that stays."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app.retention import Act, Retention
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import Privacy
from bloodcells_gui.storage import removals
from bloodcells_gui.storage.removals import specimen_key
from tests.support.signed_cases import LATER, signed_case
from tests.support.workbench_window import a_case, a_workspace

CREATED = "2026-11-23"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(privacy=Privacy(365, False), target_cells=0)
    return workspace


@pytest.fixture
def cases(workspace: Workspace) -> Iterator[WorkList]:
    cases = WorkList(workspace)
    yield cases
    cases.close()


def rule(workspace: Workspace, cases: WorkList, now: str = LATER) -> Retention:
    return Retention(workspace, cases, clock=lambda: now)


def test_only_cases_past_their_time_are_listed_the_oldest_first(
    workspace: Workspace, cases: WorkList
) -> None:
    signed = signed_case(workspace, "signed.bcs")
    old = a_case(workspace.cases_dir / "old.bcs", 5)
    assert rule(workspace, cases, "2027-11-23T23:00:00Z").due() == []
    found = rule(workspace, cases, "2027-11-24T00:00:00Z").due()
    assert [(d.entry.path, d.until, d.signed) for d in found] == [(old, "2027-11-23", False)]
    assert [d.entry.path for d in rule(workspace, cases).due()] == [old, signed]
    workspace.change_settings(privacy=Privacy(0, False))
    assert rule(workspace, cases, "2099-01-01T00:00:00Z").due() == []


def test_a_removed_case_is_gone_and_the_record_names_no_patient(
    workspace: Workspace, cases: WorkList
) -> None:
    path = signed_case(workspace, "2026-11-23 Smith 1961.bcs")
    with removals.CaseStore.open(path, read_only=True) as store:
        head, hashes = store.head(), tuple(r.sha256 for r in store.frozen_reports())
    drafts = workspace.home / "kept drafts"
    drafts.mkdir()
    (drafts / "2026-11-23 Smith 1961.txt").write_text(f"{path}\n[comment]\nHalf a sentence\n", "utf-8")
    (drafts / "other.txt").write_text(f"{path.parent / 'other.bcs'}\n[comment]\nStays\n", "utf-8")
    retention = rule(workspace, cases)
    due = retention.due()
    with pytest.raises(UserError, match="Signed reports are not removed"):
        retention.remove(due, "A. Technician")
    with pytest.raises(UserError, match="needs a name"):
        retention.remove(due, " ", signed_too=True)
    assert path.exists()
    assert retention.record() == []
    removed = retention.remove(due, "A. Technician", signed_too=True)
    assert (removed.paths, removed.errors) == ((path,), ())
    assert sorted(p.name for p in workspace.cases_dir.iterdir()) == [".worklist.sqlite", removals.NAME]
    assert [file.name for file in drafts.iterdir()] == ["other.txt"]
    assert cases.search(replace_query()) == []
    begun, done = retention.record()
    assert (begun.act, done.act) == (Act.BEGUN, Act.DONE)
    assert (done.author, done.head, done.signed) == ("A. Technician", head, hashes)
    assert done.specimen_sha256 == specimen_key("Smith 1961")
    for kept in (workspace.home / "recent.json", *workspace.cases_dir.iterdir()):
        assert b"Smith" not in kept.read_bytes(), kept


def replace_query() -> object:
    from bloodcells_gui.app.worklist import Query

    return Query()


def test_a_record_that_was_changed_stops_every_removal(workspace: Workspace, cases: WorkList) -> None:
    for n in range(2):
        a_case(workspace.cases_dir / f"{n}.bcs", 5)
    retention = rule(workspace, cases)
    first, second = retention.due()
    retention.remove([first], "Ana")
    record = workspace.cases_dir / removals.NAME
    lines = record.read_text().splitlines()
    changed = json.loads(lines[0]) | {"author": "Bob"}
    record.write_text("\n".join([json.dumps(changed), *lines[1:]]) + "\n")
    with pytest.raises(UserError, match="not as it was written"):
        retention.due()
    with pytest.raises(UserError, match="not as it was written"):
        retention.remove([second], "Ana")
    assert second.entry.path.exists()


def test_a_clock_that_went_back_or_a_rule_that_changed_removes_nothing(
    workspace: Workspace, cases: WorkList
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 5)
    retention = rule(workspace, cases)
    due = retention.due()
    with pytest.raises(UserError, match="clock says"):
        rule(workspace, cases, "2020-01-01T00:00:00Z").due()
    workspace.change_settings(privacy=Privacy(3650, False))
    removed = retention.remove(due, "Ana")
    assert "to be kept still" in removed.errors[0].text()
    assert path.exists()


def test_an_open_case_and_one_worked_on_since_stay(workspace: Workspace, cases: WorkList) -> None:
    open_one = a_case(workspace.cases_dir / "open.bcs", 5)
    touched = a_case(workspace.cases_dir / "touched.bcs", 5)
    free = a_case(workspace.cases_dir / "free.bcs", 5)
    retention = rule(workspace, cases)
    due = retention.due()
    session = workspace.open_case(touched)
    session.confirm([session.cells[0].id])
    session.close()
    session = workspace.open_case(open_one)
    removed = retention.remove(due, "Ana")
    assert removed.paths == (free,)
    assert sorted(e.text().split(" ")[0] for e in removed.errors) == ["The", "The"]
    assert open_one.exists()
    assert touched.exists()
    session.confirm([session.cells[0].id])
    session.close()


def test_a_kill_before_the_case_is_gone_leaves_it_and_says_so(
    workspace: Workspace, cases: WorkList, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 5)
    retention = rule(workspace, cases)
    due = retention.due()

    class Killed(BaseException):
        pass

    def kill(_: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(removals, "_unlink", kill)
        with pytest.raises(Killed):
            retention.remove(due, "Ana")
    assert path.exists()
    assert [r.act for r in retention.record()] == [Act.BEGUN]
    assert retention.remove(retention.due(), "Ana").paths == (path,)
    assert [r.act for r in retention.record()] == [Act.BEGUN, Act.BEGUN, Act.DONE]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs rights that can be taken away")
def test_a_folder_that_cannot_be_written_keeps_its_cases(workspace: Workspace, cases: WorkList) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 5)
    retention = rule(workspace, cases)
    due = retention.due()
    workspace.cases_dir.chmod(0o555)
    try:
        assert retention.remove(due, "Ana").errors
    finally:
        workspace.cases_dir.chmod(0o755)
    assert path.exists()


def test_a_full_disk_keeps_the_case(
    workspace: Workspace, cases: WorkList, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_case(workspace.cases_dir / "one.bcs", 5)
    retention = rule(workspace, cases)
    due = retention.due()

    def full(target: Path, _: bytes) -> None:
        raise removals.not_writable(target, OSError(28, "No space left on device"))

    monkeypatch.setattr(removals, "write_whole", full)
    removed = retention.remove(due, "Ana")
    assert "no space left" in removed.errors[0].text()
    assert path.exists()
    assert replace(due[0], size=0).entry.path == path
