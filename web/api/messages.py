"""A person's messages: list them, mark them as read."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import access, messages
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges import queries as challenges
from palio.core.clock import database_now
from palio.web.api.schemas import problems
from palio.web.api.schemas_messages import MessagesView, MessageView, ReadOrder
from palio.web.deps import LIMIT, CursorDep, LimitDep, ReadDep, SignedInDep, WriteDep

router = APIRouter(prefix="/api/v1/messages", tags=["accounts"])


@router.get("", responses=problems(401))
def list_messages(
    session: ReadDep, caller: SignedInDep, cursor: CursorDep = None, limit: LimitDep = LIMIT
) -> MessagesView:
    """List the caller's messages, newest first; not by a token bound to one challenge."""
    return messages_page(session, caller, cursor=cursor, limit=limit)


def messages_page(
    session: Session, caller: Caller, *, cursor: str | None, limit: int = LIMIT
) -> MessagesView:
    """Return one page of the caller's messages."""
    access.check(caller, Action.READ_MESSAGES, is_own=True)
    person_id = caller.person.id
    found = messages.messages(session, person_id=person_id, cursor=cursor, limit=limit)
    ids = {message.challenge_id for message in found.items if message.challenge_id}
    slugs = {one: challenges.by_id(session, one).slug for one in ids}
    return MessagesView(
        items=tuple(
            MessageView(
                id=message.id,
                challenge=slugs[message.challenge_id] if message.challenge_id else None,
                kind=message.kind,
                text=message.text,
                at=message.at,
                read_at=message.read_at,
            )
            for message in found.items
        ),
        next_cursor=found.next_cursor,
        unread=messages.unread_count(session, person_id),
    )


@router.post("/read", status_code=204, responses=problems(401))
def read_messages(session: WriteDep, caller: SignedInDep, order: ReadOrder) -> None:
    """Mark messages as read; repeating it changes nothing."""
    access.check(caller, Action.READ_MESSAGES, is_own=True)
    messages.mark_read(
        session, person_id=caller.person.id, message_ids=order.ids, now=database_now(session)
    )
