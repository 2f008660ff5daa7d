"""Brings boards and prizes in line when it changes what counts: disqualified, withdrawn, merged."""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.leaderboard import service as leaderboard
from palio.pipeline import board_steps
from palio.prizes import service as prizes


def correct_boards(
    session: Session, *, challenge_id: str, reason: str, by: str, now: datetime
) -> None:
    """Make new boards, in the transaction of the deed they follow from.

    The public board is made by the next worker, in seconds. The private one, where it is revealed,
    gets its next version at once, and undecided prizes follow it.

    Args:
        session: The transaction of the deed.
        challenge_id: Whose boards.
        reason: A code, such as ``disqualification``; kept in the audit log.
        by: Person id.
        now: The database's time.

    """
    board_steps.note_change(session, challenge_id)
    challenge = challenges.lock_challenge(session, challenge_id)
    if challenge.revealed_at is None:
        return
    leaderboard.rereveal(session, challenge=challenge, reason=reason, by=by, now=now)
    prizes.follow_board(session, challenge, now=now, by=by)
