"""Two teams become one when both captains say so: the proposal, its end, and the union itself.

Whether tries, size and time allow it is for `submissions.mergers`, which calls these verbs under
the challenge's lock. Here both teams' rows are locked, in the order of their ids.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, delete, or_, select

from palio.accounts import queries, rules
from palio.accounts.contracts import Merger, MergerState, Team
from palio.accounts.errors import MergerNotFoundError, MergerRefusedError, NotCaptainError
from palio.accounts.models import InviteRow, MemberRow, MergerRow, TeamRow
from palio.core.db import lock_row

PROPOSALS_MAX = 3  # from one team to the same other one: asking again and again is no way to ask


def lock_both(session: Session, *, team_ids: Iterable[str]) -> tuple[Team, ...]:
    """Lock teams in the order of their ids and return them in the order asked for."""
    asked = tuple(team_ids)
    for team_id in sorted(set(asked)):
        lock_row(session, TeamRow, team_id)
    return tuple(queries.team(session, team_id) for team_id in asked)


def propose(
    session: Session,
    *,
    ours: Team,
    theirs: Team,
    name: str,
    captain_id: str,
    by: str,
    now: datetime,
) -> Merger:
    """Propose that two locked teams become one; the proposer's captain agrees by this.

    Args:
        session: The caller's transaction.
        ours: The proposer's team.
        theirs: The team that decides.
        name: That stays: one of the two teams' names.
        captain_id: Of the merged team: one of the two captains.
        by: The proposing captain.
        now: The database's time.

    Raises:
        NotCaptainError: Only a captain proposes.
        MergerRefusedError: The same team, a proposal that waits, or asked too often.

    """
    _check_captain(ours, by=by)
    if ours.id == theirs.id:
        raise MergerRefusedError("A team cannot merge with itself.")
    if name not in {ours.name, theirs.name}:
        raise MergerRefusedError(f"The merged team is called {ours.name!r} or {theirs.name!r}.")
    if captain_id not in {ours.captain_id, theirs.captain_id}:
        raise MergerRefusedError("One of the two captains becomes the captain of the merged team.")
    _check_not_asked(session, ours=ours, theirs=theirs)
    row = MergerRow(
        challenge_id=ours.challenge_id,
        proposer_id=ours.id,
        proposer_name=ours.name,
        other_id=theirs.id,
        other_name=theirs.name,
        name=name,
        captain_id=captain_id,
        terms=terms_of(ours, theirs, name=name, captain_id=captain_id),
        made_by=by,
        made_at=now,
        state=MergerState.OPEN.value,
    )
    session.add(row)
    session.flush()
    return _merger(session, row)


def end(session: Session, *, merger_id: str, state: MergerState, by: str, now: datetime) -> Merger:
    """Decline a proposal as the other team's captain, or withdraw it as the proposer's.

    Raises:
        MergerNotFoundError: None of this id.
        NotCaptainError: Not the captain whose word this is.
        MergerRefusedError: It was decided before.

    """
    row = row_of(session, merger_id)
    check_open(MergerState(row.state))
    speaker = row.proposer_id if state is MergerState.WITHDRAWN else row.other_id
    _check_captain(queries.team(session, speaker), by=by)
    _decide(session, row, state, by=by, now=now)
    return _merger(session, row)


def check_acceptable(session: Session, merger: Merger, *, by: str) -> None:
    """Let the other team's captain accept what the proposer's agreed to, and nothing else.

    Raises:
        NotCaptainError: Not the captain who decides.
        MergerRefusedError: Decided before, or a team is not as it was.

    """
    row = row_of(session, merger.id)
    check_open(MergerState(row.state))
    _check_captain(queries.team(session, row.other_id), by=by)
    if not _is_current(session, row):
        raise MergerRefusedError(
            "Members, captain or name of one of the teams have changed since this was proposed."
            " Let it be proposed anew, so that both captains agree to the same."
        )


def unite(session: Session, *, merger_id: str, by: str, now: datetime) -> tuple[Team, Team]:
    """Make two locked teams one: the older id goes on, with all members.

    Returns:
        The merged team, and the other one as it was before.

    """
    row = row_of(session, merger_id)
    older, younger = sorted(
        (session.get_one(TeamRow, row.proposer_id), session.get_one(TeamRow, row.other_id)),
        key=lambda team: (team.created_at, team.id),
    )
    before = queries.team(session, younger.id)
    _move_members(session, younger, to=older)
    _settle_name(session, older, younger, name=row.name)
    older.captain_id = row.captain_id
    firsts = [team.first_submission_at for team in (older, younger) if team.first_submission_at]
    older.first_submission_at = min(firsts, default=None)
    session.exec(delete(InviteRow).where(col(InviteRow.team_id) == younger.id))
    for gone in (younger, *_absorbed_rows(session, younger.id)):
        gone.merged_into_id = older.id
        gone.merged_at = gone.merged_at or now
        session.add(gone)
    row.survivor_id = older.id
    _decide(session, row, MergerState.ACCEPTED, by=by, now=now)
    void_open(session, older.id, younger.id, now=now)
    return queries.team(session, older.id), before


def of_team(session: Session, *, team_id: str) -> tuple[Merger, ...]:
    """Return every proposal from or to a team, newest first."""
    own = queries.lineage(session, team_id)
    rows = session.exec(
        select(MergerRow)
        .where(or_(col(MergerRow.proposer_id).in_(own), col(MergerRow.other_id).in_(own)))
        .order_by(col(MergerRow.id).desc())
        .execution_options(populate_existing=True)
    )
    return tuple(_merger(session, row) for row in rows)


def merger(session: Session, merger_id: str) -> Merger:
    """Return one proposal; raises `MergerNotFoundError`."""
    return _merger(session, row_of(session, merger_id))


def row_of(session: Session, merger_id: str) -> MergerRow:
    """Return the row of a proposal as it stands; raises `MergerNotFoundError`."""
    row = session.get(MergerRow, merger_id, populate_existing=True)
    if row is None:
        raise MergerNotFoundError("There is no such proposal of a merger.")
    return row


def terms_of(ours: Team, theirs: Team, *, name: str, captain_id: str) -> str:
    """Return a digest of what the captains agree to: who is in, who leads, what it is called."""
    parts = sorted(
        [team.id, team.captain_id, *sorted(member.person_id for member in team.members)]
        for team in (ours, theirs)
    )
    return hashlib.sha256(json.dumps([parts, name, captain_id]).encode()).hexdigest()


def _merger(session: Session, row: MergerRow) -> Merger:
    state = MergerState(row.state)
    return Merger(
        id=row.id,
        challenge_id=row.challenge_id,
        proposer_id=row.proposer_id,
        proposer_name=row.proposer_name,
        other_id=row.other_id,
        other_name=row.other_name,
        name=row.name,
        captain_id=row.captain_id,
        made_by=row.made_by,
        made_at=row.made_at,
        state=state,
        is_current=state is MergerState.OPEN and _is_current(session, row),
        decided_at=row.decided_at,
        survivor_id=row.survivor_id,
    )


def _is_current(session: Session, row: MergerRow) -> bool:
    ours, theirs = (queries.team(session, team_id) for team_id in (row.proposer_id, row.other_id))
    has_name = row.name in {ours.name, theirs.name}
    return has_name and row.terms == terms_of(
        ours, theirs, name=row.name, captain_id=row.captain_id
    )


def _check_captain(team: Team, *, by: str) -> None:
    if team.captain_id != by or by not in {member.person_id for member in team.members}:
        raise NotCaptainError(f"Only the captain of {team.name} may do this.")


def check_open(state: MergerState) -> None:
    """Let a proposal be decided once; raises `MergerRefusedError`."""
    if state is not MergerState.OPEN:
        raise MergerRefusedError(f"This proposal is {state.value} already.")


def _check_not_asked(session: Session, *, ours: Team, theirs: Team) -> None:
    asked = session.exec(select(MergerRow).where(MergerRow.proposer_id == ours.id)).all()
    waiting = next((row for row in asked if row.state == MergerState.OPEN.value), None)
    if waiting is not None:
        raise MergerRefusedError(
            f"Your proposal to {waiting.other_name} waits for an answer. Withdraw it first."
        )
    if sum(row.other_id == theirs.id for row in asked) >= PROPOSALS_MAX:
        raise MergerRefusedError(
            f"You have asked {theirs.name} {PROPOSALS_MAX} times. If they want to merge, they can"
            " propose it."
        )


def _decide(
    session: Session, row: MergerRow, state: MergerState, *, by: str, now: datetime
) -> None:
    row.state, row.decided_by, row.decided_at = state.value, by, now
    session.add(row)
    session.flush()


def _move_members(session: Session, gone: TeamRow, *, to: TeamRow) -> None:
    leaving = session.exec(select(MemberRow).where(MemberRow.team_id == gone.id)).all()
    moved = [
        MemberRow(
            team_id=to.id,
            person_id=row.person_id,
            challenge_id=row.challenge_id,
            joined_at=row.joined_at,
        )
        for row in leaving
    ]
    for row in leaving:
        session.delete(row)
    session.flush()  # a person is in one team: out of the old one before in the new one
    session.add_all(moved)
    session.flush()


def _settle_name(session: Session, stays: TeamRow, gone: TeamRow, *, name: str) -> None:
    """Give the merged team its name; the other name stays taken by the team that is gone."""
    if stays.name == name:
        return
    freed = stays.name_key
    stays.name = name
    steps = (stays, f"merging {stays.id}"), (gone, freed), (stays, rules.name_key(name))
    for row, key in steps:  # one by one: no two teams have the same key at any moment
        row.name_key = key
        session.add(row)
        session.flush()


def _absorbed_rows(session: Session, team_id: str) -> list[TeamRow]:
    return list(session.exec(select(TeamRow).where(TeamRow.merged_into_id == team_id)))


def void_open(session: Session, *team_ids: str, now: datetime) -> None:
    """End every open proposal from or to these teams: one of them is not there any more."""
    session.execute(
        update(MergerRow)
        .where(
            col(MergerRow.state) == MergerState.OPEN.value,
            or_(col(MergerRow.proposer_id).in_(team_ids), col(MergerRow.other_id).in_(team_ids)),
        )
        .values(state=MergerState.VOID.value, decided_at=now)
        .execution_options(synchronize_session=False)
    )
