"""The report for support: shown before it is saved, so that a technician can see that it names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import PySide6
from PySide6.QtCore import QObject, QSize, qVersion
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.i18n import LANGUAGES
from bloodcells_gui.domain.log_values import Version, Word
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.dialogs.common import Form
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.theme import CHOICES

if TYPE_CHECKING:
    from bloodcells_gui.app.support_report import Fact

_PLATFORMS = ("xcb", "wayland", "windows", "cocoa", "offscreen", "minimal", "vnc")


def window_facts(context: UiContext) -> list[Fact]:
    """Versions of Qt, the screens and the appearance."""
    facts: list[Fact] = [
        ("PySide6", Version(PySide6.__version__)),
        ("Qt", Version(qVersion() or "")),
        ("platform plugin", Word(QGuiApplication.platformName(), _PLATFORMS)),
        ("theme", Word(context.theme.choice, CHOICES)),
        ("language", Word(context.language.lang, LANGUAGES)),
    ]
    for number, screen in enumerate(QGuiApplication.screens(), 1):
        size = screen.size()
        figures = (size.width(), size.height(), round(screen.logicalDotsPerInch()), screen.devicePixelRatio())
        facts.append((f"screen {number}: width, height, dpi, scale", figures))
    return facts


class SupportDialog(Form):
    """The whole text, to be read before it is saved."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        lead = tr(
            "For whoever helps you: versions, figures of this computer, settings and the program's log. It"
            " names no patient, specimen, person or folder, and holds no image. This is the whole text:"
        )
        super().__init__(tr("Save a report for support"), lead, parent, accept=tr("Save…"))
        view = QPlainTextEdit(text)
        view.setReadOnly(True)
        view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        view.setAccessibleName(tr("The report"))
        self.outer.insertWidget(2, view, 1)
        self.resize(QSize(820, 600))


class SupportDesk(QObject):
    """Shows the report and saves it where the person says."""

    def __init__(
        self, context: UiContext, workspace: Workspace, banners: BannerStack, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._workspace = workspace
        self._banners = banners
        self._window = parent

    def show(self) -> None:
        """Show what the report holds; save it if that is wanted."""
        from bloodcells_gui.app.support_report import support_report  # with what reads packages' versions

        settings: LabSettings = self._workspace.settings
        text = support_report(settings, window_facts(self._context))
        dialog = SupportDialog(text, self._window)
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted:
            self._save(text)

    def _save(self, text: str) -> None:
        from bloodcells_gui.app.support_report import save_support_report, support_file_name

        title, filters = tr("Save a report for support"), tr("Text (*.txt)")
        chosen = self._context.files.choose_target(
            FileKind.SUPPORT, self._window, title, support_file_name(), filters
        )
        if chosen is None:
            return
        try:
            save_support_report(chosen, text)
        except UserError as error:
            self._banners.error(error, stays=True)
            return
        self._banners.show_banner(
            "ok",
            tr("The report for support is saved."),
            str(chosen),
            tr("Send it to whoever helps you."),
        )
