"""Who gets which prize: pure functions of the final board."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core.errors import ConflictError, NotFoundError
from palio.core.money import Money, split
from palio.leaderboard.contracts import Standing
from palio.prizes.contracts import Award, AwardState
from palio.submissions.contracts import SubmissionKind


class AwardNotFoundError(NotFoundError):
    """No such award."""

    code = "award_not_found"


class AwardDecidedError(ConflictError):
    """The award was confirmed or declined before."""

    code = "award_decided"


class BetterPlaceOpenError(ConflictError):
    """A better place is undecided: this team would move up if that one declines."""

    code = "better_place_open"


class AwardsUndecidedError(ConflictError):
    """The challenge cannot be put away while an award waits for a decision."""

    code = "awards_undecided"


@dataclass(frozen=True, slots=True)
class Allocation:
    """A prize and the team it falls to.

    Attributes:
        place: 1 = best; teams that share places all have the best of them.

    """

    place: int
    title: str
    money: Money
    team_id: str
    team_name: str
    score: Decimal
    submission_id: str


def allocate(
    standings: Iterable[Standing],
    *,
    prizes: Sequence[PrizePlan],
    tie_rule: TieRule,
    passed_over: Collection[str] = (),
) -> tuple[Allocation, ...]:
    """Give every prize to the team on its place, best place first.

    Baseline lines and the teams in `passed_over` take no place; those behind them move up.
    Where scores are equal, EARLIER gives places one by one in board order (earlier receipt
    first); SHARED lets the tied teams pool the prizes of the places they fill and split them
    evenly, left-over units to the earlier ones (integrity.md §5.3). Prizes in different
    currencies are never added up.

    Args:
        standings: The final board, in board order.
        prizes: Any order; several may stand on one rank.
        tie_rule: As declared.
        passed_over: Ids of teams that declined.

    """
    competing = [
        line
        for line in standings
        if line.kind is SubmissionKind.COMPETITOR and line.team_id not in passed_over
    ]
    given: list[Allocation] = []
    place = 1
    for group in _groups(competing, tie_rule=tie_rule):
        places = range(place, place + len(group))
        pool = [prize for prize in sorted(prizes, key=_rank) if prize.rank in places]
        given.extend(_shares(pool, group=group, place=place))
        place += len(group)
    return tuple(given)


def check_open(award: Award) -> None:
    """Let an award be decided once.

    Raises:
        AwardDecidedError: It was decided before.

    """
    if award.state is not AwardState.PROVISIONAL:
        raise AwardDecidedError(f"This award is {award.state.value} already; that stays.")


def check_confirm(award: Award, *, awards: Iterable[Award]) -> None:
    """Let an award be confirmed once every better place is decided.

    So a team that moves up never leaves a confirmed prize behind.

    Raises:
        AwardDecidedError: It was decided before.
        BetterPlaceOpenError: Names the place to decide first.

    """
    check_open(award)
    better = [
        other.place
        for other in awards
        if other.state is AwardState.PROVISIONAL and other.place < award.place
    ]
    if better:
        raise BetterPlaceOpenError(
            f"Decide place {min(better)} first: if that team declines, {award.team_name} moves up."
        )


def _rank(prize: PrizePlan) -> int:
    return prize.rank


def _groups(standings: Sequence[Standing], *, tie_rule: TieRule) -> list[list[Standing]]:
    if tie_rule is TieRule.EARLIER:
        return [[line] for line in standings]
    return [list(lines) for _, lines in groupby(standings, key=lambda line: line.score)]


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
