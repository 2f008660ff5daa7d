"""Findings are kept while scans see them, and go after their term, on both databases."""

from datetime import timedelta

from sqlmodel import Session, col, update
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts.models import TeamRow
from palio.cases import desk, queries, service
from palio.cases.contracts import BaseRate, FindingKind, NewFinding, ScanState, Strength
from palio.core.clock import database_now


def scanned(session: Session, challenge_id: str, *found: NewFinding) -> None:
    now = database_now(session)
    desk.ask_scan(session, challenge_id=challenge_id, by="olga", now=now)
    taken = desk.take_scan(session, now=now)
    assert taken is not None
    assert desk.take_scan(session, now=now) is None
    desk.end_scan(session, scan=taken, found=found, notes=("All.",), now=now)


def close(*teams: str, value: float = 0.95) -> NewFinding:
    kind = FindingKind.CLOSE_PREDICTIONS if len(teams) > 1 else FindingKind.PROBING
    return NewFinding(
        kind, Strength.REVIEW, teams, (), value, BaseRate(1, 3, 0.1, 0.2), {"equal": 0.5}
    )


def test_findings_are_stored_as_they_were_found_and_updated_by_the_next_scan(work: Work) -> None:
    with work() as session:
        made = make.challenge(session)
        ada, bob = sorted(make.team(session, of=made, handle=name).id for name in ("ada", "bob"))
        scanned(session, made.id, close(ada, bob), close(ada, value=6))
        scanned(session, made.id, close(ada, bob, value=0.97), close(ada, value=7))
        pair, alone = sorted(
            queries.findings(session, challenge_id=made.id), key=lambda each: each.found.value
        )
        assert pair.found == close(ada, bob, value=0.97)
        assert alone.found == close(ada, value=7)
        scan = queries.last_scan(session, challenge_id=made.id)
        assert scan is not None
        assert (scan.state, scan.notes) == (ScanState.DONE, ("All.",))


def test_findings_and_scans_go_after_their_term(work: Work) -> None:
    with work() as session:
        made = make.challenge(session)
        scanned(session, made.id, close(make.team(session, of=made).id))
        now = database_now(session)
        old = now + timedelta(days=desk.FINDING_DAYS + 1)
        assert desk.is_past_term(session, now=now) is False
        assert desk.is_past_term(session, now=old) is True
        desk.forget(session, now=old)
        assert queries.findings(session, challenge_id=made.id) == ()
        assert queries.last_scan(session, challenge_id=made.id) is None


def test_no_case_is_open_where_nobody_opened_one(work: Work) -> None:
    with work() as session:
        made = make.challenge(session)
        scanned(session, made.id, close(make.team(session, of=made).id))
        assert queries.open_case_team_ids(session, challenge_id=made.id) == frozenset()


def test_findings_and_cases_follow_a_team_into_its_merger(work: Work) -> None:
    with work() as session:
        made = make.challenge(session)
        ada, bob, cleo = sorted(
            make.team(session, of=made, handle=name).id for name in ("ada", "bob", "cleo")
        )
        scanned(session, made.id, close(ada, bob), close(bob, cleo, value=0.97))
        ids = {
            each.found.value: each.id for each in queries.findings(session, challenge_id=made.id)
        }
        now = database_now(session)
        service.open_case(
            session, challenge=made, team_id=bob, finding_ids=[ids[0.97]], words="Why?",
            by="olga", now=now,
        )  # fmt: skip
        session.execute(
            update(TeamRow).where(col(TeamRow.id) == bob).values(merged_into_id=ada, merged_at=now)
        )
        (finding,) = queries.findings(session, challenge_id=made.id)
        assert finding.found.team_ids == (ada, cleo)
        (case,) = queries.cases(session, challenge_id=made.id)
        assert (case.team_id, case.evidence[0].team_ids) == (ada, (ada, cleo))
        assert queries.open_case_team_ids(session, challenge_id=made.id) == {ada}
        service.notify(session, case_id=case.id, by="olga", now=now)
        assert [each.id for each in queries.cases_of_team(session, team_id=ada)] == [case.id]
