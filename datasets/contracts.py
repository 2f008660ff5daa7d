"""What others may know of a challenge's files; where sealed answers lie is not part of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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


class PackageKind(StrEnum):
    """What a bundle (`sandbox.bundle`) holds, and by that who may have it.

    METRIC: The host's own metric as it is mounted at ``/metric``: ``metric.py``, or the files of
        a program. In the sealed store: it may tell how the answers came to be.
    FEATURES: What a team's program gets as ``/input``. In the hidden store, which workers for
        models read, and which holds no answers.
    SAMPLE: A folder ``sample/`` with files of the same kind that everybody may see, ``/input``
        of a smoke run, and beside it ``sample_submission.csv`` where the host gave one
        (`ModelRules.has_sample_answers`). Among the blobs.
    """

    METRIC = "metric"
    FEATURES = "features"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Package:
    """A version of one of a challenge's bundles: size and digest, no content."""

    id: str
    challenge_id: str
    kind: PackageKind
    version: int
    sha256: str
    bytes: int
    created_at: datetime
