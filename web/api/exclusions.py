"""What does not count: disqualified by the organizer, withdrawn by the team or the organizer."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Team
from palio.challenges.contracts import ChallengeState
from palio.challenges.rules import in_words
from palio.pipeline.corrections import correct_boards
from palio.submissions import exclusions, withdrawal
from palio.submissions.exclusion_contracts import Exclusion, ReasonCode
from palio.web.api.schemas import problems
from palio.web.api.schemas_exclusions import (
    ExclusionCountView,
    ExclusionOrder,
    ExclusionsView,
    ExclusionView,
    LiftOrder,
    WithdrawalOrder,
    exclusion_view,
)
from palio.web.api.schemas_submissions import SubmissionView
from palio.web.api.submissions import detail, visit_of
from palio.web.api.teams import own_team
from palio.web.deps import CallerDep, ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1", tags=["exclusions"])


@router.get("/challenges/{slug}/exclusions", responses=problems(401, 403, 404))
def list_exclusions(session: ReadDep, caller: SignedInDep, slug: str) -> ExclusionsView:
    """List every disqualification of a challenge, lifted ones too; for its hosts."""
    return exclusions_of(session, enter(session, slug, caller))


def exclusions_of(session: Session, visit: Visit) -> ExclusionsView:
    """Return the disqualifications of the visited challenge."""
    visit.require(Action.READ_HOST)
    found = exclusions.of_challenge(session, challenge_id=visit.challenge.id)
    return ExclusionsView(items=tuple(_view(session, each) for each in found))


@router.get("/challenges/{slug}/exclusions/count", responses=problems(404))
def count_exclusions(session: ReadDep, caller: CallerDep, slug: str) -> ExclusionCountView:
    """Say how many teams and submissions are disqualified; without names, for everybody."""
    return count_of(session, enter(session, slug, caller))


def count_of(session: Session, visit: Visit) -> ExclusionCountView:
    """Return how many are disqualified, with the note that stands under the board."""
    found = exclusions.count(session, challenge_id=visit.challenge.id)
    words = ""
    if found.changed_at is not None:
        words = (
            f"Recomputed on {in_words(found.changed_at)}:"
            f" {_in_force(teams=found.teams, submissions=found.submissions)}."
        )
    return ExclusionCountView(
        teams=found.teams, submissions=found.submissions, changed_at=found.changed_at, words=words
    )


def _in_force(*, teams: int, submissions: int) -> str:
    counts = ((teams, "team"), (submissions, "submission"))
    said = [f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts if count]
    return f"{' and '.join(said)} disqualified" if said else "nobody is disqualified any more"


@router.post(
    "/challenges/{slug}/exclusions",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409),
)
def make_exclusion(
    session: WriteDep, caller: SignedInDep, slug: str, order: ExclusionOrder
) -> ExclusionView:
    """Disqualify a team or one of its submissions; told to the team, audited, boards recomputed."""
    made = disqualify(
        session,
        enter(session, slug, caller),
        caller,
        team=order.team,
        submission_id=order.submission_id,
        reason=order.reason,
        words=order.words,
    )
    return _view(session, made)


def disqualify(
    session: Session,
    visit: Visit,
    caller: Caller,
    *,
    team: str,
    submission_id: str | None,
    reason: ReasonCode,
    words: str,
) -> Exclusion:
    """Disqualify a team of the visited challenge, and bring boards and prizes in line."""
    visit.require(Action.JUDGE_RESULTS)
    found = accounts.team_named(session, challenge_id=visit.challenge.id, id_or_name=team)
    made = exclusions.disqualify(
        session,
        challenge=visit.challenge,
        team_id=found.id,
        submission_id=submission_id,
        reason=reason,
        words=words,
        by=caller.person.id,
        now=visit.now,
    )
    _correct(session, visit, caller, reason="disqualification")
    return made


@router.post(
    "/challenges/{slug}/exclusions/{exclusion_id}/lifting",
    responses=problems(400, 401, 403, 404, 409),
)
def lift_exclusion(
    session: WriteDep, caller: SignedInDep, slug: str, exclusion_id: str, order: LiftOrder
) -> ExclusionView:
    """Take a disqualification back; told to the team, audited, boards recomputed."""
    visit = enter(session, slug, caller)
    lifted = lift(session, visit, caller, exclusion_id=exclusion_id, words=order.words)
    return _view(session, lifted)


def lift(
    session: Session, visit: Visit, caller: Caller, *, exclusion_id: str, words: str
) -> Exclusion:
    """Take a disqualification of the visited challenge back."""
    visit.require(Action.JUDGE_RESULTS)
    lifted = exclusions.lift(
        session,
        exclusion_id=exclusion_id,
        challenge=visit.challenge,
        words=words,
        by=caller.person.id,
        now=visit.now,
    )
    _correct(session, visit, caller, reason="disqualification_lifted")
    return lifted


@router.put("/submissions/{submission_id}/withdrawal", responses=problems(400, 401, 403, 404, 409))
def withdraw_submission(
    session: WriteDep, caller: SignedInDep, submission_id: str, order: WithdrawalOrder
) -> SubmissionView:
    """Withdraw a submission, or let it count again; nothing is deleted and no try comes back.

    A team does it until the close. An organizer does it at any time, with `words` to the team.
    """
    return withdraw(
        session,
        caller,
        submission_id=submission_id,
        is_withdrawn=order.withdrawn,
        words=order.words,
    )


def withdraw(
    session: Session, caller: Caller, *, submission_id: str, is_withdrawn: bool, words: str
) -> SubmissionView:
    """Withdraw a submission or take that back; `words` make it a deed of the organizer."""
    visit, submission = visit_of(session, caller, submission_id=submission_id)
    if words.strip():
        visit.require(Action.JUDGE_RESULTS)
        has_changed = withdrawal.set_by_host(
            session,
            submission_id=submission_id,
            is_withdrawn=is_withdrawn,
            challenge=visit.challenge,
            words=words,
            by=caller.person.id,
            now=visit.now,
        )
    else:
        team = accounts.team(session, submission.team_id) if submission.team_id else None
        visit.require(Action.CHOOSE_FINALS, team=team)
        has_changed = withdrawal.set_by_team(
            session,
            submission_id=submission_id,
            team_id=submission.team_id,
            is_withdrawn=is_withdrawn,
            challenge=visit.challenge,
            by=caller.person.id,
            now=visit.now,
        )
    if has_changed:
        _correct(session, visit, caller, reason="withdrawal" if is_withdrawn else "restored")
    return detail(session, caller, submission_id=submission_id)[1]


@router.get("/challenges/{slug}/team/exclusions", responses=problems(401, 404))
def list_team_exclusions(session: ReadDep, caller: SignedInDep, slug: str) -> ExclusionsView:
    """List the disqualifications in force of the caller's team and of its submissions."""
    visit = enter(session, slug, caller)
    return ExclusionsView(items=team_exclusions(session, own_team(session, visit)))


def team_exclusions(session: Session, team: Team) -> tuple[ExclusionView, ...]:
    """Return the disqualifications in force that concern a team, for its page."""
    found = exclusions.of_team(session, team_id=team.id)
    return tuple(exclusion_view(each, team=team.name) for each in found)


def standing_of(session: Session, visit: Visit, item: SubmissionView) -> dict[str, object]:
    """Return what stands against a submission, and who of the caller's roles may change it."""
    team = accounts.team(session, item.team.id) if item.team.id else None
    found = () if team is None else team_exclusions(session, team)
    is_running = visit.challenge.state in (ChallengeState.SCHEDULED, ChallengeState.OPEN)
    is_own = team is not None and visit.may(Action.CHOOSE_FINALS, team=team)
    return {
        "exclusions": [each for each in found if each.submission_id in (None, item.id)],
        "may_withdraw": is_own and is_running and not item.withdrawn_words,
        "may_decide": team is not None and visit.may(Action.JUDGE_RESULTS),
    }


def _view(session: Session, exclusion: Exclusion) -> ExclusionView:
    return exclusion_view(exclusion, team=accounts.team(session, exclusion.team_id).name)


def _correct(session: Session, visit: Visit, caller: Caller, *, reason: str) -> None:
    correct_boards(
        session,
        challenge_id=visit.challenge.id,
        reason=reason,
        by=caller.person.id,
        now=visit.now,
    )
