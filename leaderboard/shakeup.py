"""How far the final order is from the public one, in the published figures (integrity.md §2.7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from palio.leaderboard.contracts import Standing

TOP = 10  # the second figure is of the best tenth


@dataclass(frozen=True, slots=True)
class Move:
    """One team's ranks on both boards."""

    team_id: str
    name: str
    public: int
    private: int


@dataclass(frozen=True, slots=True)
class Shakeup:
    """What the reveal changed.

    Attributes:
        teams: Those on both boards.
        overall: Mean of ``|private - public| / teams``; None without teams.
        top: The same over the best tenth of the private board; None below ten teams.
        spearman: Correlation of the ranks, ties at their mean; None where one side is all equal.
        moves: Best private rank first.

    """

    teams: int
    overall: float | None
    top: float | None
    spearman: float | None
    moves: tuple[Move, ...]


def shakeup(public: Iterable[Standing], private: Iterable[Standing]) -> Shakeup:
    """Compare two boards; a team with several rows is compared by its best one."""
    before = {row.team_id: row.rank for row in _best(public)}
    moves = tuple(
        Move(row.team_id, row.name, before[row.team_id], row.rank)
        for row in _best(private)
        if row.team_id in before
    )
    count = len(moves)
    best = moves[: count // TOP]
    return Shakeup(
        teams=count,
        overall=_mean_move(moves, teams=count),
        top=_mean_move(best, teams=count),
        spearman=spearman([move.public for move in moves], [move.private for move in moves]),
        moves=moves,
    )


def spearman(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return Spearman's rank correlation: Pearson's, of mid-ranks."""
    if len(first) < 2:  # noqa: PLR2004 (one point has no correlation)
        return None
    a, b = _mid_ranks(first), _mid_ranks(second)
    middle = (len(a) + 1) / 2
    spread = sqrt(sum((x - middle) ** 2 for x in a) * sum((y - middle) ** 2 for y in b))
    if spread == 0:
        return None
    return sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True)) / spread


@dataclass(frozen=True, slots=True)
class _Place:
    team_id: str
    name: str
    rank: int


def _best(standings: Iterable[Standing]) -> Iterable[_Place]:
    seen: set[str] = set()
    for row in standings:
        if row.rank is not None and row.team_id not in seen:
            seen.add(row.team_id)
            yield _Place(row.team_id, row.name, row.rank)


def _mean_move(moves: Sequence[Move], *, teams: int) -> float | None:
    if not moves:
        return None
    return sum(abs(move.private - move.public) for move in moves) / len(moves) / teams


def _mid_ranks(values: Sequence[int]) -> list[float]:
    places: dict[int, list[int]] = {}
    for place, value in enumerate(sorted(values), start=1):
        places.setdefault(value, []).append(place)
    return [sum(places[value]) / len(places[value]) for value in values]
