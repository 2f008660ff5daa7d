"""Everything that `palio verify board` needs of a challenge, as files with a signed list of them.

Before the reveal: rules, promises and the log. After it also what the final board is ranked from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit, checkpoints, log
from palio.core.log_entries import canonical, instant
from palio.core.notes import Checkpoint, Signer
from palio.leaderboard import making, snapshots, views
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.pipeline import commitments, opening, proofs, receipts
from palio.submissions import exclusions, score_log
from palio.submissions.contracts import ScoredEntry

FORMAT = "palio-bundle-1"
MANIFEST = "bundle.note"
REVEAL_KINDS = frozenset({"leaderboard.reveal", "leaderboard.rereveal"})
SELECTION = "submissions.selection"
_OPEN_ALWAYS = frozenset({commitments.KIND})
_OPEN_AFTER_REVEAL = REVEAL_KINDS | {
    receipts.KIND,
    score_log.KIND,
    SELECTION,
    exclusions.LOG_KIND,
    opening.KIND,
    "submissions.withdraw",
    "submissions.restore",
    "submissions.merge",
}
_CHECKPOINTS_MOST = 100  # earlier ones that are proved to be continued; evenly chosen

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Log:
    checkpoint: str
    size: int
    events: tuple[tuple[int, audit.AuditEvent], ...]


def files(session: Session, *, challenge: Challenge, signer: Signer, now: datetime) -> Files:
    """Return the files of the bundle by name."""
    checkpoint = checkpoints.sign_head(session, signer, now=now)
    size = Checkpoint.parse(signer.verifier.open(checkpoint)).size
    known = _Log(checkpoint, size, log.events_of(session, challenge_id=challenge.id, size=size))
    rules = challenges.text(session, challenge_id=challenge.id, kind="rules")
    found = {
        "rules.md": rules.encode(),
        "log.json": _log(session, known),
        "opened.json": _opened(known, is_revealed=challenge.revealed_at is not None),
    }
    if challenge.revealed_at is not None:
        found |= _final(session, challenge)
    return found | {MANIFEST: _manifest(challenge, found, signer=signer, now=now)}


def _manifest(challenge: Challenge, found: Files, *, signer: Signer, now: datetime) -> bytes:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    text = canonical(
        {
            "format": FORMAT,
            "challenge": challenge.id,
            "slug": challenge.slug,
            "key": str(signer.verifier),
            "made_at": instant(now),
            "is_revealed": challenge.revealed_at is not None,
            "files": digests,
        }
    )
    return signer.sign(f"{text}\n").encode()


def _log(session: Session, known: _Log) -> bytes:
    indices = [index for index, _ in known.events]
    siblings = log.siblings(session, indices=indices, size=known.size)
    earlier = checkpoints.evenly(session, last=known.size - 1, most=_CHECKPOINTS_MOST)
    return _json(
        {
            "checkpoint": known.checkpoint,
            "entries": [[index, log.record_of(event).text()] for index, event in known.events],
            "siblings": [node.hex() for node in siblings],
            "keys": checkpoints.keys(session),  # of earlier checkpoints: keys change
            "earlier": [
                {
                    "checkpoint": note,
                    "proof": [
                        node.hex()
                        for node in log.consistency_proof(session, first=size, second=known.size)
                    ],
                }
                for size, note in earlier
            ],
        }
    )


def _opened(known: _Log, *, is_revealed: bool) -> bytes:
    kinds = _OPEN_ALWAYS | (_OPEN_AFTER_REVEAL if is_revealed else frozenset())
    found = []
    for index, event in known.events:
        payload = audit.payload_of(event) if event.action in kinds else None
        if payload is not None:
            text = json.loads(payload.text())
            found.append({"index": index, "salt": event.salt, "payload": text})
    return _json(found)


def _final(session: Session, challenge: Challenge) -> dict[str, bytes]:
    made_at, body = boards.newest_body(session, challenge_id=challenge.id)
    view = making.view_of(session, challenge=challenge, board=Board.PRIVATE, now=made_at)
    view = replace(view, lines=snapshots.from_bytes(body).planned)  # others may have come since
    final = proofs.final(session, challenge=challenge)
    return {
        "view.json": views.to_json(view).encode() + b"\n",
        "entries.json": _json(
            {
                "key_version": final.version.key_version,
                "metric_version": final.version.metric_version,
                "entries": [_entry(entry, final) for entry in final.entries],
                "left_out": dict(final.left_out),
            }
        ),
        "board.json": body,
    }


def _entry(entry: ScoredEntry, final: proofs.Final) -> dict[str, object]:
    return {
        "submission_id": entry.submission_id,
        "team": entry.team_id,
        "kind": entry.kind.value,
        "label": entry.label,
        "received_at": instant(entry.received_at),
        "is_chosen": entry.is_chosen,
        "phase_id": entry.phase_id,
        "public": str(entry.public),
        "all_public": [[name, str(value)] for name, value in entry.all_public],
        "private": [[name, str(value)] for name, value in entry.all_rounded],
        "salt": final.private_salts.get(entry.submission_id, ""),
        "public_salt": final.public_salts.get(entry.submission_id),
    }


def _json(value: object) -> bytes:
    return canonical(value).encode() + b"\n"
