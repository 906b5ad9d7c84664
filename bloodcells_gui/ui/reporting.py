"""Export and signature from the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QThreadPool, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from bloodcells_gui.app.export import export, safe_folder_name
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.contracts import Session
from bloodcells_gui.ui.dialogs.export import ExportDialog


class Reporter(QObject):
    """Asks where to, writes, and says what came of it."""

    def __init__(self, context: UiContext, banners: BannerStack, pool: QThreadPool, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._banners = banners

    def proposal(self, session: Session) -> Path:
        """A folder named after the specimen, in the person's documents."""
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return Path(documents or Path.home()) / "bloodcells" / safe_folder_name(session.specimen.id)

    def export(self, session: Session, window: QWidget) -> None:
        """Ask, then write."""
        dialog = ExportDialog(
            self._context, session.settings, self.proposal(session), session.state.unidentified, window
        )
        if not dialog.exec() or not isinstance(session, CaseSession):
            return
        folder, options = dialog.answer()
        try:
            files = export(session, folder, options)
        except UserError as error:
            self._banners.error(error)
            return
        self._banners.show_banner(
            "ok",
            self.tr("The report was written: %n file(s).", "", len(files)),
            str(folder),
            actions=(
                (
                    self.tr("Open the folder"),
                    lambda: _open(folder),
                ),
            ),
        )

    def sign(self, session: Session, window: QWidget) -> None:
        """Ask for the signature."""
        self._banners.show_banner("info", self.tr("Signing is not part of this version yet."))


def _open(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
