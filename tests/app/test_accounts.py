"""Who is signed in at a station, and what that person may do; over SQLite, and PostgreSQL that goes away."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bloodcells_gui.app import accounts as module
from bloodcells_gui.app.account_management import AccountDesk
from bloodcells_gui.app.accounts import Accounts, PinWanted, SignInWanted
from bloodcells_gui.app.lab_link import LabLink
from bloodcells_gui.domain.accounts import AccountRules, Right, Role
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import hashing, schema
from bloodcells_gui.storage.lab.accounts import AccountBook, AccountWaits
from bloodcells_gui.storage.lab.database import LabDatabase
from tests.support.postgres import running_server

SECRET = "correct horse"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    import argon2

    monkeypatch.setattr(hashing, "_hasher", lambda: argon2.PasswordHasher(1, 8, 1))


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'lab.db'}"
    with LabDatabase(url, make=True) as database:
        schema.create(database, "1.0")
    return url


def station(url: str, home: Path, os_account: str = "bench", name: str = "bench 1") -> Accounts:
    return Accounts(LabLink(lambda: url), home, os_account=lambda: os_account, station=name)


def with_staff(accounts: Accounts) -> AccountDesk:
    """An administrator, who is signed in, a validator and a technician."""
    desk = AccountDesk(accounts)
    desk.add("chief", "Dr. Chief", Role.ADMINISTRATOR, password=SECRET)
    accounts.sign_in("chief", SECRET)
    desk.add("anna", "Anna Roth", Role.VALIDATOR, password=SECRET)
    desk.add("ben", "Ben Tech", Role.TECHNICIAN, password=SECRET)
    return desk


@pytest.fixture
def accounts(url: str, tmp_path: Path) -> Accounts:
    accounts = station(url, tmp_path)
    with_staff(accounts)
    return accounts


def test_without_a_database_everybody_may_everything(tmp_path: Path) -> None:
    accounts = Accounts(LabLink(lambda: ""), tmp_path)
    assert not accounts.in_force
    for right in Right:
        accounts.require(right)
        assert accounts.refusal(right) is None
        assert accounts.confirm(right, "") == ""
    accounts.require_person()
    with pytest.raises(UserError, match="no laboratory's database"):
        accounts.sign_in("anna", SECRET)


def test_without_an_account_everybody_may_everything(url: str, tmp_path: Path) -> None:
    accounts = station(url, tmp_path)
    assert not accounts.in_force
    for right in Right:
        accounts.require(right)
        assert accounts.refusal(right) is None
    assert accounts.confirm(Right.SIGN, "") == ""


def test_the_first_account_is_an_administrators_and_ends_that(url: str, tmp_path: Path) -> None:
    accounts = station(url, tmp_path)
    other = station(url, tmp_path / "other")
    assert not other.in_force
    desk = AccountDesk(accounts)
    with pytest.raises(UserError, match="first account"):
        desk.add("anna", "Anna", Role.VALIDATOR, password=SECRET)
    desk.add("chief", "Dr. Chief", Role.ADMINISTRATOR, password=SECRET)
    assert accounts.in_force
    for right in Right:
        with pytest.raises(SignInWanted):
            accounts.require(right)
    with pytest.raises(SignInWanted):
        accounts.require_person()
    with pytest.raises(SignInWanted):
        desk.add("anna", "Anna", Role.VALIDATOR, password=SECRET)
    other.refresh(anyway=True)
    with pytest.raises(SignInWanted):
        other.require(Right.SIGN)


@pytest.mark.parametrize(
    ("login", "may"),
    [
        ("chief", {Right.CHANGE_RULES, Right.SET_DESTINATIONS, Right.MANAGE_ACCOUNTS}),
        ("anna", {Right.SIGN, Right.AMEND}),
        ("ben", set()),
    ],
)
def test_each_right_is_asked_for(accounts: Accounts, login: str, may: set[Right]) -> None:
    accounts.sign_in(login, SECRET)
    accounts.require_person()
    for right in Right:
        if right in may:
            accounts.require(right)
            assert accounts.refusal(right) is None
        else:
            with pytest.raises(UserError, match="may not"):
                accounts.require(right)
            assert accounts.refusal(right) is not None


def test_a_wrong_password_is_refused_in_the_same_words_as_an_unknown_account(accounts: Accounts) -> None:
    accounts.sign_out()
    texts = set()
    for login, password in (("anna", "wrong one"), ("nobody", SECRET), ("a' OR 1=1 --", SECRET), ("", "")):
        with pytest.raises(UserError) as refused:
            accounts.sign_in(login, password)
        texts.add(refused.value.text())
    assert len(texts) == 1
    assert accounts.person is None


def test_after_five_wrong_passwords_the_account_waits_at_every_station(
    accounts: Accounts, url: str, tmp_path: Path
) -> None:
    for _ in range(4):
        with pytest.raises(UserError, match="is wrong"):
            accounts.sign_in("anna", "wrong one")
    with pytest.raises(AccountWaits):
        accounts.sign_in("anna", "wrong one")
    with pytest.raises(AccountWaits):
        station(url, tmp_path / "other").sign_in("anna", SECRET)


def test_the_operating_systems_account_signs_in_where_it_is_bound(
    accounts: Accounts, url: str, tmp_path: Path
) -> None:
    AccountDesk(accounts).add("carl", "Carl", Role.VALIDATOR, os_account="carl")
    assert not station(url, tmp_path, "somebody").sign_in_by_os()
    theirs = station(url, tmp_path, "carl")
    assert theirs.sign_in_by_os()
    assert theirs.author == "Carl (lab:carl)"
    with pytest.raises(UserError, match="is wrong"):
        theirs.sign_in("carl", "")  # no empty password stands for it
    theirs.choose_pin("", "4711")
    theirs.lock()
    assert not theirs.sign_in_by_os()  # behind a locked window anybody may sit
    theirs.unlock("4711")
    assert theirs.author == "Carl (lab:carl)"
    for former in ("", "1174"):  # who finds the window open does not choose another PIN
        with pytest.raises(UserError, match="PIN is wrong"):
            theirs.choose_pin(former, "9182")
    theirs.choose_pin("4711", "9182")
    assert theirs.confirm(Right.SIGN, "9182")


def test_a_signature_asks_for_the_pin(accounts: Accounts) -> None:
    accounts.sign_in("anna", SECRET)
    with pytest.raises(PinWanted, match="no PIN yet"):
        accounts.confirm(Right.SIGN, "4711")
    with pytest.raises(UserError, match="password is wrong"):
        accounts.choose_pin("wrong one", "4711")
    with pytest.raises(UserError, match="easy to guess"):
        accounts.choose_pin(SECRET, "1234")
    accounts.choose_pin(SECRET, "4711")
    with pytest.raises(PinWanted, match="needs your PIN"):
        accounts.confirm(Right.SIGN, "")
    with pytest.raises(UserError, match="PIN is wrong"):
        accounts.confirm(Right.SIGN, "1174")
    assert accounts.confirm(Right.SIGN, "4711") == "Anna Roth (lab:anna)"
    with pytest.raises(UserError, match="may not"):
        accounts.confirm(Right.CHANGE_RULES, "4711")


def test_a_locked_window_lets_nobody_act_until_it_is_unlocked(accounts: Accounts) -> None:
    accounts.sign_in("anna", SECRET)
    accounts.choose_pin(SECRET, "4711")
    told: list[str] = []
    accounts.changed = lambda: told.append(accounts.author)
    accounts.lock()
    with pytest.raises(SignInWanted, match="locked"):
        accounts.require_person()
    with pytest.raises(SignInWanted, match="locked"):
        accounts.confirm(Right.SIGN, "4711")
    with pytest.raises(UserError, match="PIN is wrong"):
        accounts.unlock("1174")
    accounts.unlock("4711")
    accounts.require_person()
    accounts.lock()
    accounts.sign_in("ben", SECRET)  # another person
    assert told == ["", "Anna Roth (lab:anna)", "", "Ben Tech (lab:ben)"]


def test_a_role_taken_away_at_another_station_holds_here(
    accounts: Accounts, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    theirs = station(url, tmp_path / "other")
    theirs.sign_in("anna", SECRET)
    theirs.require(Right.SIGN)
    desk = AccountDesk(accounts)
    desk.change(desk.find("anna"), role=Role.TECHNICIAN)
    with pytest.raises(UserError, match="may not"):
        theirs.require(Right.SIGN)
    desk.change(desk.find("anna"), active=False)
    with pytest.raises(UserError, match="closed"):
        theirs.require(Right.SIGN)
    with pytest.raises(UserError, match="closed"):
        theirs.require_person()
    with pytest.raises(UserError, match="closed"):
        station(url, tmp_path / "third").sign_in("anna", SECRET)


def test_an_administrator_signs_only_where_that_is_given_too(accounts: Accounts) -> None:
    with pytest.raises(UserError, match="may not"):
        accounts.require(Right.SIGN)
    desk = AccountDesk(accounts)
    desk.change(desk.find("chief"), may_sign=True)
    accounts.require(Right.SIGN)


def test_technicians_sign_where_the_rule_says_so(accounts: Accounts, url: str, tmp_path: Path) -> None:
    AccountDesk(accounts).change_rules(AccountRules(technicians_sign=True))
    bench = station(url, tmp_path)
    bench.sign_in("ben", SECRET)
    bench.require(Right.SIGN)
    with pytest.raises(UserError, match="may not"):
        bench.require(Right.AMEND)


def test_ones_own_password_is_changed_with_the_old_one(accounts: Accounts) -> None:
    accounts.sign_in("anna", SECRET)
    with pytest.raises(UserError, match="wrong"):
        accounts.choose_password("not it", "another secret")
    with pytest.raises(UserError, match="8 to 256"):
        accounts.choose_password(SECRET, "short")
    accounts.choose_password(SECRET, "another secret")
    accounts.sign_in("anna", "another secret")


def test_a_reset_takes_the_pin_along(accounts: Accounts, url: str, tmp_path: Path) -> None:
    theirs = station(url, tmp_path / "other")
    theirs.sign_in("anna", SECRET)
    theirs.choose_pin(SECRET, "4711")
    desk = AccountDesk(accounts)
    desk.reset(desk.find("anna"), "another secret")
    theirs.refresh(anyway=True)
    with pytest.raises(PinWanted):
        theirs.confirm(Right.SIGN, "4711")


def test_the_idle_time_does_not_hang_on_the_clock(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 4e9)
    accounts.sign_in("anna", SECRET)
    accounts.choose_pin(SECRET, "4711")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert accounts.confirm(Right.SIGN, "4711")


# -- without the database ------------------------------------------------------------------------------


def test_while_the_server_is_away_who_is_signed_in_goes_on_and_nobody_else_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    with running_server() as server:
        with LabDatabase(server.url) as database:
            schema.create(database, "1.0")
        accounts = station(server.url, tmp_path)
        with_staff(accounts)
        accounts.sign_in("anna", SECRET)
        accounts.choose_pin(SECRET, "4711")
        server.stop()
        assert accounts.confirm(Right.SIGN, "4711") == "Anna Roth (lab:anna)"
        for _ in range(4):
            with pytest.raises(UserError, match="PIN is wrong"):
                accounts.confirm(Right.SIGN, "1174")
        with pytest.raises(AccountWaits):
            accounts.confirm(Right.SIGN, "1174")
        with pytest.raises(AccountWaits):
            accounts.confirm(Right.SIGN, "4711")
        with pytest.raises(SignInWanted, match="does not answer"):
            accounts.sign_in("ben", SECRET)
        assert accounts.author == "Anna Roth (lab:anna)"  # a failed sign-in throws nobody out
        fresh = station(server.url, tmp_path)  # the program was started again
        assert fresh.in_force
        with pytest.raises(SignInWanted, match="can be read"):
            fresh.require_person()
        never_here = station(server.url, tmp_path / "new")
        with pytest.raises(SignInWanted, match="does not answer"):
            never_here.require(Right.SIGN)
        server.start()
        accounts.refresh(anyway=True)
        with accounts.book() as book:
            told = [e.detail for e in book.events() if e.what == "wrong-pin"]
        assert told == ["5, without the database"]
        fresh.sign_in("ben", SECRET)


def test_a_laboratory_without_accounts_goes_on_while_the_server_is_away(tmp_path: Path) -> None:
    with running_server() as server:
        with LabDatabase(server.url) as database:
            schema.create(database, "1.0")
        assert not station(server.url, tmp_path).in_force
        server.stop()
        again = station(server.url, tmp_path)
        assert not again.in_force
        again.require(Right.SIGN)
    assert "secret" not in (tmp_path / "accounts.json").read_text()


def test_what_is_remembered_of_another_database_says_nothing(url: str, tmp_path: Path) -> None:
    assert not station(url, tmp_path).in_force
    gone = f"sqlite:///{tmp_path / 'missing' / 'lab.db'}"
    assert station(gone, tmp_path).in_force
    for bad in ("", "[1]", "{", '{"address": 1}', "x" * 9000):
        (tmp_path / "accounts.json").write_text(bad)
        assert station(gone, tmp_path).in_force


def test_changes_of_an_account_that_was_looked_at_long_ago_are_refused(accounts: Accounts) -> None:
    desk = AccountDesk(accounts)
    before = desk.find("anna")
    desk.change(before, name="Anna Weiss")
    with pytest.raises(UserError, match="changed meanwhile"):
        desk.change(before, role=Role.TECHNICIAN)
    with pytest.raises(UserError, match="cannot be the name"):
        desk.change(desk.find("anna"), name="Anna \u202eltoR")
    with pytest.raises(UserError, match="There is no account"):
        desk.find("nobody")
    with pytest.raises(UserError, match="1 to 480"):
        desk.change_rules(replace(desk.rules(), idle_minutes=0))


def test_the_record_is_kept_of_signing_in_and_out(accounts: Accounts) -> None:
    accounts.sign_in("anna", SECRET)
    accounts.lock()
    accounts.sign_in("anna", SECRET)
    accounts.sign_out()
    with accounts.book() as book:
        assert isinstance(book, AccountBook)
        lines = [(e.login, e.what, e.station) for e in book.events()[:4]]
    assert lines == [
        ("anna", "sign-out", "bench 1"),
        ("anna", "sign-in", "bench 1"),
        ("anna", "locked-window", "bench 1"),
        ("anna", "sign-in", "bench 1"),
    ]
