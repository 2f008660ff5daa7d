"""Corrected answers for an arena, and its rescore sets in a line each."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text
from tests.factories.arena import ROWS, TRUTH, Arena, predictions

from palio.accounts.contracts import Team
from palio.core import db
from palio.core.clock import database_now
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.pipeline import board_steps, rescore_steps, rescoring
from palio.pipeline.rescoring import RescoreView
from palio.scoring.card import MetricChoice
from palio.submissions.version_contracts import Activation, ScoreVersion

REASON = "Two answers had been mixed up."


def missed(truth: float, by: float) -> float:
    """What `arena.predictions(by)` predicts where this is the answer."""
    return truth + by if truth < 3 else truth - by


def bobs(_row: int, truth: float) -> float:
    """Corrected answers that bob of `two_teams` was right about."""
    return missed(truth, 0.4)


@dataclass
class Rescoring:
    """The rescoring of an arena's challenge."""

    arena: Arena

    def correct(
        self,
        answer: Callable[[int, float], float],
        *,
        usage: Callable[[int], str] = lambda row: ("Public", "Private")[row % 2],
        reason: str = REASON,
    ) -> ScoreVersion:
        """Open a set with other answers."""
        arena = self.arena
        folder = arena.folder / f"correction-{len(list(arena.folder.iterdir()))}"
        folder.mkdir()
        lines = [f"{row + 1},{answer(row, TRUTH[row])},{usage(row)}" for row in range(ROWS)]
        (folder / "solution.csv").write_text("\n".join(["id,rating,Usage", *lines]) + "\n")
        stored = rescoring.store_answers(
            folder, arena.challenge.plan, blobs=arena.bench.blobs, sealed=arena.sealed
        )
        with arena.bench.work() as session:
            return rescoring.start_with_answers(
                session,
                challenge=arena.challenge,
                answers=stored,
                reason=reason,
                by=arena.challenge.organizer_id,
                now=database_now(session),
            )

    def round_to(self, digits: int) -> ScoreVersion:
        """Open a set with other digits."""
        with self.arena.bench.work() as session:
            return rescoring.start_with_metrics(
                session,
                challenge=self.arena.challenge,
                metrics=(MetricChoice("rmse", digits=digits),),
                reason=REASON,
                by=self.arena.challenge.organizer_id,
                now=database_now(session),
            )

    def score_all(self) -> None:
        """Do what the sweep and the workers do until nothing is left."""
        rescore_steps.top_up(self.arena.bench)
        while self.arena.score_all():
            rescore_steps.top_up(self.arena.bench)
        rescore_steps.top_up(self.arena.bench)

    def apply(self) -> Activation:
        with self.arena.bench.work() as session:
            return rescoring.apply(
                session,
                challenge_id=self.arena.challenge_id,
                by=self.arena.challenge.organizer_id,
                now=database_now(session),
            )

    def undo(self) -> Activation | None:
        with self.arena.bench.work() as session:
            return rescoring.undo(
                session,
                challenge_id=self.arena.challenge_id,
                reason="It was right before.",
                by=self.arena.challenge.organizer_id,
                now=database_now(session),
            )

    def abandon(self) -> ScoreVersion:
        with self.arena.bench.work() as session:
            return rescoring.abandon(
                session,
                challenge_id=self.arena.challenge_id,
                by=self.arena.challenge.organizer_id,
                now=database_now(session),
            )

    def view(self) -> RescoreView:
        with db.reading(self.arena.engine) as session:
            return rescoring.view(
                session, challenge=self.arena.challenge, now=database_now(session)
            )

    def publish(self) -> None:
        board_steps.publish(self.arena.bench, self.arena.challenge_id, at_once=True)

    def board(self, board: Board = Board.PUBLIC) -> list[tuple[int | None, str, Decimal]]:
        """Rank, name and score of each row."""
        with db.reading(self.arena.engine) as session:
            found = boards.latest(session, challenge_id=self.arena.challenge_id, board=board)
        assert found is not None
        return [(row.rank, row.name, row.score) for row in found.standings]

    def told(self, team: Team) -> list[str]:
        """The messages about rescoring that a team's captain has, oldest first."""
        with self.arena.engine.connect() as connection:
            wanted = text(
                "SELECT text FROM message WHERE person_id = :id AND kind = 'rescore.applied' "
                "ORDER BY id"
            )
            return list(connection.execute(wanted, {"id": team.captain_id}).scalars())

    def count(self, table: str) -> int:
        with self.arena.engine.connect() as connection:
            number: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 (tests own words)
            return number


def two_teams(arena: Arena) -> Rescoring:
    """Score an entry of ada's, which leads, and one of bob's."""
    for handle, miss in (("ada", 0.2), ("bob", 0.4)):
        arena.submit(arena.team(handle), predictions(miss))
    arena.score_all()
    return Rescoring(arena)
