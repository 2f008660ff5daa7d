"""Jinja environment of the pages: escaping always on, times and sizes as filters."""

from collections.abc import Mapping

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from palio.core.errors import AppError
from palio.web import links, times

_ENVIRONMENT = Environment(
    loader=PackageLoader("palio.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(
    utc=times.utc,
    machine=times.machine,
    until=times.until,
    size=times.size,
    seconds=times.seconds,
    number=times.number,
    linked=links.linked,
)


def render(
    name: str, context: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] = {}
) -> HTMLResponse:
    """Fill a template."""
    text = _ENVIRONMENT.get_template(name).render(context)
    return HTMLResponse(text, status_code=status, headers=dict(headers))


def render_problem(
    error: AppError, *, title: str, request_id: str, headers: Mapping[str, str]
) -> Response:
    """Say what went wrong on a page of its own."""
    context = {"caller": None, "is_bare": True, "error": error, "title": title}
    return render(
        "problem.html",
        {**context, "request_id": request_id},
        status=error.status,
        headers=headers,
    )
