"""When two teams may become one: pure functions of their ledgers, size and the clock.

Kaggle's rule (integrity.md §3.2): together they have used no more tries than one team could have
by now. Nobody gets a second set of tries by changing teams.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from palio.challenges.contracts import Challenge, ChallengeState, Phase
from palio.challenges.rules import in_words, merge_deadline, quota_window
from palio.submissions import rules
from palio.submissions.merger_contracts import DayTries, PhaseTries
from palio.submissions.rules import QuotaUse

_INSTANT = timedelta(microseconds=1)  # the close itself is after the phase


def days_begun(phase: Phase, *, now: datetime) -> int:
    """Return how many calendar days of the quota's zone the phase has touched by now."""
    if now < phase.opens_at:
        return 0
    place = ZoneInfo(phase.quota.zone)
    last = min(now, phase.closes_at - _INSTANT).astimezone(place).date()
    return (last - phase.opens_at.astimezone(place).date()).days + 1


def allowed_by_now(phase: Phase, *, now: datetime) -> int | None:
    """Return how many tries one team could have used by now; None = no limit."""
    quota = phase.quota
    limits = [] if quota.total is None else [quota.total]
    if quota.per_day is not None:
        limits.append(quota.per_day * days_begun(phase, now=now))
    return min(limits, default=None)


def combine(
    phase: Phase, *, ours: Mapping[date, int], theirs: Mapping[date, int], now: datetime
) -> PhaseTries:
    """Return the combined ledger of a phase from the sums of each day."""
    window = quota_window(phase.quota.zone, now=now)
    total = sum(ours.values()) + sum(theirs.values())
    use = QuotaUse(today=ours.get(window.day, 0) + theirs.get(window.day, 0), total=total)
    is_open = phase.opens_at <= now < phase.closes_at
    return PhaseTries(
        phase=phase.name,
        days=tuple(
            DayTries(day, ours.get(day, 0), theirs.get(day, 0))
            for day in sorted(ours.keys() | theirs.keys())
        ),
        ours=sum(ours.values()),
        theirs=sum(theirs.values()),
        allowed=allowed_by_now(phase, now=now),
        remaining=rules.remaining(phase.quota, use=use) if is_open else 0,
        next_try_at=rules.next_try_at(phase, use=use, window=window) if is_open else None,
    )


def tries_words(tries: PhaseTries) -> str:
    """Say why the tries are against a merger; empty when they are not."""
    if tries.allowed is None or tries.combined <= tries.allowed:
        return ""
    return (
        f"In the phase {tries.phase} the two teams have used {tries.combined} tries together;"
        f" one team could have used {tries.allowed} by now."
    )


def size_words(members: int, *, max_members: int) -> str:
    """Say why the size is against a merger; empty when it is not."""
    if members <= max_members:
        return ""
    return f"Together you are {members}; a team here has {max_members} members at most."


def time_words(challenge: Challenge, *, now: datetime) -> str:
    """Say why it is too late, or too early; empty when teams may merge."""
    until = merge_deadline(challenge)
    if challenge.state not in (ChallengeState.SCHEDULED, ChallengeState.OPEN) or now >= until:
        return f"Teams could merge until {in_words(until)}. It is now {in_words(now)}."
    return ""
