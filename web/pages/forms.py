"""Forms of pages: read whole, small, and only with the proof of the caller's session."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse

from palio.core.errors import BadRequestError
from palio.web.deps import CallerDep, StateDep, check_proof
from palio.web.texts import check_storable

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


def local_path(text: str) -> str:
    """Return a path of this site, the front page instead of anything else."""
    parts = urlsplit(text)
    is_local = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_local and not parts.netloc and text.isprintable() else "/"
