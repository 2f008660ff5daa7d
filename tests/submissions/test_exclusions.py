"""Disqualification on both databases: off the boards, told to the team, undone; scores stay."""

import pytest
from sqlmodel import Session, col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts import messages
from palio.accounts.contracts import Team
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.core.clock import database_now
from palio.submissions import exclusions, models, private, queries
from palio.submissions.exclusion_contracts import Exclusion, ReasonCode
from palio.submissions.private_models import PrivateScore
from palio.submissions.rules import SubmissionNotFoundError, TeamNotInChallengeError


def play(session: Session, *handles: str) -> tuple[Challenge, list[Team], list[str]]:
    """A challenge with one scored submission of each team."""
    challenge = make.challenge(session)
    teams = [make.team(session, of=challenge, handle=handle) for handle in handles]
    ids = []
    for place, team in enumerate(teams):
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public=f"0.9{place}", private=f"0.8{place}")
        ids.append(receipt.submission_id)
    return challenge, teams, ids


def disqualify(
    session: Session, challenge: Challenge, team: Team, submission_id: str | None = None
) -> Exclusion:
    return exclusions.disqualify(
        session,
        challenge=challenge,
        team_id=team.id,
        submission_id=submission_id,
        reason=ReasonCode.COPIED,
        words="Your file is Bob's.",
        by="host",
        now=database_now(session),
    )


def counted(session: Session, challenge: Challenge) -> list[str]:
    public = queries.scored_entries(session, challenge_id=challenge.id)
    hidden = private.private_scored_entries(session, challenge_id=challenge.id)
    assert [e.submission_id for e in hidden] == [e.submission_id for e in public]
    return [entry.submission_id for entry in public]


def test_disqualified_team_counts_nowhere_until_the_disqualification_is_lifted(work: Work) -> None:
    with work() as session:
        challenge, teams, ids = play(session, "ada", "bob")
        made = disqualify(session, challenge, teams[0])
    with work() as session:
        assert counted(session, challenge) == ids[1:]
        found = exclusions.disqualified_team_ids(session, challenge_id=challenge.id)
        assert found == {teams[0].id}
        exclusions.lift(
            session,
            exclusion_id=made.id,
            challenge=challenge,
            words="You were right.",
            by="host",
            now=database_now(session),
        )
    with work() as session:
        assert counted(session, challenge) == ids
        assert exclusions.disqualified_team_ids(session, challenge_id=challenge.id) == frozenset()


def test_disqualified_submission_leaves_the_teams_others_counting(work: Work) -> None:
    with work() as session:
        challenge, (ada, _), ids = play(session, "ada", "bob")
        second = make.submit(session, to=challenge, by=ada, key="k2")
        make.score(session, second, public="0.95", private="0.85")
        disqualify(session, challenge, ada, ids[0])
    with work() as session:
        assert counted(session, challenge) == [ids[1], second.submission_id]
        assert exclusions.disqualified_team_ids(session, challenge_id=challenge.id) == frozenset()


def test_disqualification_changes_no_score_row_and_is_audited_without_words(work: Work) -> None:
    with work() as session:
        challenge, (ada, _), _ = play(session, "ada", "bob")
        before = [
            row.model_dump()
            for table in (models.PublicScore, PrivateScore)
            for row in session.exec(select(table).order_by(col(table.submission_id)))
        ]
    with work() as session:
        made = disqualify(session, challenge, ada)
    with work() as session:
        after = [
            row.model_dump()
            for table in (models.PublicScore, PrivateScore)
            for row in session.exec(select(table).order_by(col(table.submission_id)))
        ]
        events = session.exec(
            select(audit.AuditEvent).where(audit.AuditEvent.action == "submissions.disqualify")
        ).all()
    assert after == before
    assert [(event.subject_id, event.detail) for event in events] == [
        (ada.id, f'{{"exclusion":"{made.id}","reason":"copied"}}')
    ]


def test_every_member_reads_why_and_nobody_else(work: Work) -> None:
    with work() as session:
        challenge, (ada, bob), _ = play(session, "ada", "bob")
        disqualify(session, challenge, ada)
    with work() as session:
        (told,) = messages.messages(session, person_id=ada.captain_id).items
        assert messages.messages(session, person_id=bob.captain_id).items == ()
    assert told.kind == "exclusion.made"
    assert told.text == (
        "Your team ada was disqualified in Ratings: predictions or code of others were handed in"
        " as own work. The organizer says: Your file is Bob's."
    )


def test_disqualified_team_cannot_submit_and_reads_why(work: Work) -> None:
    with work() as session:
        challenge, (ada, _), ids = play(session, "ada", "bob")
        disqualify(session, challenge, ada)
    with work() as session, pytest.raises(exclusions.TeamExcludedError) as caught:
        make.submit(session, to=challenge, by=ada, key="another")
    assert "The organizer says: Your file is Bob's." in caught.value.detail
    with work() as session:  # an answer that got lost is still given again
        assert make.submit(session, to=challenge, by=ada, key="k").submission_id == ids[0]


def test_second_disqualification_of_the_same_team_is_refused(work: Work) -> None:
    with work() as session:
        challenge, (ada, _), ids = play(session, "ada", "bob")
        disqualify(session, challenge, ada, ids[0])
        disqualify(session, challenge, ada)
        with pytest.raises(exclusions.AlreadyExcludedError):
            disqualify(session, challenge, ada)
        found = exclusions.count(session, challenge_id=challenge.id)
    assert (found.teams, found.submissions) == (1, 1)


def test_team_of_another_challenge_and_submission_of_another_team_are_not_found(
    work: Work,
) -> None:
    with work() as session:
        challenge, (_, bob), ids = play(session, "ada", "bob")
        elsewhere = make.challenge(session, slug="elsewhere")
        there = make.team(session, of=elsewhere, handle="eve")
        with pytest.raises(TeamNotInChallengeError):
            disqualify(session, challenge, there)
        with pytest.raises(SubmissionNotFoundError):
            disqualify(session, challenge, bob, ids[0])


@pytest.mark.parametrize("words", ["", "  ", "a\0b", "x" * 2001])
def test_words_nobody_could_read_are_refused(words: str) -> None:
    with pytest.raises(exclusions.BadWordsError):
        exclusions.check_words(words)
