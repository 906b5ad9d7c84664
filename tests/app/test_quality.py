"""Sixty days of films of which one has another stain: the alarm comes, and only then."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from bloodcells_gui.app.quality import Quality
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.quality import NUCLEUS, RED_COLOUR
from bloodcells_gui.domain.settings import QualityRules
from tests.support.quality_cases import FIRST, analysed, wobble
from tests.support.workbench_window import a_workspace

ODD_DAY = 44


def a_day(folder: Path, day: int) -> None:
    stain = 1.4 if day == ODD_DAY else 1.0
    analysed(
        folder, day, red_cell_od=stain * 0.25 + wobble(day, 0.01), nucleus_od=stain * 0.6 + wobble(day, 0.03),
        focus=5 + wobble(day, 0.3), waiting=3 + day % 3, cells=36,
    )  # fmt: skip


def quality(workspace: Workspace, day: int) -> Quality:
    return Quality(workspace.index, lambda: workspace.settings, lambda: when(day))


def when(day: int) -> str:
    return f"{(FIRST + timedelta(days=day)).isoformat()}T18:00:00Z"


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = a_workspace(tmp_path_factory.mktemp("sixty"))
    for day in range(60):
        a_day(workspace.cases_dir, day)
    return workspace


def test_the_alarm_comes_on_that_day_and_only_then(sixty: Workspace) -> None:
    found = quality(sixty, ODD_DAY).overview()
    odd = (FIRST + timedelta(days=ODD_DAY)).isoformat()
    assert {a.point.day for a in found.alarms} == {odd}
    assert {a.chart.figure for a in found.alarms} == {RED_COLOUR, NUCLEUS}
    assert quality(sixty, 59).overview().alarms == ()  # two weeks later it is in the charts only
    everything = {p.day for c in found.charts for p in c.points if p.alarm}
    assert everything == {odd}


def test_every_point_is_in_the_table_with_its_limits(sixty: Workspace, tmp_path: Path) -> None:
    book = quality(sixty, 59)
    book.write_csv(book.overview(), tmp_path / "quality.csv", "en")
    with (tmp_path / "quality.csv").open(encoding="utf-8-sig") as table:
        rows = list(csv.DictReader(table))
    odd = [r for r in rows if r["day"] == (FIRST + timedelta(days=ODD_DAY)).isoformat()]
    assert {r["figure"]: r["rules"] for r in odd if r["rules"]} == {
        RED_COLOUR: "1_2s; 1_3s", NUCLEUS: "1_2s; 1_3s",
    }  # fmt: skip
    nucleus = next(r for r in odd if r["figure"] == NUCLEUS)
    assert float(nucleus["value"]) > float(nucleus["high_3s"]) > float(nucleus["mean"])
    assert len([r for r in rows if r["figure"] == NUCLEUS]) == 60


def test_the_charts_are_written_as_pdf(sixty: Workspace, tmp_path: Path) -> None:
    book = quality(sixty, 59)
    for lang in ("en", "fr"):
        book.write_pdf(book.overview(), tmp_path / f"{lang}.pdf", lang)
        assert (tmp_path / f"{lang}.pdf").read_bytes().startswith(b"%PDF-")


def test_a_control_slide_is_on_a_chart_of_its_own(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    workspace.change_settings(quality=QualityRules(controls=("CONTROL-A",)))
    for day in range(4):
        analysed(workspace.cases_dir, day)
        analysed(workspace.cases_dir, day, specimen="CONTROL-A", nucleus_od=0.9)
    found = quality(workspace, 4).overview().charts
    values = {c.control: [p.value for p in c.points] for c in found if c.figure == NUCLEUS}
    assert values["CONTROL-A"] == pytest.approx([0.9] * 4)
    assert values[""] == pytest.approx([0.6] * 4)


def test_another_model_is_a_line_on_the_chart(tmp_path: Path) -> None:
    workspace = a_workspace(tmp_path)
    for day in range(12):
        analysed(workspace.cases_dir, day, model="lite0 " + "ab" * 32 if day < 6 else "lite1 " + "cd" * 32)
    found = next(c for c in quality(workspace, 12).overview().charts if c.figure == NUCLEUS)
    assert [m for _, m in found.changes] == ["lite1 cdcdcdcdcdcd"]
