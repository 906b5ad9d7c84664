"""Smear against analyser over many cases: Bland and Altman's plot, a class at a time."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt, QThreadPool
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.app.case_details import Agreement, Points
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.wheel import guard_wheels


class BlandAltmanPlot(QWidget):
    """Difference over mean, with bias and limits of agreement."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self._points: Points | None = None
        self.setMinimumSize(420, 260)
        context.theme.changed.connect(self.update)

    def show_points(self, points: Points | None) -> None:
        """Draw one class."""
        self._points = points
        self.setAccessibleName(points.name if points else "")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme, painter = self._context.theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), theme.colour("base"))
        points = self._points
        if points is None or not points.means:
            return
        figures, number = points.figures, self._context.language.number
        area = QRectF(self.rect()).adjusted(58, 14, -120, -40)
        lines = [v for v in (figures.loa_low, figures.bias, figures.loa_high) if math.isfinite(v)]
        reach = 1.15 * max(1.0, *(abs(v) for v in (*points.differences, *lines)))
        low, high = min(points.means), max(points.means)
        pad = max(1.0, 0.08 * (high - low))
        low, high = low - pad, high + pad

        def place(x: float, y: float) -> QPointF:
            return QPointF(
                area.left() + (x - low) / (high - low) * area.width(),
                area.center().y() - y / reach * area.height() / 2,
            )

        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawRect(area)
        painter.setPen(QPen(theme.colour("grid"), 1))
        painter.drawLine(place(low, 0), place(high, 0))
        for value, name, strong in (
            (figures.loa_high, tr("+1.96 SD"), False),
            (figures.bias, tr("bias"), True),
            (figures.loa_low, tr("-1.96 SD"), False),
        ):
            if not math.isfinite(value):
                continue
            style = Qt.PenStyle.SolidLine if strong else Qt.PenStyle.DashLine
            painter.setPen(QPen(theme.colour("accent"), 1.4, style))
            painter.drawLine(place(low, value), place(high, value))
            painter.setPen(theme.colour("text"))
            at = place(high, value)
            painter.drawText(at + QPointF(6, 4), f"{name} {number(value)}")
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("info"))
        for x, y in zip(points.means, points.differences, strict=True):
            painter.drawEllipse(place(x, y), 4, 4)
        painter.setPen(theme.colour("muted"))
        for value in (-reach / 1.15, 0.0, reach / 1.15):
            box = QRectF(0, place(low, value).y() - 10, area.left() - 6, 20)
            right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(box, right, number(value))
        below = QRectF(area.left(), area.bottom() + 6, area.width(), 30)
        painter.drawText(
            below,
            int(Qt.AlignmentFlag.AlignHCenter),
            tr("mean of smear and analyser, % ({low} to {high})").format(
                low=number(low + pad), high=number(high - pad)
            ),
        )


class AgreementWindow(QDialog):
    """Reads the cases in the background, then shows a class at a time.

    Parameters
    ----------
    read : callable
        Gives the points of every class; called in a worker thread.
    """

    def __init__(
        self,
        context: UiContext,
        read: Callable[[], Agreement],
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Smear and analyser over cases"))
        self._context = context
        self._found: tuple[Points, ...] = ()
        self.plot = BlandAltmanPlot(context)
        self.classes = QComboBox()
        self.classes.setAccessibleName(tr("Class"))
        self.classes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.classes.currentIndexChanged.connect(self._show)
        self.summary = QLabel(tr("Reading the cases…"))
        self.summary.setWordWrap(True)
        self.summary.setObjectName("muted")
        self.left_out = PlainLabel()
        self.left_out.setWordWrap(True)
        self.left_out.hide()
        top = QHBoxLayout()
        top.addWidget(self.classes)
        top.addWidget(self.summary, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 16)
        layout.addLayout(top)
        layout.addWidget(self.left_out)
        layout.addWidget(self.plot, 1)
        resize_within_screen(self, 720, 460)
        guard_wheels(self)
        self._work = Lookup(pool, self)
        self._work.answered.connect(self._on_comparison_done)
        self._work.failed.connect(self._on_comparison_failed)
        self._work.ask("agreement", read)

    def _on_comparison_done(self, _: object, found: Agreement) -> None:
        self._found = found.points
        names = ", ".join(found.unreadable[:5]) + ("…" if len(found.unreadable) > 5 else "")
        self.left_out.setText(tr("Left out because they cannot be read: {names}").format(names=names))
        self.left_out.setVisible(bool(names))
        self.classes.clear()
        for points in found.points:
            self.classes.addItem(self._context.language.text(points.name))
        self._show()

    def _on_comparison_failed(self, _: object, error: object) -> None:
        text = tr("The cases could not be compared.")
        if isinstance(error, UserError):
            text = error.text(self._context.language.lang)
        self.summary.setText(text)

    def _show(self) -> None:
        at = self.classes.currentIndex()
        if not 0 <= at < len(self._found):
            self.summary.setText(tr("No case holds an analyser's differential."))
            self.plot.show_points(None)
            return
        points = self._found[at]
        f, number = points.figures, self._context.language.number
        text = ngettext("{n} case", "{n} cases", f.n)
        if f.n > 1:
            figures = tr(
                "bias {bias} ({low} to {high}), limits of agreement {loa_low} to {loa_high} percentage points"
            ).format(
                bias=number(f.bias), low=number(f.bias_low), high=number(f.bias_high),
                loa_low=number(f.loa_low), loa_high=number(f.loa_high),
            )  # fmt: skip
            text = tr("{label}: {value}").format(label=text, value=figures)
        self.summary.setText(text)
        self.plot.show_points(points)

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._work.close()
