"""The red cells of an open case: what an examination found, what a person made of it, and what follows.

The person's thread owns it, as it owns the session; `field_picture`, `picture_of` and :func:`examine` may be
called from other threads.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.app.cell_views import decode_jpeg
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.examination import (
    MOST_PICTURE_PX,
    PICTURE_MPP,
    Examination,
    Examiner,
    FieldExamined,
    StoredField,
    counts_now,
)
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.red_cell_figures import Distribution, counted, distribution_of
from bloodcells_gui.domain.red_cells import (
    NOT_COUNTED,
    RED_CELL_CLASS,
    GradeProposal,
    RedCells,
    RedCellShare,
    propose_grades,
    shares,
)
from bloodcells_gui.domain.review import Change, EventKind
from bloodcells_gui.domain.review_state import utc_now
from bloodcells_gui.imaging.io.own_pictures import validated_jpeg
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.storage.case import CaseStore

if TYPE_CHECKING:
    from bloodcells_gui.app.session import CaseSession
    from bloodcells_gui.domain.grading import GradeItem

#: Side of a red cell's picture, um; a larger cell has a larger one.
PICTURE_UM = 12.8
# Of the cell's longer side.
_ROOM = 1.3
_QUALITY = 90
# Of decoded pictures of fields, kept for the next cell.
_DECODED_BYTES = 48 * 1024**2


@dataclass(frozen=True, slots=True)
class RedCellPicture:
    """A red cell with its surroundings.

    Attributes
    ----------
    jpeg : bytes
        A square; what lies beyond the field is white. Empty where the field's picture cannot be read.
    um_per_px : float
    box : tuple of float
        x, y of the top left corner, width, height of the cell in px of the picture.
    """

    jpeg: bytes
    um_per_px: float
    box: tuple[float, float, float, float]


class CaseRedCells:
    """The red cells that count in an open case: those of the newest examination that is complete.

    Attributes
    ----------
    examinations : list of Examination
        All of the case, oldest first.
    examination : Examination or None
        The one whose cells count; None where no field was examined.
    fields : list of StoredField
        Those of it.
    cells : RedCells
        Those of it, in order of their ids.
    """

    def __init__(self, session: CaseSession) -> None:
        self._session = session
        self._store = session.store
        self._pictures: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.Lock()
        self.reload()

    def reload(self) -> None:
        """Read anew what the case file holds."""
        self.examinations: list[Examination] = self._store.examinations()
        fields = self._store.examined_fields()
        self.examination = counts_now(self.examinations, fields)
        number = self.examination.number if self.examination is not None else 0
        self.fields: list[StoredField] = [f for f in fields if f.run == number]
        self.cells: RedCells = self._store.red_cells(number) if self.fields else RedCells.none()
        self._index()

    def _index(self) -> None:
        self._row: dict[int, int] = {i: n for n, i in enumerate(self.cells.ids.tolist())}
        self._field: dict[int, StoredField] = {f.id: f for f in self.fields}
        self._proposed: list[str] = self.cells.predicted()

    # ---- what is there

    def __len__(self) -> int:
        return len(self.cells)

    def __contains__(self, cell_id: int) -> bool:
        return cell_id in self._row

    def row(self, cell_id: int) -> int:
        """Row of a cell in the columns of `cells`; KeyError for an unknown id."""
        return self._row[cell_id]

    def proposed(self, cell_id: int) -> str:
        """Code that the program proposes; KeyError for an unknown id."""
        return self._proposed[self._row[cell_id]]

    def named(self, cell_id: int) -> str:
        """Code that a person gave it, "" where none did."""
        return self._session.state.red_cells.get(cell_id, "")

    def final(self, cell_id: int) -> str:
        """Code that holds: what a person gave it, else the proposal; KeyError for an unknown id."""
        return self.named(cell_id) or self.proposed(cell_id)

    def finals(self) -> list[str]:
        """Code that holds for each cell, in the order of `cells`."""
        named = self._session.state.red_cells
        if not named:
            return list(self._proposed)
        return [named.get(i, code) for i, code in zip(self._row, self._proposed, strict=True)]

    @property
    def looked_at(self) -> int:
        """Cells of these that a person named."""
        return sum(i in self._row for i in list(self._session.state.red_cells))

    def shares(self) -> tuple[RedCellShare, ...]:
        """Number and share of every class, with exact limits."""
        named = self._session.state.red_cells
        by_person = [code for i, code in named.items() if i in self._row and code != NOT_COUNTED]
        return shares(self.finals(), by_person, self.cells.unsure(named))

    def counts(self) -> dict[str, int]:
        """Code -> cells that have it; `NOT_COUNTED` among them."""
        return dict(Counter(self.finals()))

    def proposals(self, items: Iterable[GradeItem] | None = None) -> dict[str, GradeProposal]:
        """Class code -> proposed grade by the laboratory's thresholds, or by those of `items`."""
        return propose_grades(self.shares(), self._session.settings.grading if items is None else items)

    def accepted(self, code: str) -> str:
        """Grade that a person gave the item of a class; "" for none."""
        return self._session.state.grades.get(RED_CELL_CLASS[code].grade_item, "")

    def distribution(self, measure: str) -> Distribution | None:
        """Mean, spread and limits of a measure of the counted cells; None from too few."""
        return distribution_of(counted(self.cells, self.finals()).measure(measure))

    # ---- decisions: in the case file before they return

    def name(self, ids: Iterable[int], code: str, reason: str = "") -> Change:
        """Name cells: a shape code, `NOT_COUNTED`, or "" for the proposal again.

        Cells that are named so already are left as they are. An empty change where that is all.

        Raises
        ------
        ReasonWanted
            When it changes what a person named earlier, and `reason` is empty; nothing is changed then.
        UserError
            When a cell or the class is unknown, the case is signed, or it could not be saved.
        """
        wanted = [i for i in dict.fromkeys(ids) if self.named(i) != code]
        lost = [i for i in wanted if i not in self._row]
        if lost:
            raise UserError(
                "This was not done.",
                "A red cell that is named is not of the examination that counts.",
                "Look at the cells again.",
            )
        if not wanted:
            return Change()
        return self._session.act(EventKind.NAME_RED_CELLS, wanted, code, reason=reason)

    def accept_grade(self, code: str, grade: str = "") -> Change:
        """Grade the item of a class, with `grade` or as the program proposes.

        An empty change where there is neither, or the item has that grade already.
        """
        item = RED_CELL_CLASS[code].grade_item
        if not grade:
            proposal = self.proposals().get(code)
            grade = proposal.grade if proposal is not None else ""
        if not item or not grade or grade == self._session.state.grades.get(item, ""):
            return Change()
        return self._session.grade(item, grade)

    # ---- pictures

    def field_picture(self, field_id: int) -> bytes:
        """JPEG of a field, empty where it is none that this program writes; KeyError for an unknown one."""
        return validated_jpeg(self._store.field_picture(field_id), MOST_PICTURE_PX)

    def contours(self, field_id: int) -> list[NDArray[np.float32]]:
        """Outlines of a field's cells, in the order of its ids; see :meth:`CaseStore.field_contours`."""
        return self._store.field_contours(field_id)

    def picture_of(self, cell_id: int) -> RedCellPicture:
        """A cell, cut out of the picture of its field; KeyError for an unknown id."""
        row = self._row[cell_id]
        place = self._field[int(self.cells.fields[row])].place
        pixels = self._decoded(int(self.cells.fields[row]))
        if not pixels.size:
            return RedCellPicture(b"", PICTURE_MPP, (0.0, 0.0, 0.0, 0.0))
        # A picture's own size says how much smaller than the field it is.
        scale_x, scale_y = pixels.shape[1] / place.width, pixels.shape[0] / place.height
        um_per_px = place.mpp / scale_x
        x, y, width, height = (float(v) for v in self.cells.boxes[row])
        x, y = (x - place.x) * scale_x, (y - place.y) * scale_y
        width, height = width * scale_x, height * scale_y
        most = max(pixels.shape[:2])
        side = min(max(round(PICTURE_UM / um_per_px), round(_ROOM * max(width, height)), 1), most)
        left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
        square = np.full((side, side, 3), 255, np.uint8)
        inside = pixels[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
        at_y, at_x = max(-top, 0), max(-left, 0)
        square[at_y : at_y + inside.shape[0], at_x : at_x + inside.shape[1]] = inside
        return RedCellPicture(encode_jpeg(square, _QUALITY), um_per_px, (x - left, y - top, width, height))

    def _decoded(self, field_id: int) -> NDArray[np.uint8]:
        with self._lock:
            found = self._pictures.get(field_id)
            if found is None:
                data = self.field_picture(field_id)
                found = decode_jpeg(data) if data else np.zeros((0, 0, 3), np.uint8)
                self._pictures[field_id] = found
                while sum(p.nbytes for p in self._pictures.values()) > _DECODED_BYTES:
                    if len(self._pictures) == 1:
                        break
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(field_id)
            return found

    # ---- examination

    def absorb(self, event: FieldExamined) -> None:
        """Take in a field that is in the case file already, and tell the session's listeners.

        Fields of an examination that does not count yet, beside one that is complete, wait for
        :meth:`reload`.
        """
        if self.examination is None:
            self.reload()
        elif event.field.run != self.examination.number:
            return
        elif event.field.id not in self._field:  # it was read with the others already
            self.fields.append(event.field)
            self.cells = RedCells.join([self.cells, event.cells])
            self._index()
        self._session.tell(Change(red_cells=tuple(event.cells.ids.tolist())))


def examine(
    store: CaseStore,
    examiner: Examiner,
    *,
    app_version: str,
    token: CancelToken | None = None,
) -> Iterator[FieldExamined]:
    """Examine the red cells of a case; each field is in the case file when it is given out.

    An examination with the same model and parameters goes on where it stopped, and fields that it has are
    left out; with another model a new one stands beside it. What is whole is kept however it ends.

    Raises
    ------
    Cancelled
        When `token` asks for it.
    UserError
        When the case is signed, or it could not be saved; whatever `examiner` raises.
    """
    same = [
        run
        for run in store.examinations()
        if run.bundle == examiner.bundle and dict(run.parameters) == dict(examiner.parameters)
    ]
    run = same[-1] if same else store.start_examination(
        utc_now(),
        app_version=app_version,
        bundle=examiner.bundle,
        parameters=dict(examiner.parameters),
        scale=examiner.scale,
    )  # fmt: skip
    done = store.examined_fields(run.number)
    fields, total = len(done), sum(f.count for f in done)
    before = fields
    try:
        for found in examiner.findings(done):
            if token is not None:
                token.check()
            stored, cells = store.add_examined_field(run.number, found)
            fields, total = fields + 1, total + len(cells)
            yield FieldExamined(stored, cells, fields, total)
    except BaseException as error:
        cancelled = isinstance(error, Cancelled | GeneratorExit)
        with contextlib.suppress(UserError):  # a full disk has its own error already
            status = RunStatus.CANCELLED if cancelled else RunStatus.FAILED
            store.stop_examination(run.number, status, utc_now(), examiner.remarks)
        raise
    if fields > before or run.status is not RunStatus.COMPLETE:
        store.stop_examination(run.number, RunStatus.COMPLETE, utc_now(), examiner.remarks)
