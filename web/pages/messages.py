"""The page of a person's messages."""

from fastapi import APIRouter, Response

from palio.web.api.messages import messages_page, read_messages
from palio.web.api.schemas_messages import ReadOrder
from palio.web.deps import CursorDep, ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import FormDep, see_other
from palio.web.pages.frame import page
from palio.web.units import run_unit

router = APIRouter()


@router.get("/messages")
def show_messages(
    session: ReadDep, state: StateDep, caller: SignedInDep, cursor: CursorDep = None
) -> Response:
    """Show the caller's messages, newest first."""
    shown = messages_page(session, caller, cursor=cursor)
    new_ids = [message.id for message in shown.items if message.read_at is None]
    context = {"shown": shown, "new_ids": new_ids}
    return page(session, state, caller, "accounts/messages.html", context)


@router.post("/messages/read")
def mark_messages(state: StateDep, caller: SignedInDep, form: FormDep) -> Response:
    """Mark the messages of the page the form was on as read, and none that came since."""
    order = ReadOrder(ids=tuple(form.get("ids", "").split())[:500])
    run_unit(state, lambda session: read_messages(session, caller, order))
    return see_other("/messages")
