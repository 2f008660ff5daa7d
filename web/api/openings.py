"""Opened answers: a host asks, a worker makes the file, everybody holds it against the promise."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.errors import NotFoundError
from palio.pipeline import openings
from palio.pipeline.contracts import OpeningState
from palio.web.api.schemas import problems
from palio.web.api.schemas_openings import OpeningOrder, OpeningsView, OpeningView
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.files import send_blob
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["log"])


class OpeningNotFoundError(NotFoundError):
    """These answers are not opened, or not yet."""

    code = "opening_not_found"


@router.post("/{slug}/openings", status_code=202, responses=problems(401, 403, 404, 409))
def open_answers(
    session: WriteDep, caller: SignedInDep, slug: str, order: OpeningOrder
) -> OpeningView:
    """Ask for the answers to be opened for everybody, all or one row; after the reveal, audited.

    A worker makes the file, in some seconds. Asked again, the same opening is returned.
    """
    return ask(session, enter(session, slug, caller), caller, row=order.row)


def ask(session: Session, visit: Visit, caller: Caller, *, row: str) -> OpeningView:
    """Ask for answers of the visited challenge to be opened."""
    visit.require(Action.JUDGE_RESULTS)
    found = openings.ask(
        session, challenge_id=visit.challenge.id, row=row, by=caller.person.id, now=visit.now
    )
    return OpeningView.model_validate(found)


@router.get("/{slug}/openings", responses=problems(404))
def list_openings(session: ReadDep, caller: CallerDep, slug: str) -> OpeningsView:
    """List what was opened of the answers; nothing before the reveal."""
    visit = enter(session, slug, caller)
    visit.require(Action.READ_PRIVATE_SCORE)
    return OpeningsView(items=openings_of(session, visit))


def openings_of(session: Session, visit: Visit) -> tuple[OpeningView, ...]:
    """Return the openings of the visited challenge; none before the reveal."""
    if not visit.may(Action.READ_PRIVATE_SCORE):
        return ()
    found = openings.of_challenge(session, challenge_id=visit.challenge.id)
    return tuple(map(OpeningView.model_validate, found))


@router.get(
    "/{slug}/openings/{opening_id}/file",
    responses={**problems(404), 200: {"content": {"application/x-ndjson": {}}}},
    response_class=Response,
)
def read_opening(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    opening_id: str,
    range_header: Annotated[str | None, Header(alias="Range")] = None,
) -> Response:
    """Give opened answers with their salts, for `palio verify board BUNDLE --answers FILE`."""
    visit = enter(session, slug, caller)
    visit.require(Action.READ_PRIVATE_SCORE)
    for found in openings_of(session, visit):
        if found.id == opening_id and found.state is OpeningState.OPENED:
            return send_blob(
                state.storage.path(found.sha256),
                sha256=found.sha256,
                name=f"{slug}-answers{'-row' if found.row else ''}.jsonl",
                media_type="application/x-ndjson",
                range_header=range_header,
            )
    raise OpeningNotFoundError("These answers are not opened (yet).")
