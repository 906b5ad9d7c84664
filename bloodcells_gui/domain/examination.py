"""Examinations of red cells: which model looked at which fields of a specimen, and what it found there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.differential import Remark
from bloodcells_gui.domain.red_cells import RedCells
from bloodcells_gui.domain.specimen import ScaleEstimate

#: Scale of the picture that is kept of a field, um per px; coarser where the field is.
PICTURE_MPP = 0.2
#: A picture of more pixels is not shown.
MOST_PICTURE_PX = 16_000_000
#: More cells are not kept of one field.
MOST_IN_FIELD = 20_000
#: More are not kept in one case, all examinations together.
MOST_RED_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Examination:
    """One pass of red cells over a specimen: what was used, with which outcome.

    Attributes
    ----------
    number : int
        1, 2, 3 ... within the case.
    started, finished : str
        UTC, ISO 8601; `finished` of the newest time that it stopped, "" before.
    app_version : str
    bundle : str
        Model, "id sha256".
    parameters : mapping of str to str
    scale : ScaleEstimate or None
        What the sizes were measured with; each field has its own um per px beside.
    status : RunStatus
        RUNNING while it never stopped; CANCELLED keeps what is whole and can be gone on with.
    remarks : tuple of Remark
    """

    number: int
    started: str
    app_version: str
    bundle: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    scale: ScaleEstimate | None = None
    status: RunStatus = RunStatus.RUNNING
    finished: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where an examined field lies: its image, the place there in full-resolution px, um per px.

    Fields may overlap by a guard around what each counts.
    """

    image: int
    x: int
    y: int
    width: int
    height: int
    mpp: float

    @property
    def key(self) -> tuple[int, int, int, int, int]:
        """What makes it this field and no other."""
        return self.image, self.x, self.y, self.width, self.height


@dataclass(frozen=True, slots=True)
class StoredField:
    """An examined field as the case file keeps it; its cells have the ids `first` to ``first + count - 1``.

    `cut` red cells more were left out because the border of the field cuts them.
    """

    id: int
    run: int
    place: FieldPlace
    first: int
    count: int
    cut: int


@dataclass(frozen=True, slots=True, eq=False)
class FieldFindings:
    """What an examination found in one field.

    Attributes
    ----------
    place : FieldPlace
    cells : RedCells
        Ids, images and fields are given by the case file; what stands there before means nothing.
    contours : sequence of ndarray, shape (k, 2)
        Outline of each cell, x and y in full-resolution px of the image; kept to an eighth of a px.
    picture : bytes
        JPEG of the field at `PICTURE_MPP`.
    cut : int
        Red cells left out because the border of the field cuts them.
    """

    place: FieldPlace
    cells: RedCells
    contours: Sequence[NDArray[np.float32]]
    picture: bytes
    cut: int = 0


class Examiner(Protocol):
    """The pass over the fields of a specimen, with all that it needs at hand.

    Attributes
    ----------
    bundle : str
        Model, "id sha256".
    parameters : mapping of str to str
    scale : ScaleEstimate or None
    remarks : sequence of Remark
        What there is to say of the examination by now.
    """

    @property
    def bundle(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, str]: ...

    @property
    def scale(self) -> ScaleEstimate | None: ...

    @property
    def remarks(self) -> Sequence[Remark]: ...

    def findings(self, done: Sequence[StoredField]) -> Iterator[FieldFindings]:
        """What each further field holds, one after the other, those that are `done` left out."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldExamined:
    """A field that is in the case file now, with its cells; `fields` and `total` count all so far."""

    field: StoredField
    cells: RedCells
    fields: int
    total: int


def counts_now(examinations: Sequence[Examination], fields: Sequence[StoredField]) -> Examination | None:
    """The examination whose cells count: the newest complete one, else the newest that has a field."""
    with_fields = {f.run for f in fields}
    there = [e for e in examinations if e.number in with_fields]
    complete = [e for e in there if e.status is RunStatus.COMPLETE]
    return max(complete or there, key=lambda e: e.number, default=None)
