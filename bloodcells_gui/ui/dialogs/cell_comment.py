"""Dialog for a comment on some cells."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from bloodcells_gui.ui.case_details.comments import LONGEST, WordsEdit
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import ngettext, tr


class CellCommentDialog(Form):
    """Ask for a comment that stands in the report with the numbers of its cells.

    Parameters
    ----------
    count : int
        How many cells it is about.
    """

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(
            ngettext("Comment on {n} cell", "Comment on {n} cells", count),
            tr("It stands in the report with the numbers of the cells. Ctrl+Enter adds it."),
            parent,
            accept=tr("&Add"),
        )
        self.words: QPlainTextEdit = self._words()
        self.form.addRow(self.words)
        self.set_accept_enabled(False)

    def _words(self) -> WordsEdit:
        words = WordsEdit()
        words.setAccessibleName(tr("Comment"))
        words.setTabChangesFocus(True)
        words.setFixedHeight(5 * self.fontMetrics().height())
        words.textChanged.connect(lambda: self.set_accept_enabled(0 < len(self.answer()) <= LONGEST))
        words.done.connect(lambda: self.accept() if 0 < len(self.answer()) <= LONGEST else None)
        return words

    def loses_changes(self) -> bool:
        return bool(self.answer())

    def answer(self) -> str:
        """The comment."""
        return self.words.toPlainText().strip()
