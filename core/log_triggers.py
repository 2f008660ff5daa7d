"""Triggers that keep the log append-only, whoever writes to the database.

What they refuse: changing or removing an event, a node or a checkpoint, and shortening the log.
The one exception is `audit.erase`: an event may lose its salt and what only the salt protected,
all of it at once. A database's owner can drop triggers; then the signed checkpoints tell.
"""

from typing import Any

from sqlalchemy import Connection, event

from palio.core import log_models

_KEPT = ("id", "at", "action", "challenge_id", "hash")
_ERASED = ("salt", "actor_id", "subject_id", "detail")
_WORDS = "the log is append-only"
# Table: when an update is sound. Deletes never are.
_SOUND = {
    "audit_event": " AND ".join(
        [f"NEW.{name} {{same}} OLD.{name}" for name in _KEPT]
        + [f"NEW.{name} = ''" for name in _ERASED]
    ),
    "log_node": "",
    "log_checkpoint": "",
    "log_key": "",
    "log_state": "NEW.id = OLD.id AND NEW.size > OLD.size",
}


def statements(dialect: str, table: str) -> tuple[str, ...]:
    """Return what makes the triggers of one table; doing it twice changes nothing."""
    # SQLite knows the standard's words for it only since 3.39.
    sound = _SOUND[table].format(same="IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM")
    made: list[str] = []
    for verb, when in (("UPDATE", sound), ("DELETE", "")):
        name = f"{table}_no_{verb.lower()}"
        condition = f" WHEN (NOT ({when}))" if when else ""
        made.append(f"DROP TRIGGER IF EXISTS {name}" + _on(dialect, table))
        made.append(
            f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW{condition} "
            + _refuse(dialect)
        )
    return (*_function(dialect), *made)


def create(connection: Connection) -> None:
    """Make the triggers of every table of the log; for migrations."""
    for table in _SOUND:
        for statement in statements(connection.dialect.name, table):
            connection.exec_driver_sql(statement)


def _on(dialect: str, table: str) -> str:
    return "" if dialect == "sqlite" else f" ON {table}"


def _refuse(dialect: str) -> str:
    if dialect == "sqlite":
        return f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    return "EXECUTE FUNCTION palio_log_is_append_only()"


def _function(dialect: str) -> tuple[str, ...]:
    if dialect == "sqlite":
        return ()
    return (
        (
            "CREATE OR REPLACE FUNCTION palio_log_is_append_only() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'restrict_violation'; END $$"
        ),
    )


def _after_create(table: Any, connection: Connection, **_options: object) -> None:  # noqa: ANN401 (SQLAlchemy's table)
    for statement in statements(connection.dialect.name, table.name):
        connection.exec_driver_sql(statement)


for _table in _SOUND:
    event.listen(log_models.metadata.tables[_table], "after_create", _after_create)
