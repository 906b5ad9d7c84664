"""The remarks under the differential table, and the place they scroll in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.scale_words import as_in_the_window

#: Icon and colour of a severity.
SEVERITY_SIGNS = {
    "info": ("info", "muted"),
    "warning": ("warning", "warning"),
    "critical": ("critical", "critical"),
}


class RemarkList(QWidget):
    """Sentences under the table, the gravest first; rebuilt only when they changed.

    Signals
    -------
    chosen(str)
        A remark that speaks of cells was clicked: their class.
    """

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self._shown: tuple[Remark, ...] | None = None
        self._theme = ""
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 8, 10, 10)
        self.column.setSpacing(7)
        self.setAccessibleName(tr("Remarks"))

    def minimumSizeHint(self) -> QSize:
        """None: the area gives the list the height that its texts need at its width, and no more."""
        return QSize(0, 0)

    def show_remarks(self, remarks: tuple[Remark, ...]) -> None:
        """Replace the sentences."""
        theme = self._context.theme.tokens.name
        if remarks == self._shown and theme == self._theme:
            return
        self._shown, self._theme = remarks, theme
        while (item := self.column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for remark in remarks:
            self.column.addWidget(self._line(remark))
        self.column.addStretch(1)

    def refresh(self) -> None:
        """Draw again after the theme changed."""
        if self._shown is not None:
            self.show_remarks(self._shown)

    def _line(self, remark: Remark) -> QWidget:
        icon_name, token = SEVERITY_SIGNS.get(remark.severity, SEVERITY_SIGNS["info"])
        line = QWidget()
        layout = QHBoxLayout(line)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        icon = QLabel()
        icon.setPixmap(self._context.icons.pixmap(icon_name, 16, self.devicePixelRatioF(), token))
        icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        text = QLabel(as_in_the_window(remark_text(remark, self._context.language.lang)))
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if remark.severity == "info":
            text.setObjectName("muted")
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout.addWidget(icon)
        layout.addWidget(text, 1)
        return line


class RemarkArea(QScrollArea):
    """Scrolls the remarks where they are taller than their place, by the keyboard too.

    Signals
    -------
    wanted()
        The remarks need another height.
    """

    wanted = Signal()

    def __init__(self, remarks: RemarkList) -> None:
        super().__init__()
        self._remarks = remarks
        self.setWidget(remarks)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("Remarks"))
        # The first remark's first lines are seen whatever a person does with the border.
        self.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 16)
        remarks.installEventFilter(self)

    def content_height(self) -> int:
        """Height of all remarks at the present width, frame included, in px."""
        wide = self.viewport().width()
        return self._remarks.column.heightForWidth(wide) + 2 * self.frameWidth()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The remarks' layout changed."""
        if watched is self._remarks and event.type() == QEvent.Type.LayoutRequest:
            self.wanted.emit()
        return super().eventFilter(watched, event)
