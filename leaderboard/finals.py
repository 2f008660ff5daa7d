"""Which of a team's submissions would count if the challenge closed now: for that team alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from palio.challenges.contracts import Challenge, EntryRule
from palio.challenges.rules import closes_at, in_words
from palio.leaderboard import making, ranking
from palio.leaderboard.contracts import Board
from palio.submissions import counting
from palio.submissions import queries as submissions
from palio.submissions.contracts import ScoredEntry

_WORDS = {
    EntryRule.CHOSEN: (
        "Choose up to {finals} submissions until {until}. For every choice you do not make, your"
        " best public one left stands in. The best of them on the private part is your result."
    ),
    EntryRule.BEST_PUBLIC: "Your submission with the best public score counts; nothing is chosen.",
    EntryRule.LAST: "Your last scored submission counts; nothing is chosen.",
    EntryRule.ALL: "Every scored submission counts; nothing is chosen.",
}


@dataclass(frozen=True, slots=True)
class Final:
    """A submission that would count; not chosen = the rule's fallback put it here."""

    submission_id: str
    file_name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FinalsNow:
    """What would count now.

    Attributes:
        limit: How many may be chosen (CHOSEN).
        until: The last moment to change it.
        untold: Scored submissions whose public score is not told yet: by the fallback one of them
            may still come in place of one shown here.

    """

    rule: EntryRule
    limit: int
    items: tuple[Final, ...]
    until: datetime
    untold: int
    words: str


def finals_now(session: Session, *, challenge: Challenge, team_id: str, now: datetime) -> FinalsNow:
    """Return what would count of a team, from the public scores the team is told, and no others."""
    plan, until = challenge.plan, closes_at(challenge)
    files = {each.submission_id: each for each in counting.candidates(session, team_id=team_id)}
    told = submissions.scored_entries(session, challenge_id=challenge.id, team_id=team_id)
    chosen = [id_ for id_, each in files.items() if each.is_chosen]
    if plan.entry_rule is not EntryRule.CHOSEN:
        chosen = []
    standing = _standing(session, told, challenge=challenge, now=now)
    fallback = [id_ for id_ in standing if id_ not in chosen]
    if plan.entry_rule is EntryRule.CHOSEN:
        fallback = fallback[: max(plan.finals - len(chosen), 0)]
    scored = sum(each.is_scored for each in files.values())
    return FinalsNow(
        rule=plan.entry_rule,
        limit=plan.finals if plan.entry_rule is EntryRule.CHOSEN else 0,
        items=tuple(
            Final(id_, files[id_].file_name, id_ in chosen) for id_ in (*chosen, *fallback)
        ),
        until=until,
        untold=scored - len(told),
        words=_WORDS[plan.entry_rule].format(finals=plan.finals, until=in_words(until)),
    )


def _standing(
    session: Session, told: Iterable[ScoredEntry], *, challenge: Challenge, now: datetime
) -> tuple[str, ...]:
    """Return what the ranking itself would take; phases with boards of their own one by one."""
    view = making.view_of(session, challenge=challenge, board=Board.PRIVATE, now=now)
    groups: dict[str, list[ScoredEntry]] = {}
    for entry in told:
        if ranking.is_on(entry, view=view):
            groups.setdefault(entry.phase_id if view.phases else "", []).append(entry)
    return tuple(
        entry.submission_id
        for group in groups.values()
        for entry in ranking.finals(group, view=view)
    )
