"""Withdrawal on both databases: it stops counting, nothing is deleted, no try comes back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts import messages
from palio.accounts.contracts import Team
from palio.challenges.contracts import Challenge, EntryRule
from palio.challenges.rules import closes_at
from palio.core import audit
from palio.core.clock import database_now
from palio.submissions import (
    exclusions,
    idempotency,
    models,
    queries,
    rules,
    selection,
    withdrawal,
)
from palio.submissions.contracts import Receipt


def scored(
    session: Session, scores: list[str], **changes: Any
) -> tuple[Challenge, Team, list[Receipt]]:
    """One team with scored submissions."""
    challenge = make.challenge(session, **changes)
    team = make.team(session, of=challenge)
    receipts = []
    for index, score in enumerate(scores):
        receipts.append(make.submit(session, to=challenge, by=team, key=f"k{index}"))
        make.score(session, receipts[-1], public=score, private=score)
    return challenge, team, receipts


def withdraw(session: Session, challenge: Challenge, team: Team, receipt: Receipt) -> bool:
    return withdrawal.set_by_team(
        session,
        submission_id=receipt.submission_id,
        team_id=team.id,
        is_withdrawn=True,
        challenge=challenge,
        by=team.captain_id,
        now=database_now(session),
    )


def restore(session: Session, challenge: Challenge, team: Team, receipt: Receipt) -> bool:
    return withdrawal.set_by_team(
        session,
        submission_id=receipt.submission_id,
        team_id=team.id,
        is_withdrawn=False,
        challenge=challenge,
        by=team.captain_id,
        now=database_now(session),
    )


def counted(session: Session, challenge: Challenge) -> list[str]:
    return [e.submission_id for e in queries.scored_entries(session, challenge_id=challenge.id)]


def test_withdrawn_submission_stops_counting_and_keeps_everything_else(work: Work) -> None:
    with work() as session:
        challenge, team, (first, second) = scored(session, ["0.9", "0.8"])
        before = queries.quota(session, challenge=challenge, team_id=team.id, now=first.received_at)
        assert withdraw(session, challenge, team, first)
        assert not withdraw(session, challenge, team, first)
    with work() as session:
        assert counted(session, challenge) == [second.submission_id]
        kept = queries.submission(session, first.submission_id)
        after = queries.quota(session, challenge=challenge, team_id=team.id, now=first.received_at)
        again = idempotency.receipt_of_key(session, team_id=team.id, idempotency_key="k0")
        events = session.exec(
            select(audit.AuditEvent.action, audit.AuditEvent.subject_id).where(
                audit.AuditEvent.actor_id == team.captain_id
            )
        ).all()
    assert kept.withdrawn_at is not None
    assert [str(score.rounded) for score in kept.public_scores] == ["0.9"]
    assert after == before
    assert again is not None
    assert again.sha256 == first.sha256
    assert events == [("submissions.withdraw", first.submission_id)]


def test_withdrawn_submission_counts_again_unchosen_when_it_is_taken_back(work: Work) -> None:
    with work() as session:
        challenge, team, (only,) = scored(session, ["0.9"], entry_rule=EntryRule.CHOSEN)
        choose(session, challenge, team, only)
        withdraw(session, challenge, team, only)
        assert queries.chosen_count(session, team_id=team.id) == 0
        with pytest.raises(rules.NotChoosableError):
            choose(session, challenge, team, only)
        assert restore(session, challenge, team, only)
        assert not restore(session, challenge, team, only)
    with work() as session:
        (entry,) = queries.scored_entries(session, challenge_id=challenge.id)
    assert (entry.submission_id, entry.is_chosen) == (only.submission_id, False)


def choose(session: Session, challenge: Challenge, team: Team, receipt: Receipt) -> None:
    selection.choose(
        session,
        submission_id=receipt.submission_id,
        team_id=team.id,
        is_chosen=True,
        challenge=challenge,
        now=database_now(session),
    )


def test_after_the_close_only_the_organizer_withdraws_and_says_why(work: Work) -> None:
    with work() as session:
        challenge, team, (only,) = scored(session, ["0.9"])
        closed = make.close(session, what=challenge)
        with pytest.raises(withdrawal.WithdrawalClosedError):
            withdraw(session, closed, team, only)
    with work() as session:
        with pytest.raises(exclusions.BadWordsError):
            host_deed(session, closed, only, words=" ")
        assert host_deed(session, closed, only, words="You asked me to.")
        assert counted(session, challenge) == []
        (told,) = messages.messages(session, person_id=team.captain_id).items
        assert told.text == "The organizer withdrew your submission p.csv: You asked me to."
        assert host_deed(session, closed, only, words="My slip.", is_withdrawn=False)
        assert counted(session, challenge) == [only.submission_id]


def host_deed(
    session: Session,
    challenge: Challenge,
    receipt: Receipt,
    *,
    words: str,
    is_withdrawn: bool = True,
) -> bool:
    return withdrawal.set_by_host(
        session,
        submission_id=receipt.submission_id,
        is_withdrawn=is_withdrawn,
        challenge=challenge,
        words=words,
        by="host",
        now=database_now(session),
    )


def test_team_cannot_take_back_what_the_organizer_withdrew(work: Work) -> None:
    with work() as session:
        challenge, team, (only,) = scored(session, ["0.9"])
        host_deed(session, challenge, only, words="Broken file.")
        with pytest.raises(withdrawal.WithdrawnByHostError) as caught:
            restore(session, challenge, team, only)
    assert "Broken file." in caught.value.detail


def test_what_a_team_withdrew_the_organizer_can_keep_withdrawn(work: Work) -> None:
    with work() as session:
        challenge, team, (only,) = scored(session, ["0.9"])
        withdraw(session, challenge, team, only)
        assert host_deed(session, challenge, only, words="Broken file.")
        assert not host_deed(session, challenge, only, words="Again.")
        with pytest.raises(withdrawal.WithdrawnByHostError):
            restore(session, challenge, team, only)
        (told,) = messages.messages(session, person_id=team.captain_id).items
        assert told.text.endswith("Broken file.")
        assert host_deed(session, challenge, only, words="It is sound.", is_withdrawn=False)
        assert counted(session, challenge) == [only.submission_id]


def test_withdrawal_ends_with_the_last_phase(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
    end = closes_at(challenge)
    withdrawal.check_open(challenge, now=end - timedelta(microseconds=1))
    with pytest.raises(withdrawal.WithdrawalClosedError):
        withdrawal.check_open(challenge, now=end)


def test_submission_of_another_team_and_a_baseline_are_not_found(work: Work) -> None:
    with work() as session:
        challenge, team, (only,) = scored(session, ["0.9"])
        bob = make.team(session, of=challenge, handle="bob")
        line = make.baseline(session, to=challenge, by=bob, label="baseline")
        with pytest.raises(rules.SubmissionNotFoundError):
            withdraw(session, challenge, bob, only)
        with pytest.raises(rules.SubmissionNotFoundError):
            host_deed(session, challenge, line, words="No.")
        rows = session.exec(select(models.Submission.withdrawn_at)).all()
    assert team.id != bob.id
    assert rows == [None, None]
