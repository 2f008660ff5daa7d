"""The log: triggers that keep it append-only, and the leaves of events from before the tree.

Revision ID: 0003
Revises: 0002

"""

import sqlalchemy as sa
from alembic import op

from palio.core import log_triggers, merkle
from palio.core.db import UtcDateTime
from palio.core.log_entries import Record

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

EVENT = sa.table(
    "audit_event",
    sa.column("id", sa.Integer),
    sa.column("at", UtcDateTime),
    sa.column("action", sa.String),
    sa.column("challenge_id", sa.String),
    sa.column("hash", sa.String),
)
NODE = sa.table(
    "log_node",
    sa.column("level", sa.Integer),
    sa.column("position", sa.BigInteger),
    sa.column("hash", sa.LargeBinary),
    sa.column("event_hash", sa.String),
)
STATE = sa.table(
    "log_state",
    sa.column("id", sa.Integer),
    sa.column("size", sa.BigInteger),
    sa.column("peaks", sa.LargeBinary),
)


def upgrade() -> None:
    """Let older events join the tree, in their order and with the hash they had in the chain."""
    connection = op.get_bind()
    log_triggers.create(connection)
    peaks: list[bytes] = []
    size = 0
    for event in connection.execute(sa.select(EVENT).order_by(EVENT.c.id)).all():
        leaf = Record(event.at, event.action, event.challenge_id, event.hash).leaf()
        for (level, position), node in merkle.add(peaks, leaf, size=size):
            name = None if level else event.hash
            values = {"level": level, "position": position, "hash": node, "event_hash": name}
            connection.execute(NODE.insert().values(values))
        size += 1
    connection.execute(STATE.insert().values(id=1, size=size, peaks=b"".join(peaks)))


def downgrade() -> None:
    """Nothing goes back: a log that could would be none."""
