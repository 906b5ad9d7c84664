"""A picture of the window with a given case, drawn without a display."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QElapsedTimer

from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, EXIT_OUTPUT_NOT_WRITABLE, UserError
from bloodcells_gui.ui import start
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.memory import Memory

_PATIENCE_MS = 600_000


def draw(
    path: Path | None,
    target: Path,
    *,
    lang: str | None = None,
    theme: str | None = None,
    explain: bool = True,
) -> int:
    """Open `path`, wait until its analysis and pictures are there, save the window as PNG.

    Returns the exit code of the command line.
    """
    start.offscreen()
    app = start.make_application()
    workspace = Workspace()
    context = start.make_context(app, workspace, lang, theme or "light")
    window = MainWindow(context, workspace, Memory(target.with_suffix(".ini")))
    window.resize(*start.SCREENSHOT_SIZE)
    window.opener.ask_options = lambda _path, _intake: OpenOptions()
    window.show()
    try:
        if path is not None:
            window.opener.open_path(path)
            _wait_for_case(window)
        if window.page is not None:
            show_first_cell(window, explain=explain)
        start.wait_ms(600)
        opened = path is None or window.page is not None
        target.parent.mkdir(parents=True, exist_ok=True)
        saved = window.grab().save(str(target), "PNG")
    except (UserError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        saved = opened = False
    finally:
        window.close()
        target.with_suffix(".ini").unlink(missing_ok=True)
    if not saved:
        return EXIT_OUTPUT_NOT_WRITABLE
    return 0 if opened else EXIT_NOTHING_READABLE


def _wait_for_case(window: MainWindow) -> None:
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < _PATIENCE_MS:
        start.wait_ms(100)
        if window.page is not None and not window.analysis.running:
            return
        if window.page is None and window.banners.banners:
            return


def show_first_cell(window: MainWindow, *, explain: bool) -> None:
    """Put the cursor on the cell a reviewer would start with, its explanation shown."""
    page = window.page
    if page is None or not page.session.cells:
        return
    ids = page.gallery.model.ids(next(i for i, n in enumerate(page.gallery.model.counts()) if n))
    page.gallery.view.select_ids(ids[:1])
    if explain:
        page.inspector.heat_button.setChecked(True)
