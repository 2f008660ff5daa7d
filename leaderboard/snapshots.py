"""How a board is kept: canonical bytes, their digest, and a small store of parsed boards."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from palio.leaderboard.contracts import Snapshot, Standing
from palio.submissions.contracts import SubmissionKind

KEPT_IN_MEMORY = 32


@dataclass(frozen=True, slots=True)
class Content:
    """What a board says, without when and under which number it was made."""

    rule: str
    standings: tuple[Standing, ...]


def to_bytes(content: Content) -> bytes:
    """Write a board so that equal boards are equal bytes."""
    lines = [_to_list(standing) for standing in content.standings]
    return json.dumps({"rule": content.rule, "lines": lines}, separators=(",", ":")).encode()


def from_bytes(body: bytes) -> Content:
    """Read what `to_bytes` wrote."""
    read = json.loads(body)
    return Content(rule=read["rule"], standings=tuple(_from_list(*line) for line in read["lines"]))


def etag_of(body: bytes) -> str:
    """Return a digest of the content alone: another board has another etag, an equal one not."""
    return hashlib.sha256(body).hexdigest()[:32]


def _to_list(standing: Standing) -> list[Any]:
    gain = standing.improvement
    return [
        standing.rank,
        standing.team_id,
        standing.name,
        standing.members,
        standing.kind.value,
        str(standing.score),
        [(metric, str(score)) for metric, score in standing.scores],
        None if gain is None else str(gain),
        standing.entries,
        standing.submission_id,
        standing.received_at.isoformat(),
    ]


def _from_list(  # noqa: PLR0913, PLR0917 (the fields of a standing, in the order written above)
    rank: int | None,
    team_id: str,
    name: str,
    members: Sequence[str],
    kind: str,
    score: str,
    scores: Sequence[tuple[str, str]],
    improvement: str | None,
    entries: int,
    submission_id: str,
    received_at: str,
) -> Standing:
    return Standing(
        rank=rank,
        team_id=team_id,
        name=name,
        members=tuple(members),
        kind=SubmissionKind(kind),
        score=Decimal(score),
        scores=tuple((metric, Decimal(value)) for metric, value in scores),
        improvement=None if improvement is None else Decimal(improvement),
        entries=entries,
        submission_id=submission_id,
        received_at=datetime.fromisoformat(received_at),
    )


class SnapshotStore:
    """The boards parsed last, by the id of their row: a page of a board parses nothing.

    Rows never change and ids are never used again, so nothing in here goes stale.
    """

    def __init__(self, *, size: int = KEPT_IN_MEMORY) -> None:
        self._size = size
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._lock = Lock()

    def get(self, snapshot_id: str) -> Snapshot | None:
        """Return the board if it is here."""
        with self._lock:
            snapshot = self._kept.get(snapshot_id)
            if snapshot is not None:
                self._kept.move_to_end(snapshot_id)
            return snapshot

    def put(self, snapshot_id: str, snapshot: Snapshot) -> None:
        """Keep a board, and let go of the one not asked for longest."""
        with self._lock:
            self._kept[snapshot_id] = snapshot
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
