"""One HTTP exchange with a Palio server: retries, and every failure as an `ApiError` in words."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, TypeVar

import httpx

from palio.cli.client.answers import Finding, fault
from palio.cli.client.errors import ApiError

BACK_OFF_SECONDS = (0.25, 0.5, 1.0, 2.0)
LONGEST_PAUSE_SECONDS = 30.0
ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
PASSING_FAULTS = frozenset({502, 503, 504})

T = TypeVar("T")
Body = Callable[[], Iterator[bytes]]


class Wire:
    """Sends requests to one server.

    Args:
        server: Address of the server, with scheme.
        token: API token; empty = not signed in.
        transport: Stands in for the network in tests.
        pause: Called with the seconds to wait before a new attempt.

    """

    def __init__(
        self,
        server: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server.rstrip("/")
        self._pause = pause
        headers = {"User-Agent": f"palio/{version('palio')}", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._client = httpx.Client(
                base_url=self.server,
                headers=headers,
                timeout=TIMEOUT,
                transport=transport,
                # Plain http has no certificates, and loading the authorities takes its time.
                verify=not self.server.startswith("http://"),
            )
        except httpx.InvalidURL as error:
            raise _bad_address(self.server) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: Body | None = None,
        params: Mapping[str, str | int | bool] | None = None,
        headers: Mapping[str, str] | None = None,
        patient: bool = False,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> httpx.Response:
        """Send one request and return its answer, which is a success.

        Args:
            method: HTTP verb.
            path: Path on the server, already quoted.
            json: Body as JSON.
            body: Makes the body anew for each attempt.
            params: Query.
            headers: Further headers.
            patient: Try again, at most four times, after a broken connection or 502, 503, 504.
                Only for requests that do no harm when they arrive twice.
            answer_seconds: How long to wait for the answer once everything is sent.

        Raises:
            ApiError: The server refused or could not be reached.

        """

        def attempt() -> httpx.Response:
            with self.talking():
                answer = self._client.request(
                    method,
                    path,
                    json=json,
                    content=body() if body else None,
                    params=params,
                    headers=headers,
                    timeout=httpx.Timeout(
                        ANSWER_SECONDS, connect=CONNECT_SECONDS, read=answer_seconds
                    ),
                )
            return checked(answer)

        return self.repeat(attempt) if patient else attempt()

    def get(
        self,
        kind: type[T],
        path: str,
        *,
        params: Mapping[str, str | int | bool] | None = None,
        patient: bool = False,
    ) -> T:
        """Fetch one JSON document of a known shape."""
        return decoded(kind, self.send("GET", path, params=params, patient=patient))

    def pages(
        self, kind: type[T], path: str, *, params: Mapping[str, str | int | bool] | None = None
    ) -> Iterator[T]:
        """Yield the items of all pages of a list."""
        cursor: str | None = None
        while True:
            query = dict(params or {}) | ({"cursor": cursor} if cursor else {})
            answer = self.send("GET", path, params=query)
            page = decoded(dict[str, Any], answer)
            if place := fault(list[kind], page.get("items"), "items"):  # type: ignore[valid-type]
                raise _not_palio(answer, f"lacks or misspells “{place}”")
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    @contextmanager
    def stream(self, path: str, *, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Fetch a file in pieces; also 416 is given back, for whoever asked for a range."""
        with self.talking(), self._client.stream("GET", path, headers=headers) as answer:
            if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if not answer.is_success:
                    answer.read()
                checked(answer)
            yield answer

    def repeat(self, attempt: Callable[[], T]) -> T:
        """Run `attempt` until it succeeds, fails for good, or the patience ends."""
        for failures, _ in enumerate(BACK_OFF_SECONDS, start=1):
            try:
                return attempt()
            except ApiError as error:
                if not is_passing(error):
                    raise
                self.rest(error, failures)
        return attempt()

    def rest(self, error: ApiError, failures: int) -> None:
        """Wait before a new attempt: longer with each failure in a row, or as the server asks."""
        self._pause(_spread(BACK_OFF_SECONDS[max(failures - 1, 0)], error))

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Turn what the network does into words."""
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise _bad_address(self.server) from error
        except httpx.TransportError as error:
            raise _connection_error(self.server, error) from error


def is_passing(error: ApiError) -> bool:
    """Tell whether the same request may succeed a moment later."""
    return error.code == "connection" or error.status in PASSING_FAULTS


def decoded(kind: type[T], answer: httpx.Response) -> T:
    """Return the JSON of an answer, checked against `kind`; raises `ApiError` (not_palio)."""
    try:
        data: T = answer.json()
    except ValueError as error:
        raise _not_palio(answer, "is not JSON") from error
    if place := fault(kind, data):
        raise _not_palio(answer, f"lacks or misspells “{place}”")
    return data


def checked(answer: httpx.Response) -> httpx.Response:
    """Return a success; raise `ApiError` made from the problem document otherwise."""
    if answer.is_success:
        return answer
    if answer.has_redirect_location:
        raise ApiError(
            f"The server sends you on to {answer.headers['Location']}.",
            code="moved",
            status=answer.status_code,
            hint="Use that address with --server.",
        )
    try:
        problem = answer.json()
        findings: list[Finding] = problem.get("findings") or []
        error = ApiError(
            str(problem["detail"]),
            code=str(problem["code"]),
            status=answer.status_code,
            findings=[] if fault(list[Finding], findings) else findings,
        )
    except (ValueError, KeyError, AttributeError):
        error = ApiError(
            f"{answer.url.copy_with(query=None)} answered {answer.status_code}"
            f" {answer.reason_phrase}, and not in Palio's words.",
            code="not_palio",
            status=answer.status_code,
            hint="Check the address; a proxy in between may also answer so.",
        )
    error.retry_after_seconds = _retry_after(answer)
    raise error


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return min(float(text), LONGEST_PAUSE_SECONDS) if text.isdecimal() else 0.0


def _spread(seconds: float, error: ApiError) -> float:
    """Spread the new attempts of many clients over half to one and a half of the pause."""
    return max(seconds * (0.5 + secrets.randbelow(1000) / 1000), error.retry_after_seconds)


def _connection_error(server: str, error: httpx.TransportError) -> ApiError:
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        detail = f"Cannot reach {server}: {_cause(error)}."
        hint = "Is the server running, and is the address right? (--server, PALIO_SERVER)"
    elif isinstance(error, httpx.TimeoutException):
        detail = f"{server} did not answer in time."
        hint = "Try again in a moment."
    else:
        detail = f"The connection to {server} broke off: {_cause(error)}."
        hint = "Try again in a moment."
    return ApiError(detail, code="connection", hint=hint)


def _cause(error: httpx.TransportError) -> str:
    text = str(error).strip().rstrip(".")
    if "Connection refused" in text:
        return "nothing listens there (connection refused)"
    return text[:1].lower() + text[1:] if text else "no answer"


def _bad_address(server: str) -> ApiError:
    return ApiError(
        f"“{server}” is not a server address.",
        code="bad_address",
        status=400,
        hint="An address starts with https:// or http://, e.g. https://palio.example.org",
    )


def _not_palio(answer: httpx.Response, what: str) -> ApiError:
    return ApiError(
        f"The answer of {answer.url.copy_with(query=None)} {what}.",
        code="not_palio",
        hint="Is this a Palio server? It may also be of another version than this client.",
    )
