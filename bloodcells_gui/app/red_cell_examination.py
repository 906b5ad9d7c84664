"""The examination of the red cells of an open case, run by another thread than the person's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bloodcells_gui import __version__
from bloodcells_gui.app.red_cell_examiner import CROPS
from bloodcells_gui.app.red_cells import examine
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import Cancelled
from bloodcells_gui.domain.examination import Examiner, FieldExamined
from bloodcells_gui.domain.i18n import N_
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.specimen import SpecimenKind

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession

_COUNTED = N_("This case was counted at the microscope: it has no images.")


class ExaminationJob:
    """What a worker runs; each field is in the case file when its event is given out.

    Parameters
    ----------
    session : CaseSession
        The open case.
    make : callable
        Makes the examiner, which its token ends; called in the worker, for it may have to load models.
    aim : int
        Cells that it aims at in all; 0 where all given fields are examined.
    """

    def __init__(self, session: CaseSession, make: Callable[[CancelToken], Examiner], aim: int = 0) -> None:
        self._store = session.store
        self._make = make
        self.aim = aim
        self.token = CancelToken()

    def cancel(self) -> None:
        """Ask for the end; the fields that are whole stay. Thread-safe."""
        self.token.cancel()

    def events(self) -> Iterator[FieldExamined]:
        """Examine field after field; ends quietly when it was cancelled."""
        try:
            examiner = self._make(self.token)
            self.token.check()
            yield from examine(self._store, examiner, app_version=__version__, token=self.token)
        except Cancelled:
            return


def why_not_examined(session: CaseSession) -> str:
    """Why the red cells of a case cannot be examined, as a template; "" where they can."""
    kind = session.specimen.kind
    if kind is SpecimenKind.CROPS:
        return CROPS
    if kind is SpecimenKind.COUNTER or not session.specimen.images:
        return _COUNTED
    if session.state.signed:
        return N_("This case is signed: nothing can be added to it before it is amended.")
    if session.read_only:
        return N_("This case is open for reading only.")
    return ""


def is_unfinished(session: CaseSession) -> bool:
    """Whether the examination whose cells count stopped before its end."""
    examination = session.red_cells.examination
    return examination is not None and examination.status is not RunStatus.COMPLETE


def fields_left(session: CaseSession) -> bool:
    """Whether an examination may find further fields: of a slide it takes only the best ones."""
    return session.specimen.kind is SpecimenKind.SLIDE or is_unfinished(session)
