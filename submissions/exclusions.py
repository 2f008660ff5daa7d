"""Disqualification with a reason code: made, told to the team, lifted; no score row ever changes.

Who calls these brings the boards up to date in the same transaction: `pipeline.corrections`.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from palio.accounts import messages
from palio.accounts import service as accounts
from palio.accounts.contracts import Team
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.core import audit
from palio.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError
from palio.submissions import models
from palio.submissions.contracts import SubmissionKind
from palio.submissions.exclusion_contracts import TITLES, Exclusion, ExclusionCount, ReasonCode
from palio.submissions.exclusion_models import ExclusionRow
from palio.submissions.rules import SubmissionNotFoundError, TeamNotInChallengeError

WORDS_MAX_CHARS = 2000
LOG_KIND = "submissions.exclusion"


class ExclusionNotFoundError(NotFoundError):
    """No such disqualification in this challenge."""

    code = "exclusion_not_found"


class AlreadyExcludedError(ConflictError):
    """The team or the submission is disqualified already."""

    code = "already_excluded"


class ExclusionLiftedError(ConflictError):
    """The disqualification was lifted before."""

    code = "exclusion_lifted"


class ChallengePutAwayError(ConflictError):
    """Nothing of an archived challenge changes any more, and a draft has no teams."""

    code = "challenge_put_away"


class BadWordsError(BadRequestError):
    """The team must be told why, in words that can be stored."""

    code = "bad_words"


class TeamExcludedError(NotAllowedError):
    """The team is disqualified."""

    code = "team_excluded"


def disqualify(
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    submission_id: str | None = None,
    reason: ReasonCode,
    words: str,
    by: str,
    now: datetime,
) -> Exclusion:
    """Take a team, or one of its submissions, off the boards; audited, and told to its members.

    Raises:
        BadWordsError: No words, or more than 2,000 characters.
        ChallengePutAwayError: The challenge is archived, or a draft.
        TeamNotInChallengeError, SubmissionNotFoundError: Not in this challenge, not this team's.
        AlreadyExcludedError: It is disqualified already.

    """
    said = check_words(words)
    challenge = challenges.lock_challenge(session, challenge.id)
    check_not_put_away(challenge)
    team = _team(session, team_id=team_id, challenge_id=challenge.id)
    if submission_id is not None:
        _check_submission(session, submission_id, team_id=team.id)
    _check_new(session, challenge_id=challenge.id, team_id=team.id, submission_id=submission_id)
    row = ExclusionRow(
        challenge_id=challenge.id,
        team_id=team.id,
        submission_id=submission_id,
        reason=reason.value,
        words=said,
        made_by=by,
        made_at=now,
    )
    session.add(row)
    session.flush()
    _audit(session, row, action="submissions.disqualify", by=by, now=now)
    what = f"Your team {team.name}" if submission_id is None else _named(session, submission_id)
    _tell(
        session,
        team,
        kind="exclusion.made",
        text=f"{what} was disqualified in {challenge.plan.title}: {TITLES[reason]}."
        f" The organizer says: {said}",
        now=now,
    )
    return exclusion_of(row)


def lift(
    session: Session, *, exclusion_id: str, challenge: Challenge, words: str, by: str, now: datetime
) -> Exclusion:
    """Take a disqualification back, as after an appeal that was won; audited, told to the team.

    Raises:
        BadWordsError: No words, or more than 2,000 characters.
        ChallengePutAwayError: The challenge is archived.
        ExclusionNotFoundError: There is none of this id in this challenge.
        ExclusionLiftedError: It was lifted before.

    """
    said = check_words(words)
    challenge = challenges.lock_challenge(session, challenge.id)
    check_not_put_away(challenge)
    row = session.get(ExclusionRow, exclusion_id, populate_existing=True)
    if row is None or row.challenge_id != challenge.id:
        raise ExclusionNotFoundError("This challenge has no such disqualification.")
    if row.lifted_at is not None:
        raise ExclusionLiftedError("This disqualification was lifted before.")
    row.lifted_at, row.lifted_by, row.lifted_words = now, by, said
    session.add(row)
    session.flush()
    _audit(session, row, action="submissions.lift", by=by, now=now)
    team = accounts.lock_team(session, team_id=row.team_id)
    of = f"your team {team.name}" if row.submission_id is None else "one of your submissions"
    _tell(
        session,
        team,
        kind="exclusion.lifted",
        text=f"The disqualification of {of} in {challenge.plan.title} was lifted."
        f" The organizer says: {said}",
        now=now,
    )
    return exclusion_of(row)


def of_challenge(session: Session, *, challenge_id: str) -> tuple[Exclusion, ...]:
    """Return every disqualification of a challenge, newest first, lifted ones too; for hosts."""
    rows = session.exec(
        select(ExclusionRow)
        .where(ExclusionRow.challenge_id == challenge_id)
        .order_by(col(ExclusionRow.id).desc())
        .execution_options(populate_existing=True)
    )
    return tuple(map(exclusion_of, rows))


def of_team(session: Session, *, team_id: str) -> tuple[Exclusion, ...]:
    """Return the disqualifications in force that concern a team, its submissions' ones too."""
    rows = session.exec(
        select(ExclusionRow)
        .where(ExclusionRow.team_id == team_id, col(ExclusionRow.lifted_at).is_(None))
        .order_by(col(ExclusionRow.id))
        .execution_options(populate_existing=True)
    )
    return tuple(map(exclusion_of, rows))


def disqualified_team_ids(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return the teams that are disqualified as a whole, and not (or no longer) let in again."""
    found = session.exec(
        select(ExclusionRow.team_id).where(
            ExclusionRow.challenge_id == challenge_id,
            col(ExclusionRow.submission_id).is_(None),
            col(ExclusionRow.lifted_at).is_(None),
        )
    )
    return frozenset(found)


def count(session: Session, *, challenge_id: str) -> ExclusionCount:
    """Return what everybody may know of a challenge's disqualifications."""
    found = of_challenge(session, challenge_id=challenge_id)
    in_force = [each for each in found if each.lifted_at is None]
    return ExclusionCount(
        teams=sum(each.submission_id is None for each in in_force),
        submissions=sum(each.submission_id is not None for each in in_force),
        changed_at=max((each.lifted_at or each.made_at for each in found), default=None),
    )


def check_team_in_force(session: Session, *, team_id: str) -> None:
    """Let a team go on: submit, change its members, merge.

    Raises:
        TeamExcludedError: It is disqualified; says why, in the organizer's words.

    """
    for each in of_team(session, team_id=team_id):
        if each.submission_id is None:
            raise TeamExcludedError(
                f"Your team was disqualified: {TITLES[each.reason]}. The organizer says:"
                f" {each.words} It can no longer submit or change. If you think this is wrong,"
                " tell the organizer: a disqualification can be lifted."
            )


def check_words(words: str) -> str:
    """Return words for the team, tidied.

    Raises:
        BadWordsError: None, too many, or such that cannot be stored.

    """
    said = words.strip()
    if not said or "\0" in said:
        raise BadWordsError("Say why, in plain words: the team reads them.")
    if len(said) > WORDS_MAX_CHARS:
        raise BadWordsError(f"{len(said)} characters are too many; {WORDS_MAX_CHARS} are possible.")
    return said


def check_not_put_away(challenge: Challenge) -> None:
    """Let a challenge's results change.

    Raises:
        ChallengePutAwayError: It is archived, or still a draft.

    """
    if challenge.state in (ChallengeState.DRAFT, ChallengeState.ARCHIVED):
        raise ChallengePutAwayError(
            f"The challenge is {challenge.state.value}; its results do not change."
        )


def exclusion_of(row: ExclusionRow) -> Exclusion:
    """Return a stored disqualification as a value."""
    return Exclusion(
        id=row.id,
        challenge_id=row.challenge_id,
        team_id=row.team_id,
        submission_id=row.submission_id,
        reason=ReasonCode(row.reason),
        words=row.words,
        made_by=row.made_by,
        made_at=row.made_at,
        lifted_at=row.lifted_at,
        lifted_words=row.lifted_words,
    )


def _team(session: Session, *, team_id: str, challenge_id: str) -> Team:
    team = accounts.lock_team(session, team_id=team_id)
    if team.challenge_id != challenge_id:
        raise TeamNotInChallengeError("This team does not take part in this challenge.")
    return team


def _check_submission(session: Session, submission_id: str, *, team_id: str) -> None:
    row = session.get(models.Submission, submission_id, populate_existing=True)
    if row is None or row.team_id != team_id or row.kind == SubmissionKind.BASELINE.value:
        raise SubmissionNotFoundError("The team has no such submission.")


def _check_new(
    session: Session, *, challenge_id: str, team_id: str, submission_id: str | None
) -> None:
    for each in of_challenge(session, challenge_id=challenge_id):
        is_same = (each.team_id, each.submission_id) == (team_id, submission_id)
        if is_same and each.lifted_at is None:
            raise AlreadyExcludedError("It is disqualified already. Lift that one first.")


def _named(session: Session, submission_id: str) -> str:
    return f"Your submission {session.get_one(models.Submission, submission_id).file_name}"


def _audit(session: Session, row: ExclusionRow, *, action: str, by: str, now: datetime) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=row.submission_id or row.team_id,
        challenge_id=row.challenge_id,
        detail={"reason": row.reason, "exclusion": row.id},
        now=now,
    )
    # What the bundle of a board opens to everybody: neither the reason nor who decided.
    audit.append(
        session,
        kind=LOG_KIND,
        subject_id=row.submission_id or row.team_id,
        challenge_id=row.challenge_id,
        payload={"exclusion": row.id, "in_force": row.lifted_at is None},
        now=now,
    )


def _tell(session: Session, team: Team, *, kind: str, text: str, now: datetime) -> None:
    messages.send(
        session,
        person_ids=[member.person_id for member in team.members],
        challenge_id=team.challenge_id,
        kind=kind,
        text=text,
        now=now,
    )
