"""A challenge published over the web: the folder as a zip, checked whole, launched at once."""

import tempfile
from pathlib import Path

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts import access
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.check import require_sound
from palio.core.clock import database_now
from palio.core.db import unit_of_work
from palio.pipeline import launch
from palio.web.api.challenges import challenge_detail
from palio.web.api.schemas import problems
from palio.web.api.schemas_challenges import ChallengeView
from palio.web.buckets import Group
from palio.web.deps import SignedInDep, StateDep
from palio.web.packs import unpack
from palio.web.state import WebState, limit
from palio.web.uploads import receive_file
from palio.web.visits import enter

router = APIRouter(prefix="/api/v1/challenges", tags=["host"])


@router.post(
    "",
    status_code=201,
    responses=problems(401, 403, 408, 409, 413, 422, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"example": "PK…: challenge.toml, rules.md, …"}},
        }
    },
)
async def publish_challenge(
    request: Request, state: StateDep, caller: SignedInDep
) -> ChallengeView:
    """Launch the challenge in a zipped folder; refused with every fault at once."""
    limit(request, Group.SUBMIT)
    access.check(caller, Action.CREATE_CHALLENGE)
    with tempfile.TemporaryDirectory(prefix="palio-pack-") as name:
        source = Path(name) / "pack.zip"
        await receive_file(
            request,
            source,
            limit_bytes=state.settings.upload_max_bytes,
            idle_seconds=state.settings.upload_idle_seconds,
        )
        return await run_in_threadpool(_publish, state, caller, source)


def _publish(state: WebState, caller: Caller, source: Path) -> ChallengeView:
    folder = source.parent / "pack"
    folder.mkdir()
    trial = source.parent / "trial"
    trial.mkdir()
    unpacked = unpack(source, folder, limit_bytes=state.settings.upload_max_bytes)
    pack = require_sound(unpacked, workdir=trial)

    def work(session: Session) -> ChallengeView:
        challenge = launch.publish_pack(
            session,
            pack=pack,
            blobs=state.storage,
            sealed=state.sealed_door,
            hidden=state.hidden_door,
            organizer_id=caller.person.id,
            now=database_now(session),
        )
        return challenge_detail(session, state, enter(session, challenge.slug, caller))

    with unit_of_work(state.engine, send=state.send) as session:
        return work(session)
