"""Checks: what the server would say of a prediction file, without spending a try."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.db import reading
from palio.core.errors import ConflictError
from palio.datasets import queries as datasets
from palio.scoring.form import PredictionForm
from palio.scoring.read import read_predictions
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds
from palio.web.api.schemas import FindingView, problems
from palio.web.api.schemas_submissions import CheckView
from palio.web.buckets import Group
from palio.web.deps import SignedInDep, StateDep
from palio.web.state import WebState, limit
from palio.web.uploads import receive_file
from palio.web.visits import enter

router = APIRouter(prefix="/api/v1", tags=["submissions"])


class NoAnswerKeyError(ConflictError):
    """The challenge has no expected ids yet."""

    code = "no_answer_key"


@router.post(
    "/challenges/{slug}/checks",
    responses=problems(401, 403, 404, 408, 409, 413, 507),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"example": "id,rating\n1,3.5\n"}},
        }
    },
)
async def check_file(
    request: Request,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    file_name: Annotated[str, Query(max_length=1000)] = "",  # noqa: ARG001 (clients send it)
) -> CheckView:
    """Read a prediction file as scoring would, and say what is wrong. Never costs a try."""
    limit(request, Group.CHECK)
    task = await run_in_threadpool(_prepare, state, caller, slug)
    with tempfile.TemporaryDirectory(prefix="palio-check-") as folder:
        path = Path(folder) / "predictions"
        await receive_file(
            request,
            path,
            limit_bytes=task.limit_bytes,
            idle_seconds=state.settings.upload_idle_seconds,
        )
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(state.checkers, _read, path, task)


@dataclass(frozen=True, slots=True)
class _Task:
    form: PredictionForm
    ids: RowIds
    limit_bytes: int


def _prepare(state: WebState, caller: Caller, slug: str) -> _Task:
    with reading(state.engine) as session:
        visit = enter(session, slug, caller)
        visit.require(Action.READ_DATA)
        if not visit.may(Action.READ_HOST):
            visit.require_rules(session)
        key = datasets.answer_key(session, challenge_id=visit.challenge.id)
    if key is None:
        raise NoAnswerKeyError("This challenge cannot check files yet. Ask its host.")
    form = visit.challenge.plan.form
    return _Task(
        form=form,
        ids=state.row_ids.get(key.ids_sha256),
        limit_bytes=min(state.settings.upload_max_bytes, form.max_bytes),
    )


def _read(path: Path, task: _Task) -> CheckView:
    try:
        predictions = read_predictions(path, form=task.form, ids=task.ids)
    except PredictionsRefusedError as refusal:
        findings = tuple(FindingView.model_validate(finding) for finding in refusal.findings)
        return CheckView(verdict="refused", rows=None, findings=findings)
    return CheckView(verdict="accepted", rows=predictions.rows, findings=())
