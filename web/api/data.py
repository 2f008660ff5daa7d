"""Data files: the list, and downloads that can be resumed."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from palio.accounts.access import Action
from palio.datasets import queries as datasets
from palio.web.api.schemas import problems
from palio.web.api.schemas_challenges import FilesView, FileView
from palio.web.deps import CallerDep, ReadDep, StateDep
from palio.web.files import send_blob
from palio.web.visits import enter

router = APIRouter(prefix="/api/v1/challenges", tags=["data"])


@router.get("/{slug}/data", responses=problems(404))
def list_data(session: ReadDep, caller: CallerDep, slug: str) -> FilesView:
    """List the files of the latest version."""
    visit = enter(session, slug, caller)
    files = datasets.files(session, challenge_id=visit.challenge.id)
    return FilesView(items=tuple(FileView.model_validate(file) for file in files))


@router.get(
    "/{slug}/data/{path:path}",
    responses={
        **problems(401, 403, 404, 416),
        200: {"content": {"application/octet-stream": {}}},
        206: {"description": "The part asked for."},
    },
    response_class=Response,
)
def download_data(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    path: str,
    range_header: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
) -> Response:
    """Download a file, or a range of it; for people who accepted the rules, and hosts."""
    visit = enter(session, slug, caller)
    visit.require(Action.READ_DATA)
    if not visit.may(Action.READ_HOST):
        visit.require_rules(session)
    file = datasets.file(session, challenge_id=visit.challenge.id, path=path)
    return send_blob(
        state.storage.path(file.sha256),
        sha256=file.sha256,
        name=file.path.rpartition("/")[2],
        media_type=file.media_type,
        range_header=range_header,
        if_range=if_range,
    )
