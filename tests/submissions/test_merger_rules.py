"""The arithmetic of two ledgers that become one, for any ledgers."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.contracts import Phase, Quota
from palio.submissions import merger_rules as rules

OPENS = datetime(2026, 11, 1, 22, tzinfo=UTC)
DAYS = st.dictionaries(st.dates(date(2026, 11, 1), date(2026, 11, 12)), st.integers(-3, 9))


def phase(*, per_day: int | None = 5, total: int | None = None, zone: str = "UTC") -> Phase:
    return Phase("p", "main", 0, OPENS, OPENS + timedelta(days=20), Quota(per_day, total, zone))


@given(ours=DAYS, theirs=DAYS, per_day=st.integers(0, 9), total=st.integers(0, 60))
def test_combined_ledger_is_the_sum_of_both_day_by_day(
    ours: dict[date, int], theirs: dict[date, int], per_day: int, total: int
) -> None:
    now = datetime(2026, 11, 10, 12, tzinfo=UTC)
    found = rules.combine(phase(per_day=per_day, total=total), ours=ours, theirs=theirs, now=now)
    mirrored = rules.combine(phase(per_day=per_day, total=total), ours=theirs, theirs=ours, now=now)
    assert found.combined == sum(ours.values()) + sum(theirs.values())
    assert {day.day: day.ours + day.theirs for day in found.days} == {
        day: ours.get(day, 0) + theirs.get(day, 0) for day in {*ours, *theirs}
    }
    today = ours.get(now.date(), 0) + theirs.get(now.date(), 0)
    assert found.remaining == max(0, min(per_day - today, total - found.combined))
    assert (mirrored.combined, mirrored.remaining) == (found.combined, found.remaining)
    assert (rules.tries_words(found) == "") == (found.combined <= min(per_day * 10, total))


@pytest.mark.parametrize(
    ("now", "zone", "days"),
    [
        (OPENS - timedelta(seconds=1), "UTC", 0),
        (OPENS, "UTC", 1),
        (OPENS + timedelta(hours=2), "UTC", 2),  # days are those of the calendar, not 24 hours
        (OPENS, "Europe/Rome", 1),
        (OPENS + timedelta(hours=1), "Europe/Rome", 2),  # it opened there at 23:00
        (OPENS + timedelta(days=30), "UTC", 21),  # none begins after the close
        (OPENS + timedelta(days=30), "Europe/Helsinki", 20),  # nor with a close at midnight
    ],
)
def test_days_begun_are_calendar_days_of_the_quotas_zone(
    now: datetime, zone: str, days: int
) -> None:
    assert rules.days_begun(phase(zone=zone), now=now) == days


def test_quota_without_a_limit_allows_any_number() -> None:
    now = OPENS + timedelta(days=1)
    found = rules.combine(
        phase(per_day=None), ours={now.date(): 900}, theirs={now.date(): 900}, now=now
    )
    assert (found.allowed, found.remaining, rules.tries_words(found)) == (None, None, "")


def test_total_is_a_limit_from_the_first_day_on() -> None:
    assert rules.allowed_by_now(phase(per_day=5, total=3), now=OPENS) == 3
    assert rules.allowed_by_now(phase(per_day=None, total=3), now=OPENS) == 3


def test_refusal_names_phase_tries_and_limit() -> None:
    found = rules.combine(phase(), ours={OPENS.date(): 4}, theirs={OPENS.date(): 2}, now=OPENS)
    assert rules.tries_words(found) == (
        "In the phase main the two teams have used 6 tries together; one team could have used 5"
        " by now."
    )


def test_size_within_the_limit_is_no_obstacle() -> None:
    assert rules.size_words(5, max_members=5) == ""
    assert rules.size_words(6, max_members=5) == (
        "Together you are 6; a team here has 5 members at most."
    )
