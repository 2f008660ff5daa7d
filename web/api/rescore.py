"""Rescore sets over the web: start one with a file, look at it, apply it, take it back."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.packs import SOLUTION
from palio.challenges.program_files import METRIC_BYTES_MOST
from palio.core.db import reading
from palio.pipeline import rescoring
from palio.submissions import rescoring as submission_rescoring
from palio.submissions.rescore_rules import check_reason
from palio.web.api.schemas import problems
from palio.web.api.schemas_rescore import (
    MetricsOrder,
    ReasonOrder,
    RescoreView,
    SwitchesView,
    rescore_view,
    switch_view,
)
from palio.web.buckets import Group
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.packs import unpack_files
from palio.web.state import WebState, limit
from palio.web.units import run_unit
from palio.web.uploads import receive_file
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["host"])
SeenDep = Annotated[
    str, Query(max_length=40, description="`seen` as last shown; refused when it has changed")
]
ReasonDep = Annotated[str, Query(max_length=2000, description="participants will read it")]


class Part(StrEnum):
    """What an uploaded file corrects."""

    ANSWERS = "answers"  # solution.csv
    METRIC = "metric"  # a zip of metric.py or metric/


def _body(kind: str, text: str) -> dict[str, object]:
    return {"requestBody": {"required": True, "content": {kind: {"example": text}}}}


@router.get("/{slug}/corrections", responses=problems(404))
def list_corrections(session: ReadDep, caller: CallerDep, slug: str) -> SwitchesView:
    """Say when and why everything was scored again; for everybody who sees the challenge."""
    visit = enter(session, slug, caller)
    found = submission_rescoring.switches(session, challenge_id=visit.challenge.id)
    return SwitchesView(items=tuple(map(switch_view, found)))


@router.get("/{slug}/rescore", responses=problems(401, 403, 404))
def read_rescore(session: ReadDep, caller: SignedInDep, slug: str) -> RescoreView:
    """Show what counts now, how far the open set is, and what it would change; for organizers."""
    return shown(session, enter(session, slug, caller))


def shown(session: Session, visit: Visit) -> RescoreView:
    """Return where the rescoring of the visited challenge stands."""
    visit.require(Action.JUDGE_RESULTS)
    return rescore_view(rescoring.view(session, challenge=visit.challenge, now=visit.now))


@router.post(
    "/{slug}/rescore/answers",
    status_code=201,
    responses=problems(401, 403, 404, 408, 409, 413, 422, 507),
    openapi_extra=_body("text/csv", "id,rating,Usage\n1,3.5,Public\n"),
)
async def rescore_answers(
    request: Request, state: StateDep, caller: SignedInDep, slug: str, reason: ReasonDep
) -> RescoreView:
    """Score everything again, in shadow, by a corrected solution.csv."""
    return await _upload(request, state, caller, slug, reason, Part.ANSWERS)


@router.post(
    "/{slug}/rescore/metric",
    status_code=201,
    responses=problems(401, 403, 404, 408, 409, 413, 422, 507),
    openapi_extra=_body("application/zip", "PK…: metric.py, or metric/ with its files"),
)
async def rescore_metric(
    request: Request, state: StateDep, caller: SignedInDep, slug: str, reason: ReasonDep
) -> RescoreView:
    """Score everything again, in shadow, by a corrected metric of the organizer's own."""
    return await _upload(request, state, caller, slug, reason, Part.METRIC)


async def _upload(
    request: Request, state: WebState, caller: Caller, slug: str, reason: str, part: Part
) -> RescoreView:
    limit(request, Group.SUBMIT)
    await run_in_threadpool(check_start, state, caller, slug, reason)
    with tempfile.TemporaryDirectory(prefix="palio-rescore-") as name:
        source = Path(name) / "sent"
        await receive_file(
            request,
            source,
            limit_bytes=state.settings.upload_max_bytes,
            idle_seconds=state.settings.upload_idle_seconds,
        )
        return await run_in_threadpool(start_with_file, state, caller, slug, reason, part, source)


def check_start(state: WebState, caller: Caller, slug: str, reason: str) -> None:
    """Refuse early what would be refused after a long upload."""
    check_reason(reason)
    with reading(state.engine) as session:
        visit = enter(session, slug, caller)
        visit.require(Action.JUDGE_RESULTS)
        submission_rescoring.check_may_start(session, visit.challenge)


def start_with_file(
    state: WebState, caller: Caller, slug: str, reason: str, part: Part, source: Path
) -> RescoreView:
    """Check an uploaded file, put it away and open a set with it."""
    with reading(state.engine) as session:
        visit = enter(session, slug, caller)
    folder = source.parent / "files"
    folder.mkdir()
    plan, common = visit.challenge.plan, {"reason": reason, "by": caller.person.id}
    if part is Part.ANSWERS:
        source.rename(folder / SOLUTION)
        answers = rescoring.store_answers(
            folder, plan, blobs=state.storage, sealed=state.sealed_door
        )

        def start(session: Session, visit: Visit) -> None:
            rescoring.start_with_answers(
                session, challenge=visit.challenge, answers=answers, now=visit.now, **common
            )
    else:
        unpack_files(source, folder, limit_bytes=METRIC_BYTES_MOST)
        metric = rescoring.store_metric(folder, plan, sealed=state.sealed_door)

        def start(session: Session, visit: Visit) -> None:
            rescoring.start_with_metric(
                session, challenge=visit.challenge, metric=metric, now=visit.now, **common
            )

    def work(session: Session) -> RescoreView:
        visit = enter(session, slug, caller)
        visit.require(Action.JUDGE_RESULTS)
        start(session, visit)
        return shown(session, visit)

    return run_unit(state, work)


@router.post(
    "/{slug}/rescore/metrics", status_code=201, responses=problems(401, 403, 404, 409, 422)
)
def rescore_metrics(
    session: WriteDep, caller: SignedInDep, slug: str, order: MetricsOrder
) -> RescoreView:
    """Score everything again, in shadow, by other digits or parameters of the same metrics."""
    visit = enter(session, slug, caller)
    visit.require(Action.JUDGE_RESULTS)
    rescoring.start_with_metrics(
        session,
        challenge=visit.challenge,
        metrics=tuple(metric.choice() for metric in order.metrics),
        reason=order.reason,
        by=caller.person.id,
        now=visit.now,
    )
    return shown(session, visit)


@router.post("/{slug}/rescore/application", responses=problems(401, 403, 404, 409))
def apply_rescore(
    session: WriteDep, caller: SignedInDep, slug: str, seen: SeenDep = ""
) -> RescoreView:
    """Let the open set count at once, on boards and for prizes; those it touches are told."""
    visit = enter(session, slug, caller)
    visit.require(Action.JUDGE_RESULTS)
    rescoring.apply(
        session,
        challenge_id=visit.challenge.id,
        by=caller.person.id,
        now=visit.now,
        seen=seen,
    )
    return shown(session, enter(session, slug, caller))


@router.post("/{slug}/rescore/undo", responses=problems(401, 403, 404, 409))
def undo_rescore(
    session: WriteDep, caller: SignedInDep, slug: str, order: ReasonOrder, seen: SeenDep = ""
) -> RescoreView:
    """Go back to the scores before; where some came in since, a set for those opens first."""
    visit = enter(session, slug, caller)
    visit.require(Action.JUDGE_RESULTS)
    rescoring.undo(
        session,
        challenge_id=visit.challenge.id,
        reason=order.reason,
        by=caller.person.id,
        now=visit.now,
        seen=seen,
    )
    return shown(session, enter(session, slug, caller))


@router.post("/{slug}/rescore/retry", responses=problems(401, 403, 404, 409))
def retry_rescore(session: WriteDep, caller: SignedInDep, slug: str) -> RescoreView:
    """Try again what of the open set failed too often by our fault."""
    visit = enter(session, slug, caller)
    visit.require(Action.JUDGE_RESULTS)
    rescoring.retry(session, challenge_id=visit.challenge.id, by=caller.person.id, now=visit.now)
    return shown(session, visit)


@router.delete("/{slug}/rescore", responses=problems(401, 403, 404, 409))
def abandon_rescore(
    session: WriteDep, caller: SignedInDep, slug: str, seen: SeenDep = ""
) -> RescoreView:
    """Give the open set up; nothing that counts has changed."""
    visit = enter(session, slug, caller)
    visit.require(Action.JUDGE_RESULTS)
    rescoring.abandon(
        session,
        challenge_id=visit.challenge.id,
        by=caller.person.id,
        now=visit.now,
        seen=seen,
    )
    return shown(session, visit)
