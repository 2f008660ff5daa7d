"""Named reads of awards."""

from decimal import Decimal

from sqlmodel import Session, col, select

from palio.core.money import Money
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow
from palio.prizes.rules import AwardNotFoundError


def awards(session: Session, *, challenge_id: str) -> tuple[Award, ...]:
    """Return every award of a challenge, best place first, declined ones too."""
    rows = session.exec(
        select(AwardRow)
        .where(AwardRow.challenge_id == challenge_id)
        .order_by(col(AwardRow.place), col(AwardRow.made_at), col(AwardRow.id))
        .execution_options(populate_existing=True)
    )
    return tuple(award_of(row) for row in rows)


def award(session: Session, award_id: str) -> Award:
    """Return one award.

    Raises:
        AwardNotFoundError: There is none of this id.

    """
    row = session.get(AwardRow, award_id, populate_existing=True)
    if row is None:
        raise AwardNotFoundError("There is no such award.")
    return award_of(row)


def award_of(row: AwardRow) -> Award:
    """Return a stored award as a value."""
    return Award(
        id=row.id,
        challenge_id=row.challenge_id,
        team_id=row.team_id,
        team_name=row.team_name,
        place=row.place,
        title=row.title,
        money=Money(row.minor, row.currency),
        score=Decimal(row.score),
        submission_id=row.submission_id,
        state=AwardState(row.state),
        made_at=row.made_at,
        decided_at=row.decided_at,
    )
