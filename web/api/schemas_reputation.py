"""Shapes of reputation: profiles, ratings, thanks, invitations."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from palio.reputation.contracts import (
    Disqualification,
    Feedback,
    Finish,
    Mark,
    Medal,
    PrizeWon,
    Profile,
    Question,
    Tier,
)
from palio.web.api.schemas import MONEY, NOW, MoneyView, Order, View, example, money_view

FINISH = {
    "challenge": "film-night",
    "title": "Film night",
    "at": NOW,
    "rank": 1,
    "teams": 1000,
    "members": 1,
    "medal": "gold",
    "points": 60206.0,
}
MARK = {"question": "rules_clear", "count": 3, "mean": 4.1}
PRIZE = {
    "challenge": "film-night",
    "title": "First prize",
    "place": 1,
    "money": MONEY,
    "is_reproduced": True,
}
DISQUALIFICATION = {
    "challenge": "film-night",
    "title": "Film night",
    "at": NOW,
    "expires_at": "2028-12-01T12:00:00Z",
}
PROFILE = {
    "handle": "ada",
    "display_name": "Ada L.",
    "is_hidden": False,
    "takes_invitations": False,
    "tier": "expert",
    "points": 60206.0,
    "finishes": [FINISH],
    "prizes": [PRIZE],
    "reproduced": 1,
    "organized": 0,
    "marks": [MARK],
    "thanks": 4,
    "disqualifications": [],
}


class FinishView(View):
    """A ranked place on a final board; points by Kaggle's formula of 2015."""

    model_config = example(FINISH)

    challenge: str
    title: str
    at: datetime
    rank: int
    teams: int
    members: int
    medal: Medal | None
    points: float


class PrizeWonView(View):
    """A prize given to the person's team; the money is the team's."""

    model_config = example(PRIZE)

    challenge: str
    title: str
    place: int
    money: MoneyView
    is_reproduced: bool


class MarkView(View):
    """What people said; `mean` leans to the middle, and is null below three ratings."""

    model_config = example(MARK)

    question: Question
    count: int
    mean: float | None


class DisqualificationView(View):
    """The person's team was disqualified; shown until it expires."""

    model_config = example(DISQUALIFICATION)

    challenge: str
    title: str
    at: datetime
    expires_at: datetime


class ProfileView(View):
    """A person's public record: counters side by side, never one number."""

    model_config = example(PROFILE)

    handle: str
    display_name: str
    is_hidden: bool
    takes_invitations: bool
    tier: Tier
    points: float
    finishes: tuple[FinishView, ...]
    prizes: tuple[PrizeWonView, ...]
    reproduced: int
    organized: int
    marks: tuple[MarkView, ...]
    thanks: int
    disqualifications: tuple[DisqualificationView, ...]


class ProfileOrder(Order):
    """What to show, and whether organizers may invite."""

    model_config = example({"is_hidden": False, "takes_invitations": True})

    is_hidden: bool
    takes_invitations: bool


class FeedbackLineView(View):
    """What may still be said about one person."""

    handle: str
    display_name: str
    questions: tuple[Question, ...]
    may_thank: bool


class FeedbackView(View):
    """What the caller may still say after a challenge."""

    model_config = example(
        {
            "items": [
                {
                    "handle": "ada",
                    "display_name": "Ada L.",
                    "questions": ["reproducible"],
                    "may_thank": True,
                }
            ]
        }
    )

    items: tuple[FeedbackLineView, ...]


class RatingOrder(Order):
    """One to five stars on one question; given once."""

    model_config = example({"handle": "ada", "question": "reproducible", "stars": 5})

    handle: Annotated[str, Field(max_length=64)]
    question: Question
    stars: int


class ThanksOrder(Order):
    """A thank-you; given once."""

    model_config = example({"handle": "ada"})

    handle: Annotated[str, Field(max_length=64)]


class InvitationOrder(Order):
    """Whom to invite; what is left out matches everybody who takes invitations."""

    model_config = example({"tier": "expert", "top_percent": 10, "words": "We have tides again."})

    tier: Tier = Tier.NEWCOMER
    finishes: Annotated[int, Field(ge=0, le=1000)] = 0
    top_percent: Annotated[int | None, Field(ge=1, le=100)] = None
    tag: Annotated[str, Field(max_length=40)] = ""
    words: Annotated[str, Field(max_length=500)] = ""


class InvitedView(View):
    """How many were invited; who they are is not told."""

    model_config = example({"invited": 12})

    invited: int


def profile_view(profile: Profile) -> ProfileView:
    """Show a profile."""
    return ProfileView(
        handle=profile.handle,
        display_name=profile.display_name,
        is_hidden=profile.is_hidden,
        takes_invitations=profile.takes_invitations,
        tier=profile.tier,
        points=round(profile.points, 1),
        finishes=tuple(_finish(finish) for finish in profile.finishes),
        prizes=tuple(_prize(prize) for prize in profile.prizes),
        reproduced=sum(prize.is_reproduced for prize in profile.prizes),
        organized=profile.organized,
        marks=tuple(_mark(mark) for mark in profile.marks),
        thanks=profile.thanks,
        disqualifications=tuple(_out(found) for found in profile.disqualifications),
    )


def feedback_view(lines: tuple[Feedback, ...]) -> FeedbackView:
    """Show what may still be said."""
    return FeedbackView(
        items=tuple(
            FeedbackLineView(
                handle=line.handle,
                display_name=line.display_name,
                questions=line.questions,
                may_thank=line.may_thank,
            )
            for line in lines
            if line.questions or line.may_thank
        )
    )


def _finish(finish: Finish) -> FinishView:
    return FinishView(
        challenge=finish.slug,
        title=finish.title,
        at=finish.at,
        rank=finish.rank,
        teams=finish.teams,
        members=finish.members,
        medal=finish.medal,
        points=round(finish.points, 1),
    )


def _prize(prize: PrizeWon) -> PrizeWonView:
    return PrizeWonView(
        challenge=prize.slug,
        title=prize.title,
        place=prize.place,
        money=money_view(prize.money),
        is_reproduced=prize.is_reproduced,
    )


def _mark(mark: Mark) -> MarkView:
    mean = None if mark.mean is None else round(mark.mean, 2)
    return MarkView(question=mark.question, count=mark.count, mean=mean)


def _out(found: Disqualification) -> DisqualificationView:
    return DisqualificationView(
        challenge=found.slug, title=found.title, at=found.at, expires_at=found.expires_at
    )
