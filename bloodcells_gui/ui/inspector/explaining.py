"""Explanation maps in the inspector: which class, which kind of map, and what its colours mean."""

from __future__ import annotations

import math

from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.explanation import Explanation, MapKind
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.controls import class_choice, slider
from bloodcells_gui.ui.inspector.image_view import CellImageView
from bloodcells_gui.ui.inspector.map_legend import MapLegend
from bloodcells_gui.ui.jobs import Lookup

# Odds beyond this say no more than "far more likely".
_MOST_ODDS = 999


class ExplanationRow(QWidget):
    """Asks for maps in the background and shows them over the picture, with a legend.

    A map that is still being computed is given up as soon as another one, or none, is wanted.
    """

    def __init__(
        self, context: UiContext, session: CaseSession, image: CellImageView, pool: QThreadPool
    ) -> None:
        super().__init__()
        self._context = context
        self._session = session
        self._image = image
        self._asked: tuple[int, str, MapKind] | None = None
        self._running = False
        self._cancel = CancelToken()
        self._maps = Lookup(pool, self)
        self._maps.answered.connect(self._arrived)
        self._maps.failed.connect(self._failed)
        self.explained_class = class_choice(context)
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Kind of map"))
        self.kind.setToolTip(
            tr(
                "Occlusion map: places are covered one after the other and the answer is asked again.\n"
                "Grad-CAM: where the network's last layer is active; much the same on every cell."
            )
        )
        self.kind.addItem(tr("Occlusion"), MapKind.OCCLUSION)
        self.kind.addItem(tr("Grad-CAM"), MapKind.GRAD_CAM)
        # The name of the class gives way; the kind of map stays readable.
        self.kind.setMinimumWidth(self.kind.sizeHint().width())
        self.kind.activated.connect(lambda _: self._again())
        self.opacity = slider(5, 100, 44, tr("Opacity of the explanation"), tr("Opacity of the explanation"))
        self.opacity.valueChanged.connect(self._opacity_changed)
        self.opacity.setValue(75)
        self.legend = MapLegend()
        name = QLabel(tr("Why"))
        name.setObjectName("muted")
        name.setBuddy(self.explained_class)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(name)
        row.addWidget(self.explained_class, 2)
        row.addWidget(self.kind)
        row.addWidget(self.opacity)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 0, 12, 7)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.legend)

    def ask(self, cell_id: int, code: str) -> None:
        """Compute the map of class `code` and show it."""
        kind = MapKind(self.kind.currentData())
        if self._running and self._asked == (cell_id, code, kind):
            self._tell(kind)  # the picture came meanwhile, and nothing is said over it any more
            return
        self.forget()
        self._asked = cell_id, code, kind
        self._running = True
        self._cancel = cancel = CancelToken()
        self.explained_class.setCurrentIndex(self.explained_class.findData(code))
        self._tell(kind)
        session = self._session
        self._maps.ask(self._asked, lambda: session.explain(cell_id, code, kind, cancel))

    def _tell(self, kind: MapKind) -> None:
        if kind is MapKind.OCCLUSION:
            self._image.show_note(tr("Covering one place after the other…"))

    def forget(self) -> None:
        """Show no map, and stop computing one."""
        self._cancel.cancel()
        self._maps.forget()
        self._asked, self._running = None, False
        self._image.show_heat(None)
        self.legend.show_classes("", "", "")

    def close_case(self) -> None:
        """Ask for nothing any more."""
        self._cancel.cancel()
        self._maps.close()

    def _again(self) -> None:
        if self._asked is not None:
            self.ask(*self._asked[:2])

    def _arrived(self, tag: object, found: Explanation) -> None:
        if tag != self._asked or self._asked is None:
            return
        self._running = False
        self._image.show_heat(found)
        name = self._context.language.class_name
        asked, rival = name(self._asked[1]), name(found.rival) if found.rival else ""
        self.legend.show_classes(asked, rival, self._sentence(found))

    def _failed(self, tag: object, _error: object) -> None:
        if tag == self._asked:
            self._running = False
            self._image.show_heat(None)
            self._image.show_note(
                tr("No explanation: the model does not know this class, or is not available.")
            )

    def _sentence(self, found: Explanation) -> str:
        """What covering the strongest place changes."""
        if found.kind is MapKind.GRAD_CAM:
            if found.says_nothing:
                return tr("Grad-CAM: nothing in the last layer speaks for this class.")
            return tr("Grad-CAM: where the last layer is active for this class; much the same on every cell.")
        if found.says_nothing:
            return tr("No single place decides: covering any one of them hardly changes the answer.")
        odds = self._odds(found.log_odds)
        if found.lost >= found.gained:
            return tr("Odds {odds}; with the strongest orange place covered {less}.").format(
                odds=odds, less=self._odds(found.log_odds - found.lost)
            )
        return tr("Odds {odds}; with the strongest blue place covered {more}.").format(
            odds=odds, more=self._odds(found.log_odds + found.gained)
        )

    def _odds(self, log_odds: float) -> str:
        """Odds of the class against its rival, such as "24 : 1" or "1 : 3"."""
        ratio = min(_MOST_ODDS, math.exp(min(abs(log_odds), 20.0)))
        number = self._context.language.number(ratio, 0 if ratio >= 9.95 else 1)
        one = "1\N{NO-BREAK SPACE}:\N{NO-BREAK SPACE}"
        return f"{number}{one[1:]}1" if log_odds >= 0 else f"{one}{number}"

    def _opacity_changed(self, value: int) -> None:
        self._image.heat_opacity = value / 100
        self._image.update()
