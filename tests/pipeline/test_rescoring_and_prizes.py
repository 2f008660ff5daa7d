"""Corrections and prizes: what is given stays, what is open follows."""

from decimal import Decimal

import pytest
from tests.factories.rescoring import Rescoring, bobs

from palio.challenges.prize_contracts import PrizeKind
from palio.core import db
from palio.core.clock import database_now
from palio.leaderboard.contracts import Board
from palio.pipeline import board_steps, rescoring
from palio.prizes import queries as prizes
from palio.prizes import service as prize_service
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow
from palio.submissions import queries as submissions

pytestmark = pytest.mark.slow_on("postgresql")

D = Decimal


def test_once_a_prize_is_given_the_scores_that_decided_it_stay(sets: Rescoring) -> None:
    arena = sets.arena
    arena.end()
    board_steps.settle(arena.bench, arena.challenge_id)
    sets.correct(bobs)
    sets.score_all()
    with arena.bench.work() as session:
        first, _ = prizes.awards(session, challenge_id=arena.challenge_id)
        prize_service.confirm(session, award_id=first.id, by="host", now=database_now(session))
    with pytest.raises(rescoring.PrizesGivenError) as refused:
        sets.apply()
    assert refused.value.detail.startswith("First prize is confirmed to ada")
    assert sets.board(Board.PRIVATE)[0] == (1, "ada", D("0.2000"))


def test_a_progress_prize_that_was_paid_stays_and_stops_no_correction(sets: Rescoring) -> None:
    arena = sets.arena
    with arena.bench.work() as session:
        now = database_now(session)
        ada = next(
            entry
            for entry in submissions.scored_entries(session, challenge_id=arena.challenge_id)
            if entry.public == D("0.2000")
        )
        paid = AwardRow(
            challenge_id=arena.challenge_id,
            team_id=ada.team_id,
            team_name="ada",
            place=1,
            title="Progress 2026",
            minor=5_000,
            currency="EUR",
            score="0.2000",
            submission_id=ada.submission_id,
            state=AwardState.CONFIRMED.value,
            made_at=now,
            decided_at=now,
            kind=PrizeKind.PROGRESS.value,
            pot="progress:9:2026-01-01",
        )
        session.add(paid)
        session.flush()
        before = prizes.award(session, paid.id)
    sets.correct(bobs)
    sets.score_all()
    sets.apply()
    assert [name for _, name, _ in sets.board()] == ["bob", "ada", "constant"]
    with db.reading(arena.engine) as session:
        assert prizes.award(session, before.id) == before
