"""The tables of private scores and sums, apart so that import rules can say who touches them.

`submissions.score_rows` and `score_log` write, `submissions.private` reads, `pipeline.tables`
registers.
"""

from sqlmodel import Field, SQLModel

from palio.submissions.models import ScoreColumns
from palio.submissions.trace_models import SumColumns


class PrivateScore(ScoreColumns, table=True):
    """Scores on the private part."""

    __tablename__ = "private_score"


class PrivateTrace(SumColumns, table=True):
    """Bucket sums on the private part."""

    __tablename__ = "private_trace"


class PrivateSalt(SQLModel, table=True):
    """Opens what the log promised of the private scores; told with them."""

    __tablename__ = "private_salt"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    salt: str  # hex
