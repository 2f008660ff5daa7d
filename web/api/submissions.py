"""Submissions: listed, looked at, fetched, chosen; and the tries left."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Role, Team
from palio.challenges.contracts import Delivery
from palio.core import audit
from palio.core.paging import Page
from palio.pipeline import board_steps, status
from palio.submissions import host_runs, runs, selection
from palio.submissions import queries as submissions
from palio.submissions.contracts import QuotaStatus, Submission
from palio.submissions.rules import SubmissionNotFoundError
from palio.submissions.states import PENDING
from palio.web.api.schemas import problems
from palio.web.api.schemas_runs import HostRunsView, HostRunView
from palio.web.api.schemas_submissions import (
    Choice,
    QuotaView,
    SubmissionsView,
    SubmissionView,
    quota_view,
    submission_view,
)
from palio.web.deps import LIMIT, CursorDep, LimitDep, ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.files import send_blob
from palio.web.visits import Visit, enter, enter_by_id

router = APIRouter(prefix="/api/v1", tags=["submissions"])


@router.get("/challenges/{slug}/submissions", responses=problems(401, 403, 404))
def list_submissions(
    session: ReadDep,
    caller: SignedInDep,
    slug: str,
    cursor: CursorDep = None,
    limit: LimitDep = LIMIT,
    is_all: Annotated[bool, Query(alias="all", description="hosts: every team's")] = False,  # noqa: FBT002 (a query parameter)
) -> SubmissionsView:
    """List the own team's submissions, newest first; hosts may ask for everybody's."""
    visit = enter(session, slug, caller)
    if is_all:
        visit.require(Action.READ_HOST)
        return everybodys(session, visit, cursor=cursor, limit=limit)
    return own(session, visit, cursor=cursor, limit=limit)


def everybodys(
    session: Session, visit: Visit, *, cursor: str | None, limit: int
) -> SubmissionsView:
    """Return one page of every team's submissions."""
    page = submissions.of_challenge(
        session, challenge_id=visit.challenge.id, cursor=cursor, limit=limit
    )
    teams = accounts.teams(session, challenge_id=visit.challenge.id)
    return _shown(session, visit, page, teams)


def own(session: Session, visit: Visit, *, cursor: str | None, limit: int) -> SubmissionsView:
    """Return one page of the caller's team's submissions."""
    team = visit.team(session)
    if team is None:
        return SubmissionsView(items=(), next_cursor=None)
    visit.require(Action.READ_SUBMISSION, team=team)
    page = submissions.of_team(
        session, challenge_id=visit.challenge.id, team_id=team.id, cursor=cursor, limit=limit
    )
    return _shown(session, visit, page, {team.id: team})


def _shown(
    session: Session, visit: Visit, page: Page[Submission], teams: dict[str, Team]
) -> SubmissionsView:
    items = tuple(_view(session, visit, item, teams.get(item.team_id)) for item in page.items)
    return SubmissionsView(items=items, next_cursor=page.next_cursor)


def _view(
    session: Session,
    visit: Visit,
    submission: Submission,
    team: Team | None,
    *,
    is_detail: bool = False,
) -> SubmissionView:
    queue = found = None
    if submission.state in PENDING:
        queue = status.queue_status(session, submission=submission, now=visit.now)
    if is_detail and submission.delivery is not Delivery.PREDICTIONS:
        found = runs.of_submission(session, submission.id)
    return submission_view(submission, team=team, queue=queue, runs=found, is_detail=is_detail)


@router.get("/submissions/{submission_id}", responses=problems(401, 404))
def read_submission(session: ReadDep, caller: SignedInDep, submission_id: str) -> SubmissionView:
    """Show one submission and where it stands."""
    return detail(session, caller, submission_id=submission_id)[1]


def detail(session: Session, caller: Caller, *, submission_id: str) -> tuple[Visit, SubmissionView]:
    """Return one submission with the runs of its model."""
    submission = submissions.submission(session, submission_id)
    visit, team = _visit(session, caller, submission)
    visit.require(Action.READ_SUBMISSION, team=team, missing=_missing())
    return visit, _view(session, visit, submission, team, is_detail=True)


def visit_of(session: Session, caller: Caller, *, submission_id: str) -> tuple[Visit, Submission]:
    """Return a submission that the caller may see, with his visit at its challenge."""
    submission = submissions.submission(session, submission_id)
    visit, team = _visit(session, caller, submission)
    visit.require(Action.READ_SUBMISSION, team=team, missing=_missing())
    return visit, submission


@router.get("/submissions/{submission_id}/host-runs", responses=problems(401, 404))
def read_host_runs(session: WriteDep, caller: SignedInDep, submission_id: str) -> HostRunsView:
    """Show what runs on hidden data said: for organizers alone, audited for administrators."""
    submission = submissions.submission(session, submission_id)
    visit, _ = _visit(session, caller, submission)
    return HostRunsView(
        submission_id=submission_id, items=host_runs_of(session, visit, submission_id)
    )


def host_runs_of(session: Session, visit: Visit, submission_id: str) -> tuple[HostRunView, ...]:
    """Return the runs of a submission on hidden data, and note it when no organizer reads them."""
    visit.require(Action.READ_HIDDEN_LOG, missing=_missing())
    if visit.caller is not None and Role.ORGANIZER not in visit.roles:
        audit.record(
            session,
            actor_id=visit.caller.person.id,
            action="submissions.read_hidden_log",
            subject_id=submission_id,
            challenge_id=visit.challenge.id,
            now=visit.now,
        )
    found = host_runs.of_submission(session, submission_id)
    return tuple(HostRunView.model_validate(run) for run in found)


@router.get(
    "/submissions/{submission_id}/file",
    responses={**problems(401, 404), 200: {"content": {"application/octet-stream": {}}}},
    response_class=Response,
)
def read_submission_file(
    session: ReadDep,
    state: StateDep,
    caller: SignedInDep,
    submission_id: str,
    range_header: Annotated[str | None, Header(alias="Range")] = None,
) -> Response:
    """Give back the very file that was handed in."""
    submission = submissions.submission(session, submission_id)
    visit, team = _visit(session, caller, submission)
    visit.require(Action.READ_SUBMISSION_FILE, team=team, missing=_missing())
    return send_blob(
        state.storage.path(submission.sha256),
        sha256=submission.sha256,
        name=submission.file_name,
        media_type="application/octet-stream",
        range_header=range_header,
    )


@router.put("/submissions/{submission_id}/choice", responses=problems(401, 404, 409))
def choose_submission(
    session: WriteDep, caller: SignedInDep, submission_id: str, order: Choice
) -> SubmissionView:
    """Say whether the submission is one of the team's final entries; before the close only."""
    return choose(session, caller, submission_id=submission_id, is_chosen=order.chosen)


def choose(
    session: Session, caller: SignedInDep, *, submission_id: str, is_chosen: bool
) -> SubmissionView:
    """Mark a submission as final or take the mark away."""
    submission = submissions.submission(session, submission_id)
    visit, team = _visit(session, caller, submission)
    visit.require(Action.CHOOSE_FINALS, team=team, missing=_missing())
    has_changed = selection.choose(
        session,
        submission_id=submission_id,
        team_id=submission.team_id,
        is_chosen=is_chosen,
        challenge=visit.challenge,
        now=visit.now,
    )
    if has_changed:
        board_steps.note_change(session, visit.challenge.id)
    return _view(session, visit, submissions.submission(session, submission_id), team)


def _visit(
    session: Session, caller: SignedInDep, submission: Submission
) -> tuple[Visit, Team | None]:
    visit = enter_by_id(session, submission.challenge_id, caller)
    team = accounts.team(session, submission.team_id) if submission.team_id else None
    return visit, team


def _missing() -> SubmissionNotFoundError:
    # The words of an id that does not exist: nobody learns which ids do.
    return SubmissionNotFoundError("There is no such submission.")


@router.get("/challenges/{slug}/quota", responses=problems(401, 404))
def read_quota(session: ReadDep, caller: SignedInDep, slug: str) -> QuotaView:
    """Show the tries left now, and the ledger they follow from."""
    return quota_of(session, enter(session, slug, caller))


def quota_of(session: Session, visit: Visit) -> QuotaView:
    """Return the tries of the caller's team; before it has one, those a new team would have."""
    challenge = visit.challenge
    team = visit.team(session)
    if team is not None:
        visit.require(Action.READ_QUOTA, team=team)
    found: QuotaStatus = submissions.quota(
        session, challenge=challenge, team_id=team.id if team else "", now=visit.now
    )
    phase = next((p for p in challenge.phases if visit.now < p.closes_at), challenge.phases[-1])
    return quota_view(found, quota=phase.quota)
