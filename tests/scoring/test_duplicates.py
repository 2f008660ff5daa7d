"""The table of near-duplicates (A16), and what the three measures make of edges."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from palio.scoring import duplicates
from palio.scoring.duplicates import REVIEW, STRONG, Hit, Survey

BUCKETS, ROWS_KEPT = 512, 1_024
SEED = 3
Vector = NDArray[np.float64]


@dataclass
class Secret:
    """A linear sketch and secret rows, as `scoring.traces` keeps them."""

    rows: int

    def __post_init__(self) -> None:
        generator = np.random.default_rng(97)
        self.bucket = generator.integers(BUCKETS, size=self.rows)
        self.sign = generator.choice([-1.0, 1.0], size=self.rows)
        self.kept = generator.choice(self.rows, size=min(ROWS_KEPT, self.rows), replace=False)

    def sketch(self, vector: Vector) -> Vector:
        sums = np.bincount(self.bucket, weights=self.sign * vector, minlength=BUCKETS)
        return sums.astype(np.float64, copy=False)


@dataclass
class Field:
    """Teams that predict the same signal, each in its own way; a quarter blends a notebook."""

    teams: int
    rows: int

    def __post_init__(self) -> None:
        generator = np.random.default_rng(SEED)
        self.signal = generator.normal(3.6, 0.85, self.rows)
        self.notebook = self.signal + generator.normal(0, 0.246, self.rows)

    def team(self, number: int) -> Vector:
        generator = np.random.default_rng((SEED, number + 1))
        vector = self.signal + generator.normal(0, 0.246, self.rows)
        return 0.55 * vector + 0.45 * self.notebook if number % 4 == 0 else vector


def copies(of: Vector, other: Vector) -> dict[str, Vector]:
    generator = np.random.default_rng(11)
    replaced = np.where(generator.random(of.size) < 0.1, other, of)
    return {
        "copy": of,
        "noise .001": of + generator.normal(0, 0.001, of.size),
        "affine": 0.9 * of + 0.3,
        "2 decimals": np.round(of, 2),
        "noise .05": of + generator.normal(0, 0.05, of.size),
        "90/10": 0.9 * of + 0.1 * other,
        "70/30": 0.7 * of + 0.3 * other,
        "50/50": 0.5 * of + 0.5 * other,
        "10% replaced": replaced,
    }


# Source: integrity.md, section 4.1: raw correlation, partial correlation, rows equal.
TABLE = {
    "copy": (1.000, 1.000, 1.0),
    "noise .001": (1.000, 1.000, 0.04),
    "affine": (1.000, 1.000, 0.001),
    "2 decimals": (1.000, 1.000, 0.01),
    "noise .05": (0.9984, 0.980, 0.001),
    "90/10": (0.9992, 0.994, 0.0),
    "70/30": (0.993, 0.92, 0.0),
    "50/50": (0.979, 0.70, 0.0),
    "10% replaced": (0.992, 0.90, 0.90),
}
IS_STRONG = {"copy", "noise .001", "affine", "2 decimals", "90/10"}


@dataclass
class Desk:
    """Honest teams, and one more that copied team 1."""

    secret: Secret
    field: Field
    sketches: list[Vector]
    samples: list[Vector]

    @property
    def teams(self) -> NDArray[np.int64]:
        return np.arange(len(self.sketches) + 1)

    def rest(self, copy: Vector, *, is_notebook_known: bool = True) -> NDArray[np.float32]:
        stacked = np.array([*self.sketches, self.secret.sketch(copy)], dtype=np.float32)
        public = [np.ones(self.secret.rows), self.field.notebook][: 1 + is_notebook_known]
        known = np.array([self.secret.sketch(line) for line in public], dtype=np.float32)
        return duplicates.residual_sketches(stacked, teams=self.teams, nuisances=known)

    def equal(self, copy: Vector) -> Survey:
        kept = np.array([*self.samples, copy[self.secret.kept]], dtype=np.float32)
        public = self.field.notebook[None, self.secret.kept].astype(np.float32)
        return duplicates.equal_rows(kept, teams=self.teams, public=public, seed=5)


def desk_of(*, teams: int, rows: int) -> Desk:
    desk = Desk(Secret(rows), Field(teams, rows), [], [])
    for number in range(teams):
        vector = desk.field.team(number)
        desk.sketches.append(desk.secret.sketch(vector))
        desk.samples.append(vector[desk.secret.kept])
    return desk


def pairs_of(rest: NDArray[np.float32]) -> NDArray[np.float32]:
    upper: NDArray[np.float32] = (rest @ rest.T)[np.triu_indices(len(rest), 1)]
    return upper


def check_honest(desk: Desk) -> None:
    unrelated = desk.field.team(9_999)
    assert pairs_of(desk.rest(unrelated)).max() <= 0.25
    alone = pairs_of(desk.rest(unrelated, is_notebook_known=False)).max()
    assert 0.30 < alone <= 0.50  # what the public notebook explains
    assert duplicates.partial_correlations(desk.rest(unrelated), teams=desk.teams).hits == ()
    assert desk.equal(unrelated).hits == ()


def check_copies(desk: Desk) -> None:
    of = desk.field.team(1)
    pair = (1, len(desk.sketches))
    for name, copy in copies(of, desk.field.team(2)).items():
        raw, partial, equal = TABLE[name]
        rest = desk.rest(copy)
        found = float(rest[1] @ rest[-1])
        assert found == pytest.approx(partial, abs=0.03), name
        assert np.corrcoef(of, copy)[0, 1] == pytest.approx(raw, abs=0.004), name
        assert duplicates.share_of_equal(of, copy) == pytest.approx(equal, abs=0.02), name
        hits = duplicates.partial_correlations(rest, teams=desk.teams).hits
        assert [(hit.first, hit.second) for hit in hits] == [pair] * (found >= REVIEW), name
        if name != "noise .05":  # it stands on the line itself
            assert (found >= STRONG) is (name in IS_STRONG), name
        same = [(hit.first, hit.second) for hit in desk.equal(copy).hits]
        assert same == [pair] * (equal >= 0.5), name


def test_table_of_near_duplicates_at_a_tenth_of_its_size() -> None:
    desk = desk_of(teams=80, rows=40_000)
    check_honest(desk)
    check_copies(desk)


@pytest.mark.slow
def test_table_of_near_duplicates_at_full_size() -> None:
    desk = desk_of(teams=400, rows=300_000)
    check_honest(desk)
    check_copies(desk)


def five_teams(
    generator: np.random.Generator, *, entries: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    teams = np.sort(generator.integers(30, size=entries))
    vectors = generator.normal(size=(entries, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), teams


def test_survey_equals_looking_at_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_BLOCK", 7)
    vectors, teams = five_teams(np.random.default_rng(1), entries=150)
    products = (vectors @ vectors.T).astype(np.float64)
    best: dict[tuple[int, int], float] = {}
    for i in range(150):
        for j in range(150):
            if teams[i] < teams[j]:
                key = (int(teams[i]), int(teams[j]))
                best[key] = max(best.get(key, -1.0), products[i, j])
    survey = duplicates.partial_correlations(vectors, teams=teams, line=0.2)
    found = {(int(teams[h.first]), int(teams[h.second])): h.value for h in survey.hits}
    expected = {key: value for key, value in best.items() if value >= 0.2}
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5)
    assert survey.pairs == len(best) == survey.counts.sum()
    assert survey.as_high(0.3) == sum(value >= 0.3 for value in best.values())
    low = sum(value >= 0.1 for value in best.values())
    assert abs(survey.as_high(0.1) - low) <= 2  # below the line to a bin's width
    assert survey.quantile(0.5) == pytest.approx(float(np.median(list(best.values()))), abs=0.01)


def test_survey_of_too_many_hits_keeps_the_highest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "HITS_MAX", 10)
    vectors, teams = five_teams(np.random.default_rng(2), entries=100)
    everything = duplicates.partial_correlations(vectors, teams=teams, line=-1.0)
    assert (len(everything.hits), everything.is_cut) == (10, True)
    assert everything.as_high(everything.hits[9].value) >= 10


def test_survey_of_nothing_has_no_pairs() -> None:
    survey = duplicates.partial_correlations(
        np.empty((0, 8), dtype=np.float32), teams=np.empty(0, dtype=np.int64)
    )
    assert (survey.hits, survey.pairs, survey.quantile(0.5)) == ((), 0, 0.0)


def test_equal_digests_name_each_pair_of_teams_once_and_no_team_with_itself() -> None:
    teams = np.array([0, 0, 1, 1, 2])
    hits = duplicates.equal_digests(["a", "a", "b", "a", "b"], teams=teams)
    assert set(hits) == {Hit(0, 3, 1.0), Hit(2, 4, 1.0)}


def test_public_notebook_handed_in_unchanged_says_nothing_about_anybody() -> None:
    secret, field = Secret(5_000), Field(8, 5_000)
    vectors = [field.notebook, field.notebook, 0.5 * field.notebook + 1,
               *(field.team(number) for number in (1, 2, 3))]  # fmt: skip
    teams = np.arange(6)
    sketches = np.array([secret.sketch(vector) for vector in vectors], dtype=np.float32)
    known = np.stack([secret.sketch(np.ones(5_000)), secret.sketch(field.notebook)])
    rest = duplicates.residual_sketches(sketches, teams=teams, nuisances=known.astype(np.float32))
    assert np.linalg.norm(rest, axis=1).round(6).tolist() == [0, 0, 0, 1, 1, 1]
    kept = np.array([vector[secret.kept] for vector in vectors], dtype=np.float32)
    public = field.notebook[None, secret.kept].astype(np.float32)
    assert duplicates.equal_rows(kept, teams=teams, public=public, seed=1).hits == ()


def test_equal_rows_count_exactly_the_values_equal_at_four_decimals() -> None:
    generator = np.random.default_rng(4)
    first = generator.normal(size=ROWS_KEPT).astype(np.float32)
    second = np.where(np.arange(ROWS_KEPT) < 700, first + np.float32(1e-6), first + 1)
    samples = np.stack([first, second]).astype(np.float32)
    nothing = np.empty((0, ROWS_KEPT), dtype=np.float32)
    (hit,) = duplicates.equal_rows(samples, teams=np.arange(2), public=nothing, seed=1).hits
    expected = float(
        np.mean(np.round(samples[0].astype(float), 4) == np.round(samples[1].astype(float), 4))
    )
    assert (hit.value, hit.value > 0.65) == (expected, True)


@pytest.mark.parametrize("rows", [0, 3])
def test_tiny_samples_are_compared_too(rows: int) -> None:
    samples = np.ones((3, rows), dtype=np.float32)
    nothing = np.empty((0, rows), dtype=np.float32)
    survey = duplicates.equal_rows(samples, teams=np.arange(3), public=nothing, seed=1)
    assert len(survey.hits) == (3 if rows else 0)


def test_confirmation_on_whole_predictions_agrees_with_the_sketch() -> None:
    secret, field = Secret(40_000), Field(30, 40_000)
    vectors = [field.team(number) for number in range(30)]
    copy = vectors[1] + np.random.default_rng(8).normal(0, 0.05, 40_000)
    sketches = np.array([secret.sketch(vector) for vector in [*vectors, copy]], dtype=np.float32)
    known = np.stack([np.ones(40_000), field.notebook])
    rest = duplicates.residual_sketches(
        sketches,
        teams=np.arange(31),
        nuisances=np.array([secret.sketch(line) for line in known], dtype=np.float32),
    )
    others = np.mean([vector for place, vector in enumerate(vectors) if place != 1], axis=0)
    exact = duplicates.partial_correlation(vectors[1], copy, nuisances=np.vstack([known, others]))
    assert exact > REVIEW
    assert float(rest[1] @ rest[30]) == pytest.approx(exact, abs=0.01)


@pytest.mark.slow
def test_five_thousand_teams_take_seconds_and_little_memory() -> None:
    generator = np.random.default_rng(6)
    teams = np.arange(5_000)
    sketches = generator.normal(size=(5_000, BUCKETS)).astype(np.float32)
    sketches[4_999] = sketches[17] + generator.normal(0, 0.1, BUCKETS)
    samples = generator.normal(size=(5_000, ROWS_KEPT)).astype(np.float32)
    samples[4_999, :600] = samples[17, :600]
    ones = np.ones((1, BUCKETS), dtype=np.float32)
    rest = duplicates.residual_sketches(sketches, teams=teams, nuisances=ones)
    (near,) = duplicates.partial_correlations(rest, teams=teams).hits
    (same,) = duplicates.equal_rows(
        samples, teams=teams, public=np.empty((0, ROWS_KEPT), dtype=np.float32), seed=2
    ).hits
    assert (near.first, near.second, same.first, same.second) == (17, 4_999, 17, 4_999)
    assert same.value == 600 / ROWS_KEPT
