"""Who gets which prize of a final board: pure functions for every kind and tie rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count, groupby

from palio.challenges.prize_contracts import PrizeKind, PrizePlan, TieRule
from palio.core.money import Money, split
from palio.leaderboard.contracts import Column, Standing
from palio.submissions.contracts import SubmissionKind

RANK_POT = PrizeKind.RANK.value


@dataclass(frozen=True, slots=True)
class Allocation:
    """A prize and the team it falls to.

    Attributes:
        place: 1 = best; teams that share places all have the best of them.
        pot: See `contracts.Award`.

    """

    place: int
    title: str
    money: Money
    team_id: str
    team_name: str
    score: Decimal
    submission_id: str
    kind: PrizeKind = PrizeKind.RANK
    pot: str = RANK_POT


@dataclass(frozen=True, slots=True)
class Ranked:
    """A final board as far as prizes depend on it.

    Attributes:
        standings: In board order.
        columns: What the board shows; those with an order of 2 and more break statistical ties.
        reaches: Ids of the teams whose score reaches the line of a threshold prize, by its pot.
        divisions: Ids of the teams of each division.

    """

    standings: tuple[Standing, ...]
    columns: tuple[Column, ...] = ()
    reaches: Mapping[str, Collection[str]] | None = None
    divisions: Mapping[str, Collection[str]] | None = None


def pots(prizes: Sequence[PrizePlan]) -> dict[str, list[PrizePlan]]:
    """Return the prizes that the final board decides, together where one ranking gives them."""
    found: dict[str, list[PrizePlan]] = {}
    for number, prize in enumerate(prizes):
        match prize.kind:
            case PrizeKind.RANK:
                found.setdefault(RANK_POT, []).append(prize)
            case PrizeKind.DIVISION:
                found.setdefault(f"{prize.kind}:{prize.division}", []).append(prize)
            case PrizeKind.THRESHOLD:
                found[threshold_pot(number)] = [prize]
            case PrizeKind.PROGRESS:
                pass  # judged at its dates, `prizes.progress`
    return found


def threshold_pot(number: int) -> str:
    """Return the pot of the n-th prize (from 0), a threshold prize."""
    return f"{PrizeKind.THRESHOLD.value}:{number}"


@dataclass(frozen=True, slots=True)
class Before:
    """What happened in a pot so far.

    Attributes:
        passed_over: Ids of the teams that lost their prize.
        kept: Places by team of the prizes that are given for good; they are not moved any more.

    """

    passed_over: Collection[str] = ()
    kept: Mapping[str, int] = field(default_factory=dict)


def allocate_all(
    board: Ranked,
    *,
    prizes: Sequence[PrizePlan],
    tie_rule: TieRule,
    before: Mapping[str, Before],
) -> tuple[Allocation, ...]:
    """Give every prize of the final board that is not given for good; `before` is by pot."""
    given: list[Allocation] = []
    standings = in_prize_order(board.standings, columns=board.columns, tie_rule=tie_rule)
    for pot, own in pots(prizes).items():
        past = before.get(pot, Before())
        free, place_of = _free(own, kept=past.kept)
        found = allocate(
            _candidates(standings, pot=pot, board=board, prize=own[0]),
            prizes=free,
            tie_rule=tie_rule,
            passed_over={*past.passed_over, *past.kept},
        )
        given += [
            replace(each, kind=own[0].kind, pot=pot, place=place_of.get(each.place, each.place))
            for each in found
        ]
    return tuple(given)


def _free(
    prizes: Sequence[PrizePlan], *, kept: Mapping[str, int]
) -> tuple[Sequence[PrizePlan], dict[int, int]]:
    """Return the prizes that are still to be given, as ranks 1, 2, 3 …, and their real places.

    A kept team fills the best place from its own on that no other kept team fills: those that share
    a place, or places that one kept between them parts, pool as many as they are. So what is left
    of a place that is given in part are its lowest prizes: never more is given than there is.
    """
    if not kept:
        return prizes, {}
    taken: set[int] = set()
    for own in sorted(kept.values()):
        taken.add(next(place for place in count(own) if place not in taken))
    places = sorted({prize.rank for prize in prizes} - taken)
    rank_of = {place: rank for rank, place in enumerate(places, start=1)}
    free = [replace(prize, rank=rank_of[prize.rank]) for prize in prizes if prize.rank in rank_of]
    return free, {rank: place for place, rank in rank_of.items()}


def allocate(
    standings: Iterable[Standing],
    *,
    prizes: Sequence[PrizePlan],
    tie_rule: TieRule,
    passed_over: Collection[str] = (),
) -> tuple[Allocation, ...]:
    """Give every prize to the team on its place, best place first.

    Only ranked teams take a place, each one place, with its best row; the teams in `passed_over`
    take none, and those behind them move up. Where scores are equal, EARLIER and SECONDARY give
    places one by one in the order given (`in_prize_order`); SHARED lets the tied teams pool the
    prizes of the places they fill and split them evenly, left-over units to the earlier ones
    (integrity.md §5.3). Prizes in different currencies are never added up.

    Args:
        standings: In the order of `in_prize_order`.
        prizes: Any order; several may stand on one rank.
        tie_rule: As declared.
        passed_over: Ids of teams that declined, forfeited or were disqualified.

    """
    competing: dict[str, Standing] = {}
    for line in standings:
        if line.kind is SubmissionKind.COMPETITOR and line.team_id not in passed_over:
            competing.setdefault(line.team_id, line)
    given: list[Allocation] = []
    place = 1
    for group in _groups(list(competing.values()), tie_rule=tie_rule):
        places = range(place, place + len(group))
        pool = [prize for prize in sorted(prizes, key=_rank) if prize.rank in places]
        given.extend(_shares(pool, group=group, place=place))
        place += len(group)
    return tuple(given)


def in_prize_order(
    standings: Sequence[Standing], *, columns: Sequence[Column], tie_rule: TieRule
) -> tuple[Standing, ...]:
    """Return the rows in the order prizes go by: that of the board, but for SECONDARY.

    There the teams statistically tied with the first are ordered among themselves by the board's
    second column, then its third and so on, then as on the board (DREAM; integrity.md §2.8).
    """
    if tie_rule is not TieRule.SECONDARY:
        return tuple(standings)
    deciding = sorted((column for column in columns if column.order > 1), key=lambda c: c.order)
    tied = [line for line in standings if line.is_tied_with_first]
    rest = [line for line in standings if not line.is_tied_with_first]
    return (*sorted(tied, key=lambda line: _secondary(line, deciding)), *rest)


def _secondary(line: Standing, columns: Sequence[Column]) -> tuple[Decimal, ...]:
    values = dict(line.scores)
    return tuple(
        values[column.name] if column.is_lower_better else values[column.name].copy_negate()
        for column in columns
    )


def _candidates(
    standings: Sequence[Standing], *, pot: str, board: Ranked, prize: PrizePlan
) -> Sequence[Standing]:
    if prize.kind is PrizeKind.RANK:
        return standings
    if prize.kind is PrizeKind.DIVISION:
        teams = (board.divisions or {}).get(prize.division, ())
    else:
        teams = (board.reaches or {}).get(pot, ())
    return [line for line in standings if line.team_id in teams]


def _rank(prize: PrizePlan) -> int:
    return prize.rank


def _groups(standings: Sequence[Standing], *, tie_rule: TieRule) -> list[list[Standing]]:
    if tie_rule is not TieRule.SHARED:
        return [[line] for line in standings]
    return [
        list(lines) for _, lines in groupby(standings, key=lambda line: (line.rank, line.score))
    ]


def _shares(
    pool: Sequence[PrizePlan], *, group: Sequence[Standing], place: int
) -> list[Allocation]:
    shares: list[Allocation] = []
    for currency in dict.fromkeys(prize.money.currency for prize in pool):
        own = [prize for prize in pool if prize.money.currency == currency]
        title = " + ".join(prize.title for prize in own)
        parts = split(sum(prize.money.minor for prize in own), [1] * len(group))
        shares.extend(
            Allocation(
                place=place,
                title=f"{title} (shared)" if len(group) > 1 else title,
                money=Money(part, currency),
                team_id=line.team_id,
                team_name=line.name,
                score=line.score,
                submission_id=line.submission_id,
            )
            for line, part in zip(group, parts, strict=True)
        )
    return shares
