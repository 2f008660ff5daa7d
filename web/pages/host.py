"""The host's page: how it is doing, and the deeds a host may do, each by a form of its own."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Role
from palio.challenges.contracts import ChallengeState
from palio.challenges.rules import closes_at
from palio.core.errors import AppError, BadRequestError
from palio.pipeline import queries as pipeline
from palio.pipeline import waiting
from palio.pipeline.rules import may_open_answers, scoring_queue
from palio.submissions import host_runs
from palio.submissions.contracts import HostRun
from palio.web.api import awards, host, openings
from palio.web.api.schemas_people import LinkView
from palio.web.api.submissions import everybodys
from palio.web.deps import CursorDep, ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out_and_show, whole_number
from palio.web.pages.frame import challenge_page
from palio.web.pages.runs import BOXES
from palio.web.state import WebState
from palio.web.visits import Visit, enter

router = APIRouter()
_PER_PAGE = 50
_FAILURES = 5
_RUNNING = (ChallengeState.SCHEDULED, ChallengeState.OPEN)
_OVER = (ChallengeState.REVEALED, ChallengeState.AWARDED)


class BadTimeError(BadRequestError):
    """The form's time cannot be read."""

    code = "bad_time"


@router.get("/challenges/{slug}/host")
def show_host(
    session: ReadDep, state: StateDep, caller: SignedInDep, slug: str, cursor: CursorDep = None
) -> Response:
    """Show the host how the challenge is doing."""
    return _show(session, state, caller, slug, cursor=cursor)


@router.post("/challenges/{slug}/host")
def do_deed(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Do what the form's button says."""
    return carry_out_and_show(
        state,
        lambda session: _do(session, state, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        show=lambda session, link: _show(session, state, caller, slug, link=link),
        otherwise=f"/challenges/{slug}/host",
    )


def _do(
    session: Session, state: WebState, caller: Caller, slug: str, form: Form
) -> LinkView | None:
    visit = enter(session, slug, caller)
    match form.get("deed"):
        case "extend":
            host.extend(
                session,
                visit,
                caller,
                phase=form.get("phase", ""),
                closes_at=_utc(form.get("closes_at", "")),
                reason=form.get("reason", ""),
            )
        case "grant":
            host.grant(
                session,
                visit,
                caller,
                team=form.get("team", ""),
                tries=whole_number(form, "tries"),
                reason=form.get("grant_reason", ""),
            )
        case "join-link":
            return _join_link(session, state, visit, caller, form)
        case "clear-alarm":
            host.clear(session, visit, caller, alarm_id=form.get("alarm", ""))
        case "archive":
            host.archive(session, visit, caller)
        case deed:
            _judge(session, visit, caller, form, deed)
    return None


def _judge(session: Session, visit: Visit, caller: Caller, form: Form, deed: str | None) -> None:
    match deed:
        case "open-answers":
            openings.ask(session, visit, caller, row=form.get("row", ""))
        case "confirm":
            awards.confirm(session, caller, award_id=form.get("award", ""))
        case "decline":
            awards.decline(session, caller, award_id=form.get("award", ""))
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")


def _join_link(
    session: Session, state: WebState, visit: Visit, caller: Caller, form: Form
) -> LinkView:
    role = form.get("role", "")
    secret = host.join_link(
        session,
        visit,
        caller,
        role=Role(role) if role in set(Role) else None,
        uses=whole_number(form, "uses"),
        days=whole_number(form, "days"),
    )
    return host.join_view(state, secret)


def _utc(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTimeError("Write the new close as 2026-12-24T00:00, in UTC.") from error
    if not 1970 <= at.year <= 2999:  # noqa: PLR2004 (as in challenge.toml; zones have room)
        raise BadTimeError("The new close must lie between the years 1970 and 2999.")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    cursor: str | None = None,
    link: LinkView | None = None,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    visit.require(Action.READ_HOST)
    challenge = visit.challenge
    found = everybodys(session, visit, cursor=cursor, limit=_PER_PAGE)
    teams = accounts.teams(session, challenge_id=challenge.id).values()
    context = {
        "host": host.host_view(session, visit),
        "items": found.items,
        "next_cursor": found.next_cursor,
        "failures": _metric_failures(session, visit),
        "boxes": BOXES,
        "worker_command": waiting.COMMAND_OF[scoring_queue(challenge.plan)],
        "offers": pipeline.offers(session, plan=challenge.plan, now=visit.now),
        "metric_names": [metric.name for metric in challenge.plan.metrics],
        "teams": sorted(teams, key=lambda team: team.name) if visit.may(Action.GRANT_TRIES) else (),
        "awards": awards.awards_of(session, visit).items,
        "may_extend": visit.may(Action.CHANGE_SCHEDULE) and challenge.state in _RUNNING,
        "may_invite": visit.may(Action.MAKE_JOIN_LINK),
        "may_decide": visit.may(Action.JUDGE_RESULTS),
        "may_archive": visit.may(Action.JUDGE_RESULTS) and challenge.state in _OVER,
        "may_open_answers": visit.may(Action.JUDGE_RESULTS) and may_open_answers(challenge),
        "openings": openings.openings_of(session, visit),
        "close_value": closes_at(challenge).strftime("%Y-%m-%dT%H:%M"),
        "link": link,
    }
    return challenge_page(session, state, visit, "host/show.html", context, tab="host", error=error)


def _metric_failures(session: Session, visit: Visit) -> tuple[tuple[str, HostRun], ...]:
    """Return what the own metric said when it failed; others than organizers ask run by run."""
    if visit.challenge.plan.own_metric is None or Role.ORGANIZER not in visit.roles:
        return ()
    return host_runs.metric_failures(session, challenge_id=visit.challenge.id, limit=_FAILURES)
