"""Forms of pages: read whole, small, and only with the proof of the caller's session."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from palio.accounts.contracts import Caller
from palio.core.db import reading
from palio.core.errors import AppError, BadRequestError
from palio.web.buckets import Group
from palio.web.deps import CallerDep, StateDep, check_proof
from palio.web.multipart import FileForm
from palio.web.state import WebState, limit
from palio.web.texts import check_storable
from palio.web.units import run_unit
from palio.web.uploads import pieces

T = TypeVar("T")
Form = Mapping[str, str]
_FIELDS_MAX = 30


class BadNumberError(BadRequestError):
    """A field wants a whole number."""

    code = "bad_number"


async def read_open_form(request: Request) -> Form:
    """Return the fields of a form for people not signed in; the guard checked its origin.

    Raises:
        BadTextError: A field cannot be stored.

    """
    form = await request.form(max_files=0, max_fields=_FIELDS_MAX)
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    check_storable(*fields.values())
    return fields


async def read_form(
    state: StateDep, caller: CallerDep, fields: Annotated[Form, Depends(read_open_form)]
) -> Form:
    """Return the fields of a form made for the caller's session; raises `FormProofError`."""
    if caller is not None:
        check_proof(state, caller, fields.get("proof", ""))
    return fields


OpenFormDep = Annotated[Form, Depends(read_open_form)]
FormDep = Annotated[Form, Depends(read_form)]


def whole_number(form: Form, name: str) -> int:
    """Return a field as a number; raises `BadNumberError`."""
    text = form.get(name, "").strip()
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 (a billion is more than any field takes)
        raise BadNumberError(f"The field {name} must be a whole number.")
    return int(text)


def see_other(path: str) -> RedirectResponse:
    """Answer a form with a page to look at, so that reloading does not send it again."""
    return RedirectResponse(path, status_code=303)


def carry_out(
    state: WebState,
    deed: Callable[[Session], T],
    *,
    show_again: Callable[[Session, AppError], Response],
    then: str | Callable[[T], Response],
) -> Response:
    """Do what a form asks in one transaction; refused, show the page again with the reason.

    Args:
        state: The application.
        deed: What to do.
        show_again: Shows the page with what is wrong; nothing was done then.
        then: The page to go to, or what makes the answer from what the deed returned.

    """
    try:
        done = run_unit(state, deed)
    except AppError as error:
        with reading(state.engine) as session:
            return show_again(session, error)
    return see_other(then) if isinstance(then, str) else then(done)


def carry_out_and_show(
    state: WebState,
    deed: Callable[[Session], T | None],
    *,
    show_again: Callable[[Session, AppError], Response],
    show: Callable[[Session, T], Response],
    otherwise: str,
) -> Response:
    """Do what a form asks, as `carry_out`; what it made is shown this once, without a redirect.

    Args:
        state: The application.
        deed: What to do.
        show_again: Shows the page with what is wrong; nothing was done then.
        show: Shows the page with what the deed made.
        otherwise: The page to go to when it made nothing to show.

    """

    def then(made: T | None) -> Response:
        if made is None:
            return see_other(otherwise)
        with reading(state.engine) as session:
            return show(session, made)

    return carry_out(state, deed, show_again=show_again, then=then)


async def read_file_form(
    request: Request, state: WebState, caller: Caller
) -> tuple[FileForm, AsyncIterator[bytes]]:
    """Return a form up to its file, with the proof of the caller's session, and the file's pieces.

    Raises:
        BadFormError, BadTextError: The form cannot be read.
        FormProofError: It was not made for this session.
        TooManyRequestsError: Too many uploads at once.

    """
    limit(request, Group.SUBMIT)
    form = FileForm(request.headers.get("content-type", ""))
    body = pieces(request.stream(), idle_seconds=state.settings.upload_idle_seconds)
    file = form.file_pieces(body)
    await anext(file)  # the fields stand before the file
    check_proof(state, caller, form.fields.get("proof", ""))
    return form, file


def local_path(text: str) -> str:
    """Return a path of this site, the front page instead of anything else."""
    is_local = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_local and text.isprintable() else "/"
