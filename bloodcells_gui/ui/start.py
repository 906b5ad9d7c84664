"""Start the window."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEventLoop, QLocale, QObject, QSocketNotifier, Qt, QTimer, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget

from bloodcells_gui import __version__
from bloodcells_gui.app.crash_watch import crash_watch
from bloodcells_gui.app.log import log_folder, log_start, logging_to, no_log
from bloodcells_gui.app.watched_folder import WatchedFolder
from bloodcells_gui.app.worklist import WorkList
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.errors import EXIT_CANCELLED, UserError
from bloodcells_gui.domain.safe_text import escape_control_chars
from bloodcells_gui.ui.banner import BannerStack
from bloodcells_gui.ui.collector import Collector
from bloodcells_gui.ui.context import UiContext
from bloodcells_gui.ui.file_dialogs import FileDialogs
from bloodcells_gui.ui.focus_ring import FocusRing
from bloodcells_gui.ui.held_keys import HeldKeys
from bloodcells_gui.ui.help.desk import HelpDesk
from bloodcells_gui.ui.i18n import Language
from bloodcells_gui.ui.icons import Icons, app_icon
from bloodcells_gui.ui.keymap import KeyMap
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.resources import load_fonts
from bloodcells_gui.ui.screen_fit import resize_within_screen
from bloodcells_gui.ui.theme import Theme
from bloodcells_gui.ui.watched.desk import WatchDesk
from bloodcells_gui.ui.window_memory import WindowMemory
from bloodcells_gui.ui.workbench.tool_windows import ToolWindows

SCREENSHOT_SIZE = (1440, 900)
_log = logging.getLogger(__name__)


def make_application() -> QApplication:
    """The one QApplication, with the program's name, icon and font."""
    present = QApplication.instance()
    app = present if isinstance(present, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("bloodcells")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(app_icon())
    if app.findChild(HeldKeys) is None:
        HeldKeys(app)
    if app.findChild(FocusRing) is None:
        FocusRing(app)
    family = load_fonts()
    if family:
        font = QFont(family)
        font.setPointSizeF(9.5)
        app.setFont(font)
    return app


def make_context(app: QApplication, workspace: Workspace, lang: str | None, theme: str | None) -> UiContext:
    """Appearance, language and keys as the settings (or the command line) say."""
    settings = workspace.settings
    appearance = Theme(app, theme or settings.theme)
    return UiContext(
        appearance, Icons(appearance), Language(app, lang or settings.language), KeyMap(settings.key_map)
    )


class WindowKeeper:
    """Makes the window, and makes it anew around the same case when the language changes."""

    def __init__(self, context: UiContext, workspace: Workspace, memory: WindowMemory) -> None:
        self._context = context
        self._workspace = workspace
        self._memory = memory
        context.files = FileDialogs(memory, workspace.cases_dir)
        # Analyses behind the window outlive a change of language.
        self.cases = WorkList(workspace)
        self.watched = WatchedFolder(workspace, self.cases, self._report_fault)
        self.window = self._make()

    def _make(self) -> MainWindow:
        window = MainWindow(self._context, self._workspace, self._memory)
        resize_within_screen(window, *SCREENSHOT_SIZE)
        geometry = self._memory.bytes("window")
        if not geometry.isEmpty():
            window.restoreGeometry(geometry)
        window.rebuild_wanted.connect(self._rebuild)
        self.workbench = ToolWindows(window, self._context, self._workspace, self.cases, self._memory)
        self.help = HelpDesk(window, self._context, self._workspace, self._memory)
        self.watch_desk = WatchDesk(window, self._context, self._workspace, self.cases, self.watched)
        return window

    @staticmethod
    def _report_fault(fault: BaseException) -> None:
        _log.critical("a fault of the program", exc_info=fault)

    def close(self) -> None:
        """Stop what goes on behind the window, and wait for its end."""
        self.watched.close()
        self.cases.close()

    def _rebuild(self) -> None:
        if self.window.analysis.running:
            # The running analysis belongs to the window; the new one waits for its end.
            self.window.analysis.state_changed.connect(self._rebuild, Qt.ConnectionType.SingleShotConnection)
            return
        QTimer.singleShot(0, self._rebuild_now)

    def _rebuild_now(self) -> None:
        old = self.window
        session = old.detach()
        self.window = self._make()
        self.window.setGeometry(old.geometry())
        if session is not None:
            self.window.attach(session)
            if old.at_home:
                self.window.show_home()
        self.window.show()
        old.may_close = lambda: True  # what goes on behind it goes on behind the new one
        old.close()
        old.deleteLater()


def start(
    path: Path | None,
    *,
    screenshot: Path | None = None,
    lang: str | None = None,
    theme: str | None = None,
    verbose: bool = False,
) -> int:
    """Open the window; with `screenshot`, draw it offscreen into a PNG file instead.

    Parameters
    ----------
    path : Path or None
        Folder, slide, image or case to open.
    verbose : bool
        Whether the lines of the log go to standard error too.
    """
    if screenshot is not None:
        from bloodcells_gui.ui.screenshot import save_screenshot

        return save_screenshot(path, screenshot, lang=lang, theme=theme)
    trouble = LogTrouble()
    with logging_to(log_folder(), verbose=verbose, failed=trouble.take):
        log_start()
        with crash_watch(log_folder()):
            code = _open(path, lang, theme, trouble)
        _log.info("the window ends with %d", code)
    return code


def _open(path: Path | None, lang: str | None, theme: str | None, trouble: LogTrouble) -> int:
    app = make_application()
    collector = Collector(app)
    workspace = Workspace()
    keeper = WindowKeeper(make_context(app, workspace, lang, theme), workspace, WindowMemory())
    catch_faults(keeper)
    app.aboutToQuit.connect(keeper.close)
    ending = EndBySignal(app, lambda: keeper.window)
    keeper.window.show()
    keeper.watched.start()
    QTimer.singleShot(0, lambda: keeper.workbench.accounts.begin())  # noqa: PLW0108  # of the window then
    if path is None:
        keeper.help.offer_tour()
    trouble.show_in(lambda: keeper.window.banners)
    if path is not None:
        QTimer.singleShot(0, lambda: keeper.window.opener.open_path(path))
    code = app.exec()
    collector.close()
    return EXIT_CANCELLED if ending.asked else code


class LogTrouble(QObject):
    """Shows in the window, once, that the log cannot be written, whichever thread finds out and when."""

    _found = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._error: OSError | None = None
        self._banners: Callable[[], BannerStack] | None = None
        self._found.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def take(self, error: OSError) -> None:
        """Remember what keeps the log from being written; called on the thread that logs."""
        self._error = error
        self._found.emit()

    def show_in(self, banners: Callable[[], BannerStack]) -> None:
        """Show it in the banners of the window of the moment, now or when it happens."""
        self._banners = banners
        self._show()

    def _show(self) -> None:
        if self._error is not None and self._banners is not None:
            banners = self._banners()
            banners.reason(no_log(self._error))
            self._error = None


class EndBySignal(QObject):
    """Closes the window when the terminal that started it is closed or interrupted, or on a polite kill.

    What the window does on closing keeps everything: what was typed is saved, an analysis is stopped with
    what it found. Python handles a signal only between two of its own steps, and Qt's loop has none while
    nothing happens; so the system writes each signal's number into a socket that Qt watches.
    """

    def __init__(self, app: QApplication, window: Callable[[], QWidget]) -> None:
        super().__init__(app)
        self.asked = False
        self._app = app
        self._window = window
        numbers = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
        wanted = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
        if not wanted or os.name != "posix":
            return
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(lambda *_: self._end())
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in wanted:
            signal.signal(number, lambda *_: None)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._reader.recv(64)
        if not self.asked:
            self.asked = True
            window = self._window()
            if isinstance(window, MainWindow):
                window.may_close = lambda: True  # nobody may be there to be asked
            window.close()
            self._app.quit()


def catch_faults(keeper: WindowKeeper) -> None:
    """Show what nobody foresaw as a banner of the window, from which a report can be copied.

    A foreseen problem that nobody caught (the folder of a case went away) is told in its own words.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        report = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(escape_control_chars(report, "\n\t"))
        if isinstance(error, UserError):
            keeper.window.banners.error(error)
        else:
            keeper.window.banners.crash(error, stays=True)

    sys.excepthook = hook


def wait_ms(milliseconds: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def offscreen() -> None:
    """Ask Qt for its platform without a display; before the QApplication."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    QLocale.setDefault(QLocale.c())
