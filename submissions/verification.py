"""A winner's code comes in to be run again: it costs no try, needs no phase, stands on no board."""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, Delivery
from palio.core.storage import Blob
from palio.submissions import idempotency, models, queries, rules, service
from palio.submissions.contracts import Receipt, SubmissionKind, SubmissionState, UploadLimits


def receive(  # noqa: PLR0913 (everything a receipt is about)
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    person_id: str,
    blob: Blob,
    file_name: str,
    delivery: Delivery,
    idempotency_key: str,
    limits: UploadLimits,
    now: datetime,
) -> Receipt:
    """Accept a stored program of a winning team; who may hand one in is decided by `prizes`.

    Raises:
        BadIdempotencyKeyError, IdempotencyKeyReusedError: As `service.receive`.
        DeliveryNotTakenError: Predictions, or what the challenge does not take.
        ModelTooLargeError: See `UploadLimits`.

    """
    rules.check_key(idempotency_key)
    if delivery is Delivery.PREDICTIONS:
        raise rules.DeliveryNotTakenError("Hand in code or an image: it is run again here.")
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    before = idempotency.receipt_of_key(session, team_id=team_id, idempotency_key=idempotency_key)
    if before is not None:
        rules.check_same_file(before.sha256, blob.sha256)
        return before
    rules.check_size(challenge.plan, delivery, file_bytes=blob.bytes, limits=limits)
    row = models.Submission(
        challenge_id=challenge.id,
        phase_id=challenge.phases[-1].id,
        team_id=team_id,
        person_id=person_id,
        kind=SubmissionKind.VERIFICATION.value,
        label=None,
        delivery=delivery.value,
        file_name=rules.tidy_file_name(file_name),
        sha256=blob.sha256,
        bytes=blob.bytes,
        note="",
        idempotency_key=idempotency_key,
        state=SubmissionState.RECEIVED.value,
        received_at=service.next_receipt_time(session, challenge_id=challenge.id, at_least=now),
    )
    session.add(row)
    session.flush()
    return queries.receipt(row, is_new=True)
