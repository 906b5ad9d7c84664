"""Settings that a person changes often; the rest stands in the settings file."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from bloodcells_gui.domain.ranges import OWN, PUBLISHED
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.labels import PlainLabel


class PreferencesDialog(Form):
    """Language, appearance, rows of the table, target, ranges, paper."""

    def __init__(
        self, context: UiContext, settings: LabSettings, where: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(self.tr("Preferences"), "", parent)
        self._settings = settings
        text = context.language.text
        self.language = self._combo(
            ((self.tr("As the desktop"), "system"), ("English", "en"), ("Français", "fr")), settings.language
        )
        self.form.addRow(self.tr("&Language"), self.language)
        self.theme = self._combo(
            ((self.tr("As the desktop"), "system"), (self.tr("Light"), "light"), (self.tr("Dark"), "dark")),
            settings.theme,
        )
        self.form.addRow(self.tr("&Appearance"), self.theme)
        self.rollup = self._combo(tuple((text(r.name), r.id) for r in ROLLUPS.values()), settings.rollup)
        self.form.addRow(self.tr("&Rows of the table"), self.rollup)
        self.target = QSpinBox()
        self.target.setRange(0, 100_000)
        self.target.setSingleStep(100)
        self.target.setSpecialValueText(self.tr("none"))
        self.target.setValue(settings.target_cells)
        self.form.addRow(self.tr("Leukocytes to &count"), self.target)
        ranges = [(text(r.name), r.id) for r in PUBLISHED.values()]
        if settings.own_ranges or settings.range_set == OWN:
            ranges.append((self.tr("The laboratory's own"), OWN))
        self.ranges = self._combo(tuple(ranges), settings.range_set)
        self.form.addRow(self.tr("Reference ran&ges"), self.ranges)
        self.paper = self._combo((("A4", "a4"), ("Letter", "letter")), settings.paper)
        self.form.addRow(self.tr("&Paper"), self.paper)
        self.sound = QCheckBox(self.tr("A sound with every counted cell"))
        self.sound.setChecked(settings.count_sound)
        self.form.addRow("", self.sound)
        if where:
            note = PlainLabel(
                self.tr("Rules, ranges, keys, report header and fields: {path}").format(path=where)
            )
            note.setObjectName("muted")
            note.setWordWrap(True)
            self.outer.insertWidget(self.outer.count() - 1, note)

    def _combo(self, entries: tuple[tuple[str, str], ...], current: str) -> QComboBox:
        combo = QComboBox()
        for name, value in entries:
            combo.addItem(name, value)
        combo.setCurrentIndex(max(0, combo.findData(current)))
        return combo

    def answer(self) -> LabSettings:
        """The settings as changed."""
        return replace(
            self._settings,
            language=str(self.language.currentData()),
            theme=str(self.theme.currentData()),
            rollup=str(self.rollup.currentData()),
            target_cells=self.target.value(),
            range_set=str(self.ranges.currentData()),
            paper=str(self.paper.currentData()),
            count_sound=self.sound.isChecked(),
        )
