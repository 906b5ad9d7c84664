"""Quality over time: the charts of the laboratory's films, their alarms, and both on paper and in a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bloodcells_gui import __version__
from bloodcells_gui.app.case_index import CaseIndex
from bloodcells_gui.app.data_folders import resources_dir
from bloodcells_gui.domain.control_charts import Alarm, Baseline, Chart, alarms, charts
from bloodcells_gui.domain.csv_text import csv_dialect
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.times import local
from bloodcells_gui.report.quality_csv import write_quality_csv

#: So long an alarm stands on the page that the program begins with.
SHOWN_DAYS = 7


@dataclass(frozen=True, slots=True)
class QualityOverview:
    """All charts, and the alarms of the last days, the newest first."""

    charts: tuple[Chart, ...]
    alarms: tuple[Alarm, ...]


class Quality:
    """Reads the figures of all cases and judges them; `overview` may run in a worker thread.

    Parameters
    ----------
    index : CaseIndex
    settings : callable
        The laboratory's settings of the moment.
    clock : callable
        UTC now.
    """

    def __init__(
        self, index: CaseIndex, settings: Callable[[], LabSettings], clock: Callable[[], str] = utc_now
    ) -> None:
        self._index = index
        self._settings = settings
        self._clock = clock

    def overview(self) -> QualityOverview:
        """Look at the folder anew and judge every chart; UserError when it cannot be looked at."""
        rules = self._settings().quality
        with self._index.opened() as index:
            index.refresh()
            cases = index.figures()
        found = charts(cases, Baseline(rules.days, rules.since, rules.until), rules.controls, local_day)
        return QualityOverview(tuple(found), tuple(alarms(found, self._since())))

    def _since(self) -> str:
        now = datetime.fromisoformat(self._clock()).astimezone(UTC)
        return (now - timedelta(days=SHOWN_DAYS)).date().isoformat()

    def write_csv(self, found: QualityOverview, target: Path, lang: str) -> None:
        """Every point of every chart, a row each; OutputNotWritable."""
        write_quality_csv(target, found.charts, csv_dialect(self._settings().csv, lang), lang)

    def write_pdf(self, found: QualityOverview, target: Path, lang: str) -> None:
        """The charts as PDF; OutputNotWritable."""
        # Late: what writes PDF takes a sixth of the window's start to load.
        from bloodcells_gui.report.pdf_quality import write_quality_pdf

        settings = self._settings()
        write_quality_pdf(
            found.charts,
            target,
            fonts_dir=resources_dir() / "fonts",
            laboratory=settings.header.laboratory,
            paper=settings.paper,
            lang=lang,
            created=self._clock(),
            app_version=__version__,
        )


def local_day(time: str) -> str:
    """The day of a UTC time where this computer stands."""
    moment = local(time)
    return time[:10] if moment is None else f"{moment:%Y-%m-%d}"
