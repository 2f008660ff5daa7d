"""Until when an award may stay where it is, and when its team is reminded: pure functions."""

from datetime import datetime, timedelta

from palio.challenges.contracts import ChallengePlan
from palio.prizes.contracts import AwardState

_S = AwardState
_LAST_REMINDER = timedelta(days=1)


def due_at(state: AwardState, *, plan: ChallengePlan, entered_at: datetime) -> datetime | None:
    """Return when time alone moves an award on; None where nobody is waited for, or for ever.

    The team's clocks (NOTIFIED, ACCEPTED) end in forfeiture. The organizer's (PROVISIONAL,
    DOCUMENTS, CODE_VERIFIED: one clock from the handing in) end with the award going on by itself,
    but for gates that never pass by silence (`rules.silent_gates`). ELIGIBLE and SPLIT_SIGNED wait
    for the hold period. PAYABLE and RETURNED move by nothing but a payment: from then on the award
    says in public that it waits for one.
    """
    duties = plan.verification
    days = {
        _S.PROVISIONAL: plan.escrow.silence_days,
        _S.NOTIFIED: duties.reply_days,
        _S.ACCEPTED: duties.documents_days,
        _S.DOCUMENTS: plan.escrow.silence_days,
        _S.CODE_VERIFIED: plan.escrow.silence_days,
        _S.ELIGIBLE: duties.hold_days,
        _S.SPLIT_SIGNED: 0,
        _S.PAYABLE: plan.escrow.silence_days,
        _S.RETURNED: plan.escrow.silence_days,
        _S.SENT: plan.escrow.silence_days,
    }.get(state)
    return None if days is None else entered_at + timedelta(days=days)


def remind_at(state: AwardState, *, due: datetime | None, entered_at: datetime) -> datetime | None:
    """Return when the team is reminded: a day before its time is over, or half way if later.

    None where the team has nothing to do. Of money SENT it says whether it came, before silence
    says so.
    """
    if due is None or state not in (_S.NOTIFIED, _S.ACCEPTED, _S.SENT):
        return None
    return max(entered_at + (due - entered_at) / 2, due - _LAST_REMINDER)
