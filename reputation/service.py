"""Ratings, thanks, what a profile shows, invitations: each said once, each audited.

The challenge row is locked first, shared: ratings never change it.
"""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.challenges import queries as challenge_queries
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit, db
from palio.reputation import queries, records, rules
from palio.reputation.contracts import Question, Wanted
from palio.reputation.models import InvitationRow, ProfileRow, RatingRow, ThanksRow


def rate(
    session: Session,
    *,
    challenge_id: str,
    from_id: str,
    to_id: str,
    question: Question,
    stars: int,
    now: datetime,
) -> None:
    """Give one to five stars on one question, once.

    Raises:
        NotOverError, NotYoursToRateError, RatedAlreadyError, BadStarsError: In words.

    """
    rules.check_stars(stars)
    challenge = challenges.lock_challenge_shared(session, challenge_id)
    rules.check_over(challenge)
    hosts = queries.host_ids(session, challenge)
    winners = records.winner_ids(session, challenge_id=challenge_id)
    is_finisher = from_id in records.finisher_ids(session, challenge_id=challenge_id)
    allowed = queries.questions(challenge, from_id, to_id, hosts, winners)
    if question not in allowed or not (from_id in hosts or is_finisher):
        raise rules.NotYoursToRateError(
            "Participants who finished rate the organizer, winners also on being paid; "
            "organizers rate winners."
        )
    voice = challenge.organizer_id if from_id in hosts else from_id
    key = (challenge_id, voice, to_id, question.value)
    db.lock_name(session, "rating:" + ":".join(key))
    if session.get(RatingRow, key) is not None:
        raise rules.RatedAlreadyError("You have answered this question; that stays.")
    session.add(
        RatingRow(
            challenge_id=challenge_id,
            from_id=voice,
            to_id=to_id,
            question=question.value,
            stars=stars,
            at=now,
        )
    )
    session.flush()
    _audit(session, "reputation.rate", challenge_id, by=from_id, subject=to_id, now=now)


def thank(session: Session, *, challenge_id: str, from_id: str, to_id: str, now: datetime) -> None:
    """Say thank you to somebody of the same challenge, once.

    Raises:
        NotOverError, NotYoursToRateError, RatedAlreadyError: In words.

    """
    challenge = challenges.lock_challenge_shared(session, challenge_id)
    rules.check_over(challenge)
    met = queries.host_ids(session, challenge) | records.finisher_ids(
        session, challenge_id=challenge_id
    )
    if from_id == to_id or not {from_id, to_id} <= met:
        raise rules.NotYoursToRateError("Thanks go between people who finished or organized.")
    db.lock_name(session, f"thanks:{challenge_id}:{from_id}:{to_id}")
    if session.get(ThanksRow, (challenge_id, from_id, to_id)) is not None:
        raise rules.RatedAlreadyError("You have said thank you.")
    session.add(ThanksRow(challenge_id=challenge_id, from_id=from_id, to_id=to_id, at=now))
    session.flush()
    _audit(session, "reputation.thank", challenge_id, by=from_id, subject=to_id, now=now)


def choose(
    session: Session, *, person_id: str, is_hidden: bool, takes_invitations: bool, now: datetime
) -> None:
    """Set what a person shows, and whether organizers may invite."""
    session.merge(
        ProfileRow(
            person_id=person_id,
            is_hidden=is_hidden,
            takes_invitations=takes_invitations,
            changed_at=now,
        )
    )
    session.flush()
    audit.record(
        session,
        actor_id=person_id,
        action="reputation.choose",
        subject_id=person_id,
        detail={"hidden": is_hidden, "invitations": takes_invitations},
        now=now,
    )


def invite(
    session: Session, *, challenge_id: str, wanted: Wanted, words: str, by: str, now: datetime
) -> int:
    """Invite people who opted in and whose results match; return how many.

    Each is told alone, at most once for a challenge and three times a week by all of them. The
    organizer learns the number, nobody's name.

    Raises:
        TooLateToInviteError, TooManyInvitationsError: In words.

    """
    finishes = records.finishes_of_all(session, now=now)  # before the lock: it takes a while
    challenge = challenges.lock_challenge(session, challenge_id)
    left = rules.INVITATIONS_A_DAY - _invited_today(session, challenge_id, now=now)
    rules.check_may_invite(challenge.state, invited_today=rules.INVITATIONS_A_DAY - left)
    chosen: list[str] = []
    for person_id in _reachable(session, challenge, now=now):
        if len(chosen) == left:
            break
        if rules.is_wanted(finishes.get(person_id, ()), wanted):
            chosen.append(person_id)
    for person_id in chosen:
        session.add(InvitationRow(challenge_id=challenge_id, person_id=person_id, by=by, at=now))
    session.flush()
    messages.send(
        session,
        person_ids=chosen,
        challenge_id=challenge_id,
        kind="reputation.invitation",
        text=_letter(challenge, words),
        now=now,
    )
    audit.record(
        session,
        actor_id=by,
        action="reputation.invite",
        subject_id=challenge_id,
        challenge_id=challenge_id,
        detail={
            "tier": wanted.tier.value,
            "finishes": wanted.finishes,
            "top_percent": wanted.top_percent,
            "tag": wanted.tag,
            "invited": len(chosen),
        },
        now=now,
    )
    return len(chosen)


def _reachable(session: Session, challenge: Challenge, *, now: datetime) -> list[str]:
    """Return who opted in and may be told, those longest without an invitation first.

    Who accepted the rules, in whatever version, or looks after the challenge, needs none.
    """
    last = (
        select(
            col(InvitationRow.person_id).label("person_id"),
            func.max(InvitationRow.at).label("at"),
        )
        .group_by(col(InvitationRow.person_id))
        .subquery()
    )
    week = (
        select(InvitationRow.person_id)
        .where(col(InvitationRow.at) > now - timedelta(days=7))
        .group_by(InvitationRow.person_id)
        .having(func.count() >= rules.INVITATIONS_A_WEEK)
    )
    before = select(InvitationRow.person_id).where(InvitationRow.challenge_id == challenge.id)
    rows = session.exec(
        select(ProfileRow.person_id)
        .outerjoin(last, last.c.person_id == ProfileRow.person_id)
        .where(
            col(ProfileRow.takes_invitations).is_(True),
            col(ProfileRow.person_id).not_in(week),
            col(ProfileRow.person_id).not_in(before),
        )
        .order_by(last.c.at.is_not(None), last.c.at, col(ProfileRow.person_id))
    )
    inside = {challenge.organizer_id}
    inside |= {each.id for _, each in accounts.role_holders(session, challenge_id=challenge.id)}
    inside |= {row[0] for row in challenge_queries.acceptances(session, challenge_id=challenge.id)}
    return [person_id for person_id in rows if person_id not in inside]


def _invited_today(session: Session, challenge_id: str, *, now: datetime) -> int:
    query = (
        select(func.count())
        .select_from(InvitationRow)
        .where(
            col(InvitationRow.challenge_id) == challenge_id,
            col(InvitationRow.at) > now - timedelta(days=1),
        )
    )
    return session.exec(query).one()


def _letter(challenge: Challenge, words: str) -> str:
    said = f" They write: {words.strip()}" if words.strip() else ""
    return (
        f"The organizers of {challenge.plan.title} invite you to take part "
        f"(/challenges/{challenge.slug}).{said} You get invitations because your profile allows "
        "them."
    )


def _audit(
    session: Session, action: str, challenge_id: str, *, by: str, subject: str, now: datetime
) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=subject,
        challenge_id=challenge_id,
        now=now,
    )
