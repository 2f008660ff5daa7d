"""The page of the log: what it says of itself, and its latest entries."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from palio.core import log
from palio.core.log_entries import readable
from palio.web.api.log import current_checkpoint, list_log_entries, log_view
from palio.web.api.receipts import receipt_of
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.pages.frame import page

router = APIRouter()
_PER_PAGE = 50


@router.get("/log")
def show_log(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """Show the head of the log and its entries, newest first."""
    note = current_checkpoint(state)
    size = log.head(session).size
    last = min(before or size, size)
    first = max(last - _PER_PAGE, 0)
    entries = list_log_entries(session, first=first, limit=last - first or 1).items[::-1]
    context = {
        "view": log_view(session, note),
        "entries": entries,
        "older": first or None,
    }
    return page(session, state, caller, "log/show.html", context)


@router.get("/submissions/{submission_id}/receipt.json")
def download_receipt(
    session: WriteDep, state: StateDep, caller: SignedInDep, submission_id: str
) -> Response:
    """Give the receipts of a submission as a file to keep."""
    found = receipt_of(session, state, caller, submission_id=submission_id)
    headers = {"Content-Disposition": f'attachment; filename="receipt-{submission_id}.json"'}
    return Response(readable(found.model_dump()), media_type="application/json", headers=headers)
