"""The inspector's first tab: probabilities, and what a cell was before its specimen changed the proposal."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from bloodcells_gui.domain.taxonomy import BY_CODE
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.inspector.probabilities import ProbabilityBars
from bloodcells_gui.ui.inspector.words import WordsLine
from bloodcells_gui.ui.labels import PlainLabel


class _Line(PlainLabel):
    """What the bars do not tell, under their names; hidden until there is something to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("muted")
        self.setWordWrap(True)
        self.setContentsMargins(14, 2, 12, 6)
        self.hide()


class ByItself(_Line):
    """Shown only where the class differs from the proposal's."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        why = tr(
            "The network's answer for this cell alone. The proposal also uses the whole "
            "specimen:\n"
            "how frequent each class is, the cells' measurements, and similar cells."
        )
        self.setToolTip(why)
        self.setAccessibleDescription(why)

    def show_found(self, found: tuple[str, float] | None, proposed: str) -> None:
        """The class code and probability (0 to 1) as found, None while unknown, beside the proposed code."""
        differs = found is not None and found[0] != proposed
        if found is not None and differs:
            code, probability = found
            name = self._context.language.class_name(code)
            if code in BY_CODE:
                name = name[:1].lower() + name[1:]
            # A no-break space: the sign must not stand alone on a second line.
            percent = f"{100 * probability:.0f}\N{NO-BREAK SPACE}%"
            self.setText(tr("From this cell alone: {name} ({percent})").format(name=name, percent=percent))
        self.setVisible(differs)


class _ScrolledBars(QScrollArea):
    """As high as the bars, or less: what stands below them is never out of sight."""

    def __init__(self, bars: ProbabilityBars) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._holder = QWidget()
        inner = QVBoxLayout(self._holder)
        inner.setContentsMargins(6, 4, 6, 4)
        inner.addWidget(bars)
        self.setWidget(self._holder)
        self.setMinimumHeight(34)  # one bar: more would cut off the words below

    def sizeHint(self) -> QSize:
        # Not the base class's, which keeps the first one it ever gave.
        return self._holder.sizeHint()


class ProbabilitiesTab(QWidget):
    """Bars that scroll where there is no room; below them what the network said of the cell alone."""

    def __init__(self, context: UiContext, words: WordsLine) -> None:
        super().__init__()
        self.bars = ProbabilityBars(context)
        self.by_itself = ByItself(context)
        self._scroll = _ScrolledBars(self.bars)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scroll)
        column.addWidget(self.by_itself)
        column.addWidget(words)
        column.addStretch(1)

    def show_scores(self, scores: Sequence[tuple[str, float]]) -> None:
        """Leaf codes with probabilities, in any order."""
        self.bars.show_scores(scores)
        self._scroll.updateGeometry()
