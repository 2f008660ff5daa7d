"""Units of work with one more try: what may be done again when the database refuses a race."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

from palio.core.db import unit_of_work
from palio.web.state import WebState

T = TypeVar("T")
# Serialization failure, deadlock, lock time-out (PostgreSQL, appendix A); pg8000 puts the
# code under "C" of a dictionary.
_TRANSIENT_CODES = frozenset({"40001", "40P01", "55P03"})
# The server shuts down, starts, or has no room for one more connection.
_AWAY_CODES = frozenset({"57P01", "57P02", "57P03", "53300"})
_DISK_FULL = "53100"


def is_transient(error: DBAPIError) -> bool:
    """Say whether the same transaction may well pass when tried again."""
    said = _said(error)
    return said in _TRANSIENT_CODES or (isinstance(error, OperationalError) and "locked" in said)


def is_away(error: DBAPIError) -> bool:
    """Say whether the database was not there, or went away in the middle."""
    is_cut = error.orig is not None and isinstance(error.orig.__cause__, OSError)
    return _said(error) in _AWAY_CODES or is_cut or error.connection_invalidated


def is_full(error: DBAPIError) -> bool:
    """Say whether the database has no room left."""
    said = _said(error)
    return said == _DISK_FULL or (isinstance(error, OperationalError) and "disk is full" in said)


def _said(error: DBAPIError) -> str:
    """Return PostgreSQL's code of an error, or SQLite's words."""
    first = error.orig.args[0] if error.orig is not None and error.orig.args else ""
    return str(first.get("C") if isinstance(first, dict) else first)


def run_unit(state: WebState, work: Callable[[Session], T]) -> T:
    """Run `work` in one transaction; when a race spoiled it, once more.

    A broken uniqueness rule counts as a race: somebody wrote the row between our look and our
    write, and the second look sees it.
    """
    try:
        return _run_once(state, work)
    except DBAPIError as error:
        if not (is_transient(error) or isinstance(error, IntegrityError)):
            raise
    return _run_once(state, work)


def _run_once(state: WebState, work: Callable[[Session], T]) -> T:
    with unit_of_work(state.engine, send=state.send) as session:
        return work(session)
