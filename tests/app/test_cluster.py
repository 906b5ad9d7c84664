"""Many specimens on real Dask workers: the same files, each specimen once, whoever dies meanwhile."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, Outcome, analyze_all
from bloodcells_gui.app.cluster import LOCAL_OPTIONS, analyze_on_cluster
from bloodcells_gui.domain.analysis import Progress, RunStatus
from bloodcells_gui.domain.distribution import Cluster, Shard
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from tests.support.department import department
from tests.support.doubles import draw_cell, plain_engine
from tests.support.overnight import killing

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
pytest.importorskip("cryptography", reason="the extra `cluster` is not installed")

# Dask's own threads warn when a process is killed; its processes talk over the loopback.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.loopback]

NAMES = ("A", "B", "C", "D")
RESULTS = ("cells.csv", "differential.csv", "skipped.csv")


@pytest.fixture(scope="module")
def specimens(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("specimens")
    for name in NAMES:
        (root / name).mkdir()
        for i, code in enumerate(("SNE", "LY", "EO")):
            cv2.imwrite(str(root / name / f"{name} {i}.png"), draw_cell(code)[..., ::-1])
    return [root / name for name in NAMES]


@pytest.fixture(scope="module")
def alone(specimens: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one process without a cluster."""
    out = tmp_path_factory.mktemp("alone")
    analyze(specimens, out)
    return out


@pytest.fixture(scope="module")
def workers() -> Iterator[object]:
    """A scheduler with two workers that are started anew when they die, as a department would have them."""
    dask = pytest.importorskip("dask")
    with (
        dask.config.set(LOCAL_OPTIONS),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        with distributed.Client(cluster) as client:
            client.register_plugin(plain_models())
        yield cluster


def plain_models() -> object:
    from tests.support.plain_workers import PlainModels

    return PlainModels()


def analyze(
    inputs: list[Path],
    out: Path,
    *,
    token: CancelToken | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    **options: object,
) -> list[Outcome]:
    request = AnalyzeRequest(tuple(inputs), out, kind="crops", mpp=0.107, **options)  # type: ignore[arg-type]
    return analyze_all(request, token=token or CancelToken(), progress=progress, engine=plain_engine)


def assert_same(out: Path, alone: Path, names: tuple[str, ...] = NAMES) -> None:
    for name in names:
        for file in RESULTS:
            assert (out / name / file).read_bytes() == (alone / name / file).read_bytes(), (name, file)
        assert (out / name / "report.pdf").read_bytes().startswith(b"%PDF")
        assert (out / name / "case.bcs").is_file()
    assert not [p.name for p in out.iterdir() if p.name.startswith(".")]


def test_workers_of_this_computer_give_the_same_files(specimens: list[Path], tmp_path: Path) -> None:
    """With the program's own models: nothing stands in for a part of the way."""
    seen: list[Progress] = []
    request = AnalyzeRequest(tuple(specimens[:2]), tmp_path / "alone", kind="crops", mpp=0.107)
    analyze_all(request, token=CancelToken(), progress=seen.append)
    seen.clear()
    request = replace(request, out=tmp_path / "out", cluster=Cluster(workers=2))
    outcomes = analyze_all(request, token=CancelToken(), progress=seen.append)
    assert [(o.specimen, o.status, o.cells) for o in outcomes] == [(n, RunStatus.COMPLETE, 3) for n in "AB"]
    assert_same(tmp_path / "out", tmp_path / "alone", ("A", "B"))
    for file in ("summary.csv", "skipped.csv"):
        assert (tmp_path / "out" / file).read_bytes() == (tmp_path / "alone" / file).read_bytes()
    assert (seen[-1].done, seen[-1].total, seen[-1].cells, seen[-1].eta_s) == (2, 2, 6, 0)


def test_resuming_does_only_what_is_missing(
    specimens: list[Path], alone: Path, workers: object, tmp_path: Path
) -> None:
    shutil.copytree(alone, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "B")
    (tmp_path / "out" / "C" / "report.pdf").unlink()
    before = {n: (tmp_path / "out" / n / "cells.csv").stat().st_mtime_ns for n in "AD"}
    outcomes = analyze(specimens, tmp_path / "out", cluster=Cluster(workers.scheduler_address), resume=True)
    assert [o.exit_code for o in outcomes] == [0, 0, 0, 0]
    assert before == {n: (tmp_path / "out" / n / "cells.csv").stat().st_mtime_ns for n in "AD"}
    assert_same(tmp_path / "out", alone)
    assert (tmp_path / "out" / "summary.csv").read_bytes() == (alone / "summary.csv").read_bytes()


def test_a_worker_that_dies_is_replaced_and_its_specimen_done_once(
    specimens: list[Path], alone: Path, workers: object, tmp_path: Path
) -> None:
    with killing(tmp_path, 1, times=2) as killed:
        outcomes = analyze(specimens, tmp_path, cluster=Cluster(workers.scheduler_address))
    assert len(killed) == 2
    assert [o.exit_code for o in outcomes] == [0, 0, 0, 0]
    assert_same(tmp_path, alone)
    assert (tmp_path / "summary.csv").read_bytes() == (alone / "summary.csv").read_bytes()


def test_a_specimen_that_ends_three_workers_is_left_out_with_its_reason(
    specimens: list[Path], alone: Path, workers: object, tmp_path: Path
) -> None:
    with killing(tmp_path, 2, times=3) as killed:
        outcomes = analyze(specimens, tmp_path, cluster=Cluster(workers.scheduler_address))
    assert len(killed) == 3
    assert [o.exit_code for o in outcomes] == [0, 0, 3, 0]
    with (tmp_path / "skipped.csv").open(encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["path"] == "C"
    assert "ended 3 workers" in row["reason"]
    assert not (tmp_path / "C").exists()
    assert_same(tmp_path, alone, ("A", "B", "D"))


def test_stopping_keeps_what_is_whole(
    specimens: list[Path], alone: Path, workers: object, tmp_path: Path
) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done:
            token.cancel()

    outcomes = analyze(
        specimens, tmp_path, token=token, progress=stop, cluster=Cluster(workers.scheduler_address)
    )
    ended = tuple(o.specimen for o in outcomes)
    assert 0 < len(ended) < len(NAMES)
    assert_same(tmp_path, alone, ended)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == sorted(ended)
    again = analyze(specimens, tmp_path, resume=True, cluster=Cluster(workers.scheduler_address))
    assert [o.exit_code for o in again] == [0, 0, 0, 0]
    assert_same(tmp_path, alone)


def test_workers_that_do_not_see_the_folder_are_refused_in_words(workers: object, tmp_path: Path) -> None:
    from bloodcells_gui.app import cluster

    with distributed.Client(workers) as client, pytest.raises(UserError, match="does not see"):
        cluster.check_workers(client, tmp_path / "elsewhere")


def test_workers_that_are_killed_before_the_work_begins_are_replaced(tmp_path: Path) -> None:
    from bloodcells_gui.app import cluster

    with department() as own, distributed.Client(own) as client, cluster.run_folder(tmp_path) as folder:
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        cluster.check_workers(client, folder)
        cluster.check_workers(client, folder)


def test_a_dead_worker_is_not_taken_for_one_of_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bloodcells_gui import __version__
    from bloodcells_gui.app import cluster

    class Client:
        def __init__(self, *answers: dict[str, object]) -> None:
            self.answers = list(answers)

        def wait_for_workers(self, *_: object, **__: object) -> None: ...

        def run(self, *_: object, **__: object) -> dict[str, object]:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    dead, well = OSError("Timed out trying to connect to tls://127.0.0.1:39255"), (__version__, True)
    cluster.check_workers(Client({"tcp://a": dead, "tcp://b": dead}, {"tcp://c": well}), tmp_path)
    cluster.check_workers(Client({"tcp://a": dead, "tcp://b": well}), tmp_path)
    with pytest.raises(UserError, match="no version"):
        cluster.check_workers(Client({"tcp://a": ModuleNotFoundError("bloodcells_gui")}), tmp_path)
    monkeypatch.setattr(cluster, "ANSWER_WITHIN_S", 0)
    with pytest.raises(UserError, match="Every worker of the cluster ended"):
        cluster.check_workers(Client({"tcp://a": dead}), tmp_path)


def test_a_cluster_that_does_not_answer_is_told(
    specimens: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bloodcells_gui.app import cluster

    monkeypatch.setattr(cluster, "ANSWER_WITHIN_S", 1)
    with pytest.raises(UserError, match="does not answer"):
        analyze(specimens, tmp_path, cluster=Cluster("tcp://127.0.0.1:9"))
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_that_goes_away_is_told_and_what_ended_is_kept(
    specimens: list[Path], alone: Path, tmp_path: Path
) -> None:
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        with distributed.Client(cluster) as client:
            client.register_plugin(plain_models())
        gone: list[threading.Thread] = []

        def end(progress: Progress) -> None:
            if progress.done and not gone:
                gone.append(threading.Thread(target=cluster.close))
                gone[0].start()

        outcomes = analyze(specimens, tmp_path, progress=end, cluster=Cluster(cluster.scheduler_address))
        gone[0].join()
    ended = tuple(o.specimen for o in outcomes if o.exit_code == 0)
    assert 0 < len(ended) < len(NAMES)
    assert {o.error.text() for o in outcomes if o.error}.pop().startswith("The cluster went away")
    assert_same(tmp_path, alone, ended)


def test_without_dask_the_extra_is_named(
    specimens: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    request = AnalyzeRequest((specimens[0],), tmp_path, cluster=Cluster())
    with pytest.raises(UserError, match=r"bloodcells-gui\[cluster\]"):
        analyze_on_cluster({0: object()}, request, {}, LabSettings(), token=CancelToken(), progress=print)  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []


def test_shards_share_the_specimens_and_a_last_run_sums_up(
    specimens: list[Path], alone: Path, tmp_path: Path
) -> None:
    first = analyze(specimens, tmp_path, shard=Shard(1, 3))
    second = analyze(specimens, tmp_path, shard=Shard(2, 3))
    third = analyze(specimens, tmp_path, shard=Shard(3, 3))
    assert [[o.specimen for o in part] for part in (first, second, third)] == [["A", "D"], ["B"], ["C"]]
    assert (tmp_path / "summary-1-of-3.csv").is_file()
    assert not (tmp_path / "summary.csv").exists()
    stamps = {n: (tmp_path / n / "cells.csv").stat().st_mtime_ns for n in NAMES}
    began = time.monotonic()
    analyze(specimens, tmp_path, resume=True)
    assert stamps == {n: (tmp_path / n / "cells.csv").stat().st_mtime_ns for n in NAMES}
    assert time.monotonic() - began < 60
    assert_same(tmp_path, alone)
    assert (tmp_path / "summary.csv").read_bytes() == (alone / "summary.csv").read_bytes()
