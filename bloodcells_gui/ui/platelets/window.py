"""The window of the platelets: counted fields and figures, the analyser beside, places that may be clumps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, Qt, QThreadPool
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QCloseEvent, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.platelets import (
    ANALYSER_FIELD,
    fields_of_runs,
    platelets_of_case,
    refutation,
    searches_of_runs,
    selection,
)
from bloodcells_gui.app.slide_images import SlideImages
from bloodcells_gui.domain.counted_fields import LEFT_OUT_FIELD, left_out
from bloodcells_gui.domain.event_words import turned_text
from bloodcells_gui.domain.formatting import number
from bloodcells_gui.domain.number_parsing import number_of
from bloodcells_gui.domain.numeration import numeration_by_field, numeration_lines
from bloodcells_gui.domain.platelet_clumps import REFUTED_FIELD, refuted
from bloodcells_gui.domain.platelet_words import BY_HAND, LIMITS, lines_of
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.zones import RectPx
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.list_table import list_table
from bloodcells_gui.ui.platelets.model import PlaceTable, Row
from bloodcells_gui.ui.review import ReviewController
from bloodcells_gui.ui.screen_fit import resize_within_screen

_PICTURE_PX = 260
# What is shown around a clump, as a share of its box, and its least side, full-resolution px.
_AROUND, _LEAST_PX = 1.6, 160


class PlateletsWindow(QDialog):
    """The platelets of the open case. Fields and places are left out and taken back by keys, as events."""

    def __init__(
        self,
        context: UiContext,
        controller: ReviewController,
        pool: QThreadPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Platelets"))
        self._context, self._controller = context, controller
        session = controller.session
        self._images = SlideImages(session.specimen, session.runs)
        self._pictures = Lookup(pool, self)
        self._pictures.answered.connect(self._show_picture)
        self._pictures.failed.connect(lambda tag, _: self._show_picture(tag, None))
        # Tab and key of the row whose picture is asked for, and of the one whose picture is seen.
        self._asked: tuple[int, str] | None = None
        self._seen: tuple[int, str] | None = None
        self._over = False
        self.fields = PlaceTable(
            (
                tr("Field"),
                tr("mm²"),
                tr("Red cells"),
                tr("Nucleated"),
                tr("Platelets"),
                tr("Platelets per mm²"),
            ),
            tr("left out"),
            self,
        )
        self.clumps = PlaceTable((tr("Place"), tr("Stained, µm²"), tr("Where")), tr("no clump"), self)
        self.field_table = list_table(self.fields, 0, tr("Counted fields"))
        self.clump_table = list_table(self.clumps, 0, tr("Places that may be clumps"))
        self.warning, self.figures, self.note, self.foot = (PlainLabel() for _ in range(4))
        self.warning.setObjectName("warning")
        self.note.setObjectName("muted")
        for label in (self.warning, self.figures, self.note, self.foot):
            label.setWordWrap(True)
        self.picture = QLabel()
        self.picture.setFixedSize(_PICTURE_PX, _PICTURE_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self._build()
        controller.changed.connect(self._on_case_changed)
        self._show_case()
        self.field_table.setFocus()
        resize_within_screen(self, 980, 720)

    def _build(self) -> None:
        self.analyser = QLineEdit()
        self.analyser.setMaximumWidth(110)
        self.analyser.editingFinished.connect(self._set_analyser)
        self.analyser.installEventFilter(self)
        label = PlainLabel(tr("&Analyser, 10⁹/L"))
        label.setBuddy(self.analyser)
        self.out_button = QPushButton(tr("&Leave out"))
        self.in_button = QPushButton(tr("Take &back"))
        self.out_button.clicked.connect(lambda: self._decide(out=True))
        self.in_button.clicked.connect(lambda: self._decide(out=False))
        for button in (self.out_button, self.in_button):
            button.setAutoDefault(False)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.field_table, tr("&Fields"))
        self.tabs.addTab(self.clump_table, tr("&Clumps"))
        self.tabs.currentChanged.connect(lambda _: self._ask_picture())
        for table in (self.field_table, self.clump_table):
            table.installEventFilter(self)
            table.selectionModel().currentRowChanged.connect(lambda *_: self._ask_picture())
        side = QVBoxLayout()
        side.addWidget(self.picture)
        side.addWidget(self.out_button)
        side.addWidget(self.in_button)
        side.addStretch(1)
        middle = QHBoxLayout()
        middle.addWidget(self.tabs, 1)
        middle.addLayout(side)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.analyser)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.addWidget(self.warning)
        layout.addWidget(self.figures)
        layout.addLayout(row)
        layout.addLayout(middle, 1)
        layout.addWidget(self.note)
        layout.addWidget(self.foot)

    def tell(self, *said: str) -> None:
        """Say something at the foot, aloud too."""
        self.foot.setText(" ".join(said))
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.foot, self.foot.text()))

    # -- what is shown ---------------------------------------------------------------------------------

    def _on_case_changed(self, _change: Change) -> None:
        self._show_case()

    def _show_case(self) -> None:
        session, lang = self._controller.session, self._context.language.lang
        report = platelets_of_case(session)
        if report is None:
            self.figures.setText(
                tr("Nothing was counted by field in this case: analyse fields or a slide, with this version.")
            )
            lines = []
        else:
            lines = lines_of(report, lang)
            counted = [f for f in fields_of_runs(session.runs) if f.key not in left_out(session.state.data)]
            lines += numeration_lines(numeration_by_field(counted), lang, report.left_out)
            self.figures.setText("\n".join(lines))
        warning = "" if report is None else report.warning
        self.warning.setText(tr(warning) if warning else "")
        self.warning.setVisible(bool(warning))
        self.note.setText(f"{tr(LIMITS)} {tr(BY_HAND)}")
        for widget in (self.tabs, self.picture, self.note, self.out_button, self.in_button):
            widget.setVisible(report is not None)
        if not self.analyser.hasFocus():
            self.analyser.setText(session.state.data.fields.get(ANALYSER_FIELD, ""))
        self.fields.show_rows(self._field_rows(lang))
        self.clumps.show_rows(self._clump_rows(lang))
        self.analyser.setEnabled(self._controller.editable)
        for table in (self.field_table, self.clump_table):
            if table.model().rowCount() and not table.currentIndex().isValid():
                table.setCurrentIndex(table.model().index(0, 0))
        self._ask_picture()

    def _field_rows(self, lang: str) -> list[Row]:
        session = self._controller.session
        out, images = left_out(session.state.data), session.specimen.images
        rows = []
        for field in fields_of_runs(session.runs):
            name = images[field.image].name if field.image < len(images) else str(field.image)
            x, y = field.box_px[:2]
            place = f"{name}  {x}, {y}" if (x or y) else name
            each = number(field.platelets / field.area_mm2, 0, lang) if field.area_mm2 else "–"
            texts = (
                place, number(field.area_mm2, 3, lang), str(field.red_cells), str(field.nucleated),
                str(field.platelets), each,
            )  # fmt: skip
            rows.append(Row(field.key, field.image, field.box_px, texts, field.key in out))
        return rows

    def _clump_rows(self, lang: str) -> list[Row]:
        session = self._controller.session
        out, images = refuted(session.state.data), session.specimen.images
        rows = []
        for search in searches_of_runs(session.runs):
            name = images[search.image].name if search.image < len(images) else str(search.image)
            for clump in search.clumps:
                key = clump.key(search.image)
                where = tr("thin film, edge") if clump.edge else tr("film")
                texts = (
                    f"{name}  {clump.box_px[0]}, {clump.box_px[1]}",
                    number(clump.area_um2, 0, lang),
                    where,
                )
                rows.append(Row(key, search.image, clump.box_px, texts, key in out))
        return rows

    # -- pictures --------------------------------------------------------------------------------------

    def _table(self) -> tuple[QTableView, PlaceTable]:
        if self.tabs.currentIndex() == 0:
            return self.field_table, self.fields
        return self.clump_table, self.clumps

    def current(self) -> Row | None:
        """The chosen row of the table in front."""
        table, model = self._table()
        index = table.currentIndex()
        return model.rows[index.row()] if index.isValid() and index.row() < len(model.rows) else None

    def seen(self) -> bool:
        """Whether the picture shown is that of the chosen row."""
        return self._seen is not None and self._seen == self._chosen()

    def _chosen(self) -> tuple[int, str] | None:
        row = self.current()
        return None if row is None else (self.tabs.currentIndex(), row.key)

    def _ask_picture(self) -> None:
        """Show the chosen row's picture; until it is there, none, so that nobody decides by another's."""
        row, chosen = self.current(), self._chosen()
        self._show_buttons(row)
        if chosen is not None and chosen == self._asked:
            return
        self._asked, self._seen = chosen, None
        self.foot.setText("")
        if row is None:
            empty = tr("No field was counted.") if self.tabs.currentIndex() == 0 else tr("No place was seen.")
            self._pictures.forget()
            self.picture.setPixmap(QPixmap())
            self.picture.setText(empty)
            return
        clump = self.tabs.currentIndex() == 1
        images, box = self._images, _around(row.box_px) if clump else row.box_px
        self.picture.setPixmap(QPixmap())
        self.picture.setText(tr("The picture is on its way."))
        self._pictures.ask(chosen, lambda: images.shrunk(row.image, box, 2 * _PICTURE_PX))

    def _show_buttons(self, row: Row | None) -> None:
        """What would do nothing cannot be pressed."""
        editable = self._controller.editable and row is not None
        for button, able in (
            (self.out_button, editable and row is not None and not row.out),
            (self.in_button, editable and row is not None and row.out),
        ):
            if button.hasFocus() and not able:
                self._table()[0].setFocus()
            button.setEnabled(able)

    def _show_picture(self, tag: object, pixels: NDArray[np.uint8] | None) -> None:
        if self._over or tag != self._asked:
            return
        if pixels is None or pixels.size == 0:
            self.picture.setPixmap(QPixmap())
            self.picture.setText(tr("The image is out of reach."))
            return
        height, width = pixels.shape[:2]
        self._seen = self._asked
        self.foot.setText("")
        image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        self.picture.setPixmap(
            QPixmap.fromImage(image).scaled(
                _PICTURE_PX,
                _PICTURE_PX,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        )

    # -- acts ------------------------------------------------------------------------------------------

    def _decide(self, *, out: bool) -> None:
        """Leave the chosen row out, or take it back, and go on with the next."""
        row = self.current()
        refused = self._refusal(row, out=out)
        if row is None or refused:
            self.tell(*refused)
            return
        pressed = self.focusWidget()
        session = self._controller.session
        if self.tabs.currentIndex() == 0:
            done = self._controller.set_field(LEFT_OUT_FIELD, selection(session, row.key, out=out))
        else:
            done = self._controller.set_field(REFUTED_FIELD, refutation(session, row.key, no_clump=out))
        table, model = self._table()
        at = table.currentIndex().row()
        if done is not None and at + 1 < len(model.rows):
            table.setCurrentIndex(model.index(at + 1, 0))
        if pressed in (self.out_button, self.in_button) and pressed.isEnabled():
            pressed.setFocus()  # switched off for a moment, between this row and the next

    def _refusal(self, row: Row | None, *, out: bool) -> tuple[str, ...]:
        """Why the chosen row is not decided on; nothing where it is."""
        if row is None:
            return (tr("No row is chosen."),)
        if not self._controller.editable:
            return (tr("This case is signed or open for reading only: nothing can be changed."),)
        if row.out == out:
            return (
                (tr("This row is left out already; Shift+Delete takes it back."),)
                if out
                else (tr("This row is not left out: there is nothing to take back."),)
            )
        if not self.seen():
            return (tr("The picture of this row is not there; nothing was decided."),)
        return ()

    def _set_analyser(self) -> None:
        """Enter the analyser's count; what is no number changes nothing, and that is said."""
        text = self.analyser.text().strip()
        known = self._controller.session.state.data.fields.get(ANALYSER_FIELD, "")
        if not self._controller.editable:
            return
        if text and number_of(text) is None:
            text = known
            self.tell(tr("This is no number; the analyser's count stays as it was."))
        elif text != known:
            self._controller.set_field(ANALYSER_FIELD, text)
            text = self._controller.session.state.data.fields.get(ANALYSER_FIELD, "")
            self.tell(
                tr("The analyser's count was entered.") if text else tr("The analyser's count was removed.")
            )
        # It forgets what was typed before: Ctrl+Z in the box does not go behind what was entered.
        self.analyser.setText(text)

    def _turn(self, kind: EventKind, act: Callable[[], Change | None], nothing: str) -> None:
        session = self._controller.session
        turned = session.state.turned_by(kind)
        if act() is None or turned is None:
            self.tell(nothing)
        else:
            self.tell(turned_text(kind, turned, session.settings, self._context.language.lang) + ".")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the tables: Delete leaves out, Shift+Delete takes back, Ctrl+Z and Ctrl+Y undo and redo."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        undoing = bool(modifiers & Qt.KeyboardModifier.ControlModifier) and key == Qt.Key.Key_Z
        if watched is self.analyser:
            if undoing and not self.analyser.isUndoAvailable():
                self.tell(
                    tr("Nothing typed is left to undo; Ctrl+Z in the table takes back what was entered.")
                )
                return True
            return super().eventFilter(watched, event)
        if undoing or (modifiers & Qt.KeyboardModifier.ControlModifier and key == Qt.Key.Key_Y):
            if not event.isAutoRepeat() and undoing:
                self._turn(EventKind.UNDO, self._controller.undo, tr("Nothing is left to undo."))
            elif not event.isAutoRepeat():
                self._turn(EventKind.REDO, self._controller.redo, tr("Nothing is left to redo."))
            return True
        if key == Qt.Key.Key_Delete:
            if not event.isAutoRepeat():
                self._decide(out=not modifiers & Qt.KeyboardModifier.ShiftModifier)
            return True
        return super().eventFilter(watched, event)

    # -- the end ---------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self.close_pane()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.close_pane()
        super().reject()

    def close_pane(self) -> None:
        """Ask for no picture any more, and follow the case no more; call before the session closes."""
        if not self._over:
            self._over = True
            self._pictures.close()
            self._images.close()
            self._controller.changed.disconnect(self._on_case_changed)


def _around(box: RectPx) -> RectPx:
    """A square around a clump, with its surroundings."""
    x, y, width, height = box
    side = max(_LEAST_PX, round(_AROUND * max(width, height)))
    return max(0, x + (width - side) // 2), max(0, y + (height - side) // 2), side, side
