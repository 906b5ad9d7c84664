"""Dialog before an analysis; every answer is optional."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.workspace import OpenOptions
from bloodcells_gui.domain.specimen import ImagePlace, Specimen, SpecimenKind
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import NoTypeAheadComboBox, NumberEdit
from bloodcells_gui.ui.dialogs.found_images import FoundImages
from bloodcells_gui.ui.dialogs.order_line import OrderLine, Orders
from bloodcells_gui.ui.dialogs.scans import ScannedEdit, catch_scans
from bloodcells_gui.ui.dialogs.scrolled_form import ScrolledForm
from bloodcells_gui.ui.i18n import pgettext, tr
from bloodcells_gui.ui.labels import ElidedLabel, plain_tip


class OpenOptionsDialog(ScrolledForm):
    """Kind, scale, white cell count and specimen id of what is about to be analysed.

    Parameters
    ----------
    path : Path
        What was chosen.
    found : Specimen or None
        What was found there.
    places : sequence of ImagePlace
        Where its images lie. With more than one the person must say whether they are one specimen.
    pool : QThreadPool or None
        Where the first pictures are decoded; None shows none.
    orders : Orders or None
        Looks a specimen number up among the orders of a laboratory system; None looks nothing up.
    fields : sequence of str
        Names of the fields that the laboratory has, which an order may fill.
    """

    def __init__(
        self,
        context: UiContext,
        path: Path,
        found: Specimen | None = None,
        parent: QWidget | None = None,
        *,
        places: Sequence[ImagePlace] = (),
        pool: QThreadPool | None = None,
        orders: Orders | None = None,
        fields: Sequence[str] = (),
    ) -> None:
        super().__init__(
            tr("New analysis"),
            tr("Everything here may stay as it is. Images are only read, never changed."),
            parent,
            accept=tr("Analyse"),
        )
        self._language = context.language
        self._of_order = ""
        where = ElidedLabel(str(path))
        self.form.addRow(tr("Images"), where)
        self.found = FoundImages(places, pool, self)
        self.found.answered.connect(self._update_ok_button)
        if places:
            self.form.addRow(self.found)
        else:
            self.found.hide()
        self.specimen_id = ScannedEdit()
        self.specimen_id.setPlaceholderText(found.id if found else path.name)
        self.specimen_id.setToolTip(plain_tip(self.specimen_id.placeholderText()))
        self.specimen_id.setMaxLength(120)
        self.form.addRow(tr("&Specimen number"), self.specimen_id)
        self._fields = tuple(fields)
        self.order = None if orders is None else self._order_line(context, orders)
        self.kind = _kind_choice(found)
        self.form.addRow(tr("&Kind of images"), self.kind)
        self._add_numbers()
        self.corrected = _choice(
            (pgettext("correction", "not known"), "unknown"), (tr("yes"), "yes"), (tr("no"), "no")
        )
        self.form.addRow(tr("Already corrected for &NRBC"), self.corrected)
        self.target = _choice(
            (tr("as usual for this kind"), None),
            (tr("all cells"), 0),
            *((str(n), n) for n in (100, 200, 400)),
        )
        self.form.addRow(tr("&Leukocytes to find"), self.target)
        for field in (self.mpp, self.wbc):
            field.textChanged.connect(self._update_ok_button)
        # What a scanner sends belongs into the specimen number, whatever lies above it.
        for before, after in pairwise((self.target, self.found.view, self.found.one, self.found.each)):
            self.setTabOrder(before, after)
        catch_scans(self, self.specimen_id)
        self.setMinimumWidth(560)
        self._update_ok_button()

    def _add_numbers(self) -> None:
        self.mpp = NumberEdit(self._language, tr("from the files, else estimated from the red cells"))
        self.form.addRow(tr("S&cale, µm per pixel"), self.mpp)
        self.wbc = NumberEdit(self._language, tr("from the analyser, for absolute counts"))
        self.form.addRow(tr("&White cell count, 10⁹/L"), self.wbc)

    def ask_scale(self, specimen: Specimen) -> None:
        """Ask again about a specimen whose scale was not known, or wrong: the scale first."""
        self.specimen_id.setText(specimen.id)
        self.mpp.setFocus()

    def _order_line(self, context: UiContext, orders: Orders) -> OrderLine:
        """The row below the specimen number that shows its order."""
        line = OrderLine(context, orders)
        line.looked.connect(self._show_order)
        line.looked.connect(lambda: self.show_whole(line))
        line.use.toggled.connect(lambda _: self._show_order())
        self.specimen_id.editingFinished.connect(self._look_up)
        # The same number once more: somebody may have mended the order meanwhile.
        self.specimen_id.taken.connect(lambda: line.look_up(self.specimen_id.text(), anew=True))
        self.form.addRow("", line)
        return line

    def _look_up(self) -> None:
        if self.order is not None:
            self.order.look_up(self.specimen_id.text())

    def _show_order(self) -> None:
        """Put the white cell count of the order into its field, where nobody typed one, or take it out."""
        order = self.order.used if self.order is not None else None
        if order is not None and order.wbc is not None and not self.wbc.text():
            self._of_order = self._language.number(order.wbc, 2)
            self.wbc.setText(self._of_order)
        elif order is None and self._of_order and self.wbc.text() == self._of_order:
            self.wbc.clear()
            self._of_order = ""
        self._update_ok_button()

    def accept(self) -> None:
        """Begin, once the number that stands there was looked up and what was found is on the screen."""
        self._look_up()
        if self.order is None or not self.order.pending:
            super().accept()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self.found.stop()
        if self.order is not None:
            self.order.stop()

    def _update_ok_button(self) -> None:
        looked = self.order is None or not self.order.pending
        self.set_accept_enabled(self.mpp.acceptable and self.wbc.acceptable and self.found.settled and looked)
        for field in (self.specimen_id, self.wbc, self.corrected):
            field.setEnabled(not self.found.each.isChecked())  # they belong to one person

    def options(self) -> OpenOptions:
        """The answers."""
        order = self.order.used if self.order is not None else None
        number = self.specimen_id.text().strip()
        fields = list(order.case_fields(self._fields, number)) if order is not None else []
        if self.wbc.value() is not None:
            fields += [("wbc", str(self.wbc.value())), ("wbc_corrected", str(self.corrected.currentData()))]
        return OpenOptions(
            kind=str(self.kind.currentData()),
            specimen_id=number,
            mpp=self.mpp.value(),
            target_cells=self.target.currentData(),
            fields=tuple(fields),
            one_specimen=self.found.in_question and self.found.one.isChecked(),
            each_folder=self.found.in_question and self.found.each.isChecked(),
        )


def _choice(*choices: tuple[str, object]) -> NoTypeAheadComboBox:
    combo = NoTypeAheadComboBox()
    for name, value in choices:
        combo.addItem(name, value)
    return combo


def _kind_choice(found: Specimen | None) -> NoTypeAheadComboBox:
    """The kinds of images; the automatic one says what it found."""
    names = {
        SpecimenKind.CROPS: tr("single cells"),
        SpecimenKind.FIELDS: tr("fields"),
        SpecimenKind.SLIDE: tr("a slide"),
    }
    name, automatic = names.get(found.kind, "") if found is not None else "", tr("Automatic")
    return _choice(
        (f"{automatic} ({name})" if name else automatic, "auto"),
        (tr("Single cells: one cell in the middle of each image"), "crops"),
        (tr("Fields: many cells in each image"), "fields"),
        (tr("Slide: a whole smear in one file"), "slide"),
    )
