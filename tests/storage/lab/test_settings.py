"""The laboratory's settings in its database: every version kept, nobody's change lost, nothing believed."""

from __future__ import annotations

import threading

import pytest

from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabUnreachable
from bloodcells_gui.storage.lab.settings import MOST_CHARACTERS, LabSettingsTable, SettingsChanged
from tests.support.lab import Connect
from tests.support.postgres import Server

BY = {"station": "bench-1", "reviewer": "Ana", "program": "1.0"}


def table(connect: Connect) -> LabSettingsTable:
    database = connect()
    schema.create(database, "1.0")
    return LabSettingsTable(database)


def test_every_version_is_kept_with_who_when_and_where(connect: Connect) -> None:
    settings = table(connect)
    assert settings.head() is None
    assert settings.newest() is None
    first = settings.add({"paper": "a4"}, lambda _: False, **BY)
    second = settings.add({"paper": "letter"}, lambda v: v.number == 1, **{**BY, "reviewer": "Bo"})
    assert (first.number, second.number) == (1, 2)
    assert settings.newest() == second
    assert settings.version(1) == first
    assert settings.version(3) is None
    assert settings.head() == (2, second.sha256)
    assert (second.reviewer, second.station, second.document) == ("Bo", "bench-1", {"paper": "letter"})
    assert second.at >= first.at > 1.7e9


def test_who_saw_an_older_version_changes_nothing(connect: Connect) -> None:
    one, other = table(connect), LabSettingsTable(connect())
    one.add({"n": 1}, lambda _: False, **BY)
    other.add({"n": 2}, lambda v: v.number == 1, **BY)
    with pytest.raises(SettingsChanged) as refused:
        one.add({"n": 3}, lambda v: v.number == 1, **BY)
    assert refused.value.newest.document == {"n": 2}
    assert one.head() == other.head()


def test_two_stations_at_once_make_one_version_after_the_other(connect: Connect) -> None:
    table(connect).add({"n": 0}, lambda _: False, **BY)
    start, results = threading.Barrier(2), []

    def change(name: str) -> None:
        settings = LabSettingsTable(connect())
        start.wait()
        try:
            settings.add({"by": name}, lambda v: v.number == 1, **{**BY, "station": name})
            results.append("kept")
        except SettingsChanged:
            results.append("told")

    threads = [threading.Thread(target=change, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["kept", "told"]


@pytest.mark.parametrize("text", ["[1]", "{", "null", '{"n": 2}', "[" * 100_000])
def test_a_document_that_is_not_as_it_was_written_is_refused(connect: Connect, text: str) -> None:
    settings = table(connect)
    settings.add({"n": 1}, lambda _: False, **BY)
    settings._database.query("UPDATE bloodcells_settings SET document = ?", text)  # noqa: SLF001  # a hostile row
    with pytest.raises(UserError, match="cannot be used"):
        settings.newest()
    with pytest.raises(UserError, match="cannot be used"):
        settings.add({"n": 2}, lambda _: True, **BY)


def test_a_document_of_100_mb_is_not_fetched(connect: Connect) -> None:
    settings = table(connect)
    settings.add({"n": 1}, lambda _: False, **BY)
    settings._database.query("UPDATE bloodcells_settings SET document = ?", "x" * 100 * 10**6)  # noqa: SLF001
    with pytest.raises(UserError, match="cannot be used"):
        settings.newest()
    with pytest.raises(UserError, match="too large"):
        settings.add({"n": "x" * MOST_CHARACTERS}, lambda _: True, **BY)


def test_sql_in_names_is_text(connect: Connect) -> None:
    settings = table(connect)
    name = "'); DROP TABLE bloodcells_settings; -- % ? $now"
    kept = settings.add({name: name}, lambda _: False, station=name, reviewer=name, program=name)
    assert (kept.station, kept.document) == (name, {name: name})


def test_a_cut_connection_in_the_middle_leaves_the_former_version(server: Server) -> None:
    from bloodcells_gui.storage.lab.database import LabDatabase

    with LabDatabase(server.url) as database, LabDatabase(server.url) as admin:
        schema.create(database, "1.0")
        settings = LabSettingsTable(database)
        settings.add({"n": 1}, lambda _: False, **BY)
        own = database.query("SELECT pg_backend_pid()")[0][0]

        def cut(_: object) -> bool:
            admin.query("SELECT pg_terminate_backend(?)", own)
            return True

        with pytest.raises(LabUnreachable):
            settings.add({"n": 2}, cut, **BY)
        assert LabSettingsTable(admin).head()[0] == 1  # type: ignore[index]
        for (name,) in admin.query("SELECT tablename FROM pg_tables WHERE tablename LIKE 'bloodcells_%'"):
            admin.query(f"DROP TABLE {name} CASCADE")
