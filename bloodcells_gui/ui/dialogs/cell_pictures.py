"""Dialog before cells are saved as pictures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from bloodcells_gui.app.cell_pictures import MOST_ON_A_SHEET, PictureOptions, captions
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel


class CellPicturesDialog(Form):
    """One picture a cell or a sheet, and what its names tell."""

    def __init__(
        self, context: UiContext, session: CaseSession, ids: Sequence[int], parent: QWidget | None = None
    ) -> None:
        lead = ngettext(
            "Saves the chosen cell as a PNG picture with a scale bar.",
            "Saves the {n} chosen cells as PNG pictures with scale bars.",
            len(ids),
        )
        super().__init__(tr("Save pictures of the cells"), lead, parent, accept=tr("Save…"))
        self._session, self._ids, self._lang = session, list(ids), context.language.lang
        settings = session.settings.cell_pictures
        self.form_of = QComboBox()
        self.form_of.addItem(tr("One picture a cell"), False)
        if len(ids) <= MOST_ON_A_SHEET:
            self.form_of.addItem(tr("All on one contact sheet"), True)
            self.form_of.setCurrentIndex(int(settings.sheet))
        self.form.addRow(tr("&Form"), self.form_of)
        self.name_class = self._box(tr("&Class of the cell in names and captions"), settings.name_class)
        self.name_number = self._box(tr("&Number of the cell in names and captions"), settings.name_number)
        self.specimen = self._box(tr("S&pecimen number, which may tell whose it is"), False)
        if session.settings.privacy.anonymised_export:
            self.specimen.setEnabled(False)
            self.specimen.setToolTip(tr("The laboratory's exports are anonymised (Preferences, Privacy)."))
        self.example = PlainLabel()
        self.example.setObjectName("muted")
        self.example.setWordWrap(True)
        self.form.addRow("", self.example)
        self.form_of.currentIndexChanged.connect(lambda _: self._show_example())
        self._show_example()

    def _box(self, text: str, on: bool) -> QCheckBox:
        made = QCheckBox(text)
        made.setChecked(on)
        made.toggled.connect(lambda _: self._show_example())
        self.form.addRow("", made)
        return made

    def _show_example(self) -> None:
        first = next(captions(self._session, self._ids[:1], self.answer()), "")
        said = tr("A sheet is one file.") if self.answer().sheet else tr("For example: {name}")
        self.example.setText(said.format(name=first))

    def answer(self) -> PictureOptions:
        """What the person chose."""
        return PictureOptions(
            sheet=bool(self.form_of.currentData()),
            name_class=self.name_class.isChecked(),
            name_number=self.name_number.isChecked(),
            codes=self._session.settings.csv_names == "codes",
            specimen=self.specimen.isChecked(),
            lang=self._lang,
        )
