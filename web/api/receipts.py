"""Receipts: signed, with what the log knows of a submission; checked by `palio verify receipt`."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.db import reading
from palio.pipeline import proofs, receipts
from palio.web.api.schemas import problems
from palio.web.api.schemas_receipts import ReceiptFileView
from palio.web.api.submissions import visit_of
from palio.web.deps import SignedInDep, StateDep, WriteDep
from palio.web.state import WebState

router = APIRouter(prefix="/api/v1", tags=["log"])


@router.get("/submissions/{submission_id}/receipt", responses=problems(401, 404))
def read_receipt(
    session: WriteDep, state: StateDep, caller: SignedInDep, submission_id: str
) -> ReceiptFileView:
    """Give the receipts of a submission with their proofs, as far as there are any by now."""
    return receipt_of(session, state, caller, submission_id=submission_id)


def receipt_of(
    session: Session, state: WebState, caller: Caller, *, submission_id: str
) -> ReceiptFileView:
    """Return the receipts of a submission; the log's head is signed for it."""
    visit, submission = visit_of(session, caller, submission_id=submission_id)
    opened = None
    if visit.may(Action.READ_PRIVATE_SCORE):
        opened = proofs.opened_score(
            session, challenge=visit.challenge, submission_id=submission_id
        )
    found = receipts.document(
        session, submission=submission, signer=state.signer, opened=opened, now=visit.now
    )
    return ReceiptFileView(**found)


def first_receipt(state: WebState, submission_id: str) -> ReceiptFileView:
    """Return what can be proved at the upload: that it was received."""
    with reading(state.engine) as session:
        found = receipts.received(session, submission_id=submission_id, signer=state.signer)
    return ReceiptFileView(**found)
