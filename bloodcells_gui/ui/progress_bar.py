"""The progress line of an analysis, with its one button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, pgettext, tr
from bloodcells_gui.ui.labels import ElidedLabel


class AnalysisBar(QFrame):
    """Cells found, rate, time left, Cancel.

    Signals
    -------
    cancelled()
        The person asked for the end.
    """

    cancelled = Signal()

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._title = ElidedLabel()
        font = self._title.font()
        font.setWeight(font.Weight.DemiBold)
        self._title.setFont(font)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName(tr("Progress of the analysis"))
        self.text_label = QLabel()
        self.text_label.setObjectName("muted")
        self.text_label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.cancel_button = QPushButton(context.icons.get("stop"), pgettext("analysis", "Stop"))
        self.cancel_button.setToolTip(tr("Stops the analysis; what was found so far is kept"))
        self.cancel_button.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.setSpacing(14)
        row.addWidget(self._title)
        row.addWidget(self._bar, 1)
        row.addWidget(self.text_label)
        row.addWidget(self.cancel_button)
        self.hide()

    def begin(self, title: str = "", *, can_cancel: bool = True) -> None:
        """Something has started whose extent is not known yet."""
        self._title.show_text(title or tr("Analysing"))
        self.text_label.setText(tr("preparing…"))
        self._bar.setRange(0, 0)
        self.cancel_button.setEnabled(True)
        self.cancel_button.setVisible(can_cancel)
        self.show()

    def show_progress(self, progress: Progress) -> None:
        """Where it stands."""
        language = self._context.language
        self._bar.setRange(0, max(1, progress.total))
        self._bar.setValue(min(progress.done, progress.total))
        parts = [
            tr("{done} of {total} {unit}").format(
                done=language.integer(progress.done),
                total=language.integer(progress.total),
                unit=language.text(progress.unit),
            ),
            ngettext("{n} cell found", "{n} cells found", progress.cells),
        ]
        if progress.rate > 0:
            decimals = 0 if progress.rate >= 10 else 1
            parts.append(tr("{rate}/s").format(rate=language.number(progress.rate, decimals)))
        if progress.eta_s is not None:
            parts.append(tr("{time} left").format(time=language.duration(progress.eta_s)))
        self.text_label.setText("  ·  ".join(parts))

    def end(self) -> None:
        """It is over."""
        self.hide()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.text_label.setText(tr("stopping…"))
        self.cancelled.emit()
