"""A request repeated with its key gets the receipt of the first time, also after a merger."""

from sqlmodel import Session, select

from palio.challenges.contracts import Delivery
from palio.core.storage import Blob
from palio.submissions import models, queries, rules
from palio.submissions.contracts import Receipt


def receipt_of_key(
    session: Session, *, team_id: str, idempotency_key: str, person_id: str = "", sha256: str = ""
) -> Receipt | None:
    """Return the receipt this team got for this key before, if any.

    Teams that merged may both have used a key: then what this person sent is meant, else what has
    these bytes.
    """
    rows = session.exec(
        select(models.Submission).where(
            models.Submission.team_id == team_id,
            models.Submission.idempotency_key == idempotency_key,
        )
    ).all()
    best = max(
        rows,
        key=lambda row: (row.person_id == person_id, row.sha256 == sha256, row.id),
        default=None,
    )
    return None if best is None else queries.receipt(best, is_new=False)


def same_again(before: Receipt, *, blob: Blob, delivery: Delivery) -> Receipt:
    """Return the receipt of before, for the same bytes; raises `IdempotencyKeyReusedError`."""
    rules.check_same_file(before.sha256, blob.sha256 if before.delivery is delivery else None)
    return before
