"""The demo's models on ratings whose answer is known."""

import numpy as np
import pytest

from palio.demo import models
from palio.demo.models import Model, Questions, Ratings

PEOPLE, FILMS = 30, 20


@pytest.fixture(scope="module")
def world() -> tuple[Ratings, Questions, np.ndarray]:
    """People with leanings and two tastes rate films; a tenth of the ratings is asked for."""
    rng = np.random.default_rng(5)
    person, film = np.divmod(np.arange(PEOPLE * FILMS), FILMS)
    truth = (
        3
        + rng.normal(0, 0.5, PEOPLE)[person]
        + rng.normal(0, 0.5, FILMS)[film]
        + 0.8 * rng.choice([-1, 1], PEOPLE)[person] * rng.choice([-1, 1], FILMS)[film]
    )
    asked = rng.random(len(truth)) < 0.1
    ratings = Ratings(person[~asked], film[~asked], truth[~asked], PEOPLE, FILMS)
    ids = tuple(str(i) for i in range(int(asked.sum())))
    return ratings, Questions(ids, person[asked], film[asked]), truth[asked]


def rmse(model: Model, world: tuple[Ratings, Questions, np.ndarray]) -> float:
    ratings, questions, truth = world
    return float(np.sqrt(np.mean((model(ratings, questions) - truth) ** 2)))


def test_models_when_they_know_more_err_less(
    world: tuple[Ratings, Questions, np.ndarray],
) -> None:
    ladder = [
        models.constant(1.0),
        models.global_mean,
        models.biases(shrinkage=1, rounds=8),
        models.factorisation(rank=2, penalty=0.5, rounds=8),
    ]
    errors = [rmse(model, world) for model in ladder]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2


def test_neighbourhood_when_tastes_exist_beats_the_biases(
    world: tuple[Ratings, Questions, np.ndarray],
) -> None:
    near = rmse(models.neighbourhood(neighbours=5, shrinkage=1), world)
    assert near < rmse(models.biases(shrinkage=4, rounds=8), world)


def test_blend_is_no_worse_than_its_worst_part(
    world: tuple[Ratings, Questions, np.ndarray],
) -> None:
    parts = (models.global_mean, models.factorisation(rank=2, penalty=0.5, rounds=8))
    assert rmse(models.blend(parts), world) < max(rmse(part, world) for part in parts)


def test_models_when_run_twice_agree_to_the_bit(
    world: tuple[Ratings, Questions, np.ndarray],
) -> None:
    ratings, questions, _ = world
    model = models.factorisation(rank=2, penalty=0.5, rounds=3)
    assert model(ratings, questions).tobytes() == model(ratings, questions).tobytes()
