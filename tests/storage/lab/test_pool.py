"""Connections that are kept: used again, replaced once dead, refused where the tables are not right."""

from __future__ import annotations

import pytest

from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.pool import LabPool
from tests.support.lab import Connect
from tests.support.postgres import Server


def test_a_connection_is_used_again(connect: Connect) -> None:
    schema.create(connect(), "1.0")
    pool = LabPool(connect.address)
    with pool.database() as first, pool.database() as beside:
        assert first is not beside
    with pool.database() as again:
        assert again in (first, beside)
    pool.close()
    with pytest.raises(UserError):
        again.query("SELECT 1")


def test_a_connection_after_an_error_is_not_used_again(connect: Connect) -> None:
    schema.create(connect(), "1.0")
    pool = LabPool(connect.address)
    with pytest.raises(RuntimeError), pool.database() as failed:
        raise RuntimeError
    with pool.database() as fresh:
        assert fresh is not failed
    pool.close()


def test_a_database_without_tables_is_refused(connect: Connect) -> None:
    with pytest.raises(UserError, match="lab init"), LabPool(connect.address).database():
        pass


def test_a_server_that_was_started_anew_is_met_with_a_new_connection(server: Server) -> None:
    with LabDatabase(server.url) as made:
        schema.create(made, "1.0")
    pool = LabPool(server.url)
    with pool.database() as database:
        assert schema.number_of(database) == schema.NUMBER
    server.stop()
    with pytest.raises(UserError), pool.database():
        pass
    server.start()
    with pool.database() as database:
        assert database.query("SELECT 1") == [(1,)]
    pool.close()


def test_the_link_follows_the_settings() -> None:
    address = ""
    link = LabLink(lambda: address)
    assert link.pool() is None
    address = "sqlite:////tmp/one"
    one = link.pool()
    assert one is not None
    assert link.pool() is one
    address = "sqlite:////tmp/two"
    two = link.pool()
    assert two is not None
    assert two is not one
    link.close()
