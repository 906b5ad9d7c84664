"""Cells saved as pictures: names, scale bars, and nothing that tells whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bloodcells_gui.app.cell_pictures import PictureOptions, bar_of, save_pictures
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.cell import FIRST_HAND_ID
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.left_out import OWN_SOFTWARE
from bloodcells_gui.domain.review import PROPOSED_BY_HAND, EventKind
from bloodcells_gui.domain.review_state import BY_HAND_RUN, fold, make_event
from bloodcells_gui.domain.specimen import ScaleEstimate, ScaleSource
from bloodcells_gui.storage.case import CaseStore
from tests.support.workbench_window import a_case, a_workspace

INK = (26, 32, 40)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


@pytest.fixture
def session(workspace: Workspace) -> Iterator[CaseSession]:
    opened = workspace.open_case(a_case(workspace.cases_dir / "one.bcs", 8))
    yield opened
    opened.close()


def scaled(session: CaseSession, monkeypatch: pytest.MonkeyPatch, source: ScaleSource, mpp: float) -> None:
    """Give every cell a scale, and its run the source of it."""
    view = session.view

    def of(cell_id: int) -> object:
        return replace(view(cell_id), mpp=mpp)

    monkeypatch.setattr(session, "view", of)
    run = replace(session.runs[0], scale=ScaleEstimate(mpp, source))
    monkeypatch.setattr(type(session), "runs", property(lambda _: [run]))
    monkeypatch.setattr(session, "run_of", lambda _: run)


def bar_width(path: Path) -> int:
    """The longest dark row below the picture, in px."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    strip = pixels[pixels.shape[1] :]
    dark = (strip == np.array(INK)).all(axis=2)
    rows = [max((len(r) for r in "".join("#" if x else " " for x in row).split()), default=0) for row in dark]
    return max(rows)


@pytest.mark.parametrize(
    ("um_per_px", "side", "um", "px"),
    # The last is the shortest that there is, though it is too long.
    [(0.1, 320, 10.0, 100), (0.05, 320, 5.0, 100), (0.25, 200, 20.0, 80), (1.0, 10, 2.0, 2),
     (0.01, 100, 1.0, 100)],
)  # fmt: skip
def test_a_bar_is_the_longest_round_length_that_fits(um_per_px: float, side: int, um: float, px: int) -> None:
    assert bar_of(um_per_px, side) == (um, px)


def test_one_picture_a_cell_has_a_bar_of_the_cells_own_scale(
    session: CaseSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = session.view(session.cells[0].id).image.shape[0]
    scaled(session, monkeypatch, ScaleSource.METADATA, 0.1)
    ids = [c.id for c in session.cells[:3]]
    saved = save_pictures(session, ids, tmp_path / "out", PictureOptions())
    assert (saved.cells, saved.without_scale) == (3, 0)
    shown = max(320, side)
    um, px = bar_of(0.1 * side / shown, shown)
    for path in saved.files:
        with Image.open(path) as image:
            assert image.size[0] == shown
            assert image.info["Software"] == OWN_SOFTWARE
        assert bar_width(path) == px + 1
    # um on the paper: px of the file times um per px of the file.
    assert px * 0.1 * side / shown == pytest.approx(um, rel=0.02)


def test_without_a_scale_there_is_no_bar_and_it_is_said(
    session: CaseSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source in (ScaleSource.UNKNOWN, ScaleSource.CONTRADICTED):
        with monkeypatch.context() as patch:
            scaled(session, patch, source, 0.1)
            saved = save_pictures(session, [session.cells[0].id], tmp_path / source.name, PictureOptions())
        assert saved.without_scale == 1
        assert bar_width(saved.files[0]) < 20


def test_names_hold_what_was_asked_for_and_never_the_specimen_by_themselves(
    session: CaseSession, tmp_path: Path
) -> None:
    ids = [c.id for c in session.cells[:2]]
    session.relabel([ids[0]], "BL")
    named = {
        "plain": PictureOptions(),
        "french": PictureOptions(lang="fr"),
        "codes": PictureOptions(codes=True),
        "class": PictureOptions(name_number=False),
        "number": PictureOptions(name_class=False),
        "nothing": PictureOptions(name_class=False, name_number=False),
        "specimen": PictureOptions(specimen=True),
    }
    names = {key: save_pictures(session, ids, tmp_path / key, o).files[0].name for key, o in named.items()}
    number = f"{ids[0]:05d}"
    assert names["plain"] == f"Blast-{number}.png"
    assert names["french"] == f"Blaste-{number}.png"
    assert names["codes"] == f"BL-{number}.png"
    assert names["class"] == "Blast-00001.png"
    assert names["number"] == f"cell-{number}.png"
    assert names["nothing"] == "cell-00001.png"
    assert session.specimen.id.replace(" ", "_") in names["specimen"]
    for key, name in names.items():
        assert (session.specimen.id in name) == (key == "specimen")


def test_a_cell_added_by_hand_has_the_number_that_the_window_shows(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = a_case(workspace.cases_dir / "two.bcs", 2)
    with CaseStore.open(path) as store:
        found = store.load_cells()
        added = replace(found[0], id=FIRST_HAND_ID, run=BY_HAND_RUN)
        store.add_cells(BY_HAND_RUN, [added], [store.assets(found[0].id)])
        state = fold(store.load_cells(), store.events())
        ids = (added.id,)
        store.append(make_event(state, EventKind.ADD_CELL, "Ana", ids, added.predicted, key=PROPOSED_BY_HAND))
    session = workspace.open_case(path)
    try:
        saved = save_pictures(session, [FIRST_HAND_ID], tmp_path / "out", PictureOptions(codes=True))
    finally:
        session.close()
    assert saved.files[0].name == f"{added.predicted}-H1.png"


def test_nothing_is_replaced(session: CaseSession, tmp_path: Path) -> None:
    ids = [session.cells[0].id]
    first = save_pictures(session, ids, tmp_path / "out", PictureOptions()).files[0]
    before = first.read_bytes()
    second = save_pictures(session, ids, tmp_path / "out", PictureOptions()).files[0]
    assert second != first
    assert first.read_bytes() == before


def test_a_sheet_shows_every_cell_once(session: CaseSession, tmp_path: Path) -> None:
    ids = [c.id for c in session.cells]
    saved = save_pictures(session, ids, tmp_path / "sheet.png", PictureOptions(sheet=True))
    assert saved.files == (tmp_path / "sheet.png",)
    assert saved.cells == len(ids)
    with Image.open(saved.files[0]) as image:
        wide, high = image.size
    assert wide == 6 * 232 + 12
    assert high == 2 * (220 + 46 + 12) + 12 + 68
    with pytest.raises(UserError, match="too many for one sheet"):
        save_pictures(session, ids * 60, tmp_path / "more.png", PictureOptions(sheet=True))


def test_a_folder_that_takes_nothing_is_told(session: CaseSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="could not be written"):
        save_pictures(session, [session.cells[0].id], tmp_path / "file" / "out", PictureOptions())
