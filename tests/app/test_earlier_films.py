"""A case is compared with the newest signed film of the same patient, on screen and in the signed report."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from bloodcells_gui.app.earlier_films import EarlierFilms, FilmFinder, signed_film
from bloodcells_gui.app.export import ExportOptions, report_model
from bloodcells_gui.app.session import CaseSession
from bloodcells_gui.app.signing import amend
from bloodcells_gui.app.workspace import Workspace
from bloodcells_gui.domain.earlier_films import (
    EARLIER_FILM_FIELD,
    FOLDER_UNREADABLE,
    NO_FILM,
    EarlierFilm,
    not_looked_for,
)
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.film_messages import film_remark
from bloodcells_gui.domain.formatting import remark_text
from bloodcells_gui.report.model import from_json
from bloodcells_gui.storage import removals
from tests.support.films import MARIE, a_film, sign_film
from tests.support.tampering import tamper
from tests.support.workbench_window import a_workspace

BEFORE = {"SNE": 65, "LY": 35}
NOW = {"SNE": 60, "LY": 30, "BL": 10}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return a_workspace(tmp_path)


def earlier_film(session: CaseSession) -> EarlierFilm | None:
    found = FilmFinder(session)()
    return None if found is None else found.against(session.differential())


def comparison(workspace: Workspace, path: Path) -> EarlierFilm | None:
    session = workspace.open_case(path)
    try:
        return earlier_film(session)
    finally:
        session.close()


def present(workspace: Workspace, **more: object) -> Path:
    wanted = {"created": "2026-11-01T08:00:00Z", "signed": False} | more
    return a_film(workspace, "S-9", NOW, **wanted)  # type: ignore[arg-type]


def test_the_newest_signed_film_is_compared_whatever_was_opened_first(workspace: Workspace) -> None:
    own = present(workspace)
    a_film(workspace, "S-1", {"SNE": 100}, created="2026-08-01T08:00:00Z")
    newest = a_film(workspace, "S-2", BEFORE, created="2026-10-01T08:00:00Z")
    a_film(workspace, "S-3", {"LY": 100}, created="2026-10-15T08:00:00Z", signed=False)
    a_film(workspace, "S-4", {"LY": 100}, created="2026-12-01T08:00:00Z")
    for first in (own, newest):
        workspace.open_case(first).close()
        found = comparison(workspace, own)
        assert found is not None
        assert (found.specimen, found.day, found.total) == ("S-2", "2026-10-01", 100)
        assert [(r.code, r.change) for r in found.changed] == [("BL", "higher")]
        assert len(found.report_sha256) == 64


def test_another_persons_film_is_a_conflict_and_is_not_compared(workspace: Workspace) -> None:
    a_film(workspace, "S-2", BEFORE, fields=MARIE | {"birth_date": "1999-01-01"})
    found = comparison(workspace, present(workspace))
    assert found is not None
    assert found.conflict == ("date of birth",)
    assert found.rows == ()


def test_a_case_under_amendment_is_not_compared(workspace: Workspace) -> None:
    path = a_film(workspace, "S-2", BEFORE)
    session = workspace.open_case(path)
    amend(session, "A. Technician", "A name was wrong.")
    session.close()
    assert comparison(workspace, present(workspace)) is None


def test_a_removed_case_is_not_compared(workspace: Workspace) -> None:
    own, path = present(workspace), a_film(workspace, "S-2", BEFORE)
    assert comparison(workspace, own) is not None
    changed = "2026-10-01T08:00:00Z"
    removals.remove_case(
        path, workspace.cases_dir, author="A", reason="time", state="signed", changed=changed
    )
    assert comparison(workspace, own) is None


def test_a_person_chooses_another_film_or_none_and_takes_it_back(workspace: Workspace) -> None:
    a_film(workspace, "S-1", {"SNE": 100}, created="2026-08-01T08:00:00Z")
    a_film(workspace, "S-2", BEFORE, created="2026-10-01T08:00:00Z")
    session = workspace.open_case(present(workspace))
    found = FilmFinder(session)()
    assert found is not None
    oldest = found.films[-1]
    session.set_field(EARLIER_FILM_FIELD, oldest.seed)
    chosen = earlier_film(session)
    assert chosen is not None
    assert (chosen.specimen, chosen.chosen) == ("S-1", True)
    session.set_field(EARLIER_FILM_FIELD, NO_FILM)
    assert earlier_film(session) is None
    session.undo()
    session.undo()
    newest = earlier_film(session)
    assert newest is not None
    assert (newest.specimen, newest.chosen) == ("S-2", False)
    session.close()


def test_a_signed_report_keeps_what_was_compared(workspace: Workspace) -> None:
    before = a_film(workspace, "S-2", BEFORE)
    own = a_film(workspace, "S-9", {"SNE": 20, "LY": 80}, created="2026-11-01T08:00:00Z", signed=False)
    session = workspace.open_case(own)
    sign_film(session)
    kept = signed_film(session)
    frozen = session.store.frozen_reports()[-1].report
    before.unlink()
    assert signed_film(session) == kept
    model = report_model(session, ExportOptions())
    assert model.earlier == kept == from_json(frozen).earlier
    assert kept is not None
    assert kept.total == 100
    assert {r.code: r.change for r in kept.changed} == {"SNE": "lower", "LY": "higher"}
    assert session.store.frozen_reports()[-1].report == frozen
    session.close()


def test_an_anonymous_export_says_nothing_of_it(workspace: Workspace) -> None:
    a_film(workspace, "S-2", BEFORE)
    session = workspace.open_case(present(workspace))
    model = report_model(session, ExportOptions(anonymised=True))
    assert model.earlier is None
    assert b"S-2" not in model.canonical()
    session.close()


def test_a_report_without_an_earlier_film_has_no_field_of_it(workspace: Workspace) -> None:
    session = workspace.open_case(present(workspace))
    assert "earlier" not in json.loads(report_model(session, ExportOptions()).canonical())
    session.close()


@pytest.mark.parametrize(
    "change",
    ["UPDATE events SET new = '95' WHERE kind = 'count' AND key = 'LY'", "UPDATE reports SET version = 7"],
)
def test_a_film_that_was_changed_behind_the_program_is_not_compared(
    workspace: Workspace, change: str
) -> None:
    path = a_film(workspace, "S-2", BEFORE)
    own = present(workspace)
    assert comparison(workspace, own) is not None
    tamper(path, change)
    found = comparison(workspace, own)
    assert found is None or (found.unreadable and not found.rows)  # the work list calls the first unreadable


def unlistable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the folder of cases be there and not be looked into, as with a share that lost its connection."""
    scandir = os.scandir

    def refused(path: object) -> object:
        if Path(os.fspath(path)) == folder:  # type: ignore[call-overload]
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refused)


def no_folder(*_: object) -> None:
    raise UserError("The folder of cases does not answer.")


def test_a_folder_that_cannot_be_listed_is_no_folder_without_films(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = present(workspace)
    a_film(workspace, "S-2", BEFORE)
    assert comparison(workspace, own) is not None
    unlistable(workspace.cases_dir, monkeypatch)
    found = comparison(workspace, own)
    assert found is not None
    assert (found.missing, found.rows) == (FOLDER_UNREADABLE, ())


def test_where_no_film_is_wanted_a_folder_that_does_not_answer_is_nothing_to_tell(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = workspace.open_case(present(workspace))
    monkeypatch.setattr(EarlierFilms, "find", no_folder)
    session.set_field(EARLIER_FILM_FIELD, NO_FILM)
    assert earlier_film(session) is None
    session.undo()
    assert earlier_film(session) == not_looked_for(FOLDER_UNREADABLE)
    session.close()


def test_a_case_is_signed_without_its_earlier_film_and_the_report_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_film(workspace, "S-2", BEFORE)
    counts = {"SNE": 20, "LY": 80}
    own = a_film(workspace, "S-9", counts, created="2026-11-01T08:00:00Z", signed=False)
    session = workspace.open_case(own)
    monkeypatch.setattr(EarlierFilms, "find", no_folder)
    sign_film(session)
    assert session.state.signed
    assert signed_film(session) == not_looked_for(FOLDER_UNREADABLE)
    model = report_model(session, ExportOptions())
    assert model.canonical() == session.store.frozen_reports()[-1].report
    assert model.earlier is not None
    said = film_remark(model.earlier)
    assert said.severity == "warning"
    assert remark_text(said) == "Earlier films were not compared: the folder of cases cannot be read."
    assert "frottis antérieurs n’ont pas été comparés" in remark_text(said, "fr")
    session.close()
