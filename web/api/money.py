"""Prize money: how a challenge is funded (public), its ledger (hosts), and what moves it.

Organizers pledge; that money arrived or left is recorded by administrators, who can see it.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges import service as challenges
from palio.challenges.contracts import ChallengeState
from palio.core import audit
from palio.core.money import Money, parse
from palio.escrow import queries, rules, service, trial
from palio.escrow.contracts import Badge, Evidence, Fund, Funding, Transaction
from palio.prizes import service as prizes
from palio.web.api.schemas import money_view, problems
from palio.web.api.schemas_money import (
    DepositOrder,
    FeeOrder,
    FeePayoutOrder,
    FundingLineView,
    FundingView,
    PledgeOrder,
    RefundOrder,
    ReversalOrder,
    StatementView,
    TransactionView,
    transaction_view,
)
from palio.web.deps import CallerDep, ReadDep, SignedInDep, WriteDep
from palio.web.errors import IdempotencyKeyMissingError
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges/{slug}", tags=["prize money"])
Key = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="the same for every try of one deed"),
]
BADGE_WORDS = {
    Badge.DEPOSITED: "Deposited with the operator of this Palio, who has seen the evidence.",
    Badge.HELD_BY_THIRD_PARTY: "Held by a third party; the operator has seen the evidence.",
    Badge.PLEDGED: "Pledged by the organizer, who still has the money.",
    Badge.STATED: "Stated in the rules; not all of it is pledged or put away.",
}
_FAILURES = problems(400, 401, 403, 404, 409)


@router.get("/funding", responses=problems(404))
def read_funding(session: ReadDep, caller: CallerDep, slug: str) -> FundingView:
    """Show how the prizes are funded."""
    return funding_of(session, enter(session, slug, caller))


@router.get("/ledger", responses=problems(401, 403, 404))
def read_ledger(session: ReadDep, caller: SignedInDep, slug: str) -> StatementView:
    """List every transaction of a challenge; for its hosts."""
    return statement_of(session, enter(session, slug, caller))


@router.get(
    "/ledger.csv",
    responses={
        **problems(401, 403, 404),
        200: {"content": {"text/csv": {"example": "at,challenge,transaction\r\n"}}},
    },
    response_class=Response,
)
def export_ledger(session: ReadDep, caller: SignedInDep, slug: str) -> Response:
    """Return the ledger of a challenge as CSV, a line for each posting; for its hosts."""
    visit = enter(session, slug, caller)
    visit.require(Action.READ_HOST)
    found = queries.statement(session, visit.challenge.id)
    text = trial.as_csv(found, slugs={visit.challenge.id: slug}, handles=handles_of(session, found))
    name = f'attachment; filename="{visit.challenge.slug}-ledger.csv"'
    return Response(text, media_type="text/csv", headers={"Content-Disposition": name})


@router.post("/ledger/pledges", status_code=201, responses=_FAILURES)
def make_pledge(
    session: WriteDep, caller: SignedInDep, slug: str, order: PledgeOrder, key: Key = None
) -> TransactionView:
    """Pledge prize money; for the host."""
    made = pledge(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


@router.post("/ledger/deposits", status_code=201, responses=_FAILURES)
def make_deposit(
    session: WriteDep, caller: SignedInDep, slug: str, order: DepositOrder, key: Key = None
) -> TransactionView:
    """Record a deposit that was seen; for administrators."""
    made = deposit(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


@router.post("/ledger/refunds", status_code=201, responses=_FAILURES)
def make_refund(
    session: WriteDep, caller: SignedInDep, slug: str, order: RefundOrder, key: Key = None
) -> TransactionView:
    """Give money back by the stated policy: a pledge by the host, a deposit by an administrator."""
    made = refund(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


@router.post("/ledger/fees", status_code=201, responses=_FAILURES)
def take_fee(
    session: WriteDep, caller: SignedInDep, slug: str, order: FeeOrder, key: Key = None
) -> TransactionView:
    """Take the platform's fee on what is awarded so far; for administrators."""
    made = fee(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


@router.post("/ledger/fee-payouts", status_code=201, responses=_FAILURES)
def record_fee_payout(
    session: WriteDep, caller: SignedInDep, slug: str, order: FeePayoutOrder, key: Key = None
) -> TransactionView:
    """Record that the fees taken went to the platform's own account; for administrators."""
    made = pay_out_fee(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


@router.post("/ledger/reversals", status_code=201, responses=_FAILURES)
def make_reversal(
    session: WriteDep, caller: SignedInDep, slug: str, order: ReversalOrder, key: Key = None
) -> TransactionView:
    """Correct the ledger by a new transaction; for administrators."""
    made = reverse(session, enter(session, slug, caller), caller, order=order, key=key)
    return view_of(session, made)


def pledge(
    session: Session, visit: Visit, caller: Caller, *, order: PledgeOrder, key: str | None
) -> Transaction:
    """Pledge prize money."""
    visit.require(Action.EDIT_CHALLENGE)
    money = parse(order.amount, order.currency)
    return service.pledge(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        minor=money.minor,
        currency=money.currency,
        by=caller.person.id,
        now=visit.now,
    )


def deposit(
    session: Session, visit: Visit, caller: Caller, *, order: DepositOrder, key: str | None
) -> Transaction:
    """Record a deposit that was seen."""
    visit.require(Action.ADMINISTER)
    money = parse(order.amount, order.currency)
    return service.deposit(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        minor=money.minor,
        currency=money.currency,
        evidence=Evidence(order.evidence_sha256, order.held_by),
        by=caller.person.id,
        now=visit.now,
    )


def refund(
    session: Session, visit: Visit, caller: Caller, *, order: RefundOrder, key: str | None
) -> Transaction:
    """Give money back by the stated policy."""
    is_promise = order.fund is Fund.PROMISE
    visit.require(Action.EDIT_CHALLENGE if is_promise else Action.ADMINISTER)
    money = parse(order.amount, order.currency)
    challenge = challenges.lock_challenge(session, visit.challenge.id)
    return service.refund(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        minor=money.minor,
        currency=money.currency,
        fund=order.fund,
        is_settled=prizes.is_settled(session, challenge_id=challenge.id),
        by=caller.person.id,
        now=visit.now,
    )


def fee(
    session: Session, visit: Visit, caller: Caller, *, order: FeeOrder, key: str | None
) -> Transaction:
    """Take the platform's fee."""
    visit.require(Action.ADMINISTER)
    return service.collect_fee(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        currency=order.currency,
        by=caller.person.id,
        now=visit.now,
    )


def pay_out_fee(
    session: Session, visit: Visit, caller: Caller, *, order: FeePayoutOrder, key: str | None
) -> Transaction:
    """Record that the fees taken went to the platform's own account."""
    visit.require(Action.ADMINISTER)
    return service.pay_out_fee(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        currency=order.currency,
        receipt_sha256=order.receipt_sha256,
        by=caller.person.id,
        now=visit.now,
    )


def reverse(
    session: Session, visit: Visit, caller: Caller, *, order: ReversalOrder, key: str | None
) -> Transaction:
    """Take a wrong transaction back."""
    visit.require(Action.ADMINISTER)
    return service.reverse(
        session,
        key=_named(key),
        challenge_id=visit.challenge.id,
        transaction_id=order.transaction_id,
        reason=order.reason,
        by=caller.person.id,
        now=visit.now,
    )


def funding_of(session: Session, visit: Visit) -> FundingView:
    """Return how the visited challenge is funded."""
    plan = visit.challenge.plan
    found = {line.currency: line for line in queries.funding(session, visit.challenge.id)}
    promised = rules.promised(plan)
    is_shut = visit.challenge.state in (ChallengeState.DRAFT, ChallengeState.SCHEDULED)
    missing = rules.missing_deposit(plan, found.values()) if is_shut else ()
    words = rules.refund_words(plan.escrow.refund)
    return FundingView(
        items=tuple(
            _line(promised.get(currency, 0), found.get(currency, Funding(currency)), visit)
            for currency in sorted({*promised, *found})
        ),
        is_deposit_required=plan.escrow.is_deposit_required,
        missing=tuple(money_view(money) for money in missing),
        fee_basis_points=plan.escrow.fee_basis_points,
        refund=plan.escrow.refund,
        refund_words=words[0].upper() + words[1:],
        silence_days=plan.escrow.silence_days,
    )


def statement_of(session: Session, visit: Visit) -> StatementView:
    """Return the ledger of the visited challenge."""
    visit.require(Action.READ_HOST)
    found = queries.statement(session, visit.challenge.id)
    handles = handles_of(session, found)
    return StatementView(items=tuple(transaction_view(made, handles=handles) for made in found))


def view_of(session: Session, made: Transaction) -> TransactionView:
    """Show one transaction."""
    return transaction_view(made, handles=handles_of(session, (made,)))


def handles_of(session: Session, found: tuple[Transaction, ...]) -> dict[str, str]:
    """Return the handles of everybody a statement names."""
    ids = {made.by for made in found} | {
        line.place.person_id for made in found for line in made.postings
    }
    people = accounts.people_by_id(session, person_ids=sorted(ids - {"", audit.SYSTEM}))
    return {person_id: person.handle for person_id, person in people.items()}


def _line(minor: int, funding: Funding, visit: Visit) -> FundingLineView:
    badge = rules.badge(minor, funding)
    points = visit.challenge.plan.escrow.fee_basis_points

    def money(amount: int) -> object:
        return money_view(Money(amount, funding.currency))

    return FundingLineView.model_validate(
        {
            "currency": funding.currency,
            "badge": badge,
            "words": BADGE_WORDS[badge],
            "prizes": money(minor),
            "fee": money(rules.flat_fee(minor, points)),
            "deposited": money(funding.deposited),
            "held_by_third_party": money(funding.held_by_third_party),
            "pledged": money(funding.pledged),
            "awarded": money(funding.awarded),
            "paid": money(funding.paid),
            "fee_taken": money(funding.fee),
            "left": money(max(0, funding.total - funding.awarded - funding.fee)),
        }
    )


def _named(key: str | None) -> str:
    if not key:
        raise IdempotencyKeyMissingError(
            "Send a header Idempotency-Key with a fresh text for each deed, and the same one with "
            "every repetition: money then moves once."
        )
    return f"asked:{key}"  # nobody takes the key of an award, which would then never be paid
