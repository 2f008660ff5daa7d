"""What a challenge was scored by, version after version, and how far a rescore set is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from palio.scoring.card import MetricChoice


class VersionState(StrEnum):
    """Where a score version stands; a challenge has one ACTIVE and at most one SHADOW version."""

    SHADOW = "shadow"  # being scored, seen by hosts alone
    ACTIVE = "active"  # what boards show
    RETIRED = "retired"  # was active
    ABANDONED = "abandoned"  # was never active


@dataclass(frozen=True, slots=True)
class VersionPair:
    """The identity of scores beside their submission."""

    key_version: int
    metric_version: int


FIRST: Final = VersionPair(key_version=1, metric_version=1)
"""What a challenge is scored by that was never rescored."""


@dataclass(frozen=True, slots=True)
class ScoreVersion:
    """What scores of one version are made by.

    Attributes:
        id: Empty while it is the first one and no other was ever made.
        ordinal: 1 = as launched.
        metrics: With their parameters and digits in this version.
        package_version: Of the host's own metric; None for built-in ones.
        what: What was corrected, in a few words.
        reason: The organizer's words, for the set that leads (back) to it.

    """

    id: str
    challenge_id: str
    ordinal: int
    pair: VersionPair
    metrics: tuple[MetricChoice, ...]
    package_version: int | None
    state: VersionState
    what: str
    reason: str
    made_by: str
    made_at: datetime
    applied_at: datetime | None

    @property
    def is_undo(self) -> bool:
        """True for an open rescore set that leads back to a version that was active before."""
        return self.state is VersionState.SHADOW and self.applied_at is not None


class ShadowOutcome(StrEnum):
    """What became of one submission under one version."""

    SCORED = "scored"
    NO_SCORE = "no_score"  # no finite score
    METRIC_FAULT = "metric_fault"  # the correction itself is at fault


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rescore set is.

    Attributes:
        total: Submissions to score: all with a score, and those without a finite one.
        faults: On so many the metric or the key failed; `first_fault` is what was said.

    """

    total: int
    scored: int
    without_score: int
    faults: int
    first_fault: str

    @property
    def missing(self) -> int:
        """How many submissions have no result yet."""
        return self.total - self.scored - self.without_score - self.faults


@dataclass(frozen=True, slots=True)
class Correction:
    """What a new version changes; None = as in the active one.

    Attributes:
        what: In a few words, for everybody.

    """

    what: str
    key_version: int | None = None
    metrics: tuple[MetricChoice, ...] | None = None
    package_version: int | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """One time that another version became active; everybody may see these."""

    from_ordinal: int
    to_ordinal: int
    what: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Activation:
    """What changed when a version became active.

    Attributes:
        lost, gained: Submissions that have no finite score any more, or have one now.

    """

    before: ScoreVersion
    after: ScoreVersion
    lost: tuple[str, ...]
    gained: tuple[str, ...]
