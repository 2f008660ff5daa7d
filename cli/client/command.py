"""What every command shares: --json, --server, --debug, one way to end, one way to the server."""

import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palio.cli.client import config, show
from palio.cli.client.errors import ApiError, ClientError

if TYPE_CHECKING:
    from palio.cli.client.api import Api

EXIT_INTERRUPTED = 130
_WAYS_OUT = {
    "not_signed_in": "Sign in with: palio login (to organize: palio login --scope organize)",
    "scope_too_low": "Sign in again with a token for it: palio login --scope organize",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended when it was not simply well: its document and exit code."""

    document: object
    exit_code: int


@dataclass(frozen=True, slots=True)
class Options:
    """What was said on the command line for every command alike."""

    server: str = ""
    as_json: bool = False
    debug: bool = False


_options: ContextVar[Options] = ContextVar("options")

_PANEL = "For every command"
COMMON = {
    "server": (
        Annotated[
            str,
            typer.Option(metavar="URL", rich_help_panel=_PANEL, help="Palio server to speak to."),
        ],
        "",
    ),
    "as_json": (
        Annotated[
            bool,
            typer.Option("--json", rich_help_panel=_PANEL, help="One JSON document on stdout."),
        ],
        False,
    ),
    "debug": (
        Annotated[
            bool,
            typer.Option("--debug", rich_help_panel=_PANEL, help="Show the traceback of an error."),
        ],
        False,
    ),
}


def command(
    app: typer.Typer, name: str, *, panel: str | None = None, is_local: bool = False
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Register a function as a command.

    What the function returns is its JSON document (or `Ended`); what it shows through `show` is
    for people. With --json only the document appears, with an error it is ``{"error": …}``.
    A local command speaks to no server, so it takes no --server.
    """

    def register(function: Callable[..., object]) -> Callable[..., object]:
        own = inspect.signature(function)
        common = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for key, (kind, default) in COMMON.items()
            if not (is_local and key == "server")
        ]

        @functools.wraps(function)
        def run(**values: Any) -> None:  # noqa: ANN401 (whatever the command takes)
            said = Options(**{key: values[key] for key in COMMON if key in values})
            rest = {key: value for key, value in values.items() if key in own.parameters}
            before = _options.set(said)
            try:
                with show.quiet(is_quiet=said.as_json):
                    raise typer.Exit(_ended(function, rest, said))
            finally:
                _options.reset(before)

        run.__signature__ = own.replace(  # type: ignore[attr-defined]
            parameters=[*own.parameters.values(), *common]
        )
        run.__annotations__ = function.__annotations__ | {
            parameter.name: parameter.annotation for parameter in common
        }
        app.command(name, rich_help_panel=panel)(run)
        return function

    return register


def _ended(function: Callable[..., object], values: Mapping[str, Any], said: Options) -> int:
    """Run a command to its end and return the exit code."""
    try:
        result = function(**values)
    except ClientError as error:
        _report(error, said)
        return error.exit_code
    except KeyboardInterrupt:
        show.error("Interrupted.")
        return EXIT_INTERRUPTED
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 (people get words, --debug gets the traceback)
        kind = type(error).__name__
        _report(
            ClientError(
                f"Palio failed unexpectedly: {kind}: {error}",
                hint="That is a fault of Palio's. Run again with --debug and report what it shows.",
            ),
            said,
        )
        return 1
    ended = result if isinstance(result, Ended) else Ended(result, 0)
    if said.as_json:
        show.document(ended.document)
    return ended.exit_code


def _report(error: ClientError, said: Options) -> None:
    if said.debug:
        traceback.print_exc(file=sys.stderr)
    if said.as_json:
        show.document({"error": _problem(error)})
    findings = error.findings if isinstance(error, ApiError) else ()
    show.error(error.detail, hint=error.hint or _way_out(error), faults=findings)


def _problem(error: ClientError) -> dict[str, object]:
    document: dict[str, object] = {"detail": error.detail, "hint": error.hint or _way_out(error)}
    if isinstance(error, ApiError):
        document |= {"code": error.code, "status": error.status, "findings": error.findings}
    return document | {"exit_code": error.exit_code}


def _way_out(error: ClientError) -> str:
    """Return what to do about an error of the server's that this client knows a command for."""
    return _WAYS_OUT.get(error.code, "") if isinstance(error, ApiError) else ""


def options() -> Options:
    """Return what was said on the command line for every command alike."""
    return _options.get(Options())


def server_and_token() -> tuple[str, str]:
    """Return the server in use and the token for it: command line, environment, file."""
    env, known = config.surroundings(), None
    named = options().server or env.server
    if not named or not env.token:
        known = config.read(env.path)
    server = config.address(named or (known.server if known else "") or config.DEFAULT_SERVER)
    return server, env.token or (known.account(server).token if known else "")


def open_api(*, server: str = "", token: str = "") -> "Api":
    """Return the way to the server in use, or to the one named."""
    from palio.cli.client.api import Api  # noqa: PLC0415 (slow import)

    if not server:
        server, token = server_and_token()
    return Api(server, token)


def challenge_in_use(given: str) -> str:
    """Return the challenge named, or the one of ``palio use``; raises `ClientError`."""
    if given:
        return given
    known = config.read(config.surroundings().path)
    if slug := known.account(server_and_token()[0]).challenge:
        return slug
    raise ClientError(
        "Which challenge?",
        hint="Name it, or choose one for all commands with: palio use CHALLENGE",
    )


Slug = Annotated[
    str,
    typer.Argument(
        metavar="[CHALLENGE]",
        help="Its short name as in `palio challenges`; else that of `palio use`.",
        show_default=False,
    ),
]
SlugOption = Annotated[
    str,
    typer.Option(
        "--challenge",
        "-c",
        metavar="CHALLENGE",
        help="Its short name as in `palio challenges`; else that of `palio use`.",
        show_default=False,
    ),
]
