"""One look over all teams of a challenge: what is compared, by what lines, and what is found.

Reads first (`material`), computes without a database (`look`): the numbers are numpy's and take
seconds, during which no transaction is open.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from palio.accounts import sign_ups
from palio.cases import linked, sightings
from palio.cases.contracts import BaseRate, FindingKind, NewFinding, Signal, Strength
from palio.cases.linked import Account, Pair, SeenAt
from palio.challenges.contracts import Challenge
from palio.scoring import duplicates, probing, traces
from palio.scoring.duplicates import Hit, Survey
from palio.submissions import traces as kept
from palio.submissions.contracts import SubmissionKind
from palio.submissions.traces import PredictionTrace, TraceRef

ENTRIES_MAX = 20_000  # compared at once: 120 MB of traces, some seconds
COMMON_SHARE = 0.05  # a measure that more of all pairs reach separates nothing
COMMON_PAIRS = 100  # from so many pairs on
PROBES_MIN = 5
PROBES_STRONG = 20
EQUAL_STRONG = 0.9

# After the bell the winners' files may be public, and nothing is won by copying them.
_NOT_COMPARED = frozenset({"baseline", "host", "verification", "late"})
_SEED = 7  # of hashes that only speed comparisons up

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Material:
    """Everything a scan compares.

    Attributes:
        entries: Of teams, sorted by team and then by receipt.
        left_out: How many older entries were not loaded.
        public: Traces of baselines, which everybody may have seen.
        constants: float32 (n, 512) sketches of constant predictions.
        times: Receipts of each team's scored entries.

    """

    entries: tuple[PredictionTrace, ...]
    left_out: int
    public: tuple[PredictionTrace, ...]
    constants: Floats
    times: Mapping[str, tuple[datetime, ...]]
    accounts: tuple[Account, ...]
    seen: tuple[SeenAt, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a scan found, and what it covered, in sentences."""

    found: tuple[NewFinding, ...]
    notes: tuple[str, ...]


def material(session: Session, *, challenge: Challenge, constants: Floats) -> Material:
    """Read what a scan compares; `constants` as in `Material`."""
    refs = kept.trace_refs(session, challenge_id=challenge.id)
    chosen, left_out = _chosen(refs)
    public = [ref.submission_id for ref in refs if ref.kind is SubmissionKind.BASELINE]
    loaded = kept.prediction_traces(
        session, challenge_id=challenge.id, submission_ids=[*chosen, *public]
    )
    entries = [each for each in loaded if each.submission_id in chosen]
    times: dict[str, list[datetime]] = defaultdict(list)
    for ref in refs:
        if ref.kind.value not in _NOT_COMPARED:
            times[ref.team_id].append(ref.received_at)
    members = sign_ups.sign_ups(session, challenge_id=challenge.id)
    people = [member.person_id for member in members]
    return Material(
        entries=tuple(sorted(entries, key=lambda each: (each.team_id, each.received_at))),
        left_out=left_out,
        public=tuple(each for each in loaded if each.kind is SubmissionKind.BASELINE),
        constants=constants,
        times={team: tuple(received) for team, received in times.items()},
        accounts=tuple(Account(m.person_id, m.team_id, m.created_at, m.mail) for m in members),
        seen=sightings.seen(session, person_ids=people),
    )


def look(material: Material) -> Report:
    """Compare all teams."""
    table = _Table(material)
    found, notes = table.close_entries()
    probes = {
        team: probing.probes(table.sketches[where], table.samples[where])
        for team, where in table.places.items()
    }
    probed = _probing(table, probes)
    links = _linked(table, found, probes)
    return Report((*found, *links, *probed), (table.coverage(), *notes))


class _Table:
    """The entries side by side, in arrays."""

    def __init__(self, material: Material) -> None:
        self.material = material
        self.entries = material.entries
        self.ids = sorted({each.team_id for each in self.entries})
        number = {team: place for place, team in enumerate(self.ids)}
        self.teams = np.array([number[each.team_id] for each in self.entries], dtype=np.int64)
        self.sketches = _stack([each.sketch for each in self.entries], traces.SKETCH)
        self.samples = _stack([each.sample for each in self.entries], 0)
        bounds = np.searchsorted(self.teams, np.arange(len(self.ids) + 1)).tolist()
        self.places = {
            team: slice(bounds[place], bounds[place + 1]) for place, team in enumerate(self.ids)
        }
        self.residuals: Floats | None = None
        if len(self.ids) >= duplicates.TEAMS_MIN:
            nuisances = [*material.constants, *(each.sketch for each in material.public)]
            self.residuals = duplicates.residual_sketches(
                self.sketches, teams=self.teams, nuisances=_stack(nuisances, traces.SKETCH)
            )

    @property
    def pairs(self) -> int:
        return len(self.ids) * (len(self.ids) - 1) // 2

    def coverage(self) -> str:
        """Say what was compared."""
        words = f"{len(self.entries):,} entries of {len(self.ids):,} teams were compared."
        if self.material.left_out:
            words += f" {self.material.left_out:,} older ones were left out."
        return words

    def close_entries(self) -> tuple[tuple[NewFinding, ...], tuple[str, ...]]:
        """Return at most one finding for each pair of teams: the strongest measure names it."""
        if not self.entries:
            return (), ()
        found: dict[Pair, NewFinding] = {}
        notes = []
        for kind, survey in self._surveys():
            if _is_common(survey):
                notes.append(
                    f"{_NAMES[kind]} tell nothing here: {survey.as_high(survey.line):,} of "
                    f"{survey.pairs:,} pairs of teams reach {survey.line:g}."
                )
                continue
            for hit in survey.hits:
                finding = self._finding(kind, hit, survey)
                found.setdefault((finding.team_ids[0], finding.team_ids[1]), finding)
        if self.residuals is None:
            notes.append(
                f"Partial correlations need {duplicates.TEAMS_MIN} teams with entries; there are "
                f"{len(self.ids)}."
            )
        return tuple(found.values()), tuple(notes)

    def _surveys(self) -> list[tuple[FindingKind, Survey]]:
        public = {each.canonical_sha256 for each in self.material.public}
        digests = [each.canonical_sha256 for each in self.entries]
        same = tuple(
            hit
            for hit in duplicates.equal_digests(digests, teams=self.teams)
            if digests[hit.first] not in public and not self._is_constant(hit)
        )
        none = np.zeros(1, dtype=np.int64)
        surveys = [
            (FindingKind.EQUAL_FILES, Survey(same, self.pairs, none, 1.0, is_cut=False)),
            (FindingKind.EQUAL_ROWS, self._equal_rows()),
        ]
        if self.residuals is not None:
            survey = duplicates.partial_correlations(self.residuals, teams=self.teams)
            surveys.append((FindingKind.CLOSE_PREDICTIONS, survey))
        return surveys

    def _equal_rows(self) -> Survey:
        public = [each.sample for each in self.material.public]
        survey = duplicates.equal_rows(
            self.samples,
            teams=self.teams,
            public=_stack(public, self.samples.shape[1]),
            seed=_SEED,
        )
        return replace(survey, hits=tuple(h for h in survey.hits if not self._is_constant(h)))

    def _is_constant(self, hit: Hit) -> bool:
        """Say whether one of both predicts one value everywhere, to which people come alone."""
        pair = self.samples[[hit.first, hit.second]]
        return bool((pair == pair[:, :1]).all(axis=1).any())

    def _finding(self, kind: FindingKind, hit: Hit, survey: Survey) -> NewFinding:
        first, second = self.entries[hit.first], self.entries[hit.second]
        equal = duplicates.share_of_equal(first.sample, second.sample)
        numbers = {"sampled": float(first.sample.size), "equal": equal}
        if self.residuals is not None:
            numbers["partial"] = float(self.residuals[hit.first] @ self.residuals[hit.second])
        is_high = kind is not FindingKind.EQUAL_FILES
        return NewFinding(
            kind=kind,
            strength=_strength(kind, hit.value),
            team_ids=(first.team_id, second.team_id),
            submission_ids=(first.submission_id, second.submission_id),
            value=hit.value,
            rate=BaseRate(
                as_high=survey.as_high(hit.value),
                of=survey.pairs,
                typical=survey.quantile(0.5) if is_high else 0.0,
                high=survey.quantile(0.999) if is_high else 0.0,
            ),
            numbers=numbers,
        )


_NAMES = {
    FindingKind.EQUAL_FILES: "Equal files",
    FindingKind.EQUAL_ROWS: "Equal values on secret rows",
    FindingKind.CLOSE_PREDICTIONS: "Partial correlations",
}


def _chosen(refs: Sequence[TraceRef]) -> tuple[frozenset[str], int]:
    """Return the newest entries of each team, as many as fit, equal ones of a team once."""
    teams: dict[str, dict[str, str]] = defaultdict(dict)
    for ref in refs:  # in order of receipt
        if ref.kind.value not in _NOT_COMPARED and ref.team_id:
            teams[ref.team_id].setdefault(ref.canonical_sha256, ref.submission_id)
    each = max(1, ENTRIES_MAX // max(len(teams), 1))
    chosen = [_first_and_newest(list(held.values()), each) for held in teams.values()]
    total = sum(map(len, teams.values()))
    ids = frozenset(entry for held in chosen[-ENTRIES_MAX:] for entry in held)
    return ids, total - len(ids)


def _first_and_newest(entries: Sequence[str], most: int) -> Sequence[str]:
    newest = max(most - 1, 1)
    return entries if len(entries) <= most else [*entries[: most - newest], *entries[-newest:]]


def _stack(rows: Sequence[Floats], width: int) -> Floats:
    if not rows:
        return np.empty((0, width), dtype=np.float32)
    return np.stack(rows).astype(np.float32)


def _is_common(survey: Survey) -> bool:
    reaching = survey.as_high(survey.line)
    return survey.pairs >= COMMON_PAIRS and reaching > COMMON_SHARE * survey.pairs


def _strength(kind: FindingKind, value: float) -> Strength:
    line = {
        FindingKind.EQUAL_ROWS: EQUAL_STRONG,
        FindingKind.CLOSE_PREDICTIONS: duplicates.STRONG,
    }.get(kind, 0.0)
    return Strength.STRONG if value >= line else Strength.REVIEW


def _probing(
    table: _Table, probes: Mapping[str, Sequence[probing.Probe]]
) -> tuple[NewFinding, ...]:
    counts = sorted(len(found) for found in probes.values())
    return tuple(
        NewFinding(
            kind=FindingKind.PROBING,
            strength=Strength.STRONG if len(found) >= PROBES_STRONG else Strength.REVIEW,
            team_ids=(team,),
            submission_ids=(
                table.entries[table.places[team].start + found[-1].later].submission_id,
            ),
            value=float(len(found)),
            rate=BaseRate(
                as_high=sum(count >= len(found) for count in counts),
                of=len(counts),
                typical=float(np.quantile(counts, 0.5)),
                high=float(np.quantile(counts, 0.999)),
            ),
            numbers={
                "entries": float(table.places[team].stop - table.places[team].start),
                "constant": float(sum(probe.is_constant for probe in found)),
                "largest_share": max(probe.share for probe in found),
            },
        )
        for team, found in probes.items()
        if len(found) >= PROBES_MIN
    )


def _linked(
    table: _Table, close: Sequence[NewFinding], probes: Mapping[str, Sequence[probing.Probe]]
) -> tuple[NewFinding, ...]:
    weights = linked.account_signals(table.material.accounts, table.material.seen)
    for found in close:
        held = weights[linked.pair_of(*found.team_ids)]
        held[Signal.SAME_PREDICTIONS] = 1.0
    for pair in linked.taking_turns(table.material.times, list(weights)):
        weights[pair][Signal.TAKING_TURNS] = 1.0
    for pair, held in weights.items():
        if all(team in table.places for team in pair):
            held.update(_entry_signals(table, pair, probes))
    found_links = linked.links(weights)
    return tuple(
        NewFinding(
            kind=FindingKind.LINKED_ACCOUNTS,
            strength=Strength.STRONG if link.score >= linked.STRONG_FROM else Strength.REVIEW,
            team_ids=link.teams,
            submission_ids=(),
            value=link.score,
            rate=BaseRate(
                as_high=sum(other.score >= link.score for other in found_links),
                of=max(_all_pairs(table.material.accounts), 1),
            ),
            signals=link.signals,
        )
        for link in found_links
        if link.score >= linked.LISTED_FROM
    )


def _all_pairs(accounts: Sequence[Account]) -> int:
    teams = len({account.team_id for account in accounts})
    return teams * (teams - 1) // 2


def _entry_signals(
    table: _Table, pair: Pair, probes: Mapping[str, Sequence[probing.Probe]]
) -> dict[Signal, float]:
    signals = {}
    if any(_is_first_file_known(table, *order) for order in (pair, pair[::-1])):
        signals[Signal.FIRST_FILE] = 1.0
    changed = [_probed_cells(table, team, probes[team]) for team in pair]
    bases = [_probed_bases(table, team, probes[team]) for team in pair]
    is_same_base = any(
        _are_close(table, first, second) for first in bases[0] for second in bases[1]
    )
    if is_same_base and all(map(np.any, changed)) and not (changed[0] & changed[1]).any():
        signals[Signal.COMPLEMENTARY] = 1.0
    return signals


def _is_first_file_known(table: _Table, earlier: str, later: str) -> bool:
    """Say whether a team's first entry is close to one the other team had sent before."""
    first = table.places[later].start
    before = [
        place
        for place in range(table.places[earlier].start, table.places[earlier].stop)
        if table.entries[place].received_at < table.entries[first].received_at
    ]
    return any(_are_close(table, place, first) for place in before)


def _are_close(table: _Table, first: int, second: int) -> bool:
    known = {each.canonical_sha256 for each in table.material.public}
    if table.entries[first].canonical_sha256 in known:
        return False
    samples = table.samples[[first, second]]
    tells = np.ones(samples.shape[1], dtype=bool)
    for each in table.material.public:
        tells &= each.sample != samples[0]
    equal = float(np.mean((samples[0] == samples[1]) & tells)) if samples.size else 0.0
    if equal >= duplicates.EQUAL_ROWS:
        return True
    if table.residuals is None:
        return False
    return bool(table.residuals[first] @ table.residuals[second] >= duplicates.REVIEW)


def _probed_cells(table: _Table, team: str, found: Sequence[probing.Probe]) -> NDArray[np.bool_]:
    cells = np.zeros(table.samples.shape[1], dtype=bool)
    start = table.places[team].start
    for probe in found:
        cells |= table.samples[start + probe.earlier] != table.samples[start + probe.later]
    return cells


def _probed_bases(table: _Table, team: str, found: Sequence[probing.Probe]) -> list[int]:
    start = table.places[team].start
    return sorted({start + probe.earlier for probe in found})[:3]
