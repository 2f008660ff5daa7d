"""Receipts: what a team holds in its hands, signed, and what the log knows of it."""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.challenges.rules import quota_window
from palio.core import audit, checkpoints, log
from palio.core.log_entries import canonical, instant
from palio.core.log_models import AuditEvent
from palio.core.notes import Checkpoint, Signer
from palio.pipeline import commitments
from palio.submissions import queries as submissions
from palio.submissions import rules, score_log, versions
from palio.submissions.commitment_models import ScoreCommitment
from palio.submissions.contracts import OpenedScore, Receipt, Submission

FORMAT = "palio-receipt-1"
KIND = "submissions.received"

Document = dict[str, Any]


def note_received(session: Session, *, challenge: Challenge, receipt: Receipt) -> None:
    """Write the receipt of a new submission into the log, in the transaction that takes it in."""
    submission = submissions.submission(session, receipt.submission_id)
    promise = commitment(session, challenge_id=challenge.id)
    audit.append(
        session,
        kind=KIND,
        subject_id=receipt.submission_id,
        challenge_id=challenge.id,
        payload={
            "v": 1,
            "challenge": challenge.slug,
            "phase": next(
                phase.name for phase in challenge.phases if phase.id == submission.phase_id
            ),
            "submission_id": receipt.submission_id,
            "team": receipt.team_id,
            "kind": submission.kind.value,
            "label": submission.label,
            "sha256_raw": receipt.sha256,
            "bytes": receipt.bytes,
            "received_at": instant(receipt.received_at),
            "quota_left": _quota_left(session, challenge, submission),
            "rules_commit": challenge.rules_sha256,
            "holdout_commit": str(promise.get("holdout_root", "")),
            "scorer_digest": scorer_digest(promise),
        },
        now=receipt.received_at,
    )


def commitment(session: Session, *, challenge_id: str) -> Document:
    """Return what the challenge promises now; empty where it was launched before promises."""
    found = audit.of_subject(session, subject_id=challenge_id, action=commitments.KIND)
    return json.loads(found[-1].detail) if found else {}


def scorer_digest(promise: Document) -> str:
    """Return one digest for metrics and scorer together."""
    if not promise:
        return ""
    return sha256(f"{promise['metrics']}\n{promise['scorer']}".encode()).hexdigest()


def received(session: Session, *, submission_id: str, signer: Signer) -> Document:
    """Return the receipt that can be given at the upload, before the log has its entry."""
    events = audit.of_subject(session, subject_id=submission_id, action=KIND)
    return _document(signer, received=_received_fields(events))


def document(
    session: Session,
    *,
    submission: Submission,
    signer: Signer,
    opened: OpenedScore | None,
    now: datetime,
) -> Document:
    """Return all that can be proved of a submission now, to be checked without this server."""
    checkpoint = checkpoints.sign_head(session, signer, now=now)
    size = Checkpoint.parse(signer.verifier.open(checkpoint)).size
    events = audit.of_subject(session, subject_id=submission.id, action=KIND)
    promise = _promise(session, submission)
    scored = None if promise is None else _event(session, submission.id, promise.event_hash)
    fields = None
    if promise is not None and scored is not None:
        fields = _scored_fields(session, submission, promise, scored)
    return _document(
        signer,
        received=_received_fields(events),
        scored=fields,
        log={
            "checkpoint": checkpoint,
            "received": _proof(session, events[0], size) if events else None,
            "scored": _proof(session, scored, size) if scored else None,
        },
        opened=None
        if opened is None or fields is None  # without its promise it proves nothing
        else {"private_score": opened.private_score, "salt": opened.salt},
    )


def _document(
    signer: Signer,
    *,
    received: Document | None,
    scored: Document | None = None,
    log: Document | None = None,
    opened: Document | None = None,
) -> Document:
    return {
        "format": FORMAT,
        "key": str(signer.verifier),
        "received": None if received is None else _signed(signer, received),
        "scored": None if scored is None else _signed(signer, scored),
        "log": log,
        "opened": opened,
    }


def _received_fields(events: Sequence[AuditEvent]) -> Document | None:
    """Return what the receipt says; None where it is older than the log, or was erased."""
    return json.loads(events[0].detail) if events else None


def _signed(signer: Signer, fields: Document) -> Document:
    return {"receipt": fields, "signature": signer.signature(canonical(fields) + "\n")}


def _scored_fields(
    session: Session, submission: Submission, promise: ScoreCommitment, event: AuditEvent
) -> Document:
    fields: Document = json.loads(event.detail)
    # A score that a rescore made under a release rule was promised before it was told.
    is_told = bool(submission.public_scores) and bool(promise.public_text)
    return fields | {
        "v": 1,
        "public_score": promise.public_text if is_told else None,
        "public_salt": promise.public_salt if is_told else None,
        "log_index": log.index_of(session, event.hash),
    }


def _promise(session: Session, submission: Submission) -> ScoreCommitment | None:
    pair = versions.active_pair(session, challenge_id=submission.challenge_id)
    return session.get(ScoreCommitment, (submission.id, pair.key_version, pair.metric_version))


def _event(session: Session, submission_id: str, event_hash: str) -> AuditEvent | None:
    events = audit.of_subject(session, subject_id=submission_id, action=score_log.KIND)
    return next((event for event in events if event.hash == event_hash), None)


def _proof(session: Session, event: AuditEvent, size: int) -> Document | None:
    payload = audit.payload_of(event)
    if payload is None:
        return None
    index = log.index_of(session, event.hash)
    return {
        "index": index,
        "salt": event.salt,
        "payload": json.loads(payload.text()),
        "proof": [step.hex() for step in log.inclusion_proof(session, index=index, size=size)],
    }


def _quota_left(session: Session, challenge: Challenge, submission: Submission) -> int | None:
    if not submission.team_id:
        return None
    phase = next(phase for phase in challenge.phases if phase.id == submission.phase_id)
    window = quota_window(phase.quota.zone, now=submission.received_at)
    use = submissions.quota_use(
        session, team_id=submission.team_id, phase_id=phase.id, day=window.day
    )
    return rules.remaining(phase.quota, use=use)
