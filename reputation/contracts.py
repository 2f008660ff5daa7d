"""What a person's public record is made of: counters side by side, never one number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from palio.core.money import Money


class Question(StrEnum):
    """What is rated, from 1 to 5; the first two by participants, the others by organizers."""

    PAID_ON_TIME = "paid_on_time"  # by members of teams with a prize
    RULES_CLEAR = "rules_clear"
    REPRODUCIBLE = "reproducible"
    WELL_DOCUMENTED = "well_documented"


OF_ORGANIZERS = (Question.PAID_ON_TIME, Question.RULES_CLEAR)
OF_WINNERS = (Question.REPRODUCIBLE, Question.WELL_DOCUMENTED)


class Medal(StrEnum):
    """A place near the top, by the size of the field."""

    GOLD = "gold"
    SILVER = "silver"
    BRONZE = "bronze"


class Tier(StrEnum):
    """What medals add up to."""

    NEWCOMER = "newcomer"
    EXPERT = "expert"
    MASTER = "master"
    GRANDMASTER = "grandmaster"


TIERS = tuple(Tier)  # lowest first


@dataclass(frozen=True, slots=True)
class Finish:
    """A ranked place on a final board.

    Attributes:
        at: Of the reveal.
        teams: How many were ranked.
        members: Of the person's team.

    """

    challenge_id: str
    slug: str
    title: str
    tags: tuple[str, ...]
    at: datetime
    rank: int
    teams: int
    members: int
    medal: Medal | None
    points: float


@dataclass(frozen=True, slots=True)
class PrizeWon:
    """A prize given to the person's team."""

    slug: str
    title: str
    place: int
    money: Money  # the team's
    is_reproduced: bool  # the code was run again, or looked at, and gave the result


@dataclass(frozen=True, slots=True)
class Mark:
    """What people said on one question; `mean` is None below three ratings."""

    question: Question
    count: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class Disqualification:
    """The person's team was disqualified from a challenge that is over; forgotten in time."""

    slug: str
    title: str
    at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's public record."""

    handle: str
    display_name: str
    is_hidden: bool
    takes_invitations: bool
    tier: Tier
    points: float
    finishes: tuple[Finish, ...]
    prizes: tuple[PrizeWon, ...]
    organized: int
    marks: tuple[Mark, ...]
    thanks: int
    disqualifications: tuple[Disqualification, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom an organizer invites; everything left out matches everybody.

    Attributes:
        top_percent: At least one finish within the best so many percent.
        tag: Of a challenge finished.

    """

    tier: Tier = Tier.NEWCOMER
    finishes: int = 0
    top_percent: int | None = None
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person may still say about one other after a challenge."""

    person_id: str
    handle: str
    display_name: str
    questions: tuple[Question, ...]
    may_thank: bool
