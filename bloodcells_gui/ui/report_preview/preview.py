"""The report on the screen before it is written, page by page as it will be."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, QThreadPool, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.earlier_films import FoundFilms
from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.app.preview import Preview
from bloodcells_gui.app.report_explanations import map_preparation
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.earlier_films import NOT_AWAITED, SEARCH_FAILED
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.page_marks import Page
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.banner import Banner, BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup, UnawaitedThreads
from bloodcells_gui.ui.report_preview.pages import PagesView
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.wheel import guard_wheels

# A search that ends sooner needs no button.
_PATIENCE_MS = 1500


class PreviewWindow(QDialog):
    """The report of this moment in either language, on either paper.

    Parameters
    ----------
    printing : bool
        Whether to ask for a printer as soon as the pages are laid out.
    """

    def __init__(
        self,
        context: UiContext,
        session: CaseSession,
        pool: QThreadPool,
        unawaited: UnawaitedThreads,
        parent: QWidget | None = None,
        *,
        printing: bool = False,
    ) -> None:
        super().__init__(parent)
        self._printing = printing
        self.setWindowTitle(tr("Preview of the report"))
        self._context = context
        self._session = session
        self._preview: Preview | None = None
        self._draft: Banner | None = None
        self.banners = BannerStack(context)
        self.lang = self._combo(
            tr("Language"), (("English", "en"), ("Français", "fr")), context.language.lang
        )
        self.paper = self._combo(tr("Paper"), (("A4", "a4"), ("Letter", "letter")), session.settings.paper)
        self.where = QLabel()
        self.where.setObjectName("muted")
        self.unawaited_button, self._patience = self._build_unawaited_button()
        self.exact = QPushButton(tr("Open the &PDF"))
        self.exact.setToolTip(tr("In this computer's PDF viewer, from a folder that is removed afterwards"))
        self.exact.setAutoDefault(False)
        self.exact.clicked.connect(self._open_pdf)
        self.print_button = self._build_print_button()
        self.pages = PagesView(context)
        self.pages.setAccessibleName(self.windowTitle())
        self.pages.moved.connect(self._update_page_label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(self._build_row())
        layout.addWidget(self.pages, 1)
        resize_within_screen(self, 860, 920)
        guard_wheels(self)
        self._films = Lookup(unawaited, self)
        self._films.answered.connect(self._compare)
        self._films.failed.connect(lambda *_: self._go_without(SEARCH_FAILED))
        self._work = Lookup(pool, self)
        self._work.answered.connect(self._on_report_done)
        self._work.failed.connect(self._on_report_failed)
        self._cancel = CancelToken()
        self._maps = Lookup(pool, self)
        self._maps.answered.connect(lambda *_: self._make_preview())
        self._maps.failed.connect(lambda *_: self._make_preview())  # which says what is wrong
        self.pages.setFocus()
        self._render_report()

    def _build_print_button(self) -> QPushButton:
        made = QPushButton(tr("P&rint…"))
        made.setObjectName("primary")
        made.setShortcut(QKeySequence(QKeySequence.StandardKey.Print))
        made.setToolTip(tr("These very pages (Ctrl+P)"))
        made.setAutoDefault(False)
        made.clicked.connect(self.print_report)
        return made

    def _build_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 14, 8)
        row.setSpacing(8)
        row.addWidget(self.lang)
        row.addWidget(self.paper)
        row.addSpacing(10)
        row.addWidget(self._zoom_button("zoom_out", tr("Smaller (−)"), -1))
        row.addWidget(self._zoom_button("fit", tr("Fit the width (0)"), 0))
        row.addWidget(self._zoom_button("zoom_in", tr("Larger (+)"), 1))
        row.addSpacing(10)
        row.addWidget(self.where)
        row.addWidget(self.unawaited_button)
        row.addStretch(1)
        row.addWidget(self.exact)
        row.addWidget(self.print_button)
        return row

    def _build_unawaited_button(self) -> tuple[QPushButton, QTimer]:
        """The way on without a search that takes long, and what shows it."""
        made = QPushButton(tr("Show it &without comparing"))
        made.setAutoDefault(False)
        made.clicked.connect(lambda: self._go_without(NOT_AWAITED))
        made.hide()
        patience = QTimer(self)
        patience.setSingleShot(True)
        patience.setInterval(_PATIENCE_MS)
        patience.timeout.connect(made.show)
        return made, patience

    def _combo(self, name: str, entries: tuple[tuple[str, str], ...], current: str) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        for text, value in entries:
            made.addItem(text, value)
        made.setCurrentIndex(max(0, made.findData(current)))
        made.currentIndexChanged.connect(lambda _: self._render_report())
        return made

    def _zoom_button(self, icon: str, text: str, step: int) -> QToolButton:
        made = QToolButton()
        made.setIcon(self._context.icons.get(icon))
        made.setIconSize(QSize(18, 18))
        made.setToolTip(text)
        made.setAccessibleName(text)
        made.clicked.connect(lambda _=False: self.pages.step_zoom(step))
        return made

    def _render_report(self) -> None:
        """Have the explanation maps computed in the background first: they take a second or two."""
        self._discard_preview()
        self._films.forget()  # of the preview before
        self._patience.stop()
        self._work.forget()
        self._enable(False)
        self.where.setText(tr("Laying out the pages…"))
        self._maps.ask("maps", map_preparation(self._session, self._cancel))

    def _make_preview(self) -> None:
        options = ExportOptions(lang=str(self.lang.currentData()), paper=str(self.paper.currentData()))
        try:
            # On the window's thread: a report is of one moment, and decisions are made on this thread.
            preview = Preview(self._session, options)
        except UserError as error:
            self.banners.error(error)
            return
        self._preview = preview
        if preview.finder is None:
            self._lay_out(preview)
            return
        self.where.setText(tr("Looking for earlier films…"))
        self._films.ask(preview, preview.finder)
        self._patience.start()

    def _compare(self, preview: Preview, found: FoundFilms | None) -> None:
        preview.take_films(found)
        self._lay_out(preview)

    def _go_without(self, why: str) -> None:
        """Lay out the report without a comparison; it says `why` (a translation key)."""
        self._films.forget()
        preview = self._preview
        if preview is not None and preview.finder is not None:
            self._compare(preview, preview.finder.without(why))

    def _lay_out(self, preview: Preview) -> None:
        self._patience.stop()
        self.unawaited_button.hide()
        self.where.setText(tr("Laying out the pages…"))
        self._work.ask("pages", preview.pages)

    def _update_page_label(self) -> None:
        if self.pages.count:
            percent = round(100 * self.pages.scale)
            self.where.setText(
                tr("Page {page} of {pages}, {percent} %").format(
                    page=self.pages.current, pages=self.pages.count, percent=percent
                )
            )

    def _open_pdf(self) -> None:
        preview = self._preview
        if preview is not None:
            self._enable(False)
            self._work.ask("pdf", preview.pdf)

    def print_report(self) -> None:
        """Ask for a printer, then print the pages that are shown."""
        # Late: what talks to printers takes its time to load, and few starts of the program need it.
        from bloodcells_gui.ui.report_preview.printing import ask_printer, print_pages

        pages = self.pages.page_list
        printer = ask_printer(pages, self)
        if printer is None:
            return
        if print_pages(printer, pages):
            self.banners.show_banner("ok", tr("The pages were handed to the printer."), vanish_ms=6000)
        else:
            self.banners.error(
                UserError(
                    "The report could not be printed.",
                    "The printer took none of its pages, or not all of them.",
                    "Look at the printer, or open the PDF and print it from there.",
                )
            )

    def _enable(self, laid_out: bool) -> None:
        self.exact.setEnabled(laid_out)
        self.print_button.setEnabled(laid_out)

    def _on_report_done(self, _tag: object, result: tuple[Page, ...] | Path) -> None:
        self._enable(True)
        if isinstance(result, tuple):
            self.pages.show_pages(result)
            self._tell_draft()
            if self._printing:
                self._printing = False
                QTimer.singleShot(0, self, self.print_report)
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(result)))

    def _tell_draft(self) -> None:
        """Say once that what is shown is no signed report."""
        if self._draft is None and self._preview is not None and not self._preview.signed:
            self._draft = self.banners.show_banner(
                "info",
                tr("This is a draft: nobody has signed this version of the report."),
                tr("Every page says so, on paper too."),
            )

    def _on_report_failed(self, _: object, error: object) -> None:
        self._enable(self._preview is not None and self.pages.count > 0)
        self.where.setText("")
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    def _discard_preview(self) -> None:
        if self._preview is not None:
            self._preview.close()
            self._preview = None

    def stop(self) -> None:
        """Ask for nothing any more; remove what was written for the look."""
        self._cancel.cancel()
        self._maps.close()
        self._patience.stop()
        self._films.close()
        self._work.close()
        self._discard_preview()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.stop()
        super().reject()
