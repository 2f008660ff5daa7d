"""A public board as an attacker sees it: votes in, shown scores out, through our own rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from palio.challenges.board_contracts import Release, ReleaseRule
from palio.scoring.card import round_score
from palio.scoring.metrics.base import Reals
from palio.scoring.registry import METRICS
from palio.scoring.traces import bucket_sums, standard_error
from palio.submissions.release import Held, Offer, release

Votes = NDArray[np.float64]
ROWS = 4_000
SECRET = bytes(range(32))
ZERO_ONE = METRICS["mae"]  # of votes 0 and 1: the share of wrong ones


@dataclass
class Board:
    """One team's view of the public part: zero-one loss on `truth`."""

    truth: Votes
    rule: ReleaseRule = field(default_factory=ReleaseRule)
    digits: int = 5
    held: Held | None = None
    best: Reals | None = None
    tries: int = 0

    def show(self, votes: Votes) -> float:
        """Submit, and return the score shown."""
        self.tries += 1
        exact = ZERO_ONE.score((self.truth,), (votes,))
        offer = Offer(str(self.tries), exact, round_score(exact, digits=self.digits))
        error, sums = 0.0, None
        if self.rule.kind is Release.FREE_LADDER:
            losses = np.abs(votes - self.truth)
            sums = bucket_sums(lambda rows: losses[rows], rows=len(losses), key=SECRET)
            error = standard_error(sums - (0 if self.best is None else self.best), rows=len(losses))
        self.held, shown = release(self.held, score=offer, error=error, rule=self.rule)
        if self.held and self.held.submission_id == offer.submission_id:
            self.best = sums
        return float(shown)

    def error_of(self, votes: Votes) -> float:
        """Return the true public score, which the attacker wants low."""
        return float(np.mean(votes != self.truth))


def ladder(step: str) -> ReleaseRule:
    return ReleaseRule(Release.LADDER, Decimal(step))


FREE = ReleaseRule(Release.FREE_LADDER)


def coins(rng: np.random.Generator, *, rows: int = ROWS) -> Votes:
    return rng.integers(0, 2, rows).astype(np.float64)


def boosted(
    board: Board, rng: np.random.Generator, *, tries: int, is_weighted: bool = False
) -> float:
    """Attack of Blum and Hardt: vote of the random submissions that looked better than chance.

    Returns:
        The score that the vote is shown: under a Ladder none better than before.

    """
    votes = np.zeros(len(board.truth))
    shown_before = np.inf
    for _ in range(tries - 1):
        guess = coins(rng, rows=len(board.truth))
        shown = board.show(guess)
        if is_weighted:
            votes += (0.5 - shown) * (2 * guess - 1)
        elif shown <= 0.5 and (board.rule.kind is Release.ROUNDED or shown < shown_before):
            votes += 2 * guess - 1
        shown_before = min(shown_before, shown)
    votes[votes == 0] = rng.choice([-1, 1], int((votes == 0).sum()))
    final = (votes > 0).astype(np.float64)
    return board.show(final)


def block_flipped(board: Board, rng: np.random.Generator, *, tries: int, block: int) -> float:
    """Hill climbing: flip `block` labels, keep the flip when the shown score drops.

    Returns:
        The true public score reached; about 0.477 means that nothing leaked.

    """
    current = coins(rng, rows=len(board.truth))
    shown = board.show(current)
    for _ in range(tries - 1):
        candidate = current.copy()
        rows = rng.choice(len(current), block, replace=False)
        candidate[rows] = 1 - candidate[rows]
        told = board.show(candidate)
        if told < shown:
            current, shown = candidate, told
    return board.error_of(current)


def mean_of(run: Callable[[int], float], *, times: int) -> float:
    return float(np.mean([run(number) for number in range(times)]))
