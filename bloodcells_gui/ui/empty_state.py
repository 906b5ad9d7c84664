"""The page before a case is open: what can be opened, and a place to drop it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.icons import app_icon
from bloodcells_gui.ui.labels import menu_text


class _Choice(QToolButton):
    def __init__(self, context: UiContext, icon: str, title: str, hint: str) -> None:
        super().__init__()
        self._context = context
        self._icon_name, self._title, self._hint = icon, title, hint
        self.setAccessibleName(f"{title}. {hint}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        return QSize(230, 148)

    def paintEvent(self, _event: QPaintEvent) -> None:
        theme = self._context.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        active = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(theme.colour("accent" if active else "border"), 1.6 if active else 1))
        painter.setBrush(theme.colour("selected" if self.isDown() else "base"))
        painter.drawRoundedRect(frame, 10, 10)
        painter.drawPixmap(
            18, 18, self._context.icons.pixmap(self._icon_name, 30, self.devicePixelRatioF(), "accent")
        )
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.12)
        font.setWeight(font.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        height = QFontMetrics(font).height()
        painter.drawText(
            QRectF(18, 58, self.width() - 30, height), int(Qt.AlignmentFlag.AlignLeft), self._title
        )
        painter.setFont(self.font())
        painter.setPen(theme.colour("muted"))
        painter.drawText(
            QRectF(18, 60 + height, self.width() - 34, self.height() - 66 - height),
            int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap),
            self._hint,
        )


class EmptyState(QWidget):
    """Open a folder, a slide or the synthetic specimen; or go on with something recent.

    Signals
    -------
    folder_wanted(), slide_wanted(), case_wanted(), demo_wanted()
    dropped(object)
        The event of a drop, after its first path was chosen.
    path_chosen(str)
        A recent case was chosen, or something was dropped.
    """

    folder_wanted = Signal()
    slide_wanted = Signal()
    case_wanted = Signal()
    demo_wanted = Signal()
    path_chosen = Signal(str)
    dropped = Signal(object)

    def __init__(self, context: UiContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._drop = False
        self.setAcceptDrops(True)
        self._recent_title = QLabel(tr("Continue with"))
        strong = self._recent_title.font()
        strong.setWeight(strong.Weight.DemiBold)
        self._recent_title.setFont(strong)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        dropping = QLabel(tr("or drop a folder, a slide or a case file anywhere in this window"))
        dropping.setObjectName("muted")
        dropping.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QWidget()
        column.setMaximumWidth(860)
        inner = QVBoxLayout(column)
        inner.setSpacing(18)
        inner.addLayout(_head())
        inner.addLayout(self._choices())
        inner.addWidget(dropping)
        inner.addWidget(self._recent_title)
        inner.addLayout(self._recent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 30, 40, 30)
        layout.addStretch(2)
        across = QHBoxLayout()
        across.addStretch(1)
        across.addWidget(column, 20)
        across.addStretch(1)
        layout.addLayout(across)
        layout.addStretch(3)
        self.show_recent(())
        context.theme.changed.connect(self.update)

    def _choices(self) -> QHBoxLayout:
        """The three ways to begin."""
        choices = QHBoxLayout()
        choices.setSpacing(14)
        for icon, name, hint, signal in (
            ("folder", tr("Open a folder"),
             tr("Cell crops or smear fields: JPEG, PNG, TIFF, BMP, WebP"), self.folder_wanted),
            ("slide", tr("Open a slide"),
             tr("A scanner's file (SVS, NDPI, MRXS, TIFF …) or one large image"), self.slide_wanted),
            ("demo", tr("Try a synthetic specimen"),
             tr("Drawn by the program: safe to practise on, never a real sample"), self.demo_wanted),
        ):  # fmt: skip
            choice = _Choice(self._context, icon, name, hint)
            choice.clicked.connect(signal)
            choices.addWidget(choice, 1)
        return choices

    def show_recent(self, cases: Sequence[tuple[str, Path, bool]]) -> None:
        """Up to six recent cases: what they are, where, and whether they are still there."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for text, path, is_there in cases[:6]:
            button = QPushButton()
            button.setFlat(True)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setText(
                menu_text(button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 780))
            )
            button.setEnabled(is_there)
            button.setAccessibleName(text)
            button.setStyleSheet("text-align: left; padding: 5px 8px;")
            button.setIcon(self._context.icons.get("case", "muted"))
            button.clicked.connect(lambda _=False, p=str(path): self.path_chosen.emit(p))
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(cases))

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._drop:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self._context.theme.colour("info_ground"))
        painter.setPen(QPen(self._context.theme.colour("accent"), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(12, 12, -12, -12), 14, 14)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event) is not None:
            self._drop = True
            self.update()
            event.acceptProposedAction()

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._drop = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop = False
        self.update()
        path = dropped_path(event)
        if path is not None:
            event.acceptProposedAction()
            self.path_chosen.emit(path)
            self.dropped.emit(event)


def dropped_path(event: QDropEvent) -> str | None:
    """The first local file or folder of a drag, None when there is none."""
    for url in event.mimeData().urls():
        if url.isLocalFile():
            return url.toLocalFile()
    return None


def dropped_beside(event: QDropEvent) -> int:
    """How many further local files and folders were dropped with the first."""
    return max(0, sum(url.isLocalFile() for url in event.mimeData().urls()) - 1)


def _head() -> QHBoxLayout:
    """The program's picture with a title and what the program does."""
    logo = QLabel()
    logo.setPixmap(app_icon().pixmap(QSize(64, 64)))
    title = QLabel(tr("Read a blood smear"))
    font = title.font()
    font.setPointSizeF(font.pointSizeF() * 1.9)
    font.setWeight(font.Weight.DemiBold)
    title.setFont(font)
    lead = QLabel(
        tr(
            "Open images of a smear. The cells are found, outlined and classified on this computer; "
            "you review the proposals by keyboard and hand over the report."
        )
    )
    lead.setObjectName("muted")
    lead.setWordWrap(True)
    words = QVBoxLayout()
    words.setSpacing(4)
    words.addWidget(title)
    words.addWidget(lead)
    head = QHBoxLayout()
    head.setSpacing(18)
    head.addWidget(logo, 0, Qt.AlignmentFlag.AlignTop)
    head.addLayout(words, 1)
    return head
