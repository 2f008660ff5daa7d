"""Teams that predict the same thing, each in its own way, and one that copies another."""

import numpy as np
from tests.factories.arena import TRUTH, Arena

from palio.accounts.contracts import Team

ROWS = 400


def honest(seed: int, *, rows: int = ROWS) -> list[float]:
    """Predictions that miss the truth by noise of their own."""
    noise = np.random.default_rng(seed).normal(0, 0.3, rows)
    truth = np.array([TRUTH[row % len(TRUTH)] for row in range(rows)])
    return np.clip(truth + noise, 0.5, 5.0).tolist()


def copied(values: list[float], *, noise: float = 0.02) -> list[float]:
    """The same with a little noise: no value stays equal, all of the work does."""
    moved = np.array(values) + np.random.default_rng(99).normal(0, noise, len(values))
    return np.clip(moved, 0.5, 5.0).tolist()


def file_of(values: list[float], *, digits: int = 6) -> bytes:
    """A prediction file."""
    lines = [f"{row + 1},{value:.{digits}f}" for row, value in enumerate(values)]
    return "\n".join(["id,rating", *lines, ""]).encode()


def fill(arena: Arena, *, teams: int = 8) -> dict[str, Team]:
    """Let honest teams submit, and `copycat` a noisy copy of what `ada` sent; all are scored."""
    made = {name: arena.team(name) for name in ["ada", *(f"team{i}" for i in range(1, teams))]}
    for seed, team in enumerate(made.values()):
        arena.submit(team, file_of(honest(seed)))
    made["copycat"] = arena.team("copycat")
    arena.submit(made["copycat"], file_of(copied(honest(0))))
    arena.score_all()
    return made
