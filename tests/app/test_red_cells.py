"""Red cells of an open case: examined, named, graded, undone, and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodcells_gui.app.reasons import ReasonWanted
from bloodcells_gui.app.red_cells import CaseRedCells, examine
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.cell import FIRST_RED_CELL_ID
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.examination import FieldFindings
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.red_cells import NOT_COUNTED
from bloodcells_gui.domain.review import Change
from bloodcells_gui.pipeline.encoding import encode_jpeg
from bloodcells_gui.storage.case import CaseStore
from tests.support.red_cell_case import SIDE_PX, FakeExaminer, examined, findings, some_fields
from tests.support.workbench_window import a_case, a_workspace

R = FIRST_RED_CELL_ID


@pytest.fixture
def session(tmp_path: Path) -> Iterator[CaseSession]:
    workspace = a_workspace(tmp_path)
    path = a_case(tmp_path / "a.bcs", 6)
    with CaseStore.open(path) as store:
        examined(store, some_fields(6))
    session = workspace.open_case(path)
    yield session
    session.close()


def by_code(red: CaseRedCells) -> dict[str, tuple[int, int]]:
    return {s.code: (s.count, s.by_person) for s in red.shares() if s.count}


def test_names_change_the_shares_and_nothing_else(session: CaseSession) -> None:
    red = session.red_cells
    told: list[Change] = []
    session.subscribe(told.append)
    before = session.differential()
    assert by_code(red) == {"NORM": (240, 0), "SPHERO": (48, 0)}
    red.name([R, R + 1], "TEAR")
    red.name([R + 40], NOT_COUNTED)
    assert by_code(red) == {"NORM": (238, 0), "SPHERO": (47, 0), "TEAR": (2, 2)}
    assert red.shares()[0].total == 287
    assert (red.final(R), red.proposed(R), red.named(R), red.looked_at) == ("TEAR", "NORM", "TEAR", 3)
    assert red.finals()[:3] == ["TEAR", "TEAR", "NORM"]
    red.name([R], "")
    assert by_code(red)["NORM"] == (239, 0)
    session.undo()
    session.undo()
    assert by_code(red)["SPHERO"] == (48, 0)
    assert [(c.cells, c.red_cells) for c in told] == [
        ((), (R, R + 1)), ((), (R + 40,)), ((), (R,)), ((), (R,)), ((), (R + 40,)),
    ]  # fmt: skip
    assert session.differential() == before
    assert session.history(session.cells[0].id) == []


def test_what_a_person_named_stands_after_the_case_was_closed(session: CaseSession, tmp_path: Path) -> None:
    session.red_cells.name([R + 3], "OVALO")
    session.close()
    again = a_workspace(tmp_path).open_case(tmp_path / "a.bcs")
    assert again.red_cells.final(R + 3) == "OVALO"
    again.close()


def test_a_name_that_changes_nothing_is_no_act(session: CaseSession) -> None:
    red = session.red_cells
    red.name([R], "TEAR")
    assert red.name([R], "TEAR") == Change()
    assert red.name([], "TEAR") == Change()
    assert red.name([R, R + 1], "TEAR").red_cells == (R + 1,)
    assert len(session.store.events()) == 2


def test_changing_an_earlier_name_needs_a_reason(session: CaseSession) -> None:
    red = session.red_cells
    session.author = "ana"
    red.name([R, R + 1], "TEAR")
    red.name([R], "OVALO")  # her own, a moment ago
    session.author = "ben"
    for act in (lambda: red.name([R, R + 2], "NORM"), lambda: red.name([R], ""), session.undo):
        with pytest.raises(ReasonWanted) as wanted:
            act()
        assert wanted.value.cells == (R,)
    red.name([R + 2], "NORM")  # nobody's yet
    assert red.name([R, R + 2], "NORM", "seen again").red_cells == (R,)
    assert session.store.events()[-1].reason == "seen again"
    assert session.state.red_cell_names[R][:2] == ("NORM", "ben")
    session.undo()
    assert session.state.red_cell_names[R][:2] == ("OVALO", "ana")


@pytest.mark.parametrize(("ids", "code"), [([R + 288], "TEAR"), ([1], "TEAR"), ([R], "LY"), ([R], "x")])
def test_unknown_cells_and_classes_are_refused(session: CaseSession, ids: list[int], code: str) -> None:
    with pytest.raises(UserError):
        session.red_cells.name(ids, code)
    assert session.store.events() == []


def test_a_grade_is_proposed_and_stands_only_once_a_person_accepts_it(session: CaseSession) -> None:
    red = session.red_cells
    assert {code: p.grade for code, p in red.proposals().items() if p.grade} == {"SPHERO": "2+"}
    assert (red.accepted("SPHERO"), session.state.grades) == ("", {})
    red.accept_grade("SPHERO")
    assert (red.accepted("SPHERO"), session.state.grades) == ("2+", {"spherocytes": "2+"})
    assert red.accept_grade("SPHERO") == Change()
    red.accept_grade("SPHERO", "3+")
    assert red.accepted("SPHERO") == "3+"
    session.undo()
    session.undo()
    assert red.accepted("SPHERO") == ""
    assert red.accept_grade("NORM") == Change()  # it has no item
    assert red.accept_grade("TEAR") == Change()  # nothing is proposed for no cell


def test_figures_are_of_the_cells_that_count(session: CaseSession) -> None:
    red = session.red_cells
    every = red.distribution("diameter_um")
    assert every is not None
    values = red.cells.measure("diameter_um").astype(float)
    assert (every.n, every.mean) == (288, pytest.approx(values.mean()))
    assert every.cv == pytest.approx(100 * values.std(ddof=1) / values.mean())
    red.name([R], NOT_COUNTED)
    one_less = red.distribution("diameter_um")
    assert one_less is not None
    assert one_less.n == 287
    pallor = red.distribution("pallor")
    assert pallor is not None
    assert pallor.n == 282  # the first cell of each field has none, and one of them does not count


def test_a_picture_shows_the_cell_in_its_middle_and_white_beyond_the_field(session: CaseSession) -> None:
    red = session.red_cells
    for cell_id in (R, R + 15, R + 48 * 5 + 47):
        shown = red.picture_of(cell_id)
        pixels = cv2.imdecode(np.frombuffer(shown.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert pixels is not None
        side = pixels.shape[0]
        assert (pixels.shape, shown.um_per_px) == ((64, 64, 3), pytest.approx(0.2))
        x, y, width, height = shown.box
        assert (x + width / 2, y + height / 2) == (
            pytest.approx(side / 2, abs=1),
            pytest.approx(side / 2, abs=1),
        )
        assert (width, height) == (pytest.approx(36), pytest.approx(36))
        assert pixels[32, 32, 2] > pixels[32, 32, 1] + 60  # red (BGR)
    corner = cv2.imdecode(np.frombuffer(red.picture_of(R).jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert corner is not None
    assert (corner[0, 0] > 250).all()  # the first cell lies 20 px from the corner: white is beyond
    assert len(red.contours(1)) == 48


def test_a_picture_that_is_none_gives_no_picture(tmp_path: Path) -> None:
    found = findings(["NORM"])
    with CaseStore.open(a_case(tmp_path / "a.bcs", 2)) as store:
        examined(store, [FieldFindings(found.place, found.cells, found.contours, b"no picture")])
    session = a_workspace(tmp_path).open_case(tmp_path / "a.bcs")
    assert session.red_cells.picture_of(R).jpeg == b""
    assert session.red_cells.field_picture(1) == b""
    session.close()


@pytest.mark.parametrize(("side", "shown"), [(2600, True), (4200, False)])
def test_pictures_of_large_fields_are_shown_up_to_a_limit(tmp_path: Path, side: int, shown: bool) -> None:
    found = findings(["NORM"])
    jpeg = encode_jpeg(np.full((side, side, 3), 200, np.uint8), 80)
    with CaseStore.open(a_case(tmp_path / "a.bcs", 2)) as store:
        examined(store, [FieldFindings(found.place, found.cells, found.contours, jpeg)])
    session = a_workspace(tmp_path).open_case(tmp_path / "a.bcs")
    assert bool(session.red_cells.picture_of(R).jpeg) is shown
    session.close()


def store_of(tmp_path: Path) -> CaseStore:
    return CaseStore.open(a_case(tmp_path / "b.bcs", 2))


def test_a_cancelled_examination_keeps_what_is_whole_and_goes_on_there(tmp_path: Path) -> None:
    token = CancelToken()
    examiner = FakeExaminer(some_fields(4))
    with store_of(tmp_path) as store:
        steps = examine(store, examiner, app_version="1", token=token)
        assert (next(steps).total, next(steps).total) == (48, 96)
        token.cancel()
        with pytest.raises(Cancelled):
            next(steps)
        assert [e.status for e in store.examinations()] == [RunStatus.CANCELLED]
        assert len(store.examined_fields()) == 2
        examiner.read.clear()
        rest = list(examine(store, examiner, app_version="1"))
        assert [(e.fields, e.total) for e in rest] == [(3, 144), (4, 192)]
        assert [p.x for p in examiner.read] == [2 * SIDE_PX, 3 * SIDE_PX]
        assert [e.status for e in store.examinations()] == [RunStatus.COMPLETE]
        ledger = len(store.ledger())
        assert list(examine(store, examiner, app_version="1")) == []
        assert len(store.ledger()) == ledger  # there was nothing to do
        whole = store.red_cells(1)
    with CaseStore.open(a_case(tmp_path / "c.bcs", 2)) as store:
        examined(store, some_fields(4))
        at_once = store.red_cells(1)
    np.testing.assert_array_equal(whole.probabilities, at_once.probabilities)
    np.testing.assert_array_equal(whole.ids, at_once.ids)


def test_leaving_an_examination_cancels_it_and_a_fault_fails_it(tmp_path: Path) -> None:
    class Broken(FakeExaminer):
        def findings(self, done: object) -> Iterator[FieldFindings]:
            yield findings(["NORM"])
            raise UserError("broken", "", "")

    with store_of(tmp_path) as store:
        steps = examine(store, FakeExaminer(some_fields(4)), app_version="1")
        next(steps)
        steps.close()
        with pytest.raises(UserError, match="broken"):
            list(examine(store, Broken([], bundle="other cd"), app_version="1"))
        assert [e.status for e in store.examinations()] == [RunStatus.CANCELLED, RunStatus.FAILED]
        assert [f.run for f in store.examined_fields()] == [1, 2]


def test_a_second_examination_stands_beside_and_counts_once_it_is_complete(session: CaseSession) -> None:
    red = session.red_cells
    other = FakeExaminer(some_fields(2, ("TARGET",) * 30), bundle="red-cells-2 cd")
    steps = examine(session.store, other, app_version="1")
    red.absorb(next(steps))
    red.reload()
    assert (red.examination is not None and red.examination.number, len(red)) == (1, 288)
    for event in steps:
        red.absorb(event)
    red.reload()
    assert (red.examination is not None and red.examination.number, len(red)) == (2, 60)
    assert by_code(red) == {"TARGET": (60, 0)}
    assert R not in red


def test_a_field_that_was_read_from_the_file_is_not_absorbed_again(tmp_path: Path) -> None:
    """The examination runs ahead in another thread: the file may hold more than was told."""
    session = a_workspace(tmp_path).open_case(a_case(tmp_path / "a.bcs", 2))
    red = session.red_cells
    for event in list(examine(session.store, FakeExaminer(some_fields(3)), app_version="1")):
        red.absorb(event)
    assert (len(red), len(red.fields), len(set(red.cells.ids.tolist()))) == (144, 3, 144)
    session.close()


def test_fields_are_absorbed_as_they_come(tmp_path: Path) -> None:
    session = a_workspace(tmp_path).open_case(a_case(tmp_path / "a.bcs", 2))
    told: list[Change] = []
    session.subscribe(told.append)
    assert (len(session.red_cells), session.red_cells.examination) == (0, None)
    for event in examine(session.store, FakeExaminer(some_fields(3)), app_version="1"):
        session.red_cells.absorb(event)
        assert len(session.red_cells) == event.total
    assert [len(c.red_cells) for c in told] == [48, 48, 48]
    assert session.red_cells.row(R + 50) == 50
    assert session.red_cells.picture_of(R + 50).jpeg
    session.close()
