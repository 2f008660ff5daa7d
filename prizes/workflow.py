"""What a winning team and the organizer do with one award, from the first word to the money.

Every verb locks the challenge, checks where the award stands, does one thing, and then lets
everything go as far as it goes by itself. Who may be organizer is decided by the caller.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.cases import queries as cases
from palio.challenges.contracts import Challenge, Delivery
from palio.challenges.prize_contracts import Gate
from palio.escrow.contracts import PaymentState
from palio.prizes import gates, ledger, moves, offers, queries, rules, service, splits, states
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow

_S = AwardState
_SPLITTABLE = states.UNDECIDED - {_S.PROVISIONAL}
_CHECKED = (_S.NOTIFIED, _S.ACCEPTED, _S.DOCUMENTS, _S.CODE_VERIFIED)


def notify(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Tell a team that it has won; from then its time to reply runs. For the organizer.

    Raises:
        AwardStateError: It is told already, or the challenge verifies nobody.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), _S.PROVISIONAL)
    if not challenge.plan.verification.gates:
        raise rules.AwardStateError("This challenge verifies nobody: confirm or decline the award.")
    return _go(session, challenge, row, _S.NOTIFIED, by=by, now=now)


def accept(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Take the prize; from then the time for documents runs. For the team's captain.

    Raises:
        NotYourAwardError, AwardStateError: In words; also when the time to reply is over.

    """
    challenge, row = service.lock(session, award_id)
    _check_captain(session, row, by=by)
    rules.check_state(queries.award_of(row), _S.NOTIFIED)
    rules.check_in_time(queries.award_of(row), now=now)
    return _go(session, challenge, row, _S.ACCEPTED, by=by, now=now)


def turn_down(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Take no part in the prizes; they go to the next in rank. For the team's captain.

    Raises:
        NotYourAwardError, AwardDecidedError: In words.

    """
    _, row = service.lock(session, award_id)
    _check_captain(session, row, by=by)
    return service.decline(session, award_id=award_id, by=by, now=now)


def hand_in(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Say that everything asked for is handed in; the team's clock stops. For its members.

    Raises:
        NotYourAwardError: Not in the team.
        AwardStateError: Not accepted yet, too late, or the code is missing.

    """
    challenge, row = service.lock(session, award_id)
    check_member(session, row, by=by)
    rules.check_state(queries.award_of(row), _S.ACCEPTED)
    rules.check_in_time(queries.award_of(row), now=now)
    if needs_code(challenge) and not queries.reruns(session, award_id=row.id):
        raise rules.AwardStateError("Hand in your code first: it is run again here.")
    return _go(session, challenge, row, _S.DOCUMENTS, by=by, now=now)


def record_gate(
    session: Session,
    *,
    award_id: str,
    gate: Gate,
    has_passed: bool,
    evidence_sha256: str,
    words: str,
    by: str,
    now: datetime,
) -> Award:
    """Record what was found at a gate; the last record of a gate counts. For the organizer.

    The document itself stays with the organizer: here is its hash, who saw it, and when.

    Raises:
        AwardStateError: The award is not between notified and verified.
        GateNotAskedError, BadEvidenceError: In words.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), *_CHECKED)
    rules.check_gate(gate, plan=challenge.plan)
    rules.check_evidence(evidence_sha256, words=words)
    gates.add(
        session,
        row,
        gate=gate,
        has_passed=has_passed,
        evidence_sha256=evidence_sha256,
        words=words,
        by=by,
        now=now,
    )
    service.settle(session, challenge, by=by, now=now)
    return queries.award(session, award_id)


def forfeit(session: Session, *, award_id: str, words: str, by: str, now: datetime) -> Award:
    """End an award whose team fails a gate for good, for the next in rank. For the organizer.

    Raises:
        AwardStateError: The team is not told yet, or the award is given.
        BadEvidenceError: No words.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), *sorted(_SPLITTABLE))
    rules.check_evidence("", words=words)
    said = "The organizer says of {what} in {title}: " + moves.plain(words)
    moves.send(session, row, challenge=challenge, words=said, now=now)
    return _go(session, challenge, row, _S.FORFEITED, by=by, now=now)


def propose_split(
    session: Session, *, award_id: str, parts: Mapping[str, int], by: str, now: datetime
) -> Award:
    """Propose how the team shares, in basis points by person; who proposes has signed it.

    Raises:
        NotYourAwardError: Not in the team.
        SplitFrozenError: The award is given, or lost, or all have signed a proposal: nobody takes
            that back alone.
        BadSplitError: In words.

    """
    challenge, row = _open_for_split(session, award_id, by=by)
    rules.check_not_agreed(splits.current(session, row))
    splits.propose(session, row, parts, by=by, now=now)
    moves.audit_award(session, row, action="prizes.split", by=by, now=now)
    service.settle(session, challenge, by=by, now=now)
    return queries.award(session, award_id)


def sign_split(
    session: Session, *, award_id: str, by: str, now: datetime, number: int | None = None
) -> Award:
    """Sign the split as it stands; signing again changes nothing.

    Args:
        session: The caller's transaction.
        award_id: Of the award.
        by: A member of the team.
        now: The database's time.
        number: Of the split that was read; None = whichever stands now.

    Raises:
        NotYourAwardError: Not in the team.
        SplitFrozenError: The award is given, or lost.
        SplitChangedError: Another one was proposed since it was read.

    """
    challenge, row = _open_for_split(session, award_id, by=by)
    rules.check_same_split(splits.current(session, row), number=number)
    splits.sign(session, row, by=by, now=now)
    moves.audit_award(session, row, action="prizes.sign", by=by, now=now)
    service.settle(session, challenge, by=by, now=now)
    return queries.award(session, award_id)


def pay(
    session: Session,
    *,
    award_id: str,
    person_id: str,
    withheld_minor: int,
    receipt_sha256: str,
    by: str,
    now: datetime,
) -> Award:
    """Record that a member's share was sent, less the tax withheld. For the organizer.

    With the last share the award is sent.

    Raises:
        AwardStateError: Not payable, or a case against the team is open.
        BetterPlaceOpenError: Another team on the same place is undecided.
        AppError: What the ledger says.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), _S.PAYABLE, _S.RETURNED)
    rules.check_no_case(cases.open_case_team_ids(session, challenge_id=challenge.id), row.team_id)
    if offers.is_movable(session, row, challenge):
        awards = queries.awards(session, challenge_id=challenge.id)
        rules.check_alone(queries.award_of(row), awards=awards)
    if row.state == _S.RETURNED.value:
        moves.enter(session, row, _S.PAYABLE, challenge=challenge, by=by, now=now)
    ledger.pay(
        session,
        row,
        person_id=person_id,
        withheld_minor=withheld_minor,
        receipt_sha256=receipt_sha256,
        by=by,
        now=now,
    )
    if PaymentState.PAYABLE not in ledger.payments(session, row).values():
        moves.enter(session, row, _S.SENT, challenge=challenge, by=by, now=now)
    return queries.award(session, award_id)


def confirm_receipt(
    session: Session, *, award_id: str, person_id: str, by: str, now: datetime
) -> Award:
    """Record that a member's share arrived. For that member, and for the organizer.

    With the last share the award is confirmed.

    Raises:
        AwardStateError: Nothing was sent.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), _S.SENT, _S.PAYABLE, _S.RETURNED)
    if ledger.payment(session, row, person_id) is not PaymentState.SENT:
        raise rules.AwardStateError("No payment to this person is on its way.")
    ledger.confirm(session, row, person_id=person_id, by=by, now=now)
    if row.state == _S.SENT.value and set(ledger.payments(session, row).values()) == {
        PaymentState.PAID
    }:
        moves.enter(session, row, _S.CONFIRMED, challenge=challenge, by=by, now=now)
    return queries.award(session, award_id)


def pass_on_tax(
    session: Session, *, award_id: str, person_id: str, receipt_sha256: str, by: str, now: datetime
) -> Award:
    """Record that the tax withheld from a member's share was paid to the tax office. For the host.

    Raises:
        AwardStateError: Nothing was paid yet.
        AppError: What the ledger says.

    """
    _, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), _S.PAYABLE, _S.SENT, _S.RETURNED, _S.CONFIRMED)
    if not row.escrow_key:
        raise rules.AwardStateError("No money of this award went through the ledger.")
    ledger.pass_on_tax(
        session, row, person_id=person_id, receipt_sha256=receipt_sha256, by=by, now=now
    )
    moves.audit_award(session, row, action="prizes.tax", by=by, now=now)
    return queries.award(session, award_id)


def record_return(
    session: Session, *, award_id: str, person_id: str, by: str, now: datetime
) -> Award:
    """Record that a member's payment came back: the share is payable again. For the organizer.

    Also one that counted as arrived because nobody said otherwise in time.

    Raises:
        AwardStateError: Nothing was sent.
        AppError: What the ledger says.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), *sorted(states.GIVEN))
    ledger.give_back(session, row, person_id=person_id, by=by, now=now)
    if row.state in (_S.SENT.value, _S.CONFIRMED.value):
        moves.enter(session, row, _S.RETURNED, challenge=challenge, by=by, now=now)
    return queries.award(session, award_id)


def claw_back(session: Session, *, award_id: str, words: str, by: str, now: datetime) -> Award:
    """Take an award back after it was given; it goes to the next in rank. For the organizer.

    What was paid is recorded as paid back: that it was is for the organizer to see to.

    Raises:
        AwardStateError: It is not given.
        BadEvidenceError: No words.
        NothingToPayError: A payment is on its way.

    """
    challenge, row = service.lock(session, award_id)
    rules.check_state(queries.award_of(row), *sorted(states.GIVEN))
    rules.check_evidence("", words=words)
    return _go(session, challenge, row, _S.CLAWED_BACK, by=by, now=now)


def needs_code(challenge: Challenge) -> bool:
    """Tell whether winners hand in code that is run here."""
    runs = {Delivery.CODE, Delivery.IMAGE} & set(challenge.plan.deliveries)
    return Gate.CODE in challenge.plan.verification.gates and bool(runs)


def _go(
    session: Session,
    challenge: Challenge,
    row: AwardRow,
    to: AwardState,
    *,
    by: str,
    now: datetime,
) -> Award:
    moves.enter(session, row, to, challenge=challenge, by=by, now=now)
    service.settle(session, challenge, by=by, now=now)
    return queries.award(session, row.id)


def _open_for_split(session: Session, award_id: str, *, by: str) -> tuple[Challenge, AwardRow]:
    challenge, row = service.lock(session, award_id)
    check_member(session, row, by=by)
    if AwardState(row.state) not in _SPLITTABLE:
        raise rules.SplitFrozenError(
            f"This award is {row.state.replace('_', ' ')}; how it is split is settled."
        )
    return challenge, row


def check_member(session: Session, row: AwardRow, *, by: str) -> None:
    """Let only those through who share the award; raises `NotYourAwardError`."""
    if by not in splits.holders(session, row):
        raise rules.NotYourAwardError("You are not in the team that this award is for.")


def _check_captain(session: Session, row: AwardRow, *, by: str) -> None:
    check_member(session, row, by=by)
    holders = splits.holders(session, row)
    captain_id = accounts.team(session, row.team_id).captain_id
    # After a merger the captain may have no part in it; who was longest in the team speaks then.
    if by != (captain_id if captain_id in holders else holders[0]):
        raise rules.NotYourAwardError("Only the captain of the team may do this.")
