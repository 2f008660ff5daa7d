"""Every route of the application, so that no test has to list them and forget one."""

from collections.abc import Iterable, Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


def routes_of(app: FastAPI) -> tuple[APIRoute, ...]:
    """Return all routes, those of included routers too."""
    found = tuple(_walk(app.routes))
    assert len(found) > 100  # or the framework keeps them elsewhere now, and nothing is tested
    return found


def gets(app: FastAPI) -> tuple[str, ...]:
    """Return the paths of everything that can be looked at."""
    return tuple(sorted(route.path for route in routes_of(app) if "GET" in (route.methods or ())))


def _walk(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from _walk(router.routes)
        elif isinstance(route, APIRoute):
            yield route
