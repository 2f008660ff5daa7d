"""Writes a challenge's draft: plan, texts and phases, in place of what the draft was before."""

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from palio.challenges import queries
from palio.challenges.contracts import ChallengePlan, ChallengeState, PhasePlan
from palio.challenges.errors import SlugTakenError
from palio.challenges.models import ChallengeRow, PhaseRow, TextRow
from palio.challenges.plan_json import plan_to_json

Texts = tuple[str, str]  # description, rules


def write_draft(
    session: Session, *, plan: ChallengePlan, texts: Texts, organizer_id: str, now: datetime
) -> ChallengeRow:
    """Write a plan and its texts as the organizer's draft, over the one there may be.

    Raises:
        SlugTakenError: Another challenge has the slug.

    """
    row = _own_draft(session, slug=plan.slug, organizer_id=organizer_id, now=now)
    row.plan = plan_to_json(plan)
    row.description_sha256 = _write_text(session, row.id, "description", texts[0], now=now)
    row.rules_sha256 = _write_text(session, row.id, "rules", texts[1], now=now)
    session.execute(delete(PhaseRow).where(col(PhaseRow.challenge_id) == row.id))
    session.add_all([row, *_phase_rows(row.id, plan.phases)])
    session.flush()
    return row


def _own_draft(session: Session, *, slug: str, organizer_id: str, now: datetime) -> ChallengeRow:
    row = session.exec(
        select(ChallengeRow).where(ChallengeRow.slug == slug).with_for_update()
    ).first()
    if row is None:
        row = ChallengeRow(
            slug=slug,
            state=ChallengeState.DRAFT.value,
            plan="",
            description_sha256="",
            rules_sha256="",
            organizer_id=organizer_id,
            created_at=now,
        )
        is_mine = insert_once(session, row)
    else:
        is_mine = row.state == ChallengeState.DRAFT.value and row.organizer_id == organizer_id
    if not is_mine:
        raise SlugTakenError(f"Another challenge is called {slug!r}. Choose another slug.")
    return row


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert a row unless its key is taken, also by a transaction running beside this one."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def _write_text(
    session: Session, challenge_id: str, kind: queries.TextKind, body: str, *, now: datetime
) -> str:
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    insert_once(
        session,
        TextRow(challenge_id=challenge_id, kind=kind, sha256=sha256, body=body, created_at=now),
    )
    return sha256


def _phase_rows(challenge_id: str, phases: tuple[PhasePlan, ...]) -> list[PhaseRow]:
    return [
        PhaseRow(
            challenge_id=challenge_id,
            name=phase.name,
            position=position,
            opens_at=phase.opens_at,
            closes_at=phase.closes_at,
            per_day=phase.quota.per_day,
            total=phase.quota.total,
            zone=phase.quota.zone,
        )
        for position, phase in enumerate(phases)
    ]
