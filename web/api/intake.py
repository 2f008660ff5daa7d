"""Handing in: the body streams to the store, then one short transaction makes it a submission."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from palio.accounts import service as account_service
from palio.accounts.contracts import Caller, Team
from palio.challenges import rules as challenge_rules
from palio.challenges.contracts import Challenge, Delivery
from palio.core.db import before_commit, reading
from palio.core.storage import Blob
from palio.pipeline import launch
from palio.pipeline import queries as pipeline
from palio.submissions import idempotency, rules
from palio.submissions import queries as submissions
from palio.submissions.contracts import Receipt, UploadLimits
from palio.submissions.intake import DigestMismatchError
from palio.web.api.receipts import first_receipt
from palio.web.api.schemas import problems
from palio.web.api.schemas_submissions import ReceiptView, receipt_view
from palio.web.buckets import Group
from palio.web.deliveries import limits_of, looked_at
from palio.web.deps import SignedInDep, StateDep
from palio.web.errors import IdempotencyKeyMissingError
from palio.web.state import WebState, limit
from palio.web.units import run_unit
from palio.web.uploads import Declared, Place, declared_of, store
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1", tags=["submissions"])


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody hands in, beside the bytes."""

    slug: str
    file_name: str
    note: str
    key: str
    delivery: Delivery = Delivery.PREDICTIONS


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may come: so many bytes, and the one file of this digest where the key is known."""

    limit_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The query of an upload."""

    file_name: Annotated[str, Query(max_length=1000)] = ""
    note: Annotated[str, Query(max_length=2000)] = ""
    delivery: Annotated[Delivery, Query(description="what the body is")] = Delivery.PREDICTIONS


@router.post(
    "/challenges/{slug}/submissions",
    status_code=201,
    responses={
        **problems(401, 403, 404, 408, 409, 413, 415, 507),
        200: {"model": ReceiptView, "description": "The same key again: the same receipt."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"example": "id,rating\n1,3.5\n"}},
        }
    },
)
async def create_submission(
    request: Request,
    response: Response,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    asked: Annotated[Asked, Depends()],
    idempotency_key: Annotated[str | None, Header()] = None,
) -> ReceiptView:
    """Hand in a prediction file, a zip with code, or a container image: the raw body.

    Costs a try; a refused file, and a program that fails its smoke run, give it back.

    Send `Content-Digest: sha-256=:…:` (RFC 9530) so that a file changed on its way is noticed,
    and one `Idempotency-Key` for all attempts at one upload: the same key never counts twice.
    """
    limit(request, Group.SUBMIT)
    if not idempotency_key:
        raise IdempotencyKeyMissingError(
            "Send a header Idempotency-Key with a fresh random text for each upload, and the "
            "same text when you repeat it: then a repeated upload cannot count twice."
        )
    declared = declared_of(request)
    deed = Deed(
        slug=slug,
        file_name=asked.file_name,
        note=asked.note,
        key=idempotency_key,
        delivery=asked.delivery,
    )
    receipt = await take_in(state, caller, deed, request.stream(), declared=declared)
    response.status_code = 201 if receipt.is_new else 200
    signed = await run_in_threadpool(first_receipt, state, receipt.submission_id)
    return receipt_view(receipt, signed=signed)


async def take_in(
    state: WebState,
    caller: Caller,
    deed: Deed,
    stream: AsyncIterator[bytes],
    *,
    declared: Declared,
) -> Receipt:
    """Store a stream and make it a submission; a key that is known stores no other file.

    Raises:
        AppError: As `check_before`, `looked_at`, `web.uploads.store` and `hand_in`.

    """
    allowance = await run_in_threadpool(check_before, state, caller, deed)
    before = allowance.sha256
    if before is not None and declared.sha256 is not None:
        rules.check_same_file(before, declared.sha256)
    try:
        return await store(
            looked_at(stream, deed.delivery),
            state.storage,
            limit_bytes=allowance.limit_bytes,
            declared=Declared(bytes=declared.bytes, sha256=before or declared.sha256),
            idle_seconds=state.settings.upload_idle_seconds,
            hand_in=partial(hand_in, state, caller, deed),
        )
    except DigestMismatchError:
        if before is not None and declared.sha256 is None:
            rules.check_same_file(before, None)
        raise


def check_before(state: WebState, caller: Caller, deed: Deed) -> Allowance:
    """Refuse before a byte is read what would be refused after.

    The decision that counts is made in `hand_in`, under locks; this one saves the transfer and
    keeps bytes that can never become a submission out of the store.

    Raises:
        AppError: As `hand_in`.

    """
    rules.check_key(deed.key)
    rules.check_note(deed.note)
    with reading(state.engine) as session:
        visit = enter(session, deed.slug, caller)
        visit.require_participant(session)
        team = visit.team(session)
        plan = visit.challenge.plan
        limits = limits_of(state.settings)
        most = rules.upload_max_bytes(plan, deed.delivery, limits=limits)
        before = team and idempotency.receipt_of_key(
            session, team_id=team.id, idempotency_key=deed.key, person_id=caller.person.id
        )
        if before:  # a repetition gets its receipt whatever the time and the quota
            return Allowance(limit_bytes=most, sha256=before.sha256)
        _check_try(session, visit, team, limits=limits)
        pipeline.check_offered(session, plan=plan, delivery=deed.delivery, now=visit.now)
        return Allowance(limit_bytes=most, sha256=None)


def _check_try(session: Session, visit: Visit, team: Team | None, *, limits: UploadLimits) -> None:
    challenge, now = visit.challenge, visit.now
    phase = challenge_rules.intake_phase(challenge, now=now)
    if team is None:
        _check_entry(challenge, now=now)
        return
    window = challenge_rules.quota_window(phase.quota.zone, now=now)
    rules.check_refused_files(
        submissions.refused_files(session, team_id=team.id, day=window.day),
        limit=limits.refused_files_per_day,
        window=window,
        zone=phase.quota.zone,
    )
    use = submissions.quota_use(session, team_id=team.id, phase_id=phase.id, day=window.day)
    rules.check_quota(phase, use=use, window=window)


def hand_in(state: WebState, caller: Caller, deed: Deed, blob: Blob, place: Place) -> Receipt:
    """Make a file that came a submission of the caller's team, in one transaction.

    Raises:
        AppError: Whatever `pipeline.launch.accept_submission` raises; not accepted rules; the
            entry deadline for somebody without a team.

    """

    def work(session: Session) -> Receipt:
        before_commit(session, lambda _: place())  # what is refused leaves no file
        visit = enter(session, deed.slug, caller)
        visit.require_participant(session)
        team = visit.team(session)
        if team is None:
            challenge_rules.intake_phase(visit.challenge, now=visit.now)
            team = join_alone(session, visit, caller)
        return launch.accept_submission(
            session,
            challenge=visit.challenge,
            team_id=team.id,
            person_id=caller.person.id,
            blob=blob,
            file_name=deed.file_name,
            note=deed.note,
            idempotency_key=deed.key,
            limits=limits_of(state.settings),
            delivery=deed.delivery,
        )

    return run_unit(state, work)


def join_alone(session: Session, visit: Visit, caller: Caller) -> Team:
    """Make the caller a team of one; raises `EntryDeadlineError`."""
    _check_entry(visit.challenge, now=visit.now)
    return account_service.solo_team(
        session, challenge_id=visit.challenge.id, person=caller.person, now=visit.now
    )


def _check_entry(challenge: Challenge, *, now: datetime) -> None:
    """Let somebody new in; after the bell nothing can be won, so that everybody may try."""
    if challenge_rules.late_phase(challenge, now=now) is None:
        challenge_rules.check_entry_deadline(challenge, now=now)
