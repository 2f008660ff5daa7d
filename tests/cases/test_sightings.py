"""Sightings fade: hashes under keys of a period, deleted after their term, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.cases import sightings
from palio.cases.models import SightingKeyRow, SightingRow

NOW = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=14 * 1_400)  # a period begins


def people(session: Session) -> tuple[str, str]:
    made = make.challenge(session)
    return tuple(make.team(session, of=made, handle=name).captain_id for name in ("ada", "bob"))  # type: ignore[return-value]  # two of them


def keys(session: Session, *ids: str) -> list[str]:
    return [each.address_key for each in sightings.seen(session, person_ids=ids)]


def test_equal_addresses_have_equal_hashes_within_a_period_and_no_address_is_kept(
    work: Work,
) -> None:
    with work() as session:
        ada, bob = people(session)
        for person in (ada, bob):
            sightings.note(session, person_id=person, address="192.0.2.7", now=NOW)
        assert len(set(keys(session, ada, bob))) == 1
        later = NOW + timedelta(days=sightings.PERIOD_DAYS)
        sightings.note(session, person_id=ada, address="192.0.2.7", now=later)
        assert len(set(keys(session, ada))) == 2
        stored = [row.address_key for row in session.exec(select(SightingRow))]
    assert [len(bytes.fromhex(key)) for key in stored] == [32, 32, 32]


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),  # one household
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
    ],
)
def test_address_is_a_household(work: Work, first: str, second: str, *, is_same: bool) -> None:
    with work() as session:
        ada, bob = people(session)
        sightings.note(session, person_id=ada, address=first, now=NOW)
        sightings.note(session, person_id=bob, address=second, now=NOW)
        assert (len(set(keys(session, ada, bob))) == 1) is is_same


@pytest.mark.parametrize("address", ["testclient", "", "127.0.0.1", "::1", "::ffff:127.0.0.2"])
def test_what_is_no_address_of_a_person_is_not_noted(work: Work, address: str) -> None:
    with work() as session:
        ada, _ = people(session)
        sightings.note(session, person_id=ada, address=address, now=NOW)
        assert keys(session, ada) == []


def test_places_of_one_person_are_bounded(work: Work) -> None:
    with work() as session:
        ada, _ = people(session)
        for number in range(sightings.PLACES_MAX + 5):
            sightings.note(session, person_id=ada, address=f"192.0.2.{number}", now=NOW)
        assert len(keys(session, ada)) == sightings.PLACES_MAX


def test_sightings_and_keys_go_after_their_term(work: Work) -> None:
    with work() as session:
        ada, _ = people(session)
        sightings.note(session, person_id=ada, address="192.0.2.7", now=NOW)
        within = NOW + timedelta(days=sightings.KEEP_DAYS)
        assert sightings.is_past_term(session, now=within) is False
        after = within + timedelta(seconds=1)
        assert sightings.is_past_term(session, now=after) is True
        sightings.forget(session, now=after)
        assert session.exec(select(SightingRow)).all() == []
        assert len(session.exec(select(SightingKeyRow)).all()) == 1  # its period may still be read
        sightings.forget(session, now=after + timedelta(days=sightings.PERIOD_DAYS))
        assert session.exec(select(SightingKeyRow)).all() == []


def test_second_sighting_within_the_hour_writes_nothing(work: Work) -> None:
    with work() as session:
        ada, _ = people(session)
        for minutes in (0, 30, 61):
            at = NOW + timedelta(minutes=minutes)
            sightings.note(session, person_id=ada, address="192.0.2.7", now=at)
        session.expire_all()
        (row,) = session.exec(select(SightingRow).where(col(SightingRow.person_id) == ada)).all()
        assert (row.first_at, row.last_at) == (NOW, NOW + timedelta(minutes=61))
