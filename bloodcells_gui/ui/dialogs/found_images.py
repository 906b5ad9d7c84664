"""The images found in the chosen folder: places, numbers, previews; one specimen or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QThreadPool,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QLabel, QListView, QRadioButton, QVBoxLayout, QWidget

from bloodcells_gui.app.image_previews import Picture, load_previews
from bloodcells_gui.domain.specimen import ImagePlace
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup

_SIDE_PX = 44
_SHOWN = 4
_GAP_PX = 4
_ROWS = 3
_STRIP = QSize(_SHOWN * (_SIDE_PX + _GAP_PX), _SIDE_PX)

Index = QModelIndex | QPersistentModelIndex


class PlacesModel(QAbstractListModel):
    """One row a place: its name, its number of images and a strip of its first pictures."""

    def __init__(self, places: Sequence[ImagePlace], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.places = list(places)
        self._strips: dict[int, QPixmap] = {}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.places)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        place = self.places[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            number = ngettext("{n} image", "{n} images", place.count)
            if len(self.places) == 1 and place.name == ".":
                return number
            name = tr("directly in the folder") if place.name == "." else place.name
            return tr("{label}: {value}").format(label=name, value=number)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._strips.get(index.row()) or _strip([])
        return None

    def show_pictures(self, row: int, pictures: Sequence[Picture | None]) -> None:
        """The first pictures of a place came in."""
        self._strips[row] = _strip(pictures)
        self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])

    def has_pictures(self, row: int) -> bool:
        """Whether the pictures of a place are here."""
        return row in self._strips


def _strip(pictures: Sequence[Picture | None]) -> QPixmap:
    strip = QPixmap(_STRIP)
    strip.fill(Qt.GlobalColor.transparent)
    painter = QPainter(strip)
    for i, picture in enumerate(pictures[:_SHOWN]):
        x = i * (_SIDE_PX + _GAP_PX)
        if picture is None:
            painter.fillRect(x, 0, _SIDE_PX, _SIDE_PX, QColor(128, 128, 128, 60))
            continue
        h, w = picture.shape[:2]
        image = QImage(picture.data, w, h, 3 * w, QImage.Format.Format_RGB888)
        painter.drawImage(x + (_SIDE_PX - w) // 2, (_SIDE_PX - h) // 2, image)
    painter.end()
    return strip


class FoundImages(QWidget):
    """The places of the chosen folder; with more than one, the question whether they are one specimen.

    Parameters
    ----------
    places : sequence of ImagePlace
    pool : QThreadPool or None
        Where first pictures are decoded; None shows none.

    Signals
    -------
    answered()
        The person said what the places are.
    """

    answered = Signal()

    def __init__(
        self, places: Sequence[ImagePlace], pool: QThreadPool | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.model = PlacesModel(places, self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setIconSize(_STRIP)
        self.view.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.view.setUniformItemSizes(True)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setAccessibleName(tr("Images found"))
        rows = min(_ROWS, max(1, len(places)))
        self.view.setFixedHeight(rows * (_SIDE_PX + 8) + 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.view)
        self.one = QRadioButton(tr("All of them are &one specimen"), self)
        self.each = QRadioButton(tr("Each folder or slide is a specimen of its own (&queue them)"), self)
        if self.in_question:
            question = QLabel(
                ngettext(
                    "The images lie in {n} place. Are they of one patient?",
                    "The images lie in {n} places. Are they of one patient?",
                    len(places),
                )
            )
            bold = question.font()
            bold.setWeight(QFont.Weight.DemiBold)
            question.setFont(bold)
            question.setWordWrap(True)
            for widget in (question, self.one, self.each):
                layout.addWidget(widget)
        for button in (self.one, self.each):
            button.setVisible(self.in_question)
            button.toggled.connect(lambda _=False: self.answered.emit())
        self._next = 0
        self._pictures: Lookup | None = None
        if pool is not None:
            self._pictures = Lookup(pool, self)
            self._pictures.answered.connect(self._on_pictures_loaded)
            self._pictures.failed.connect(lambda row, _error: self._on_pictures_loaded(row, []))
            self._request_pictures()

    @property
    def in_question(self) -> bool:
        """Whether there is more than one place."""
        return len(self.model.places) > 1

    @property
    def settled(self) -> bool:
        """Whether nothing is left to ask."""
        return not self.in_question or self.one.isChecked() or self.each.isChecked()

    def _request_pictures(self) -> None:
        if self._pictures is not None and self._next < len(self.model.places):
            row, self._next = self._next, self._next + 1
            paths = self.model.places[row].first[:_SHOWN]
            self._pictures.ask(row, lambda: load_previews(paths, _SIDE_PX))

    def _on_pictures_loaded(self, row: object, pictures: Any) -> None:
        if isinstance(row, int):
            self.model.show_pictures(row, pictures)
        self._request_pictures()

    def stop(self) -> None:
        """Ask for no further pictures."""
        if self._pictures is not None:
            self._pictures.close()
            self._pictures = None
