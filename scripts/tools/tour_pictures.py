"""Draw the five steps of the tour, without a display: ``python -m scripts.tools.tour_pictures FOLDER LANG NAME``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.ui import start
from bloodcells_gui.ui.help.tour import STEPS
from bloodcells_gui.ui.marked_picture import save_png
from bloodcells_gui.ui.window_memory import WindowMemory

SIZE = (1024, 700)
_TIMEOUT_STEPS = 1200


def draw(folder: Path, lang: str, name: str) -> int:
    """Write ``NAME-1.png`` to ``NAME-5.png``; returns 0, or 1 where the tour did not come to its steps."""
    start.offscreen()
    app = start.make_application()
    with tempfile.TemporaryDirectory(prefix="bloodcells-") as place:
        workspace = Workspace(home=Path(place), config=Path(place))
        context = start.make_context(app, workspace, lang, "light")
        keeper = start.WindowKeeper(context, workspace, WindowMemory(Path(place) / "window.ini"))
        keeper.window.resize(*SIZE)
        keeper.window.show()
        tour = keeper.help.tour
        tour.start()
        for _ in range(_TIMEOUT_STEPS):
            start.wait_ms(100)
            if tour.step == 0 and not keeper.window.analysis.running:
                break
        page = keeper.window.page
        if page is None or tour.step != 0:
            return 1
        for number in range(1, len(STEPS) + 1):
            if tour.step == 2:
                page.next_look_first()
            start.wait_ms(900)
            save_png(keeper.window.grab().toImage(), folder / f"{name}-{number}.png")
            tour.go_on()
        keeper.window.close()
        keeper.cases.close()
    return 0


if __name__ == "__main__":
    sys.exit(draw(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
