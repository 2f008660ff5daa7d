"""Errors as answers: problem+json (RFC 9457) for programs, the same words for people."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy import exc
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from palio.core.errors import AppError, ConflictError, Finding, NotSignedInError
from palio.core.storage import StorageFullError
from palio.datasets.errors import RangeNotSatisfiableError
from palio.web.errors import BadFieldsError, BusyError, DatabaseAwayError
from palio.web.templating import render_problem
from palio.web.units import is_away, is_full, is_transient
from palio.web.uploads import UploadGoneError

_LOG = logging.getLogger("palio.web")
HTTP_WORDS = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("body_too_large", "The request is larger than this address takes."),
}


class RaceLostError(ConflictError):
    """Somebody wrote the same row at the same moment."""

    code = "race_lost"


class ServerError(AppError):
    """Something broke on our side; the log knows more under the request's id."""

    code = "server_error"


def problem(request: Request, error: AppError) -> Response:
    """Answer a request with an error, in the form its sender reads."""
    headers = {}
    retry_after = getattr(error, "retry_after_seconds", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if isinstance(error, RangeNotSatisfiableError):
        headers["Content-Range"] = f"bytes */{error.size}"
    if isinstance(error, NotSignedInError):
        headers["WWW-Authenticate"] = "Bearer"
    if wants_json(request):
        return JSONResponse(
            problem_json(error, request_id=request_id_of(request)),
            status_code=error.status,
            media_type="application/problem+json",
            headers=headers,
        )
    if isinstance(error, NotSignedInError) and request.method == "GET":
        target = quote(request.url.path, safe="/")
        return RedirectResponse(f"/log-in?next={target}", status_code=303)
    return render_problem(
        error, title=title_of(error), request_id=request_id_of(request), headers=headers
    )


def problem_json(error: AppError, *, request_id: str) -> dict[str, Any]:
    """Return the members of the problem document."""
    return {
        "type": f"urn:palio:problem:{error.code}",
        "title": title_of(error),
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "findings": [asdict(finding) for finding in error.findings],
        "request_id": request_id,
    }


def title_of(error: AppError) -> str:
    """Return the standard phrase of the error's status."""
    return HTTPStatus(error.status).phrase


def wants_json(request: Request) -> bool:
    """Say whether a program asks."""
    return request.url.path.startswith(("/api/", "/healthz"))


def request_id_of(request: Request) -> str:
    """Return the id under which the log knows this request."""
    request_id: str = getattr(request.state, "request_id", "")
    return request_id


def field_findings(faults: Sequence[Any], *, skip: int = 1) -> tuple[Finding, ...]:
    """Put the validator's faults in words; what was sent is never repeated (it may be secret).

    Args:
        faults: As pydantic lists them.
        skip: Leading parts of each place that name the request's part (body, query), not a field.

    """
    findings = []
    for fault in faults:
        names = [str(part) for part in fault["loc"][skip:] if not isinstance(part, int)]
        name = ".".join(names) or "body"
        message = str(fault["msg"]).removeprefix("Value error, ")
        text = "is missing" if fault["type"] == "missing" else message[:1].lower() + message[1:]
        findings.append(Finding(code="field:bad", text=f"{name}: {text}"))
    return tuple(findings)


def install(app: FastAPI) -> None:
    """Register the handlers; what none of them knows ends in `guard` as a 500."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_bad_fields)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(exc.TimeoutError, _on_database)  # nobody's turn to write came
    app.add_exception_handler(UploadGoneError, _on_gone)


async def _on_app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    return problem(request, error)


async def _on_bad_fields(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    findings = field_findings(error.errors())
    words = "; ".join(finding.text for finding in findings)
    return problem(
        request, BadFieldsError(f"The request does not fit: {words}.", findings=findings)
    )


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code, words = HTTP_WORDS.get(error.status_code, ("bad_request", str(error.detail)))
    response = problem(request, _http_error(error.status_code, code, words))
    response.headers.update(error.headers or {})
    return response


def _http_error(status: int, code: str, words: str) -> AppError:
    kind = type("HttpError", (AppError,), {"code": code, "status": status})
    error: AppError = kind(words)
    return error


async def _on_database(request: Request, error: Exception) -> Response:
    if isinstance(error, IntegrityError):
        words = "Somebody did the same at this moment. Look again, then try again."
        return problem(request, RaceLostError(words))
    if isinstance(error, exc.TimeoutError):
        return problem(request, BusyError())
    if isinstance(error, DBAPIError) and is_transient(error):
        return problem(request, BusyError())
    if isinstance(error, DBAPIError) and is_full(error):
        words = "The server has no room left. Nothing was changed; try again later."
        return problem(request, StorageFullError(words))
    if isinstance(error, DBAPIError) and is_away(error):
        _LOG.warning("request %s found no database: %s", request_id_of(request), error.orig)
        return problem(request, DatabaseAwayError())
    raise error


async def _on_gone(_request: Request, _error: Exception) -> Response:
    # Nobody reads this; the status stands in the access log (nginx's word for it).
    return Response(status_code=499)
