"""The key sheet on the screen: look at it, print it, save it as a PDF."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QMarginsF, QRectF, QSaveFile, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPageLayout, QPageSize, QPainter, QPaintEvent, QPdfWriter, QResizeEvent
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialogButtonBox, QMenuBar, QScrollArea, QWidget

from bloodcells_gui import __version__
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.help.key_sheet import PAGE, SheetPainter, key_sheet
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.screen_fit import resize_within_screen

_NOT_WRITTEN = N_("The key sheet could not be written.")
_ELSEWHERE = N_("Choose another folder or free some space.")


class SheetView(QWidget):
    """The page as it is printed: black on white in either theme."""

    def __init__(self, sheet: SheetPainter, spoken: str) -> None:
        super().__init__()
        self._sheet = sheet
        self.setAccessibleName(tr("Key sheet"))
        self.setAccessibleDescription(spoken)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(760, _height(760))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(_height(self.width()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor("white"))
        scale = min(self.width() / PAGE.width(), self.height() / PAGE.height())
        painter.scale(scale, scale)
        self._sheet.paint(painter)


class KeySheetDialog(Form):
    """Shows the sheet of the map that is in force.

    Parameters
    ----------
    bar : QMenuBar
        Of the window, for its commands.
    keys : mapping of str to str
        Key of each class code.
    """

    def __init__(
        self, context: UiContext, bar: QMenuBar, keys: Mapping[str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(tr("Key sheet"), "", parent)
        self._context = context
        sections = key_sheet(context, bar, keys)
        foot = tr(
            "bloodcells {version}. For Research Use Only. Not for use in diagnostic procedures."
        ).format(version=__version__)
        self.sheet = SheetPainter(sections, tr("Keys of the program"), foot, self.font())
        spoken = ". ".join(f"{line.keys}: {line.does}" for section in sections for line in section.lines)
        self.banners = BannerStack(context)
        self.view = SheetView(self.sheet, spoken)
        scroll = QScrollArea()
        scroll.setWidget(self.view)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setMinimumHeight(260)
        self.outer.insertWidget(1, self.banners)
        self.outer.insertWidget(2, scroll, 1)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).hide()
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Close"))
        for text, act in ((tr("&Print…"), self._print), (tr("&Save as PDF…"), self._save)):
            button = self.buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
            button.clicked.connect(act)
        resize_within_screen(self, 820, 900)

    def _print(self) -> None:
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        printer.setFullPage(True)
        if QPrintDialog(printer, self).exec():
            painter = QPainter(printer)
            _scale(painter, QRectF(printer.paperRect(QPrinter.Unit.DevicePixel)))
            self.sheet.paint(painter)
            painter.end()

    def _save(self) -> None:
        names = tr("Documents")
        path = self._context.files.choose_target(
            FileKind.KEY_SHEET, self, tr("Save the key sheet"), tr("bloodcells-keys.pdf"), f"{names} (*.pdf)"
        )
        if path is None:
            return
        why = self.write(str(path))
        if why:
            self.banners.error(UserError(_NOT_WRITTEN, why, _ELSEWHERE))
        else:
            self.banners.show_banner("ok", tr("The key sheet is saved."), str(path))

    def write(self, path: str) -> str:
        """Write the sheet as a PDF of one page; why that was not possible, "" where it was."""
        file = QSaveFile(path)
        if not file.open(QSaveFile.OpenModeFlag.WriteOnly):
            return file.errorString()
        writer = QPdfWriter(file)
        writer.setPageLayout(
            QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF())
        )
        writer.setResolution(600)
        writer.setTitle(tr("Keys of the program"))
        writer.setCreator(f"bloodcells {__version__}")
        painter = QPainter(writer)
        _scale(painter, QRectF(0, 0, writer.width(), writer.height()))
        self.sheet.paint(painter)
        painter.end()
        return "" if file.commit() else file.errorString()


def _height(width: int) -> int:
    """Height of the page at a width, in the same unit."""
    return round(width * PAGE.height() / PAGE.width())


def _scale(painter: QPainter, page: QRectF) -> None:
    """Let the painter count in points of an A4 page."""
    scale = min(page.width() / QSizeF(PAGE).width(), page.height() / QSizeF(PAGE).height())
    painter.scale(scale, scale)
