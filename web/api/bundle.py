"""What proves a board, for everybody who sees the challenge; checked by `palio verify board`."""

from fastapi import APIRouter, Request, Response

from palio.core import packing
from palio.pipeline import bundle
from palio.web.api.schemas import problems
from palio.web.buckets import Group
from palio.web.deps import CallerDep, StateDep, WriteDep
from palio.web.state import limit
from palio.web.visits import enter

router = APIRouter(prefix="/api/v1/challenges", tags=["log"])


@router.get(
    "/{slug}/bundle",
    responses={**problems(404), 200: {"content": {"application/zip": {}}}},
    response_class=Response,
)
def read_bundle(
    request: Request, session: WriteDep, state: StateDep, caller: CallerDep, slug: str
) -> Response:
    """Give rules, promises and log as a zip; after the reveal also what the board is ranked from.

    Before the reveal nothing in it is secret; after it everybody sees the scores of all entries,
    so that everybody can rank them again.
    """
    limit(request, Group.CHECK)  # it reads the whole log of the challenge, for anybody
    visit = enter(session, slug, caller)
    files = bundle.files(session, challenge=visit.challenge, signer=state.signer, now=visit.now)
    headers = {"Content-Disposition": f'attachment; filename="{slug}-bundle.zip"'}
    return Response(packing.pack(files), media_type="application/zip", headers=headers)
