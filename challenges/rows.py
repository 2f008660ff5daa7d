"""The rows of a challenge under their lock, and the one way its state changes."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from palio.challenges import rules
from palio.challenges.contracts import ChallengeState
from palio.challenges.errors import ChallengeNotFoundError
from palio.challenges.models import ChallengeRow, PhaseRow
from palio.core import audit


def lock(session: Session, challenge_id: str, *, is_shared: bool = False) -> ChallengeRow:
    """Return the challenge's row, held until the transaction ends.

    Raises:
        ChallengeNotFoundError: There is none.

    """
    row = session.get(
        ChallengeRow, challenge_id, with_for_update={"read": is_shared}, populate_existing=True
    )
    if row is None:
        raise ChallengeNotFoundError("There is no such challenge.")
    return row


def move(
    session: Session, row: ChallengeRow, to: ChallengeState, *, by: str, now: datetime
) -> None:
    """Change the state, audited.

    Raises:
        IllegalMoveError: The table has no such move.

    """
    before = ChallengeState(row.state)
    rules.check_move(before, to)
    row.state = to.value
    set_next_change(session, row)
    audit.record(
        session,
        actor_id=by,
        action=f"challenges.{to.value}",
        subject_id=row.id,
        challenge_id=row.id,
        now=now,
        detail={"from": before.value},
    )


def set_next_change(session: Session, row: ChallengeRow) -> None:
    """Work out anew when time alone moves the challenge."""
    all_of_it = phases(session, row.id)
    row.next_change_at = rules.next_change_at(
        ChallengeState(row.state),
        opens_at=all_of_it[0].opens_at,
        closes_at=all_of_it[-1].closes_at,
    )
    session.add(row)
    session.flush()


def phases(session: Session, challenge_id: str) -> Sequence[PhaseRow]:
    """Return the phases in order, as they stand in the database."""
    query = select(PhaseRow).where(PhaseRow.challenge_id == challenge_id)
    return session.exec(
        query.order_by(col(PhaseRow.position)).execution_options(populate_existing=True)
    ).all()
