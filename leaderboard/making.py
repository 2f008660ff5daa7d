"""From scored entries to what a board says: ranked by the view, then named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.challenges.board_contracts import RANK_KINDS
from palio.challenges.contracts import Challenge
from palio.core.derivation import derived_key
from palio.datasets import challenge_secrets
from palio.leaderboard import anonymity, columns, declared, lines, ranking, rules
from palio.leaderboard.contracts import (
    Board,
    Certainty,
    Chance,
    PhaseBoard,
    Standing,
    VerifiedEntry,
)
from palio.leaderboard.models import VerifiedEntryRow
from palio.leaderboard.snapshots import Content
from palio.leaderboard.views import PlannedLine, View, direction_of
from palio.submissions import queries as submissions
from palio.submissions import release_lines
from palio.submissions.contracts import ScoredEntry, SubmissionKind

_Names = Mapping[str, tuple[str, tuple[str, ...]]]
_UNKNOWN = Chance()
_NOTHING = Certainty({}, "")


def content(
    session: Session,
    *,
    challenge: Challenge,
    board: Board,
    entries: Iterable[ScoredEntry],
    now: datetime,
    chances: Callable[[View, Sequence[ranking.Row]], Certainty] | None = None,
) -> Content:
    """Return a board of these entries.

    Args:
        session: Reads names.
        challenge: As it is in force.
        board: Which one.
        entries: Scored on the part that the board shows.
        now: The database's time.
        chances: Tells what chance could have done to ranked rows.

    """
    view = view_of(session, challenge=challenge, board=board, now=now)
    if board is Board.PUBLIC:
        planned = (_fixed(session, challenge, line, view=view, now=now) for line in view.lines)
        view = replace(view, lines=tuple(planned))
    ranked = ranking.rank(entries, view=view)
    names = _names(session, challenge=challenge, board=board, now=now)

    known = chances(view, ranked.rows) if chances else _NOTHING

    def standings(rows: Iterable[ranking.Row]) -> tuple[Standing, ...]:
        return tuple(_standing(row, names, known.lines) for row in rows)

    return Content(
        rule=rules.in_one_sentence(challenge.plan, view),
        standings=standings(ranked.rows),
        columns=declared.shown_columns(view),
        lines=ranked.lines,
        phase=ranked.phase,
        earlier=tuple(
            PhaseBoard(each.phase, standings(each.rows), each.lines) for each in ranked.earlier
        ),
        is_anonymous=rules.is_anonymous(challenge, board=board),
        chance_words=known.words,
        planned=view.lines,
    )


def view_of(session: Session, *, challenge: Challenge, board: Board, now: datetime) -> View:
    """Return how a board is ranked now."""
    verified = verified_entries(session, challenge_id=challenge.id)
    return declared.view_of(challenge, board=board, now=now, verified=verified)


def _fixed(
    session: Session, challenge: Challenge, line: PlannedLine, *, view: View, now: datetime
) -> PlannedLine:
    """Give a line its score that is measured from a verified winner.

    It stands where the bar stands: also when the winner has withdrawn the entry, or got it in an
    earlier phase. What a frozen board does not show stays out of it.
    """
    column = view.first
    if not line.submission_id or column.kind in RANK_KINDS:
        return line
    frozen_since = rules.frozen_since(challenge, now=now)
    received_at = submissions.submission(session, line.submission_id).received_at
    told = release_lines.told_of_winner(
        session, challenge=challenge, submission_id=line.submission_id
    )
    is_shown = frozen_since is None or received_at < frozen_since
    if not is_shown or not {*column.of} <= dict(told).keys():
        return line
    score = lines.score_of(
        line,
        scores={line.submission_id: columns.own_value(told, column)},
        baseline=None,
        digits=column.digits,
        direction=direction_of(column),
    )
    return replace(line, score=score)


def verified_entries(session: Session, *, challenge_id: str) -> tuple[VerifiedEntry, ...]:
    """Return the entries that have won a progress prize, oldest first."""
    rows = session.exec(
        select(VerifiedEntryRow)
        .where(VerifiedEntryRow.challenge_id == challenge_id)
        .order_by(col(VerifiedEntryRow.at), col(VerifiedEntryRow.submission_id))
    )
    return tuple(VerifiedEntry(row.submission_id, row.title, row.at) for row in rows)


def _names(session: Session, *, challenge: Challenge, board: Board, now: datetime) -> _Names:
    names = accounts.team_names(session, challenge_id=challenge.id)
    if not rules.is_anonymous(challenge, board=board):
        return names
    secret = challenge_secrets.ensure(session, challenge_id=challenge.id, now=now)
    key = derived_key(secret, purpose=anonymity.PURPOSE)
    return {team_id: (anonymity.made_up(key, team_id), ()) for team_id in names}


def _standing(row: ranking.Row, names: _Names, chances: Mapping[str, Chance]) -> Standing:
    entry = row.entry
    is_baseline = entry.kind is SubmissionKind.BASELINE
    name, handles = (entry.label, ()) if is_baseline else names.get(entry.team_id, ("", ()))
    chance = chances.get(entry.submission_id, _UNKNOWN)
    return Standing(
        rank=row.rank,
        team_id=entry.team_id,
        name=name,
        members=handles,
        kind=SubmissionKind.HOST if entry.is_host else entry.kind,
        score=row.score,
        scores=row.values,
        improvement=row.improvement,
        entries=row.entries,
        submission_id=entry.submission_id,
        received_at=entry.received_at,
        rank_low=chance.rank_low,
        rank_high=chance.rank_high,
        is_tied_with_first=chance.is_tied_with_first,
        is_measure=row.is_measure,
    )
