"""The escrow ledger guarded by the database itself: see `palio.escrow.guards`."""

from alembic import op

from palio.escrow import guards

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for statement in guards.statements(connection.dialect.name):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    pass
