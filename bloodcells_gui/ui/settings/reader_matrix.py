"""The laboratory's confusion matrix in the preferences: which one is in force, and taking another."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from bloodcells_gui.app.reader_limits import matrix_of_evaluation
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.reader_limits import ReaderMatrix
from bloodcells_gui.domain.taxonomy import ROLLUPS
from bloodcells_gui.domain.times import typed_text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.labels import PlainLabel


class ReaderMatrixRow(QWidget):
    """Takes an evaluation.json, read in the background, or none."""

    def __init__(self, context: UiContext, matrix: ReaderMatrix | None) -> None:
        super().__init__()
        self._context = context
        self.matrix = matrix
        self._reads = QueuedLookup(QThreadPool.globalInstance(), self)
        self._reads.answered.connect(lambda _, found: self.show_matrix(found))
        self._reads.failed.connect(self._on_failed)
        self.state = PlainLabel()
        self.state.setWordWrap(True)
        self.choose = QPushButton(tr("From an &evaluation…"))
        self.choose.clicked.connect(self._choose)
        self.remove = QPushButton(tr("&None"))
        self.remove.setToolTip(tr("No limits that include the reader"))
        self.remove.clicked.connect(lambda: self.show_matrix(None))
        row = QHBoxLayout()
        row.addWidget(self.choose)
        row.addWidget(self.remove)
        row.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addLayout(row)
        outer.addWidget(self.state)
        self.show_matrix(matrix)

    def show_matrix(self, matrix: ReaderMatrix | None) -> None:
        """Take this matrix and say what it is."""
        self.matrix = matrix
        self.remove.setEnabled(matrix is not None)
        if matrix is None:
            self.state.setText(tr("Not in the report"))
            return
        text = self._context.language.text
        said = ngettext(
            "Confusion matrix: {origin} of {day}, {n} cell", "Confusion matrix: {origin} of {day}, {n} cells",
            matrix.cells, origin=text(matrix.origin),
            day=typed_text(matrix.day, self._context.language.lang),
        )  # fmt: skip
        parts = [said, text(ROLLUPS[matrix.rollup].name)]
        if matrix.profile:
            parts.append(tr("profile {name}").format(name=matrix.profile))
        self.state.setText("  ·  ".join(parts))

    def take(self, path: Path) -> None:
        """Read the matrix of an evaluation.json in the background."""
        self._reads.ask(path, lambda: matrix_of_evaluation(path))

    def _choose(self) -> None:
        filters = f"{tr('Evaluation')} (*.json)"
        path = self._context.files.choose_file(FileKind.EVALUATION, self, "evaluation.json", filters)
        if path is not None:
            self.take(path)

    def _on_failed(self, _tag: object, error: BaseException) -> None:
        if not isinstance(error, UserError):
            raise error
        self.state.setText(error.text(self._context.language.lang))
