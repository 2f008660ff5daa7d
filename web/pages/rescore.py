"""The page of rescore sets: start one, see what it would change, apply it, take it back."""

import tempfile
from pathlib import Path

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts.contracts import Caller
from palio.core.db import reading
from palio.core.errors import AppError, BadRequestError
from palio.web.api import rescore
from palio.web.api.schemas_rescore import MetricOrder, MetricsOrder, ReasonOrder
from palio.web.deps import ReadDep, SignedInDep, StateDep
from palio.web.multipart import BadFormError
from palio.web.pages.forms import (
    Form,
    FormDep,
    carry_out,
    read_file_form,
    see_other,
    whole_number,
)
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.uploads import write_file
from palio.web.visits import enter

router = APIRouter()
_REASON_CHARS = 2000


@router.get("/challenges/{slug}/rescore")
def show_rescore(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show where rescoring stands."""
    return _show(session, state, caller, slug)


@router.post("/challenges/{slug}/rescore")
def do_rescore(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Do what the form's button says."""
    return carry_out(
        state,
        lambda session: _do(session, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/rescore",
    )


def _do(session: Session, caller: Caller, slug: str, form: Form) -> None:
    reason, seen = form.get("reason", "")[:_REASON_CHARS], form.get("seen", "")
    match form.get("deed"):
        case "apply":
            rescore.apply_rescore(session, caller, slug, seen)
        case "abandon":
            rescore.abandon_rescore(session, caller, slug, seen)
        case "retry":
            rescore.retry_rescore(session, caller, slug)
        case "undo":
            rescore.undo_rescore(session, caller, slug, ReasonOrder(reason=reason), seen)
        case "digits":
            rescore.rescore_metrics(session, caller, slug, _digits(session, caller, slug, form))
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")


def _digits(session: Session, caller: Caller, slug: str, form: Form) -> MetricsOrder:
    """Return the metrics in force with the digits of the form; parameters go by the API."""
    plan = enter(session, slug, caller).challenge.plan
    metrics = tuple(
        MetricOrder(
            name=metric.name,
            digits=min(whole_number(form, f"digits-{place}"), 15),
            parameters=dict(metric.parameters),
        )
        for place, metric in enumerate(plan.metrics)
    )
    return MetricsOrder(reason=form.get("reason", "")[:_REASON_CHARS], metrics=metrics)


@router.post("/challenges/{slug}/rescore/files")
async def start_rescore(
    request: Request, state: StateDep, caller: SignedInDep, slug: str
) -> Response:
    """Open a set with an uploaded file."""
    try:
        await _take(request, state, caller, slug)
    except AppError as error:
        return await run_in_threadpool(_show_again, state, caller, slug, error)
    return see_other(f"/challenges/{slug}/rescore")


async def _take(request: Request, state: WebState, caller: Caller, slug: str) -> None:
    form, file = await read_file_form(request, state, caller)
    reason, part = form.fields.get("reason", ""), _part(form.fields.get("part", ""))
    await run_in_threadpool(rescore.check_start, state, caller, slug, reason)
    with tempfile.TemporaryDirectory(prefix="palio-rescore-") as name:
        source = Path(name) / "sent"
        await write_file(file, source, limit_bytes=state.settings.upload_max_bytes)
        await run_in_threadpool(rescore.start_with_file, state, caller, slug, reason, part, source)


def _part(text: str) -> rescore.Part:
    try:
        return rescore.Part(text)
    except ValueError as error:
        raise BadFormError("Choose what you send: answers or a metric.") from error


def _show_again(state: WebState, caller: Caller, slug: str, error: AppError) -> Response:
    with reading(state.engine) as session:
        return _show(session, state, caller, slug, error=error)


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    found = rescore.shown(session, visit)
    plan = visit.challenge.plan
    context = {
        "found": found,
        "boards": [board for board in (found.private, found.public) if board is not None],
        "has_own_metric": plan.own_metric is not None,
        "metrics": plan.metrics,
        "is_running": found.progress is not None
        and found.public is None
        and (found.progress.missing > found.progress.given_up or not found.progress.missing),
    }
    return challenge_page(
        session, state, visit, "host/rescore.html", context, tab="host", error=error
    )
