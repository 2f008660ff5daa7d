"""What Alembic runs: one transaction on the connection that the caller brings."""

from typing import Any, Literal

from alembic import context
from sqlmodel.sql.sqltypes import AutoString

from palio.core.db import UtcDateTime


def render(kind: str, value: Any, _context: object) -> str | Literal[False]:  # noqa: ANN401 (Alembic's signature)
    """Write our column types by their short names into new migrations."""
    if kind == "type" and isinstance(value, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
