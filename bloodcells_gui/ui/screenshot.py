"""Save a picture of the window with a given case, drawn without a display."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QElapsedTimer

from bloodcells_gui.app.workspace import OpenOptions, Workspace
from bloodcells_gui.domain.errors import EXIT_NOTHING_READABLE, EXIT_OUTPUT_NOT_WRITABLE, UserError
from bloodcells_gui.domain.safe_text import escape_control_chars
from bloodcells_gui.ui import start
from bloodcells_gui.ui.main_window import MainWindow
from bloodcells_gui.ui.marked_picture import save_png
from bloodcells_gui.ui.window_memory import WindowMemory

_TIMEOUT_MS = 600_000
_PICTURE_TIMEOUT_MS = 10_000


def save_screenshot(
    path: Path | None,
    target: Path,
    *,
    lang: str | None = None,
    theme: str | None = None,
    show_heatmap: bool = True,
    slide: bool = False,
) -> int:
    """Open `path`, wait until its analysis and pictures are there, save the window as PNG.

    Parameters
    ----------
    show_heatmap : bool
        Whether the inspector shows the heat map of the chosen cell.
    slide : bool
        Whether the slide view is shown, centred on the chosen cell (fields and slides only).

    Returns
    -------
    int
        The exit code of the command line; not 0 when the analysis has not ended after ten minutes.
    """
    start.offscreen()
    app = start.make_application()
    workspace = Workspace()
    context = start.make_context(app, workspace, lang, theme or "light")
    with tempfile.TemporaryDirectory(prefix="bloodcells-") as folder:
        window = MainWindow(context, workspace, WindowMemory(Path(folder) / "window.ini"))
        try:
            return _save_window(window, path, target, show_heatmap=show_heatmap, slide=slide)
        finally:
            window.close()


def _save_window(
    window: MainWindow, path: Path | None, target: Path, *, show_heatmap: bool, slide: bool
) -> int:
    window.resize(*start.SCREENSHOT_SIZE)
    window.opener.ask_options = lambda _path, _intake: OpenOptions()
    window.show()
    try:
        if path is not None:
            window.opener.open_path(path)
            _wait_for_case(window)
        if window.page is not None:
            show_first_cell(window, show_heatmap=show_heatmap)
            _wait_for_picture(window, show_heatmap=show_heatmap)
            if slide:
                show_slide(window)
        start.wait_ms(600)
        opened = path is None or window.page is not None
        for banner in window.banners.banners if not opened else ():
            sys.stderr.write(f"{escape_control_chars(' '.join(text for text in banner.texts if text))}\n")
        target.parent.mkdir(parents=True, exist_ok=True)
        saved = save_png(window.grab().toImage(), target)
    except (UserError, OSError) as error:
        sys.stderr.write(f"{escape_control_chars(str(error))}\n")
        saved = opened = False
    if not saved:
        return EXIT_OUTPUT_NOT_WRITABLE
    return 0 if opened else EXIT_NOTHING_READABLE


def _wait_for_case(window: MainWindow) -> None:
    """Wait until the case is analysed, or a banner says why it cannot be opened.

    Raises
    ------
    UserError
        When neither has happened within `_TIMEOUT_MS`: an unfinished analysis would look finished.
    """
    clock = QElapsedTimer()
    clock.start()
    while clock.elapsed() < _TIMEOUT_MS:
        start.wait_ms(100)
        if window.page is not None and not window.analysis.running:
            return
        if window.page is None and window.banners.banners:
            return
    raise UserError(
        "The window was not saved.",
        "The analysis did not end within {n} minutes.",
        "Analyse the specimen first, then open its case.",
        n=_TIMEOUT_MS // 60_000,
    )


def show_first_cell(window: MainWindow, *, show_heatmap: bool) -> None:
    """Select the cell a reviewer would start with; with `show_heatmap`, show its heat map."""
    page = window.page
    if page is None or not page.session.cells:
        return
    ids = page.gallery.model.ids(next(i for i, n in enumerate(page.gallery.model.counts()) if n))
    page.gallery.view.select_ids(ids[:1])
    if show_heatmap:
        page.inspector.heat_button.setChecked(True)


def _wait_for_picture(window: MainWindow, *, show_heatmap: bool) -> None:
    """Wait until the inspector shows the chosen cell, with its heat map if asked for.

    Not longer than `_PICTURE_TIMEOUT_MS`: a cell may have no picture, and a classifier no maps.
    """
    page = window.page
    if page is None or not page.session.cells:
        return
    clock = QElapsedTimer()
    clock.start()
    image = page.inspector.image
    while clock.elapsed() < _PICTURE_TIMEOUT_MS:
        if image.has_picture and (image.has_heat or not show_heatmap):
            return
        start.wait_ms(50)


def show_slide(window: MainWindow) -> None:
    """Centre the slide view on the chosen cell, zoomed out to show its neighbours, and wait for the tiles."""
    page = window.page
    chosen = page.gallery.view.current_id() if page is not None else None
    if page is None or page.slide is None or chosen is None:
        return
    page.views.setCurrentWidget(page.slide)
    start.wait_ms(200)
    page.slide.canvas.fly_to(chosen, at_once=True)
    page.slide.canvas.zoom_step(-4)
    start.wait_ms(1500)
