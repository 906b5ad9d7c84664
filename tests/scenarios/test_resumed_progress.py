"""An analysis that goes on counts from where it was left, and its rate is of what is new."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.batch import AnalyzeRequest, analyze_all
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.progress import CancelToken, RateMeter
from tests.support.drawn_images import cell, engine


def analyze(folder: Path, out: Path, *, cancel: bool = False, resume: bool = False) -> list[Progress]:
    token, heard = CancelToken(), []

    def listen(progress: Progress) -> None:
        heard.append(progress)
        if cancel and progress.cells:
            token.cancel()

    request = AnalyzeRequest((folder,), out, kind="crops", mpp=0.107, threads=2, resume=resume)
    analyze_all(request, token=token, progress=listen, engine=engine)
    return heard


def test_a_resumed_analysis_of_crops_counts_on(tmp_path: Path) -> None:
    folder, out = tmp_path / "x", tmp_path / "out"
    folder.mkdir()
    for i in range(160):
        cv2.imwrite(str(folder / f"{i:03d}.png"), cell(i)[..., ::-1])
    first = analyze(folder, out, cancel=True)
    left = first[-1]
    assert 0 < left.done < 160
    assert left.total == 160
    second = analyze(folder, out, resume=True)
    begun = second[0]
    assert (begun.total, begun.rate, begun.eta_s) == (160, 0.0, None)
    assert begun.done == begun.cells >= left.done
    assert (second[-1].done, second[-1].total, second[-1].cells) == (160, 160, 160)
    assert [p.done for p in second] == sorted(p.done for p in second)


def test_the_rate_is_of_what_is_done_since(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(np.arange(0.0, 10.0))
    meter = RateMeter(clock=lambda: float(next(times)), begun=100)
    assert meter.update(100) == 0.0
    assert meter.update(110) == 5.0
    assert meter.eta_s(110, 160, 5.0) == 10.0
