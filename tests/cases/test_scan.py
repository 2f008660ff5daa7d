"""What a scan makes of traces: which measure speaks, which keeps silent, what is left out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from palio.cases import scan, words
from palio.cases.contracts import FindingKind, NewFinding, Signal, Strength
from palio.cases.linked import Account, SeenAt
from palio.scoring import traces
from palio.submissions.contracts import SubmissionKind
from palio.submissions.traces import PredictionTrace, TraceRef

START = datetime(2026, 12, 1, tzinfo=UTC)
ROWS = 4_000
GENERATOR = np.random.default_rng(21)
BUCKET = GENERATOR.integers(traces.SKETCH, size=ROWS)
SIGN = GENERATOR.choice([-1.0, 1.0], size=ROWS)
KEPT = GENERATOR.choice(ROWS, size=traces.SAMPLE, replace=False)
TRUTH = GENERATOR.normal(3.6, 0.8, ROWS)
Vector = NDArray[np.float64]


def own(seed: int) -> Vector:
    return TRUTH + np.random.default_rng(seed).normal(0, 0.25, ROWS)


def sketch(vector: Vector) -> NDArray[np.float32]:
    found = np.bincount(BUCKET, weights=SIGN * vector, minlength=traces.SKETCH)
    return found.astype(np.float32)


def entry(
    team: str, number: int, vector: Vector, *, kind: SubmissionKind = SubmissionKind.COMPETITOR
) -> PredictionTrace:
    return PredictionTrace(
        submission_id=f"{team}-{number}",
        team_id=team,
        kind=kind,
        received_at=START + timedelta(hours=number),
        sketch=sketch(vector),
        sample=vector[KEPT].astype(np.float32),
        canonical_sha256=str(hash(vector.tobytes())),
    )


def look(
    entries: Sequence[PredictionTrace],
    *,
    public: Sequence[PredictionTrace] = (),
    accounts: Sequence[Account] = (),
    seen: Sequence[SeenAt] = (),
) -> scan.Report:
    teams = sorted({each.team_id for each in entries})
    return scan.look(
        scan.Material(
            entries=tuple(sorted(entries, key=lambda each: (each.team_id, each.received_at))),
            left_out=0,
            public=tuple(public),
            constants=sketch(np.ones(ROWS))[None],
            times={team: tuple(e.received_at for e in entries if e.team_id == team)
                   for team in teams},
            accounts=tuple(accounts),
            seen=tuple(seen),
        )
    )  # fmt: skip


def field(count: int = 8) -> list[PredictionTrace]:
    return [entry(f"t{number}", number, own(number)) for number in range(count)]


def kinds(found: Sequence[NewFinding]) -> list[FindingKind]:
    return [each.kind for each in found]


def test_honest_field_has_no_findings() -> None:
    assert look(field()) == scan.Report((), ("8 entries of 8 teams were compared.",))


def test_challenge_with_a_baseline_and_no_entries_has_no_findings() -> None:
    public = entry("", 0, own(0), kind=SubmissionKind.BASELINE)
    assert look([], public=[public]) == scan.Report((), ("0 entries of 0 teams were compared.",))


def test_strongest_measure_names_a_pair_once() -> None:
    copy = np.where(np.arange(ROWS) < 0.95 * ROWS, own(1), own(50))
    found = look([*field(), entry("x", 9, own(0)), entry("y", 9, copy)]).found
    assert kinds(found) == [FindingKind.EQUAL_FILES, FindingKind.EQUAL_ROWS]
    assert [each.strength for each in found] == [Strength.STRONG, Strength.STRONG]
    assert found[1].numbers["equal"] == pytest.approx(0.95, abs=0.03)


def test_measure_that_most_pairs_reach_keeps_silent_and_says_so() -> None:
    labels = np.round(TRUTH)
    noisy = [
        np.where(np.random.default_rng(n).random(ROWS) < 0.9, labels, labels + 1) for n in range(20)
    ]
    report = look([entry(f"t{n:02}", n, vector) for n, vector in enumerate(noisy)])
    assert report.found == ()
    assert report.notes[1:] == (
        "Equal values on secret rows tell nothing here: 190 of 190 pairs of teams reach 0.5.",
    )


def test_same_constant_handed_in_by_two_teams_accuses_nobody() -> None:
    both = [entry("x", 1, np.full(ROWS, 3.5)), entry("y", 2, np.full(ROWS, 3.5))]
    assert look([*field(), *both]).found == ()


def test_entries_after_the_bell_are_compared_with_nothing() -> None:
    late = TraceRef("late", "t1", SubmissionKind.LATE, START, "f" * 64)
    on_time = TraceRef("kept", "t1", SubmissionKind.COMPETITOR, START, "e" * 64)
    assert scan._chosen([on_time, late]) == (frozenset({"kept"}), 0)


def test_public_line_handed_in_by_two_teams_accuses_nobody() -> None:
    public = entry("", 0, own(77), kind=SubmissionKind.BASELINE)
    both = [entry("x", 1, own(77)), entry("y", 2, own(77))]
    assert look([*field(), *both], public=[public]).found == ()


def test_two_accounts_of_one_person_are_listed_with_their_signals() -> None:
    entries = [*field(), entry("x", 20, own(0) + 0.001)]
    accounts = [Account(f"p{each.team_id}", each.team_id, START, "") for each in entries]
    seen = [SeenAt("pt0", "1:k", is_sign_up=True), SeenAt("px", "1:k", is_sign_up=True)]
    close, link = look(entries, accounts=accounts, seen=seen).found
    assert (close.kind, link.kind) == (FindingKind.CLOSE_PREDICTIONS, FindingKind.LINKED_ACCOUNTS)
    assert set(link.signals) == {
        Signal.SAME_PREDICTIONS, Signal.SHARED_ADDRESS, Signal.SIGNED_UP_TOGETHER,
        Signal.FIRST_FILE,
    }  # fmt: skip
    assert (link.value, link.strength) == (9.0, Strength.STRONG)
    assert (link.rate.as_high, link.rate.of) == (1, 36)
    said = words.evidence(link, names={"t0": "your team"})
    assert said[0].startswith("Your team and another team share signals that add up to 9: ")
    assert said[1] == "1 of the 36 pairs of teams here has as much or more, this one included."


def test_team_that_asks_the_board_group_by_group_is_found_against_the_others() -> None:
    asked = []
    for number in range(6):
        vector = own(0)
        vector[number * 300 : (number + 1) * 300] = 1.0
        asked.append(entry("t0", 30 + number, vector))
    (found,) = look([*field(), *asked]).found
    assert (found.kind, found.team_ids, found.value) == (FindingKind.PROBING, ("t0",), 6.0)
    assert found.numbers["constant"] == 6
    assert words.evidence(found, names={"t0": "Ada"})[1] == (
        "1 of the 8 teams here has as much or more, this one included; half of the teams have at "
        "most 0."
    )


def test_complementary_probes_of_one_file_are_a_signal() -> None:
    entries = field()
    for place, team in enumerate(("x", "y")):
        entries.append(entry(team, 40 + place, own(90) + place * 0.0001))
        for number in range(3):
            vector = own(90) + place * 0.0001
            start = (2 * number + place) * 300
            vector[start : start + 300] = 1.0
            entries.append(entry(team, 50 + 2 * number + place, vector))
    accounts = [Account("p1", "x", START, "m"), Account("p2", "y", START, "m")]
    links = [e for e in look(entries, accounts=accounts).found
             if e.kind is FindingKind.LINKED_ACCOUNTS]  # fmt: skip
    assert Signal.COMPLEMENTARY in links[0].signals


@pytest.mark.parametrize(
    ("most", "expected", "others"),
    [
        (6, {"a0", "a7", "a8", "b0", "b7", "b8"}, 12),
        (3, {"a8", "b8"}, 16),  # the first one too would be more than fit
        (1, {"b8"}, 17),
    ],
)
def test_newest_entries_of_each_team_are_chosen_with_its_first_and_equal_ones_once(
    monkeypatch: pytest.MonkeyPatch, most: int, expected: set[str], others: int
) -> None:
    monkeypatch.setattr(scan, "ENTRIES_MAX", most)
    refs = [
        TraceRef(f"{team}{n}", team, SubmissionKind.COMPETITOR, START, f"{team}{min(n, 8)}")
        for n in range(10)
        for team in ("a", "b")
    ]
    refs.append(TraceRef("base", "", SubmissionKind.BASELINE, START, "base"))
    chosen, left_out = scan._chosen(refs)
    assert (chosen, left_out) == (expected, others)
