"""A synthetic case to practise on, apart from the laboratory's cases and gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bloodcells_gui.app.analysis import AnalysisJob
from bloodcells_gui.app.demo import make_demo
from bloodcells_gui.app.engine import Engine
from bloodcells_gui.app.intake import Intake
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import OpenOptions, Workspace

#: Enough for every group of the gallery, few enough to be there in seconds.
CELLS = 60
SPECIMEN_ID = "SYNTHETIC"


class PracticeCase:
    """Drawn cells with a case in a temporary folder that nothing of the laboratory knows.

    Its settings are the program's own: no reference library, work list or list of recent cases learns of it.

    Parameters
    ----------
    engine : callable
        Gives the networks, those of the program.
    """

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bloodcells-tour-"))
        self._workspace = Workspace(engine, home=self.folder / "home", config=self.folder / "home")

    def draw(self) -> Intake:
        """Draw the specimen; for a worker thread.

        Raises
        ------
        UserError
            The temporary folder cannot be written.
        """
        specimen = self.folder / "specimen"
        make_demo("crops", specimen, cells=CELLS)
        return self._workspace.look_at(specimen)

    def open(self, intake: Intake) -> tuple[CaseSession, AnalysisJob]:
        """The case, open, and its analysis ready to run."""
        return self._workspace.new_case(intake, OpenOptions(specimen_id=SPECIMEN_ID))

    def remove(self) -> None:
        """Take everything away; call when the session is closed."""
        shutil.rmtree(self.folder, ignore_errors=True)
