"""Named reads of challenges; a list costs two statements whatever its length."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from palio.challenges.contracts import (
    Challenge,
    ChallengeState,
    Phase,
    Quota,
    ScheduleChange,
)
from palio.challenges.errors import ChallengeNotFoundError
from palio.challenges.models import (
    ChallengeRow,
    PhaseRow,
    RulesAcceptanceRow,
    ScheduleChangeRow,
    TextRow,
)
from palio.challenges.plan_json import plan_from_json
from palio.core.paging import LIMIT_DEFAULT, Page, cut_page, decode_cursor

TextKind = Literal["description", "rules"]


def by_slug(session: Session, slug: str) -> Challenge:
    """Return the challenge with this slug, also a draft.

    Raises:
        ChallengeNotFoundError: There is none.

    """
    row = session.exec(select(ChallengeRow).where(ChallengeRow.slug == slug)).first()
    if row is None:
        raise ChallengeNotFoundError(f"There is no challenge called {slug!r}.")
    return of_rows(session, [row])[0]


def by_id(session: Session, challenge_id: str) -> Challenge:
    """Return the challenge with this id, also a draft.

    Raises:
        ChallengeNotFoundError: There is none.

    """
    row = session.get(ChallengeRow, challenge_id)
    if row is None:
        raise ChallengeNotFoundError("There is no such challenge.")
    return of_rows(session, [row])[0]


def page(
    session: Session,
    *,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
    include_drafts_of: str | None = None,
) -> Page[Challenge]:
    """Return challenges, newest first; drafts of this organizer only.

    Raises:
        BadCursorError: The cursor is not one of ours.

    """
    query = select(ChallengeRow).where(
        or_(
            col(ChallengeRow.state) != ChallengeState.DRAFT.value,
            col(ChallengeRow.organizer_id) == include_drafts_of,
        )
    )
    if cursor:
        query = query.where(col(ChallengeRow.id) < decode_cursor(cursor))
    rows = session.exec(query.order_by(col(ChallengeRow.id).desc()).limit(limit + 1)).all()
    cut = cut_page(rows, [row.id for row in rows], limit=limit)
    return Page(items=of_rows(session, cut.items), next_cursor=cut.next_cursor)


def ids_in_state(session: Session, state: ChallengeState) -> tuple[str, ...]:
    """Return the ids of all challenges in this state, oldest first."""
    query = select(ChallengeRow.id).where(ChallengeRow.state == state.value)
    return tuple(session.exec(query.order_by(col(ChallengeRow.id))))


def organized_count(session: Session, *, organizer_id: str) -> int:
    """Return how many published challenges a person organized."""
    query = (
        select(func.count())
        .select_from(ChallengeRow)
        .where(
            col(ChallengeRow.organizer_id) == organizer_id,
            col(ChallengeRow.published_at).is_not(None),
        )
    )
    return session.exec(query).one()


def due(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Return the ids of the challenges that `service.advance` would move at `now`."""
    query = select(ChallengeRow.id).where(col(ChallengeRow.next_change_at) <= now)
    return tuple(session.exec(query.order_by(col(ChallengeRow.next_change_at))))


def text(session: Session, *, challenge_id: str, kind: TextKind) -> str:
    """Return the description or the rules in force, as Markdown.

    Raises:
        ChallengeNotFoundError: There is no such challenge.

    """
    sha256 = ChallengeRow.rules_sha256 if kind == "rules" else ChallengeRow.description_sha256
    body = session.exec(
        select(TextRow.body)
        .join(ChallengeRow, col(ChallengeRow.id) == TextRow.challenge_id)
        .where(TextRow.challenge_id == challenge_id, TextRow.kind == kind)
        .where(TextRow.sha256 == sha256)
    ).first()
    if body is None:
        raise ChallengeNotFoundError("There is no such challenge.")
    return body


def has_accepted(session: Session, *, challenge_id: str, person_id: str) -> bool:
    """Tell whether the person accepted the rules that are in force now."""
    query = (
        select(RulesAcceptanceRow.person_id)
        .join(ChallengeRow, col(ChallengeRow.id) == RulesAcceptanceRow.challenge_id)
        .where(RulesAcceptanceRow.challenge_id == challenge_id)
        .where(RulesAcceptanceRow.person_id == person_id)
        .where(RulesAcceptanceRow.rules_sha256 == ChallengeRow.rules_sha256)
    )
    return session.exec(query).first() is not None


def acceptances(session: Session, *, challenge_id: str) -> tuple[tuple[str, str, datetime], ...]:
    """Return person id, hash of the rules and time of every acceptance, oldest first."""
    rows = session.exec(
        select(RulesAcceptanceRow)
        .where(RulesAcceptanceRow.challenge_id == challenge_id)
        .order_by(col(RulesAcceptanceRow.accepted_at), col(RulesAcceptanceRow.person_id))
    )
    return tuple((row.person_id, row.rules_sha256, row.accepted_at) for row in rows)


def schedule_changes(session: Session, *, challenge_id: str) -> tuple[ScheduleChange, ...]:
    """Return every extension of the challenge's phases, oldest first."""
    rows = session.exec(
        select(ScheduleChangeRow, PhaseRow.name)
        .join(PhaseRow, col(PhaseRow.id) == ScheduleChangeRow.phase_id)
        .where(ScheduleChangeRow.challenge_id == challenge_id)
        .order_by(col(ScheduleChangeRow.at), col(ScheduleChangeRow.id))
    )
    return tuple(
        ScheduleChange(
            phase=name,
            closes_at_before=row.closes_at_before,
            closes_at_after=row.closes_at_after,
            reason=row.reason,
            at=row.at,
        )
        for row, name in rows
    )


def of_rows(session: Session, rows: Sequence[ChallengeRow]) -> tuple[Challenge, ...]:
    """Turn rows into challenges with their phases; one statement for all of them."""
    ids = [row.id for row in rows]
    query = select(PhaseRow).where(col(PhaseRow.challenge_id).in_(ids))
    # A phase may have been extended by somebody else since this session first saw it.
    query = query.order_by(col(PhaseRow.position)).execution_options(populate_existing=True)
    phases = session.exec(query).all()
    return tuple(
        _challenge(row, (phase for phase in phases if phase.challenge_id == row.id)) for row in rows
    )


def _challenge(row: ChallengeRow, phases: Iterable[PhaseRow]) -> Challenge:
    return Challenge(
        id=row.id,
        slug=row.slug,
        state=ChallengeState(row.state),
        plan=plan_from_json(row.plan),
        phases=tuple(_phase(phase) for phase in phases),
        rules_sha256=row.rules_sha256,
        metric_version=row.metric_version,
        organizer_id=row.organizer_id,
        published_at=row.published_at,
        revealed_at=row.revealed_at,
        round=row.round,
    )


def _phase(row: PhaseRow) -> Phase:
    return Phase(
        id=row.id,
        name=row.name,
        position=row.position,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        quota=Quota(per_day=row.per_day, total=row.total, zone=row.zone),
    )
