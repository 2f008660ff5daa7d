"""The history of the best rows, for a race chart: their ranks at some instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from palio.leaderboard import queries, snapshots
from palio.leaderboard.contracts import Board
from palio.leaderboard.models import BoardSnapshot

TEAMS_MOST = 50
POINTS_MOST = 60  # a board of thousands takes 20 ms to read
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Racer:
    """One team of a race.

    Attributes:
        name: As on the newest board.
        ranks: At each instant, None before its first row.
        scores: The same.

    """

    team_id: str
    name: str
    ranks: tuple[int | None, ...]
    scores: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Race:
    """How the teams that are best now came there."""

    board: Board
    version: int  # of the newest board in it
    instants: tuple[datetime, ...]
    racers: tuple[Racer, ...]


def race(session: Session, *, challenge_id: str, board: Board, teams: int) -> Race:
    """Return the history of the best teams of the newest board, at most 60 instants of it.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    kept = queries.versions(session, challenge_id=challenge_id, board=board)
    shown = spread(kept, most=POINTS_MOST)
    found = session.exec(
        select(BoardSnapshot.id, BoardSnapshot.body).where(
            col(BoardSnapshot.id).in_([version.id for version in shown])
        )
    )
    ranks = {id_: snapshots.ranks_of(body) for id_, body in found}
    last = ranks[shown[-1].id] if shown else {}
    best = sorted(last, key=lambda team_id: last[team_id][0])[:teams]
    rows = [[ranks[version.id].get(team_id) for version in shown] for team_id in best]
    return Race(
        board=board,
        version=kept[-1].version if kept else 0,
        instants=tuple(version.made_at for version in shown),
        racers=tuple(
            Racer(
                team_id=team_id,
                name=last[team_id][1],
                ranks=tuple(row and row[0] for row in own),
                scores=tuple(row and row[2] for row in own),
            )
            for team_id, own in zip(best, rows, strict=True)
        ),
    )


def spread(items: Sequence[T], *, most: int) -> tuple[T, ...]:
    """Return at most so many items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return tuple(items)
    step = (len(items) - 1) / (most - 1)
    return tuple(items[round(place * step)] for place in range(most))
