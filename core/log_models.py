"""Tables of the log: what was done, and the tree over it. Rows are only ever added.

The database itself refuses changes, see `log_triggers`.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime, metadata

__all__ = [
    "ONE_ROW",
    "AuditEvent",
    "LogCheckpoint",
    "LogKey",
    "LogNode",
    "LogState",
    "metadata",
]

ONE_ROW = 1


class AuditEvent(SQLModel, table=True):
    """One deed. Only `audit.erase` empties salt, actor, subject and detail; the hash stays."""

    __tablename__ = "audit_event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(index=True)  # person id, or "system"
    action: str  # folder.verb, e.g. challenges.extend
    subject_id: str = Field(index=True)
    challenge_id: str | None = Field(default=None, index=True)
    detail: str  # canonical JSON
    salt: str = ""  # hex; empty when erased, and in events older than the tree
    hash: str = Field(unique=True)  # `log_entries.Payload.hash`


class LogNode(SQLModel, table=True):
    """The hash of one complete subtree; level 0 holds the leaves, each of one event."""

    __tablename__ = "log_node"

    level: int = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    hash: bytes
    event_hash: str | None = Field(default=None, unique=True)  # of a leaf


class LogState(SQLModel, table=True):
    """How long the log is: one row, whose lock makes the order of the entries."""

    __tablename__ = "log_state"

    id: int = Field(default=ONE_ROW, primary_key=True)
    size: int = Field(sa_type=BigInteger)
    peaks: bytes  # of `merkle.add`, 32 bytes each


class LogCheckpoint(SQLModel, table=True):
    """A signed statement of length and root, kept so that later ones can be held against it."""

    __tablename__ = "log_checkpoint"

    size: int = Field(primary_key=True, sa_type=BigInteger)
    note: str
    at: datetime = Field(sa_type=UtcDateTime)


class LogKey(SQLModel, table=True):
    """A public key that signs, or signed, for this log."""

    __tablename__ = "log_key"

    verifier: str = Field(primary_key=True)  # `notes.Verifier`
    at: datetime = Field(sa_type=UtcDateTime)
