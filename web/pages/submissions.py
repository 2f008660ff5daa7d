"""My submissions: the upload form, where each one stands, tries left, choosing finals."""

import secrets

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.contracts import Delivery, EntryRule
from palio.challenges.rules import intake_phase, late_phase
from palio.core.db import reading
from palio.core.errors import AppError
from palio.pipeline import queries as pipeline
from palio.submissions import rules
from palio.submissions.contracts import QuotaCause
from palio.submissions.states import PENDING
from palio.web.api.finals import finals_of
from palio.web.api.intake import Deed, take_in
from palio.web.api.submissions import choose, own, quota_of
from palio.web.deliveries import limits_of
from palio.web.deps import CursorDep, ReadDep, SignedInDep, StateDep
from palio.web.multipart import BadFormError
from palio.web.pages.challenges import quota_words
from palio.web.pages.forms import FormDep, carry_out, read_file_form, see_other
from palio.web.pages.frame import challenge_page
from palio.web.pages.runs import refresh_seconds
from palio.web.state import WebState
from palio.web.uploads import Declared
from palio.web.visits import Visit, enter

router = APIRouter()
_PER_PAGE = 50
_CAUSES = {
    QuotaCause.SUBMITTED: "submitted",
    QuotaCause.PLATFORM_FAULT: "given back: our fault",
    QuotaCause.REFUSED_FILE: "given back: file refused",
    QuotaCause.METRIC_FAULT: "given back: the host's metric failed",
    QuotaCause.HOST_GRANT: "granted by the host",
}
_DELIVERIES = {
    Delivery.PREDICTIONS.value: "Predictions",
    Delivery.CODE.value: "Code, as a zip",
    Delivery.IMAGE.value: "A container image",
}


@router.get("/challenges/{slug}/submissions")
def show_submissions(
    session: ReadDep,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    cursor: CursorDep = None,
    send: str = "",
) -> Response:
    """Show the team's submissions; `send` stops the refreshing, which would empty the form."""
    return _show(session, state, caller, slug, cursor=cursor, is_still=bool(send))


@router.post("/challenges/{slug}/submissions")
async def submit(request: Request, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Take a file from the form; it streams to the store like one from the API."""
    try:
        await _take(request, state, caller, slug)
    except AppError as error:
        return await run_in_threadpool(_show_again, state, caller, slug, error)
    return see_other(f"/challenges/{slug}/submissions")


async def _take(request: Request, state: WebState, caller: Caller, slug: str) -> None:
    form, file = await read_file_form(request, state, caller)
    deed = Deed(
        slug=slug,
        file_name=form.file_name or "",
        note=form.fields.get("note", ""),
        key=form.fields.get("idempotency_key", ""),
        delivery=_delivery(form.fields.get("delivery", Delivery.PREDICTIONS.value)),
    )
    await take_in(state, caller, deed, file, declared=Declared())


def _delivery(text: str) -> Delivery:
    try:
        return Delivery(text)
    except ValueError as error:
        raise BadFormError("Choose what you send: predictions, code or an image.") from error


@router.post("/challenges/{slug}/choices")
def choose_final(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Mark a submission as final or take the mark away."""

    def deed(session: Session) -> None:
        choose(
            session,
            caller,
            submission_id=form.get("submission", ""),
            is_chosen=form.get("chosen") == "yes",
        )

    return carry_out(
        state,
        deed,
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/submissions",
    )


def _show_again(state: WebState, caller: Caller, slug: str, error: AppError) -> Response:
    with reading(state.engine) as session:
        return _show(session, state, caller, slug, error=error)


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    cursor: str | None = None,
    error: AppError | None = None,
    is_still: bool = False,
) -> Response:
    visit = enter(session, slug, caller)
    visit.require(Action.SUBMIT)
    is_still = is_still or error is not None
    plan = visit.challenge.plan
    found = own(session, visit, cursor=cursor, limit=_PER_PAGE)
    limits = limits_of(state.settings)
    offers = pipeline.offers(session, plan=plan, now=visit.now)
    team = visit.team(session)
    closed_words = _closed_words(visit)
    context = {
        "items": found.items,
        "next_cursor": found.next_cursor,
        "is_running": not is_still and any(item.state in PENDING for item in found.items),
        "team_name": team.name if team else "",
        "metric_names": [metric.name for metric in plan.metrics],
        "finals": plan.finals if plan.entry_rule is EntryRule.CHOSEN else 0,
        "counting": finals_of(session, visit) if team else None,
        "has_accepted": visit.has_accepted(session),
        "is_open": not closed_words,
        "is_late": late_phase(visit.challenge, now=visit.now) is not None,
        "closed_words": closed_words,
        "quota": quota_of(session, visit) if team else None,
        "first_try_words": f"Your team may use {quota_words(visit.challenge.phases[-1].quota)}.",
        "cause_words": _CAUSES,
        "idempotency_key": secrets.token_urlsafe(24),
        "formats": plan.form.formats,
        "offers": offers,
        "chosen": next((each.delivery.value for each in offers if each.is_offered), ""),
        "delivery_titles": _DELIVERIES,
        "most_bytes": {
            each.value: rules.upload_max_bytes(plan, each, limits=limits)
            for each in plan.deliveries
        },
        "refresh_seconds": refresh_seconds(list(found.items)),
    }
    return challenge_page(
        session, state, visit, "submissions/list.html", context, tab="submissions", error=error
    )


def _closed_words(visit: Visit) -> str:
    try:
        intake_phase(visit.challenge, now=visit.now)
    except AppError as error:
        return error.detail
    return ""
