"""Tables of what was promised of a score when it was made; the salt of the private one is apart."""

from sqlmodel import Field, SQLModel


class ScoreCommitment(SQLModel, table=True):
    """What was told of a score at once, and the event in which the log promises both parts."""

    __tablename__ = "score_commitment"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    public_salt: str  # hex
    public_text: str  # what is told under the challenge's release rule, maybe later
    event_hash: str
