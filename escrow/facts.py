"""What a refund depends on, read from submissions and the final board."""

from sqlmodel import Session

from palio.challenges import rules as challenge_rules
from palio.challenges.contracts import Challenge
from palio.escrow.rules import RefundFacts
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
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


def _is_beaten(session: Session, challenge: Challenge) -> bool | None:
    """Tell whether the best entry is better than the best baseline; None before the reveal."""
    if challenge.revealed_at is None:
        return None
    board = boards.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    if board is None:
        return None
    ranking = next((column for column in board.columns if column.order == 1), None)
    is_lower_better = (
        challenge_rules.is_lower_better(challenge.plan)
        if ranking is None  # a board of before columns
        else ranking.is_lower_better
    )
    best = min if is_lower_better else max
    entries = [line.score for line in board.standings if line.kind is SubmissionKind.COMPETITOR]
    baselines = [line.score for line in board.standings if line.kind is SubmissionKind.BASELINE]
    if not entries:
        return False
    if not baselines:
        return True
    return best(entries) != best(baselines) and best(*entries, *baselines) == best(entries)
