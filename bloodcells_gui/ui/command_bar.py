"""The bar of commands: where the window is narrow, texts give way to their icons; nothing falls off."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QToolBar, QToolButton

from bloodcells_gui.ui.i18n import tr

_BESIDE, _ALONE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly


class CommandBar(QToolBar):
    """Buttons of which some bear a text; the texts that are needed least go first where there is no room."""

    def __init__(self) -> None:
        super().__init__(tr("Commands"))
        self.setObjectName("commands")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._texts: list[QToolButton] = []

    def bear_texts(self, actions: list[QAction]) -> None:
        """Give the buttons of these commands a text; of the first of them it goes first."""
        buttons = [self.widgetForAction(action) for action in actions]
        self._texts = [button for button in buttons if isinstance(button, QToolButton)]
        for action in actions:
            action.changed.connect(self.fit)  # "Amend" is longer than "Sign"
        self.fit()

    def fit(self) -> None:
        """Show as many texts as there is room for."""
        room, layout = self.contentsRect().width(), self.layout()
        for button in self._texts:
            button.setToolButtonStyle(_BESIDE)
        for button in self._texts:
            if layout is None or layout.sizeHint().width() <= room:
                return
            button.setToolButtonStyle(_ALONE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.fit()
