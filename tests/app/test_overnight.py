"""Analyses of the work list on real Dask workers: cases come back as they end, as if analysed here."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.app.analysis_queue import QueueState
from bloodcells_gui.app.left_on_cluster import wanted_by_others
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import AnalysisEvent, Done, RunStatus
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage import connection as conn
from bloodcells_gui.storage.case import CaseStore
from bloodcells_gui.storage.database import Database
from bloodcells_gui.storage.lock import CaseInUse
from tests.support.department import department
from tests.support.doubles import draw_cell, plain_engine
from tests.support.overnight import OPTIONS, handed, killing, tables, turns, until

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytest.importorskip("cryptography", reason="the extra `cluster` is not installed")

# Dask's own threads warn when a process is killed; its processes talk over the loopback.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.loopback]

NAMES = ("A", "B", "C", "D")


@pytest.fixture(scope="module")
def specimens(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("specimens")
    for name in NAMES:
        (root / name).mkdir()
        for i, code in enumerate(("SNE", "LY", "EO")):
            cv2.imwrite(str(root / name / f"{name} {i}.png"), draw_cell(code)[..., ::-1])
    return [root / name for name in NAMES]


@pytest.fixture(scope="module")
def workers() -> Iterator[distributed.LocalCluster]:
    with department() as cluster:
        yield cluster


@pytest.fixture
def open_list(tmp_path: Path) -> Iterator[Callable[..., tuple[Workspace, WorkList]]]:
    """Opens a window's work list over one home, as often as wanted."""
    opened: list[WorkList] = []

    def make(address: str = "", home: Path = tmp_path / "home") -> tuple[Workspace, WorkList]:
        workspace = Workspace(plain_engine, home=home, config=home)  # type: ignore[arg-type]
        workspace.save_settings(replace(workspace.settings, cluster=address))
        workspace.author = "Anna"
        opened.append(WorkList(workspace))
        return workspace, opened[-1]

    yield make
    for cases in opened:
        cases.close()


@pytest.fixture(scope="module")
def alone(specimens: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    """The tables of the same specimens, analysed on the workstation."""
    home = tmp_path_factory.mktemp("alone")
    workspace = Workspace(plain_engine, home=home, config=home)  # type: ignore[arg-type]
    cases = WorkList(workspace)
    cases._engine = plain_engine  # type: ignore[assignment]  # noqa: SLF001  # the models of the doubles
    paths = [cases.enqueue(workspace.look_at(p), OPTIONS) for p in specimens]
    until(lambda: not cases.queue.busy)
    found = [tables(workspace, p, home / f"out {i}") for i, p in enumerate(paths)]
    cases.close()
    return found


def assert_as_alone(
    workspace: Workspace, paths: list[Path], alone: list[list[bytes]], tmp_path: Path
) -> None:
    for i, (path, expected) in enumerate(zip(paths, alone, strict=True)):
        assert tables(workspace, path, tmp_path / f"out {i}") == expected
        with CaseStore.open(path) as store:
            assert [run.status for run in store.runs] == [RunStatus.COMPLETE]
            assert store.verify() == []


def test_cases_come_back_as_they_end_and_are_as_analysed_here(
    specimens: list[Path],
    alone: list[list[bytes]],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    tmp_path: Path,
) -> None:
    workspace, cases = open_list(workers.scheduler_address)
    paths = handed(workspace, cases, specimens)
    assert all(entry.on_cluster for p in paths if (entry := cases.queued(p)))
    seen: list[int] = []
    while cases.overnight.state().running:
        progress = cases.overnight.state().progress
        if progress is not None:
            seen.append(progress.done)
            # each that ended is whole in its case already
            done = sum(turn is QueueState.DONE for turn in turns(cases, paths))
            assert done >= seen[-1]
        time.sleep(0.05)
    assert turns(cases, paths) == [QueueState.DONE] * 4
    assert_as_alone(workspace, paths, alone, tmp_path)
    assert not list(workspace.home.glob(".cluster-*"))
    assert cases.overnight.state().left == 0
    assert not (workspace.home / "on the cluster.json").exists()
    assert cases.overnight.take_errors() == []


def test_workers_of_this_computer_do_it_with_the_programs_own_models(
    specimens: list[Path], tmp_path: Path
) -> None:
    """Nothing stands in for a part of the way; the workers are started from a thread of the window."""
    home = tmp_path / "home"
    workspace = Workspace(home=home, config=home)
    workspace.save_settings(replace(workspace.settings, cluster="local:2"))
    cases = WorkList(workspace)
    paths = handed(workspace, cases, specimens[:2])
    until(lambda: not cases.overnight.state().running, 300)
    assert cases.overnight.take_errors() == []
    assert turns(cases, paths) == [QueueState.DONE] * 2
    here = [cases.enqueue(workspace.look_at(p), OPTIONS) for p in specimens[:2]]
    until(lambda: not cases.queue.busy, 300)
    for i, (there, other) in enumerate(zip(paths, here, strict=True)):
        assert tables(workspace, there, tmp_path / f"a{i}") == tables(workspace, other, tmp_path / f"b{i}")
    cases.close()


def test_a_waiting_case_that_a_person_opens_is_analysed_as_was_asked_for(
    specimens: list[Path], open_list: Callable[..., tuple[Workspace, WorkList]]
) -> None:
    workspace, cases = open_list()
    go = threading.Event()

    class Blocking:
        def events(self) -> Iterator[AnalysisEvent]:
            go.wait(60)
            yield Done(RunStatus.COMPLETE)

        def cancel(self) -> None:
            go.set()

    cases.queue.add(workspace.home / "other", Blocking())
    path = cases.enqueue(workspace.look_at(specimens[0]), OPTIONS)
    assert cases.queue.withdraw(path)
    job = cases.job_here(path)
    assert job is not None
    assert job.asked_for.mpp == 0.107
    go.set()


def test_a_worker_that_dies_is_replaced_and_a_case_that_ends_three_is_marked_with_the_reason(
    specimens: list[Path],
    alone: list[list[bytes]],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    tmp_path: Path,
) -> None:
    workspace, cases = open_list(workers.scheduler_address)
    with killing(workspace.home, 0, 1) as one, killing(workspace.home, 1, 3) as three:
        paths = handed(workspace, cases, specimens)
        until(lambda: not cases.overnight.state().running)
    assert (len(one), len(three)) == (1, 3)
    assert turns(cases, paths) == [QueueState.DONE, QueueState.FAILED, QueueState.DONE, QueueState.DONE]
    assert_as_alone(workspace, [p for p in paths if p != paths[1]], [alone[0], *alone[2:]], tmp_path)
    entry = cases.queued(paths[1])
    assert entry is not None
    assert entry.error is not None
    assert "ended 3 workers" in entry.error.text()
    cases.close()
    workspace, cases = open_list(workers.scheduler_address)
    entry = cases.queued(paths[1])
    assert entry is not None
    assert entry.error is not None
    assert "ended 3 workers" in entry.error.text()
    assert "a mis fin à 3" in entry.error.text("fr") or "3" in entry.error.text("fr")
    cases.overnight.hand_over([paths[1]])  # a person may try it again
    until(lambda: not cases.overnight.state().running)
    assert tables(workspace, paths[1], tmp_path / "again") == alone[1]


def test_a_case_that_a_person_opens_comes_back_from_the_cluster(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
) -> None:
    workspace, cases = open_list(workers.scheduler_address)
    (path,) = handed(workspace, cases, specimens[:1])
    until(lambda: list(workspace.home.glob(".cluster-*/00000-*")))  # a worker is at it
    with pytest.raises(CaseInUse):
        workspace.open_case(path)  # another window
    assert cases.queue.withdraw(path)
    job = cases.job_here(path)
    assert job is not None
    assert (job.asked_for.mpp, job.asked_for.threads) == (
        0.107,
        None,
    )
    assert cases.job_here(path) is None
    session = workspace.open_case(path)
    session.set_field("wbc", "7.5")
    until(lambda: not cases.overnight.state().running)
    time.sleep(1)
    assert session.store.runs == []  # nothing was put into it behind the person
    session.note("still whole")
    session.close()
    with CaseStore.open(path) as store:
        assert store.verify() == []
    assert cases.queued(path) is None


def test_two_windows_that_hand_over_the_same_case_get_it_analysed_once(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
) -> None:
    workspace, cases = open_list(workers.scheduler_address)
    _, others = open_list(workers.scheduler_address)
    paths = handed(workspace, cases, specimens[:2])
    until(lambda: wanted_by_others(workspace.home) == set(paths))
    _, later = open_list(workers.scheduler_address)
    assert later.overnight.state().left == 0  # a window that begins meanwhile does not take them for left
    assert others.overnight.hand_over(paths) == 2
    until(lambda: not cases.overnight.state().running and not others.overnight.state().running)
    for path, mine, other in zip(paths, turns(cases, paths), turns(others, paths), strict=True):
        assert QueueState.DONE in (mine, other)
        with CaseStore.open(path) as store:
            assert len(store.runs) == 1


def test_a_scheduler_that_goes_away_is_told_once_and_the_next_start_does_what_is_missing(
    specimens: list[Path],
    alone: list[list[bytes]],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    tmp_path: Path,
) -> None:
    with department() as other:
        workspace, cases = open_list(other.scheduler_address)
        paths = handed(workspace, cases, specimens)
        until(lambda: QueueState.DONE in turns(cases, paths))
    until(lambda: not cases.overnight.state().running)
    (error,) = cases.overnight.take_errors()
    assert error.text().startswith("The cluster went away")
    ended = turns(cases, paths)
    assert set(ended) == {QueueState.DONE, QueueState.STOPPED}
    first = paths[ended.index(QueueState.DONE)].stat().st_mtime_ns
    cases.close()
    workspace, cases = open_list(workers.scheduler_address)
    assert cases.overnight.state().left == ended.count(QueueState.STOPPED)
    assert cases.overnight.resume() == ended.count(QueueState.STOPPED)
    until(lambda: not cases.overnight.state().running)
    assert paths[ended.index(QueueState.DONE)].stat().st_mtime_ns == first
    assert_as_alone(workspace, paths, alone, tmp_path)


def test_a_window_that_is_killed_loses_nothing_that_workers_had_finished(
    specimens: list[Path],
    alone: list[list[bytes]],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    tmp_path: Path,
) -> None:
    import subprocess
    import sys

    home = tmp_path / "home"
    code = (
        "import sys, time; from dataclasses import replace; from pathlib import Path\n"
        "from tests.support.doubles import plain_engine\n"
        "from bloodcells_gui.app import handing_over\n"
        "from bloodcells_gui.app.worklist import WorkList\n"
        "from bloodcells_gui.app.workspace import OpenOptions, Workspace\n"
        "handing_over.HandingOver._take_in = lambda *_: time.sleep(600)\n"
        "home = Path(sys.argv[1]); w = Workspace(plain_engine, home=home, config=home)\n"
        "w.save_settings(replace(w.settings, cluster=sys.argv[2])); cases = WorkList(w)\n"
        "options = OpenOptions(kind='crops', mpp=0.107)\n"
        "for p in sys.argv[3:]: cases.enqueue(w.look_at(Path(p)), options, on_cluster=True)\n"
        "time.sleep(600)\n"
    )
    address = workers.scheduler_address
    command = [sys.executable, "-c", code, str(home), address, *map(str, specimens[:2])]
    with subprocess.Popen(command) as window:
        until(lambda: len(list(home.glob(".cluster-*/*.whole"))) == 2)
        window.kill()
    (folder,) = home.glob(".cluster-*")
    assert time.time() - (folder / "wanted").stat().st_mtime < 60  # as fresh as of a window that lives
    shutil.rmtree(next(folder.glob("00001-*.whole")))
    workspace, cases = open_list(address)
    assert cases.overnight.state().left == 2
    assert cases.overnight.resume() == 1
    until(lambda: not cases.overnight.state().running)
    paths = sorted((home / "cases").glob("*.bcs"))
    assert_as_alone(workspace, paths, alone[:2], tmp_path)
    assert not list(home.glob(".cluster-*"))


def test_giving_up_keeps_what_is_whole_and_frees_the_rest(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
) -> None:
    workspace, cases = open_list(workers.scheduler_address)
    paths = handed(workspace, cases, specimens)
    until(lambda: QueueState.DONE in turns(cases, paths))
    cases.overnight.cancel()
    state = cases.overnight.state()
    assert state.stopping == state.running
    until(lambda: not cases.overnight.state().running)
    assert set(turns(cases, paths)) <= {QueueState.DONE, QueueState.STOPPED}
    for path, turn in zip(paths, turns(cases, paths), strict=True):
        with CaseStore.open(path) as store:  # nobody holds it
            assert len(store.runs) == (turn is QueueState.DONE)
            assert store.verify() == []
    assert not list(workspace.home.glob(".cluster-*"))
    assert cases.overnight.state().left == 0


def test_a_full_disk_leaves_the_case_as_it_was_and_is_told(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(database: Database, _path: Path) -> None:
        raise conn.disk_full(database.path)

    monkeypatch.setattr(Database, "continue_with", full)
    workspace, cases = open_list(workers.scheduler_address)
    (path,) = handed(workspace, cases, specimens[:1])
    before = path.read_bytes()
    until(lambda: not cases.overnight.state().running)
    (error,) = cases.overnight.take_errors()  # once, however many cases there are
    assert "is full" in error.text()
    assert turns(cases, [path]) == [QueueState.STOPPED]
    assert path.read_bytes() == before
    cases.close()
    _, cases = open_list(workers.scheduler_address)
    assert cases.overnight.state().left == 1


def test_a_run_folder_that_cannot_be_written_is_told_once(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    workspace, cases = open_list(workers.scheduler_address)
    monkeypatch.setattr("bloodcells_gui.app.handing_over.shutil.copyfile", full)
    paths = handed(workspace, cases, specimens[:2])
    until(lambda: not cases.overnight.state().running)
    errors = cases.overnight.take_errors()
    assert errors
    assert all("no space left" in error.text() for error in errors)
    assert turns(cases, paths) == [QueueState.STOPPED] * 2
    workspace.open_case(paths[0]).close()


def test_an_urgent_case_is_the_next_on_the_cluster(
    specimens: list[Path],
    workers: distributed.LocalCluster,
    open_list: Callable[..., tuple[Workspace, WorkList]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bloodcells_gui.app.handing_over._most_in_flight", lambda _: 1)
    workspace, cases = open_list(workers.scheduler_address)
    paths = handed(workspace, cases, specimens)
    until(lambda: list(workspace.home.glob(".cluster-*/00000-*")))
    cases.set_urgent(paths[3], True)
    until(lambda: cases.queued(paths[3]).turn is QueueState.DONE)  # type: ignore[union-attr]
    assert QueueState.WAITING in turns(cases, paths[1:3])
    cases.overnight.cancel()


@pytest.mark.parametrize(
    "address", ["nonsense", "http://x:1", "tcp://host", "local:0", "tcp://h:1; rm -rf /"]
)
def test_an_address_with_garbage_is_refused_before_any_case_is_made(
    specimens: list[Path], open_list: Callable[..., tuple[Workspace, WorkList]], address: str
) -> None:
    workspace, cases = open_list(address)
    with pytest.raises(UserError, match="is no address of a cluster"):
        handed(workspace, cases, specimens[:1])
    assert not list(workspace.cases_dir.glob("*.bcs"))


def test_without_an_address_or_the_extra_the_reason_is_said(
    open_list: Callable[..., tuple[Workspace, WorkList]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cases = open_list("")
    refused = cases.overnight.refusal()
    assert refused is not None
    assert "No cluster is set up" in refused.text()
    _, cases = open_list("local:2")
    assert cases.overnight.refusal() is None
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    refused = cases.overnight.refusal()
    assert refused is not None
    assert "bloodcells-gui[cluster]" in refused.text()


def test_a_cluster_that_does_not_answer_is_told_and_the_case_can_be_opened(
    specimens: list[Path],
    open_list: Callable[..., tuple[Workspace, WorkList]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bloodcells_gui.app import cluster

    monkeypatch.setattr(cluster, "ANSWER_WITHIN_S", 1)
    workspace, cases = open_list("tcp://127.0.0.1:9")
    (path,) = handed(workspace, cases, specimens[:1])
    until(lambda: not cases.overnight.state().running)
    (error,) = cases.overnight.take_errors()
    assert "does not answer" in error.text()
    workspace.open_case(path).close()
    assert cases.overnight.hand_over([path]) == 1  # it can be handed over again
