"""The site check of a case: readings, expectation, cells to name first, what became of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bloodcells_gui.app.data_folders import models_dir
from bloodcells_gui.app.site_check import check_case
from bloodcells_gui.app.site_check_store import expectation_file, expectation_for
from bloodcells_gui.app.site_readings import answers_in, light_in, stain_and_size_in
from bloodcells_gui.domain.analysis import RunStatus
from bloodcells_gui.domain.errors import Cancelled, UserError
from bloodcells_gui.domain.review import EventKind
from bloodcells_gui.domain.site_check import DRAWN, NO_EXPECTATION, PROFILE_IN_USE, SiteCheck
from bloodcells_gui.domain.site_expectation import Expectation
from bloodcells_gui.domain.taxonomy import NUCLEATED
from bloodcells_gui.inference.bundle import load_bundle
from bloodcells_gui.storage.case import CaseStore
from tests.support.case_tools import Reviewer
from tests.support.site_cases import SHA, TOLD, an_expectation, site_case


def known(sha256: str) -> Expectation | None:
    return an_expectation() if sha256 == SHA else None


def check(path: Path) -> SiteCheck:
    return check_case(path, expectation=known)


def test_the_readings_are_those_of_the_cells(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    found = check(path)
    with CaseStore.open(path, read_only=True) as store:
        nucleated = [c for c in store.load_cells() if c.predicted in NUCLEATED]
    named = [c for c in nucleated if not c.abstained]
    assert found.answers.cells == len(nucleated)
    assert found.answers.named == pytest.approx(len(named) / len(nucleated))
    assert found.answers.confidence == pytest.approx(np.mean([1 - c.uncertainty for c in named]), abs=1e-6)
    assert found.answers.change == 0  # nothing adapted these cells
    assert sum(found.proposed.values()) == len(nucleated)
    assert found.named is not None
    assert found.named.value == pytest.approx(found.answers.named)
    assert found.right is not None
    assert found.right.value == pytest.approx(found.answers.probability)
    values = {r.code: r for r in found.readings}
    assert values["blank_seen"].value == 1
    assert 225 < values["blank_level"].value < 245
    assert values["blank_level"].odd == 0
    assert values["nucleus_od"].odd == 1


def test_nothing_is_expected_of_other_models_and_all_else_is_said(tmp_path: Path) -> None:
    found = check(site_case(tmp_path / "a.bcs", sha="cd" * 32))
    assert found.named is None
    assert found.right is None
    assert found.why_not is not None
    assert found.why_not.template == NO_EXPECTATION
    assert len(found.first) == 100
    assert found.answers.cells > 200


def test_nothing_is_expected_under_a_profile(tmp_path: Path) -> None:
    found = check(site_case(tmp_path / "a.bcs", profile="berlin v1"))
    assert found.right is None
    assert found.why_not is not None
    assert found.why_not.template == PROFILE_IN_USE


def test_of_few_cells_nothing_is_expected(tmp_path: Path) -> None:
    found = check(site_case(tmp_path / "a.bcs", cells=25))
    assert found.right is None
    assert found.why_not is not None
    assert found.why_not.text().startswith(f"Only {found.answers.cells} cells with a nucleus")


def test_fewer_cells_widen_the_limits(tmp_path: Path) -> None:
    widths = []
    for cells in (60, 120, 260):
        named = check(site_case(tmp_path / f"{cells}.bcs", cells=cells)).named
        assert named is not None
        widths.append(named.high - named.low)
    assert widths[0] > widths[1] > widths[2]


def test_the_cells_to_name_first_are_the_same_again_and_no_twins_teach(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs", twins=60)
    first = check(path).first
    assert first == check(path).first
    with CaseStore.open(path, read_only=True) as store:
        ids, embeddings = store.embeddings()
    twins = {int(i) for i in ids[(embeddings == embeddings[-1]).all(axis=1)]}
    assert len(twins) == 61
    assert sum(f.id in twins for f in first if f.why != DRAWN) <= 1


def test_a_case_that_is_not_analysed_has_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to check") as raised:
        check(site_case(tmp_path / "a.bcs", status=RunStatus.CANCELLED))
    assert raised.value.exit_code == 3


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        check_case(site_case(tmp_path / "a.bcs"), expectation=known, pause=stop)


# ---- what became of it


def _decide(path: Path, ids: list[int], wrong: int) -> None:
    """Confirm the cells, but call the first `wrong` named ones basophils; unidentified ones monocytes."""
    with CaseStore.open(path) as store:
        person = Reviewer(store)
        cells = {c.id: c for c in store.load_cells()}
        for cell_id in ids:
            cell = cells[cell_id]
            if cell.abstained:
                person.act(EventKind.RELABEL, cell_id, new="MO")
            elif wrong and cell.predicted in ("SNE", "BNE", "LY"):
                person.act(EventKind.RELABEL, cell_id, new="BA")
                wrong -= 1
            else:
                person.act(EventKind.CONFIRM, cell_id)


def test_what_became_of_it_waits_for_all_drawn_cells(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    drawn = [f.id for f in check(path).first if f.why == DRAWN]
    _decide(path, drawn[:-1], 0)
    found = check(path)
    assert (found.decided, found.drawn_open, found.found) == (49, 1, None)
    _decide(path, drawn[-1:], 0)
    assert check(path).found is not None


def test_the_drawn_cells_alone_judge(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    before = check(path)
    drawn = [f.id for f in before.first if f.why == DRAWN]
    others = [f.id for f in before.first if f.why != DRAWN]
    _decide(path, drawn, 7)
    _decide(path, others, 50)  # whatever the doubtful ones are, they judge nothing
    after = check(path)
    assert after.found is not None
    assert after.found.named - after.found.right == 7
    assert after.found.cells + after.found.others == 50
    assert not after.found.all_cells
    assert after.first == before.first
    assert (after.named, after.right) == (before.named, before.right)


def test_all_cells_judge_where_a_person_named_all(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    with CaseStore.open(path, read_only=True) as store:
        nucleated = [c.id for c in store.load_cells() if c.predicted in NUCLEATED]
    _decide(path, nucleated, 0)
    found = check(path).found
    assert found is not None
    assert found.all_cells
    assert found.cells + found.others == len(nucleated)


def test_an_excluded_cell_judges_nothing(tmp_path: Path) -> None:
    path = site_case(tmp_path / "a.bcs")
    drawn = [f.id for f in check(path).first if f.why == DRAWN]
    _decide(path, drawn[1:], 0)
    with CaseStore.open(path) as store:
        Reviewer(store).act(EventKind.EXCLUDE, drawn[0])
    found = check(path).found
    assert found is not None
    assert found.cells + found.others == 49


# ---- arrays


def test_answers_count_cells_with_a_nucleus() -> None:
    classes = ("SNE", "LY", "PLT")
    own = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.1, 0.1, 0.8]], np.float32)
    adapted = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.1, 0.1, 0.8]], np.float32)
    unsure = np.array([0.1, 0.3, 0.0], np.float32)
    found = answers_in(classes, own, adapted, unsure, np.array([False, True, False]))
    assert found.cells == 2
    assert found.named == 0.5
    assert found.confidence == pytest.approx(0.9)
    assert found.probability == pytest.approx(0.9)
    assert found.certainty == pytest.approx(0.8)
    assert found.kept == 0.5
    assert found.change == pytest.approx(0.2)
    nothing = answers_in(classes, own[2:], adapted[2:], unsure[2:], np.array([False]))
    assert nothing.cells == 0
    assert np.isnan(nothing.confidence)


def test_light_is_read_from_the_blank_field() -> None:
    yellow = np.full((64, 64, 3), (240, 220, 120), np.uint8)
    found = light_in([yellow] * 12)
    assert found["blank_level"] == pytest.approx(193, abs=2)
    assert found["blank_tint"] == pytest.approx(2.0, abs=0.05)
    assert light_in([]) == {}
    assert "blank_level" not in light_in([yellow] * 3)


def test_stain_and_size_are_medians() -> None:
    area = np.array([np.pi * 36] * 12 + [np.nan], np.float32)
    found = stain_and_size_in(np.full(5, 0.3, np.float32), area)
    assert found == {"cell_diameter_um": pytest.approx(12)}


# ---- the file


def test_an_expectation_of_another_bundle_or_damaged_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bloodcells_gui.app.site_check_store.resources_dir", lambda: tmp_path)
    path = expectation_file(SHA)
    path.parent.mkdir()
    assert expectation_for(SHA) is None
    path.write_text(json.dumps(TOLD))
    assert expectation_for(SHA) == an_expectation()
    assert expectation_for(SHA[:16] + "00" * 24) is None
    assert expectation_for("../../../x") is None
    path.write_text("{")
    assert expectation_for(SHA) is None
    path.write_text(json.dumps({**TOLD, "more": "x" * 200_000}))
    assert expectation_for(SHA) is None


def test_there_is_an_expectation_for_the_classifier_that_ships() -> None:
    sha256 = load_bundle(models_dir() / "classifier-lite0").sha256
    found = expectation_for(sha256)
    assert found is not None, (
        "The classifier's card changed: fit what to expect of it again with "
        "`python -m scripts.training.fit_site_check` (docs/models-training.md)."
    )
    assert found.validation.laboratories >= 6
