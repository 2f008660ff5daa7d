"""Pages to read: the list of challenges, one challenge, its data, its rules."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges import queries as challenges
from palio.challenges import service
from palio.challenges.contracts import ChallengePlan, EntryRule, Quota
from palio.core.errors import AppError
from palio.datasets import queries as datasets
from palio.pipeline import receipts
from palio.pipeline.contracts import OpeningState
from palio.submissions import rescoring
from palio.web.api import money, openings
from palio.web.api.challenges import challenge_detail
from palio.web.api.challenges import challenge_page as list_page
from palio.web.deps import CallerDep, CursorDep, ReadDep, SignedInDep, StateDep
from palio.web.markdown import to_html
from palio.web.pages.forms import FormDep, carry_out
from palio.web.pages.frame import challenge_page, page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()
_PER_PAGE = 30


@router.get("/")
def show_challenges(
    session: ReadDep, state: StateDep, caller: CallerDep, cursor: CursorDep = None
) -> Response:
    """List challenges."""
    found = list_page(session, caller, cursor=cursor, limit=_PER_PAGE)
    context = {"items": found.items, "next_cursor": found.next_cursor}
    return page(session, state, caller, "challenges/list.html", context)


@router.get("/challenges/{slug}")
def show_challenge(session: ReadDep, state: StateDep, caller: CallerDep, slug: str) -> Response:
    """Show one challenge."""
    visit = enter(session, slug, caller)
    view = challenge_detail(session, state, visit)
    context = {
        "view": view,
        "funding": money.funding_of(session, visit),
        "description_html": view.description_html,
        "entry_words": entry_words(visit.challenge.plan),
        "quota_words": [quota_words(phase.quota) for phase in visit.challenge.phases],
    }
    return challenge_page(
        session, state, visit, "challenges/overview.html", context, tab="overview"
    )


@router.get("/challenges/{slug}/data")
def show_data(session: ReadDep, state: StateDep, caller: CallerDep, slug: str) -> Response:
    """List the files."""
    visit = enter(session, slug, caller)
    context = {
        "files": datasets.files(session, challenge_id=visit.challenge.id),
        "has_accepted": visit.has_accepted(session) or visit.may(Action.READ_HOST),
    }
    return challenge_page(session, state, visit, "challenges/data.html", context, tab="data")


@router.get("/challenges/{slug}/rules")
def show_rules(session: ReadDep, state: StateDep, caller: CallerDep, slug: str) -> Response:
    """Show the rules, with a button to accept them."""
    return _rules(session, state, caller, slug)


@router.post("/challenges/{slug}/rules")
def accept_rules(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Accept the rules in force."""

    def deed(session: Session) -> None:
        visit = enter(session, slug, caller)
        visit.require(Action.SUBMIT)
        service.accept_rules(
            session,
            challenge_id=visit.challenge.id,
            person_id=caller.person.id,
            rules_sha256=form.get("sha256", ""),
            now=visit.now,
        )

    return carry_out(
        state,
        deed,
        show_again=lambda session, error: _rules(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/rules",
    )


def _rules(
    session: Session,
    state: WebState,
    caller: Caller | None,
    slug: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    text = challenges.text(session, challenge_id=visit.challenge.id, kind="rules")
    context = {
        "rules_html": to_html(text),
        "openings": [
            each
            for each in openings.openings_of(session, visit)
            if each.state is OpeningState.OPENED
        ],
        "promise": receipts.commitment(session, challenge_id=visit.challenge.id),
        "switches": rescoring.switches(session, challenge_id=visit.challenge.id),
        "has_accepted": visit.has_accepted(session),
        "may_accept": visit.may(Action.SUBMIT),
    }
    return challenge_page(
        session, state, visit, "challenges/rules.html", context, tab="rules", error=error
    )


def quota_words(quota: Quota) -> str:
    """Say how often a team may submit."""
    per_day = f"{quota.per_day} tries a day ({quota.zone})" if quota.per_day is not None else ""
    total = f"{quota.total} in all" if quota.total is not None else ""
    return ", ".join(part for part in (per_day, total) if part) or "as many tries as you like"


def entry_words(plan: ChallengePlan) -> str:
    """Say which of a team's submissions counts at the end."""
    if plan.entry_rule is EntryRule.CHOSEN:
        return (
            f"A team chooses up to {plan.finals} final entries before the close; without a choice "
            "its best public ones count."
        )
    if plan.entry_rule is EntryRule.LAST:
        return "A team's last submission counts."
    if plan.entry_rule is EntryRule.ALL:
        return "Every submission of a team has a row of its own."
    return "A team's submission with the best public score counts."
