"""Accounts, secrets and their record: one suite over SQLite and a real PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from bloodcells_gui.domain.accounts import Account, AccountRules, Role, TwoPersons
from bloodcells_gui.domain.errors import UserError
from bloodcells_gui.storage.lab import hashing, schema
from bloodcells_gui.storage.lab.accounts import PASSWORD, PIN, AccountBook, AccountWaits
from tests.support.lab import Connect

CHIEF = Account("chief", "Dr. Chief", Role.ADMINISTRATOR)
ANNA = Account("anna", "Anna Roth", Role.VALIDATOR)
SECRET = "correct horse"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with little memory: what is measured here is not its cost."""
    import argon2

    monkeypatch.setattr(hashing, "_hasher", lambda: argon2.PasswordHasher(1, 8, 1))


@pytest.fixture
def book(connect: Connect) -> AccountBook:
    schema.create(connect(), "1.0")
    book = AccountBook(connect(), "bench 1")
    book.add(CHIEF, SECRET, "chief", first=True)
    return book


def what(book: AccountBook) -> list[str]:
    return [e.what for e in book.events()][::-1]


def test_an_account_is_kept_as_it_was_made(book: AccountBook) -> None:
    book.add(replace(ANNA, os_account="aroth"), "", "chief")
    anna = book.get("anna")
    assert anna is not None
    assert (anna.name, anna.role, anna.os_account) == ("Anna Roth", Role.VALIDATOR, "aroth")
    assert (anna.active, anna.has_password, anna.has_pin, anna.wait_s) == (True, False, False, 0.0)
    assert book.of_os_account("aroth") == anna
    assert book.of_os_account("") is None
    assert [a.login for a in book.all()] == ["anna", "chief"]
    assert book.get("nobody") is None


def test_only_the_first_account_needs_nobody(connect: Connect, book: AccountBook) -> None:
    with pytest.raises(UserError, match="accounts already"):
        book.add(replace(ANNA, role=Role.ADMINISTRATOR), SECRET, "anna", first=True)
    assert book.get("anna") is None


def test_two_stations_that_make_the_first_account_at_once_make_one(connect: Connect) -> None:
    schema.create(connect(), "1.0")
    books = [AccountBook(connect(), f"bench {i}") for i in range(2)]
    failed: list[UserError] = []

    def make(i: int) -> None:
        try:
            books[i].add(replace(CHIEF, login=f"chief{i}", name=f"Chief {i}"), SECRET, "", first=True)
        except UserError as error:
            failed.append(error)

    if connect.address.startswith("sqlite"):  # a connection of SQLite stays in its thread
        make(0)
        make(1)
    else:
        threads = [threading.Thread(target=make, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(failed) == 1
    assert len(AccountBook(connect(), "x").all()) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(ANNA, name="ANNA ROTH", login="ben"),
        replace(ANNA, name="Ａnna Roth", login="ben"),
        replace(ANNA, name="Ben", login="anna"),
        replace(ANNA, name="Ben", login="ben", os_account="aroth"),
    ],
)
def test_login_name_and_binding_stand_for_one_person(book: AccountBook, other: Account) -> None:
    book.add(replace(ANNA, os_account="aroth"), "", "chief")
    with pytest.raises(UserError, match="another account's"):
        book.add(other, SECRET, "chief")


@pytest.mark.parametrize("change", [{"name": "anna roth"}, {"os_account": "aroth"}])
def test_a_change_takes_nobody_elses_name_or_binding(book: AccountBook, change: dict[str, str]) -> None:
    book.add(replace(ANNA, os_account="aroth"), "", "chief")
    chief = book.get("chief")
    assert chief is not None
    with pytest.raises(UserError, match="another account's"):
        book.change(replace(chief, **change), "chief")  # type: ignore[arg-type]


def test_names_are_values_never_statements(book: AccountBook) -> None:
    nasty = "Robert'); DROP TABLE bloodcells_accounts; -- % ? $now {x}"
    book.add(Account("bobby", nasty, Role.TECHNICIAN), SECRET, "chief")
    found = book.get("bobby")
    assert found is not None
    assert found.name == nasty
    assert book.get("' OR '1'='1") is None
    assert not book.verify("' OR 1=1 --", PASSWORD, SECRET)


def test_a_change_of_what_another_station_changed_is_refused(connect: Connect, book: AccountBook) -> None:
    book.add(ANNA, SECRET, "chief")
    other = AccountBook(connect(), "bench 2")
    mine, theirs = book.get("anna"), other.get("anna")
    assert mine is not None
    assert theirs is not None
    other.change(replace(theirs, role=Role.TECHNICIAN), "chief")
    with pytest.raises(UserError, match="changed meanwhile"):
        book.change(replace(mine, active=False), "chief")
    with pytest.raises(UserError, match="changed meanwhile"):
        book.reset(mine, "another one", "chief")
    now = book.get("anna")
    assert now is not None
    assert (now.role, now.active) == (Role.TECHNICIAN, True)
    rules = other.rules()
    other.change_rules(replace(rules, idle_minutes=5), "chief")
    with pytest.raises(UserError, match="changed meanwhile"):
        book.change_rules(replace(rules, idle_minutes=60), "chief")
    assert book.rules() == AccountRules(idle_minutes=5, revision=1)


@pytest.mark.parametrize("change", [{"role": Role.VALIDATOR}, {"active": False}])
def test_the_last_administrator_stays(book: AccountBook, change: dict[str, object]) -> None:
    chief = book.get("chief")
    assert chief is not None
    with pytest.raises(UserError, match="no administrator"):
        book.change(replace(chief, **change), "chief")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no administrator"):
        book.reset(chief, "", "chief")
    assert book.get("chief") == chief
    assert "closed" not in what(book)  # nothing is in the record of what was not done
    # one who could not sign in is no other administrator
    book.add(Account("deputy", "Deputy", Role.ADMINISTRATOR, active=False), SECRET, "chief")
    with pytest.raises(UserError, match="no administrator"):
        book.change(replace(chief, **change), "chief")  # type: ignore[arg-type]


def test_wrong_passwords_are_counted_and_the_account_waits(connect: Connect, book: AccountBook) -> None:
    book.add(ANNA, SECRET, "chief")
    assert book.verify("anna", PASSWORD, SECRET)
    for _ in range(4):
        assert not book.verify("anna", PASSWORD, "wrong one")
    with pytest.raises(AccountWaits, match="waits for 5 min"):
        book.verify("anna", PASSWORD, "wrong one")
    other = AccountBook(connect(), "bench 2")
    with pytest.raises(AccountWaits):
        other.verify("anna", PASSWORD, SECRET)  # the right one does not help, nor another station
    anna = other.get("anna")
    assert anna is not None
    assert 290 < anna.wait_s <= 300
    other.reset(anna, "another one", "chief")
    assert other.verify("anna", PASSWORD, "another one")
    assert not other.verify("anna", PASSWORD, SECRET)
    assert what(book)[-8:] == ["added", *["wrong-password"] * 5, "waits", "reset", "wrong-password"][-8:]


def test_a_longer_wait_follows_each_further_wrong_one(connect: Connect, book: AccountBook) -> None:
    database = connect()
    for wait in (300, 600, 1200, 2400, 3600, 3600):
        while True:
            try:
                book.verify("chief", PASSWORD, "wrong one")
            except AccountWaits:
                break
        chief = book.get("chief")
        assert chief is not None
        assert wait - 10 < chief.wait_s <= wait
        database.query("UPDATE bloodcells_account_secrets SET locked_until = 0")  # the time passes
    assert book.verify("chief", PASSWORD, SECRET)
    assert not book.verify("chief", PASSWORD, "wrong one")  # counted from the beginning again


def test_many_guesses_at_once_win_nothing(connect: Connect) -> None:
    schema.create(connect(), "1.0")
    AccountBook(connect(), "b").add(CHIEF, SECRET, "chief", first=True)
    looked: list[str] = []

    def guess(n: int) -> None:
        from bloodcells_gui.storage.lab.database import LabDatabase

        with LabDatabase(connect.address) as database:
            try:
                AccountBook(database, "b").verify("chief", PASSWORD, f"guess number {n}")
                looked.append("wrong")
            except AccountWaits:
                looked.append("waits")

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked.count("wrong") <= 4
    assert len(looked) == 12


def test_pin_and_password_are_counted_apart(book: AccountBook) -> None:
    book.set_secret("chief", PIN, "4711")
    assert book.verify("chief", PIN, "4711")
    for _ in range(4):
        assert not book.verify("chief", PIN, "1174")
    assert book.verify("chief", PASSWORD, SECRET)  # does not forget the wrong PINs
    with pytest.raises(AccountWaits):
        book.verify("chief", PIN, "1174")
    assert book.verify("chief", PASSWORD, SECRET)


def test_what_is_too_long_or_of_nobody_is_wrong_and_in_the_record(book: AccountBook) -> None:
    assert not book.verify("chief", PASSWORD, "x" * 10_000_000)
    assert not book.verify("nobody", PASSWORD, SECRET)
    assert not book.verify("chief", PIN, "4711")  # there is none
    assert not book.verify("chief", PASSWORD, "\udcff" * 9)
    assert what(book)[1:] == ["wrong-password", "unknown", "wrong-pin", "wrong-password"]


def test_no_secret_is_in_the_database_or_in_a_message(connect: Connect, book: AccountBook) -> None:
    book.set_secret("chief", PIN, "4711")
    book.verify("chief", PASSWORD, "another secret")
    database = connect()
    for table in ("accounts", "account_secrets", "account_events", "account_rules"):
        held = repr(database.query(f"SELECT * FROM bloodcells_{table}"))
        assert SECRET not in held
        assert "another secret" not in held
        if table == "account_secrets":
            assert held.count("$argon2id$") == 2
        else:
            assert "4711" not in held
            assert "argon2" not in held


def test_accents_in_one_piece_or_two_are_the_same_password(book: AccountBook) -> None:
    book.set_secret("chief", PASSWORD, "cafe\u0301 au lait")
    assert book.verify("chief", PASSWORD, "caf\u00e9 au lait")
    assert not book.verify("chief", PASSWORD, "cafe au lait")


def test_rules_are_kept(book: AccountBook) -> None:
    assert book.rules() == AccountRules()
    book.change_rules(AccountRules(True, TwoPersons.EVERY, 2.5, 30), "chief")
    assert book.rules() == AccountRules(True, TwoPersons.EVERY, 2.5, 30, 1)
    event = book.events()[0]
    assert (event.what, event.actor, event.station) == ("rules", "chief", "bench 1")


def test_the_record_says_who_changed_what_and_where(book: AccountBook) -> None:
    book.add(ANNA, SECRET, "chief")
    anna = book.get("anna")
    assert anna is not None
    moved = replace(anna, role=Role.ADMINISTRATOR, may_sign=True, name="Anna Weiss", os_account="aw")
    book.change(replace(moved, active=False), "chief")
    lines = [(e.actor, e.login, e.what, e.detail) for e in book.events()][:4]
    assert sorted(lines) == [
        ("chief", "anna", "closed", ""),
        ("chief", "anna", "name", "Anna Roth -> Anna Weiss"),
        ("chief", "anna", "os-account", "aw"),
        ("chief", "anna", "role", "administrator, signs"),
    ]
