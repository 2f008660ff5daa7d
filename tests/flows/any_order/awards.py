"""What can be done with an award, each as one call; what fits where it stands."""

from collections.abc import Callable

from sqlmodel import Session
from tests.flows.any_order.site import PAPER, Site

from palio.accounts import queries as accounts
from palio.accounts.contracts import Team
from palio.challenges.prize_contracts import Gate
from palio.prizes import queries, rules, service, splits, workflow
from palio.prizes.contracts import Award, AwardState

Verb = Callable[[Session, Award, Site, int], object]
S = AwardState


def _team(session: Session, award: Award) -> Team:
    """The team an award is for, as long as somebody is in it."""
    team = accounts.team(session, accounts.current_team_id(session, award.team_id))
    if not team.members:
        raise rules.NotYourAwardError("Nobody is in this team.")
    return team


def _member(session: Session, award: Award, draw: int) -> str:
    members = _team(session, award).members
    return members[draw % len(members)].person_id


def notify(session: Session, award: Award, site: Site, _: int) -> object:
    return workflow.notify(session, award_id=award.id, by=site.host, now=site.now)


def confirm(session: Session, award: Award, site: Site, _: int) -> object:
    return service.confirm(session, award_id=award.id, by=site.host, now=site.now)


def decline(session: Session, award: Award, site: Site, _: int) -> object:
    return service.decline(session, award_id=award.id, by=site.host, now=site.now)


def accept(session: Session, award: Award, site: Site, _: int) -> object:
    by = _team(session, award).captain_id
    return workflow.accept(session, award_id=award.id, by=by, now=site.now)


def turn_down(session: Session, award: Award, site: Site, _: int) -> object:
    by = _team(session, award).captain_id
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
    members = [member.person_id for member in _team(session, award).members]
    parts = dict.fromkeys(members, 0) | {members[draw % len(members)]: rules.BASIS_POINTS}
    by = members[0]
    return workflow.propose_split(session, award_id=award.id, parts=parts, by=by, now=site.now)


def sign(session: Session, award: Award, site: Site, draw: int) -> object:
    by = _member(session, award, draw)
    return workflow.sign_split(session, award_id=award.id, by=by, now=site.now)


def _payee(session: Session, award: Award, draw: int) -> str:
    shares = splits.current(session, queries.row_of(session, award.id)).shares
    if not shares:
        raise rules.NotYourAwardError("Nobody is in this team.")
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
    S.CONFIRMED: (claw_back, say_came_back),
    S.RETURNED: (pay, pay, claw_back),
    S.DECLINED: (notify,),
    S.FORFEITED: (accept,),
    S.DISQUALIFIED: (notify,),
    S.SUPERSEDED: (notify,),
    S.CLAWED_BACK: (pay,),
}
VERBS = tuple(dict.fromkeys(verb for verbs in FITTING.values() for verb in verbs))
