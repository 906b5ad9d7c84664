"""The page of the preferences on quality: charts, control slides, limits that include the reader."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from bloodcells_gui.domain.rare_search import DEFAULT_SEARCH, RareSearch
from bloodcells_gui.domain.settings import LabSettings, QualityRules
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.settings.pages import Page
from bloodcells_gui.ui.settings.reader_matrix import ReaderMatrixRow


class QualityPage(Page):
    """Baseline and controls."""

    def __init__(self, context: UiContext, s: LabSettings) -> None:
        super().__init__(context, "")
        self.title = tr("Quality")
        rules = s.quality
        self.days = self.whole(tr("Limits of the first &days"), rules.days, 365)
        self.days.setMinimum(5)
        self.since, self.until, self.controls = (
            QLineEdit(t) for t in (context.language.day(rules.since), context.language.day(rules.until), "")
        )
        for line in (self.since, self.until):
            line.setMaxLength(10)
            line.setPlaceholderText(tr("YYYY-MM-DD"))
        self.form.addRow(tr("or of the days &from"), self.since)
        self.form.addRow(tr("&to"), self.until)
        self.controls.setText("; ".join(rules.controls))
        self.controls.setMaxLength(1200)
        self.form.addRow(tr("&Control slides"), self.controls)
        self.note(
            tr(
                "Mean and SD of every chart are of these days. A film whose specimen number is the name of a"
                " control slide, or begins with it, is on a chart of its own and never among the patients'."
                " A semicolon stands between names."
            )
        )
        self.rare = QLineEdit(" ".join(s.rare_cells.codes))
        self.rare.setMaxLength(80)
        self.form.addRow(tr("&Rare cells to search for (codes)"), self.rare)
        self.one_in = self.whole(tr("… until fewer than &one in"), s.rare_cells.one_in, 100_000)
        self.one_in.setMinimum(10)
        self.reader = ReaderMatrixRow(context, s.reader_matrix)
        self.form.addRow(tr("Limits that include the reader"), self.reader)
        self.outer.addStretch(1)
        self.reads("rare_cells", self._rare)
        self.reads("reader_matrix", lambda: self.reader.matrix)
        self.reads("quality", self._answer)

    def _rare(self) -> RareSearch:
        codes = tuple(dict.fromkeys(self.rare.text().upper().replace(",", " ").split()))
        return RareSearch(codes or DEFAULT_SEARCH.codes, self.one_in.value())

    def _answer(self) -> QualityRules:
        names = (" ".join(name.split()) for name in self.controls.text().split(";"))
        controls = tuple(dict.fromkeys(name for name in names if name))
        since, until = (self.context.language.stored_day(line.text()) for line in (self.since, self.until))
        return QualityRules(self.days.value(), since, until, controls)
