"""Signals that two teams may be one: weighted, added up, compared with all pairs; never decisive.

Every signal has an innocent reading: families share an address, class mates sign up together and
take turns at one computer. So each weighs little, an address that many people use weighs less the
more they are, and the sum is listed with how many pairs of teams have as much.

Only what the platform has anyway is used. No device is fingerprinted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from palio.cases.contracts import Signal

WEIGHTS: Final[dict[Signal, float]] = {
    Signal.SAME_MAIL: 4.0,
    Signal.SAME_PREDICTIONS: 3.0,
    Signal.SHARED_ADDRESS: 2.0,
    Signal.SIGNED_UP_TOGETHER: 2.0,
    Signal.TAKING_TURNS: 2.0,
    Signal.FIRST_FILE: 2.0,
    Signal.COMPLEMENTARY: 2.0,
}
# Without one of these it is a matter of predictions, not of accounts.
OF_ACCOUNTS: Final = frozenset(
    {
        Signal.SAME_MAIL,
        Signal.SHARED_ADDRESS,
        Signal.SIGNED_UP_TOGETHER,
        Signal.TAKING_TURNS,
    }
)
LISTED_FROM = 4.0
STRONG_FROM = 7.0
SIGN_UP_WITHIN = timedelta(minutes=10)
TURN_WITHIN = timedelta(minutes=10)
TURN_DAYS = 3
CROWD = 200  # people at one address: it says nothing, and pairs would be too many

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """What is compared of a member of a team.

    Attributes:
        mail: Digest of the address without what people add to it; empty where none was given.

    """

    person_id: str
    team_id: str
    created_at: datetime
    mail: str


@dataclass(frozen=True, slots=True)
class SeenAt:
    """A person was seen at an address, which only a keyed hash names."""

    person_id: str
    address_key: str
    is_sign_up: bool


@dataclass(frozen=True, slots=True)
class Link:
    """What ties two teams together, and how much of it there is."""

    teams: Pair
    score: float
    signals: tuple[Signal, ...]


def account_signals(
    accounts: Sequence[Account], seen: Iterable[SeenAt]
) -> dict[Pair, dict[Signal, float]]:
    """Return the weights of signals from accounts and addresses, for each pair of teams."""
    found: dict[Pair, dict[Signal, float]] = defaultdict(dict)
    by_mail: dict[str, list[Account]] = defaultdict(list)
    for account in accounts:
        if account.mail:
            by_mail[account.mail].append(account)
    for held in by_mail.values():
        for first, second in _pairs(held):
            _raise_to(found, first, second, Signal.SAME_MAIL, 1.0)
    for held, signed_up in _at_addresses(accounts, seen):
        share = min(1.0, 2 / (len(held) - 1))  # three people at an address weigh as much as two
        for first, second in _pairs(held):
            _raise_to(found, first, second, Signal.SHARED_ADDRESS, share)
            is_together = {first.person_id, second.person_id} <= signed_up
            if is_together and abs(first.created_at - second.created_at) <= SIGN_UP_WITHIN:
                _raise_to(found, first, second, Signal.SIGNED_UP_TOGETHER, share)
    return found


def taking_turns(times: Mapping[str, Sequence[datetime]], pairs: Iterable[Pair]) -> set[Pair]:
    """Return those pairs of which one begins when the other's tries of the day have ended.

    Args:
        times: Receipts of each team, ascending.
        pairs: Those worth a look.

    """
    spans = {team: _spans(received) for team, received in times.items()}
    return {
        (first, second)
        for first, second in pairs
        if sum(
            _follows(spans.get(first, {}), spans.get(second, {}), day)
            for day in spans.get(first, {})
        )
        >= TURN_DAYS
    }


def links(weights: Mapping[Pair, Mapping[Signal, float]]) -> tuple[Link, ...]:
    """Add up the signals of each pair that has one of its accounts, highest score first."""
    found = [
        Link(
            teams=pair,
            score=round(sum(WEIGHTS[signal] * share for signal, share in held.items()), 2),
            signals=tuple(sorted(held, key=lambda signal: (-WEIGHTS[signal], signal))),
        )
        for pair, held in weights.items()
        if held.keys() & OF_ACCOUNTS
    ]
    return tuple(sorted(found, key=lambda link: (-link.score, link.teams)))


def pair_of(first: str, second: str) -> Pair:
    """Return two teams in order of id."""
    return (first, second) if first < second else (second, first)


def _pairs(held: Sequence[Account]) -> Iterable[tuple[Account, Account]]:
    if len(held) > CROWD:
        return ()
    return ((a, b) for a, b in combinations(held, 2) if a.team_id != b.team_id)


def _at_addresses(
    accounts: Sequence[Account], seen: Iterable[SeenAt]
) -> Iterable[tuple[list[Account], set[str]]]:
    """Give who was at each address that more than one person used, and who signed up there."""
    known = {account.person_id: account for account in accounts}
    people: dict[str, set[str]] = defaultdict(set)
    signed_up: dict[str, set[str]] = defaultdict(set)
    for sighting in seen:
        people[sighting.address_key].add(sighting.person_id)
        if sighting.is_sign_up:
            signed_up[sighting.address_key].add(sighting.person_id)
    for key, ids in people.items():
        held = [known[person_id] for person_id in sorted(ids) if person_id in known]
        if len(held) > 1:
            yield held, signed_up[key]


def _raise_to(
    found: dict[Pair, dict[Signal, float]],
    first: Account,
    second: Account,
    signal: Signal,
    share: float,
) -> None:
    held = found[pair_of(first.team_id, second.team_id)]
    held[signal] = max(held.get(signal, 0.0), share)


def _spans(received: Sequence[datetime]) -> dict[str, tuple[datetime, datetime]]:
    spans: dict[str, tuple[datetime, datetime]] = {}
    for at in received:
        day = at.date().isoformat()
        spans[day] = (spans.get(day, (at, at))[0], at)
    return spans


def _follows(
    first: Mapping[str, tuple[datetime, datetime]],
    second: Mapping[str, tuple[datetime, datetime]],
    day: str,
) -> bool:
    if day not in second:
        return False
    (begin, end), (other_begin, other_end) = first[day], second[day]
    gaps = (other_begin - end, begin - other_end)
    return any(timedelta(0) <= gap <= TURN_WITHIN for gap in gaps)
