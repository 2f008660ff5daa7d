"""The table of private scores on resampled rows, apart as the other private tables are."""

from sqlmodel import Field, SQLModel


class PrivateDraws(SQLModel, table=True):
    """One submission's scores on resamples of the private part, under one version of scores."""

    __tablename__ = "private_draws"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    exact: float  # on all rows, not rounded
    rows: int  # in one resample
    scores: bytes  # float64, little-endian
