"""Window of quality over time: the charts, the days of one of them, and both as PDF and CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, QThreadPool, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.quality import Quality, QualityOverview
from bloodcells_gui.domain.control_charts import Chart
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.quality import BY_FIGURE
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.quality.model import ChartsModel, DayColumn, DaysModel
from bloodcells_gui.ui.quality.plot import ChartPlot
from bloodcells_gui.ui.screen_fit import resize_within_screen


class QualityWindow(QDialog):
    """Charts on the left, the chosen one with its days on the right.

    Signals
    -------
    looked(object)
        The charts were read anew: an overview.
    """

    looked = Signal(object)

    def __init__(
        self, context: UiContext, quality: Quality, pool: QThreadPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Quality over time"))
        self._context = context
        self._quality = quality
        self._found: QualityOverview | None = None
        self.banners = BannerStack(context)
        self.charts = ChartsModel(context, self)
        self.days = DaysModel(context, self)
        self.plot = ChartPlot(context)
        self._look = Lookup(pool, self)
        self._look.answered.connect(lambda _, found: self._show(found))
        self._look.failed.connect(self._failed)
        self._write = Lookup(pool, self)
        self._write.answered.connect(lambda path, _: self._written(path))
        self._write.failed.connect(self._failed)
        self._build()
        context.theme.changed.connect(self._show_chart)
        resize_within_screen(self, 1100, 700)
        self.refresh()

    def _build(self) -> None:
        self.list = QListView()
        self.list.setModel(self.charts)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName(tr("Charts"))
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.selectionModel().currentChanged.connect(lambda *_: self._show_chart())
        self.lead = PlainLabel()
        self.lead.setWordWrap(True)
        self.about = QLabel()
        self.about.setObjectName("muted")
        self.about.setWordWrap(True)
        self.table = self._table()
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.plot)
        right.addWidget(self.table)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 2)
        right.setChildrenCollapsible(False)
        panel = QWidget()
        beside = QVBoxLayout(panel)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.lead)
        beside.addWidget(right, 1)
        beside.addWidget(self.about)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.list)
        split.addWidget(panel)
        split.setStretchFactor(1, 1)
        split.setSizes([290, 800])
        split.setChildrenCollapsible(False)
        self.pdf_button = QPushButton(tr("Save as &PDF…"))
        self.csv_button = QPushButton(tr("Save as &table…"))
        self.pdf_button.clicked.connect(self.save_pdf)
        self.csv_button.clicked.connect(self.save_csv)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.csv_button, self.pdf_button):
            button.setAutoDefault(False)
            button.setEnabled(False)
            buttons.addWidget(button)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 14)
        inner.setSpacing(10)
        inner.addWidget(split, 1)
        inner.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(inner, 1)
        self.list.setFocus()

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.days)
        table.setAccessibleName(tr("Days of the chart"))
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(DayColumn.RULES, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return table

    # -- reading ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the figures of all cases again, in the background."""
        self.lead.setText(tr("Reading the cases…"))
        self._look.ask("look", self._quality.overview)

    def _show(self, found: QualityOverview) -> None:
        at = self.list.currentIndex().row()
        self._found = found
        self.charts.show_charts(found.charts, found.alarms)
        if found.alarms and at < 0:
            at = next(i for i, c in enumerate(found.charts) if c == found.alarms[0].chart)
        if found.charts:
            self.list.setCurrentIndex(self.charts.index(min(max(at, 0), len(found.charts) - 1)))
        for button in (self.csv_button, self.pdf_button):
            button.setEnabled(bool(found.charts))
        self._show_chart()
        self.looked.emit(found)

    def chosen(self) -> Chart | None:
        """The chart that is shown."""
        index: QModelIndex = self.list.currentIndex()
        return self.charts.charts[index.row()] if index.isValid() else None

    def _show_chart(self) -> None:
        chart = self.chosen()
        self.plot.show_chart(chart)
        self.days.show_chart(chart)
        if chart is None:
            none = tr("No film has been analysed yet.")
            self.lead.setText(none if self._found is not None else tr("Reading the cases…"))
            self.about.setText("")
            return
        whose = (
            tr("control slide {name}").format(name=chart.control) if chart.control else tr("patients' films")
        )
        self.lead.setText(f"{whose}  ·  {chart.camera}" if chart.camera else whose)
        language, figure = self._context.language, BY_FIGURE[chart.figure]
        said = [self._limits_text(chart)]
        said.append(tr("A change may come from: {causes}.").format(causes=language.text(figure.about)))
        said.append(tr("Rings: days of the limits. Squares: warnings. Triangles: alarms."))
        self.about.setText(" ".join(said))

    def _limits_text(self, chart: Chart) -> str:
        limits = chart.limits_of(chart.points[-1].model)
        if limits is None:
            return tr("Too few days for limits yet.")
        language, decimals = self._context.language, BY_FIGURE[chart.figure].decimals
        return (
            tr("Mean {mean}, SD {sd}, of {n} days from {first} to {last}").format(
                mean=language.number(limits.mean, decimals),
                sd=language.number(limits.sd, decimals + 1),
                n=limits.n,
                first=language.day(limits.first),
                last=language.day(limits.last),
            )
            + "."
        )

    # -- writing ---------------------------------------------------------------------------------------

    def save_pdf(self) -> None:
        """Ask where to, then write all charts."""
        self._save("quality.pdf", f"{tr('PDF file')} (*.pdf)", self._quality.write_pdf)

    def save_csv(self) -> None:
        """Ask where to, then write all days."""
        self._save("quality.csv", f"{tr('Table')} (*.csv)", self._quality.write_csv)

    def _save(self, name: str, filters: str, write: Callable[[QualityOverview, Path, str], None]) -> None:
        found = self._found
        if found is None:
            return
        path = self._context.files.choose_target(FileKind.TABLE, self, self.windowTitle(), name, filters)
        if path is not None:
            lang = self._context.language.lang
            self._write.ask(path, lambda: write(found, path, lang))

    def _written(self, path: object) -> None:
        self.banners.show_banner("ok", tr("The file was written."), str(path), vanish_ms=6000)

    def _failed(self, _: object, error: object) -> None:
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._look.close()
        self._write.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.stop()
        super().reject()
