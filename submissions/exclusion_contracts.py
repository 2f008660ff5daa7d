"""Why a team or a submission does not count, as values: a closed list of reasons."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class ReasonCode(StrEnum):
    """Why a team or a submission is disqualified. The list is closed: docs/organise."""

    MULTIPLE_ACCOUNTS = "multiple_accounts"
    PRIVATE_SHARING = "private_sharing"
    COPIED = "copied"
    HAND_LABELS = "hand_labels"
    FORBIDDEN_DATA = "forbidden_data"
    PROBING = "probing"
    ATTACK = "attack"
    NOT_REPRODUCIBLE = "not_reproducible"
    NOT_ELIGIBLE = "not_eligible"
    NO_REPLY = "no_reply"
    OTHER_RULE = "other_rule"


TITLES: Final[dict[ReasonCode, str]] = {
    ReasonCode.MULTIPLE_ACCOUNTS: "one person took part with several accounts or teams",
    ReasonCode.PRIVATE_SHARING: "code, data or predictions were shared between teams in private",
    ReasonCode.COPIED: "predictions or code of others were handed in as own work",
    ReasonCode.HAND_LABELS: "answers were labelled or looked up by hand",
    ReasonCode.FORBIDDEN_DATA: "data were used that the rules do not allow",
    ReasonCode.PROBING: "scores were used to draw out hidden answers",
    ReasonCode.ATTACK: "the platform, the metric or another team was attacked",
    ReasonCode.NOT_REPRODUCIBLE: "the result could not be reproduced as the rules ask",
    ReasonCode.NOT_ELIGIBLE: "the team may not take part by the rules",
    ReasonCode.NO_REPLY: "the team did not answer in the time the rules give",
    ReasonCode.OTHER_RULE: "another rule was broken, as the organizer's words say",
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A disqualification of a team, or of one submission; lifted when an appeal is won.

    Attributes:
        team_id: The team as it is now, after every merger.
        submission_id: None = the whole team.
        words: Of the organizer; shown to the team and to hosts, nobody else.

    """

    id: str
    challenge_id: str
    team_id: str
    submission_id: str | None
    reason: ReasonCode
    words: str
    made_by: str
    made_at: datetime
    lifted_at: datetime | None
    lifted_words: str


@dataclass(frozen=True, slots=True)
class ExclusionCount:
    """What everybody may know: how many, and since when; no names, no reasons.

    Attributes:
        changed_at: The last disqualification or its lifting; None = there never was one.

    """

    teams: int
    submissions: int
    changed_at: datetime | None
