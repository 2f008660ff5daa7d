"""What a refund depends on, read from submissions and the final board."""

from collections.abc import Iterable

from sqlmodel import Session

from palio.challenges import rules as challenge_rules
from palio.challenges.contracts import Challenge, ChallengePlan
from palio.escrow.rules import RefundFacts
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Column, Standing
from palio.submissions import queries as submissions
from palio.submissions.contracts import SubmissionKind


def for_refund(session: Session, *, challenge: Challenge, is_settled: bool) -> RefundFacts:
    """Return where a challenge stands, as far as money is concerned; awards are the caller's."""
    # Told or not: nobody gets money back because scores are hidden until the reveal.
    entries = submissions.scored_entries(session, challenge_id=challenge.id, with_untold=True)
    return RefundFacts(
        state=challenge.state,
        has_entry=any(entry.kind is SubmissionKind.COMPETITOR for entry in entries),
        is_beaten=_is_beaten(session, challenge),
        is_settled=is_settled,
    )


def is_beaten(
    plan: ChallengePlan, *, standings: Iterable[Standing], columns: Iterable[Column]
) -> bool:
    """Tell whether the best entry of a final board is better than the best baseline, if any."""
    ranking = next((column for column in columns if column.order == 1), None)
    is_lower_better = (
        challenge_rules.is_lower_better(plan)
        if ranking is None  # a board of before columns
        else ranking.is_lower_better
    )
    best = min if is_lower_better else max
    rows = tuple(standings)
    entries = [line.score for line in rows if line.kind is SubmissionKind.COMPETITOR]
    baselines = [line.score for line in rows if line.kind is SubmissionKind.BASELINE]
    if not entries:
        return False
    if not baselines:
        return True
    return best(entries) != best(baselines) and best(*entries, *baselines) == best(entries)


def _is_beaten(session: Session, challenge: Challenge) -> bool | None:
    """Tell the same of the board as it stands; None before the reveal."""
    if challenge.revealed_at is None:
        return None
    board = boards.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    if board is None:
        return None
    return is_beaten(challenge.plan, standings=board.standings, columns=board.columns)
