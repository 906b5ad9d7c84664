"""Levey-Jennings charts with Westgard rules over the figures of films, day by day.

One point a day: the median over the films of that day, so that a single odd film does not move it. Limits are
of a baseline: the days that the laboratory sets, or the first ones. Films of another camera are another
chart, and films that another model analysed have limits of their own on the same chart.

Sources: Levey and Jennings, Am J Clin Pathol 1950; Westgard, Barry, Hunt and Groth, Clin Chem 1981 (the
rules); Hoffmann and Waid, Am J Clin Pathol 1965 (patients as controls); Iglewicz and Hoaglin 1993 (days that
are left out of a baseline); Hahn and Meeker 1991 (limits for one further observation).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from statistics import mean, median, stdev

from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.quality import FIGURES, CaseFigures, control_of
from bloodcells_gui.domain.stats import t_quantile

R_1_2S, R_1_3S, R_2_2S, R_4S, R_10X = "1_2s", "1_3s", "2_2s", "R_4s", "10_x"
#: What each rule found, as a translation key; all but the first are alarms.
RULES = {
    R_1_2S: N_("beyond 2 SD"),
    R_1_3S: N_("beyond 3 SD"),
    R_2_2S: N_("two days in a row beyond 2 SD on the same side"),
    R_4S: N_("from beyond 2 SD on one side to beyond 2 SD on the other"),
    R_10X: N_("ten days in a row on the same side of the mean"),
}
ALARMS = (R_1_3S, R_2_2S, R_4S, R_10X)

#: Fewer days make no baseline.
LEAST_DAYS = 5
_IN_A_ROW = 10
# A day this far from the median, in robust standard deviations, is left out of a baseline.
_ODD = 3.5
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Baseline:
    """Which days the limits are of: those from `since` to `until`, or the first `days` where they are ""."""

    days: int = 20
    since: str = ""
    until: str = ""


@lru_cache(maxsize=256)
def reach(k: float, n: int) -> float:
    """How many SD of a baseline of `n` days the limit for "beyond `k` SD" is from its mean.

    A mean and an SD of few days are uncertain; with `k` itself a short baseline would alarm far too often.
    This is the limit for one further observation: t(n - 1) at the normal probability of `k`, times
    sqrt(1 + 1 / n). It comes down to `k` as `n` grows.
    """
    probability = 0.5 * math.erfc(-k / math.sqrt(2.0))
    return t_quantile(probability, n - 1) * math.sqrt(1.0 + 1.0 / n)


@dataclass(frozen=True, slots=True)
class Limits:
    """Mean and SD of a baseline of `n` days from `first` to `last`."""

    mean: float
    sd: float
    n: int
    first: str
    last: str

    def at(self, k: float) -> tuple[float, float]:
        """The limits for "beyond `k` SD"."""
        half = self.sd * reach(k, self.n)
        return self.mean - half, self.mean + half

    def side(self, value: float, k: float) -> int:
        """1 above, -1 below, 0 within the limits of `k`; of 0, beside the mean by more than its own error."""
        half = self.sd * reach(k, self.n) if k else self.sd / math.sqrt(self.n)
        return (value > self.mean + half) - (value < self.mean - half)


@dataclass(frozen=True, slots=True)
class DayPoint:
    """The films of one day that one model analysed.

    Attributes
    ----------
    day : str
        YYYY-MM-DD.
    value : float
        Median over the films.
    films : int
    model : str
    baseline : bool
        It is one of the days that the limits are of, and is not judged.
    odd : bool
        A day of the baseline that was left out of the limits, because it lies far from the others.
    rules : tuple of str
        Broken ones, in the order of :data:`RULES`.
    """

    day: str
    value: float
    films: int
    model: str
    baseline: bool = False
    odd: bool = False
    rules: tuple[str, ...] = ()

    @property
    def alarm(self) -> bool:
        """Whether a rule was broken that is more than a warning."""
        return any(rule in ALARMS for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of patients' films of one camera, or of one control slide.

    Attributes
    ----------
    figure : str
        Code of :data:`domain.quality.FIGURES`.
    control : str
        Name of the control slide; "" for patients' films.
    camera : str
    points : tuple of DayPoint
        In order of days.
    limits : tuple of (str, Limits)
        By model; a model with too few days has none.
    """

    figure: str
    control: str
    camera: str
    points: tuple[DayPoint, ...]
    limits: tuple[tuple[str, Limits], ...] = ()

    def limits_of(self, model: str) -> Limits | None:
        """The limits for films that this model analysed."""
        return dict(self.limits).get(model)

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """Days on which another model began, with its name."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return tuple((b.day, b.model) for a, b in pairs if a.model != b.model)


def charts(
    cases: Iterable[CaseFigures],
    baseline: Baseline,
    controls: tuple[str, ...] = (),
    day_of: Callable[[str], str] = lambda time: time[:10],
) -> list[Chart]:
    """Every chart that the cases make: patients' first, then one control slide after the other.

    Parameters
    ----------
    controls : tuple of str
        Names of control slides; their films are never among the patients'.
    day_of : callable
        The laboratory's day of a UTC time.
    """
    groups: dict[tuple[str, str], list[CaseFigures]] = {}
    day_of = cache(day_of)  # each film is asked for once a figure
    for case in cases:
        if case.time:
            groups.setdefault((control_of(case.specimen, controls), case.camera), []).append(case)
    found = []
    for control, camera in sorted(groups):
        for figure in FIGURES:
            points = daily(groups[control, camera], figure.code, day_of)
            if points:
                found.append(judged(Chart(figure.code, control, camera, tuple(points)), baseline))
    return found


def daily(cases: Iterable[CaseFigures], figure: str, day_of: Callable[[str], str]) -> list[DayPoint]:
    """One point for each day and model: the median over its films."""
    values: dict[tuple[str, str], list[float]] = {}
    first: dict[tuple[str, str], str] = {}
    for case in cases:
        value = case.values.get(figure)
        if value is not None and math.isfinite(value):
            key = day_of(case.time), case.model
            values.setdefault(key, []).append(value)
            first[key] = min(first.get(key, case.time), case.time)
    order = sorted(values, key=lambda key: (key[0], first[key]))
    return [DayPoint(day, median(v), len(v), model) for day, model in order for v in (values[day, model],)]


def judged(chart: Chart, baseline: Baseline) -> Chart:
    """The chart with its limits, and each day with the rules that it breaks."""
    limits: list[tuple[str, Limits]] = []
    marked: dict[DayPoint, DayPoint] = {}
    for model in dict.fromkeys(p.model for p in chart.points):
        points = [p for p in chart.points if p.model == model]
        days = _baseline(points, baseline)
        known, odd = _limits(days)
        marked.update((p, replace(p, baseline=True, odd=p in odd)) for p in days)
        if known is not None:
            limits.append((model, known))
            outside = set(points) - set(days)
            marked.update(_with_rules([p for p in points if p in outside], known))
    return replace(chart, points=tuple(marked.get(p, p) for p in chart.points), limits=tuple(limits))


def _baseline(points: Sequence[DayPoint], baseline: Baseline) -> list[DayPoint]:
    if baseline.since or baseline.until:
        until = baseline.until or "9999"
        return [p for p in points if baseline.since <= p.day <= until]
    return list(points[: baseline.days])


def _limits(days: Sequence[DayPoint]) -> tuple[Limits | None, list[DayPoint]]:
    """Limits of a baseline, and its odd days, which are left out of them; None for too few or equal days."""
    if len(days) < LEAST_DAYS:
        return None, []
    middle = median(p.value for p in days)
    spread = _MAD_TO_SD * median(abs(p.value - middle) for p in days)
    odd = [p for p in days if spread and abs(p.value - middle) > _ODD * spread]
    kept = [p for p in days if p not in odd]
    if len(kept) < LEAST_DAYS:
        return None, []
    values = [p.value for p in kept]
    sd = stdev(values)
    return (Limits(mean(values), sd, len(kept), kept[0].day, kept[-1].day) if sd else None), odd


def _with_rules(points: Sequence[DayPoint], limits: Limits) -> list[tuple[DayPoint, DayPoint]]:
    found = []
    beside = [limits.side(p.value, 0) for p in points]
    for i, point in enumerate(points):
        two = limits.side(point.value, 2)
        before = limits.side(points[i - 1].value, 2) if i else 0
        row = set(beside[i + 1 - _IN_A_ROW : i + 1]) if i + 1 >= _IN_A_ROW else {0}
        broken = {
            R_1_2S: two != 0,
            R_1_3S: limits.side(point.value, 3) != 0,
            R_2_2S: two != 0 and two == before,
            R_4S: two != 0 and two == -before,
            R_10X: len(row) == 1 and row != {0},
        }
        found.append((point, replace(point, rules=tuple(rule for rule, yes in broken.items() if yes))))
    return found


@dataclass(frozen=True, slots=True)
class Alarm:
    """A day on which a chart broke a rule."""

    chart: Chart
    point: DayPoint


def alarms(found: Sequence[Chart], since: str = "") -> list[Alarm]:
    """The alarms from a day on, the newest first; warnings ("beyond 2 SD" alone) are none."""
    raised = [Alarm(c, p) for c in found for p in c.points if p.alarm and p.day >= since]
    return sorted(raised, key=lambda a: (a.point.day, a.chart.figure), reverse=True)
