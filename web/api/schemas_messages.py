"""Shapes of messages: what people are told on the site."""

from datetime import datetime

from pydantic import Field

from palio.web.api.schemas import ID, NOW, Order, View, example

MESSAGE = {
    "id": ID,
    "challenge": "toy-ratings",
    "kind": "rescore.applied",
    "text": "All submissions were scored again with a corrected answer key.",
    "at": NOW,
    "read_at": None,
}


class MessageView(View):
    """One message; `challenge` is the slug of what it is about."""

    id: str
    challenge: str | None
    kind: str
    text: str
    at: datetime
    read_at: datetime | None


class MessagesView(View):
    """One page of messages, newest first, and how many are unread in all."""

    model_config = example({"items": [MESSAGE], "next_cursor": None, "unread": 1})

    items: tuple[MessageView, ...]
    next_cursor: str | None
    unread: int


class ReadOrder(Order):
    """Messages to mark as read."""

    model_config = example({"ids": [ID]})

    ids: tuple[str, ...] = Field(max_length=500)
