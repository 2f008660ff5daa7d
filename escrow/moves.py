"""The steps that the verbs of the ledger share: locking, and what goes from where to where."""

from collections.abc import Mapping

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.escrow import posting, queries, rules
from palio.escrow.contracts import NOTHING, AccountKind, Deed, Fund, Place, Transaction
from palio.escrow.posting import Move, Request


def begin(session: Session, request: Request) -> Transaction | None:
    """Hold the challenge's row; return what the request led to before, if it was made before."""
    challenges.lock_challenge(session, request.challenge_id)
    return posting.done_before(session, request)


def begin_share(
    session: Session,
    deed: Deed,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    detail: Mapping[str, str | int] = NOTHING,
) -> tuple[Request, Transaction | None]:
    """Do the same for a deed on one person's share of an award; return the request with it.

    Raises:
        NothingToPayError: The award never had any money.
        BadDeedError, KeyReusedError: In words.

    """
    challenges.lock_challenge(session, challenge_id)
    currency = queries.currency_of_award(session, challenge_id=challenge_id, award_id=award_id)
    request = Request(challenge_id, key, deed, currency, award_id, person_id, detail)
    return request, posting.done_before(session, request)


def move(fund: Fund, from_: AccountKind, to: AccountKind, minor: int) -> Move:
    """Return a move between two accounts of the whole challenge, within one fund."""
    return Move(Place(fund, from_), Place(fund, to), minor)


def place(request: Request, fund: Fund, kind: AccountKind) -> Place:
    """Return an account of the share that the request is about."""
    return Place(fund, kind, request.person_id, request.award_id)


def own(request: Request, fund: Fund, from_: AccountKind, to: AccountKind, minor: int) -> Move:
    """Return a move between two accounts of the share that the request is about."""
    return Move(place(request, fund, from_), place(request, fund, to), minor)


def share(session: Session, request: Request, kind: AccountKind) -> dict[Fund, int]:
    """Return what is on one person's accounts of a kind for the award, by fund, none of zero."""
    on = queries.balances(session, request.challenge_id, request.currency)
    parts = {fund: on.get(place(request, fund, kind), 0) for fund in Fund}
    return {fund: minor for fund, minor in parts.items() if minor}


def escrow(on: queries.Balances) -> dict[Fund, int]:
    """Return what is put away and not awarded, by fund."""
    return {fund: on.get(Place(fund, AccountKind.ESCROW), 0) for fund in Fund}


def draw(
    challenge: Challenge, available: dict[Fund, int], *, minor: int
) -> tuple[tuple[Fund, int], ...]:
    """Say which money an amount is taken from; what is missing is owed unless rules forbid it."""
    may_promise = not challenge.plan.escrow.is_deposit_required
    return rules.draw(minor, available, may_promise=may_promise)


def from_escrow(available: dict[Fund, int], to: Place, minor: int) -> list[Move]:
    """Take money put away, and what is missing of it straight from the promise; counts it off."""
    there = min(minor, available[to.fund])
    available[to.fund] -= there
    moves = [Move(Place(to.fund, AccountKind.ESCROW), to, there)]
    if minor > there:
        moves.append(Move(Place(to.fund, AccountKind.OUTSIDE), to, minor - there))
    return moves
