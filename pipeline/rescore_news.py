"""Who is told what when another version of the scores counts: one message a person, in words."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.challenges.board_contracts import Audience
from palio.challenges.contracts import Challenge
from palio.leaderboard import rescore
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.rescore_contracts import BoardChange, RowChange
from palio.submissions import versions
from palio.submissions.version_contracts import Activation

KIND = "rescore.applied"
_LOST = "{} of your submissions no longer has a finite score, so it counts as failed."
_GAINED = "{} of your submissions that had no finite score has one now."


def tell(
    session: Session,
    challenge: Challenge,
    activation: Activation,
    boards: Sequence[tuple[Snapshot, Snapshot]],
    *,
    now: datetime,
) -> None:
    """Tell each member of a team whose row on a board, or whose submission, is another one.

    Only what these people may see on boards anyway is said: nothing follows from private scores
    before the reveal, nor from boards that are for organizers.

    Args:
        session: Of the unit of work that applied the set.
        challenge: As it is now.
        activation: What became of submissions.
        boards: Boards as shown before and after.
        now: The database's time.

    """
    lines: dict[str, list[str]] = {}
    for before, after in boards:
        if _is_for_teams(challenge, after.board):
            change = rescore.board_change(after.board, before.standings, after.standings, places=0)
            for row in change.rows:
                lines.setdefault(row.team_id, []).append(_row_words(change, row))
    for ids, words in ((activation.lost, _LOST), (activation.gained, _GAINED)):
        for team_id, count in versions.counts_by_team(session, submission_ids=ids).items():
            lines.setdefault(team_id, []).append(words.format(count))
    about = (
        f"All submissions to {challenge.plan.title} were scored again: {activation.after.what}."
        f" The organizer says: {activation.after.reason}"
    )
    teams = accounts.teams(session, challenge_id=challenge.id)
    for team_id, told in lines.items():
        if team_id in teams:  # a baseline has none
            messages.send(
                session,
                person_ids=[member.person_id for member in teams[team_id].members],
                challenge_id=challenge.id,
                kind=KIND,
                text="\n".join((about, *told)),
                now=now,
            )


def _is_for_teams(challenge: Challenge, board: Board) -> bool:
    is_shut = challenge.plan.board.audience is Audience.ORGANIZERS and not challenge.revealed_at
    return board is Board.PRIVATE or not is_shut


def _row_words(change: BoardChange, row: RowChange) -> str:
    name = "Final board" if change.board is Board.PRIVATE else "Public board"
    rank = _turned("rank", row.rank_before, row.rank_after)
    return f"{name}: {rank}, {_turned('score', row.score_before, row.score_after)}."


def _turned(what: str, before: object, after: object) -> str:
    if before == after:
        return f"{what} stays {_known(before)}"
    return f"{what} {_known(before)} is now {_known(after)}"


def _known(value: object) -> str:
    return "none" if value is None else str(value)
