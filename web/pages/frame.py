"""What stands around every page: who looks, proof for forms, the clock, the challenge's tabs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Response
from sqlmodel import Session

from palio.accounts import messages
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.contracts import ChallengeState
from palio.challenges.rules import closes_at, is_decided
from palio.core.clock import database_now
from palio.core.errors import AppError
from palio.prizes import queries as prizes
from palio.web.proof import form_proof
from palio.web.state import WebState
from palio.web.templating import render
from palio.web.visits import Visit


def page(
    session: Session,
    state: WebState,
    caller: Caller | None,
    name: str,
    context: Mapping[str, Any],
    *,
    error: AppError | None = None,
) -> Response:
    """Render a page; with an error it stands on top, and its status is the answer's."""
    proof = ""
    if caller is not None and caller.session_id is not None:
        proof = form_proof(key=state.key, session_id=caller.session_id)
    frame = {
        "caller": caller,
        "proof": proof,
        "now": database_now(session),
        "is_bare": False,
        "unread": messages.unread_count(session, caller.person.id) if caller else 0,
        "error": error,
    }
    return render(name, {**frame, **context}, status=error.status if error else 200)


def challenge_page(
    session: Session,
    state: WebState,
    visit: Visit,
    name: str,
    context: Mapping[str, Any],
    *,
    tab: str,
    error: AppError | None = None,
) -> Response:
    """Render a page of one challenge, with its head and tabs."""
    words, at = deadline(visit)
    if words == "Closes" and is_last_call(session, visit):
        words = "Last call, closes"
    frame = {
        "challenge": visit.challenge,
        "tab": tab,
        "tabs": _tabs(visit),
        "deadline_words": words,
        "deadline": at,
    }
    return page(session, state, visit.caller, name, {**frame, **context}, error=error)


def deadline(visit: Visit) -> tuple[str, datetime]:
    """Return the time that matters most now, and what happens then."""
    challenge = visit.challenge
    opens_at = challenge.phases[0].opens_at
    if challenge.state in (ChallengeState.DRAFT, ChallengeState.SCHEDULED) and visit.now < opens_at:
        return "Opens", opens_at
    end = closes_at(challenge)
    return ("Closes" if visit.now < end else "Closed"), end


def is_last_call(session: Session, visit: Visit) -> bool:
    """Say whether a public score has reached a line, and the close follows from it."""
    challenge = visit.challenge
    call = prizes.last_call(session, challenge_id=challenge.id, round=challenge.round)
    return call is not None


def _tabs(visit: Visit) -> list[tuple[str, str]]:
    tabs = [
        ("overview", "Overview"),
        ("data", "Data"),
        ("rules", "Rules"),
        ("board", "Board"),
    ]
    if visit.challenge.plan.prizes:
        tabs.append(("prizes", "Prizes"))
    if visit.may(Action.SUBMIT):
        tabs += [("submissions", "Submissions"), ("team", "Team")]
    if is_decided(visit.challenge) and visit.may(Action.SPEAK):
        tabs += [("feedback", "Feedback")]
    if visit.may(Action.READ_HOST):
        tabs += [("host", "Host"), ("evidence", "Evidence")]
    return tabs
