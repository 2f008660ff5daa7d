"""Named reads of reputation: a person's profile, and what may still be said after a challenge."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.accounts.contracts import Person, Role
from palio.accounts.errors import PersonNotFoundError
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge
from palio.reputation import records, rules
from palio.reputation.contracts import (
    OF_ORGANIZERS,
    OF_WINNERS,
    Feedback,
    Mark,
    Profile,
    Question,
)
from palio.reputation.models import ProfileRow, RatingRow, ThanksRow


def profile(session: Session, *, handle: str, viewer_id: str | None, now: datetime) -> Profile:
    """Return a person's public record; a hidden one only to the person.

    Raises:
        ProfileNotFoundError: There is nobody of that handle, or the profile is hidden.

    """
    try:
        person = accounts.person_by_handle(session, handle)
    except PersonNotFoundError:
        raise _missing() from None
    row = session.get(ProfileRow, person.id, populate_existing=True)
    if row is not None and row.is_hidden and viewer_id != person.id:
        raise _missing()
    finishes = records.finishes(session, person_id=person.id, now=now)
    return Profile(
        handle=person.handle,
        display_name=person.display_name,
        is_hidden=row is not None and row.is_hidden,
        takes_invitations=row is not None and row.takes_invitations,
        tier=rules.tier(finishes),
        points=sum(finish.points for finish in finishes),
        finishes=finishes,
        prizes=records.prizes_won(session, person_id=person.id),
        organized=challenges.organized_count(session, organizer_id=person.id),
        marks=marks(session, person_id=person.id),
        thanks=thanks_count(session, person_id=person.id),
        disqualifications=records.disqualifications(session, person_id=person.id, now=now),
    )


def marks(session: Session, *, person_id: str) -> tuple[Mark, ...]:
    """Return what was said about a person, question by question; those nobody answered left out."""
    own = _sums(session, person_id=person_id)
    everybody = _sums(session)
    found = []
    for question in Question:
        if question not in own:
            continue
        total, count = own[question]
        all_total, all_count = everybody[question]
        mean = rules.bayesian_mean(total, count, prior=all_total / all_count)
        found.append(Mark(question=question, count=count, mean=mean))
    return tuple(found)


def thanks_count(session: Session, *, person_id: str) -> int:
    """Return how often a person was thanked."""
    query = select(func.count()).select_from(ThanksRow).where(col(ThanksRow.to_id) == person_id)
    return session.exec(query).one()


def feedback(session: Session, *, challenge: Challenge, person_id: str) -> tuple[Feedback, ...]:
    """Return about whom, and what, a person may still speak after a challenge; by handle.

    Raises:
        NotOverError: The challenge is not awarded yet.

    """
    rules.check_over(challenge)
    hosts = host_ids(session, challenge)
    finishers = records.finisher_ids(session, challenge_id=challenge.id)
    if person_id not in hosts | finishers:
        return ()
    winners = records.winner_ids(session, challenge_id=challenge.id)
    people = accounts.people_by_id(session, person_ids=sorted((hosts | finishers) - {person_id}))
    rated = _rated(session, challenge, person_id if person_id not in hosts else None)
    thanked = _thanked(session, challenge.id, person_id)
    found = (
        Feedback(
            person_id=other.id,
            handle=other.handle,
            display_name=other.display_name,
            questions=tuple(
                question
                for question in questions(challenge, person_id, other.id, hosts, winners)
                if (other.id, question) not in rated
            ),
            may_thank=other.id not in thanked,
        )
        for other in people.values()
    )
    return tuple(sorted(found, key=lambda line: (not line.questions, line.handle)))


def questions(
    challenge: Challenge,
    from_id: str,
    to_id: str,
    hosts: frozenset[str],
    winners: frozenset[str],
) -> tuple[Question, ...]:
    """Return what the one may rate the other on: organizers by participants, winners by hosts."""
    if from_id in hosts:
        return OF_WINNERS if to_id in winners and to_id not in hosts else ()
    if to_id != challenge.organizer_id:
        return ()
    return OF_ORGANIZERS if from_id in winners else (Question.RULES_CLEAR,)


def host_ids(session: Session, challenge: Challenge) -> frozenset[str]:
    """Return the organizers of a challenge."""
    holders = accounts.role_holders(session, challenge_id=challenge.id)
    return frozenset(
        {challenge.organizer_id} | {person.id for role, person in holders if role is Role.ORGANIZER}
    )


def person(session: Session, handle: str) -> Person:
    """Return somebody by handle; raises `ProfileNotFoundError`."""
    try:
        return accounts.person_by_handle(session, handle)
    except PersonNotFoundError:
        raise _missing() from None


def _missing() -> rules.ProfileNotFoundError:
    return rules.ProfileNotFoundError("There is no such profile, or its owner keeps it hidden.")


def _sums(session: Session, *, person_id: str | None = None) -> dict[Question, tuple[int, int]]:
    query = select(RatingRow.question, func.sum(RatingRow.stars), func.count()).group_by(
        RatingRow.question
    )
    if person_id is not None:
        query = query.where(RatingRow.to_id == person_id)
    return {Question(name): (int(total), count) for name, total, count in session.exec(query)}


def _rated(
    session: Session, challenge: Challenge, person_id: str | None
) -> set[tuple[str, Question]]:
    """Return whom and what a person rated; None = the side of the organizers."""
    rows = session.exec(
        select(RatingRow.to_id, RatingRow.question).where(
            RatingRow.challenge_id == challenge.id,
            RatingRow.from_id == (person_id or challenge.organizer_id),
        )
    )
    return {(to_id, Question(question)) for to_id, question in rows}


def _thanked(session: Session, challenge_id: str, person_id: str) -> set[str]:
    rows = session.exec(
        select(ThanksRow.to_id).where(
            ThanksRow.challenge_id == challenge_id, ThanksRow.from_id == person_id
        )
    )
    return set(rows)
