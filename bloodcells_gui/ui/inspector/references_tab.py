"""The inspector's tab of reference pictures: how the class of the chosen cell looks elsewhere."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.taxonomy import BY_CODE, CLASSES
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.reference_library.tiles import ReferenceDelegate, ReferenceModel, TileList

_PICTURE_PX = 84


class ReferencesTab(QWidget):
    """Pictures of the proposed class, or of another that a person chooses; read when the tab is seen."""

    def __init__(self, context: UiContext) -> None:
        super().__init__()
        self._context = context
        self._proposed = ""
        self._loaded: str | None = None
        self.choice = QComboBox()
        self.choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.choice.setAccessibleName(tr("Class of the reference pictures"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(8)
        for each in CLASSES:
            self.choice.addItem(context.language.class_name(each.code), each.code)
        self.choice.currentIndexChanged.connect(lambda _: self._show())
        self.empty = PlainLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(12, 8, 12, 8)
        self.origin = PlainLabel()
        self.origin.setObjectName("muted")
        self.origin.setWordWrap(True)
        self.origin.setContentsMargins(12, 2, 12, 6)
        self.view = TileList()
        self.model: ReferenceModel | None = None
        if context.library is not None:
            self.model = ReferenceModel(context, context.library, self)
            delegate = ReferenceDelegate(context, self.view, _PICTURE_PX, named=False)
            self.view.show_tiles(self.model, delegate, tr("Reference pictures"))
            self.view.selectionModel().currentChanged.connect(lambda *_: self._tell_origin())
        row = QHBoxLayout()
        row.setContentsMargins(12, 6, 12, 4)
        row.setSpacing(8)
        label = QLabel(tr("Pictures of"))
        label.setObjectName("muted")
        label.setBuddy(self.choice)
        row.addWidget(label)
        row.addWidget(self.choice, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.empty, 0, Qt.AlignmentFlag.AlignTop)
        self.view.setMinimumHeight(24)  # the page in front gets the height that it needs, not the tallest one
        layout.addWidget(self.view, 1)
        layout.addWidget(self.origin)

    def show_class(self, code: str) -> None:
        """Show pictures of the class that the chosen cell has now; a person may choose another."""
        if code not in BY_CODE or code == self._proposed:
            return
        self._proposed = code
        self.choice.setCurrentIndex(self.choice.findData(code))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._loaded = None  # the library may have grown
        self._show()

    def _show(self) -> None:
        code = str(self.choice.currentData())
        if not self.isVisible() or code == self._loaded:
            return
        self._loaded = code
        said, found = "", []
        if self.model is not None and self._context.library is not None:
            try:
                found = self._context.library.of_class(code)
            except UserError as error:
                said = error.text(self._context.language.lang)
            self.model.show_references([(r, None) for r in found])
        if not found and not said:
            said = tr(
                "The reference library has no picture of this class. Add cells of cases (Ctrl+D), or a"
                " folder of named pictures (Laboratory, Reference library)."
            )
        self.empty.setText(said)
        self.empty.setVisible(bool(said))
        self.view.setVisible(bool(found))
        if found and self.model is not None:
            self.view.setCurrentIndex(self.model.index(0))
        self._tell_origin()

    def _tell_origin(self) -> None:
        """Source and licence of the picture with the cursor."""
        row = self.view.currentIndex().row()
        said = self.model.origin(row) if self.model is not None and row >= 0 else ""
        self.origin.setText(said)
        self.origin.setVisible(bool(said))
