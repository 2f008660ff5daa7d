"""The one place where an award changes its state: with its clock, its step, its audit row."""

from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.challenges.contracts import Challenge
from palio.challenges.rules import in_words
from palio.core import audit
from palio.core.money import Money
from palio.prizes import clocks, ledger, splits, states
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow, AwardStepRow

SYSTEM = "system"

_S = AwardState
_WORDS: Final[dict[AwardState, str]] = {
    _S.NOTIFIED: "You have won {what} in {title}. Accept or decline it {until}: after that it goes"
    " to the next in rank.",
    _S.ACCEPTED: "{what} in {title} is accepted. Hand in what the organizer asks for {until}.",
    _S.CODE_VERIFIED: "Your result in {title} is verified; the other checks go on.",
    _S.ELIGIBLE: "Your team may be paid {what} in {title}. It is split in equal parts unless all of"
    " you sign another split {until}.",
    _S.PAYABLE: "{what} in {title} is yours and is going to be paid.",
    _S.SENT: "{what} in {title} was sent. Say so when it has arrived.",
    _S.CONFIRMED: "{what} in {title} is confirmed.",
    _S.DECLINED: "{what} in {title} was declined for your team; it goes to the next in rank.",
    _S.FORFEITED: "{what} in {title} has gone to the next in rank: the time for it is over, or a"
    " check was not passed.",
    _S.DISQUALIFIED: "{what} in {title} is no longer yours: your team was disqualified.",
    _S.SUPERSEDED: "The board of {title} was corrected, and {what} is no longer your team's.",
    _S.RETURNED: "The payment of {what} in {title} came back. Tell the organizer where to send it.",
    _S.CLAWED_BACK: "{what} in {title} was taken back.",
}


_REMINDER: Final = "Reminder: {what} in {title} waits for your team {until}."
_REMINDER_OF_MONEY: Final = (
    "Reminder: {what} in {title} was sent. If it has not come, tell the organizer {until}: after"
    " that it counts as arrived."
)


def enter(
    session: Session,
    row: AwardRow,
    to: AwardState,
    *,
    challenge: Challenge,
    by: str,
    now: datetime,
) -> None:
    """Bring an award into a state, with everything that comes with it.

    The team is told; where money was deposited the ledger moves with the award.

    Raises:
        ValueError: The table has no such move.
        NotEnoughMoneyError, NothingToPayError: The ledger refuses, in words.

    """
    from_ = AwardState(row.state)
    if not states.may_move(from_, to):
        raise ValueError(f"an award never goes from {from_} to {to}")
    if to in states.GIVEN and from_ not in states.GIVEN:
        splits.freeze(session, row)
        to = ledger.award(session, row, challenge=challenge, to=to, by=by, now=now)
    if to is _S.CONFIRMED:
        ledger.confirm_all(session, row, by=by, now=now)
    if to in states.LOST:
        ledger.take_back(session, row, by=by, now=now)
    row.state = to.value
    mark(session, row, challenge=challenge, by=by, now=now)
    audit_award(session, row, action=f"prizes.{to.value}", by=by, now=now)
    tell(session, row, challenge=challenge, now=now)


def mark(session: Session, row: AwardRow, *, challenge: Challenge, by: str, now: datetime) -> None:
    """Write the step into the state an award has, and set its clock."""
    state = AwardState(row.state)
    # The hold period began with ELIGIBLE, the organizer's time with DOCUMENTS.
    kept = row.due_at if state in (_S.SPLIT_SIGNED, _S.CODE_VERIFIED) else None
    row.entered_at = now
    row.due_at = kept or clocks.due_at(state, plan=challenge.plan, entered_at=now)
    row.remind_at = clocks.remind_at(state, due=row.due_at, entered_at=now)
    row.decided_at = None if state in states.UNDECIDED else now
    session.add(row)
    session.flush()
    splits.open_for(session, row)
    steps = select(func.count()).where(col(AwardStepRow.award_id) == row.id)
    number = session.exec(steps).one()
    session.add(AwardStepRow(award_id=row.id, number=number, state=row.state, by=by, at=now))
    session.flush()


def remind(session: Session, row: AwardRow, *, challenge: Challenge, now: datetime) -> None:
    """Say to a team, once, what it should do before its time is over."""
    row.remind_at = None
    session.add(row)
    words = _REMINDER_OF_MONEY if row.state == _S.SENT.value else _REMINDER
    send(session, row, challenge=challenge, words=words, now=now)


def tell(session: Session, row: AwardRow, *, challenge: Challenge, now: datetime) -> None:
    """Say to everybody who shares what the state means for them; nothing in some states."""
    words = _WORDS.get(AwardState(row.state))
    if words is None:
        return
    send(session, row, challenge=challenge, words=words, now=now)


def send(
    session: Session,
    row: AwardRow,
    *,
    challenge: Challenge,
    words: str,
    now: datetime,
    is_for_team: bool = False,
) -> None:
    """Send words to everybody who shares an award, or to the whole team that it is of now.

    They may name ``{what}``, ``{title}`` and ``{until}``.
    """
    until = "" if row.due_at is None else f"until {in_words(row.due_at)}"
    text = words.format(
        what=f"{row.title} ({Money(row.minor, row.currency)})",
        title=challenge.plan.title,
        until=until,
    )
    everybody = [member.person_id for member in accounts.team(session, row.team_id).members]
    messages.send(
        session,
        person_ids=everybody if is_for_team else splits.holders(session, row),
        challenge_id=row.challenge_id,
        kind=f"award.{row.state}",
        text=text.replace(" .", ".").replace(" :", ":"),
        now=now,
    )


def plain(words: str) -> str:
    """Return somebody's words so that `send` fills nothing into them."""
    return words.replace("{", "{{").replace("}", "}}")


def audit_award(session: Session, row: AwardRow, *, action: str, by: str, now: datetime) -> None:
    """Write what was done to an award into the log."""
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=row.id,
        challenge_id=row.challenge_id,
        detail={
            "team": row.team_id,
            "place": row.place,
            "minor": row.minor,
            "currency": row.currency,
        },
        now=now,
    )
