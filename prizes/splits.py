"""How a team shares its award: equal parts, or others that all members sign; then frozen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from palio.accounts import queries as accounts
from palio.accounts.contracts import Member
from palio.core.money import split as split_money
from palio.prizes import rules
from palio.prizes.contracts import ShareOf, Split
from palio.prizes.models import AwardRow, AwardShareRow

EQUAL = 0


def current(session: Session, row: AwardRow) -> Split:
    """Return the split as it stands: the frozen one, the last one proposed, or equal parts."""
    rows = _rows(session, row.id)
    if not rows:
        return _equal(accounts.team(session, row.team_id).members)
    people = accounts.people_by_id(session, person_ids=[each.person_id for each in rows])
    number = next((each.number for each in rows if each.minor is not None), rows[-1].number)
    own = [each for each in rows if each.number == number]
    return Split(
        number=number,
        is_frozen=own[0].minor is not None,
        shares=tuple(
            ShareOf(
                person_id=each.person_id,
                handle=people[each.person_id].handle,
                basis_points=each.basis_points,
                minor=each.minor,
                has_signed=each.signed_at is not None,
            )
            for each in own
        ),
    )


def holders(session: Session, row: AwardRow) -> tuple[str, ...]:
    """Return the person ids of those who share: the team's members when the award was made.

    Who joins later, alone or with a team that merges, has no part in it.
    """
    own = tuple(each.person_id for each in _rows(session, row.id) if each.number == EQUAL)
    members = accounts.team(session, row.team_id).members
    return own or tuple(member.person_id for member in members)


def open_for(session: Session, row: AwardRow) -> None:
    """Write down who shares, when the award is made; again changes nothing."""
    if not _rows(session, row.id):
        members = holders(session, row)
        _write(session, row, members, rules.equal_parts(members), number=EQUAL)


def propose(
    session: Session, row: AwardRow, parts: Mapping[str, int], *, by: str, now: datetime
) -> None:
    """Propose other parts; whoever proposes signs with it, the others' signatures are open."""
    members = holders(session, row)
    rules.check_split(parts, members=members)
    last = session.exec(
        select(func.max(AwardShareRow.number)).where(AwardShareRow.award_id == row.id)
    ).one()
    _write(session, row, members, parts, number=(last or EQUAL) + 1)
    sign(session, row, by=by, now=now)


def sign(session: Session, row: AwardRow, *, by: str, now: datetime) -> None:
    """Sign the split as it stands; signing again changes nothing.

    Raises:
        NotYourAwardError: No part of it is theirs.

    """
    open_for(session, row)
    found = current(session, row)
    own = session.get(AwardShareRow, (row.id, found.number, by), populate_existing=True)
    if own is None:
        raise rules.NotYourAwardError("You are not in the team that this award is for.")
    if own.signed_at is None:
        own.signed_at = now
        session.add(own)
        session.flush()


def freeze(session: Session, row: AwardRow) -> None:
    """Turn the split into amounts, for good: as signed by all, else equal parts.

    Largest remainder, left-over units to whoever joined earlier (integrity.md §5.3).
    """
    open_for(session, row)
    found = current(session, row)
    if found.is_frozen:
        return
    if found.number != EQUAL and rules.is_signed(found):
        number, weights = found.number, [share.basis_points for share in found.shares]
    else:
        number, weights = EQUAL, [1] * len(holders(session, row))
    own = [each for each in _rows(session, row.id) if each.number == number]
    for each, minor in zip(own, split_money(row.minor, weights), strict=True):
        each.minor = minor
        session.add(each)
    session.flush()


def thaw(session: Session, row: AwardRow) -> None:
    """Forget the amounts of an award that is open again."""
    for each in _rows(session, row.id):
        each.minor = None
        session.add(each)
    session.flush()


def _equal(members: Sequence[Member]) -> Split:
    parts = rules.equal_parts([member.person_id for member in members])
    return Split(
        number=EQUAL,
        is_frozen=False,
        shares=tuple(
            ShareOf(
                person_id=member.person_id,
                handle=member.handle,
                basis_points=parts[member.person_id],
                minor=None,
                has_signed=False,
            )
            for member in members
        ),
    )


def _write(
    session: Session,
    row: AwardRow,
    members: Sequence[str],
    parts: Mapping[str, int],
    *,
    number: int,
) -> None:
    session.add_all(
        AwardShareRow(
            award_id=row.id,
            number=number,
            person_id=person_id,
            position=position,
            basis_points=parts[person_id],
        )
        for position, person_id in enumerate(members)
    )
    session.flush()


def _rows(session: Session, award_id: str) -> Sequence[AwardShareRow]:
    return session.exec(
        select(AwardShareRow)
        .where(AwardShareRow.award_id == award_id)
        .order_by(col(AwardShareRow.number), col(AwardShareRow.position))
        .execution_options(populate_existing=True)
    ).all()
