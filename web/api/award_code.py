"""A winner's program comes in to be run again: the raw body, as for a submission."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts.contracts import Caller
from palio.challenges.contracts import Delivery
from palio.core.db import before_commit, reading
from palio.core.storage import Blob
from palio.pipeline import launch
from palio.prizes import reruns
from palio.submissions import rules
from palio.web.api.award_steps import file_of
from palio.web.api.awards import team_visit
from palio.web.api.schemas import problems
from palio.web.api.schemas_awards import AwardFileView
from palio.web.buckets import Group
from palio.web.deliveries import limits_of, looked_at
from palio.web.deps import SignedInDep, StateDep
from palio.web.errors import IdempotencyKeyMissingError
from palio.web.state import WebState, limit
from palio.web.units import run_unit
from palio.web.uploads import Place, declared_of, store

router = APIRouter(prefix="/api/v1", tags=["prizes"])


@router.post(
    "/awards/{award_id}/code",
    status_code=201,
    responses=problems(401, 403, 404, 408, 409, 413, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"example": "PK…"}},
        }
    },
)
async def hand_in_code(
    request: Request,
    state: StateDep,
    caller: SignedInDep,
    award_id: str,
    delivery: Annotated[Delivery, Query(description="code or image")],
    file_name: Annotated[str, Query(max_length=1000)] = "",
    idempotency_key: Annotated[str | None, Header()] = None,
) -> AwardFileView:
    """Hand in the program behind a winning entry; it costs no try. For the team's members."""
    limit(request, Group.SUBMIT)
    if not idempotency_key:
        raise IdempotencyKeyMissingError("Send a header Idempotency-Key with a fresh random text.")
    rules.check_key(idempotency_key)
    most = await run_in_threadpool(_most_bytes, state, caller, award_id, delivery)
    kept = (file_name, idempotency_key)
    return await store(
        looked_at(request.stream(), delivery),
        state.storage,
        limit_bytes=most,
        declared=declared_of(request),
        idle_seconds=state.settings.upload_idle_seconds,
        hand_in=partial(_keep, state, caller, award_id, delivery, kept),
    )


def _most_bytes(state: WebState, caller: Caller, award_id: str, delivery: Delivery) -> int:
    """Refuse before a byte is read what would be refused after."""
    with reading(state.engine) as session:
        visit = team_visit(session, caller, award_id)
        reruns.check_may_hand_in(session, award_id=award_id, by=caller.person.id)
        plan = visit.challenge.plan
        return rules.upload_max_bytes(plan, delivery, limits=limits_of(state.settings))


def _keep(
    state: WebState,
    caller: Caller,
    award_id: str,
    delivery: Delivery,
    kept: tuple[str, str],
    blob: Blob,
    place: Place,
) -> AwardFileView:
    def work(session: Session) -> AwardFileView:
        before_commit(session, lambda _: place())  # what is refused leaves no file
        visit = team_visit(session, caller, award_id)
        launch.accept_winners_code(
            session,
            award_id=award_id,
            person_id=caller.person.id,
            blob=blob,
            file_name=kept[0],
            idempotency_key=kept[1],
            limits=limits_of(state.settings),
            delivery=delivery,
            now=visit.now,
        )
        return file_of(session, caller, award_id)

    return run_unit(state, work)
