"""Points, medals, tiers, means of ratings, who is invited: pure functions."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.rules import is_decided
from palio.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError
from palio.reputation.contracts import Finish, Medal, Tier, Wanted

SHOWN_FROM = 3  # ratings
PRIOR_WEIGHT = 5  # C of the Bayesian mean
MIDDLE = 3.0  # of 1 to 5: the mean before anybody rated
BEST = 5
FORGOTTEN_AFTER = timedelta(days=730)
INVITATIONS_A_DAY = 50  # by one challenge
INVITATIONS_A_WEEK = 3  # to one person
_DECAY_DAYS = 500
_SMALL, _MIDDLE, _LARGE = 100, 250, 1000


class NotOverError(ConflictError):
    """People rate each other after the challenge."""

    code = "challenge_not_over"


class NotYoursToRateError(NotAllowedError):
    """The two did not meet in this challenge in a way that this question is about."""

    code = "not_yours_to_rate"


class RatedAlreadyError(ConflictError):
    """A rating or a thank-you is given once."""

    code = "rated_already"


class BadStarsError(BadRequestError):
    """Stars go from 1 to 5."""

    code = "stars_bad"


class ProfileNotFoundError(NotFoundError):
    """No such person, or one who keeps the profile hidden."""

    code = "profile_not_found"


class TooManyInvitationsError(ConflictError):
    """The challenge has invited enough people today."""

    code = "invitations_used_up"


class TooLateToInviteError(ConflictError):
    """The challenge takes no more participants."""

    code = "too_late_to_invite"


def check_over(challenge: Challenge) -> None:
    """Let people speak about each other once the challenge is over.

    Raises:
        NotOverError: It is not.

    """
    if not is_decided(challenge):
        raise NotOverError("Ratings and thanks begin when the challenge's prizes are decided.")


def check_stars(stars: int) -> None:
    """Refuse what is not 1 to 5.

    Raises:
        BadStarsError: As said.

    """
    if not 1 <= stars <= BEST:
        raise BadStarsError("Give one to five stars.")


def points(*, rank: int, teams: int, members: int, days: float) -> float:
    """Return the points of a finish by Kaggle's formula of 2015.

    100000 / sqrt(members) * rank^-0.75 * log10(1 + log10(teams)) * exp(-days / 500)

    Args:
        rank: 1 = best.
        teams: How many were ranked.
        members: Of the team.
        days: Since the end.

    """
    size = math.log10(1 + math.log10(teams))
    return (
        100_000 / math.sqrt(members) * math.pow(rank, -0.75) * size * math.exp(-days / _DECAY_DAYS)
    )


def medal_places(teams: int) -> tuple[int, int, int]:
    """Return the last places of gold, silver and bronze by the size of the field.

    Kaggle's table: percentages are rounded down. Its row for 250 to 999 teams is told in two
    ways; this is the one with fixed places.
    """
    if teams < _SMALL:
        return teams // 10, teams // 5, teams * 2 // 5
    if teams < _MIDDLE:
        return 10, teams // 5, teams * 2 // 5
    gold = 10 + teams // 500
    if teams < _LARGE:
        return gold, 50, 100
    return gold, teams // 20, teams // 10


def medal(*, rank: int, teams: int) -> Medal | None:
    """Return the medal of a place, None for the others."""
    for kind, last in zip(Medal, medal_places(teams), strict=True):
        if rank <= last:
            return kind
    return None


def tier(finishes: Sequence[Finish]) -> Tier:
    """Return the tier: expert 2 medals, master 1 gold and 2 silver, grandmaster 5 gold, 1 alone.

    A better medal counts for a worse one.
    """
    gold = [finish for finish in finishes if finish.medal is Medal.GOLD]
    silver = [finish for finish in finishes if finish.medal is Medal.SILVER]
    medals = [finish for finish in finishes if finish.medal is not None]
    if len(gold) >= 5 and any(finish.members == 1 for finish in gold):  # noqa: PLR2004 (the rule itself)
        return Tier.GRANDMASTER
    if gold and len(gold) + len(silver) >= 3:  # noqa: PLR2004 (the rule itself)
        return Tier.MASTER
    return Tier.EXPERT if len(medals) >= 2 else Tier.NEWCOMER  # noqa: PLR2004 (the rule itself)


def bayesian_mean(total: int, count: int, *, prior: float) -> float | None:
    """Return (C * prior + total) / (C + count) with C = 5; None below three ratings.

    Args:
        total: Sum of the stars.
        count: How many ratings.
        prior: The mean of all ratings on that question.

    """
    if count < SHOWN_FROM:
        return None
    return (PRIOR_WEIGHT * prior + total) / (PRIOR_WEIGHT + count)


def is_forgotten(at: datetime, *, now: datetime) -> bool:
    """Tell whether a disqualification is no longer shown."""
    return now >= at + FORGOTTEN_AFTER


def is_wanted(finishes: Sequence[Finish], wanted: Wanted) -> bool:
    """Tell whether somebody's past results are those an organizer asks for."""
    tiers = list(Tier)
    if tiers.index(tier(finishes)) < tiers.index(wanted.tier) or len(finishes) < wanted.finishes:
        return False
    if wanted.tag and not any(wanted.tag in finish.tags for finish in finishes):
        return False
    limit = wanted.top_percent
    return limit is None or any(finish.rank * 100 <= limit * finish.teams for finish in finishes)


def check_may_invite(state: ChallengeState, *, invited_today: int) -> None:
    """Let a challenge invite people, a few each day.

    Raises:
        TooLateToInviteError: It is over, or not published.
        TooManyInvitationsError: It has used up today's.

    """
    if state not in (ChallengeState.SCHEDULED, ChallengeState.OPEN):
        raise TooLateToInviteError(f"The challenge is {state}; it takes no participants.")
    if invited_today >= INVITATIONS_A_DAY:
        raise TooManyInvitationsError(
            f"A challenge invites at most {INVITATIONS_A_DAY} people a day. Go on tomorrow."
        )
