"""Why a row stands where it does: everything its rank follows from, and nothing else."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from palio.core.audit import AuditEvent
from palio.core.errors import NotFoundError
from palio.leaderboard.contracts import Column, Snapshot, Standing

_OF_CHALLENGE = {
    "challenges.extend": "The close was moved to a later time.",
    "challenges.last_call": "The last call set the close.",
    "challenges.reopen": "The challenge was opened again.",
    "rescore.apply": "All submissions were scored again by a new version.",
    "leaderboard.reveal": "The private board was revealed.",
    "leaderboard.rereveal": "The private board was made again.",
}
_OF_TEAM = {
    "submissions.grant": "The organizer granted the team more tries.",
    "submissions.disqualify": "A disqualification.",
    "submissions.lift": "A disqualification was lifted.",
    "submissions.withdraw": "A submission was withdrawn.",
    "submissions.restore": "A withdrawn submission was taken back in.",
}


class NoSuchRowError(NotFoundError):
    """The team has no row on this board."""

    code = "no_such_row"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with the same values in all ordering columns."""

    values: tuple[Decimal, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Tie:
    """Another row on the same rank; the earlier receipt stands first."""

    name: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Deed:
    """Something organizers or the platform did that touches the row."""

    at: datetime
    action: str
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a row stands where it does.

    Attributes:
        order: The ordering columns, the ranking one first.
        values: The row's, in these columns.
        better: All ranked rows that are strictly better, by their values, best first: the rank
            is one more than their number.
        ties: The other rows of this rank, in board order.
        deeds: Oldest first.

    """

    version: int
    made_at: datetime
    rule: str
    order: tuple[Column, ...]
    standing: Standing
    values: tuple[Decimal, ...]
    better: tuple[Group, ...]
    ties: tuple[Tie, ...]
    deeds: tuple[Deed, ...] = ()


def explain(snapshot: Snapshot, standing: Standing, *, deeds: Iterable[Deed] = ()) -> Explanation:
    """Explain one row of a board from the board alone."""
    order = ordering(snapshot)
    own = _values(standing, order)
    ranked = [row for row in snapshot.standings if row.rank is not None]
    counts = Counter(_values(row, order) for row in ranked)
    return Explanation(
        version=snapshot.version,
        made_at=snapshot.made_at,
        rule=snapshot.rule,
        order=order,
        standing=standing,
        values=own,
        better=tuple(
            Group(values, counts[values]) for values in counts if is_better(values, own, order)
        ),
        ties=tuple(
            Tie(row.name, row.received_at)
            for row in ranked
            if row is not standing and _values(row, order) == own
        ),
        deeds=tuple(deeds),
    )


def is_better(first: Sequence[Decimal], second: Sequence[Decimal], order: Sequence[Column]) -> bool:
    """Say whether values are strictly better, the first column that differs deciding."""
    for one, other, column in zip(first, second, order, strict=True):
        if one != other:
            return (one < other) is column.is_lower_better
    return False


def ordering(snapshot: Snapshot) -> tuple[Column, ...]:
    """Return the ordering columns of a board, the ranking one first."""
    columns = (column for column in snapshot.columns if column.order)
    return tuple(sorted(columns, key=lambda column: column.order))


def row_of(snapshot: Snapshot, team_ids: Collection[str]) -> Standing:
    """Return the best row of a team, by its id or those of the teams that merged into it.

    Raises:
        NoSuchRowError: It has none.

    """
    for row in snapshot.standings:
        if row.team_id in team_ids:
            return row
    raise NoSuchRowError("This team has no row on this board.")


def deeds_about(
    session: Session, *, challenge_id: str, subject_ids: Collection[str], until: datetime
) -> tuple[Deed, ...]:
    """Return what was done to a team, its submissions and the whole challenge, oldest first.

    Only deeds that everybody may know of; their actors and details stay out.
    """
    rows = session.exec(
        select(AuditEvent.at, AuditEvent.action, AuditEvent.subject_id)
        .where(
            AuditEvent.challenge_id == challenge_id,
            col(AuditEvent.action).in_([*_OF_CHALLENGE, *_OF_TEAM]),
            AuditEvent.at <= until,
        )
        .order_by(col(AuditEvent.id))
    )
    return tuple(
        Deed(at, action, _OF_CHALLENGE.get(action) or _OF_TEAM[action])
        for at, action, subject_id in rows
        if action in _OF_CHALLENGE or subject_id in subject_ids
    )


def _values(row: Standing, order: Sequence[Column]) -> tuple[Decimal, ...]:
    known = dict(row.scores)
    return tuple(known[column.name] for column in order)
