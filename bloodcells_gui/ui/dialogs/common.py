"""Helpers that the dialogs share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QFont, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.ui.i18n import Language, tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.wheel import guard_wheels


def parse_number(text: str) -> float | None:
    """A positive finite number with either decimal sign; None for anything else."""
    value = number_of(text)
    return value if value is not None and 0 < value < 1e9 else None


class Form(QDialog):
    """A title, a form and OK/Cancel; the first field has the focus, Enter in a field means OK.

    Parameters
    ----------
    title : str
        Also the window's title.
    lead : str
        A sentence under the title, "" for none.
    """

    def __init__(self, title: str, lead: str, parent: QWidget | None = None, *, accept: str = "") -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.outer = QVBoxLayout(self)
        self.outer.setContentsMargins(22, 18, 22, 16)
        self.outer.setSpacing(12)
        head = QLabel(title)
        font = head.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setWeight(QFont.Weight.DemiBold)
        head.setFont(font)
        self.outer.addWidget(head)
        if lead:
            sentence = PlainLabel(lead)  # it may name a folder or a case
            sentence.setObjectName("muted")
            sentence.setWordWrap(True)
            self.outer.addWidget(sentence)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(9)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.outer.addLayout(self.form)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        ok.setObjectName("primary")
        ok.setDefault(True)
        ok.setText(accept or tr("OK"))
        cancel.setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.outer.addWidget(self.buttons)
        self.setMinimumWidth(460)
        self._opened = False

    def loses_changes(self) -> bool:
        """Whether Esc, or closing the window, would drop what was entered; it is asked about then."""
        return False

    def _may_leave(self) -> bool:
        """Ask before Esc, or closing the window, drops what was entered; Cancel says so by its name."""
        if not self.loses_changes():
            return True
        question = DropDialog(self)
        question.exec()
        question.deleteLater()
        return question.dropped

    def closeEvent(self, event: QCloseEvent) -> None:
        if event.spontaneous() and not self._may_leave():  # by a person, not with the whole program
            event.ignore()
        else:
            super().closeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        # What a person types or scans next belongs into a field; a button takes the first blank as a press.
        super().showEvent(event)
        if self._opened:
            return
        self._opened = True
        guard_wheels(self)
        for button in self.findChildren(QPushButton):
            # Qt makes the button that last had the focus the one that Enter presses, in the fields too.
            button.setAutoDefault(False)
        self.focus_first_field()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_height()

    def fit_height(self) -> None:
        """Keep the dialog as high as its texts are when wrapped at its width, and no higher than the screen.

        The layout's own least height counts a wrapped text as one line, and rows would overlap.
        """
        if self.outer.hasHeightForWidth():
            needed = self.outer.totalHeightForWidth(self.width())
            self.setMinimumHeight(min(needed, self.screen().availableGeometry().height()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.key() != Qt.Key.Key_Escape or self._may_leave():
                super().keyPressEvent(event)
            return
        # Enter presses the button that has the focus, elsewhere OK and never another; a held key only once.
        focus = self.focusWidget()
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        button = focus if isinstance(focus, QPushButton) else ok
        if button is not None and button.isEnabled() and not event.isAutoRepeat():
            button.click()

    def focus_first_field(self) -> None:
        """Put the focus into the first field, unless the dialog has chosen one already."""
        chosen = self.focusWidget()
        if chosen is not None and not self.buttons.isAncestorOf(chosen):
            return
        field = self.nextInFocusChain()
        while field is not None and field is not self:
            reached_by_tab = bool(field.focusPolicy() & Qt.FocusPolicy.TabFocus)
            usable = field.isEnabled() and field.isVisibleTo(self) and self.isAncestorOf(field)
            if reached_by_tab and usable and not isinstance(field, QPushButton):
                field.setFocus(Qt.FocusReason.OtherFocusReason)
                if isinstance(field, QLineEdit):
                    field.selectAll()
                return
            field = field.nextInFocusChain()

    def set_accept_enabled(self, possible: bool) -> None:
        """Whether OK may be pressed."""
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(possible)


class DropDialog(Form):
    """Ask whether what was changed in the dialog below is dropped; Enter and Esc go on with it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(
            tr("Changes are not kept yet"), tr("Only OK keeps them."), parent, accept=tr("&Go on editing")
        )
        self.dropped = False
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).hide()
        drop = self.buttons.addButton(tr("&Drop them"), QDialogButtonBox.ButtonRole.DestructiveRole)
        drop.clicked.connect(self._drop)

    def _drop(self) -> None:
        self.dropped = True
        self.accept()


class NoTypeAheadComboBox(QComboBox):
    """A choice that typed or scanned text does not change; arrow keys, Space and the mouse do.

    A bar code may be read while it has the focus.
    """

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().strip() and event.text().isprintable():
            event.ignore()
            return
        super().keyPressEvent(event)


class NumberEdit(QLineEdit):
    """A positive number or nothing; anything else is marked and not accepted."""

    def __init__(self, language: Language, placeholder: str = "", value: float | None = None) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        if value is not None:
            self.setText(language.number(value, 4).rstrip("0").rstrip(".,"))

    def value(self) -> float | None:
        """The number; None when empty or not one."""
        return parse_number(self.text())

    @property
    def acceptable(self) -> bool:
        """Empty or a number."""
        return not self.text().strip() or self.value() is not None
