"""Workstations of one laboratory and their settings: joining, changing, a database that is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app.lab_settings import COPY_NAME, ChangedElsewhere
from bloodcells_gui.app.settings_keeper import SettingsKeeper
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.domain.settings import LabSettings
from bloodcells_gui.domain.shared_settings import document_sha256, document_text, lab_document
from bloodcells_gui.storage import settings as settings_store
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from tests.support.lab import Connect
from tests.support.postgres import Server

_opened: list[SettingsKeeper] = []


@pytest.fixture(autouse=True)
def close_what_was_opened(connect: Connect) -> Iterator[None]:  # before the tables go
    yield
    while _opened:
        _opened.pop().lab.close()


def keeper(folder: Path) -> SettingsKeeper:
    _opened.append(SettingsKeeper(folder))
    return _opened[-1]


@pytest.fixture
def laboratory(connect: Connect) -> str:
    schema.create(connect(), "1.0")
    return connect.address


def station(tmp_path: Path, name: str, **settings: object) -> SettingsKeeper:
    folder = tmp_path / name
    folder.mkdir()
    settings_store.save(folder / "settings.json", LabSettings(**settings))  # type: ignore[arg-type]
    return keeper(folder)


def joined(tmp_path: Path, name: str, url: str, **settings: object) -> SettingsKeeper:
    made = station(tmp_path, name, lab_database=url, **settings)
    made.notice_settings()
    return made


def said(keeper: SettingsKeeper) -> list[str]:
    return [news.said.text() for news in keeper.settings_news()]


def test_the_first_station_gives_and_a_later_one_takes_and_keeps_its_own(
    tmp_path: Path, laboratory: str
) -> None:
    one = joined(tmp_path, "one", laboratory, target_cells=200, reviewer="Ana")
    assert "has the settings of this workstation" in said(one)[0]
    two = joined(tmp_path, "two", laboratory, target_cells=400, theme="dark")
    assert (two.settings.target_cells, two.settings.theme) == (200, "dark")
    kept = tmp_path / "two" / "settings.before-laboratory.json"
    assert str(kept) in said(two)[0]
    assert settings_store.load(kept)[0].target_cells == 400
    assert two.settings_version == one.settings_version
    again = keeper(tmp_path / "two")
    again.notice_settings()
    assert said(again) == []
    assert again.settings == two.settings


def test_a_change_is_noticed_by_the_others(tmp_path: Path, laboratory: str) -> None:
    one, two = joined(tmp_path, "one", laboratory, reviewer="Ana"), joined(tmp_path, "two", laboratory)
    said(one), said(two)
    one.change_settings(target_cells=400, paper="letter")
    assert two.settings.target_cells == 100
    two.look_for_settings()
    assert two.settings.target_cells == 100  # until it is put in force, at a moment that is chosen
    two.use_settings()
    assert two.settings.target_cells == 400
    text = said(two)[0]
    assert text.startswith("Ana at ")
    assert text.endswith("Paper, Leukocytes to count.")


def test_what_is_the_workstations_stays_there(tmp_path: Path, laboratory: str) -> None:
    one, two = joined(tmp_path, "one", laboratory), joined(tmp_path, "two", laboratory)
    one.change_settings(theme="dark", language="fr")
    two.notice_settings()
    assert (two.settings.theme, two.settings.language) == ("system", "system")
    assert one.settings_version is not None
    assert one.settings_version.number == 1


def test_of_two_changes_at_once_the_second_is_told(tmp_path: Path, laboratory: str) -> None:
    one = joined(tmp_path, "one", laboratory, reviewer="Ana")
    two = joined(tmp_path, "two", laboratory)
    seen = two.settings
    one.change_settings(target_cells=400, range_set="uk")
    two.notice_settings()  # even where this was noticed while the form was open
    wanted = replace(seen, target_cells=200, paper="letter")
    with pytest.raises(ChangedElsewhere, match=r"Ana at .*Leukocytes to count, Set of reference") as refused:
        two.save_settings(wanted, seen)
    assert "Changed by both of you: Leukocytes to count." in str(refused.value)
    assert two.settings.paper == "a4"
    merged = refused.value.merged
    assert (merged.range_set, merged.target_cells, merged.paper) == ("uk", 200, "letter")
    two.save_settings(merged, refused.value.newest)
    one.notice_settings()
    assert (one.settings.target_cells, one.settings.range_set, one.settings.paper) == (200, "uk", "letter")


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    one = station(tmp_path, "one")
    with pytest.raises(UserError, match="no address"):
        one.change_settings(lab_database="nonsense")
    assert one.settings.lab_database == ""


def test_leaving_keeps_what_was_in_force(tmp_path: Path, laboratory: str) -> None:
    joined(tmp_path, "one", laboratory, target_cells=200)
    two = joined(tmp_path, "two", laboratory)
    two.change_settings(lab_database="")
    assert two.settings.target_cells == 200
    assert two.settings_version is None
    two.change_settings(target_cells=50)
    assert keeper(tmp_path / "two").settings.target_cells == 50


def test_a_database_that_is_away(tmp_path: Path, server: Server) -> None:
    with LabDatabase(server.url) as database:
        schema.create(database, "1.0")
    one = joined(tmp_path, "one", server.url, target_cells=200)
    settings_file = tmp_path / "one" / "settings.json"
    one.lab.close()
    server.stop()
    try:
        # Whatever was done to the plain file, the copy of the laboratory's holds.
        settings_store.save(settings_file, replace(one.settings, target_cells=7))
        again = keeper(tmp_path / "one")
        again.notice_settings()
        assert again.settings.target_cells == 200
        with pytest.raises(UserError, match="cannot be changed now"):
            again.change_settings(target_cells=300)
        assert again.settings.target_cells == 200
        again.change_settings(theme="dark")  # this workstation's own can
        assert again.settings.theme == "dark"
    finally:
        server.start()
    again.change_settings(target_cells=300)
    one.notice_settings()
    assert one.settings.target_cells == 300
    with LabDatabase(server.url) as database:
        for (name,) in database.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            database.query(f"DROP TABLE {name} CASCADE")


def test_a_copy_that_was_changed_is_not_used(tmp_path: Path, laboratory: str) -> None:
    one = joined(tmp_path, "one", laboratory, target_cells=200)
    copy = tmp_path / "one" / COPY_NAME
    obj = json.loads(copy.read_text())
    obj["version"]["document"]["target_cells"] = 1
    copy.write_text(json.dumps(obj))
    again = keeper(tmp_path / "one")
    assert again.settings_version is None
    assert again.settings.target_cells == one.settings.target_cells


def _write(connect: Connect, document: dict[str, object]) -> None:
    text = document_text(document)
    connect().query(
        "INSERT INTO bloodcells_settings SELECT max(version) + 1, $now, 'x', 'Eve', '9', ?, ?"
        " FROM bloodcells_settings",
        document_sha256(text),
        text,
    )


def test_a_wrong_document_changes_nothing_here(tmp_path: Path, laboratory: str, connect: Connect) -> None:
    one = joined(tmp_path, "one", laboratory, target_cells=200)
    before = one.settings
    _write(connect, lab_document(before) | {"target_cells": "many"})
    with pytest.raises(UserError, match="Not a number"):
        one.look_for_settings()
    one.notice_settings()
    assert one.settings == before
    with pytest.raises(UserError, match="cannot be used"):
        one.change_settings(target_cells=3)


def test_a_newer_document_is_used_with_a_word_and_not_changed(
    tmp_path: Path, laboratory: str, connect: Connect
) -> None:
    one = joined(tmp_path, "one", laboratory)
    said(one)
    _write(connect, lab_document(one.settings) | {"target_cells": 250, "of_later": {"a": 1}})
    one.notice_settings()
    assert one.settings.target_cells == 250
    (news,) = one.settings_news()
    assert "unknown key" in news.problems[0].text()
    with pytest.raises(UserError, match="newer version"):
        one.change_settings(target_cells=3)


def test_without_a_database_nothing_is_asked(tmp_path: Path) -> None:
    one = station(tmp_path, "one", target_cells=200)
    assert one.look_for_settings() is None
    one.change_settings(target_cells=300)
    assert one.settings_version is None
    assert not (tmp_path / "one" / COPY_NAME).exists()


def test_who_may_not_change_rules_changes_only_this_workstations(
    tmp_path: Path, laboratory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = joined(tmp_path, "one", laboratory)

    def refuse() -> None:
        raise UserError("Not allowed.")

    monkeypatch.setattr(one, "may_change_laboratory", refuse)
    with pytest.raises(UserError, match="Not allowed"):
        one.change_settings(target_cells=3)
    one.change_settings(theme="dark")
    assert one.settings.target_cells == 100


def test_who_was_refused_can_make_the_change_again_at_once(tmp_path: Path, laboratory: str) -> None:
    one, two = joined(tmp_path, "one", laboratory), joined(tmp_path, "two", laboratory)
    one.change_settings(target_cells=400)
    with pytest.raises(ChangedElsewhere):
        two.change_settings(paper="letter")
    two.change_settings(paper="letter")
    one.notice_settings()
    assert (one.settings.target_cells, one.settings.paper) == (400, "letter")


def test_both_of_which_is_said_only_where_there_is_something(tmp_path: Path, laboratory: str) -> None:
    one, two = joined(tmp_path, "one", laboratory), joined(tmp_path, "two", laboratory)
    one.change_settings(target_cells=400)
    with pytest.raises(ChangedElsewhere) as refused:
        two.change_settings(paper="letter")
    assert "both" not in refused.value.text()
    assert "enregistré" in refused.value.text("fr")
