"""The question whose loose pictures of the watched folder are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.worklist import CaseEntry
from bloodcells_gui.domain.specimen import LONGEST_SPECIMEN_ID
from bloodcells_gui.ui.dialogs.common import Form, NoTypeAheadComboBox
from bloodcells_gui.ui.dialogs.scans import ScannedEdit, catch_scans
from bloodcells_gui.ui.i18n import ngettext, tr


class AssignDialog(Form):
    """A new specimen's number, or a case whose analysis has not begun.

    Parameters
    ----------
    names : sequence of str
        The pictures.
    cases : sequence of CaseEntry
        Cases that pictures can be added to.
    """

    def __init__(
        self, names: Sequence[str], cases: Sequence[CaseEntry], parent: QWidget | None = None
    ) -> None:
        super().__init__(
            tr("Whose pictures are these?"),
            ngettext(
                "{n} picture becomes one specimen, or goes to one that was not analysed yet.",
                "{n} pictures become one specimen, or go to one that was not analysed yet.",
                len(names),
            ),
            parent,
            accept=tr("Assign"),
        )
        self.number = ScannedEdit()
        self.number.setMaxLength(LONGEST_SPECIMEN_ID)
        self.form.addRow(tr("&Number of the specimen"), self.number)
        self.to = NoTypeAheadComboBox()
        self.to.addItem(tr("A new specimen"), None)
        for case in cases:
            self.to.addItem(" ".join(case.specimen_id.split()) or case.path.stem, str(case.path))
        if cases:
            self.form.addRow(tr("&To"), self.to)
        self.to.currentIndexChanged.connect(lambda _: self._check())
        self.number.textChanged.connect(lambda _: self._check())
        catch_scans(self, self.number)
        self._check()

    def _check(self) -> None:
        new = self.to.currentData() is None
        self.number.setEnabled(new)
        self.set_accept_enabled(not new or bool(self.number.text().strip()))

    def answer(self) -> str | Path:
        """The number of the new specimen, or the case to add to."""
        chosen = self.to.currentData()
        return " ".join(self.number.text().split()) if chosen is None else Path(str(chosen))
