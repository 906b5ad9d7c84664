"""The outbox's statements: one suite over a workstation's file, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.domain.connecting import OutboxLine, SendState
from bloodcells_gui.domain.i18n import Reason
from bloodcells_gui.storage.lab import schema
from bloodcells_gui.storage.lab.database import LabDatabase
from bloodcells_gui.storage.lab.outbox import LabOutbox
from bloodcells_gui.storage.outbox import OutboxFile
from bloodcells_gui.storage.outbox_rows import OutboxReport, OutboxRows
from tests.storage.lab.conftest import connect, server
from tests.support.lab import Connect

__all__ = ["connect", "server"]
LATER = "9999-01-01T00:00:00Z"


def report(version: int = 1, control: str = "", replaces: str = "", **changes: object) -> OutboxReport:
    made = OutboxReport(
        control_id=control or f"C{version}", sha256=f"{version:064d}", filler="F", replaces=replaces,
        specimen="S-1'; DROP TABLE reports --", case=Path("/cases/ö'.bcs"), version=version,
        signed_at="2026-01-01T00:00:00Z", signatures="[]", content=b"\x00content %?",
        pictures={"p": b"\xffpicture"},
    )  # fmt: skip
    return replace(made, **changes)


def of_laboratory(connect: Connect, claim_s: float = 60.0) -> LabOutbox:
    database = connect()
    schema.create(database, "1.0")

    @contextmanager
    def again() -> Iterator[LabDatabase]:
        yield database

    return LabOutbox(again, claim_s)


@pytest.fixture(params=["file", "laboratory"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path, connect: Connect) -> Iterator[OutboxRows]:
    if request.param == "laboratory":
        yield of_laboratory(connect)
        return
    made = OutboxFile(tmp_path / "outbox.sqlite")
    yield made
    made.close()


def only(outbox: OutboxRows) -> OutboxLine:
    (line,) = outbox.lines()
    return line


def test_a_report_goes_in_once_for_each_destination(outbox: OutboxRows) -> None:
    assert outbox.keep(report(), ["LIS", "folder"]) == 2
    assert outbox.keep(report(), ["LIS", "folder", "more"]) == 1
    assert [x.destination for x in outbox.lines()] == ["LIS", "folder", "more"]
    line = outbox.lines()[0]
    assert (line.state, line.attempts, line.specimen) == (SendState.WAITING, 0, report().specimen)
    assert line.case == str(report().case)
    assert outbox.report("C1") == report()
    assert outbox.report("C2") is None


def test_what_became_of_a_message_is_kept_in_words(outbox: OutboxRows) -> None:
    outbox.keep(report(), ["LIS"])
    words = Reason("the peer said {reason}", (("reason", Reason("no {n}", (("n", "\x00é"),))),))
    outbox.record(only(outbox), SendState.WAITING, words, next_try=LATER)
    line = only(outbox)
    assert (line.words, line.attempts, line.next_try) == (words, 1, LATER)
    outbox.record(line, SendState.SENT, Reason(""))
    assert only(outbox).sent_at > "2026"
    assert outbox.waiting() == []
    outbox.record(line, SendState.REFUSED, Reason(""), attempt=False)
    assert only(outbox).attempts == 2


def test_later_versions_are_found_by_state(outbox: OutboxRows) -> None:
    outbox.keep(report(1), ["LIS"])
    outbox.keep(report(2, replaces="C1"), ["LIS"])
    assert outbox.later_version("LIS", "C1", [SendState.WAITING, SendState.SENT]) == 2
    assert outbox.later_version("LIS", "C1", [SendState.SENT]) == 0
    assert outbox.later_version("other", "C1", [SendState.WAITING]) == 0
    assert [x.control_id for x in outbox.of_case("F")] == ["C1", "C2"]
    assert outbox.of_case("G") == []


def test_what_arrived_long_ago_is_given_up_and_can_be_put_in_again(outbox: OutboxRows) -> None:
    outbox.keep(report(), ["LIS", "folder"])
    lis, folder = outbox.lines()
    outbox.record(lis, SendState.SENT, Reason(""))
    outbox.thin(LATER)
    assert outbox.report("C1") is not None  # one has not had it
    outbox.record(folder, SendState.SENT, Reason(""))
    outbox.thin("2026-01-01T00:00:00Z")
    assert outbox.report("C1") is not None
    outbox.thin(LATER)
    assert outbox.report("C1") is None
    assert outbox.report_or_its_head("C1") == replace(report(), content=b"", specimen="", pictures={})
    assert not outbox.retry("LIS", "C1")
    outbox.keep(report(), ["LIS"])
    assert outbox.report("C1") == report()
    assert outbox.retry("LIS", "C1")
    assert [x.control_id for x in outbox.waiting()] == ["C1"]
    assert not outbox.retry("LIS", "nothing")


def test_one_station_sends_a_message_at_a_time(connect: Connect) -> None:
    outbox = of_laboratory(connect)
    outbox.keep(report(), ["LIS"])
    assert outbox.claim(only(outbox), "a", "1")
    assert not outbox.claim(only(outbox), "b", "2")
    outbox.settle(only(outbox), "2", SendState.REFUSED, Reason("no"))  # not its own: nothing
    assert only(outbox).state is SendState.WAITING
    assert outbox.beat(only(outbox), "1")
    assert not outbox.beat(only(outbox), "2")
    outbox.settle(only(outbox), "1", SendState.WAITING, Reason("away"))
    assert outbox.claim(only(outbox), "b", "3")
    outbox.settle(only(outbox), "1", SendState.SENT, Reason(""))  # that it arrived is true whoever says it
    assert only(outbox).state is SendState.SENT
    assert not outbox.claim(only(outbox), "c", "4")


def test_a_station_that_was_killed_frees_its_message(connect: Connect) -> None:
    outbox = of_laboratory(connect, claim_s=-1.0)
    outbox.keep(report(), ["LIS"])
    assert outbox.claim(only(outbox), "a", "1")
    assert outbox.claim(only(outbox), "b", "2")
    assert not outbox.beat(only(outbox), "1")


def test_a_correction_waits_for_what_it_corrects(connect: Connect) -> None:
    outbox = of_laboratory(connect)
    outbox.keep(report(1), ["LIS"])
    outbox.keep(report(2, replaces="C1"), ["LIS"])
    first, second = outbox.lines()
    assert not outbox.claim(second, "b", "1")
    assert outbox.claim(first, "a", "2")
    outbox.settle(first, "2", SendState.SENT, Reason(""))
    assert outbox.claim(second, "b", "3")


def test_of_many_stations_at_once_one_gets_the_message(connect: Connect) -> None:
    first = of_laboratory(connect)
    first.keep(report(), ["LIS"])
    line, start, got = only(first), threading.Barrier(4), []

    def try_it(name: str) -> None:
        outbox = of_laboratory(connect)
        start.wait()
        if outbox.claim(line, name, name):
            got.append(name)

    threads = [threading.Thread(target=try_it, args=(f"s{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_what_a_station_kept_moves_over_with_what_became_of_it(connect: Connect, tmp_path: Path) -> None:
    shared, own = of_laboratory(connect), OutboxFile(tmp_path / "outbox.sqlite")
    own.keep(report(1), ["LIS", "folder"])
    own.record(own.lines()[0], SendState.SENT, Reason("arrived"))
    shared.keep(report(1), ["LIS"])  # the answer to this was lost: it waits at both
    for line in own.lines():
        kept = own.report_or_its_head(line.control_id)
        assert kept is not None
        for _ in range(2):  # a kill before the next line
            shared.adopt(kept, line)
        own.drop(line)
    assert own.lines() == []
    assert own.report_or_its_head("C1") is None
    assert {(x.destination, x.state) for x in shared.lines()} == {
        ("LIS", SendState.SENT), ("folder", SendState.WAITING),
    }  # fmt: skip
    assert shared.report("C1") == report(1)
    own.close()


def test_a_damaged_row_is_shown_and_sent_by_nobody(connect: Connect) -> None:
    outbox = of_laboratory(connect)
    outbox.keep(report(), ["LIS"])
    for column, value in (("words", "{"), ("words", "[" * 50_000), ("state", "sent'--"), ("words", "[1]")):
        with outbox._changing() as ask:  # noqa: SLF001  # a hostile row
            ask(f"UPDATE $.messages SET {column} = ?", value)
        assert only(outbox).state is SendState.REFUSED
        assert "damaged" in only(outbox).words.text()


def test_a_report_that_is_too_large_is_not_fetched(connect: Connect) -> None:
    outbox = of_laboratory(connect)
    outbox.keep(report(), ["LIS"])
    with outbox._changing() as ask:  # noqa: SLF001  # a hostile row
        ask("UPDATE $.reports SET content = ?", bytes(65 * 1024**2))
    assert outbox.report("C1") is None
