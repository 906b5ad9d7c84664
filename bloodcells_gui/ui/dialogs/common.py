"""What the dialogs share."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from bloodcells_gui.ui.i18n import Language


def parse_number(text: str) -> float | None:
    """A positive finite number with either decimal sign; None for anything else."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


class Form(QDialog):
    """A title, a form and OK/Cancel.

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
            sentence = QLabel(lead)
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
        ok.setText(accept or QCoreApplication.translate("Form", "OK"))
        cancel.setText(QCoreApplication.translate("Form", "Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.outer.addWidget(self.buttons)
        self.setMinimumWidth(460)

    def can_accept(self, possible: bool) -> None:
        """Whether OK may be pressed."""
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(possible)


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
