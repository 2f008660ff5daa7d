"""What a challenge allows at a given moment: states, phases, extensions, quota days."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from palio.challenges.contracts import (
    Challenge,
    ChallengePlan,
    ChallengeState,
    Phase,
    Quota,
    QuotaWindow,
    TeamRules,
)
from palio.challenges.errors import (
    BadExtensionError,
    ClosedError,
    EntryDeadlineError,
    IllegalMoveError,
    NotOpenYetError,
    ReasonMissingError,
)
from palio.scoring import registry
from palio.scoring.direction import Direction

_S = ChallengeState
LATE_PER_DAY = 5  # where the last phase has no limit a day
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

MOVES: Mapping[ChallengeState, frozenset[ChallengeState]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.SCHEDULED, _S.OPEN}),
        _S.SCHEDULED: frozenset({_S.OPEN}),
        _S.OPEN: frozenset({_S.CLOSED}),
        _S.CLOSED: frozenset({_S.REVEALED}),
        # No prizes, no award; and open again when nobody verified, where the rules say so.
        _S.REVEALED: frozenset({_S.AWARDED, _S.ARCHIVED, _S.OPEN}),
        _S.AWARDED: frozenset({_S.ARCHIVED}),
        _S.ARCHIVED: frozenset(),
    }
)


def check_move(from_: ChallengeState, to: ChallengeState) -> None:
    """Refuse a move that is not in the table.

    Raises:
        IllegalMoveError: As said.

    """
    if to not in MOVES[from_]:
        raise IllegalMoveError(f"A challenge that is {from_} cannot become {to}.")


def next_state(
    state: ChallengeState, *, opens_at: datetime, closes_at: datetime, now: datetime
) -> ChallengeState | None:
    """Return the state that time alone asks for next, or None when there is nothing to do.

    Args:
        state: The state now.
        opens_at: Opening of the first phase.
        closes_at: Close of the last phase.
        now: The database's time.

    """
    if state is ChallengeState.SCHEDULED and now >= opens_at:
        return ChallengeState.OPEN
    if state is ChallengeState.OPEN and now >= closes_at:
        return ChallengeState.CLOSED
    return None


def next_change_at(
    state: ChallengeState, *, opens_at: datetime, closes_at: datetime
) -> datetime | None:
    """Return when `next_state` will answer, None when time alone moves nothing any more."""
    if state is ChallengeState.SCHEDULED:
        return opens_at
    return closes_at if state is ChallengeState.OPEN else None


def is_decided(challenge: Challenge) -> bool:
    """Tell whether nothing is left to award: that is so, too, of a reveal without prizes."""
    is_without_prizes = challenge.state is ChallengeState.REVEALED and not challenge.plan.prizes
    return is_without_prizes or challenge.state in (_S.AWARDED, _S.ARCHIVED)


def is_reveal_due(challenge: Challenge, *, now: datetime) -> bool:
    """Tell whether the private board may be revealed, once everything received is scored."""
    reveal_at = challenge.plan.reveal_at
    return challenge.state is ChallengeState.CLOSED and (reveal_at is None or now >= reveal_at)


def waits_for_deposit(challenge: Challenge, *, now: datetime) -> bool:
    """Tell whether only the deposit its rules demand keeps the challenge shut."""
    return (
        challenge.state is ChallengeState.SCHEDULED
        and challenge.plan.escrow.is_deposit_required
        and now >= challenge.phases[0].opens_at
    )


def open_phase(challenge: Challenge, *, now: datetime) -> Phase:
    """Return the phase that takes submissions at `now`: opens_at <= now < closes_at.

    Raises:
        NotOpenYetError: Before the first phase, between two, still a draft, or not yet funded.
        ClosedError: After the last one.

    """
    if challenge.state is ChallengeState.DRAFT:
        raise NotOpenYetError("This challenge is a draft; it takes no submissions.")
    for phase in challenge.phases:
        if now < phase.opens_at:
            raise NotOpenYetError(
                f"Submissions open on {in_words(phase.opens_at)}. It is now {in_words(now)}."
            )
        if now < phase.closes_at:
            if waits_for_deposit(challenge, now=now):
                raise NotOpenYetError(
                    "This challenge opens as soon as its prize money is deposited. Try again then."
                )
            return phase
    closed_at = challenge.phases[-1].closes_at
    raise ClosedError(f"Submissions closed on {in_words(closed_at)}. It is now {in_words(now)}.")


def intake_phase(challenge: Challenge, *, now: datetime) -> Phase:
    """Return the phase that takes submissions at `now`, after the last close the late one.

    Raises:
        NotOpenYetError, ClosedError: As `open_phase`, where late entries are not taken.

    """
    return late_phase(challenge, now=now) or open_phase(challenge, now=now)


def late_phase(challenge: Challenge, *, now: datetime) -> Phase | None:
    """Return what takes entries after the bell: the last phase without an end, by the day only.

    None before the close, where the challenge takes no late entries, and once it is put away.
    """
    last = challenge.phases[-1]
    is_over = challenge.state not in (ChallengeState.DRAFT, ChallengeState.ARCHIVED)
    if not challenge.plan.board.has_late_entries or not is_over or now < last.closes_at:
        return None
    quota = Quota(per_day=last.quota.per_day or LATE_PER_DAY, total=None, zone=last.quota.zone)
    return replace(last, opens_at=last.closes_at, closes_at=_NEVER, quota=quota)


def closes_at(challenge: Challenge) -> datetime:
    """Return the close of the last phase, as extended so far."""
    return challenge.phases[-1].closes_at


def check_entry_deadline(challenge: Challenge, *, now: datetime) -> None:
    """Refuse to let anybody new in after the entry deadline, or the close where none is set.

    Raises:
        EntryDeadlineError: It is over.

    """
    deadline = team_rules(challenge).entry_deadline or closes_at(challenge)
    if now >= deadline:
        raise EntryDeadlineError(
            f"The last moment to join was {in_words(deadline)}. It is now {in_words(now)}."
        )


def merge_deadline(challenge: Challenge) -> datetime:
    """Return the last moment to change teams: as declared, or the close."""
    return team_rules(challenge).merge_deadline or closes_at(challenge)


def team_rules(challenge: Challenge) -> TeamRules:
    """Return the rules in force: no deadline where a last call has set the close before it."""
    declared, close = challenge.plan.teams, closes_at(challenge)
    entry, merge = (
        None if at is None or at >= close else at
        for at in (declared.entry_deadline, declared.merge_deadline)
    )
    return replace(declared, entry_deadline=entry, merge_deadline=merge)


def check_extension(
    challenge: Challenge, phase: Phase, *, closes_at: datetime, reason: str, now: datetime
) -> None:
    """Allow a phase only to end later, only while it runs or before, only with a reason.

    Raises:
        BadExtensionError: Backwards, too late, or into the next phase.
        ReasonMissingError: No reason is given.

    """
    if not reason.strip():
        raise ReasonMissingError("Say why the phase is extended; everybody will read it.")
    if challenge.state not in (ChallengeState.SCHEDULED, ChallengeState.OPEN):
        raise BadExtensionError(f"The challenge is {challenge.state}; its times no longer change.")
    if now >= phase.closes_at:
        raise BadExtensionError(
            f"The phase {phase.name} closed on {in_words(phase.closes_at)}; "
            "a closed phase is not opened again."
        )
    if closes_at <= phase.closes_at:
        raise BadExtensionError(
            f"The phase {phase.name} closes on {in_words(phase.closes_at)}; "
            "it can only be moved to a later time."
        )
    for later in challenge.phases[phase.position + 1 :]:
        if closes_at > later.opens_at:
            raise BadExtensionError(
                f"The phase {later.name} opens on {in_words(later.opens_at)}; "
                f"extend {phase.name} no further than that."
            )


def check_last_call(state: ChallengeState, *, closes_at: datetime, now: datetime) -> None:
    """Let a last call set the close only while the challenge runs, and never in the past.

    Raises:
        BadExtensionError: Otherwise.

    """
    if state is not ChallengeState.OPEN:
        raise BadExtensionError(f"The challenge is {state}; a last call is for one that runs.")
    if closes_at <= now:
        raise BadExtensionError(f"A last call cannot end on {in_words(closes_at)}, before now.")


def is_lower_better(plan: ChallengePlan, *, place: int = 0) -> bool:
    """Tell whether lower values of a metric of the plan are better; the first one ranks.

    Raises:
        registry.UnknownMetricError: A built-in metric that does not exist.

    """
    if plan.own_metric is not None:
        return plan.own_metric.scores[place].is_lower_better
    return registry.find(plan.metrics[place].name).direction is Direction.LOWER


def direction(plan: ChallengePlan, *, place: int = 0) -> Direction:
    """Return the same as `is_lower_better`, as the word of the API."""
    return Direction.LOWER if is_lower_better(plan, place=place) else Direction.HIGHER


def metric_title(plan: ChallengePlan, *, place: int = 0) -> str:
    """Return the name of a metric of the plan as people write it; the first one ranks."""
    name = plan.metrics[place].name
    return name if plan.own_metric is not None else registry.find(name).title


def quota_window(zone: str, *, now: datetime) -> QuotaWindow:
    """Return the calendar day of `now` in `zone` and the instant the next one begins (UTC).

    Where clocks are set back over midnight, the day ends at its last midnight.
    """
    place = ZoneInfo(zone)
    day = now.astimezone(place).date()
    after = day + timedelta(days=1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=place)
    starts = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return QuotaWindow(day=day, next_day_at=next(start for start in starts if start > now))


def in_words(instant: datetime) -> str:
    """Write an instant so that nobody has to guess the zone, e.g. ``2026-12-22 00:00:00 UTC``."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
