"""One submission on its own page: the stages of its way, and its hidden runs for organizers."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.contracts import Delivery
from palio.submissions.rules import SubmissionNotFoundError
from palio.submissions.states import PENDING
from palio.web.api.exclusions import standing_of
from palio.web.api.schemas_submissions import SubmissionView
from palio.web.api.stages import StageName, StageState
from palio.web.api.submissions import detail, host_runs_of
from palio.web.deps import ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.pages.frame import challenge_page
from palio.web.visits import Visit

router = APIRouter()
_TITLES = {
    StageName.RECEIVED: "Received",
    StageName.INTAKE: "Intake",
    StageName.SMOKE: "Smoke run on the public sample",
    StageName.HIDDEN: "Run on the hidden data",
    StageName.SCORING: "Scoring",
}
_WORDS = {
    StageState.DONE: "done",
    StageState.RUNNING: "running",
    StageState.WAITING: "waiting",
    StageState.FAILED: "failed",
    StageState.SKIPPED: "not reached",
}
_KINDS = {
    StageState.DONE: "good",
    StageState.RUNNING: "warn",
    StageState.WAITING: "",
    StageState.FAILED: "bad",
    StageState.SKIPPED: "",
}
BOXES = {
    "model": "The team's program on the hidden features",
    "predictions": "The predictions it wrote",
    "refusal": "What the metric told of the predictions",
    "metric-public": "The metric on the public part",
    "metric-private": "The metric on the private part",
}
_REFRESH_SECONDS = 3
_REFRESH_SECONDS_MODEL = 15  # a program may run for hours


@router.get("/challenges/{slug}/submissions/{submission_id}")
def show_submission(
    session: ReadDep, state: StateDep, caller: SignedInDep, slug: str, submission_id: str
) -> Response:
    """Show one submission and the stages of its way."""
    visit, item = _found(session, caller, slug, submission_id)
    context = {
        "item": item,
        "is_running": item.state in PENDING,
        "refresh_seconds": refresh_seconds([item]),
        "back": "submissions" if visit.may(Action.SUBMIT) else "host",
        "stage_titles": _TITLES,
        "stage_words": _WORDS,
        "stage_kinds": _KINDS,
        "may_read_hidden": visit.may(Action.READ_HIDDEN_LOG),
        **standing_of(session, visit, item),
    }
    tab = "submissions" if visit.may(Action.SUBMIT) else "host"
    return challenge_page(session, state, visit, "submissions/show.html", context, tab=tab)


@router.get("/challenges/{slug}/submissions/{submission_id}/host-runs")
def show_host_runs(
    session: WriteDep, state: StateDep, caller: SignedInDep, slug: str, submission_id: str
) -> Response:
    """Show organizers what runs on hidden data said; audited for administrators."""
    visit, item = _found(session, caller, slug, submission_id)
    context = {
        "submission_id": item.id,
        "runs": host_runs_of(session, visit, item.id),
        "boxes": BOXES,
    }
    return challenge_page(session, state, visit, "submissions/host_runs.html", context, tab="host")


def _found(
    session: Session, caller: Caller, slug: str, submission_id: str
) -> tuple[Visit, SubmissionView]:
    visit, item = detail(session, caller, submission_id=submission_id)
    if visit.challenge.slug != slug:
        raise SubmissionNotFoundError("There is no such submission.")
    return visit, item


def refresh_seconds(items: list[SubmissionView]) -> int:
    """Return how soon a page with these is worth another look."""
    is_fast = any(item.state in PENDING and item.delivery is Delivery.PREDICTIONS for item in items)
    return _REFRESH_SECONDS if is_fast else _REFRESH_SECONDS_MODEL
