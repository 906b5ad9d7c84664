"""The line of the work list about the cluster: how far it is, or what an earlier start left there."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from bloodcells_gui.app.overnight import OvernightState
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.i18n import Language, ngettext, tr
from bloodcells_gui.ui.labels import PlainLabel


class ClusterLine(QFrame):
    """Hidden while nothing is on the cluster and nothing was left there.

    Signals
    -------
    stop_wanted()
        Give up what is not whole.
    resume_wanted(), leave_wanted()
        Go on with what an earlier start left on the cluster, or not.
    """

    stop_wanted = Signal()
    resume_wanted = Signal()
    leave_wanted = Signal()

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self.setObjectName("clusterline")
        self._icon = QLabel()
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.stop_button = QPushButton(tr("Stop the &cluster"))
        self.stop_button.setToolTip(tr("What is whole is kept; the other cases can be handed over again"))
        self.stop_button.clicked.connect(self._stop)
        self.resume_button = QPushButton(tr("&Hand over again"))
        self.resume_button.clicked.connect(self.resume_wanted)
        self.leave_button = QPushButton(tr("&Leave them"))
        self.leave_button.setToolTip(tr("They stay in the list without an analysis"))
        self.leave_button.clicked.connect(self.leave_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self.text, 1)
        for button in (self.stop_button, self.resume_button, self.leave_button):
            row.addWidget(button)
        context.theme.changed.connect(self._colour)
        self._colour()
        self.hide()

    def show_state(self, state: OvernightState) -> None:
        """Show how it stands."""
        self.setVisible(state.running or bool(state.left))
        self.stop_button.setVisible(state.running)
        self.resume_button.setVisible(not state.running)
        self.leave_button.setVisible(not state.running)
        self.stop_button.setEnabled(not state.stopping)
        if state.stopping:
            text = tr("The cluster is being stopped; what is whole is kept.")
        elif state.running:
            text = progress_text(self._context.language, state.progress)
        else:
            text = ngettext(
                "{n} case was on the cluster when the program ended, and is not analysed.",
                "{n} cases were on the cluster when the program ended, and are not analysed.",
                state.left,
            )
        if text != self.text.text():
            self.text.setText(text)
            self.setAccessibleName(text)

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.stop_wanted.emit()

    def _colour(self) -> None:
        tokens = self._context.theme.tokens
        self.setStyleSheet(
            f"QFrame#clusterline {{ background: {tokens.info_ground};"
            f" border-bottom: 1px solid {tokens.border}; }}"
            " QFrame#clusterline QLabel { background: transparent; }"
        )
        self._icon.setPixmap(self._context.icons.pixmap("info", 18, self.devicePixelRatioF(), "info"))


def progress_text(language: Language, progress: Progress | None) -> str:
    """Cases, cells, rate and time left on the cluster."""
    if progress is None:
        return tr("On the cluster: preparing…")
    counts = tr("On the cluster: {done} of {total} cases").format(
        done=language.integer(progress.done), total=language.integer(progress.total)
    )
    parts = [counts, ngettext("{n} cell found", "{n} cells found", progress.cells)]
    if progress.rate > 0:
        decimals = 0 if progress.rate >= 10 else 1
        parts.append(tr("{rate}/s").format(rate=language.number(progress.rate, decimals)))
    if progress.eta_s is not None and progress.done < progress.total:
        parts.append(tr("{time} left").format(time=language.duration(progress.eta_s)))
    return "  ·  ".join(parts)


class LeaveClusterDialog(Form):
    """Asks before the window is closed while cases are on the cluster."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            tr("Close while cases are on the cluster?"),
            tr(
                "Analyses that have ended are in their cases. What the cluster is at is given up, and the"
                " next start offers to hand over what is missing. To let the cluster go on, keep the window"
                " open."
            ),
            parent,
            accept=tr("Close"),
        )
