"""Window of the site check: what to expect of the open case's laboratory, and which cells to name first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.site_check_view import SiteChecks, SiteCheckView
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.list_table import list_table
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.site_check.model import WordsModel


class SiteCheckWindow(QDialog):
    """Reads the case in the background, as often as asked.

    Signals
    -------
    cells_wanted(tuple)
        Ids of the cells to name first, to be shown alone in the gallery.
    """

    cells_wanted = Signal(tuple)

    def __init__(
        self,
        context: UiContext,
        checks: SiteChecks,
        unawaited: UnawaitedThreads,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Site check"))
        self._context = context
        self._checks = checks
        self._token = CancelToken()
        self.view: SiteCheckView | None = None
        self.banners = BannerStack(context)
        self.readings = WordsModel(context, ("", tr("Measured"), tr("Familiar")), self)
        self.found = WordsModel(context, ("", tr("Expected"), tr("Found"), ""), self)
        self._read = Lookup(unawaited, self)
        self._read.answered.connect(lambda _, view: self._show(view))
        self._read.failed.connect(self._failed)
        self._write = Lookup(unawaited, self)
        self._write.answered.connect(lambda path, _: self._written(path))
        self._write.failed.connect(self._failed)
        self._build()
        self._colour()
        context.theme.changed.connect(self._colour)
        resize_within_screen(self, 860, 700)
        self.read_again()

    # -- the page --------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.state = PlainLabel()
        self.named, self.right = self._figure(), self._figure()
        tiles = QHBoxLayout()
        tiles.setSpacing(12)
        named = tr("by the program alone; the rest waits for a person")
        tiles.addWidget(self._tile(tr("Share named"), self.named, named))
        tiles.addWidget(self._tile(tr("Right of the named"), self.right, tr("five-part differential")))
        self.warnings, self.advice, self.first = self._text(), self._text(), self._text()
        self.notes, self.remarks = self._text("muted"), self._text("muted")
        self.found_notes, self.well = self._text("muted"), self._text()
        self.well.setText(tr("Light, stain and scale look as in known laboratories."))
        self.readings_table = self._table(self.readings, tr("Light, stain and scale"))
        self.found_table = self._table(self.found, tr("What became of it"))
        self.found_title = self._title(tr("What became of it"))
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(16, 12, 16, 12)
        inside.setSpacing(8)
        inside.addWidget(self.state)
        inside.addWidget(self._title(tr("What to expect")))
        inside.addLayout(tiles)
        for widget in (
            self.warnings, self.notes, self.found_title, self.found_table, self.found_notes,
            self._title(tr("Cells to name first")), self.first, self._title(tr("Light, stain and scale")),
            self.advice, self.well, self.readings_table, self.remarks,
        ):  # fmt: skip
            inside.addWidget(widget)
        inside.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName(tr("Site check"))
        self.area.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.area, 1)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        self.first_button = self._button(tr("Show the cells to &name first"), self._want_cells)
        self.again_button = self._button(tr("&Read again"), self.read_again)
        self.csv_button = self._button(tr("Save as &table…"), self.save_csv)
        self.pdf_button = self._button(tr("Save as &PDF…"), self.save_pdf)
        row = QHBoxLayout()
        row.setContentsMargins(16, 8, 16, 14)
        row.addWidget(self.first_button)
        row.addWidget(self.again_button)
        row.addStretch(1)
        row.addWidget(self.csv_button)
        row.addWidget(self.pdf_button)
        return row

    @staticmethod
    def _button(text: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button

    @staticmethod
    def _title(text: str) -> QLabel:
        title = QLabel(text)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        return title

    @staticmethod
    def _figure() -> PlainLabel:
        figure = PlainLabel("–")
        font = figure.font()
        font.setPointSizeF(1.6 * font.pointSizeF())
        font.setBold(True)
        figure.setFont(font)
        return figure

    @staticmethod
    def _text(name: str = "") -> PlainLabel:
        text = PlainLabel()
        text.setObjectName(name)
        text.setWordWrap(True)
        text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        return text

    @staticmethod
    def _tile(title: str, figure: PlainLabel, about: str) -> QFrame:
        tile = QFrame()
        tile.setObjectName("card")
        inside = QVBoxLayout(tile)
        inside.setSpacing(2)
        for text in (title, about):
            label = QLabel(text)
            label.setObjectName("muted")
            label.setWordWrap(True)
            inside.addWidget(label)
        inside.insertWidget(1, figure)
        figure.setAccessibleName(title)
        return tile

    @staticmethod
    def _table(model: WordsModel, name: str) -> QTableView:
        table = list_table(model, 0, name)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return table

    def _colour(self) -> None:
        """Give what is to be heeded the colour of a warning."""
        for label in (self.warnings, self.advice):
            palette = label.palette()
            palette.setColor(QPalette.ColorRole.WindowText, self._context.theme.colour("warning"))
            label.setPalette(palette)

    @staticmethod
    def _as_high_as_its_rows(table: QTableView) -> None:
        rows = sum(table.rowHeight(i) for i in range(table.model().rowCount()))
        table.setFixedHeight(rows + table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth() + 2)

    # -- reading ---------------------------------------------------------------------------------------

    def read_again(self) -> None:
        """Read the case as it is now, in the background."""
        self._token.cancel()
        token = self._token = CancelToken()
        lang, checks = self._context.language.lang, self._checks
        self._set_state(tr("Reading the case…"))
        self._read.ask("read", lambda: checks.read(lang, token))

    def _set_state(self, text: str) -> None:
        self.state.setText(text)
        self.state.setVisible(bool(text))
        for button in (self.first_button, self.csv_button, self.pdf_button):
            button.setEnabled(not text and self.view is not None)
        self.again_button.setEnabled(not text)

    def _show(self, view: SiteCheckView) -> None:
        self.view = view
        self._set_state("")
        self.named.setText(view.named)
        self.right.setText(view.right)
        for label, texts in (
            (self.warnings, view.warnings), (self.notes, view.notes), (self.advice, view.advice),
            (self.remarks, (view.remarks,)), (self.first, (view.first,)),
            (self.found_notes, view.found_notes),
        ):  # fmt: skip
            label.setText("\n".join(text for text in texts if text))
            label.setVisible(any(texts))
        self.well.setVisible(not view.advice)
        self.readings.show_rows([((r.name, r.value, r.familiar), r.odd) for r in view.readings])
        self.found.show_rows([(row, False) for row in view.found])
        self.found_table.setVisible(bool(view.found))
        self.found_title.setVisible(bool(view.found_notes))
        for table in (self.readings_table, self.found_table):
            self._as_high_as_its_rows(table)
        self.first_button.setEnabled(bool(view.first_ids))
        self.first_button.setToolTip(
            ngettext(
                "Show this {n} cell alone in the gallery", "Show these {n} cells alone in the gallery",
                len(view.first_ids),
            )
        )  # fmt: skip

    def _want_cells(self) -> None:
        if self.view is not None:
            self.cells_wanted.emit(self.view.first_ids)
            self.close()  # it would lie over the gallery

    # -- writing ---------------------------------------------------------------------------------------

    def save_pdf(self) -> None:
        """Ask where to, then write the page to sign."""
        self._save("site_check.pdf", f"{tr('PDF file')} (*.pdf)", self._checks.write_pdf)

    def save_csv(self) -> None:
        """Ask where to, then write the cells to name first."""
        self._save("site_check.csv", f"{tr('Table')} (*.csv)", self._checks.write_csv)

    def _save(self, name: str, filters: str, write: Callable[[SiteCheckView, Path, str], None]) -> None:
        view = self.view
        if view is None:
            return
        path = self._context.files.choose_target(FileKind.TABLE, self, self.windowTitle(), name, filters)
        if path is not None:
            lang = self._context.language.lang
            self._write.ask(path, lambda: write(view, path, lang))

    def _written(self, path: object) -> None:
        self.banners.show_banner("ok", tr("The file was written."), str(path), vanish_ms=6000)

    def _failed(self, tag: object, error: object) -> None:
        if tag == "read":
            self._set_state("" if self.view is not None else tr("The case could not be read."))
            self.again_button.setEnabled(True)
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException) and not isinstance(error, Cancelled):
            self.banners.crash(error)

    def stop(self) -> None:
        """End what is under way, and deliver nothing any more."""
        self._token.cancel()
        self._read.close()
        self._write.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.stop()
        super().reject()
