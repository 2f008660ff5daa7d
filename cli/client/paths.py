"""Addresses of the API: names are quoted, and what was not given stays out."""

from typing import Any
from urllib.parse import quote


def name_of(text: str) -> str:
    """Return a name as one part of a path."""
    return quote(text, safe="")


def of(slug: str, *rest: str) -> str:
    """Return the path of something of a challenge; slashes in a file's path stay."""
    return "/".join(("/api/v1/challenges", name_of(slug), *(quote(part) for part in rest)))


def given(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON values)
    """Leave out what was not given, so that the server's defaults hold."""
    return {name: value for name, value in fields.items() if value not in ("", None)}
