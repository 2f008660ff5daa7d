"""The evidence desk: scans and findings, for the people who run a challenge."""

from collections.abc import Mapping

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.cases import desk, words
from palio.cases import queries as cases
from palio.cases.contracts import Finding, NewFinding, Scan
from palio.pipeline import evidence_steps
from palio.web.api.schemas import problems
from palio.web.api.schemas_cases import (
    DeskFindingView,
    DeskView,
    EvidenceView,
    NamedTeam,
    ScanView,
    WordsOrder,
)
from palio.web.deps import ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["evidence"])
ANOTHER_TEAM = "another team"


@router.get("/{slug}/evidence", responses=problems(401, 403, 404))
def read_evidence(session: ReadDep, caller: SignedInDep, slug: str) -> DeskView:
    """Show what scans found, with numbers and base rates; nothing of it is a verdict."""
    return desk_view(session, enter(session, slug, caller))


def desk_view(session: Session, visit: Visit) -> DeskView:
    """Return the desk of the visited challenge."""
    visit.require(Action.READ_EVIDENCE)
    challenge_id = visit.challenge.id
    names = names_of(session, challenge_id)
    scan = cases.last_scan(session, challenge_id=challenge_id)
    return DeskView(
        scan=None if scan is None else scan_view(scan),
        findings=tuple(
            _finding_view(found, names)
            for found in cases.findings(session, challenge_id=challenge_id)
        ),
    )


@router.post("/{slug}/evidence/scans", status_code=202, responses=problems(401, 403, 404, 409))
def ask_scan(session: WriteDep, caller: SignedInDep, slug: str) -> ScanView:
    """Ask for a scan; a worker does it within a minute. Each night asks for one by itself."""
    return scan_view(scan(session, enter(session, slug, caller), caller))


def scan(session: Session, visit: Visit, caller: Caller) -> Scan:
    """Ask for a scan of the visited challenge."""
    visit.require(Action.WORK_CASE)
    return evidence_steps.ask(session, challenge_id=visit.challenge.id, by=caller.person.id)


@router.post("/{slug}/evidence/findings/{finding_id}/dismissal", responses=problems(401, 403, 404))
def dismiss_finding(
    session: WriteDep, caller: SignedInDep, slug: str, finding_id: str, order: WordsOrder
) -> DeskFindingView:
    """Set a finding aside, with the reason; audited."""
    visit = enter(session, slug, caller)
    found = dismiss(session, visit, caller, finding_id=finding_id, reason=order.words)
    return _finding_view(found, names_of(session, visit.challenge.id))


def dismiss(
    session: Session, visit: Visit, caller: Caller, *, finding_id: str, reason: str
) -> Finding:
    """Set a finding of the visited challenge aside."""
    visit.require(Action.WORK_CASE)
    return desk.dismiss(
        session,
        challenge_id=visit.challenge.id,
        finding_id=finding_id,
        reason=reason,
        by=caller.person.id,
        now=visit.now,
    )


def names_of(session: Session, challenge_id: str) -> dict[str, str]:
    """Return the names of a challenge's teams by id."""
    found = accounts.team_names(session, challenge_id=challenge_id)
    return {team_id: name for team_id, (name, _) in found.items()}


def scan_view(scan: Scan) -> ScanView:
    """Show a scan."""
    return ScanView(
        id=scan.id,
        state=scan.state,
        asked_at=scan.asked_at,
        ended_at=scan.ended_at,
        notes=scan.notes,
    )


def evidence_view(
    found: NewFinding, names: Mapping[str, str], *, only_team: str = ""
) -> EvidenceView:
    """Show a finding.

    Args:
        found: The finding.
        names: Of teams by id.
        only_team: The accused, to whom other teams have neither name nor id nor entries.

    """
    shown = {only_team: "your team"} if only_team else dict(names)
    return EvidenceView(
        kind=found.kind,
        strength=found.strength,
        teams=tuple(
            NamedTeam(
                id=team_id if team_id in shown else None,
                name=names.get(team_id, ANOTHER_TEAM) if team_id in shown else ANOTHER_TEAM,
            )
            for team_id in found.team_ids
        ),
        submissions=tuple(
            submission_id
            for team_id, submission_id in zip(found.team_ids, found.submission_ids, strict=False)
            if team_id in shown
        ),
        value=round(found.value, 4),
        as_high=found.rate.as_high,
        of=found.rate.of,
        signals=found.signals,
        words=words.evidence(found, names=shown),
    )


def _finding_view(finding: Finding, names: Mapping[str, str]) -> DeskFindingView:
    return DeskFindingView(
        id=finding.id,
        evidence=evidence_view(finding.found, names),
        found_at=finding.found_at,
        seen_at=finding.seen_at,
        cases=finding.case_ids,
        dismissed=finding.dismissed_reason,
    )
