"""A few cells of each case on the screen as one small picture, made in the background."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, QThreadPool, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from bloodcells_gui.app.worklist import CaseEntry, CaseState
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.pictures import decoded

Index = QModelIndex | QPersistentModelIndex
Key = tuple[Path, str, int]
HEIGHT = 32
CELLS = 5
_KEPT = 600


def key_of(entry: CaseEntry) -> Key:
    """By what a picture of a case is out of date."""
    return entry.path, entry.changed, entry.cells


class StripLoader(QObject):
    """Pictures of the cases that are in sight, newest wish first; the others wait for their turn.

    Parameters
    ----------
    fetch : callable
        JPEG of a case, b"" for none; called in the pool.

    Signals
    -------
    arrived()
        A picture can be drawn now.
    """

    arrived = Signal()

    def __init__(self, fetch: Callable[[Path], bytes], pool: QThreadPool, parent: QObject) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self._kept: OrderedDict[Key, QPixmap] = OrderedDict()
        self._asked: tuple[Key, ...] = ()
        self._looks = QueuedLookup(pool, self)
        self._looks.answered.connect(self._drawn)
        self._looks.failed.connect(lambda key, _: self._drawn(key, QImage()))

    def pixmap(self, entry: CaseEntry) -> QPixmap | None:
        """The picture of a case, a null one for a case that has none; None while it is not there yet."""
        return self._kept.get(key_of(entry))

    def want(self, entries: Iterable[CaseEntry]) -> None:
        """Replace the wishes: cases that are in sight, from top to bottom."""
        still = [CaseState.ANALYSING, CaseState.UNREADABLE]
        wanted = tuple(
            key_of(e) for e in entries if e.cells and e.state not in still and key_of(e) not in self._kept
        )
        if wanted == self._asked:
            return
        self._asked = wanted
        self._looks.forget()
        for key in wanted:
            self._looks.ask(key, self._work(key[0]))

    def _work(self, path: Path) -> Callable[[], QImage]:
        fetch = self._fetch
        return lambda: decoded(fetch(path))

    def _drawn(self, key: object, image: QImage) -> None:
        if isinstance(key, tuple):
            self._kept[key] = QPixmap.fromImage(image)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            self.arrived.emit()

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._looks.forget()
        self._looks.close()


class StripDelegate(QStyledItemDelegate):
    """Draws the picture of a case.

    Parameters
    ----------
    pixmap : callable
        Of a row; None while there is none.
    """

    def __init__(self, pixmap: Callable[[int], QPixmap | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._pixmap = pixmap

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        self.initStyleOption(option, index)
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        found = self._pixmap(index.row())
        if found is None or found.isNull():
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area, side = option.rect, found.height()
        # As many whole cells as there is room for: the gravest come first.
        cells = max(1, min(found.width() // side, (area.width() - 8) // HEIGHT))
        place = QRectF(area.left() + 4, area.center().y() + 0.5 - HEIGHT / 2, cells * HEIGHT, HEIGHT)
        painter.drawPixmap(place, found, QRectF(0, 0, cells * side, side))
        painter.restore()

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(HEIGHT * CELLS + 8, HEIGHT + 8)
