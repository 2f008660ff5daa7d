"""The table of private scores, in its own file so that import rules can say who touches it.

`submissions.service` writes, `submissions.private` reads, `pipeline.tables` registers.
"""

from palio.submissions.models import ScoreColumns


class PrivateScore(ScoreColumns, table=True):
    """Scores on the private part."""

    __tablename__ = "private_score"
