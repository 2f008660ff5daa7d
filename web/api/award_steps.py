"""What a winning team and the organizer do with one award; each a verb of `prizes.workflow`."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.accounts.errors import TeamNotFoundError
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import Gate
from palio.core.errors import NotFoundError
from palio.core.money import Money, parse
from palio.escrow.contracts import PaymentState
from palio.prizes import divisions, workflow
from palio.prizes import queries as prizes
from palio.prizes.contracts import AwardFile, GateRecord
from palio.prizes.rules import BadSplitError
from palio.web.api.awards import MISSING, are_scores_told, host_visit, team_visit, visit_of
from palio.web.api.schemas import money_view, problems
from palio.web.api.schemas_awards import (
    AwardFileView,
    DivisionOrder,
    DivisionView,
    GateOrder,
    GateView,
    Move,
    MoveOrder,
    PaymentOrder,
    RerunView,
    ShareView,
    SignatureOrder,
    SplitOrder,
    TaxOrder,
    award_view,
)
from palio.web.deps import ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1", tags=["prizes"])
_DOCUMENTED = problems(401, 403, 404, 409)
_TEAMS = {
    Move.ACCEPT: workflow.accept,
    Move.TURN_DOWN: workflow.turn_down,
    Move.HAND_IN: workflow.hand_in,
}
_HOSTS = {Move.FORFEIT: workflow.forfeit, Move.CLAW_BACK: workflow.claw_back}


@router.get("/awards/{award_id}", responses=problems(401, 404))
def read_award(session: ReadDep, caller: SignedInDep, award_id: str) -> AwardFileView:
    """Show everything about an award to its team and to the hosts."""
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/moves", responses=_DOCUMENTED)
def move_award(
    session: WriteDep, caller: SignedInDep, award_id: str, order: MoveOrder
) -> AwardFileView:
    """Take a step: the team accepts, turns down, hands in; the host notifies, ends, claws back."""
    move(session, caller, award_id, order)
    return file_of(session, caller, award_id)


@router.put("/awards/{award_id}/gates/{gate}", responses=_DOCUMENTED)
def record_gate(
    session: WriteDep, caller: SignedInDep, award_id: str, gate: Gate, order: GateOrder
) -> AwardFileView:
    """Record what was found at a gate; the document itself stays with you. For the host."""
    pass_gate(session, caller, award_id, gate, order)
    return file_of(session, caller, award_id)


@router.put("/awards/{award_id}/split", responses=_DOCUMENTED)
def propose_split(
    session: WriteDep, caller: SignedInDep, award_id: str, order: SplitOrder
) -> AwardFileView:
    """Propose how the team shares; every member has to sign. For the team's members."""
    split(session, caller, award_id, order.parts)
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/split/signature", responses=_DOCUMENTED)
def sign_split(
    session: WriteDep, caller: SignedInDep, award_id: str, order: SignatureOrder
) -> AwardFileView:
    """Sign the split that was read, if it still stands. For the team's members."""
    sign(session, caller, award_id, order.split_number)
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/payments/{handle}", responses=_DOCUMENTED)
def record_payment(
    session: WriteDep, caller: SignedInDep, award_id: str, handle: str, order: PaymentOrder
) -> AwardFileView:
    """Record that a member's share was sent. For the host."""
    pay(session, caller, award_id, handle, order)
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/payments/{handle}/arrival", responses=_DOCUMENTED)
def confirm_arrival(
    session: WriteDep, caller: SignedInDep, award_id: str, handle: str
) -> AwardFileView:
    """Record that a member's share arrived. For that member and the host."""
    arrived(session, caller, award_id, handle)
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/payments/{handle}/return", responses=_DOCUMENTED)
def record_return(
    session: WriteDep, caller: SignedInDep, award_id: str, handle: str
) -> AwardFileView:
    """Record that a member's payment came back. For the host."""
    returned(session, caller, award_id, handle)
    return file_of(session, caller, award_id)


@router.post("/awards/{award_id}/payments/{handle}/tax", responses=_DOCUMENTED)
def record_tax(
    session: WriteDep, caller: SignedInDep, award_id: str, handle: str, order: TaxOrder
) -> AwardFileView:
    """Record that the tax withheld from a member's share was paid on. For the host."""
    tax_paid(session, caller, award_id, handle, order)
    return file_of(session, caller, award_id)


@router.get("/challenges/{slug}/team/division", responses=problems(401, 404))
def read_division(session: ReadDep, caller: SignedInDep, slug: str) -> DivisionView:
    """Show the division the caller's team declared, and those there are."""
    return division_of(session, enter(session, slug, caller))


@router.put("/challenges/{slug}/team/division", responses=_DOCUMENTED)
def declare_division(
    session: WriteDep, caller: SignedInDep, slug: str, order: DivisionOrder
) -> DivisionView:
    """Say to which division the team belongs, before its first submission. For its captain."""
    visit = enter(session, slug, caller)
    declare(session, visit, caller, order.division)
    return division_of(session, visit)


def file_of(session: Session, caller: Caller, award_id: str) -> AwardFileView:
    """Return everything about an award; raises `NotFoundError` to others than team and hosts."""
    visit = visit_of(session, caller, award_id)
    found = prizes.award_file(session, award_id)
    team = accounts.team(session, found.award.team_id)
    visit.require(Action.READ_AWARD, team=team, missing=MISSING)
    payments = prizes.payments(session, award_id)
    tax = prizes.held_tax(session, award_id)
    return _view(found, visit.challenge, payments, tax, has_score=are_scores_told(visit))


def move(session: Session, caller: Caller, award_id: str, order: MoveOrder) -> None:
    """Take a step with an award."""
    by = caller.person.id
    if order.move in _TEAMS:
        now = team_visit(session, caller, award_id).now
        _TEAMS[order.move](session, award_id=award_id, by=by, now=now)
        return
    now = host_visit(session, caller, award_id).now
    if order.move is Move.NOTIFY:
        workflow.notify(session, award_id=award_id, by=by, now=now)
        return
    _HOSTS[order.move](session, award_id=award_id, words=order.words, by=by, now=now)


def pass_gate(
    session: Session, caller: Caller, award_id: str, gate: Gate, order: GateOrder
) -> None:
    """Record what was found at a gate."""
    visit = host_visit(session, caller, award_id)
    workflow.record_gate(
        session,
        award_id=award_id,
        gate=gate,
        has_passed=order.has_passed,
        evidence_sha256=order.evidence_sha256.strip().lower(),
        words=order.words,
        by=caller.person.id,
        now=visit.now,
    )


def split(session: Session, caller: Caller, award_id: str, parts: Mapping[str, int]) -> None:
    """Propose parts by handle, in basis points."""
    visit = team_visit(session, caller, award_id)
    shares = prizes.award_file(session, award_id).split.shares
    ids = {share.handle: share.person_id for share in shares}
    if set(parts) != set(ids):
        raise BadSplitError("Give every member of the team a part, 0 included, and nobody else.")
    workflow.propose_split(
        session,
        award_id=award_id,
        parts={ids[handle]: points for handle, points in parts.items()},
        by=caller.person.id,
        now=visit.now,
    )


def sign(session: Session, caller: Caller, award_id: str, number: int) -> None:
    """Sign the split that was read."""
    visit = team_visit(session, caller, award_id)
    workflow.sign_split(
        session, award_id=award_id, by=caller.person.id, now=visit.now, number=number
    )


def pay(session: Session, caller: Caller, award_id: str, handle: str, order: PaymentOrder) -> None:
    """Record that a member's share was sent."""
    visit = host_visit(session, caller, award_id)
    currency = prizes.award(session, award_id).money.currency
    workflow.pay(
        session,
        award_id=award_id,
        person_id=_person_id(session, award_id, handle),
        withheld_minor=parse(order.withheld, currency).minor,
        receipt_sha256=order.receipt_sha256.strip().lower(),
        by=caller.person.id,
        now=visit.now,
    )


def arrived(session: Session, caller: Caller, award_id: str, handle: str) -> None:
    """Record that a member's share arrived; everybody else than the member must be host."""
    is_own = caller.person.handle == handle
    visit = (team_visit if is_own else host_visit)(session, caller, award_id)
    workflow.confirm_receipt(
        session,
        award_id=award_id,
        person_id=_person_id(session, award_id, handle),
        by=caller.person.id,
        now=visit.now,
    )


def returned(session: Session, caller: Caller, award_id: str, handle: str) -> None:
    """Record that a member's payment came back."""
    visit = host_visit(session, caller, award_id)
    workflow.record_return(
        session,
        award_id=award_id,
        person_id=_person_id(session, award_id, handle),
        by=caller.person.id,
        now=visit.now,
    )


def tax_paid(session: Session, caller: Caller, award_id: str, handle: str, order: TaxOrder) -> None:
    """Record that the tax withheld from a member's share was paid on."""
    visit = host_visit(session, caller, award_id)
    workflow.pass_on_tax(
        session,
        award_id=award_id,
        person_id=_person_id(session, award_id, handle),
        receipt_sha256=order.receipt_sha256.strip().lower(),
        by=caller.person.id,
        now=visit.now,
    )


def declare(session: Session, visit: Visit, caller: Caller, division: str) -> None:
    """Say to which division the caller's team belongs."""
    team = visit.team(session)
    visit.require(Action.SUBMIT)
    if team is None:
        raise TeamNotFoundError("Join or make a team first.")
    divisions.declare(
        session,
        challenge=visit.challenge,
        team_id=team.id,
        division=division,
        by=caller.person.id,
        now=visit.now,
    )


def division_of(session: Session, visit: Visit) -> DivisionView:
    """Return the division of the caller's team; empty without a team."""
    team = visit.team(session)
    declared = "" if team is None else divisions.of_team(session, team.id)
    return DivisionView(division=declared, divisions=visit.challenge.plan.divisions)


def _person_id(session: Session, award_id: str, handle: str) -> str:
    shares = prizes.award_file(session, award_id).split.shares
    for share in shares:
        if share.handle == handle:
            return share.person_id
    handles = ", ".join(share.handle for share in shares)
    raise NotFoundError(f"{handle!r} has no part in this award. Who has one: {handles}.")


def _view(
    found: AwardFile,
    challenge: Challenge,
    payments: Mapping[str, PaymentState],
    tax: Mapping[str, int],
    *,
    has_score: bool,
) -> AwardFileView:
    latest = {record.gate: record for record in found.gates}
    currency = found.award.money.currency
    return AwardFileView(
        award=award_view(found.award, steps=found.steps, has_score=has_score),
        gates=tuple(_gate(gate, latest.get(gate)) for gate in challenge.plan.verification.gates),
        split_number=found.split.number,
        shares=tuple(
            ShareView(
                handle=share.handle,
                basis_points=share.basis_points,
                money=None if share.minor is None else money_view(Money(share.minor, currency)),
                has_signed=share.has_signed,
                payment=payments.get(share.person_id, PaymentState.NONE),
                held_tax=(
                    money_view(Money(tax[share.person_id], currency))
                    if share.person_id in tax
                    else None
                ),
            )
            for share in found.split.shares
        ),
        reruns=tuple(
            RerunView(
                submission_id=run.submission_id,
                has_passed=run.has_passed,
                words=run.words,
                difference=run.difference,
                allowed=run.allowed,
                agreement=run.agreement,
                at=run.at,
            )
            for run in found.reruns
        ),
        needs_code=workflow.needs_code(challenge),
    )


def _gate(gate: Gate, record: GateRecord | None) -> GateView:
    if record is None:
        return GateView(gate=gate, has_passed=None, evidence_sha256="", words="", at=None)
    return GateView(
        gate=gate,
        has_passed=record.has_passed,
        evidence_sha256=record.evidence_sha256,
        words=record.words,
        at=record.at,
    )
