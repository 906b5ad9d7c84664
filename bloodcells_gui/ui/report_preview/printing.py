"""Print the pages of the preview, which are those of the PDF."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMarginsF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QWidget

from bloodcells_gui.domain.page_marks import Page
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.report_preview.pages import draw_page

_MM_PER_INCH = 25.4


def new_printer(pages: Sequence[Page]) -> QPrinter:
    """This computer's usual printer, set to the paper of the pages without margins of its own."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    # Other people read the names in a printer's queue: no specimen, no patient.
    printer.setDocName(tr("Report of a blood smear"))
    printer.setCreator("bloodcells_gui")
    printer.setFullPage(True)
    if pages:
        size = QPageSize(QSizeF(pages[0].width, pages[0].height), QPageSize.Unit.Millimeter)
        layout = QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF())
        layout.setMode(QPageLayout.Mode.FullPageMode)
        printer.setPageLayout(layout)
    return printer


def ask_printer(pages: Sequence[Page], parent: QWidget) -> QPrinter | None:
    """Ask which printer, which pages and how many copies; None when the person leaves it."""
    printer = new_printer(pages)
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle(tr("Print the report"))
    dialog.setMinMax(1, max(1, len(pages)))
    dialog.setOption(QPrintDialog.PrintDialogOption.PrintPageRange)
    accepted = dialog.exec()
    dialog.deleteLater()
    return printer if accepted == QDialog.DialogCode.Accepted else None


def chosen_pages(printer: QPrinter, count: int) -> list[int]:
    """Numbers of the pages to print, from 0, in the order in which the printer wants them."""
    first, last = printer.fromPage() or 1, printer.toPage() or count
    numbers = list(range(max(1, first) - 1, min(last, count)))
    return numbers[::-1] if printer.pageOrder() == QPrinter.PageOrder.LastPageFirst else numbers


def print_pages(printer: QPrinter, pages: Sequence[Page]) -> bool:
    """Draw the chosen pages on the printer's paper; False when it takes none of them.

    A page on paper of another size is made to fit, its proportions kept.
    """
    numbers = chosen_pages(printer, len(pages))
    if not numbers:
        return False
    # Where the printer's system does not make copies itself, every one is drawn.
    copies = 1 if printer.supportsMultipleCopies() else max(1, printer.copyCount())
    painter = QPainter()
    if not painter.begin(printer):
        return False
    for n, number in enumerate(numbers * copies):
        if n and not printer.newPage():
            painter.end()
            return False
        _draw(painter, printer, pages[number])
    return painter.end() and printer.printerState() != QPrinter.PrinterState.Error


def _draw(painter: QPainter, printer: QPrinter, page: Page) -> None:
    paper = printer.pageLayout().fullRect(QPageLayout.Unit.Millimeter)
    dots = printer.resolution() / _MM_PER_INCH
    fit = min(paper.width() / page.width, paper.height() / page.height)
    fit = 1.0 if 0.995 < fit < 1.005 else fit  # the size of a paper is rounded to points
    painter.save()
    painter.scale(dots, dots)
    painter.translate((paper.width() - page.width * fit) / 2, (paper.height() - page.height * fit) / 2)
    painter.scale(fit, fit)
    draw_page(painter, page)
    painter.restore()
