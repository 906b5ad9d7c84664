"""The line of the page that the program begins with: what of stain, camera or naming is out of its limits."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from bloodcells_gui.app.quality import SHOWN_DAYS, QualityOverview
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.quality.words import alarm_text


class AlarmLine(QFrame):
    """The newest alarm in words, how many more there are, and the way to the charts; hidden without one.

    Signals
    -------
    charts_wanted()
        The person wants to see the charts.
    """

    charts_wanted = Signal()

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.setObjectName("alarm")
        self._icon = QLabel()
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton(tr("&Quality over time…"))
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self.charts_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        context.theme.changed.connect(self._colour)
        self._colour()
        self.hide()

    def _colour(self) -> None:
        tokens = self._context.theme.tokens
        self.setStyleSheet(
            f"#alarm {{ background: {tokens.critical_ground}; border: 1px solid {tokens.critical};"
            " border-radius: 4px; }"
        )
        self._icon.setPixmap(self._context.icons.pixmap("critical", 18, self.devicePixelRatioF(), "critical"))

    def show_overview(self, found: QualityOverview) -> None:
        """Show the alarms of the last days."""
        raised = found.alarms
        self.setVisible(bool(raised))
        if not raised:
            return
        said = alarm_text(self._context.language, raised[0])
        if len(raised) > 1:
            more = ngettext(
                "and {n} more alarm of the last {days} days",
                "and {n} more alarms of the last {days} days",
                len(raised) - 1,
                days=SHOWN_DAYS,
            )
            said = f"{said} – {more}"
        self.text.setText(said)
        self.setAccessibleName(tr("Alarm: {text}").format(text=said))
