"""States only move forwards, phases open and close to the instant, quota days follow their zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.challenges.plans import CLOSES, OPENS, PLAN, TWO_PHASES

from palio.challenges import errors, rules
from palio.challenges.contracts import (
    Challenge,
    ChallengePlan,
    ChallengeState,
    Phase,
    TeamRules,
)

STATES = list(ChallengeState)
MIDDLE = OPENS.replace(tzinfo=None)
INSTANTS = st.datetimes(
    MIDDLE - timedelta(days=300), MIDDLE + timedelta(days=400), timezones=st.just(UTC)
)
DECADES = st.datetimes(
    MIDDLE - timedelta(days=18_000), MIDDLE + timedelta(days=4_000), timezones=st.just(UTC)
)


def challenge(
    plan: ChallengePlan = PLAN, *, state: ChallengeState = ChallengeState.OPEN
) -> Challenge:
    return Challenge(
        id="c",
        slug=plan.slug,
        state=state,
        plan=plan,
        phases=tuple(
            Phase(str(n), p.name, n, p.opens_at, p.closes_at, p.quota)
            for n, p in enumerate(plan.phases)
        ),
        rules_sha256="",
        metric_version=1,
        organizer_id="host",
        published_at=OPENS,
        revealed_at=None,
    )


@given(from_=st.sampled_from(STATES), to=st.sampled_from(STATES))
def test_states_only_move_forwards_but_to_open_again(
    from_: ChallengeState, to: ChallengeState
) -> None:
    try:
        rules.check_move(from_, to)
    except errors.IllegalMoveError:
        assert to not in rules.MOVES[from_]
    else:
        is_again = (from_, to) == (ChallengeState.REVEALED, ChallengeState.OPEN)
        assert is_again or STATES.index(to) > STATES.index(from_)


def test_every_state_is_reached_from_draft_and_leads_to_the_archive() -> None:
    reached = {ChallengeState.DRAFT}
    for state in STATES:
        if state in reached:
            reached |= rules.MOVES[state]
    assert reached == set(STATES)
    assert [state for state in STATES if not rules.MOVES[state]] == [ChallengeState.ARCHIVED]


@given(
    state=st.sampled_from(STATES),
    opens_at=INSTANTS,
    length=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=90)),
    now=INSTANTS,
)
def test_time_makes_legal_moves_exactly_when_it_was_foretold(
    state: ChallengeState, opens_at: datetime, length: timedelta, now: datetime
) -> None:
    times = {"opens_at": opens_at, "closes_at": opens_at + length}
    to = rules.next_state(state, now=now, **times)
    at = rules.next_change_at(state, **times)
    assert (to is not None) == (at is not None and at <= now)
    if to is not None:
        rules.check_move(state, to)


@given(now=INSTANTS)
def test_phase_is_open_from_its_opening_until_just_before_its_close(now: datetime) -> None:
    given_challenge = challenge(TWO_PHASES)
    inside = [phase for phase in given_challenge.phases if phase.opens_at <= now < phase.closes_at]
    if inside:
        assert [rules.open_phase(given_challenge, now=now)] == inside
    else:
        error = errors.ClosedError if now >= CLOSES else errors.NotOpenYetError
        with pytest.raises(error, match=f"It is now {rules.in_words(now)}"):
            rules.open_phase(given_challenge, now=now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OPENS - timedelta(microseconds=1), "2026-11-22 00:00:00 UTC"),
        (OPENS, "practice"),
        (OPENS + timedelta(days=10) - timedelta(microseconds=1), "practice"),
        (OPENS + timedelta(days=10), "2026-12-04 00:00:00 UTC"),
        (OPENS + timedelta(days=12), "final"),
        (CLOSES - timedelta(microseconds=1), "final"),
        (CLOSES, "closed on 2026-12-22 00:00:00 UTC"),
    ],
)
def test_borders_of_phases_are_exact(now: datetime, expected: str) -> None:
    try:
        told = rules.open_phase(challenge(TWO_PHASES), now=now).name
    except (errors.ClosedError, errors.NotOpenYetError) as error:
        told = error.detail
    assert expected in told


def test_draft_takes_no_submissions() -> None:
    with pytest.raises(errors.NotOpenYetError, match="draft"):
        rules.open_phase(challenge(state=ChallengeState.DRAFT), now=OPENS)


@given(closes_at=INSTANTS, now=INSTANTS, place=st.sampled_from([0, 1]))
def test_allowed_extension_only_gives_time_and_never_reopens(
    closes_at: datetime, now: datetime, place: int
) -> None:
    given_challenge = challenge(TWO_PHASES)
    phase = given_challenge.phases[place]
    try:
        rules.check_extension(given_challenge, phase, closes_at=closes_at, reason="r", now=now)
    except errors.BadExtensionError:
        next_opening = (
            TWO_PHASES.phases[1].opens_at if place == 0 else datetime.max.replace(tzinfo=UTC)
        )
        assert now >= phase.closes_at or not phase.closes_at < closes_at <= next_opening
    else:
        assert now < phase.closes_at < closes_at
        assert place == 1 or closes_at <= TWO_PHASES.phases[1].opens_at


def test_extension_needs_a_reason() -> None:
    with pytest.raises(errors.ReasonMissingError):
        rules.check_extension(
            challenge(),
            challenge().phases[0],
            closes_at=CLOSES + timedelta(days=1),
            reason=" ",
            now=OPENS,
        )


@pytest.mark.parametrize(
    "state", [state for state in STATES if state not in (STATES[1], ChallengeState.OPEN)]
)
def test_times_of_a_challenge_that_is_not_running_do_not_change(state: ChallengeState) -> None:
    with pytest.raises(errors.BadExtensionError, match=f"is {state};"):
        rules.check_extension(
            challenge(state=state),
            challenge().phases[0],
            closes_at=CLOSES + timedelta(days=1),
            reason="r",
            now=OPENS,
        )


@given(zone=st.sampled_from(sorted(available_timezones())), now=DECADES)
def test_quota_day_holds_now_and_ends_within_two_days(zone: str, now: datetime) -> None:
    window = rules.quota_window(zone, now=now)
    assert now < window.next_day_at <= now + timedelta(hours=49)
    after = rules.quota_window(zone, now=window.next_day_at)
    assert after.day > window.day
    just_before = rules.quota_window(zone, now=window.next_day_at - timedelta(microseconds=1))
    assert just_before.day == window.day


@pytest.mark.parametrize(
    ("zone", "now", "day", "next_day_at"),
    [
        ("UTC", "2026-11-22T23:59:59", "2026-11-22", "2026-11-23T00:00:00"),
        ("UTC", "2026-11-22T00:00:00", "2026-11-22", "2026-11-23T00:00:00"),
        ("Europe/Rome", "2026-11-22T23:30:00", "2026-11-23", "2026-11-23T23:00:00"),
        ("Europe/Rome", "2026-10-25T12:00:00", "2026-10-25", "2026-10-25T23:00:00"),  # 25 hours
        ("America/Sao_Paulo", "2018-11-03T12:00:00", "2018-11-03", "2018-11-04T03:00:00"),  # gap
        ("Atlantic/Azores", "2026-10-25T00:30:00", "2026-10-25", "2026-10-26T01:00:00"),  # twice
        ("Pacific/Apia", "2011-12-30T09:00:00", "2011-12-29", "2011-12-30T10:00:00"),  # no 30th
    ],
)
def test_quota_day_follows_the_clocks_of_its_zone(
    zone: str, now: str, day: str, next_day_at: str
) -> None:
    window = rules.quota_window(zone, now=datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert window.day == date.fromisoformat(day)
    assert window.next_day_at == datetime.fromisoformat(next_day_at).replace(tzinfo=UTC)


@pytest.mark.parametrize("deadline", [None, OPENS + timedelta(days=5), CLOSES + timedelta(days=5)])
def test_nobody_joins_from_the_entry_deadline_on(deadline: datetime | None) -> None:
    plan = replace(PLAN, teams=TeamRules(5, deadline, None))
    last = min(deadline or CLOSES, CLOSES)  # a last call sets the close before a deadline
    rules.check_entry_deadline(challenge(plan), now=last - timedelta(microseconds=1))
    with pytest.raises(errors.EntryDeadlineError, match=rules.in_words(last)):
        rules.check_entry_deadline(challenge(plan), now=last)


def test_teams_change_until_the_merge_deadline_or_the_close() -> None:
    assert rules.merge_deadline(challenge()) == CLOSES
    plan = replace(PLAN, teams=TeamRules(5, None, OPENS))
    assert rules.merge_deadline(challenge(plan)) == OPENS
    after = replace(PLAN, teams=TeamRules(5, None, CLOSES + timedelta(days=5)))
    assert rules.merge_deadline(challenge(after)) == CLOSES
    assert rules.team_rules(challenge(after)) == TeamRules(5, None, None)
    assert rules.team_rules(challenge(plan)) == plan.teams


@pytest.mark.parametrize(
    ("state", "reveal_at", "due"),
    [
        (ChallengeState.OPEN, None, False),
        (ChallengeState.CLOSED, None, True),
        (ChallengeState.CLOSED, CLOSES, True),
        (ChallengeState.CLOSED, CLOSES + timedelta(seconds=1), False),
        (ChallengeState.REVEALED, None, False),
    ],
)
def test_reveal_is_due_after_the_close_and_not_before_its_time(
    state: ChallengeState, reveal_at: datetime | None, *, due: bool
) -> None:
    plan = replace(PLAN, reveal_at=reveal_at)
    assert rules.is_reveal_due(challenge(plan, state=state), now=CLOSES) is due
