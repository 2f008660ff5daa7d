"""What another version of the scores would do to the boards: computed, never kept."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from palio.challenges.contracts import Challenge, ChallengePlan
from palio.challenges.prize_contracts import PrizeKind
from palio.leaderboard import making
from palio.leaderboard.contracts import Board, Standing
from palio.leaderboard.rescore_contracts import BoardChange, Preview, RowChange
from palio.submissions import private
from palio.submissions import queries as submissions
from palio.submissions.contracts import ScoredEntry
from palio.submissions.version_contracts import ScoreVersion


def preview(
    session: Session, *, challenge: Challenge, version: ScoreVersion, now: datetime
) -> Preview:
    """Compare the boards as they are with what they would be under a version.

    Before the reveal of private scores only a count is told, to hosts as to everybody.
    """
    would_be = replace(challenge, plan=replace(challenge.plan, metrics=version.metrics))
    active = private.private_scored_entries(session, challenge_id=challenge.id)
    shadow = private.private_scored_entries(
        session, challenge_id=challenge.id, version=version.pair
    )
    is_revealed = challenge.revealed_at is not None

    def compared(
        board: Board, before: Iterable[ScoredEntry], after: Iterable[ScoredEntry]
    ) -> BoardChange:
        return board_change(
            board,
            making.content(
                session, challenge=challenge, board=board, entries=before, now=now
            ).standings,
            making.content(
                session, challenge=would_be, board=board, entries=after, now=now
            ).standings,
            places=prize_places(challenge.plan),
        )

    return Preview(
        public=compared(
            Board.PUBLIC,
            submissions.scored_entries(session, challenge_id=challenge.id),
            submissions.scored_entries(session, challenge_id=challenge.id, version=version.pair),
        ),
        private=compared(Board.PRIVATE, active, shadow) if is_revealed else None,
        private_changed=_different(active, shadow),
    )


def prize_places(plan: ChallengePlan) -> int:
    """Return down to which rank a place on the board wins something."""
    ranks = (prize.rank for prize in plan.prizes if prize.kind is PrizeKind.RANK)
    return max(ranks, default=0)


def board_change(
    board: Board, before: Sequence[Standing], after: Sequence[Standing], *, places: int
) -> BoardChange:
    """Say what is different between two boards. Pure.

    Args:
        board: Which one.
        before: In board order.
        after: The same.
        places: Down to which rank there are prizes.

    """
    old, new = _by_key(before), _by_key(after)
    keys = [*new, *(key for key in old if key not in new)]
    changes = [_row_change(old.get(key), new.get(key)) for key in keys]
    rows = tuple(
        row
        for row in changes
        if (row.rank_before, row.score_before) != (row.rank_after, row.score_after)
    )
    winners_before, winners_after = _winners(before, places), _winners(after, places)
    return BoardChange(
        board=board,
        rows=rows,
        unchanged=len(changes) - len(rows),
        entering=_names(winners_after, winners_before),
        leaving=_names(winners_before, winners_after),
    )


def _by_key(standings: Sequence[Standing]) -> dict[tuple[str, str, int], Standing]:
    """Name the rows so that those of one team on both boards meet, best with best."""
    found: dict[tuple[str, str, int], Standing] = {}
    seen: dict[str, int] = {}
    for row in standings:
        name = row.team_id or row.name
        seen[name] = seen.get(name, 0) + 1
        found[row.kind.value, name, seen[name]] = row
    return found


def _row_change(before: Standing | None, after: Standing | None) -> RowChange:
    known = after or before
    assert known is not None  # noqa: S101 (a key stands on one of the two boards)
    return RowChange(
        team_id=known.team_id,
        name=known.name,
        rank_before=before.rank if before else None,
        rank_after=after.rank if after else None,
        score_before=before.score if before else None,
        score_after=after.score if after else None,
    )


def _winners(standings: Sequence[Standing], places: int) -> dict[str, str]:
    return {
        row.team_id: row.name
        for row in standings
        if row.team_id and row.rank is not None and row.rank <= places
    }


def _names(some: dict[str, str], others: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for team_id, name in some.items() if team_id not in others)


def _different(before: Iterable[ScoredEntry], after: Iterable[ScoredEntry]) -> int:
    """Count the submissions whose private scores are not the same, or are gone, or are new."""
    old, new = ({one.submission_id: one.all_rounded for one in each} for each in (before, after))
    return sum(old.get(key) != new.get(key) for key in {*old, *new})
