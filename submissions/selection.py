"""A team says which of its submissions are its final ones."""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.submissions import counting, models, queries, rules, service
from palio.submissions.contracts import SubmissionState


def choose(
    session: Session,
    *,
    submission_id: str,
    team_id: str,
    is_chosen: bool,
    challenge: Challenge,
    now: datetime,
) -> bool:
    """Say whether a submission is among the team's final ones; repeating it changes nothing.

    Returns:
        Whether anything changed.

    Raises:
        SubmissionNotFoundError: Not this team's.
        ChoiceNotUsedError, ChoiceClosedError, NotChoosableError, TooManyChosenError: In words.

    """
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    team = service.lock_team(session, team_id=team_id, challenge_id=challenge.id)
    row = session.get(models.Submission, submission_id, populate_existing=True)
    if row is None or row.team_id != team.id:
        raise rules.SubmissionNotFoundError("Your team has no such submission.")
    rules.check_choice(challenge, now=now)
    if row.is_chosen == is_chosen:
        return False
    if is_chosen:
        if not counting.may_count(session, submission_id=submission_id):
            raise rules.NotChoosableError(
                "This submission cannot count: it is withdrawn or disqualified, a late entry, or a"
                " winner's code that was run again."
            )
        rules.check_choosable(
            SubmissionState(row.state),
            chosen=queries.chosen_count(session, team_id=team.id),
            finals=challenge.plan.finals,
        )
    row.is_chosen = is_chosen
    session.add(row)
    session.flush()
    audit.append(
        session,
        kind="submissions.selection",
        subject_id=submission_id,
        challenge_id=challenge.id,
        payload={"submission_id": submission_id, "team": team_id, "is_chosen": is_chosen},
        now=now,
    )
    return True
