"""Roles, rights, and what a person types for an account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bloodcells_gui.domain.accounts import (
    Account,
    AccountRules,
    Right,
    Role,
    TwoPersons,
    account_login,
    check_login,
    check_name,
    check_os_account,
    check_password,
    check_pin,
    lock_s,
    name_key,
    plain_name,
    rights_of,
    typed_name,
)
from bloodcells_gui.domain.errors import UserError

ANNA = Account("anna", "Anna Roth", Role.VALIDATOR)


def test_each_role_has_its_rights_and_no_other() -> None:
    usual, loose = AccountRules(), AccountRules(technicians_sign=True)
    sign, of = (
        {Right.SIGN, Right.AMEND},
        lambda role, rules, **more: rights_of(Account("x", "X", role, **more), rules),
    )
    assert of(Role.TECHNICIAN, usual) == set()
    assert of(Role.TECHNICIAN, loose) == {Right.SIGN}
    assert of(Role.VALIDATOR, usual) == sign
    managing = {Right.CHANGE_RULES, Right.SET_DESTINATIONS, Right.MANAGE_ACCOUNTS}
    assert of(Role.ADMINISTRATOR, usual) == managing
    assert of(Role.ADMINISTRATOR, usual, may_sign=True) == managing | sign
    assert of(Role.TECHNICIAN, usual, may_sign=True) == set()  # given to administrators only
    for role in Role:
        assert of(role, loose, active=False) == set()


@pytest.mark.parametrize(
    ("rule", "percent", "blasts", "of", "needed"),
    [
        (TwoPersons.NONE, 0, 50, 100, False),
        (TwoPersons.EVERY, 0, 0, 100, True),
        (TwoPersons.BLASTS, 0, 0, 100, False),
        (TwoPersons.BLASTS, 0, 1, 100, True),
        (TwoPersons.BLASTS, 2, 1, 100, False),
        (TwoPersons.BLASTS, 2, 2, 100, True),
        (TwoPersons.BLASTS, 0, 1, 0, True),
    ],
)
def test_the_rule_says_which_report_needs_two_persons(
    rule: TwoPersons, percent: float, blasts: int, of: int, needed: bool
) -> None:
    assert AccountRules(two_persons=rule, blast_percent=percent).needs_two(blasts, of) is needed


def test_the_record_names_the_person_with_the_account_and_gives_both_back() -> None:
    assert ANNA.author == "Anna Roth (lab:anna)"
    assert account_login(ANNA.author) == "anna"
    assert plain_name(ANNA.author) == "Anna Roth"
    for other in ("Anna Roth", "Anna Roth (anna)", "(lab:anna)", "x (lab:)", "x (lab:AN NA)", ""):
        assert account_login(other) == ""
        assert plain_name(other) == other


@given(st.text())
def test_a_typed_name_never_passes_for_an_account(name: str) -> None:
    assert account_login(typed_name(name + " (lab:anna)")) == ""


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (check_login, ""), (check_login, "a"), (check_login, "x" * 41), (check_login, "a' OR 1=1 --"),
        (check_login, "ànna"), (check_login, "a\0b"), (check_login, "x" * 10_000_000), (check_login, "-rf"),
        (check_name, ""), (check_name, "x" * 81), (check_name, "A\0"), (check_name, "Anna \u202eltoR"),
        (check_name, "Anna\u200b"), (check_name, "Anna (lab:ben)"), (check_name, "x" * 10_000_000),
        (check_os_account, "a\nb"), (check_os_account, "x" * 81),
        (check_password, "short"), (check_password, "x" * 10_000_000),
        (check_pin, "123"), (check_pin, "123456789"), (check_pin, "12a4"), (check_pin, "1111"),
        (check_pin, "1234"), (check_pin, "9876"), (check_pin, "٣٤٧١"), (check_pin, "4711\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_short_words(check: Callable[[str], str], bad: str) -> None:
    with pytest.raises(UserError) as refused:
        check(bad)
    assert len(refused.value.text()) < 300
    assert "\u202e" not in refused.value.text()


def test_names_of_every_script_are_taken_and_those_that_look_the_same_are_one() -> None:
    assert check_name("  د. ليلى  حداد ") == "د. ليلى حداد"
    assert check_name("Zoe\u0308 Müller") == "Zoë Müller"
    assert name_key("ANNA ROTH") == name_key("Anna Roth") == name_key("Ａｎｎａ Roth")
    assert check_login(" Anna.Roth ") == "anna.roth"
    assert check_pin("4711") == "4711"


def test_the_wait_doubles_and_has_an_end() -> None:
    assert [lock_s(n) for n in (0, 4, 5, 6, 7, 8, 9, 500)] == [0, 0, 300, 600, 1200, 2400, 3600, 3600]
