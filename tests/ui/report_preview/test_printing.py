"""What the printer gets is what the preview shows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage, QPageSize, QPainter
from PySide6.QtPrintSupport import QPrinter
from pytestqt.qtbot import QtBot

from bloodcells_gui.domain.page_marks import Page
from bloodcells_gui.report.pdf import render
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.report_preview import printing
from bloodcells_gui.ui.report_preview.pages import draw_page
from bloodcells_gui.ui.report_preview.printing import chosen_pages, new_printer, print_pages
from bloodcells_gui.ui.resources import load_fonts
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows
from tests.support.report_case import FONTS, make_report
from tests.support.workbench_window import a_case, a_workspace, shown_tools

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler")


@pytest.fixture(scope="module")
def pages() -> tuple[Page, ...]:
    return render(make_report({"LY": 6, "MO": 2}, with_cams=False), fonts_dir=FONTS).pages


def printed(pages: tuple[Page, ...], target: Path, printer: QPrinter | None = None) -> Path:
    """What a printer that writes into a file gets."""
    printer = printer or new_printer(pages)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(target))
    assert print_pages(printer, pages)
    return target


def drawn(pdf: Path, page: int, size: QSize) -> np.ndarray:
    """A page of a PDF as grey values (h, w)."""
    command = ["pdftoppm", "-png", "-gray", "-f", str(page), "-l", str(page), "-singlefile",
               "-scale-to-x", str(size.width()), "-scale-to-y", str(size.height())]  # fmt: skip
    subprocess.run([*command, str(pdf), str(pdf.with_suffix(""))], check=True)
    return grey(QImage(str(pdf.with_suffix(".png"))))


def grey(image: QImage) -> np.ndarray:
    image = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].astype(float)


@needs_poppler
def test_the_printer_gets_what_the_preview_shows(
    context: UiContext, pages: tuple[Page, ...], tmp_path: Path
) -> None:
    load_fonts()
    size = QSize(840, 1188)
    pdf = printed(pages, tmp_path / "out.pdf")
    info = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, check=True, text=True).stdout
    assert f"Pages:           {len(pages)}" in info
    for number, page in enumerate(pages, start=1):
        shown = QImage(size, QImage.Format.Format_RGB32)
        painter = QPainter(shown)
        painter.scale(size.width() / page.width, size.height() / page.height)
        draw_page(painter, page)
        painter.end()
        preview, paper = grey(shown), drawn(pdf, number, size)
        ink = float((255 - preview).mean())
        # Edges are smoothed otherwise; a page that is moved or lost differs by as much as its ink.
        assert np.abs(preview - paper).mean() < 0.35 * ink
        assert abs(float((255 - paper).mean()) - ink) < 0.1 * ink


def test_chosen_pages_and_the_printers_order(context: UiContext, pages: tuple[Page, ...]) -> None:
    printer = new_printer(pages)
    assert chosen_pages(printer, 4) == [0, 1, 2, 3]
    printer.setFromTo(2, 9)
    assert chosen_pages(printer, 4) == [1, 2, 3]
    printer.setPageOrder(QPrinter.PageOrder.LastPageFirst)
    assert chosen_pages(printer, 4) == [3, 2, 1]
    printer.setFromTo(7, 9)
    assert chosen_pages(printer, 4) == []
    assert not print_pages(printer, pages)


def test_paper_is_that_of_the_pages_and_the_queue_names_nobody(
    context: UiContext, pages: tuple[Page, ...]
) -> None:
    printer = new_printer(pages)
    assert printer.pageLayout().pageSize().id() == QPageSize.PageSizeId.A4
    assert printer.docName() == "Report of a blood smear"


@pytest.fixture
def bench(qtbot: QtBot, context: UiContext, tmp_path: Path, memory: WindowMemory) -> Iterator[ToolWindows]:
    workspace = a_workspace(tmp_path)
    with shown_tools(context, workspace, memory) as bench:
        bench.window.opener.open_path(a_case(workspace.cases_dir / "one.bcs", 12))
        yield bench


def test_printing_asks_once_the_pages_are_laid_out_and_says_that_it_is_a_draft(
    qtbot: QtBot, bench: ToolWindows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "printed.pdf"

    def ask(pages: tuple[Page, ...], _parent: object) -> QPrinter:
        printer = new_printer(pages)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(target))
        return printer

    monkeypatch.setattr(printing, "ask_printer", ask)
    window = bench.show_preview(printing=True)
    assert window is not None
    qtbot.waitUntil(lambda: target.exists() and target.stat().st_size > 1000, timeout=30_000)
    said = [b.texts[0] for b in window.banners.banners]
    assert "This is a draft: nobody has signed this version of the report." in said
    assert "The pages were handed to the printer." in said
    assert "NOT SIGNED" in window.pages.page_list[-1].words()
