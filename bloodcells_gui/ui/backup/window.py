"""Window that backs up the workstation into one archive or restores it, with progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QThreadPool, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bloodcells_gui.app.backup import Finished, Workstation, proposed_name
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileKind
from bloodcells_gui.ui.i18n import tr
from bloodcells_gui.ui.jobs import Lookup
from bloodcells_gui.ui.labels import PlainLabel
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.screen_fit import resize_within_screen


class BackupDesk:
    """Makes the window of backups when it is first asked for.

    Parameters
    ----------
    window : MainWindow
        Owns it, and lends its pool of threads.
    """

    def __init__(self, context: UiContext, workspace: Workspace, window: MainWindow) -> None:
        self._context = context
        self._workspace = workspace
        self._window = window
        self._shown: BackupWindow | None = None

    def show(self) -> BackupWindow:
        """Everything that the workstation keeps, into one file and back."""
        if self._shown is None:
            workstation = Workstation(
                self._workspace.home,
                self._workspace.settings_file.parent,
                accounts=self._workspace.accounts,
            )
            self._shown = BackupWindow(
                self._context, workstation, self._window.pool, self._workspace.reload_settings, self._window
            )
        self._shown.show()
        self._shown.raise_()
        self._shown.activateWindow()
        return self._shown

    def close(self) -> None:
        """Stop what is at work: the main window closes."""
        if self._shown is not None:
            self._shown.stop()


class BackupWindow(QDialog):
    """Two buttons, a bar while one of them is at work, and what came of it.

    Parameters
    ----------
    restored : callable
        Called when an archive was brought back into this workstation.
    """

    _moved = Signal(object)

    def __init__(
        self,
        context: UiContext,
        workstation: Workstation,
        pool: QThreadPool,
        restored: Callable[[], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Backup"))
        self._context = context
        self._workstation = workstation
        self._restored = restored
        self._token: CancelToken | None = None
        self._work = Lookup(pool, self)
        self._work.answered.connect(self._on_task_done)
        self._work.failed.connect(self._on_task_failed)
        # A worker's progress comes to the window's own thread.
        self._moved.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        self.banners = BannerStack(context)
        self.save_button = QPushButton(tr("&Back up…"))
        self.save_button.clicked.connect(self._choose_target)
        self.restore_button = QPushButton(tr("&Restore…"))
        self.restore_button.clicked.connect(self._choose_archive)
        self.cancel_button = QPushButton(tr("Cancel"))
        self.cancel_button.clicked.connect(self.cancel)
        for button in (self.save_button, self.restore_button, self.cancel_button):
            button.setAutoDefault(False)
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress of the backup"))
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.text = QLabel()
        self.text.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.banners)
        layout.addWidget(self._page(), 1)
        resize_within_screen(self, 620, 360)
        self._update_buttons()

    def _page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(12)
        for text in (
            tr(
                "A backup is one file with all cases, the work list, the reference library, the calibration"
                " profiles and the settings. It may be made while cases are open, is read back and compared"
                " when it is written, and holds patients' data, unencrypted. The images of specimens are not"
                " in it: they stay where they are."
            ),
            tr(
                "Cases are those in {folder}. A case file that you opened from another place is not among"
                " them: copy it yourself."
            ).format(folder=self._workstation.cases_dir()),
            tr(
                "A restore compares the file first and replaces nothing: it needs a workstation without cases"
                " of its own, or an empty folder."
            ),
        ):
            label = PlainLabel(text)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addStretch(1)
        layout.addWidget(self.bar)
        layout.addWidget(self.text)
        row = QHBoxLayout()
        row.addWidget(self.save_button)
        row.addWidget(self.restore_button)
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        layout.addLayout(row)
        return page

    # -- acts --------------------------------------------------------------------------------------------

    def _choose_target(self) -> None:
        filters = f"{tr('Backups')} (*.zip)"
        path = self._context.files.choose_target(
            FileKind.BACKUP, self, tr("Backup"), proposed_name(), filters
        )
        if path is not None:
            self.back_up(path)

    def _choose_archive(self) -> None:
        filters = f"{tr('Backups')} (*.zip)"
        path = self._context.files.choose_file(FileKind.BACKUP, self, tr("Restore"), filters)
        if path is not None:
            self.restore(path)

    def back_up(self, archive: Path) -> None:
        """Save everything into `archive`, in the background."""
        archive = archive if archive.suffix else archive.with_suffix(".zip")
        workstation, token = self._workstation, self._begin()
        self._work.ask("saved", lambda: workstation.back_up(archive, token=token, progress=self._moved.emit))

    def restore(self, archive: Path, into: Path | None = None) -> None:
        """Bring `archive` back into this workstation or into an empty folder, in the background."""
        workstation, token = self._workstation, self._begin()
        self._work.ask(
            ("restored", archive, into),
            lambda: workstation.restore(archive, into=into, token=token, progress=self._moved.emit),
        )

    def cancel(self) -> None:
        """Stop what is at work; nothing of it is left behind."""
        if self._token is not None:
            self._token.cancel()

    def _begin(self) -> CancelToken:
        self._token = CancelToken()
        self.banners.clear()
        self.bar.setValue(0)
        self.text.setText("")
        self._update_buttons()
        return self._token

    # -- what comes of it --------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a backup or a restore is at work."""
        return self._token is not None

    def _update_buttons(self) -> None:
        for button in (self.save_button, self.restore_button):
            button.setEnabled(not self.running)
        for widget in (self.bar, self.text, self.cancel_button):
            widget.setVisible(self.running)

    def _show_progress(self, progress: Progress) -> None:
        self.bar.setValue(1000 * progress.done // max(1, progress.total))
        language = self._context.language
        text = tr("{done} of {total} MB").format(
            done=language.integer(progress.done), total=language.integer(progress.total)
        )
        self.text.setText(text)

    def _on_task_done(self, tag: object, result: object) -> None:
        self._token = None
        self._update_buttons()
        if not isinstance(result, Finished):
            return
        lang = self._context.language.lang
        lines, problems = result.lines(lang), result.problem_lines(lang)
        self.banners.show_banner("ok" if result.complete else "warning", lines[0], " ".join(lines[1:]))
        if problems:
            more = len(problems) - 10
            shown = problems[:10] + ([f"… +{more}"] if more > 0 else [])
            self.banners.show_banner("warning", shown[0], "\n".join(shown[1:]))
        if isinstance(tag, tuple) and tag[2] is None:
            self._restored()

    def _on_task_failed(self, tag: object, error: object) -> None:
        self._token = None
        self._update_buttons()
        if isinstance(error, Cancelled):
            self.banners.show_banner("info", tr("Cancelled: nothing was written."), vanish_ms=6000)
        elif isinstance(error, UserError):
            actions: tuple[tuple[str, Callable[[], None]], ...] = ()
            if isinstance(tag, tuple) and tag[2] is None:
                archive = tag[1]
                actions = ((tr("Into an empty folder…"), lambda: self._into_folder(archive)),)
            self.banners.error(error, actions=actions)
        elif isinstance(error, BaseException):
            self.banners.crash(error)

    def _into_folder(self, archive: Path) -> None:
        title = tr("Empty folder for the restored data")
        path = self._context.files.choose_folder(FileKind.RESTORED, self, title)
        if path is not None:
            self.restore(archive, path)

    def stop(self) -> None:
        """Stop for good: the main window closes."""
        self.cancel()
        self._work.close()
        self.close()
