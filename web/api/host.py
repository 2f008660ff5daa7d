"""What a host sees and does: counts, queue, workers; extensions, grants, links, the archive."""

from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts import service as account_service
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, NewSecret, Role
from palio.cases import queries as cases
from palio.cases.errors import CaseOpenError
from palio.challenges import schedule
from palio.challenges.contracts import Challenge
from palio.challenges.errors import PhaseNotFoundError
from palio.core.errors import BadRequestError
from palio.pipeline import alarms as alarm_service
from palio.pipeline import contracts
from palio.pipeline import queries as pipeline
from palio.pipeline.contracts import AlarmKind
from palio.pipeline.rules import scoring_queue
from palio.pipeline.status import workers_alive
from palio.prizes import service as prize_service
from palio.submissions import queries as submissions
from palio.submissions import service as submission_service
from palio.web.api.challenges import challenge_detail
from palio.web.api.schemas import problems
from palio.web.api.schemas_challenges import ChallengeView, ExtensionOrder
from palio.web.api.schemas_host import AlarmView, GrantOrder, HostView, WorkerView
from palio.web.api.schemas_people import JoinLinkOrder, LinkView
from palio.web.deps import ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.state import WebState
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["host"])


class NaiveTimeError(BadRequestError):
    """A time without a zone means nothing."""

    code = "naive_time"


@router.get("/{slug}/host", responses=problems(401, 403, 404))
def read_host(session: ReadDep, caller: SignedInDep, slug: str) -> HostView:
    """Show how the challenge is doing; for its hosts."""
    return host_view(session, enter(session, slug, caller))


def host_view(session: Session, visit: Visit) -> HostView:
    """Return counts, queue, workers and alarms of the visited challenge."""
    visit.require(Action.READ_HOST)
    challenge_id = visit.challenge.id
    alarms = pipeline.open_alarms(session, challenge_id=challenge_id)
    return HostView(
        submissions=submissions.counts_by_state(session, challenge_id=challenge_id),
        jobs=pipeline.job_counts(session, challenge_id=challenge_id),
        pending=submissions.pending_count(session, challenge_id=challenge_id),
        workers_alive=workers_alive(
            session, now=visit.now, queue=scoring_queue(visit.challenge.plan)
        ),
        workers=tuple(
            WorkerView.model_validate(worker) for worker in pipeline.workers(session, now=visit.now)
        ),
        alarms=tuple(
            AlarmView(
                id=alarm.id,
                kind=alarm.kind,
                words=_alarm_words(visit, alarm),
                raised_at=alarm.raised_at,
            )
            for alarm in alarms
        ),
        teams=accounts.team_counts(session, challenge_ids=[challenge_id]).get(challenge_id, 0),
    )


def _alarm_words(visit: Visit, alarm: contracts.AlarmView) -> str:
    """Return an alarm's words; what the metric said of answers is for organizers alone."""
    if alarm.kind is AlarmKind.METRIC_BROKE and not visit.may(Action.READ_HIDDEN_LOG):
        return "The metric of this challenge failed on a submission; its organizer knows more."
    return alarm.words


@router.post("/{slug}/phases/{name}/extension", responses=problems(401, 403, 404, 409))
def extend_phase(
    session: WriteDep,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    name: str,
    order: ExtensionOrder,
) -> ChallengeView:
    """Move the close of a phase to a later time: public, with the reason, and audited."""
    visit = enter(session, slug, caller)
    extend(session, visit, caller, phase=name, closes_at=order.closes_at, reason=order.reason)
    return challenge_detail(session, state, enter(session, slug, caller))


def extend(
    session: Session,
    visit: Visit,
    caller: Caller,
    *,
    phase: str,
    closes_at: datetime,
    reason: str,
) -> Challenge:
    """Move the close of the named phase to a later time."""
    visit.require(Action.CHANGE_SCHEDULE)
    if closes_at.tzinfo is None:
        raise NaiveTimeError("Give the time with its zone, e.g. 2026-12-24T00:00:00Z.")
    found = next((item for item in visit.challenge.phases if item.name == phase), None)
    if found is None:
        raise PhaseNotFoundError(f"The challenge has no phase {phase!r}.")
    return schedule.extend_phase(
        session,
        challenge_id=visit.challenge.id,
        phase_id=found.id,
        closes_at=closes_at,
        reason=reason,
        by=caller.person.id,
        now=visit.now,
    )


@router.post("/{slug}/join-links", status_code=201, responses=problems(401, 403, 404))
def create_join_link(
    session: WriteDep, state: StateDep, caller: SignedInDep, slug: str, order: JoinLinkOrder
) -> LinkView:
    """Make a link by which people join without mail, also where sign-up is closed."""
    visit = enter(session, slug, caller)
    secret = join_link(session, visit, caller, role=order.role, uses=order.uses, days=order.days)
    return join_view(state, secret)


def join_link(
    session: Session,
    visit: Visit,
    caller: Caller,
    *,
    role: Role | None,
    uses: int,
    days: int,
) -> NewSecret:
    """Make a link by which people join the visited challenge."""
    visit.require(Action.MAKE_JOIN_LINK)
    return account_service.make_join_link(
        session,
        challenge_id=visit.challenge.id,
        role=role,
        uses=uses,
        days=days,
        by=caller.person.id,
        now=visit.now,
    )


def join_view(state: WebState, secret: NewSecret) -> LinkView:
    """Show the link, this once."""
    return LinkView(
        code=secret.secret,
        url=f"{state.settings.url}/join/{secret.secret}",
        expires_at=secret.expires_at,
    )


@router.post(
    "/{slug}/teams/{team:path}/grants", status_code=204, responses=problems(401, 403, 404, 409)
)
def grant_tries(
    session: WriteDep, caller: SignedInDep, slug: str, team: str, order: GrantOrder
) -> None:
    """Give a team, named by id or name, more tries; in its ledger with the reason, and audited."""
    visit = enter(session, slug, caller)
    grant(session, visit, caller, team=team, tries=order.tries, reason=order.reason)


def grant(
    session: Session,
    visit: Visit,
    caller: Caller,
    *,
    team: str,
    tries: int,
    reason: str,
) -> None:
    """Give a team of the visited challenge, named by id or name, more tries."""
    visit.require(Action.GRANT_TRIES)
    found = accounts.team_named(session, challenge_id=visit.challenge.id, id_or_name=team)
    submission_service.grant(
        session,
        team_id=found.id,
        challenge=visit.challenge,
        tries=tries,
        reason=reason,
        by=caller.person.id,
        now=visit.now,
    )


@router.post("/{slug}/archive", status_code=204, responses=problems(401, 403, 404, 409))
def archive_challenge(session: WriteDep, caller: SignedInDep, slug: str) -> None:
    """Put a finished challenge away: it stays readable, and nothing of it changes; audited."""
    archive(session, enter(session, slug, caller), caller)


def archive(session: Session, visit: Visit, caller: Caller) -> None:
    """Put the visited challenge away; raises `CaseOpenError` while a case is open."""
    visit.require(Action.JUDGE_RESULTS)
    if cases.open_case_team_ids(session, challenge_id=visit.challenge.id):
        raise CaseOpenError("A case is open: bring it to its end first.")
    prize_service.archive(
        session, challenge_id=visit.challenge.id, by=caller.person.id, now=visit.now
    )


@router.post(
    "/{slug}/alarms/{alarm_id}/clearance", status_code=204, responses=problems(401, 403, 404)
)
def clear_alarm(session: WriteDep, caller: SignedInDep, slug: str, alarm_id: str) -> None:
    """Note that somebody has looked at an alarm of this challenge; it is shown no more, audited."""
    clear(session, enter(session, slug, caller), caller, alarm_id=alarm_id)


def clear(session: Session, visit: Visit, caller: Caller, *, alarm_id: str) -> None:
    """Clear an alarm of the visited challenge; those of the platform end with their cause."""
    visit.require(Action.JUDGE_RESULTS)
    challenge_id = visit.challenge.id
    own = {
        alarm.id
        for alarm in pipeline.open_alarms(session, challenge_id=challenge_id)
        if alarm.challenge_id == challenge_id
    }
    if alarm_id not in own:
        raise alarm_service.AlarmNotFoundError("This challenge has no such open alarm.")
    alarm_service.clear(session, alarm_id=alarm_id, by=caller.person.id, now=visit.now)
