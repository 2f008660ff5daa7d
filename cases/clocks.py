"""The clocks of cases: what happens when one runs out, and who is reminded before."""

from datetime import datetime

from sqlmodel import Session, col, select

from palio.cases import history, models, rules, service
from palio.cases.contracts import CaseState, StepKind


def expire(session: Session, *, case_id: str, now: datetime) -> bool:
    """Do what a clock that has run out does; False when it has not.

    Silence of the team loses it a step; silence of those who judge is never to its harm.
    """
    row, before = history.locked(session, case_id)
    if row.due_at is None or now < row.due_at:
        return False
    to, outcome = rules.time_up(before.state)
    if before.state is CaseState.APPEALED:
        words = "Nobody decided the appeal in time, so it counts as won."
        service.end_appeal(
            session, row, before, is_won=True, words=words, by=history.SYSTEM, now=now
        )
        return True
    is_known = before.is_known_to_team
    if outcome is None:
        history.move(row, to, now=now)
    else:
        history.close(row, outcome)
    history.step(session, row, StepKind.TIME_UP, by=history.SYSTEM, now=now)
    words = f"A clock of the case has run out. {_time_up_words(before.state)}"
    history.tell_hosts(session, row, words, now=now)
    if is_known:
        history.tell_team(session, row, words, now=now)
    return True


def remind(session: Session, *, case_id: str, now: datetime) -> bool:
    """Remind those whose turn it is, once for each clock; False when it is too early or done."""
    row, before = history.locked(session, case_id)
    is_done = row.reminded_at is not None
    if row.due_at is None or is_done or not rules.is_reminder_due(due=row.due_at, now=now):
        return False
    row.reminded_at = now
    session.add(row)
    words = f"{rules.next_words(before.state)} The time ends {row.due_at:%Y-%m-%d %H:%M} UTC."
    tell = history.tell_team if before.state in rules.TURN_OF_TEAM else history.tell_hosts
    tell(session, row, words, now=now)
    session.flush()
    return True


def due_case_ids(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Return open cases whose clock has run out, or whose people are to be reminded."""
    row = models.CaseRow
    soon = now + rules.REMIND_BEFORE
    found = session.exec(
        select(row.id)
        .where(col(row.due_at) <= soon)
        .where((col(row.due_at) <= now) | col(row.reminded_at).is_(None))
        .order_by(col(row.due_at))
    )
    return tuple(found)


def _time_up_words(state: CaseState) -> str:
    return {
        CaseState.OPENED: "The team was not told in time, so the case is dropped.",
        CaseState.NOTIFIED: "No reply came; the organizers may decide now.",
        CaseState.DECIDED: "No appeal came, so the decision stands.",
    }.get(state, "Nobody decided in time, so the case is closed and nothing happens to the team.")
