"""Messages that leave after the commit: application code asks, the unit of work sends."""

from dataclasses import dataclass

from sqlmodel import Session

_KEY = "palio_messages"


@dataclass(frozen=True, slots=True)
class Message:
    """A hint that there is work: a task name and one id, nothing else."""

    task: str
    id: str


def enqueue(session: Session, *, task: str, id: str) -> None:  # noqa: A002 (the word people use)
    """Send the message once this session's transaction is committed, never otherwise."""
    session.info.setdefault(_KEY, []).append(Message(task=task, id=id))


def take(session: Session) -> tuple[Message, ...]:
    """Return and forget the messages collected so far."""
    return tuple(session.info.pop(_KEY, ()))
