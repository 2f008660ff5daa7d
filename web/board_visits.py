"""Who may look at a challenge's boards, and which version of which board they ask for."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.errors import BadRequestError, NotFoundError
from palio.leaderboard import queries, rules
from palio.leaderboard.contracts import Board, Line, Snapshot, Standing
from palio.web.visits import Visit, enter

_LOST_PLUS = re.compile(r"(T[0-9:.]+) (\d\d:?\d\d)$")  # a + that came as it is in an address


class BadInstantError(BadRequestError):
    """A time that cannot be read."""

    code = "bad_instant"


class PhaseBoardNotFoundError(NotFoundError):
    """There is no board of this phase."""

    code = "phase_board_not_found"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which board is asked for."""

    board: Annotated[
        Board | None, Query(description="private exists after the reveal, late after the close")
    ] = None
    at: Annotated[
        str, Query(max_length=60, description="the version in force at this time, with its zone")
    ] = ""
    phase: Annotated[
        str, Query(max_length=60, description="of an earlier phase, where phases stand apart")
    ] = ""

    @property
    def which(self) -> Board:
        """The board; the public one where none is named."""
        return self.board or Board.PUBLIC


WantedDep = Annotated[Wanted, Depends()]


@dataclass(frozen=True, slots=True)
class Shown:
    """A board, or an earlier phase's part of it."""

    snapshot: Snapshot
    phase: str
    standings: tuple[Standing, ...]
    lines: tuple[Line, ...]


def enter_board(session: Session, slug: str, caller: Caller | None) -> Visit:
    """Begin a visit at a challenge's boards.

    Raises:
        ChallengeNotFoundError: As `enter`.
        BoardNotShownError: Until the reveal they are for others.

    """
    visit = enter(session, slug, caller)
    rules.check_audience(
        visit.challenge,
        is_participant=visit.team(session) is not None,
        is_host=visit.may(Action.READ_HOST),
    )
    return visit


def shown(session: Session, visit: Visit, wanted: Wanted) -> Shown | None:
    """Return the board that is asked for, None before its first version.

    Raises:
        NotRevealedYetError: The private board before the reveal.
        BadInstantError, PhaseBoardNotFoundError: As said.

    """
    snapshot = queries.at(
        session,
        challenge_id=visit.challenge.id,
        board=wanted.which,
        instant=instant_of(wanted.at),
    )
    if snapshot is None:
        return None
    if wanted.phase in {"", snapshot.phase}:
        return Shown(snapshot, snapshot.phase, snapshot.standings, snapshot.lines)
    for earlier in snapshot.earlier:
        if earlier.phase == wanted.phase:
            return Shown(snapshot, earlier.phase, earlier.standings, earlier.lines)
    raise PhaseBoardNotFoundError(f"There is no board of a phase called {wanted.phase!r}.")


def instant_of(text: str) -> datetime | None:
    """Read an ISO 8601 time with its zone; None when there is none.

    Raises:
        BadInstantError: It is something else.

    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.strip()))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # the second: with its zone it lies beyond the calendar
        pass
    raise BadInstantError(f"{text!r} is no time with a zone; write 2026-12-01T12:00:00Z.")
