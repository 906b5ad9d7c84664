"""What a run finds is in the case before anybody hears of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bloodcells_gui.adaptation.joint import AdaptationMethods
from bloodcells_gui.app.analysis import AnalysisOptions, _Recorder, new_case
from bloodcells_gui.domain.analysis import (
    CellsFound,
    Done,
    ImagesRead,
    RunStatus,
    ScaleKnown,
    Skipped,
    SkippedFile,
)
from bloodcells_gui.domain.specimen import ImageRef, ScaleEstimate, ScaleSource, Specimen, SpecimenKind
from bloodcells_gui.domain.suspicion import DEFAULT as LOOK_FIRST
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import CLASSES, cells_of

KNOWN = ImagesRead(((0, ImageRef("a.jpg", Path("a.jpg"), "aa" * 32, (9, 8))),))
SCALE = ScaleKnown(ScaleEstimate(0.1, ScaleSource.PERSON))


def recorder(folder: Path, kind: SpecimenKind) -> tuple[CaseStore, _Recorder]:
    store = new_case(
        folder / "a.bcs", Specimen("a", kind, folder, (ImageRef("a.jpg", Path("a.jpg")),)), case_id="a"
    )
    engine: Any = SimpleNamespace(
        classifier=SimpleNamespace(
            classes=CLASSES, adaptation_methods=AdaptationMethods(None, None), look_first=LOOK_FIRST
        ),
        identities=dict,
        provider="CPUExecutionProvider int8",
    )
    return store, _Recorder(store, engine, AnalysisOptions(), "", [])


def test_cells_of_crops_are_written_with_what_became_known_of_their_images(tmp_path: Path) -> None:
    store, record = recorder(tmp_path, SpecimenKind.CROPS)
    with store:
        assert record.record(SCALE) == [SCALE]
        assert record.record(KNOWN) == []
        assert store.specimen.images[0].sha256 == ""
        read, found = record.record(CellsFound(*map(tuple, cells_of(7, 2))))
        assert read is KNOWN
        assert isinstance(found, CellsFound)
        assert [c.id for c in found.cells] == [c.id for c in store.load_cells()] == [0, 1]
        assert store.specimen.images[0].sha256 == "aa" * 32
        assert store.verify() == []


@pytest.mark.parametrize("kind", [SpecimenKind.FIELDS, SpecimenKind.SLIDE])
def test_what_became_known_of_fields_and_slides_does_not_wait(tmp_path: Path, kind: SpecimenKind) -> None:
    store, record = recorder(tmp_path, kind)
    with store:
        record.record(SCALE)
        assert record.record(KNOWN) == [KNOWN]
        assert store.specimen.images[0].sha256 == "aa" * 32


@pytest.mark.parametrize("end", ["done", "skipped", "closed"])
def test_nothing_that_waits_is_lost_where_no_cells_follow(tmp_path: Path, end: str) -> None:
    store, record = recorder(tmp_path, SpecimenKind.CROPS)
    with store:
        record.record(SCALE)
        record.record(KNOWN)
        if end == "closed":
            record.close(RunStatus.CANCELLED)
        else:
            event = (
                Done(RunStatus.CANCELLED) if end == "done" else Skipped(SkippedFile("b.jpg", "It is empty."))
            )
            assert record.record(event) == [KNOWN, event]
        assert store.specimen.images[0].sha256 == "aa" * 32
