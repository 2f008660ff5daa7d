"""Which teams of a challenge are new to competing here."""

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from palio.accounts.models import MemberRow, TeamRow


def first_time_teams(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return the ids of the teams none of whose members submitted in a challenge before this one.

    Before means: their team there had its first submission earlier than their team here. What a
    person does elsewhere afterwards changes nothing.
    """
    own, other_team = aliased(TeamRow), aliased(TeamRow)
    member, other_member = aliased(MemberRow), aliased(MemberRow)
    experienced = (
        select(own.id)
        .join(member, col(member.team_id) == col(own.id))
        .join(other_member, col(other_member.person_id) == col(member.person_id))
        .join(other_team, col(other_team.id) == col(other_member.team_id))
        .where(col(own.challenge_id) == challenge_id, col(other_team.challenge_id) != challenge_id)
        .where(col(other_team.first_submission_at) < col(own.first_submission_at))
    )
    found = session.exec(
        select(TeamRow.id).where(
            TeamRow.challenge_id == challenge_id,
            col(TeamRow.first_submission_at).is_not(None),
            col(TeamRow.id).not_in(experienced),
        )
    )
    return frozenset(found)
