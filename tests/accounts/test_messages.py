"""Messages: each person once, own ones only, read ones stay read."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlmodel import Session

from palio.accounts import messages
from palio.accounts.contracts import Person

Work = Callable[[], AbstractContextManager[Session]]


def test_people_named_twice_get_one_message_each_newest_first(
    work: Work, join: Callable[..., Person], now: datetime
) -> None:
    ada, bob = join("ada").id, join("bob").id
    for text in ("first", "second"):
        with work() as session:
            messages.send(
                session,
                person_ids=[ada, bob, ada],
                challenge_id=None,
                kind="test.said",
                text=text,
                now=now,
            )
    with work() as session:
        page = messages.messages(session, person_id=ada, limit=1)
        rest = messages.messages(session, person_id=ada, cursor=page.next_cursor, limit=1)
        texts = [message.text for message in (*page.items, *rest.items)]
        assert (sorted(texts), rest.next_cursor) == (["first", "second"], None)
        assert messages.unread_count(session, bob) == 2


def test_only_ones_own_named_messages_become_read_once(
    work: Work, join: Callable[..., Person], now: datetime
) -> None:
    ada, bob = join("ada").id, join("bob").id
    with work() as session:
        messages.send(
            session, person_ids=[ada, bob], challenge_id="c", kind="test.said", text="x", now=now
        )
    with work() as session:
        (mine,) = messages.messages(session, person_id=ada).items
        messages.mark_read(session, person_id=bob, message_ids=[mine.id], now=now)
        assert (messages.unread_count(session, ada), messages.unread_count(session, bob)) == (1, 1)
        messages.mark_read(session, person_id=ada, message_ids=[mine.id], now=now)
        assert messages.unread_count(session, ada) == 0
    with work() as session:
        messages.mark_read(
            session, person_id=ada, message_ids=[mine.id], now=now.replace(year=2030)
        )
        (again,) = messages.messages(session, person_id=ada).items
        assert again.read_at == now
