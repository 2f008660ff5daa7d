"""Which of a team's own submissions stand for it, and with what scores: for that team alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.leaderboard import making, ranking, rules
from palio.leaderboard.contracts import Board
from palio.leaderboard.views import View
from palio.submissions import private
from palio.submissions import queries as submissions
from palio.submissions.contracts import ScoredEntry


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """One scored submission of a team; `may_stand` = by the rule it may stand for the team."""

    entry: ScoredEntry
    may_stand: bool


def own_entries(
    session: Session,
    *,
    challenge: Challenge,
    board: Board,
    team_id: str,
    submission_id: str,
    now: datetime,
) -> tuple[OwnEntry, ...]:
    """Return a team's scored submissions on the board of one of its rows, best public one first.

    Args:
        session: Reads.
        challenge: As it is in force.
        board: Which one.
        team_id: Whose row.
        submission_id: The entry that the row is; where phases stand apart, it says which of them.
        now: The database's time.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    if board is Board.PRIVATE:
        rules.check_revealed(challenge)
    is_private = rules.shows_private(challenge, board=board)
    read = private.private_scored_entries if is_private else submissions.scored_entries
    view = making.view_of(session, challenge=challenge, board=board, now=now)
    found = read(session, challenge_id=challenge.id, team_id=team_id)
    phase_ids = {entry.phase_id for entry in found if entry.submission_id == submission_id}
    if view.phases:
        found = tuple(entry for entry in found if entry.phase_id in phase_ids)
    return chosen_among(found, view=view)


def chosen_among(entries: Iterable[ScoredEntry], *, view: View) -> tuple[OwnEntry, ...]:
    """Say of each of one team's entries on one board whether it may stand for it."""
    own = [entry for entry in entries if ranking.is_on(entry, view=view)]
    if not own:
        return ()
    standing = {entry.submission_id for entry in ranking.finals(own, view=view)}
    return tuple(
        OwnEntry(entry, entry.submission_id in standing)
        for entry in ranking.by_public(own, view=view)
    )
