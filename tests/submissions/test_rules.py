"""Tries, choices and names: pure decisions."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.contracts import Phase, Quota, QuotaWindow
from palio.challenges.rules import quota_window
from palio.submissions import rules, states
from palio.submissions.contracts import SubmissionState
from palio.submissions.rules import QuotaUse

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = QuotaWindow(day=date(2026, 11, 22), next_day_at=datetime(2026, 11, 23, tzinfo=UTC))


def phase(quota: Quota, *, closes_at: datetime = NOON + timedelta(days=30)) -> Phase:
    return Phase("p", "main", 0, NOON - timedelta(days=1), closes_at, quota)


@pytest.mark.parametrize(
    ("quota", "use", "left"),
    [
        (Quota(5, 100, "UTC"), QuotaUse(0, 0), 5),
        (Quota(5, 100, "UTC"), QuotaUse(5, 5), 0),
        (Quota(5, 100, "UTC"), QuotaUse(2, 99), 1),
        (Quota(5, 100, "UTC"), QuotaUse(-3, 40), 8),  # a grant of three today
        (Quota(None, 7, "UTC"), QuotaUse(9, 9), 0),
        (Quota(None, None, "UTC"), QuotaUse(900, 9000), None),
    ],
)
def test_remaining_is_the_tightest_limit(quota: Quota, use: QuotaUse, left: int | None) -> None:
    assert rules.remaining(quota, use=use) == left


def test_quota_when_the_day_is_used_up_names_the_next_midnight_of_the_zone() -> None:
    window = quota_window("Europe/Rome", now=NOON)
    with pytest.raises(rules.QuotaUsedUpError) as caught:
        rules.check_quota(phase(Quota(5, 100, "Europe/Rome")), use=QuotaUse(5, 5), window=window)
    assert caught.value.status == 429
    assert caught.value.next_try_at == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert caught.value.detail == (
        "Your team has used its 5 tries of 2026-11-22 (Europe/Rome). The next try is possible from"
        " 2026-11-22 23:00:00 UTC (2026-11-23 00:00 in Europe/Rome)."
    )


def test_quota_when_the_total_is_used_up_says_that_nothing_follows() -> None:
    with pytest.raises(rules.QuotaUsedUpError) as caught:
        rules.check_quota(phase(Quota(5, 100, "UTC")), use=QuotaUse(1, 100), window=DAY)
    assert caught.value.next_try_at is None
    assert caught.value.detail == (
        "Your team has used all 100 tries of the phase main."
        " No further try is possible in this phase."
    )


def test_next_try_when_the_phase_closes_before_midnight_is_never() -> None:
    closing = phase(Quota(5, None, "UTC"), closes_at=DAY.next_day_at)
    assert rules.next_try_at(closing, use=QuotaUse(5, 5), window=DAY) is None


@pytest.mark.parametrize(
    ("zone", "now", "day", "hours"),
    [
        # Rome's clocks go from 02:00 to 03:00 on 29 March 2026 and back on 25 October.
        ("Europe/Rome", datetime(2026, 3, 29, 12, tzinfo=UTC), date(2026, 3, 29), 23),
        ("Europe/Rome", datetime(2026, 10, 25, 12, tzinfo=UTC), date(2026, 10, 25), 25),
        ("Europe/Rome", datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), date(2026, 3, 28), 24),
        ("Europe/Rome", datetime(2026, 3, 28, 23, tzinfo=UTC), date(2026, 3, 29), 23),
        ("America/New_York", datetime(2026, 11, 1, 12, tzinfo=UTC), date(2026, 11, 1), 25),
        ("Asia/Kolkata", datetime(2026, 11, 22, 18, 29, tzinfo=UTC), date(2026, 11, 22), 24),
        ("Asia/Kolkata", datetime(2026, 11, 22, 18, 30, tzinfo=UTC), date(2026, 11, 23), 24),
    ],
)
def test_window_on_days_of_clock_change_is_one_calendar_day(
    zone: str, now: datetime, day: date, hours: int
) -> None:
    window = quota_window(zone, now=now)
    assert window.day == day
    before = quota_window(zone, now=window.next_day_at - timedelta(hours=hours, microseconds=1))
    assert before.next_day_at == window.next_day_at - timedelta(hours=hours)
    assert before.day == day - timedelta(days=1)


def test_refused_files_when_the_limit_is_reached_stop_the_team() -> None:
    rules.check_refused_files(49, limit=50, window=DAY, zone="UTC")
    with pytest.raises(rules.TooManyRefusedFilesError, match="from 2026-11-23 00:00:00 UTC"):
        rules.check_refused_files(50, limit=50, window=DAY, zone="UTC")


@pytest.mark.parametrize("key", ["", "a b", "naïve", "x" * 201, "tab\t"])
def test_idempotency_key_when_unusable_is_refused(key: str) -> None:
    with pytest.raises(rules.BadIdempotencyKeyError):
        rules.check_key(key)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("scores.csv", "scores.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\work\\mine.csv", "mine.csv"),
        ("a\nb\x00\u202e.csv", "ab.csv"),
        ("", "submission"),
        ("dir/", "submission"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_file_name_is_shown_without_folders_and_control_characters(name: str, shown: str) -> None:
    assert rules.tidy_file_name(name) == shown


@given(st.text())
def test_file_name_is_always_printable_and_short(name: str) -> None:
    shown = rules.tidy_file_name(name)
    assert shown.isprintable()
    assert 0 < len(shown) <= 200


def test_moves_lead_from_every_pending_state_to_an_end_and_from_no_end_anywhere() -> None:
    assert {SubmissionState.RECEIVED, SubmissionState.RUNNING} == states.PENDING
    assert {
        SubmissionState.SCORED,
        SubmissionState.REFUSED,
        SubmissionState.FAILED,
        SubmissionState.ERRORED,
    } == states.ENDED
    assert [s for s in states.PENDING if not states.MOVES[s] & states.ENDED] == []


@pytest.mark.parametrize("state", ["refused", "failed", "errored"])
def test_choice_of_a_submission_without_score_is_refused(state: str) -> None:
    with pytest.raises(rules.NotChoosableError):
        rules.check_choosable(SubmissionState(state), chosen=0, finals=2)


def test_choice_beyond_the_finals_is_refused() -> None:
    rules.check_choosable(SubmissionState.RUNNING, chosen=1, finals=2)
    with pytest.raises(rules.TooManyChosenError, match="2 of 2"):
        rules.check_choosable(SubmissionState.SCORED, chosen=2, finals=2)
