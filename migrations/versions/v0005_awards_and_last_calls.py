"""Awards of before know what they are for; the close of a phase may move back by a last call."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Fill new columns, and let a schedule change point either way."""
    op.execute(
        sa.text(
            "UPDATE award SET kind = 'rank', pot = 'rank',"
            " entered_at = COALESCE(decided_at, made_at) WHERE kind = ''"
        )
    )
    with op.batch_alter_table("schedule_change") as batch:
        batch.drop_constraint(op.f("ck_schedule_change_forwards"), type_="check")
        batch.create_check_constraint(
            op.f("ck_schedule_change_moved"), "closes_at_before <> closes_at_after"
        )


def downgrade() -> None:
    """There is no way back: a last call may have been made."""
