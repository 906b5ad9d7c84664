"""Limits and rules of the charts: values known from the sources, and how often chance alone alarms."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.domain.control_charts import (
    R_1_2S,
    R_1_3S,
    R_2_2S,
    R_4S,
    R_10X,
    Baseline,
    Chart,
    DayPoint,
    alarms,
    charts,
    judged,
    reach,
)
from bloodcells_gui.domain.quality import FOCUS, NUCLEUS, CaseFigures, control_of

# Mean 10, SD 1 by construction; 20 days, so that 2 SD are 2.19 and 3 SD 3.55 (see test_reach...).
_BASE = [10 + d * math.sqrt(19 / 20) for d in [1, -1] * 10]


def day(n: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=n)).isoformat()


def chart(values: list[float], model: str = "m") -> Chart:
    return Chart(FOCUS, "", "cam", tuple(DayPoint(day(i), v, 1, model) for i, v in enumerate(values)))


def rules(after: list[float]) -> list[tuple[str, ...]]:
    found = judged(chart([*_BASE, *after]), Baseline())
    return [p.rules for p in found.points[20:]]


def test_reach_is_the_limit_for_one_further_observation() -> None:
    stats = pytest.importorskip("scipy.stats")
    for k in (2, 3):
        for n in (5, 20, 100):
            expected = stats.t.ppf(stats.norm.cdf(k), n - 1) * math.sqrt(1 + 1 / n)
            assert reach(k, n) == pytest.approx(expected, rel=1e-9)
    assert reach(3, 100_000) == pytest.approx(3, abs=1e-3)


def test_limits_are_mean_and_sd_of_the_first_days() -> None:
    found = judged(chart([*_BASE, 10.0]), Baseline(20))
    limits = found.limits_of("m")
    assert limits is not None
    assert (limits.mean, limits.sd, limits.n) == (pytest.approx(10), pytest.approx(1), 20)
    assert [p.baseline for p in found.points] == [True] * 20 + [False]


@pytest.mark.parametrize(
    ("after", "last"),
    [
        ([12.0], ()),
        ([12.5], (R_1_2S,)),
        ([7.5], (R_1_2S,)),
        ([14.0], (R_1_2S, R_1_3S)),
        ([12.5, 12.5], (R_1_2S, R_2_2S)),
        ([12.5, 10.0, 12.5], (R_1_2S,)),
        ([12.5, 7.5], (R_1_2S, R_4S)),
        ([10.5] * 9, ()),
        ([10.5] * 10, (R_10X,)),
        ([9.5] * 10, (R_10X,)),
        ([10.5] * 5 + [9.5] + [10.5] * 5, ()),
        ([10.1] * 10, ()),  # within the mean's own error of 0.22
    ],
)
def test_each_rule_of_westgard(after: list[float], last: tuple[str, ...]) -> None:
    assert rules(after)[-1] == last


def test_beyond_two_sd_alone_is_a_warning_and_no_alarm() -> None:
    found = judged(chart([*_BASE, 12.5, 10.0, 14.0]), Baseline())
    assert [a.point.day for a in alarms([found])] == [day(22)]
    assert alarms([found], since=day(23)) == []


def test_an_odd_day_does_not_widen_the_limits() -> None:
    found = judged(chart([*_BASE[:10], 30.0, *_BASE[10:19], 14.0]), Baseline(20))
    limits = found.limits_of("m")
    assert limits is not None
    assert limits.n == 19
    assert limits.sd < 1.1
    assert [p.day for p in found.points if p.odd] == [day(10)]
    assert found.points[-1].alarm


def test_a_laboratory_sets_the_days_of_the_limits() -> None:
    found = judged(chart([50.0] * 3 + _BASE + [10.0]), Baseline(20, day(3), day(22)))
    limits = found.limits_of("m")
    assert limits is not None
    assert (limits.first, limits.last, limits.n) == (day(3), day(22), 20)
    assert [p.alarm for p in found.points[:3]] == [True] * 3


def test_too_few_days_make_no_limits_and_no_alarm() -> None:
    found = judged(chart([1.0, 2.0, 3.0, 99.0]), Baseline())
    assert found.limits == ()
    assert alarms([found]) == []


def test_another_model_has_limits_of_its_own_and_a_line() -> None:
    old, new = chart(_BASE), chart([v + 8 for v in _BASE] + [18.0], "m2")
    later = tuple(replace(p, day=day(20 + i)) for i, p in enumerate(new.points))
    found = judged(replace(old, points=old.points + later), Baseline())
    assert found.changes == ((day(20), "m2"),)
    assert [m for m, _ in found.limits] == ["m", "m2"]
    assert alarms([found]) == []


def case(n: int, value: float, specimen: str = "S-1", camera: str = "cam") -> CaseFigures:
    return CaseFigures(Path("x"), specimen, f"{day(n)}T09:00:00Z", {NUCLEUS: value}, "m", camera)


def test_a_day_is_the_median_of_its_films() -> None:
    (found,) = charts([case(0, 1.0), case(0, 9.0), case(0, 2.0)], Baseline())
    assert [(p.value, p.films) for p in found.points] == [(2.0, 3)]


def test_controls_and_cameras_are_never_mixed() -> None:
    cases = [
        case(0, 1.0),
        case(0, 5.0, "CONTROL-A 7"),
        case(0, 6.0, "control-b"),
        case(0, 2.0, camera="other"),
    ]
    found = charts(cases, Baseline(), ("Control-A", "Control-B"))
    assert [(c.control, c.camera, c.points[0].value) for c in found] == [
        ("", "cam", 1.0), ("", "other", 2.0), ("Control-A", "cam", 5.0), ("Control-B", "cam", 6.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("specimen", "control"),
    [
        ("K-1", "K-1"), ("k-1 ", "K-1"), ("K-1/2026", "K-1"), ("K-12", ""), ("26-K-1", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_control_slide_is_known_by_its_number(specimen: str, control: str) -> None:
    assert control_of(specimen, ("K-1",)) == control


def test_chance_alone_breaks_three_sd_as_often_as_it_should() -> None:
    rng = np.random.default_rng(11)
    beyond = days = 0
    for _ in range(400):
        found = judged(chart(rng.normal(0, 1, 60).tolist()), Baseline(20))
        after = [p for p in found.points if not p.baseline]
        beyond += sum(R_1_3S in p.rules for p in after)
        days += len(after)
    assert 0.0015 < beyond / days < 0.006  # 0.27 % with known limits; 3 SD of 20 days as such give 0.6 %


def test_a_shift_of_the_stain_is_found_at_once() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(0.50, 0.02, 60).tolist()
    values[45] = 0.70
    found = judged(chart(values), Baseline())
    assert [a.point.day for a in alarms([found])] == [day(45)]
