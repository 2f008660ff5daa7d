"""What a merger of teams makes of their awards and of the divisions they declared."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from palio.accounts.contracts import Merger
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.prizes import divisions, moves, queries, states
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow, DivisionRow


def follow_merger(
    session: Session, challenge: Challenge, merger: Merger, *, by: str, now: datetime
) -> None:
    """Let awards go on with the merged team, and settle its division; again changes nothing.

    An award keeps its name and its shares: they are those of the members when it was made
    (`splits.holders`). What a team lost stays with it. The merged team is in a division only when
    both teams were: else a team could bring itself into one.

    Args:
        session: The transaction of the merger.
        challenge: The teams belong to.
        merger: Accepted.
        by: The captain who accepted it.
        now: The database's time.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    stays = merger.survivor_id
    if stays is None:
        return
    gone = merger.other_id if stays == merger.proposer_id else merger.proposer_id
    rows = queries.rows_of(session, challenge_id=challenge.id)
    for row in rows:
        if row.team_id == gone and AwardState(row.state) not in states.LOST:
            _hand_over(session, row, to=stays, rows=rows)
            moves.audit_award(session, row, action="prizes.follow_merger", by=by, now=now)
            moves.send(
                session, row, challenge=challenge, words=_words(row), now=now, is_for_team=True
            )
    _settle_division(session, challenge, stays, gone, by=by, now=now)


def divisions_that_end(session: Session, *, team_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the divisions that two teams declared and the merged team would not be in."""
    declared = {divisions.of_team(session, team_id) for team_id in team_ids}
    return tuple(sorted(declared - {""})) if len(declared) > 1 else ()


def _words(row: AwardRow) -> str:
    name = moves.plain(row.team_name)
    return (
        "{what} in {title} goes on with your team after the merger. It is shared by those who were"
        f" in {name} when it was offered, and by nobody else."
    )


def _hand_over(session: Session, row: AwardRow, *, to: str, rows: tuple[AwardRow, ...]) -> None:
    """Give an award to another team; one of the same pot that it had lost takes the free place.

    The table has one award of a pot for each team.
    """
    key, gone = (row.round, row.pot, row.currency), row.team_id
    lost = [
        each for each in rows if each.team_id == to and (each.round, each.pot, each.currency) == key
    ]
    for each in lost:
        each.pot = f"{row.pot}:{gone}"
    session.flush()
    row.team_id = to
    session.flush()
    for each in lost:
        each.team_id, each.pot = gone, row.pot
    session.flush()


def _settle_division(
    session: Session, challenge: Challenge, stays: str, gone: str, *, by: str, now: datetime
) -> None:
    own, other = (session.get(DivisionRow, team, populate_existing=True) for team in (stays, gone))
    if own is None or not own.division:
        is_changed = False
    else:
        is_changed = other is None or other.division != own.division
    if own is not None and is_changed:
        own.division, own.declared_by, own.at = "", by, now
        session.add(own)
    if other is not None:
        session.delete(other)  # or the team that is gone would still count in its division
    session.flush()
    if is_changed:
        audit.record(
            session,
            actor_id=by,
            action="prizes.division",
            subject_id=stays,
            challenge_id=challenge.id,
            detail={"division": ""},
            now=now,
        )
