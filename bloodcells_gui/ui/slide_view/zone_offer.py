"""The offer to analyse a zone that was just drawn."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from bloodcells_gui.app.continuing import area_mm2, seconds_per_mm2
from bloodcells_gui.domain.analysis import AnalysisRun
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel


class ZoneOffer(QWidget):
    """A line over the picture: how large the zone is, how long its analysis may take, and the button.

    Signals
    -------
    accepted()
        The person wants the zone analysed.
    """

    accepted = Signal()

    def __init__(self, context: UiContext, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setAutoFillBackground(True)
        self._context = context
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton(context.icons.get("next"), tr("Analyse this zone"))
        self.button.setToolTip(tr("Analyse this zone (Enter)"))
        self.button.clicked.connect(self.accept)
        dismiss = QPushButton(tr("Not now"))
        dismiss.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 4, 14, 4)
        row.addWidget(self.text, 1)
        for button in (self.button, dismiss):
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self.hide()

    def offer(self, zone: Sequence[tuple[float, float]], mpp: float, runs: Sequence[AnalysisRun]) -> None:
        """Offer a zone (its outline in px of the plane); no offer without one."""
        if len(zone) < 3:
            self.hide()
            return
        language = self._context.language
        area, pace = area_mm2(zone, mpp), seconds_per_mm2(runs)
        if area is None:
            text = tr("A zone is drawn. Enter analyses it.")
        elif pace is None:
            text = tr("Zone of {area} mm². Enter analyses it.").format(area=language.number(area, 2))
        else:
            text = tr("Zone of {area} mm²: its analysis may take {time}. Enter begins.").format(
                area=language.number(area, 2), time=language.duration(area * pace)
            )
        self.text.setText(text)
        width = min(640, self._over.width() - 24)
        self.resize(width, max(self.sizeHint().height(), self.heightForWidth(width)))
        self.move((self._over.width() - width) // 2, 12)
        self.show()

    def accept(self) -> None:
        """Analyse the zone, where it is on offer."""
        if self.isVisible():
            self.hide()
            self.accepted.emit()
