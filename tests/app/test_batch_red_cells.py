"""The command line examines red cells when told to, goes on where it stopped, and says what it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bloodcells_gui.app.batch_inputs import AnalyzeRequest
from bloodcells_gui.app.batch_red_cells import examine_red_cells, is_examined, told, wanted
from bloodcells_gui.app.engine import LazyEngine
from bloodcells_gui.app.explainer import Explainer
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.cli.parser import build_parser
from bloodcells_gui.cli.verbs import _request
from bloodcells_gui.domain.analysis import Progress
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.progress import CancelToken
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.specimen import SpecimenKind
from tests.support.red_cell_examiner import whole
from tests.support.red_cell_specimens import FIELDS, SIZE_UM, Classifier, a_case, engine


@contextmanager
def a_session(folder: Path, **more: Any) -> Iterator[CaseSession]:
    store = a_case(folder, **more)
    session = CaseSession(store, settings=LabSettings, explainer=Explainer(LazyEngine()), author="test")
    try:
        yield session
    finally:
        session.close()


def examined(session: CaseSession, namer: Classifier, token: CancelToken | None = None) -> list[Progress]:
    seen: list[Progress] = []
    examine_red_cells(
        session, namer, engine, token=token or CancelToken(), progress=seen.append, threads=1,  # type: ignore[arg-type]
    )  # fmt: skip
    return seen


@pytest.mark.parametrize(
    ("words", "setting", "is_wanted"),
    [
        ([], False, False),
        ([], True, True),
        (["--red-cells", "yes"], False, True),
        (["--red-cells", "no"], True, False),
        (["--save-red-cells"], False, True),
    ],
)
def test_the_command_has_the_last_word_over_the_setting(
    words: list[str], setting: bool, is_wanted: bool
) -> None:
    request = _request(build_parser("en").parse_args(["analyze", "in", "--out", "out", *words]))
    assert wanted(request, LabSettings(red_cells=setting)) is is_wanted
    assert request.save_red_cells == ("--save-red-cells" in words)


def test_fields_are_examined_with_progress_and_told(tmp_path: Path) -> None:
    with a_session(tmp_path) as session:
        assert not is_examined(session)
        assert told(session, "en") == ()
        seen = examined(session, Classifier())
        counts = [whole(cells, SIZE_UM) for cells in FIELDS]
        assert [(p.done, p.total, p.unit) for p in seen] == [
            (1, 3, "fields"),
            (2, 3, "fields"),
            (3, 3, "fields"),
        ]
        assert [p.cells for p in seen] == [counts[0], sum(counts[:2]), sum(counts)]
        assert is_examined(session)
        assert told(session, "en")[0] == f"{sum(counts)} red cells examined on 3 fields (red_cells.csv)."
        assert told(session, "fr")[0].startswith(f"{sum(counts)} hématies")
        assert examined(session, Classifier()) == []


def test_an_interrupted_examination_goes_on(tmp_path: Path) -> None:
    token = CancelToken()
    with a_session(tmp_path) as session:
        with pytest.raises(Cancelled):
            examine_red_cells(
                session, Classifier(), engine, token=token,  # type: ignore[arg-type]
                progress=lambda _: token.cancel(), threads=1,
            )  # fmt: skip
        session.red_cells.reload()
        assert len(session.red_cells.fields) == 1
        assert not is_examined(session)
        examined(session, Classifier())
        assert len(session.red_cells) == sum(whole(cells, SIZE_UM) for cells in FIELDS)


def test_crops_have_none_to_examine(tmp_path: Path) -> None:
    with a_session(tmp_path, kind=SpecimenKind.CROPS) as session:
        with pytest.raises(UserError, match="red cells"):
            examined(session, Classifier())
        assert is_examined(session)
        assert told(session, "en") == ()


def test_a_request_says_nothing_of_red_cells_by_itself() -> None:
    assert AnalyzeRequest((), Path("out")).red_cells is None
