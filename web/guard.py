"""The outermost layer: ids, headers, body caps, cross-site refusals, nothing left unhandled."""

import logging
import re

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palio.core.errors import NotFoundError
from palio.core.ids import new_id
from palio.web.errors import CrossSiteError
from palio.web.origin import is_forgeable
from palio.web.problems import ServerError, problem
from palio.web.state import WebState

_LOG = logging.getLogger("palio.web")
# These stream their bodies and count for themselves.
_STREAMS = re.compile(
    r"/api/v1/challenges(/[^/]+/(submissions|checks|rescore/(answers|metric)))?"
    r"|/api/v1/awards/[^/]+/code|/challenges/[^/]+/(submissions|rescore/files)"
)
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers would then send forms with "Origin: null".
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, *, state: WebState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        request.state.request_id = new_id()
        has_started = False

        async def send_guarded(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                self._add_headers(MutableHeaders(scope=message), request)
            await send(message)

        if self._is_forgeable(request):
            words = (
                "The browser did not say that this request comes from a page of this site. "
                "Open the page here and send the form again."
            )
            response = problem(request, CrossSiteError(words))
            await response(scope, receive, send_guarded)
            return
        if "\0" in scope["path"]:  # PostgreSQL takes none
            missing = NotFoundError("There is nothing at this address.")
            await problem(request, missing)(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, self._capped(request, receive), send_guarded)
        except Exception:
            # The client learns an id and nothing else; the trace stays in our log.
            _LOG.exception("request %s failed", request.state.request_id)
            if has_started:
                raise
            words = (
                "Something broke on the server. Nothing you did was wrong; tell the host the "
                "request id if it happens again."
            )
            response = problem(request, ServerError(words))
            await response(scope, receive, send_guarded)

    def _capped(self, request: Request, receive: Receive) -> Receive:
        """Return `receive` with the cap of forms and JSON bodies, counted as they arrive."""
        if _STREAMS.fullmatch(request.url.path):
            return receive
        left = self._state.settings.form_max_bytes

        async def receive_capped() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        return receive_capped

    def _is_forgeable(self, request: Request) -> bool:
        return is_forgeable(
            request.method,
            request.headers,
            own_origins=frozenset(
                {self._state.settings.url, f"{request.url.scheme}://{request.url.netloc}"}
            ),
            is_api=request.url.path.startswith("/api/"),
        )

    def _add_headers(self, headers: MutableHeaders, request: Request) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = request.state.request_id
        if self._state.is_https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
