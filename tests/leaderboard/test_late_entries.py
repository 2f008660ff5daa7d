"""Late entries: after the bell, on a board of their own, and never among what decides."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.set_clock import SetClock
from tests.factories.submissions import QUOTA, Work
from tests.leaderboard.test_declared_boards import clock, latest, names, publish, reveal
from tests.leaderboard.test_service import play

from palio.accounts import service as accounts
from palio.accounts.contracts import Role
from palio.challenges import schedule
from palio.challenges.board_contracts import BoardLine, BoardPlan
from palio.challenges.contracts import Challenge, ChallengeState, EntryRule, Quota
from palio.challenges.rules import late_phase
from palio.core.clock import database_now
from palio.leaderboard.contracts import Board
from palio.submissions import queries as submission_queries
from palio.submissions import selection, withdrawal
from palio.submissions.contracts import SubmissionKind
from palio.submissions.rules import NotChoosableError, QuotaUsedUpError

__all__ = ["clock"]  # a fixture


def late_challenge(session: Session, *, quota: Quota = QUOTA) -> Challenge:
    return make.challenge(session, quota=quota, board=BoardPlan(has_late_entries=True))


def test_late_entries_are_scored_apart_and_wait_for_nothing(work: Work, clock: SetClock) -> None:
    with work() as session:
        challenge = late_challenge(session)
        ids = play(session, challenge, {"ada": [("0.5", "0.6")]})
        make.close(session, what=challenge)
    clock.set(challenge.phases[-1].closes_at)
    with work() as session:
        ada = accounts.lock_team(session, team_id=ids["ada"])
        late = make.submit(session, to=challenge, by=ada, key="late")
        pending = submission_queries.pending_count(session, challenge_id=challenge.id)
        kind = submission_queries.submission(session, late.submission_id).kind
    assert (kind, pending) == (SubmissionKind.LATE, 0)
    with work() as session:
        make.score(session, late, public="0.1", private="0.2")
    board = publish(work, challenge)
    assert [row.score for row in board.standings] == [Decimal("0.5000")]
    assert [row.score for row in latest(work, challenge, Board.LATE).standings] == [
        Decimal("0.1000")
    ]
    private = reveal(work, challenge)
    assert [row.score for row in private.standings] == [Decimal("0.6000")]
    assert [row.score for row in latest(work, challenge, Board.LATE).standings] == [
        Decimal("0.2000")
    ]
    with work() as session:  # and after the reveal, where nothing can be won any more
        again = make.submit(session, to=challenge, by=ada, key="later")
        make.score(session, again, public="0.05", private="0.15")
    publish(work, challenge)
    assert [row.score for row in latest(work, challenge, Board.LATE).standings] == [
        Decimal("0.1500")
    ]
    assert latest(work, challenge, Board.PRIVATE) == private


def test_lines_of_the_late_board_are_of_the_part_it_shows(work: Work, clock: SetClock) -> None:
    with work() as session:
        lines = (BoardLine("Last year", Decimal("0.3"), Decimal("0.4")),)
        plan = BoardPlan(has_late_entries=True, lines=lines)
        challenge = make.challenge(session, board=plan)
        ada = make.team(session, of=challenge)
        make.close(session, what=challenge)
    clock.set(challenge.phases[-1].closes_at)
    with work() as session:
        late = make.submit(session, to=challenge, by=ada, key="late")
        make.score(session, late, public="0.1", private="0.2")
    publish(work, challenge)
    assert [line.score for line in latest(work, challenge, Board.LATE).lines] == [Decimal("0.3000")]
    reveal(work, challenge)
    assert [line.score for line in latest(work, challenge, Board.LATE).lines] == [Decimal("0.4000")]


def test_late_entries_of_a_judges_team_are_marked_and_unranked(work: Work, clock: SetClock) -> None:
    with work() as session:
        challenge = late_challenge(session)
        teams = [make.team(session, of=challenge, handle=name) for name in ("ada", "bob")]
        accounts.grant_role(
            session,
            person_id=teams[0].captain_id,
            challenge_id=challenge.id,
            role=Role.JUDGE,
            by="host",
            now=database_now(session),
        )
        make.close(session, what=challenge)
    clock.set(challenge.phases[-1].closes_at)
    with work() as session:
        for team, score in zip(teams, ("0.1", "0.2"), strict=True):
            late = make.submit(session, to=challenge, by=team, key="late")
            make.score(session, late, public=score, private=score)
    assert publish(work, challenge).standings == ()
    rows = latest(work, challenge, Board.LATE).standings
    assert [(row.rank, row.name, row.kind) for row in rows] == [
        (None, "ada", SubmissionKind.HOST),
        (1, "bob", SubmissionKind.LATE),
    ]


def test_late_board_is_empty_when_its_only_entry_no_longer_counts(
    work: Work, clock: SetClock
) -> None:
    with work() as session:
        challenge = late_challenge(session)
        ada = make.team(session, of=challenge)
        make.close(session, what=challenge)
    clock.set(challenge.phases[-1].closes_at)
    with work() as session:
        late = make.submit(session, to=challenge, by=ada, key="late")
        make.score(session, late, public="0.1", private="0.2")
    publish(work, challenge)
    assert names(latest(work, challenge, Board.LATE)) == [(1, ada.name)]
    with work() as session:
        withdrawal.set_by_host(
            session,
            submission_id=late.submission_id,
            is_withdrawn=True,
            challenge=challenge,
            words="Made with the answers.",
            by="host",
            now=clock.now,
        )
    publish(work, challenge)
    assert names(latest(work, challenge, Board.LATE)) == []


def test_late_entry_is_no_final_one_when_the_challenge_opens_again(
    work: Work, clock: SetClock
) -> None:
    with work() as session:
        board = BoardPlan(has_late_entries=True)
        challenge = make.challenge(session, board=board, entry_rule=EntryRule.CHOSEN)
        ada = make.team(session, of=challenge)
        first = make.submit(session, to=challenge, by=ada, key="in-time")
        make.score(session, first, public="0.2", private="0.2")
    end = challenge.phases[-1].closes_at
    clock.set(end)
    with work() as session:
        make.close(session, what=challenge)
        late = make.submit(session, to=challenge, by=ada, key="late")
        make.score(session, late, public="0.1", private="0.1")
    reveal(work, challenge)
    with work() as session:
        schedule.reopen(
            session,
            challenge_id=challenge.id,
            closes_at=end + timedelta(days=30),
            reason="Nobody verified.",
            now=end,
        )
        with pytest.raises(NotChoosableError, match="a late entry"):
            selection.choose(
                session,
                submission_id=late.submission_id,
                team_id=ada.id,
                is_chosen=True,
                challenge=challenge,
                now=end,
            )


def test_late_entries_have_a_cap_a_day_and_no_other(work: Work, clock: SetClock) -> None:
    with work() as session:
        challenge = late_challenge(session, quota=Quota(per_day=2, total=2, zone="UTC"))
        ada = make.team(session, of=challenge)
        make.close(session, what=challenge)
    clock.set(challenge.phases[-1].closes_at + timedelta(days=1))
    with work() as session:
        for key in ("one", "two"):
            make.submit(session, to=challenge, by=ada, key=key)
        with pytest.raises(QuotaUsedUpError, match="used its 2 tries of"):
            make.submit(session, to=challenge, by=ada, key="three")


@pytest.mark.parametrize("state", ChallengeState)
def test_late_phase_is_there_after_the_close_until_the_challenge_is_put_away(
    work: Work, state: ChallengeState
) -> None:
    with work() as session:
        challenge = late_challenge(session)

    there = replace(challenge, state=state)
    end = challenge.phases[-1].closes_at
    assert late_phase(there, now=end - timedelta(microseconds=1)) is None
    is_away = state in {ChallengeState.DRAFT, ChallengeState.ARCHIVED}
    assert (late_phase(there, now=end) is None) is is_away
    plain = replace(there, plan=replace(there.plan, board=BoardPlan()))
    assert late_phase(plain, now=end) is None
