"""Words of charts and alarms, alike in the window, the line of alarms and for screen readers."""

from __future__ import annotations

from bloodcells_gui.domain.control_charts import ALARMS, RULES, Alarm, Chart, DayPoint
from bloodcells_gui.domain.formatting import labelled
from bloodcells_gui.domain.quality import BY_FIGURE
from bloodcells_gui.ui.i18n import Language, tr


def chart_name(language: Language, chart: Chart) -> str:
    """The figure, and whose it is."""
    name = language.text(BY_FIGURE[chart.figure].label)
    return f"{name} · {chart.control}" if chart.control else name


def value_text(language: Language, chart: Chart, value: float) -> str:
    """A value with its unit."""
    figure = BY_FIGURE[chart.figure]
    return f"{language.number(value, figure.decimals)} {language.text(figure.unit)}".strip()


def rules_text(language: Language, point: DayPoint) -> str:
    """What a day breaks, or what else there is to say of it."""
    # "Beyond 2 SD" says nothing beside a rule that is an alarm.
    rules = [rule for rule in point.rules if rule in ALARMS or not point.alarm]
    if rules:
        return "; ".join(labelled(rule, language.text(RULES[rule]), language.lang) for rule in rules)
    if point.odd:
        return tr("baseline, left out as odd")
    return tr("baseline") if point.baseline else ""


def alarm_text(language: Language, alarm: Alarm) -> str:
    """One sentence."""
    return tr("{day}, {chart}: {value}, {rules}").format(
        day=language.day(alarm.point.day),
        chart=chart_name(language, alarm.chart),
        value=value_text(language, alarm.chart, alarm.point.value),
        rules=rules_text(language, alarm.point),
    )
