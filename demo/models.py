"""The models that the demo's participants train: from one number to a blend."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
LOWEST, HIGHEST = 0.5, 5.0
RATINGS_TO_BE_ALIKE = 5  # films with fewer say too little about others


@dataclass(frozen=True, slots=True)
class Ratings:
    """Ratings as arrays of equal length: person and film indices 0.., rating 0.5..5.

    Attributes:
        person_names, film_names: What stands in the files, by index.

    """

    person: Indices
    film: Indices
    rating: Reals
    people: int
    films: int
    person_names: tuple[str, ...] = ()
    film_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Questions:
    """Rows to predict: ids as in the file, person and film indices."""

    ids: tuple[str, ...]
    person: Indices
    film: Indices


Model = Callable[[Ratings, Questions], Reals]


def read_data(folder: Path) -> tuple[Ratings, Questions]:
    """Read training.csv and qualifying.csv as downloaded."""
    with (folder / "training.csv").open(newline="", encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    with (folder / "qualifying.csv").open(newline="", encoding="utf-8") as file:
        asked = list(csv.DictReader(file))
    people, films = _numbered(known + asked, "person"), _numbered(known + asked, "film")
    ratings = Ratings(
        person=np.array([people[row["person"]] for row in known]),
        film=np.array([films[row["film"]] for row in known]),
        rating=np.array([float(row["rating"]) for row in known]),
        people=len(people),
        films=len(films),
        person_names=tuple(people),
        film_names=tuple(films),
    )
    questions = Questions(
        ids=tuple(row["id"] for row in asked),
        person=np.array([people[row["person"]] for row in asked]),
        film=np.array([films[row["film"]] for row in asked]),
    )
    return ratings, questions


def _numbered(rows: list[dict[str, str]], column: str) -> dict[str, int]:
    return {key: i for i, key in enumerate(sorted({row[column] for row in rows}))}


def write_predictions(path: Path, questions: Questions, predictions: Reals) -> None:
    """Write id,rating with four decimals, inside the allowed range."""
    lines = [
        f"{key},{value:.4f}"
        for key, value in zip(questions.ids, np.clip(predictions, LOWEST, HIGHEST), strict=True)
    ]
    path.write_text("\n".join(["id,rating", *lines]) + "\n", encoding="utf-8")


def constant(value: float) -> Model:
    """Answer every row with the same number."""
    return lambda _ratings, questions: np.full(len(questions.ids), value)


def global_mean(ratings: Ratings, questions: Questions) -> Reals:
    """One number for all."""
    return np.full(len(questions.ids), ratings.rating.mean())


def mean_by(groups: Indices, values: Reals, size: int, *, shrinkage: float) -> Reals:
    """Mean of `values` (n,) for each group, pulled to zero by `shrinkage` pseudo-ratings."""
    totals = np.bincount(groups, weights=values, minlength=size)
    counts = np.bincount(groups, minlength=size)
    means: Reals = totals / np.maximum(counts + shrinkage, 1e-12)
    return means


def film_mean(shrinkage: float) -> Model:
    """Each film's mean."""

    def model(ratings: Ratings, questions: Questions) -> Reals:
        centre = ratings.rating.mean()
        offsets = mean_by(ratings.film, ratings.rating - centre, ratings.films, shrinkage=shrinkage)
        return np.asarray(centre + offsets[questions.film])

    return model


def fit_biases(ratings: Ratings, *, shrinkage: float, rounds: int) -> tuple[float, Reals, Reals]:
    """Return centre, person and film offsets, fitted in turn (Koren 2009, §2.1)."""
    centre = float(ratings.rating.mean())
    person, film = np.zeros(ratings.people), np.zeros(ratings.films)
    for _ in range(rounds):
        rest = ratings.rating - centre
        film = mean_by(
            ratings.film, rest - person[ratings.person], ratings.films, shrinkage=shrinkage
        )
        person = mean_by(
            ratings.person, rest - film[ratings.film], ratings.people, shrinkage=shrinkage
        )
    return centre, person, film


def biases(shrinkage: float, rounds: int) -> Model:
    """Centre + person + film offsets."""

    def model(ratings: Ratings, questions: Questions) -> Reals:
        centre, person, film = fit_biases(ratings, shrinkage=shrinkage, rounds=rounds)
        return np.asarray(centre + person[questions.person] + film[questions.film])

    return model


def neighbourhood(neighbours: int, shrinkage: float) -> Model:
    """Weighted mean of the person's ratings of the most alike films, on top of the biases."""

    def model(ratings: Ratings, questions: Questions) -> Reals:
        centre, person, film = fit_biases(ratings, shrinkage=4, rounds=8)
        rest = ratings.rating - centre - person[ratings.person] - film[ratings.film]
        table = np.zeros((ratings.people, ratings.films), dtype=np.float32)
        table[ratings.person, ratings.film] = rest
        known = table[:, np.bincount(ratings.film, minlength=ratings.films) >= RATINGS_TO_BE_ALIKE]
        asked, position = np.unique(questions.film, return_inverse=True)
        alike = likeness(table[:, asked], known, shrinkage=shrinkage)
        offsets = np.zeros(len(questions.ids))
        for row, (who, where) in enumerate(zip(questions.person, position, strict=True)):
            weights = alike[where] * (known[who] != 0)
            best = np.argpartition(weights, -neighbours)[-neighbours:]
            offsets[row] = (weights[best] @ known[who, best]) / (weights[best].sum() + 0.5)
        return np.asarray(centre + person[questions.person] + film[questions.film] + offsets)

    return model


def likeness(
    left: NDArray[np.float32], right: NDArray[np.float32], *, shrinkage: float
) -> NDArray[np.float32]:
    """Shrunken correlation of films over the people who rated both; negative ones count as 0.

    `left` is (people, m), `right` (people, n), 0 = not rated; the result is (m, n).
    """
    left_seen, right_seen = (left != 0).astype(np.float32), (right != 0).astype(np.float32)
    norms = np.sqrt(((left**2).T @ right_seen) * (left_seen.T @ right**2))
    shared = left_seen.T @ right_seen
    alike = (left.T @ right) / np.maximum(norms, 1e-6) * shared / (shared + shrinkage)
    clipped: NDArray[np.float32] = np.clip(alike, 0, None, out=alike)
    return clipped


def factorisation(rank: int, penalty: float, rounds: int) -> Model:
    """Matrix factorisation by alternating least squares on what the biases leave over."""

    def model(ratings: Ratings, questions: Questions) -> Reals:
        centre, person, film = fit_biases(ratings, shrinkage=4, rounds=8)
        rest = ratings.rating - centre - person[ratings.person] - film[ratings.film]
        left, right = fit_factors(ratings, rest, rank=rank, penalty=penalty, rounds=rounds)
        match = np.einsum("ij,ij->i", left[questions.person], right[questions.film])
        return np.asarray(centre + person[questions.person] + film[questions.film] + match)

    return model


def fit_factors(
    ratings: Ratings, rest: Reals, *, rank: int, penalty: float, rounds: int
) -> tuple[Reals, Reals]:
    """Factors of people, (people, rank), and of films, (films, rank), for what is left over."""
    rng = np.random.default_rng(7)
    left = rng.normal(0, 0.1, (ratings.people, rank))
    right = rng.normal(0, 0.1, (ratings.films, rank))
    for _ in range(rounds):
        _solve(left, right, ratings.person, ratings.film, rest, penalty)
        _solve(right, left, ratings.film, ratings.person, rest, penalty)
    return left, right


def _solve(
    into: Reals, other: Reals, rows: Indices, columns: Indices, values: Reals, penalty: float
) -> None:
    order = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[order], np.arange(len(into) + 1))
    for row in range(len(into)):
        chosen = order[starts[row] : starts[row + 1]]
        if chosen.size == 0:
            into[row] = 0
            continue
        features = other[columns[chosen]]
        square = features.T @ features + penalty * np.eye(into.shape[1])
        into[row] = np.linalg.solve(square, features.T @ values[chosen])


def blend(models: tuple[Model, ...], *, kept_back: float = 0.1) -> Model:
    """Weigh the models by least squares on a part of the training ratings kept back."""

    def model(ratings: Ratings, questions: Questions) -> Reals:
        back = np.random.default_rng(3).random(len(ratings.rating)) < kept_back
        inner = Ratings(
            person=ratings.person[~back],
            film=ratings.film[~back],
            rating=ratings.rating[~back],
            people=ratings.people,
            films=ratings.films,
        )
        probe = Questions(
            ids=("",) * int(back.sum()), person=ratings.person[back], film=ratings.film[back]
        )
        columns = np.column_stack([part(inner, probe) for part in models])
        weights, *_ = np.linalg.lstsq(columns, ratings.rating[back], rcond=None)
        answers = np.column_stack([part(ratings, questions) for part in models])
        return np.asarray(answers @ weights)

    return model
