"""The log for everybody: its head, its entries without what is in them, and its proofs."""

import base64
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from palio.core import checkpoints, log
from palio.core.clock import database_now
from palio.core.db import unit_of_work
from palio.web.api.schemas import NOW, SHA256, View, example, problems
from palio.web.deps import LIMIT, LimitDep, ReadDep, StateDep
from palio.web.state import WebState

router = APIRouter(prefix="/api/v1/log", tags=["log"])

CHECKPOINT = (
    "palio.example/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"
    "\u2014 palio.example/log x08goAAA…\n"
)
KEY = "palio.example/log+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENTRY = {
    "index": 6,
    "at": NOW,
    "kind": "challenges.extend",
    "record": '{"at":"…","challenge":"…","hash":"…","kind":"challenges.extend"}',
}
_At = Annotated[int, Query(ge=0, le=2**62)]


class LogView(View):
    """The log now: how long it is, its root, a signed checkpoint of it, and who signs."""

    model_config = example({"size": 7, "root": SHA256, "checkpoint": CHECKPOINT, "keys": [KEY]})

    size: int
    root: str
    checkpoint: str
    keys: tuple[str, ...]


class LogEntryView(View):
    """One entry as everybody sees it. `record` is the leaf: SHA-256(0x00 || record) in the tree.

    `hash` in it hides who did what; `index` counts from 0.
    """

    model_config = example(ENTRY)

    index: int
    at: datetime
    kind: str
    record: str


class LogEntriesView(View):
    """Entries in their order; `next_first` continues, null at the end."""

    model_config = example({"items": [ENTRY], "next_first": None})

    items: tuple[LogEntryView, ...]
    next_first: int | None


class ProofView(View):
    """Hashes in base64, from the leaf upwards (RFC 9162, 2.1.3 and 2.1.4)."""

    model_config = example({"proof": ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]})

    proof: tuple[str, ...]


@router.get("", responses=problems())
def read_log(state: StateDep) -> LogView:
    """Show the log's head with a checkpoint of it."""
    note = current_checkpoint(state)
    with unit_of_work(state.engine, send=state.send) as session:
        return log_view(session, note)


def log_view(session: Session, note: str) -> LogView:
    """Show the log as a checkpoint says it."""
    size, root = checkpoints.said(note)
    return LogView(size=size, root=root.hex(), checkpoint=note, keys=checkpoints.keys(session))


@router.get(
    "/checkpoint",
    responses={**problems(), 200: {"content": {"text/plain": {"example": CHECKPOINT}}}},
    response_class=Response,
)
def read_checkpoint(state: StateDep) -> Response:
    """Give the newest checkpoint: a C2SP signed note with origin, size and root."""
    return Response(current_checkpoint(state), media_type="text/plain; charset=utf-8")


@router.get(
    "/key",
    responses={**problems(), 200: {"content": {"text/plain": {"example": KEY}}}},
    response_class=Response,
)
def read_key(state: StateDep) -> Response:
    """Give the public key that signs checkpoints and receipts."""
    return Response(f"{state.signer.verifier}\n", media_type="text/plain; charset=utf-8")


@router.get("/entries", responses=problems())
def list_log_entries(session: ReadDep, first: _At = 0, limit: LimitDep = LIMIT) -> LogEntriesView:
    """List entries from index `first` on."""
    found = log.entries(session, first=first, limit=limit)
    items = tuple(
        LogEntryView(
            index=entry.index,
            at=entry.record.at,
            kind=entry.record.kind,
            record=entry.record.text(),
        )
        for entry in found
    )
    return LogEntriesView(items=items, next_first=first + limit if len(items) == limit else None)


@router.get("/inclusion", responses=problems(404))
def prove_inclusion(session: ReadDep, index: _At, size: _At) -> ProofView:
    """Prove that entry `index` is in the log of `size` entries."""
    return _proof(log.inclusion_proof(session, index=index, size=size))


@router.get("/consistency", responses=problems(404))
def prove_consistency(session: ReadDep, first: _At, second: _At) -> ProofView:
    """Prove that the log of `second` entries begins with that of `first`."""
    return _proof(log.consistency_proof(session, first=first, second=second))


def current_checkpoint(state: WebState) -> str:
    """Return a checkpoint of the log as it is now, signed for this call where there is none."""
    with unit_of_work(state.engine, send=state.send) as session:
        note = checkpoints.newest(session)
        if note is not None and not checkpoints.is_behind(session):
            return note
        return checkpoints.sign_head(session, state.signer, now=database_now(session))


def _proof(steps: tuple[bytes, ...]) -> ProofView:
    return ProofView(proof=tuple(base64.b64encode(step).decode() for step in steps))
