"""Brings boards and prizes in line when it changes what counts: disqualified, withdrawn, merged."""

from datetime import datetime

from sqlmodel import Session

from palio.accounts import mergers as proposals
from palio.accounts.contracts import Team
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.leaderboard import service as leaderboard
from palio.pipeline import board_steps, draw_asks
from palio.prizes import mergers as prize_mergers
from palio.prizes import service as prizes
from palio.submissions import mergers


def merge_teams(
    session: Session, *, merger_id: str, challenge: Challenge, by: str, now: datetime
) -> Team:
    """Accept a proposal of a merger, with all that follows: awards, divisions, boards.

    Raises:
        AppError: As `submissions.mergers.accept`.

    """
    merged = mergers.accept(session, merger_id=merger_id, challenge=challenge, by=by, now=now)
    merger = proposals.merger(session, merger_id)
    prize_mergers.follow_merger(session, challenge, merger, by=by, now=now)
    correct_boards(session, challenge_id=challenge.id, reason="merger", by=by, now=now)
    return merged


def correct_boards(
    session: Session, *, challenge_id: str, reason: str, by: str, now: datetime
) -> None:
    """Make new boards, in the transaction of the deed they follow from.

    The public board is made by the next worker, in seconds. The private one, where it is revealed,
    gets its next version at once, and undecided prizes follow it; progress prizes before it too.

    Args:
        session: The transaction of the deed.
        challenge_id: Whose boards.
        reason: A code, such as ``disqualification``; kept in the audit log.
        by: Person id.
        now: The database's time.

    """
    board_steps.note_change(session, challenge_id)
    challenge = challenges.lock_challenge(session, challenge_id)
    if challenge.revealed_at is not None:
        leaderboard.rereveal(session, challenge=challenge, reason=reason, by=by, now=now)
        draw_asks.ask_anew(session, challenge, now=now)
    prizes.follow_board(session, challenge, now=now, by=by)
