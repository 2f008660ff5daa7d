"""What others may know of a challenge's files; where sealed answers lie is not part of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DataFile:
    """One downloadable file of one version of a challenge's data."""

    id: str
    challenge_id: str
    version: int
    path: str  # inside data/, with forward slashes
    sha256: str
    bytes: int
    media_type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerKeyRef:
    """A version of a challenge's compiled answers: sizes and digests, no content.

    Attributes:
        ids_sha256: Blob of the expected ids in public order (not secret).
        sealed_sha256: Blob of targets and partition in the sealed store.

    """

    id: str
    challenge_id: str
    version: int
    ids_sha256: str
    sealed_sha256: str
    rows: int
    public_rows: int
    private_rows: int
    created_at: datetime
