"""Save the chosen cells as pictures, from the menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from bloodcells_gui.app.cell_pictures import SavedPictures, save_pictures
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.cell_pictures import CellPicturesDialog
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import ngettext, tr
from bloodcells_gui.ui.jobs import QueuedLookup
from bloodcells_gui.ui.main_window import MainWindow


class CellPictureDesk(QObject):
    """Asks how and where, writes in the background, says what came of it."""

    def __init__(self, context: UiContext, window: MainWindow) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._writes = QueuedLookup(window.pool, self)
        self._writes.answered.connect(self._written)
        self._writes.failed.connect(self._failed)
        window.actions_.connect("save_pictures", self.ask)
        window.closing.connect(self._writes.close)

    def ask(self) -> None:
        """Ask how the chosen cells of the open case are to be saved, and where."""
        page = self._window.page
        ids = page.chosen() if page is not None else []
        if page is None:
            return
        if not ids:
            self._window.banners.show_banner(
                "info", tr("No cell is chosen."), what_to_do=tr("Choose cells in the gallery first."),
                vanish_ms=6000,
            )  # fmt: skip
            return
        dialog = CellPicturesDialog(self._context, page.session, ids, self._window)
        accepted = dialog.exec()
        options = dialog.answer()
        dialog.deleteLater()
        if not accepted or page is not self._window.page:
            return
        files, session = self._context.files, page.session
        if options.sheet:
            filters = tr("PNG picture (*.png)")
            title = tr("Contact sheet")
            target = files.choose_target(FileKind.PICTURE, self._window, title, "cells.png", filters)
        else:
            target = files.choose_folder(FileKind.PICTURES, self._window, tr("Folder for the pictures"))
        if target is not None:
            self._writes.ask((session, target), lambda: save_pictures(session, ids, target, options))

    def _written(self, tag: tuple[CaseSession, Path], saved: SavedPictures) -> None:
        remarks = []
        if saved.without_scale:
            remarks.append(
                ngettext(
                    "{n} cell has no scale bar: its scale is not known.",
                    "{n} cells have no scale bar: their scale is not known.",
                    saved.without_scale,
                )
            )
        if saved.from_case:
            remarks.append(
                ngettext(
                    "{n} picture is the small one of the case: its image is out of reach.",
                    "{n} pictures are the small ones of the case: their images are out of reach.",
                    saved.from_case,
                )
            )
        folder = saved.files[0].parent if saved.files else tag[1]
        self._window.banners.show_banner(
            "ok",
            ngettext("{n} picture was written.", "{n} pictures were written.", len(saved.files)),
            str(folder),
            " ".join(remarks),
            actions=((tr("Open the folder"), lambda: _open(folder)),),
        )

    def _failed(self, _: object, error: object) -> None:
        if isinstance(error, UserError):
            self._window.banners.error(error)
        elif isinstance(error, BaseException):
            self._window.banners.crash(error)


def _open(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
