"""Finds predictions of different teams that are closer than independent work comes.

Three measures (integrity.md of the design, section 4.1): the digest of the canonical predictions
(T0), the share of equal values on secret rows (T1), and the partial correlation of linear
sketches (T2). Raw correlation cannot tell: honest teams reach .98 of it, because all of them
predict the same thing. T2 takes out of every sketch what honest teams share (a constant, what is
public, the mean of all teams) and compares what is left.

A sketch is linear in the predictions, so what is taken out of the sketches is taken out of the
predictions; with 512 buckets the error is about (1 - r^2)/sqrt(512).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EQUAL_ROWS = 0.5  # T1
REVIEW = 0.90  # T2: look at it
STRONG = 0.98  # T2
DECIMALS = 4  # to which values are compared
TEAMS_MIN = 5  # below, the mean of all teams is too much the compared teams' own
HITS_MAX = 5_000  # pairs of teams kept; beyond, a measure separates nothing

_BLOCK = 512  # entries at a time: bounds memory to _BLOCK x entries floats
_BINS = 2_000  # of the histogram over [-1, 1]
_NOTHING = 1e-3  # of the length before: what is left below is rounding
_RANK = 1e-5

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Hit:
    """The closest two entries of two teams.

    Attributes:
        first, second: Places among the entries given.
        value: Share of equal values, or partial correlation.

    """

    first: int
    second: int
    value: float


@dataclass(frozen=True, slots=True)
class Survey:
    """One measure over all pairs of teams.

    Attributes:
        hits: The pairs of teams that reach the line, highest first, at most HITS_MAX.
        pairs: How many pairs of teams were compared.
        counts: int64 (_BINS,): pairs of teams by their value, over equal bins of [-1, 1].
        line: What a pair has to reach to be a hit.
        is_cut: There were more hits than are kept.

    """

    hits: tuple[Hit, ...]
    pairs: int
    counts: Ints
    line: float
    is_cut: bool

    def as_high(self, value: float) -> int:
        """Return how many pairs have at least this value (to a bin's width below the line)."""
        if value >= self.line and not self.is_cut:
            return sum(hit.value >= value for hit in self.hits)
        return int(self.counts[_bin(np.array([value]))[0] :].sum())

    def quantile(self, share: float) -> float:
        """Return the value that this share of all pairs stays below; 0 when there is no pair."""
        if self.pairs == 0:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self.counts), share * self.pairs))
        return min(place, _BINS - 1) * 2 / _BINS - 1


def equal_digests(digests: Sequence[str], *, teams: Ints) -> tuple[Hit, ...]:
    """Return for each pair of teams with an equal digest the first two entries that have it (T0).

    Args:
        digests: One for each entry.
        teams: (entries,) number of the team of each.

    """
    holders: dict[str, dict[int, int]] = {}
    for place, (digest, team) in enumerate(zip(digests, teams.tolist(), strict=True)):
        holders.setdefault(digest, {}).setdefault(team, place)
    found: dict[tuple[int, int], Hit] = {}
    for held in holders.values():
        for team, place in held.items():
            for other, there in held.items():
                if team < other:
                    found.setdefault((team, other), Hit(place, there, 1.0))
    return tuple(found.values())


def equal_rows(
    samples: Floats, *, teams: Ints, public: Floats, seed: int, line: float = EQUAL_ROWS
) -> Survey:
    """Survey the share of values equal at four decimals (T1).

    A value that a public line has on the row as well counts as different: it tells nothing.

    Each value becomes +1 or -1 by a hash of itself and its row. The mean product of two such
    rows estimates the share (standard error sqrt((1 - share)/rows)), by one matrix product for
    all pairs; pairs near the line are then compared value by value.

    Args:
        samples: (entries, rows) predicted values on the same secret rows, sorted by team.
        teams: (entries,) number of the team of each, ascending.
        public: (lines, rows) the same of baselines and public notebooks.
        seed: Of the hash.
        line: Share from which a pair is a hit.

    """
    rows = samples.shape[1]
    values = _rounded(samples)
    tells = np.ones(values.shape, dtype=bool)
    for known in _rounded(public):
        tells &= values != known
    signs = np.where(tells, _signs(values, seed=seed), 0).astype(np.float32)
    signs /= np.float32(np.sqrt(max(rows, 1)))
    slack = 4 * float(np.sqrt((1 - line) / max(rows, 1)))
    rough = _survey(signs, teams, line=max(line - slack, 0.0))
    exact = [
        Hit(hit.first, hit.second, float(_equal(values, tells, hit).sum() / max(rows, 1)))
        for hit in rough.hits
    ]
    hits = tuple(sorted((h for h in exact if h.value >= line), key=lambda h: -h.value))
    return Survey(hits, rough.pairs, rough.counts, line, rough.is_cut)


def partial_correlations(residuals: Floats, *, teams: Ints, line: float = REVIEW) -> Survey:
    """Survey the partial correlation (T2) of what `residual_sketches` returned."""
    return _survey(residuals, teams, line=line)


def residual_sketches(sketches: Floats, *, teams: Ints, nuisances: Floats) -> Floats:
    """Take out of each sketch what honest teams share, and give the rest the length one.

    Args:
        sketches: (entries, buckets).
        teams: (entries,) number of the team of each, ascending; TEAMS_MIN of them at least.
        nuisances: (lines, buckets) sketches of the constant 1 and of what is public.

    Returns:
        float32 (entries, buckets); a row of zeros where nothing is left, as of a public notebook
        handed in as it is.

    """
    known = _directions(nuisances.astype(np.float64))
    rest = sketches.astype(np.float64)
    rest -= (rest @ known.T) @ known
    consensus = _directions(_team_means(rest, teams).mean(axis=0, keepdims=True))
    before = np.linalg.norm(rest, axis=1, keepdims=True)
    rest -= (rest @ consensus.T) @ consensus
    length = np.linalg.norm(rest, axis=1, keepdims=True)
    scale = np.maximum(
        np.linalg.norm(sketches, axis=1, keepdims=True) * _NOTHING, before * _NOTHING
    )
    is_left = length > scale
    unit: Floats = np.where(is_left, rest / np.where(is_left, length, 1.0), 0).astype(np.float32)
    return unit


def partial_correlation(
    first: NDArray[np.float64], second: NDArray[np.float64], *, nuisances: NDArray[np.float64]
) -> float:
    """Return the partial correlation of two whole predictions, for confirming a hit.

    Args:
        first: (rows,) predictions.
        second: (rows,) those they are compared with.
        nuisances: (lines, rows) what to take out of both; the constant belongs to it.

    Returns:
        0 when nothing is left of one of them.

    """
    known = _directions(nuisances)
    rests = []
    for vector in (first, second):
        rest = vector - (known @ vector) @ known
        if np.linalg.norm(rest) <= _NOTHING * np.linalg.norm(vector - vector.mean()):
            return 0.0
        rests.append(rest / np.linalg.norm(rest))
    return float(np.clip(rests[0] @ rests[1], -1.0, 1.0))


def share_of_equal(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the share of rows on which two predictions are equal at four decimals."""
    return float(np.mean(_rounded(first) == _rounded(second))) if first.size else 0.0


def _directions(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an orthonormal basis of what the rows span."""
    lengths = np.linalg.norm(vectors, axis=1)
    vectors = vectors[lengths > 0] / lengths[lengths > 0, None]
    if not len(vectors):
        return vectors
    _, weights, basis = np.linalg.svd(vectors, full_matrices=False)
    found: NDArray[np.float64] = basis[weights > _RANK]
    return found


def _team_means(rows: NDArray[np.float64], teams: Ints) -> NDArray[np.float64]:
    starts = _starts(teams)
    counts = np.diff(np.append(starts, len(teams)))
    means: NDArray[np.float64] = np.add.reduceat(rows, starts, axis=0) / counts[:, None]
    return means


def _starts(teams: Ints) -> Ints:
    """Return where each team's entries begin."""
    return np.flatnonzero(np.diff(teams, prepend=teams[0] - 1)).astype(np.int64)


def _survey(vectors: Floats, teams: Ints, *, line: float) -> Survey:
    """Survey the highest inner product of two entries for every pair of teams."""
    counts = np.zeros(_BINS, dtype=np.int64)
    if not len(teams):
        return Survey((), 0, counts, line, is_cut=False)
    starts = _starts(teams)
    hits: list[Hit] = []
    pairs, is_cut = 0, False
    for rows, own in _blocks(starts, entries=len(teams)):
        products = vectors[rows] @ vectors[rows.start :].T
        best = np.maximum.reduceat(products, starts[own:] - rows.start, axis=1)
        here = starts[(starts >= rows.start) & (starts < rows.stop)] - rows.start
        best = np.maximum.reduceat(best, here, axis=0)
        is_pair = np.arange(best.shape[1]) > np.arange(best.shape[0])[:, None]
        values = best[is_pair]
        pairs += values.size
        counts += np.bincount(_bin(values), minlength=_BINS)
        hits += _hits_of(products, best, is_pair & (best >= line), starts[own:], rows)
        if len(hits) > HITS_MAX:
            hits, is_cut = sorted(hits, key=lambda hit: -hit.value)[:HITS_MAX], True
    return Survey(tuple(sorted(hits, key=lambda hit: -hit.value)), pairs, counts, line, is_cut)


def _blocks(starts: Ints, *, entries: int) -> Iterator[tuple[slice, int]]:
    """Cut the entries between teams; each block with the number of its first team."""
    ends = np.append(starts[1:], entries)
    own = 0
    while own < len(starts):
        last = max(own, int(np.searchsorted(ends, starts[own] + _BLOCK, side="right")) - 1)
        yield slice(int(starts[own]), int(ends[last])), own
        own = last + 1


def _hits_of(
    products: Floats, best: Floats, is_hit: NDArray[np.bool_], starts: Ints, rows: slice
) -> list[Hit]:
    places = np.argwhere(is_hit)
    if len(places) > HITS_MAX:
        order = np.argsort(-best[is_hit])[: HITS_MAX + 1]
        places = places[order]
    ends = np.append(starts[1:], rows.start + products.shape[1]) - rows.start
    begins = starts - rows.start
    found = []
    for first, second in places.tolist():
        area = products[begins[first] : ends[first], begins[second] : ends[second]]
        row, column = np.unravel_index(int(area.argmax()), area.shape)
        found.append(
            Hit(
                int(starts[first] + row),
                int(starts[second] + column),
                float(min(area[row, column], 1.0)),
            )
        )
    return found


def _bin(values: NDArray[np.float32]) -> Ints:
    places = np.floor((values.astype(np.float64) + 1) * (_BINS / 2) + 1e-6)
    return np.clip(places, 0, _BINS - 1).astype(np.int64)


def _rounded(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return values at four decimals; not-a-number becomes a number of its own."""
    rounded = np.asarray(np.round(values.astype(np.float64), DECIMALS) + 0.0, np.float64)  # no -0
    rounded[np.isnan(rounded)] = np.finfo(np.float64).max
    return rounded


def _equal(values: NDArray[np.float64], tells: NDArray[np.bool_], hit: Hit) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (
        (values[hit.first] == values[hit.second]) & tells[hit.first] & tells[hit.second]
    )
    return equal


def _signs(values: NDArray[np.float64], *, seed: int) -> NDArray[np.int8]:
    """Return +1 or -1 for each value and row, by one bit of splitmix64 (Steele et al. 2014)."""
    generator = np.random.default_rng(seed)
    salts = generator.integers(2**64, size=values.shape[1], dtype=np.uint64)
    mixed = values.view(np.uint64) ^ salts
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    signs: NDArray[np.int8] = ((mixed & np.uint64(1)).astype(np.int8) * 2 - 1).astype(np.int8)
    return signs
