"""Tables of datasets: which blobs are a challenge's files, answer keys and packages.

`challenge_id` is no foreign key: challenges come after datasets in a submission's life.
"""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class DataFileRow(SQLModel, table=True):
    """One file of one version. Rows are only ever added."""

    __tablename__ = "data_file"
    __table_args__ = (UniqueConstraint("challenge_id", "version", "path"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str
    version: int
    path: str  # inside data/, with forward slashes
    sha256: str
    bytes: int = Field(sa_type=BigInteger)
    media_type: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class AnswerKeyRow(SQLModel, table=True):
    """One version of the compiled answers: digests and sizes. Rows are only ever added."""

    __tablename__ = "answer_key"
    __table_args__ = (UniqueConstraint("challenge_id", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str
    version: int
    ids_sha256: str
    sealed_sha256: str
    rows: int
    public_rows: int
    private_rows: int
    created_at: datetime = Field(sa_type=UtcDateTime)


class PackageRow(SQLModel, table=True):
    """One version of a bundle: the host's metric, features, or a sample. Rows are only added."""

    __tablename__ = "package"
    __table_args__ = (UniqueConstraint("challenge_id", "kind", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str
    kind: str  # PackageKind; decides in which store the blob lies
    version: int
    sha256: str
    bytes: int = Field(sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ChallengeSecretRow(SQLModel, table=True):
    """32 random bytes of a challenge; read by `challenge_secrets` alone, and never changed."""

    __tablename__ = "challenge_secret"

    challenge_id: str = Field(primary_key=True)
    secret: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
