"""From scored files to findings with exact numbers, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from tests.factories import suspects
from tests.factories.arena import Arena, make_arena, predictions

from palio.cases import queries as cases
from palio.cases.contracts import Finding, FindingKind, ScanState, Strength
from palio.cases.errors import ScanWaitsError
from palio.core import db
from palio.pipeline import evidence_steps
from palio.pipeline.contracts import Task

pytestmark = pytest.mark.slow_on("postgresql")


@pytest.fixture
def wide(engine: Engine, tmp_path: Path) -> Arena:
    """A challenge with enough rows for correlations to mean something."""
    made = make_arena(engine, tmp_path)
    made.launch(rows=suspects.ROWS)
    made.score_all()
    return made


def ask(arena: Arena) -> None:
    with arena.bench.work() as session:
        evidence_steps.ask(session, challenge_id=arena.challenge_id, by="hostess")


def findings(arena: Arena) -> tuple[Finding, ...]:
    with db.reading(arena.engine) as session:
        return cases.findings(session, challenge_id=arena.challenge_id)


def notes(arena: Arena) -> tuple[str, ...]:
    with db.reading(arena.engine) as session:
        scan = cases.last_scan(session, challenge_id=arena.challenge_id)
    assert scan is not None
    assert scan.state is ScanState.DONE
    return scan.notes


def test_noisy_copy_is_found_with_exact_numbers_and_its_base_rate(wide: Arena) -> None:
    teams = suspects.fill(wide)
    wide.sent.clear()
    ask(wide)
    assert [(m.task, m.id) for m in wide.sent] == [(Task.SCAN, wide.challenge_id)]
    assert evidence_steps.scan_next(wide.bench) is True
    assert evidence_steps.scan_next(wide.bench) is False
    (finding,) = findings(wide)
    found = finding.found
    assert (found.kind, found.strength) == (FindingKind.CLOSE_PREDICTIONS, Strength.STRONG)
    assert set(found.team_ids) == {teams["ada"].id, teams["copycat"].id}
    assert (found.rate.as_high, found.rate.of) == (1, 36)
    assert found.numbers["rows"] == suspects.ROWS
    assert found.numbers["exact_equal"] < 0.3
    assert 0.98 < found.numbers["exact_partial"] < 1
    assert found.numbers["exact_raw"] > found.numbers["exact_partial"]
    assert notes(wide) == ("9 entries of 9 teams were compared.",)


def test_equal_files_of_two_teams_are_found_where_correlations_need_more_teams(wide: Arena) -> None:
    for name in ("ada", "bob"):
        wide.submit(wide.team(name), suspects.file_of(suspects.honest(1)))
    wide.score_all()
    ask(wide)
    evidence_steps.scan_next(wide.bench)
    (finding,) = findings(wide)
    assert finding.found.kind is FindingKind.EQUAL_FILES
    assert finding.found.numbers["exact_equal"] == 1.0
    assert (finding.found.rate.as_high, finding.found.rate.of) == (1, 1)
    assert notes(wide)[1] == "Partial correlations need 5 teams with entries; there are 2."


def test_file_equal_to_the_baseline_accuses_nobody(wide: Arena) -> None:
    for name in ("ada", "bob"):
        wide.submit(wide.team(name), predictions(1.0, rows=suspects.ROWS))
    wide.score_all()
    ask(wide)
    evidence_steps.scan_next(wide.bench)
    assert findings(wide) == ()


def test_second_scan_brings_findings_up_to_date_and_adds_none(wide: Arena) -> None:
    suspects.fill(wide)
    for _ in range(2):
        ask(wide)
        evidence_steps.scan_next(wide.bench)
    (finding,) = findings(wide)
    assert finding.seen_at > finding.found_at


def test_scan_is_asked_for_once_at_a_time(wide: Arena) -> None:
    ask(wide)
    with pytest.raises(ScanWaitsError):
        ask(wide)
    wide.sent.clear()
    evidence_steps.send_waiting(wide.bench)
    assert wide.sent == []  # its message is on the way


def test_night_asks_for_each_challenge_once_a_day(wide: Arena) -> None:
    evidence_steps.ask_nightly(wide.bench)
    evidence_steps.scan_next(wide.bench)
    evidence_steps.ask_nightly(wide.bench)
    with db.reading(wide.engine) as session:
        count = session.connection().execute(text("SELECT count(*) FROM evidence_scan"))
        assert count.scalar_one() == 1
    later = wide.now() - timedelta(days=2)
    shown = later if wide.engine.dialect.name == "postgresql" else f"{later:%Y-%m-%d %H:%M:%S.%f}"
    with wide.engine.begin() as connection:
        connection.execute(text("UPDATE evidence_scan SET asked_at = :at"), {"at": shown})
    evidence_steps.ask_nightly(wide.bench)
    with db.reading(wide.engine) as session:
        scan = cases.last_scan(session, challenge_id=wide.challenge_id)
    assert scan is not None
    assert (scan.state, scan.asked_by) == (ScanState.ASKED, "system")


def test_scan_of_a_lost_worker_is_taken_again(wide: Arena) -> None:
    suspects.fill(wide)
    ask(wide)
    long_ago = wide.now() - timedelta(hours=1)
    shown = (
        long_ago if wide.engine.dialect.name == "postgresql" else f"{long_ago:%Y-%m-%d %H:%M:%S.%f}"
    )
    with wide.engine.begin() as connection:
        connection.execute(
            text("UPDATE evidence_scan SET state = 'running', started_at = :at, asked_at = :at"),
            {"at": shown},
        )
    wide.sent.clear()
    evidence_steps.send_waiting(wide.bench)
    assert [message.task for message in wide.sent] == [Task.SCAN]
    assert evidence_steps.scan_next(wide.bench) is True
    assert len(findings(wide)) == 1
