"""Gathers what decides whether an award goes on by itself."""

from datetime import datetime

from sqlmodel import Session

from palio.cases import queries as cases
from palio.challenges.contracts import Challenge
from palio.prizes import ledger, queries, rules, splits
from palio.prizes.models import AwardRow


def of_award(
    session: Session, row: AwardRow, *, challenge: Challenge, now: datetime
) -> rules.Facts:
    """Return the facts of one award as they are now."""
    split = splits.current(session, row)
    award = queries.award_of(row)
    awards = queries.awards(session, challenge_id=row.challenge_id)
    accused = cases.open_case_team_ids(session, challenge_id=challenge.id)
    return rules.Facts(
        passed=rules.passed_gates(queries.gates(session, award_id=row.id)),
        is_signed=rules.is_signed(split),
        has_proposal=split.number != splits.EQUAL,
        has_open_case=row.team_id in accused,
        is_blocked=rules.is_blocked(award, awards=awards, accused=accused, now=now)
        or ledger.is_short(session, row, challenge=challenge),
    )
