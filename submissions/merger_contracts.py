"""What two teams would be together, as values: shown to both before either captain agrees."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DayTries:
    """Tries charged on one day, those given back or granted already taken off."""

    day: date
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class PhaseTries:
    """The combined ledger of one phase.

    Attributes:
        days: In order; days without a line are left out.
        allowed: How many tries the rule lets two teams have used together by now: a day's tries
            for each day begun so far, the total at most. None = no limit.
        remaining: Tries the merged team would have at this moment; None = no limit.
        next_try_at: When one becomes possible again; None = now, or never in this phase.

    """

    phase: str
    days: tuple[DayTries, ...]
    ours: int
    theirs: int
    allowed: int | None
    remaining: int | None
    next_try_at: datetime | None

    @property
    def combined(self) -> int:
        """Return the tries of both."""
        return self.ours + self.theirs


@dataclass(frozen=True, slots=True)
class MergerPreview:
    """What a merger would make of two teams, and what is against it.

    Attributes:
        our_members, their_members: Handles.
        phases: Those that have begun.
        choices_end: Together they have chosen more than a team may, so nothing stays chosen.
        obstacles: In words; empty = it is possible now.

    """

    our_name: str
    their_name: str
    our_captain: str
    their_captain: str
    our_members: tuple[str, ...]
    their_members: tuple[str, ...]
    max_members: int
    phases: tuple[PhaseTries, ...]
    chosen: int
    finals: int
    choices_end: bool
    until: datetime
    obstacles: tuple[str, ...]
