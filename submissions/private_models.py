"""The tables of private scores and sums, apart so that import rules can say who touches them.

`submissions.score_rows` writes, `submissions.private` reads, `pipeline.tables` registers.
"""

from palio.submissions.models import ScoreColumns
from palio.submissions.trace_models import SumColumns


class PrivateScore(ScoreColumns, table=True):
    """Scores on the private part."""

    __tablename__ = "private_score"


class PrivateTrace(SumColumns, table=True):
    """Bucket sums on the private part."""

    __tablename__ = "private_trace"
