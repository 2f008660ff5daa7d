"""Signals that tie accounts together, each with its innocent readings."""

from datetime import UTC, datetime, timedelta

import pytest

from palio.accounts.sign_ups import normalised_mail
from palio.cases import linked
from palio.cases.contracts import Signal
from palio.cases.linked import Account, SeenAt

DAY = datetime(2026, 12, 1, tzinfo=UTC)
PAIR = ("t1", "t2")


def account(number: int, *, minutes: int = 0, mail: str = "") -> Account:
    return Account(f"p{number}", f"t{number}", DAY + timedelta(minutes=minutes), mail)


def seen(*numbers: int, key: str = "k", is_sign_up: bool = False) -> list[SeenAt]:
    return [SeenAt(f"p{number}", key, is_sign_up) for number in numbers]


@pytest.mark.parametrize(
    ("mail", "same"),
    [
        ("A.da+kaggle@Gmail.com", "ada@gmail.com"),
        ("ada@googlemail.com", "ada@gmail.com"),
        (" a.da@uni.org ", "a.da@uni.org"),
        ("", ""),
        (None, ""),
        ("no address", ""),
    ],
)
def test_mail_is_compared_without_what_people_add(mail: str | None, same: str) -> None:
    assert normalised_mail(mail) == same


def test_two_accounts_with_one_mail_address_are_listed_by_that_alone() -> None:
    weights = linked.account_signals([account(1, mail="m"), account(2, mail="m")], [])
    (link,) = linked.links(weights)
    assert (link.teams, link.signals) == (PAIR, (Signal.SAME_MAIL,))
    assert link.score >= linked.LISTED_FROM


def test_address_many_share_weighs_less_the_more_they_are() -> None:
    few = linked.account_signals([account(1), account(2)], seen(1, 2))
    people = [account(number) for number in range(41)]
    many = linked.account_signals(people, seen(*range(41)))
    assert few[PAIR][Signal.SHARED_ADDRESS] == 1.0
    assert many[PAIR][Signal.SHARED_ADDRESS] == pytest.approx(0.05)
    assert linked.links(many)[0].score < linked.LISTED_FROM


def test_crowd_at_one_address_says_nothing() -> None:
    people = [account(number) for number in range(linked.CROWD + 1)]
    assert linked.account_signals(people, seen(*range(linked.CROWD + 1))) == {}


def test_members_of_one_team_are_no_pair() -> None:
    first = account(1, mail="m")
    second = Account("p9", "t1", DAY, "m")
    assert linked.account_signals([first, second], seen(1, 9)) == {}


@pytest.mark.parametrize(("minutes", "is_signal"), [(10, True), (11, False)])
def test_sign_up_within_minutes_from_one_address(minutes: int, *, is_signal: bool) -> None:
    people = [account(1), account(2, minutes=minutes)]
    weights = linked.account_signals(people, seen(1, 2, is_sign_up=True))
    assert (Signal.SIGNED_UP_TOGETHER in weights[PAIR]) is is_signal


def test_addresses_of_different_periods_do_not_meet() -> None:
    people = [account(1), account(2)]
    assert linked.account_signals(people, seen(1, key="5:a") + seen(2, key="6:a")) == {}


@pytest.mark.parametrize(("days", "is_signal"), [(3, True), (2, False)])
def test_taking_turns_on_several_days(days: int, *, is_signal: bool) -> None:
    first = [DAY + timedelta(days=day, minutes=m) for day in range(days) for m in (0, 5)]
    second = [at + timedelta(minutes=8) for at in first[1::2]]
    found = linked.taking_turns({"t1": first, "t2": second}, [PAIR])
    assert found == ({PAIR} if is_signal else set())


def test_close_predictions_alone_are_no_link_of_accounts() -> None:
    weights = {PAIR: {Signal.SAME_PREDICTIONS: 1.0, Signal.FIRST_FILE: 1.0}}
    assert linked.links(weights) == ()
