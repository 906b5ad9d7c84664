"""The charts of quality as a table: one row a day, figure and model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bloodcells_gui.domain.control_charts import Chart
from bloodcells_gui.domain.csv_text import RFC4180, CsvDialect, Field
from bloodcells_gui.domain.i18n import tr
from bloodcells_gui.domain.quality import BY_FIGURE
from bloodcells_gui.report.csv_out import write_rows

QUALITY_HEAD = (
    "figure", "name", "unit", "control", "camera", "model", "day", "value", "films", "baseline", "left_out",
    "mean", "sd", "baseline_days", "low_2s", "high_2s", "low_3s", "high_3s", "rules",
)  # fmt: skip


def write_quality_csv(
    path: Path, charts: Sequence[Chart], dialect: CsvDialect = RFC4180, lang: str = "en"
) -> Path:
    """Write every point with the limits that it was judged by; OutputNotWritable."""
    write_rows(path, QUALITY_HEAD, _rows(charts, lang), dialect)
    return path


def _rows(charts: Sequence[Chart], lang: str) -> Iterator[list[Field]]:
    for chart in charts:
        figure = BY_FIGURE[chart.figure]
        for point in chart.points:
            limits = chart.limits_of(point.model)
            judged: list[Field] = [None] * 7
            if limits is not None:
                bounds = (*limits.at(2), *limits.at(3))
                judged = [
                    round(limits.mean, 6),
                    round(limits.sd, 6),
                    limits.n,
                    *(round(b, 6) for b in bounds),
                ]
            yield [
                figure.code, tr(figure.label, lang), figure.unit, chart.control, chart.camera, point.model,
                point.day, round(point.value, 6), point.films, int(point.baseline), int(point.odd), *judged,
                "; ".join(point.rules),
            ]  # fmt: skip
