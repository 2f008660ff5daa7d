"""Gathers what decides whether an award goes on by itself."""

from sqlmodel import Session

from palio.prizes import queries, rules, splits
from palio.prizes.models import AwardRow


def of_award(session: Session, row: AwardRow) -> rules.Facts:
    """Return the facts of one award as they are now."""
    split = splits.current(session, row)
    award = queries.award_of(row)
    awards = queries.awards(session, challenge_id=row.challenge_id)
    return rules.Facts(
        passed=rules.passed_gates(queries.gates(session, award_id=row.id)),
        is_signed=rules.is_signed(split),
        has_proposal=split.number != splits.EQUAL,
        is_blocked=rules.is_blocked(award, awards=awards),
    )
