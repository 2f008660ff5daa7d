"""The reveal says beside each rank which ranks chance could have given, and moves nobody by it."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.challenges.board_contracts import BoardColumn, BoardPlan, ColumnKind
from palio.challenges.contracts import Challenge, EntryRule, OwnMetric
from palio.core.clock import database_now
from palio.core.storage import Blob
from palio.datasets import challenge_secrets
from palio.datasets import service as datasets
from palio.leaderboard import chance_words, queries, service, views
from palio.leaderboard.contracts import Board, Snapshot, Standing
from palio.scoring.card import MetricChoice, Score, ScoreCard, Trace
from palio.scoring.direction import Direction
from palio.submissions import service as submissions

ROWS = 400
PLAIN = BoardPlan()


def losses(mean: float, *, seed: int, spread: float = 0.05) -> NDArray[np.float64]:
    noise = np.random.default_rng(seed).normal(size=ROWS) * spread
    return np.asarray(mean + noise - noise.mean())


def revealed(
    session: Session,
    teams: Sequence[NDArray[np.float64]],
    *,
    metric: str = "mae",
    digits: int = 4,
    board: BoardPlan = PLAIN,
) -> tuple[Challenge, tuple[Standing, ...]]:
    """A challenge of teams with these losses on the private rows, closed and revealed."""
    challenge = make.challenge(
        session,
        entry_rule=EntryRule.LAST,
        metrics=(MetricChoice(metric, digits=digits),),
        board=board,
    )
    now = database_now(session)
    challenge_secrets.ensure(session, challenge_id=challenge.id, now=now)
    datasets.add_answer_key(
        session,
        challenge_id=challenge.id,
        ids=Blob("a" * 64, 1),
        sealed=Blob("b" * 64, 1),
        rows=2 * ROWS,
        public_rows=ROWS,
        private_rows=ROWS,
        now=now,
    )
    for number, of_team in enumerate(teams):
        team = make.team(session, of=challenge, handle=f"team{number}")
        receipt = make.submit(session, to=challenge, by=team, key=str(number), content=str(number))
        exact = float(of_team.mean())
        scores = (Score(metric, exact, Decimal(f"{exact:.{digits}f}")),)
        empty = np.zeros(0, dtype=np.float32)
        trace = Trace(None, of_team.astype(np.float32), empty, empty, str(number))
        submissions.start(session, submission_id=receipt.submission_id, now=now)
        submissions.record_scores(
            session,
            submission_id=receipt.submission_id,
            card=ScoreCard(scores, scores, trace),
            key_version=1,
            metric_version=1,
            now=now,
        )
    closed = make.close(session, what=challenge)
    at = closed.phases[-1].closes_at
    made = service.reveal(session, challenge=closed, now=at)
    return closed, made.standings


def newest(session: Session, challenge: Challenge) -> Snapshot:
    found = queries.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    assert found is not None
    return found


def seen(standings: Sequence[Standing]) -> list[tuple[object, ...]]:
    return [(s.rank, s.rank_low, s.rank_high, s.is_tied_with_first) for s in standings]


def test_near_scores_share_their_ranks_and_far_ones_do_not(work: Work) -> None:
    with work() as session:
        _, standings = revealed(
            session, [losses(0.5, seed=1), losses(0.5005, seed=2), losses(0.6, seed=3)]
        )
    assert seen(standings) == [(1, 1, 2, True), (2, 1, 2, True), (3, 3, 3, False)]


def test_higher_is_better_is_compared_the_other_way_round(work: Work) -> None:
    with work() as session:
        _, standings = revealed(
            session,
            [losses(0.5, seed=1), losses(0.5005, seed=2), losses(0.6, seed=3)],
            metric="accuracy",
        )
    assert seen(standings) == [(1, 1, 1, True), (2, 2, 3, False), (3, 2, 3, False)]


def test_interval_never_leaves_out_the_rank_that_is_shown(work: Work) -> None:
    """Two decimals make a shared rank 1 of what chance cannot explain."""
    exact = losses(0.5, seed=1)
    with work() as session:
        _, standings = revealed(session, [exact, exact + 0.001], digits=2)
    assert [(s.rank, s.rank_low, s.rank_high) for s in standings] == [(1, 1, 1), (1, 1, 2)]


def test_private_board_says_how_its_intervals_came_about(work: Work) -> None:
    with work() as session:
        challenge, _ = revealed(session, [losses(0.5, seed=1), losses(0.6, seed=2)])
        found = newest(session, challenge)
    assert found.chance_words == (
        "Rank intervals hold with 95 % confidence for all lines together. They come from 1,000"
        " resamples of the private rows, the same ones for all teams."
    )


def test_same_board_is_made_again_byte_for_byte(work: Work) -> None:
    with work() as session:
        challenge, _ = revealed(session, [losses(0.5, seed=1), losses(0.5005, seed=2)])
        again = replace(challenge, revealed_at=database_now(session))
        found = service.rereveal(
            session, challenge=again, reason="nothing", by="host", now=database_now(session)
        )
        assert found.version == 1


def test_metric_that_is_no_mean_has_no_intervals_without_resamples(work: Work) -> None:
    with work() as session:
        challenge, standings = revealed(
            session, [losses(0.5, seed=1), losses(0.5005, seed=2)], metric="r2"
        )
        assert newest(session, challenge).chance_words == chance_words.NOT_WORKED_OUT
    assert seen(standings) == [(1, None, None, False), (2, None, None, False)]


def test_own_metric_is_named_as_the_reason_for_no_intervals(work: Work) -> None:
    own = OwnMetric(program=(), parameters=(), scores=(), seconds=1, memory_bytes=1)
    with work() as session:
        plan = make.plan(session, own_metric=own)
    view = views.plain(Board.PRIVATE, metric="cost", digits=2, direction=Direction.LOWER)
    assert chance_words.why_none(plan, view, metric="cost") == chance_words.OWN_METRIC


def test_board_ranked_by_something_computed_has_no_intervals(work: Work) -> None:
    column = BoardColumn("total", "Sum", ColumnKind.SUM, ("mae",), (), 4, is_lower_better=True)
    with work() as session:
        challenge, standings = revealed(
            session,
            [losses(0.5, seed=1), losses(0.6, seed=2)],
            board=BoardPlan(columns=(column,)),
        )
        assert newest(session, challenge).chance_words == (
            "This board is ranked by Sum, a computed column: no rank intervals are worked out."
        )
    assert seen(standings) == [(1, None, None, False), (2, None, None, False)]
