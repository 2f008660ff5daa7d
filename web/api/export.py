"""Everything about a challenge as one zip, so that no host is locked in."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.challenges import queries as challenges
from palio.challenges.plan_json import plan_to_json
from palio.core.audit import AuditEvent
from palio.core.paging import LIMIT_MAX
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.leaderboard.rendering import safe_cell, to_csv
from palio.pipeline import bundle
from palio.prizes import queries as prizes
from palio.submissions import exclusions
from palio.submissions import queries as submissions
from palio.submissions.contracts import Submission
from palio.web.api.schemas import problems
from palio.web.deps import SignedInDep, StateDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["host"])
_SUBMISSION_COLUMNS = (
    "id", "team_id", "team", "kind", "label", "delivery", "state", "received_at", "ended_at",
    "file_name", "sha256", "bytes", "is_chosen", "public_scores", "reason", "note",
    "sender_team_id", "withdrawn_at", "withdrawn_words",
)  # fmt: skip


@router.get(
    "/{slug}/export",
    responses={**problems(401, 403, 404), 200: {"content": {"application/zip": {}}}},
    response_class=Response,
)
def export_challenge(
    session: WriteDep, state: StateDep, caller: SignedInDep, slug: str
) -> Response:
    """Give rules, acceptances, teams, submissions, boards, awards and audit log as a zip.

    The folder `bundle` is for `palio verify board`. The private board is in it after the reveal,
    not before. Prediction files are fetched one by
    one, see `GET /api/v1/submissions/{id}/file`.
    """
    visit = enter(session, slug, caller)
    visit.require(Action.READ_HOST)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _texts(session, visit):
            archive.writestr(f"{slug}/{name}", text)
        proved = bundle.files(
            session, challenge=visit.challenge, signer=state.signer, now=visit.now
        )
        for name, content in proved.items():
            archive.writestr(f"{slug}/bundle/{name}", content)
    headers = {"Content-Disposition": f'attachment; filename="{slug}.zip"'}
    return Response(file.getvalue(), media_type="application/zip", headers=headers)


def _texts(session: Session, visit: Visit) -> Iterable[tuple[str, str]]:
    challenge = visit.challenge
    yield "plan.json", plan_to_json(challenge.plan)
    yield "description.md", challenges.text(session, challenge_id=challenge.id, kind="description")
    yield "rules.md", challenges.text(session, challenge_id=challenge.id, kind="rules")
    yield "acceptances.csv", _acceptances(session, challenge.id)
    yield "extensions.csv", _extensions(session, challenge.id)
    yield "teams.csv", _teams(session, challenge.id)
    yield "submissions.csv", _submissions(session, challenge.id)
    yield "exclusions.csv", _exclusions(session, challenge.id)
    shown = [Board.PUBLIC, Board.LATE]
    if visit.may(Action.READ_PRIVATE_SCORE):
        shown.append(Board.PRIVATE)
        yield "awards.csv", _awards(session, challenge.id)
    for board in shown:
        snapshot = boards.latest(session, challenge_id=challenge.id, board=board)
        if snapshot is None:
            continue
        yield f"board-{board}.csv", to_csv(snapshot)
        for number, earlier in enumerate(snapshot.earlier, start=1):
            yield f"board-{board}-phase-{number}.csv", to_csv(snapshot, phase=earlier.phase)
    yield "audit.csv", _audit(session, challenge.id)


def _acceptances(session: Session, challenge_id: str) -> str:
    found = challenges.acceptances(session, challenge_id=challenge_id)
    people = accounts.people_by_id(session, person_ids=[person_id for person_id, *_ in found])
    rows = [
        (person_id, people[person_id].handle, sha256, at.isoformat())
        for person_id, sha256, at in found
    ]
    return _csv(("person_id", "handle", "rules_sha256", "accepted_at"), rows)


def _extensions(session: Session, challenge_id: str) -> str:
    rows = [
        (change.phase, change.closes_at_before.isoformat(), change.closes_at_after.isoformat(),
         change.reason, change.at.isoformat())
        for change in challenges.schedule_changes(session, challenge_id=challenge_id)
    ]  # fmt: skip
    return _csv(("phase", "closed_before", "closes_after", "reason", "at"), rows)


def _teams(session: Session, challenge_id: str) -> str:
    teams = accounts.teams(session, challenge_id=challenge_id).values()
    rows: list[Sequence[object]] = [
        (team.id, team.name, member.handle, member.display_name, member.is_captain, "", "")
        for team in teams
        for member in team.members
    ]
    rows += [
        (gone.id, gone.name, "", "", "", gone.merged_into_id, gone.merged_at.isoformat())
        for gone in accounts.absorbed_teams(session, challenge_id=challenge_id)
    ]
    columns = "team_id", "team", "handle", "display_name", "is_captain", "merged_into", "merged_at"
    return _csv(columns, rows)


def _exclusions(session: Session, challenge_id: str) -> str:
    rows = [
        (each.id, each.team_id, each.submission_id or "", each.reason.value, each.words,
         each.made_by, each.made_at.isoformat(),
         each.lifted_at.isoformat() if each.lifted_at else "", each.lifted_words)
        for each in exclusions.of_challenge(session, challenge_id=challenge_id)
    ]  # fmt: skip
    columns = (
        "id", "team_id", "submission_id", "reason", "words", "made_by", "made_at", "lifted_at",
        "lifted_words",
    )  # fmt: skip
    return _csv(columns, rows)


def _submissions(session: Session, challenge_id: str) -> str:
    names = {
        team.id: team.name for team in accounts.teams(session, challenge_id=challenge_id).values()
    }
    rows: list[Sequence[object]] = []
    cursor = None
    while True:
        page = submissions.of_challenge(
            session, challenge_id=challenge_id, cursor=cursor, limit=LIMIT_MAX
        )
        rows += [_submission(item, names.get(item.team_id, "")) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return _csv(_SUBMISSION_COLUMNS, rows)


def _submission(item: Submission, team: str) -> Sequence[object]:
    scores = " ".join(f"{score.metric}={score.rounded}" for score in item.public_scores)
    return (
        item.id,
        item.team_id,
        team,
        item.kind.value,
        item.label,
        item.delivery.value,
        item.state.value,
        item.received_at.isoformat(),
        item.ended_at.isoformat() if item.ended_at else "",
        item.file_name,
        item.sha256,
        item.bytes,
        item.is_chosen,
        scores,
        item.reason,
        item.note,
        item.sender_team_id,
        item.withdrawn_at.isoformat() if item.withdrawn_at else "",
        item.withdrawn_words,
    )


def _awards(session: Session, challenge_id: str) -> str:
    rows = [
        (award.id, award.place, award.title, str(award.money), award.team_name, award.state.value)
        for award in prizes.awards(session, challenge_id=challenge_id)
    ]
    return _csv(("id", "place", "title", "money", "team", "state"), rows)


def _audit(session: Session, challenge_id: str) -> str:
    events = session.exec(
        select(AuditEvent)
        .where(AuditEvent.challenge_id == challenge_id)
        .order_by(col(AuditEvent.id))
    )
    rows = [
        (event.id, event.at.isoformat(), event.actor_id, event.action, event.subject_id,
         event.detail, event.hash)
        for event in events
    ]  # fmt: skip
    return _csv(("id", "at", "actor_id", "action", "subject_id", "detail", "hash"), rows)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    return safe_cell(value) if isinstance(value, str) else value
