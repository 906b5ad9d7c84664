"""Save a picture of the window with a given case, drawn without a display."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QElapsedTimer

from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, EXIT_OUTPUT_NOT_WRITABLE, UserError
from bloodcells_gui.domain.safe_text import visible
from bloodcells_gui.ui import start
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.marked_picture import save_png
from bloodcells_gui.ui.window_memory import Memory

_PATIENCE_MS = 600_000


def draw(
    path: Path | None,
    target: Path,
    *,
    lang: str | None = None,
    theme: str | None = None,
    explain: bool = True,
    slide: bool = False,
) -> int:
    """Open `path`, wait until its analysis and pictures are there, save the window as PNG.

    `slide` shows where the chosen cell lies, for fields and slides.

    Returns the exit code of the command line.
    """
    start.offscreen()
    app = start.make_application()
    workspace = Workspace()
    context = start.make_context(app, workspace, lang, theme or "light")
    with tempfile.TemporaryDirectory(prefix="bloodcells-") as folder:
        window = MainWindow(context, workspace, Memory(Path(folder) / "window.ini"))
        try:
            return _draw(window, path, target, explain=explain, slide=slide)
        finally:
            window.close()


def _draw(window: MainWindow, path: Path | None, target: Path, *, explain: bool, slide: bool) -> int:
    window.resize(*start.SCREENSHOT_SIZE)
    window.opener.ask_options = lambda _path, _intake: OpenOptions()
    window.show()
    try:
        if path is not None:
            window.opener.open_path(path)
            _wait_for_case(window)
        if window.page is not None:
            show_first_cell(window, explain=explain)
            if slide:
                show_slide(window)
        start.wait_ms(600)
        opened = path is None or window.page is not None
        for banner in window.banners.banners if not opened else ():
            sys.stderr.write(f"{visible(' '.join(text for text in banner.texts if text))}\n")
        target.parent.mkdir(parents=True, exist_ok=True)
        saved = save_png(window.grab().toImage(), target)
    except (UserError, OSError) as error:
        sys.stderr.write(f"{visible(str(error))}\n")
        saved = opened = False
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


def show_slide(window: MainWindow) -> None:
    """Fly to the chosen cell, far enough to see its neighbours, and wait for the picture."""
    page = window.page
    chosen = page.gallery.view.current_id() if page is not None else None
    if page is None or page.slide is None or chosen is None:
        return
    page.views.setCurrentWidget(page.slide)
    start.wait_ms(200)
    page.slide.canvas.fly_to(chosen, at_once=True)
    page.slide.canvas.zoom_step(-4)
    start.wait_ms(1500)
