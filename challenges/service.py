"""What is done to a challenge: published, moved on by time, extended, its rules accepted."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from palio.challenges import drafts, queries, rows, rules
from palio.challenges.contracts import Challenge, ChallengePlan, ChallengeState
from palio.challenges.errors import (
    OverBeforeLaunchError,
    RulesChangedError,
)
from palio.challenges.models import (
    RulesAcceptanceRow,
)
from palio.challenges.plan_json import plan_from_json, plan_to_json
from palio.core import audit
from palio.scoring.card import MetricChoice

SYSTEM = "system"  # the actor of moves that time makes


def create_draft(
    session: Session,
    *,
    plan: ChallengePlan,
    description: str,
    rules: str,
    organizer_id: str,
    now: datetime,
) -> Challenge:
    """Keep a challenge that only its organizer sees; doing it again replaces the draft.

    Raises:
        SlugTakenError: Another challenge has the slug.

    """
    row = drafts.write_draft(
        session, plan=plan, texts=(description, rules), organizer_id=organizer_id, now=now
    )
    audit.record(
        session,
        actor_id=organizer_id,
        action="challenges.draft",
        subject_id=row.id,
        challenge_id=row.id,
        now=now,
    )
    return queries.of_rows(session, [row])[0]


def publish(
    session: Session,
    *,
    plan: ChallengePlan,
    description: str,
    rules: str,
    organizer_id: str,
    now: datetime,
) -> Challenge:
    """Launch a challenge, or the organizer's draft of that slug, with these texts.

    It is open at once when its first phase has begun, scheduled otherwise, and also while its
    rules demand a deposit: money comes after the launch.

    Raises:
        SlugTakenError: Another challenge has the slug.
        OverBeforeLaunchError: Its last phase is over.

    """
    if plan.phases[-1].closes_at <= now:
        raise OverBeforeLaunchError(
            f"The last phase closed before now. Move closes_at of "
            f"{plan.phases[-1].name!r} in challenge.toml into the future."
        )
    row = drafts.write_draft(
        session, plan=plan, texts=(description, rules), organizer_id=organizer_id, now=now
    )
    row.published_at = now
    is_open = plan.phases[0].opens_at <= now and not plan.escrow.is_deposit_required
    state = ChallengeState.OPEN if is_open else ChallengeState.SCHEDULED
    rows.move(session, row, state, by=organizer_id, now=now)
    return queries.of_rows(session, [row])[0]


def advance(
    session: Session, *, challenge_id: str, now: datetime, is_funded: bool = False
) -> Challenge | None:
    """Make the moves that time asks for: scheduled, open, closed.

    Args:
        session: The caller's transaction.
        challenge_id: Which.
        now: The database's time.
        is_funded: The deposit is there; without it a challenge that demands one stays scheduled.

    Returns:
        The challenge in its new state, None when nothing moved.

    """
    row = rows.lock(session, challenge_id)
    phases = rows.phases(session, challenge_id)
    before = row.state
    plan = plan_from_json(row.plan)
    while to := rules.next_state(
        ChallengeState(row.state),
        opens_at=phases[0].opens_at,
        closes_at=phases[-1].closes_at,
        now=now,
    ):
        if to is ChallengeState.OPEN and plan.escrow.is_deposit_required and not is_funded:
            break
        rows.move(session, row, to, by=SYSTEM, now=now)
    return None if row.state == before else queries.of_rows(session, [row])[0]


def mark_revealed(session: Session, *, challenge_id: str, now: datetime, by: str = SYSTEM) -> bool:
    """Note that the private board is public; False when it was before.

    Raises:
        IllegalMoveError: The challenge is not closed.

    """
    row = rows.lock(session, challenge_id)
    if row.revealed_at is not None:
        return False
    rows.move(session, row, ChallengeState.REVEALED, by=by, now=now)
    row.revealed_at = now
    session.add(row)
    session.flush()
    return True


def mark_awarded(session: Session, *, challenge_id: str, now: datetime, by: str = SYSTEM) -> bool:
    """Note that every prize is decided; False when it was before.

    Raises:
        IllegalMoveError: The private board is not revealed.

    """
    return _move_once(session, challenge_id, ChallengeState.AWARDED, by=by, now=now)


def archive(session: Session, *, challenge_id: str, by: str, now: datetime) -> bool:
    """Put a finished challenge away; it stays readable. False when it was before.

    Raises:
        IllegalMoveError: It is not finished.

    """
    return _move_once(session, challenge_id, ChallengeState.ARCHIVED, by=by, now=now)


def accept_rules(
    session: Session, *, challenge_id: str, person_id: str, rules_sha256: str, now: datetime
) -> None:
    """Record that a person accepts the rules; doing it twice changes nothing.

    Raises:
        RulesChangedError: The hash is not that of the text in force.

    """
    row = rows.lock(session, challenge_id, is_shared=True)
    if row.rules_sha256 != rules_sha256:
        raise RulesChangedError("The rules have changed since you read them. Read them again.")
    drafts.insert_once(
        session,
        RulesAcceptanceRow(
            challenge_id=challenge_id,
            person_id=person_id,
            rules_sha256=rules_sha256,
            accepted_at=now,
        ),
    )


def use_metrics(
    session: Session, *, challenge_id: str, metrics: tuple[MetricChoice, ...], metric_version: int
) -> None:
    """Let a version of the metrics be in force; who applies or undoes a rescore set audits it."""
    row = rows.lock(session, challenge_id)
    row.plan = plan_to_json(replace(plan_from_json(row.plan), metrics=metrics))
    row.metric_version = metric_version
    session.add(row)
    session.flush()


def lock_challenge_shared(session: Session, challenge_id: str) -> Challenge:
    """Return the challenge as it will stay until the transaction ends; others may do so too.

    Raises:
        ChallengeNotFoundError: There is none.

    """
    return queries.of_rows(session, [rows.lock(session, challenge_id, is_shared=True)])[0]


def lock_challenge(session: Session, challenge_id: str) -> Challenge:
    """Return the challenge and keep everybody else from holding it until the transaction ends.

    Raises:
        ChallengeNotFoundError: There is none.

    """
    return queries.of_rows(session, [rows.lock(session, challenge_id)])[0]


def _move_once(
    session: Session, challenge_id: str, to: ChallengeState, *, by: str, now: datetime
) -> bool:
    row = rows.lock(session, challenge_id)
    if row.state == to.value:
        return False
    rows.move(session, row, to, by=by, now=now)
    return True
