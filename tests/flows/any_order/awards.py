"""What can be done with an award, each as one call; what fits where it stands."""

from collections.abc import Callable

from sqlmodel import Session
from tests.flows.any_order.site import PAPER, Site

from palio.accounts import queries as accounts
from palio.challenges.prize_contracts import Gate
from palio.prizes import queries, rules, service, splits, workflow
from palio.prizes.contracts import Award, AwardState

Verb = Callable[[Session, Award, Site, int], object]
S = AwardState


def _holders(session: Session, award: Award) -> tuple[str, ...]:
    """Who shares an award, the longest in the team first."""
    return splits.holders(session, queries.row_of(session, award.id))


def _captain(session: Session, award: Award) -> str:
    """Who speaks for an award: the captain, or after a merger who was longest in the team."""
    found = _holders(session, award)
    captain_id = accounts.team(session, award.team_id).captain_id
    return captain_id if captain_id in found else found[0]


def _member(session: Session, award: Award, draw: int) -> str:
    found = _holders(session, award)
    return found[draw % len(found)]


def notify(session: Session, award: Award, site: Site, _: int) -> object:
    return workflow.notify(session, award_id=award.id, by=site.host, now=site.now)


def confirm(session: Session, award: Award, site: Site, _: int) -> object:
    return service.confirm(session, award_id=award.id, by=site.host, now=site.now)


def decline(session: Session, award: Award, site: Site, _: int) -> object:
    return service.decline(session, award_id=award.id, by=site.host, now=site.now)


def accept(session: Session, award: Award, site: Site, _: int) -> object:
    by = _captain(session, award)
    return workflow.accept(session, award_id=award.id, by=by, now=site.now)


def turn_down(session: Session, award: Award, site: Site, _: int) -> object:
    by = _captain(session, award)
    return workflow.turn_down(session, award_id=award.id, by=by, now=site.now)


def hand_in(session: Session, award: Award, site: Site, draw: int) -> object:
    by = _member(session, award, draw)
    return workflow.hand_in(session, award_id=award.id, by=by, now=site.now)


def look_at_gate(session: Session, award: Award, site: Site, draw: int) -> object:
    return workflow.record_gate(
        session,
        award_id=award.id,
        gate=Gate.IDENTITY,
        has_passed=draw % 5 > 0,
        evidence_sha256=PAPER,
        words="",
        by=site.host,
        now=site.now,
    )


def forfeit(session: Session, award: Award, site: Site, _: int) -> object:
    return workflow.forfeit(session, award_id=award.id, words="Not so.", by=site.host, now=site.now)


def propose_split(session: Session, award: Award, site: Site, draw: int) -> object:
    members = _holders(session, award)
    parts = dict.fromkeys(members, 0) | {members[draw % len(members)]: rules.BASIS_POINTS}
    by = members[0]
    return workflow.propose_split(session, award_id=award.id, parts=parts, by=by, now=site.now)


def sign(session: Session, award: Award, site: Site, draw: int) -> object:
    by = _member(session, award, draw)
    return workflow.sign_split(session, award_id=award.id, by=by, now=site.now)


def _payee(session: Session, award: Award, draw: int) -> str:
    shares = splits.current(session, queries.row_of(session, award.id)).shares
    return shares[draw % len(shares)].person_id


def pay(session: Session, award: Award, site: Site, draw: int) -> object:
    return workflow.pay(
        session,
        award_id=award.id,
        person_id=_payee(session, award, draw),
        withheld_minor=draw,
        receipt_sha256=PAPER,
        by=site.host,
        now=site.now,
    )


def say_arrived(session: Session, award: Award, site: Site, draw: int) -> object:
    who = _payee(session, award, draw)
    return workflow.confirm_receipt(session, award_id=award.id, person_id=who, by=who, now=site.now)


def pass_on_tax(session: Session, award: Award, site: Site, draw: int) -> object:
    return workflow.pass_on_tax(
        session,
        award_id=award.id,
        person_id=_payee(session, award, draw),
        receipt_sha256=PAPER,
        by=site.host,
        now=site.now,
    )


def say_came_back(session: Session, award: Award, site: Site, draw: int) -> object:
    who = _payee(session, award, draw)
    return workflow.record_return(
        session, award_id=award.id, person_id=who, by=site.host, now=site.now
    )


def claw_back(session: Session, award: Award, site: Site, _: int) -> object:
    return workflow.claw_back(
        session, award_id=award.id, words="Copied.", by=site.host, now=site.now
    )


FITTING: dict[AwardState, tuple[Verb, ...]] = {
    S.PROVISIONAL: (notify, confirm, notify, confirm, decline),
    S.NOTIFIED: (accept, accept, accept, turn_down, look_at_gate),
    S.ACCEPTED: (hand_in, hand_in, look_at_gate, propose_split, forfeit),
    S.DOCUMENTS: (look_at_gate, look_at_gate, sign),
    S.CODE_VERIFIED: (look_at_gate, look_at_gate, propose_split),
    S.ELIGIBLE: (sign, sign, propose_split, decline),
    S.SPLIT_SIGNED: (sign, decline),
    S.PAYABLE: (pay, pay, pay, claw_back),
    S.SENT: (say_arrived, say_arrived, say_came_back, claw_back),
    S.CONFIRMED: (claw_back, say_came_back, pass_on_tax),
    S.RETURNED: (pay, pay, claw_back),
    S.DECLINED: (notify,),
    S.FORFEITED: (accept,),
    S.DISQUALIFIED: (notify,),
    S.SUPERSEDED: (notify,),
    S.CLAWED_BACK: (pay,),
}
VERBS = tuple(dict.fromkeys(verb for verbs in FITTING.values() for verb in verbs))
