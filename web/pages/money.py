"""The page of prize money: for everybody how safe it is, for hosts the ledger and its forms."""

import re

from fastapi import APIRouter, Response
from pydantic import ValidationError
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.errors import AppError, BadRequestError
from palio.core.ids import new_id
from palio.escrow import queries
from palio.web.api import money
from palio.web.api.schemas_money import (
    DepositOrder,
    FeeOrder,
    FeePayoutOrder,
    PledgeOrder,
    RefundOrder,
    ReversalOrder,
)
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()
# As pages write amounts. A comma without a point after it may be somebody's decimal point.
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]+", re.ASCII)


@router.get("/challenges/{slug}/money")
def show_money(session: ReadDep, state: StateDep, caller: CallerDep, slug: str) -> Response:
    """Show how the prizes are funded."""
    return _show(session, state, caller, slug)


@router.post("/challenges/{slug}/money")
def move_money(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Record what the form's button says."""
    return carry_out(
        state,
        lambda session: _do(session, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/money",
    )


def _do(session: Session, caller: Caller, slug: str, form: Form) -> None:
    visit = enter(session, slug, caller)
    key = form.get("key", "")
    try:
        match form.get("deed"):
            case "pledge":
                order = PledgeOrder.model_validate(_amount(form))
                money.pledge(session, visit, caller, order=order, key=key)
            case "deposit":
                said = {name: form.get(name, "").strip() for name in ("evidence_sha256", "held_by")}
                deposit = DepositOrder.model_validate({**_amount(form), **said})
                money.deposit(session, visit, caller, order=deposit, key=key)
            case "refund":
                refund = RefundOrder.model_validate({**_amount(form), "fund": form.get("fund")})
                money.refund(session, visit, caller, order=refund, key=key)
            case "fee":
                fee = FeeOrder.model_validate({"currency": form.get("currency", "")})
                money.fee(session, visit, caller, order=fee, key=key)
            case "fee_paid":
                names = ("currency", "receipt_sha256")
                out = FeePayoutOrder.model_validate({n: form.get(n, "").strip() for n in names})
                money.pay_out_fee(session, visit, caller, order=out, key=key)
            case "reverse":
                names = ("transaction_id", "reason")
                wrong = ReversalOrder.model_validate({name: form.get(name, "") for name in names})
                money.reverse(session, visit, caller, order=wrong, key=key)
            case _:
                raise BadRequestError("The form asks for nothing this page knows.")
    except ValidationError as error:
        raise BadRequestError("Fill in every field of the form.") from error


def _amount(form: Form) -> dict[str, str]:
    amount = form.get("amount", "").strip()
    return {
        "amount": amount.replace(",", "") if _GROUPED.fullmatch(amount) else amount,
        "currency": form.get("currency", "").strip().upper(),
    }


def _show(
    session: Session,
    state: WebState,
    caller: Caller | None,
    slug: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    may_read = visit.may(Action.READ_HOST)
    funding = money.funding_of(session, visit)
    context = {
        "funding": funding,
        "may_read": may_read,
        "may_pledge": visit.may(Action.EDIT_CHALLENGE),
        "may_record": visit.may(Action.ADMINISTER),
        "statement": reversed(money.statement_of(session, visit).items) if may_read else (),
        "reversed_ids": queries.reversed_ids(session, visit.challenge.id) if may_read else (),
        "key": new_id(),
        "currency": funding.items[0].currency if funding.items else "",
    }
    return challenge_page(
        session, state, visit, "money/show.html", context, tab="money", error=error
    )
