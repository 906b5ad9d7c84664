"""The preferences around one main window: edit them, take what the laboratory changed, show what follows."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from bloodcells_gui.app.lab_joining import Own
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.accounts import Right
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.settings.dialog import SettingsDialog

#: How often the laboratory's database is asked whether its settings changed.
_LOOK_MS = 30_000
_NOTICE, _OWN = "laboratory settings", "own things"
# What is shown by widgets that are made once.
_REBUILT = ("language", "keys", "fields", "grading", "comments")


class SettingsDesk(QObject):
    """Keeps the settings, and notices those that another station changed.

    Signals
    -------
    retention_changed()
        Cases are past their time after other days than before.
    """

    retention_changed = Signal()

    def __init__(self, context: UiContext, workspace: Workspace, window: MainWindow) -> None:
        super().__init__(window)
        self._context = context
        self._workspace = workspace
        self._window = window
        self._shown = workspace.settings
        self._said = ""
        self._asking = Lookup(window.unawaited, self)
        self._asking.answered.connect(lambda *_: self._on_found())
        self._asking.failed.connect(lambda _, error: self._on_failure(error))
        self._joining = Lookup(window.unawaited, self)
        self._joining.answered.connect(self._on_joining)
        self._joining.failed.connect(lambda _, error: self._on_failure(error))
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        window.case_shown.connect(lambda _: self._show_news())
        window.closing.connect(self._close)
        QTimer.singleShot(0, self, self.look)

    def look(self) -> None:
        """Ask the laboratory's database behind the window, where there is one."""
        if self._workspace.settings.lab_database:
            self._asking.ask(None, self._workspace.look_for_settings)

    def edit(self) -> None:
        """Everything the laboratory can set."""
        where, settings = str(self._workspace.settings_file), self._workspace.settings
        version = self._workspace.settings_version if settings.lab_database else None
        refusal = self._workspace.accounts.refusal(Right.CHANGE_RULES)
        dialog = SettingsDialog(
            self._context, settings, where, self._window, keep=self._workspace.save_settings, version=version,
            refusal="" if refusal is None else refusal.text(self._context.language.lang),
        )  # fmt: skip
        accepted = dialog.exec()
        dialog.deleteLater()
        if accepted:
            self._show_changes()
            self.look()  # where this workstation has just joined

    def take(self, wanted: LabSettings) -> None:
        """Keep settings and show what they change."""
        try:
            self._workspace.save_settings(wanted)
        except UserError as error:
            self._window.banners.error(error, stays=True)
            return
        self._show_changes()

    def _on_found(self) -> None:
        self._said = ""
        self._workspace.use_settings()
        self._show_news()

    def _on_failure(self, error: object) -> None:
        if isinstance(error, UserError) and error.what != self._said:  # once, not twice a minute
            self._said = error.what
            self._window.banners.error(error, stays=True)

    def _show_news(self) -> None:
        """Say what the laboratory changed, and show what follows."""
        if not self._workspace.settings.lab_database:
            return
        for news in self._workspace.settings_news():
            lang = self._context.language.lang
            unused = "\n".join(p.text(lang) for p in news.problems[:6])
            kind = "warning" if unused else "info"
            self._window.banners.notice(_NOTICE, kind, news.said.text(lang), unused, stays=True)
            if news.joined:
                self._joining.ask(None, self._workspace.own_things)
        self._show_changes()

    def _on_joining(self, _tag: object, found: object) -> None:
        """Offer to bring in what this workstation has of its own, then say what became of it."""
        lang = self._context.language.lang
        if isinstance(found, Own) and found:
            offer = (tr("Bring them in"), lambda: self._joining.ask(None, self._workspace.bring_in))
            whose = tr("The laboratory's are used from now on. Brought in, they are there for all stations.")
            said = " ".join(reason.text(lang) for reason in found.said)
            self._window.banners.notice(_OWN, "info", said, whose, actions=(offer,), stays=True)
        elif isinstance(found, list):
            self._window.banners.settle(_OWN)
            lines = [reason.text(lang) for reason in found]
            self._window.banners.notice(_OWN, "ok", lines[0], "\n".join(lines[1:]), stays=True)

    def _show_changes(self) -> None:
        before, now = self._shown, self._workspace.settings
        self._shown = now
        if now.theme != before.theme:
            self._context.theme.choose(now.theme)
        if now.language != before.language:
            self._context.language.choose(now.language)
        if now.keys != before.keys:
            self._context.keymap = KeyMap(now.key_map)
        if now.privacy.retention_days != before.privacy.retention_days:
            self.retention_changed.emit()
        if any(getattr(now, name) != getattr(before, name) for name in _REBUILT):
            self._window.rebuild_wanted.emit()
        elif now != before and self._window.page is not None:
            self._window.page.refresh_numbers()

    def _close(self) -> None:
        self._timer.stop()
        self._asking.close()
        self._joining.close()
