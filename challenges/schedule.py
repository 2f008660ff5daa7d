"""What moves the close of a phase: extensions, last calls, opening again; all of it public."""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import queries, rows, rules
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.errors import PhaseNotFoundError
from palio.challenges.models import ChallengeRow, PhaseRow, ScheduleChangeRow
from palio.core import audit

SYSTEM = "system"  # the actor of moves that time makes


def extend_phase(
    session: Session,
    *,
    challenge_id: str,
    phase_id: str,
    closes_at: datetime,
    reason: str,
    by: str,
    now: datetime,
) -> Challenge:
    """Move the close of a phase forwards, in public.

    Raises:
        PhaseNotFoundError: The challenge has no such phase.
        BadExtensionError, ReasonMissingError: See `rules.check_extension`.

    """
    row = rows.lock(session, challenge_id)
    challenge = queries.of_rows(session, [row])[0]
    phase = next((phase for phase in challenge.phases if phase.id == phase_id), None)
    phase_row = session.get(PhaseRow, phase_id)
    if phase is None or phase_row is None:
        raise PhaseNotFoundError("The challenge has no such phase.")
    rules.check_extension(challenge, phase, closes_at=closes_at, reason=reason, now=now)
    _move_close(session, row, phase_row, closes_at, ("challenges.extend", reason, by), now=now)
    return queries.of_rows(session, [row])[0]


def set_last_call(
    session: Session, *, challenge_id: str, closes_at: datetime, reason: str, now: datetime
) -> Challenge:
    """Set the close of the last phase for everybody, earlier or later, in public.

    Raises:
        BadExtensionError: The challenge does not run, or would close before now.

    """
    row = rows.lock(session, challenge_id)
    rules.check_last_call(ChallengeState(row.state), closes_at=closes_at, now=now)
    last = rows.phases(session, challenge_id)[-1]
    if last.closes_at != closes_at:
        said = ("challenges.last_call", reason, SYSTEM)
        _move_close(session, row, last, closes_at, said, now=now)
    return queries.of_rows(session, [row])[0]


def reopen(
    session: Session,
    *,
    challenge_id: str,
    closes_at: datetime,
    reason: str,
    now: datetime,
    by: str = SYSTEM,
) -> Challenge:
    """Open a revealed challenge again, its last phase until `closes_at`; its boards are kept.

    The private board is nobody's any more until the next reveal, which makes another version.

    Raises:
        IllegalMoveError: It is not revealed.

    """
    row = rows.lock(session, challenge_id)
    last = rows.phases(session, challenge_id)[-1]
    row.round += 1
    row.revealed_at = None
    rows.move(session, row, ChallengeState.OPEN, by=by, now=now)
    _move_close(session, row, last, closes_at, ("challenges.reopen", reason, by), now=now)
    return queries.of_rows(session, [row])[0]


def _move_close(
    session: Session,
    row: ChallengeRow,
    phase: PhaseRow,
    closes_at: datetime,
    said: tuple[str, str, str],
    *,
    now: datetime,
) -> None:
    action, reason, by = said
    before = phase.closes_at
    phase.closes_at = closes_at
    session.add(phase)
    session.flush()
    rows.set_next_change(session, row)
    change = ScheduleChangeRow(
        challenge_id=row.id,
        phase_id=phase.id,
        closes_at_before=before,
        closes_at_after=closes_at,
        reason=reason.strip(),
        changed_by=by,
        at=now,
    )
    session.add(change)
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=phase.id,
        challenge_id=row.id,
        now=now,
        detail={"from": before.isoformat(), "to": closes_at.isoformat()},
    )
