"""Tables of what is kept of submissions for comparisons: hidden data, on purpose elsewhere.

`submissions.score_rows` writes, `submissions.traces` reads; private sums stand in `private_models`.
"""

from sqlmodel import Field, SQLModel


class SumColumns(SQLModel):
    """Bucket sums of the ranking metric's loss on one part, under one key and metric version."""

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    sums: bytes  # float32, little-endian


class PublicTrace(SumColumns, table=True):
    """Sums on the public part. They follow from hidden answers: no participant's view has them."""

    __tablename__ = "public_trace"


class PredictionTrace(SQLModel, table=True):
    """What is kept of the predictions themselves; the same whatever the answers are."""

    __tablename__ = "prediction_trace"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    sketch: bytes  # float32, little-endian, as is the sample
    sample: bytes
    canonical_sha256: str
