"""The report before it is written.

QtPdf is no part of PySide6-Essentials. So the page is drawn from the same report model, and the exact PDF can
be looked at in the system's viewer: from a folder nobody else can read, removed when this window closes.
"""

from __future__ import annotations

import traceback
from typing import Any

from PySide6.QtCore import QByteArray, QThreadPool, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QImage, QTextDocument
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.export import ExportOptions
from bloodcells_gui.app.preview import Preview
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.jobs import Lookup


class _Page(QTextBrowser):
    """Rich text whose pictures come from the report alone: nothing is read from disk or network."""

    def __init__(self) -> None:
        super().__init__()
        self.assets: dict[str, bytes] = {}
        self.setOpenLinks(False)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        address = name.toString() if isinstance(name, QUrl) else str(name)
        if kind == QTextDocument.ResourceType.ImageResource and address.startswith("asset:"):
            image = QImage()
            image.loadFromData(self.assets.get(address.removeprefix("asset:"), b""))
            return image
        # Nothing at all would make QTextDocument read the file of that name itself.
        return QByteArray()


class PreviewWindow(QDialog):
    """The report of this moment in either language."""

    def __init__(
        self, context: UiContext, session: CaseSession, pool: QThreadPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preview of the report"))
        self._session = session
        self._preview: Preview | None = None
        self.banners = BannerStack(context)
        self.lang = QComboBox()
        self.lang.addItem("English", "en")
        self.lang.addItem("Français", "fr")
        self.lang.setCurrentIndex(self.lang.findData(context.language.lang))
        self.lang.setAccessibleName(self.tr("Language"))
        self.lang.currentIndexChanged.connect(lambda _: self._make())
        self.exact = QPushButton(self.tr("Open the exact &PDF"))
        self.exact.setAutoDefault(False)
        self.exact.clicked.connect(self._open_pdf)
        note = QLabel(self.tr("The same figures as the PDF; its pages are laid out differently."))
        note.setObjectName("muted")
        self.page = _Page()
        self.page.setAccessibleName(self.windowTitle())
        # Paper is white in either theme.
        self.page.setStyleSheet("QTextBrowser { background: #ffffff; color: #1a2027; border: none; }")
        self.page.document().setDocumentMargin(28)
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 14, 8)
        row.addWidget(self.lang)
        row.addWidget(note, 1)
        row.addWidget(self.exact)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addLayout(row)
        layout.addWidget(self.page, 1)
        self.resize(820, 900)
        self._work = Lookup(pool, self)
        self._work.answered.connect(self._answered)
        self._work.failed.connect(self._failed)
        self._make()

    def _options(self) -> ExportOptions:
        return ExportOptions(lang=str(self.lang.currentData()))

    def _make(self) -> None:
        self._drop()
        try:
            # On the window's thread: a report is of one moment, and decisions are made on this thread.
            self._preview = Preview(self._session, self._options())
        except UserError as error:
            self.banners.error(error)
            return
        self.page.assets = dict(self._preview.assets)
        self.page.setHtml(self._preview.html)

    def _open_pdf(self) -> None:
        preview = self._preview
        if preview is not None:
            self.exact.setEnabled(False)
            self._work.ask("pdf", preview.pdf)

    def _answered(self, _: object, path: Any) -> None:
        self.exact.setEnabled(True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

    def _failed(self, _: object, error: object) -> None:
        self.exact.setEnabled(True)
        if isinstance(error, UserError):
            self.banners.error(error)
        elif isinstance(error, BaseException):
            self.banners.crash("".join(traceback.format_exception(error)))

    def _drop(self) -> None:
        if self._preview is not None:
            self._preview.close()
            self._preview = None

    def stop(self) -> None:
        """Ask for nothing any more; remove what was written for the look."""
        self._work.close()
        self._drop()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes."""
        self.stop()
        super().reject()
