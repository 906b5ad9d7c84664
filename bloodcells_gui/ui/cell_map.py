"""The map: every cell of the case on a plane where like cells lie together.

Imported when it is first wanted: pyqtgraph is the largest part of the start-up otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QThreadPool, QTimer, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from bloodcells_gui.app.embedding_map import map_on_plane
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.review import Change
from bloodcells_gui.domain.taxonomy import Shape
from bloodcells_gui.ui.class_marks import shape_of
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.gallery.delegate import group_rgb
from bloodcells_gui.ui.gallery.model import GROUPS
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import ElidedLabel
from bloodcells_gui.ui.map_legend import MapLegend
from bloodcells_gui.ui.pictures import decoded
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.uncertainty_colours import uncertainty_colour

if TYPE_CHECKING:
    from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent, MouseDragEvent

_RECOLOURED_AT_ONCE = 5_000
BY_CLASS, BY_UNCERTAINTY = "class", "doubt"
#: pyqtgraph's symbols for the shapes of classes.
SYMBOLS = {
    Shape.CIRCLE: "o", Shape.DIAMOND: "d", Shape.TRIANGLE: "t1", Shape.DROP: "t", Shape.SQUARE: "s",
    Shape.CROSS: "x", Shape.PLUS: "+",
}  # fmt: skip


def inside(points: NDArray[np.float64], polygon: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of (n, 2) points lie in a polygon of (m, 2) corners (even-odd rule)."""
    result = np.zeros(len(points), bool)
    x, y = points[:, 0], points[:, 1]
    x0, y0 = polygon[-1]
    for x1, y1 in polygon:
        crosses = (y0 > y) != (y1 > y)
        if y0 != y1:
            result ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        x0, y0 = x1, y1
    return result


NO_MAP = N_(
    "Here cells that look alike lie side by side. An analysis puts them here: open images and analyse them."
)


class _LassoBox(pg.ViewBox):  # type: ignore[misc]
    """Left drag draws a lasso instead of moving; right drag and wheel stay as they are."""

    def __init__(self, canvas: MapCanvas) -> None:
        super().__init__(lockAspect=True, enableMenu=False)
        self._canvas = canvas

    def mouseDragEvent(self, ev: MouseDragEvent, axis: int | None = None) -> None:  # noqa: ARG002  # pyqtgraph names it
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            place = self.mapSceneToView(ev.scenePos())
            self._canvas.draw_lasso(place.x(), place.y(), begins=ev.isStart(), ends=ev.isFinish())
        elif ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            delta = self.mapSceneToView(ev.lastScenePos()) - self.mapSceneToView(ev.scenePos())
            self.translateBy(x=delta.x(), y=delta.y())

    def mouseClickEvent(self, ev: MouseClickEvent) -> None:
        if ev.double():
            self._canvas.fit()
        elif ev.button() == Qt.MouseButton.LeftButton:
            self._canvas.click(ev.scenePos())


class MapCanvas(pg.PlotWidget):  # type: ignore[misc]
    """Points on a plane: wheel zooms, right drag moves, left drag draws a lasso, click chooses.

    Signals
    -------
    lassoed(list of int)
        Indices of the points inside the lasso, or the one clicked.
    pointed(int)
        Index under the mouse, -1 for none.
    """

    lassoed = Signal(list)
    pointed = Signal(int)

    def __init__(self, context: UiContext) -> None:
        super().__init__(viewBox=_LassoBox(self), background=context.theme.colour("base"))
        self._context = context
        self.points = np.zeros((0, 2), np.float64)
        self.chosen: set[int] = set()
        self._lasso: list[tuple[float, float]] = []
        self._at = -1
        self.hideAxis("left")
        self.hideAxis("bottom")
        self.hideButtons()
        self.dots = pg.ScatterPlotItem(pen=None, pxMode=True)
        self.rings = pg.ScatterPlotItem(brush=None, size=15, pxMode=True)
        self._line = pg.PlotCurveItem()
        for item in (self.dots, self.rings, self._line):
            self.addItem(item)
        self.setMinimumSize(200, 160)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Map of the cells"))
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)
        context.theme.changed.connect(self._recolour_ground)

    def _recolour_ground(self) -> None:
        self.setBackground(self._context.theme.colour("base"))
        self.choose(self.chosen)

    def show_points(
        self, points: NDArray[np.float32], colours: Sequence[QColor], symbols: Sequence[str]
    ) -> None:
        """(n, 2) places, about -1 to 1, with a colour and a symbol of pyqtgraph each."""
        first = not len(self.points)
        self.points = np.asarray(points, np.float64)
        brushes: dict[int, QBrush] = {}
        for colour in colours:
            brushes.setdefault(colour.rgba(), pg.mkBrush(colour))
        size = 9 if len(points) <= 4000 else 5
        self.dots.setData(
            x=self.points[:, 0],
            y=self.points[:, 1],
            size=size,
            symbol=list(symbols) or "o",
            brush=[brushes[c.rgba()] for c in colours],
        )
        self.choose({i for i in self.chosen if i < len(self.points)})
        if first:
            self.fit()

    def fit(self) -> None:
        """Show every point."""
        if len(self.points):
            (left, low), (right, high) = self.points.min(axis=0), self.points.max(axis=0)
            self.getViewBox().setRange(
                QRectF(left, low, max(right - left, 0.1), max(high - low, 0.1)), padding=0.06
            )

    def choose(self, indices: set[int]) -> None:
        """Ring these points."""
        self.chosen = indices
        at = self.points[sorted(indices)] if indices else np.zeros((0, 2))
        self.rings.setData(
            x=at[:, 0], y=at[:, 1], pen=pg.mkPen(self._context.theme.colour("text"), width=1.8)
        )

    def nearest(self, scene: QPointF, within: float = 9.0) -> int:
        """Index of the point at a place of the scene; -1 when none is near (px)."""
        if not len(self.points):
            return -1
        box = self.getViewBox()
        place, (w, h) = box.mapSceneToView(scene), box.viewPixelSize()
        d = np.hypot((self.points[:, 0] - place.x()) / w, (self.points[:, 1] - place.y()) / h)
        i = int(np.argmin(d))
        return i if d[i] <= within else -1

    def draw_lasso(self, x: float, y: float, *, begins: bool, ends: bool) -> None:
        """The lasso reaches a place of the map."""
        if begins:
            self._lasso = []
        self._lasso.append((x, y))
        line = np.array([*self._lasso, self._lasso[0]])
        self._line.setData(
            x=line[:, 0], y=line[:, 1], pen=pg.mkPen(self._context.theme.colour("accent"), width=1.6)
        )
        if ends:
            found: list[int] = []
            if len(self._lasso) > 2:
                found = np.flatnonzero(inside(self.points, np.array(self._lasso))).tolist()
            self._line.setData(x=[], y=[])
            if found:
                self.lassoed.emit(found)

    def click(self, scene: QPointF) -> None:
        """Choose the point under the mouse."""
        at = self.nearest(scene)
        if at >= 0:
            self.lassoed.emit([at])

    def _on_mouse_moved(self, scene: QPointF) -> None:
        at = self.nearest(scene)
        if at != self._at:
            self._at = at
            self.pointed.emit(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()  # the keys of the review are for the page; the plot's own would swallow them

    def in_sight(self, index: int) -> bool:
        """Whether a point lies in the part of the map that is shown."""
        x, y = self.points[index]
        return bool(self.getViewBox().viewRect().contains(QPointF(float(x), float(y))))

    def bring_into_sight(self, index: int) -> None:
        """Move to a point that is out of sight, without zooming."""
        if not self.in_sight(index):
            box = self.getViewBox()
            x, y = self.points[index]
            centre = box.viewRect().center()
            box.translateBy(x=float(x) - centre.x(), y=float(y) - centre.y())

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self._at != -1:
            self._at = -1
            self.pointed.emit(-1)


class CellMap(QWidget):
    """Map of one case, computed in the background when it is first seen.

    Signals
    -------
    chosen(list of int)
        Cells the person lassoed or clicked.
    """

    chosen = Signal(list)

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._session = controller.session
        self.ids: list[int] = []
        self.row_of: dict[int, int] = {}
        self._places = np.zeros((0, 2), np.float32)
        self._ringed: tuple[int, ...] = ()
        self._stale = True
        self._computing = Lookup(pool, self)
        self._computing.answered.connect(self._computed)
        self._pictures = Lookup(pool, self)
        self._pictures.answered.connect(self._picture)
        self.canvas = MapCanvas(context)
        self.canvas.lassoed.connect(lambda rows: self.chosen.emit([self.ids[i] for i in rows]))
        self.canvas.pointed.connect(self._on_point_hovered)
        bar = self._build_bar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        self.legend = MapLegend(context)
        layout.addWidget(self.legend)
        layout.addWidget(self.canvas, 1)
        self.setFocusProxy(self.canvas)
        self._build_hover()
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(1500)
        self._again.timeout.connect(self._compute)
        self._faded = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(400)
        self._later.timeout.connect(self._recolour_if_stale)
        controller.changed.connect(self._on_case_changed)
        context.theme.changed.connect(self.recolour)

    def _build_bar(self) -> QHBoxLayout:
        self.colouring = QComboBox()
        self.colouring.addItem(tr("Colour by class"), BY_CLASS)
        self.colouring.addItem(tr("Colour by uncertainty"), BY_UNCERTAINTY)
        self.colouring.setAccessibleName(tr("Colour of the points"))
        self.colouring.activated.connect(lambda _: self.recolour())
        self._state = QLabel()
        self._state.setObjectName("muted")
        hint = ElidedLabel(tr("Drag a lasso to choose cells; wheel zooms, right drag moves"))
        hint.setObjectName("muted")
        bar = QHBoxLayout()
        bar.setContentsMargins(14, 5, 14, 5)
        bar.addWidget(self.colouring)
        self.chosen_count = QLabel()
        bar.addWidget(self._state)
        bar.addWidget(hint, 1)
        bar.addWidget(self.chosen_count)
        return bar

    def _build_hover(self) -> None:
        """The small picture of the cell under the pointer."""
        self._hover = QFrame(self.canvas)
        self._hover.setObjectName("card")
        hover_layout = QVBoxLayout(self._hover)
        hover_layout.setContentsMargins(4, 4, 4, 4)
        self._hover_picture, self._hover_text = QLabel(), QLabel()
        hover_layout.addWidget(self._hover_picture)
        hover_layout.addWidget(self._hover_text)
        self._hover.hide()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._compute()
        self._recolour_if_stale()

    def _compute(self) -> None:
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        self._state.setText(tr("computing…"))
        embeddings = self._session.embeddings

        def work() -> tuple[list[int], NDArray[np.float32]]:
            ids, vectors = embeddings()
            return [int(i) for i in ids], map_on_plane(vectors)

        self._computing.ask("map", work)

    def _computed(self, _: object, result: tuple[list[int], NDArray[np.float32]]) -> None:
        ids, places = result
        keep = [i for i, cell_id in enumerate(ids) if self._session.state.label(cell_id)]
        self.ids = [ids[i] for i in keep]
        self.row_of = {cell_id: i for i, cell_id in enumerate(self.ids)}
        self._places = np.asarray(places[keep], np.float32).reshape(-1, 2)
        self._state.setText("" if keep else tr(NO_MAP))
        self.recolour()
        self.show_selection(self._ringed)

    def _recolour_if_stale(self) -> None:
        """Colours that changed while nobody looked, or too fast to follow."""
        if self._faded and self.isVisible():
            self.recolour()

    def recolour(self) -> None:
        """Give each point the colour of its cell, by class or by uncertainty."""
        self._faded = False
        made: dict[str | float, QColor] = {}  # one object a shade, not one a cell: cases have 100,000
        groups = [self._session.state.label(i) for i in self.ids]
        symbols = [SYMBOLS[shape_of(code)] for code in groups]
        self.canvas.show_points(self._places, [self._colour(i, made) for i in self.ids], symbols)
        if self.colouring.currentData() == BY_UNCERTAINTY:
            self.legend.show_uncertainty()
        else:
            found = Counter(groups)
            self.legend.show_classes({code: found[code] for code in GROUPS if found[code]})

    def _colour(self, cell_id: int, made: dict[str | float, QColor]) -> QColor:
        key: str | float
        if self.colouring.currentData() == BY_UNCERTAINTY:
            key = round(self._session.cell(cell_id).uncertainty, 2)
        else:
            key = self._session.state.label(cell_id)
        if key not in made:
            made[key] = (
                self._context.theme.ink(group_rgb(key)) if isinstance(key, str) else uncertainty_colour(key)
            )
        return made[key]

    def _on_case_changed(self, change: Change) -> None:
        if any(i not in self.row_of for i in change.cells):
            self._stale = True
            self._again.start()
        elif change.cells and self.ids:
            if self.isVisible() and len(self.ids) <= _RECOLOURED_AT_ONCE:
                self.recolour()
            else:  # a key of the review must not wait for a hundred thousand points
                self._faded = True
                self._later.start()

    def show_selection(self, ids: Sequence[int]) -> None:
        """Ring the chosen cells, now and once the map is computed."""
        self._ringed = tuple(ids)
        rows = {self.row_of[i] for i in ids if i in self.row_of}
        self.canvas.choose(rows)
        n = len(rows)
        self.chosen_count.setText(ngettext("{n} cell chosen", "{n} cells chosen", n) if n else "")

    def shows(self, ids: Sequence[int]) -> bool:
        """Whether all these cells have a ring on the map, and at least one of them is in sight."""
        rows = [self.row_of.get(i, -1) for i in ids]
        ringed = bool(rows) and self.canvas.chosen.issuperset(rows)
        return ringed and any(map(self.canvas.in_sight, rows))

    def in_sight(self, ids: Sequence[int]) -> set[int]:
        """Those of the cells whose points are in the part of the map that is shown."""
        return {i for i in ids if i in self.row_of and self.canvas.in_sight(self.row_of[i])}

    def bring_into_sight(self, cell_id: int) -> None:
        """Show the part of the map where a cell lies; nothing for a cell without a point."""
        if cell_id in self.row_of:
            self.canvas.bring_into_sight(self.row_of[cell_id])

    def _on_point_hovered(self, row: int) -> None:
        if row < 0:
            self._pictures.forget()
            self._hover.hide()
            return
        cell_id, session = self.ids[row], self._session
        self._pictures.ask(cell_id, lambda: session.thumbnail(cell_id))

    def _picture(self, cell_id: object, data: bytes) -> None:
        pixmap = QPixmap.fromImage(decoded(data))
        if not isinstance(cell_id, int) or pixmap.isNull():
            return
        side = round(112 * self.devicePixelRatioF())
        pixmap = pixmap.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self._hover_picture.setPixmap(pixmap)
        name = self._context.language.class_name(self._session.state.label(cell_id))
        self._hover_text.setText(
            self._hover_text.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 112)
        )
        self._hover.adjustSize()
        at = self.canvas.mapFromGlobal(self.cursor().pos()) + QPoint(14, 14)
        self._hover.move(
            max(0, min(at.x(), self.canvas.width() - self._hover.width())),
            max(0, min(at.y(), self.canvas.height() - self._hover.height())),
        )
        self._hover.show()

    def close_case(self) -> None:
        """Ask for nothing any more; call before the session closes."""
        self._again.stop()
        self._computing.close()
        self._pictures.close()
