"""Pages of people: sign up, log in and out, tokens, join links."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts import service
from palio.accounts.contracts import Caller, NewSecret, Scope
from palio.challenges import queries as challenges
from palio.core.clock import database_now
from palio.core.db import reading, unit_of_work
from palio.core.errors import AppError
from palio.pipeline import board_steps
from palio.web.api.accounts import sign_up
from palio.web.api.schemas_people import SignUp, TokenOrder
from palio.web.api.tokens import make_token
from palio.web.buckets import Group
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep
from palio.web.errors import BadFieldsError
from palio.web.pages.forms import (
    Form,
    FormDep,
    OpenFormDep,
    carry_out,
    local_path,
    see_other,
    whole_number,
)
from palio.web.pages.frame import page
from palio.web.problems import field_findings
from palio.web.state import WebState, address_of, limit
from palio.web.units import run_unit

router = APIRouter()
Order = TypeVar("Order", SignUp, TokenOrder)
NextDep = Annotated[str, Query(alias="next", max_length=1000)]


@router.get("/sign-up")
def show_sign_up(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    next_path: NextDep = "/",
    join: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the form for a new account."""
    values = {"next": next_path, "join_code": join}
    return _sign_up_page(session, state, caller, values)


@router.post("/sign-up")
def do_sign_up(request: Request, state: StateDep, caller: CallerDep, form: OpenFormDep) -> Response:
    """Make an account and log in; a session that stood before ends."""
    join_code = form.get("join_code", "")
    try:
        limit(request, Group.SIGN_UP)
        sign_up(
            state,
            _order(
                SignUp,
                handle=form.get("handle", ""),
                password=form.get("password", ""),
                display_name=form.get("display_name", ""),
                email=form.get("email") or None,
                join_code=join_code or None,
            ),
            address=address_of(request),
        )
        secret = _log_in(request, state, form)
    except AppError as error:
        with reading(state.engine) as session:
            return _sign_up_page(session, state, caller, form, error=error)
    _end(state, caller)
    return _with_cookie(state, secret, local_path(form.get("next", "/")))


@router.get("/log-in")
def show_log_in(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    next_path: NextDep = "/",
) -> Response:
    """Show the form to log in."""
    return _log_in_page(session, state, caller, {"next": next_path})


@router.post("/log-in")
def do_log_in(request: Request, state: StateDep, caller: CallerDep, form: OpenFormDep) -> Response:
    """Log in; a session that stood before ends."""
    try:
        limit(request, Group.LOG_IN)
        secret = _log_in(request, state, form)
    except AppError as error:
        with reading(state.engine) as session:
            return _log_in_page(session, state, caller, form, error=error)
    _end(state, caller)
    return _with_cookie(state, secret, local_path(form.get("next", "/")))


@router.post("/log-out")
def do_log_out(state: StateDep, caller: CallerDep, form: FormDep) -> Response:  # noqa: ARG001 (the proof is checked in it)
    """End the session."""
    _end(state, caller)
    response = see_other("/")
    response.delete_cookie(
        state.cookie_name, path="/", secure=state.is_https, httponly=True, samesite="lax"
    )
    return response


def _log_in(request: Request, state: WebState, form: Form) -> NewSecret:
    return service.log_in(
        lambda: unit_of_work(state.engine, send=state.send),
        passwords=state.passwords,
        handle=form.get("handle", ""),
        password=form.get("password", ""),
        address=address_of(request),
        idle_hours=state.settings.session_idle_hours,
        days=state.settings.session_days,
    )


def _end(state: WebState, caller: Caller | None) -> None:
    if caller is None or caller.session_id is None:
        return
    session_id = caller.session_id
    run_unit(state, lambda session: service.log_out(session, session_id=session_id))


def _with_cookie(state: WebState, secret: NewSecret, path: str) -> Response:
    response = see_other(path)
    response.set_cookie(
        state.cookie_name,
        secret.secret,
        max_age=state.settings.session_days * 86_400,
        path="/",
        secure=state.is_https,
        httponly=True,
        samesite="lax",
    )
    return response


def _order(kind: type[Order], **fields: object) -> Order:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        findings = field_findings(error.errors(), skip=0)
        words = "; ".join(finding.text for finding in findings)
        raise BadFieldsError(f"The form does not fit: {words}.") from error


def _sign_up_page(
    session: Session,
    state: WebState,
    caller: Caller | None,
    values: Form,
    *,
    error: AppError | None = None,
) -> Response:
    context = {
        "values": values,
        "next": local_path(values.get("next", "/")),
        "join_code": values.get("join_code", ""),
        "is_open": state.settings.sign_up_open,
        "password_min_chars": state.settings.password_min_chars,
    }
    return page(session, state, caller, "accounts/sign_up.html", context, error=error)


def _log_in_page(
    session: Session,
    state: WebState,
    caller: Caller | None,
    values: Form,
    *,
    error: AppError | None = None,
) -> Response:
    context = {"values": values, "next": local_path(values.get("next", "/"))}
    return page(session, state, caller, "accounts/log_in.html", context, error=error)


@router.get("/me")
def show_me(session: ReadDep, state: StateDep, caller: SignedInDep) -> Response:
    """Show the caller's tokens."""
    return _me_page(session, state, caller)


@router.post("/me/tokens")
def add_token(state: StateDep, caller: SignedInDep, form: FormDep) -> Response:
    """Make a token and show it, this once."""

    def deed(session: Session) -> NewSecret:
        order = _order(
            TokenOrder,
            name=form.get("name", ""),
            scope=form.get("scope", Scope.SUBMIT.value),
            days=whole_number(form, "days"),
        )
        return make_token(session, state, person_id=caller.person.id, order=order)

    def then(token: NewSecret) -> Response:
        with reading(state.engine) as session:
            return _me_page(session, state, caller, token=token)

    return carry_out(
        state,
        deed,
        show_again=lambda session, error: _me_page(session, state, caller, error=error),
        then=then,
    )


@router.post("/me/tokens/revoke")
def revoke_token(state: StateDep, caller: SignedInDep, form: FormDep) -> Response:
    """Make a token useless."""
    return carry_out(
        state,
        lambda session: service.revoke_token(
            session,
            person_id=caller.person.id,
            token_id=form.get("token", ""),
            now=database_now(session),
        ),
        show_again=lambda session, error: _me_page(session, state, caller, error=error),
        then="/me",
    )


def _me_page(
    session: Session,
    state: WebState,
    caller: Caller,
    *,
    token: NewSecret | None = None,
    error: AppError | None = None,
) -> Response:
    context = {
        "tokens": accounts.tokens(session, caller.person.id),
        "token": token,
        "token_days": state.settings.token_days,
    }
    return page(session, state, caller, "accounts/me.html", context, error=error)


@router.get("/join/{code}")
def show_join(session: ReadDep, state: StateDep, caller: CallerDep, code: str) -> Response:
    """Say where a join link leads."""
    return _join_page(session, state, caller, code)


@router.post("/join/{code}")
def do_join(state: StateDep, caller: SignedInDep, code: str, form: FormDep) -> Response:  # noqa: ARG001 (the proof is checked in it)
    """Take what a join link gives."""

    def deed(session: Session) -> str:
        link = service.use_join_link(
            session, code=code, person_id=caller.person.id, now=database_now(session)
        )
        if link.challenge_id is None:
            return "/"
        if link.role is not None:
            board_steps.note_change(session, link.challenge_id)  # a host's team has no rank
        return f"/challenges/{challenges.by_id(session, link.challenge_id).slug}"

    return carry_out(
        state,
        deed,
        show_again=lambda session, error: _join_page(session, state, caller, code, error=error),
        then=see_other,
    )


def _join_page(
    session: Session,
    state: WebState,
    caller: Caller | None,
    code: str,
    *,
    error: AppError | None = None,
) -> Response:
    link = accounts.join_link(session, code=code, now=database_now(session))
    challenge = challenges.by_id(session, link.challenge_id) if link.challenge_id else None
    context = {"code": code, "link": link, "challenge": challenge}
    return page(session, state, caller, "accounts/join.html", context, error=error)
