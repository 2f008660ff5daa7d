"""What was found at the gates of an award, by people, by a rerun, or by nobody for too long."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import Gate
from palio.prizes import moves, queries, rules
from palio.prizes.models import AwardGateRow, AwardRow

SILENCE: Final = "Passed by the silence of the organizer: nobody looked in time."


def add(
    session: Session,
    row: AwardRow,
    *,
    gate: Gate,
    has_passed: bool,
    evidence_sha256: str,
    words: str,
    by: str,
    now: datetime,
) -> None:
    """Write a gate's record, audited; whoever calls this settles the awards afterwards."""
    session.add(
        AwardGateRow(
            award_id=row.id,
            gate=gate.value,
            has_passed=has_passed,
            evidence_sha256=evidence_sha256,
            words=words.strip(),
            by=by,
            at=now,
        )
    )
    session.flush()
    verdict = "passed" if has_passed else "failed"
    moves.audit_award(session, row, action=f"prizes.gate_{gate.value}_{verdict}", by=by, now=now)


def pass_by_silence(
    session: Session, row: AwardRow, *, challenge: Challenge, now: datetime
) -> None:
    """Pass the gates that nobody looked at, where the organizer's time for it is over."""
    looked_at = {record.gate for record in queries.gates(session, award_id=row.id)}
    silent = rules.silent_gates(
        queries.award_of(row), plan=challenge.plan, looked_at=looked_at, now=now
    )
    for gate in silent:
        add(
            session,
            row,
            gate=gate,
            has_passed=True,
            evidence_sha256="",
            words=SILENCE,
            by=moves.SYSTEM,
            now=now,
        )
