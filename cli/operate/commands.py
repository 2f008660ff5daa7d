"""The operator's commands as people type them; what they do is imported when they are run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from palio.cli.client.answers import Finding
from palio.cli.client.command import Slug, command
from palio.cli.client.commands import exclusions as exclusion_commands
from palio.cli.client.commands import host as host_commands
from palio.cli.client.commands import rescore as rescore_commands
from palio.cli.client.commands.challenges import show_challenge
from palio.cli.client.errors import ApiError, ClientError
from palio.core.errors import AppError

PANEL = "Run a server"
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data",
        file_okay=False,
        metavar="FOLDER",
        help="The server's data folder.",
        show_default="PALIO_DATA_FOLDER or ./palio-data",
    ),
]
Host = Annotated[str | None, typer.Option(help="Address to listen at.", show_default="PALIO_HOST")]
Port = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port.", show_default="PALIO_PORT or 8300")
]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The challenge folder.")]
Handle = Annotated[str, typer.Argument(help="The person's handle.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    for name, function in (
        ("serve", serve),
        ("web", web),
        ("worker", worker),
        ("migrate", migrate),
        ("sweep", sweep),
        ("doctor", doctor),
    ):
        command(app, name, panel=PANEL, is_local=True)(function)
    challenge = typer.Typer(no_args_is_help=True, help="Write, check, publish, run challenges.")
    command(challenge, "new", is_local=True)(new_challenge)
    command(challenge, "check", is_local=True)(check_challenge)
    command(challenge, "publish")(publish_challenge)
    command(challenge, "show")(show_challenge)
    command(challenge, "export")(export_challenge)
    command(challenge, "open-answers", is_local=True)(open_answers)
    host_commands.register(challenge)
    rescore_commands.register(challenge)
    exclusion_commands.register_host(challenge)
    app.add_typer(challenge, name="challenge", rich_help_panel="Organize")
    runtime = typer.Typer(no_args_is_help=True, help="The Python that code and metrics run in.")
    command(runtime, "build", is_local=True)(build_runtime)
    command(runtime, "show", is_local=True)(show_runtime)
    app.add_typer(runtime, name="runtime", rich_help_panel=PANEL)
    user = typer.Typer(no_args_is_help=True, help="Accounts of a server on this machine.")
    command(user, "create", is_local=True)(create_user)
    command(user, "password", is_local=True)(set_password)
    command(user, "token", is_local=True)(make_token)
    command(user, "disable", is_local=True)(disable_user)
    command(user, "enable", is_local=True)(enable_user)
    command(user, "list", is_local=True)(list_users)
    app.add_typer(user, name="user", rich_help_panel=PANEL)
    _register_log(app)
    ledger = typer.Typer(no_args_is_help=True, help="The books of prize money on this machine.")
    command(ledger, "check", is_local=True)(check_ledger)
    command(ledger, "export", is_local=True)(export_ledger)
    app.add_typer(ledger, name="ledger", rich_help_panel=PANEL)


def _register_log(app: typer.Typer) -> None:
    log = typer.Typer(no_args_is_help=True, help="The log of the server of this machine.")
    command(log, "erase", is_local=True)(erase_event)
    command(log, "add-key", is_local=True)(add_log_key)
    app.add_typer(log, name="log", rich_help_panel=PANEL)


@contextmanager
def server_parts() -> Iterator[None]:
    """Turn missing server libraries and the server's own errors into words."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "palio").startswith("palio"):
            raise
        raise ClientError(
            "This command needs the server, and only the client is installed here.",
            hint="Install it with: pip install 'palio[server]'",
        ) from error
    except AppError as error:
        findings = [
            Finding(code=each.code, text=each.text, line=each.line, file=each.file, hint=each.hint)
            for each in error.findings
        ]
        raise ApiError(
            error.detail, code=error.code, status=error.status, findings=findings
        ) from error


def serve(*, host: Host = None, port: Port = None, data: DataFolder = None) -> object:
    """Run a whole server here: web, worker, database; Ctrl-C stops it."""
    with server_parts():
        from palio.cli.operate import running  # noqa: PLC0415 (optional dependency)

        return running.serve(host=host, port=port, data=data)


def web(*, host: Host = None, port: Port = None, data: DataFolder = None) -> object:
    """Run the web server alone; workers run beside it or on other machines."""
    with server_parts():
        from palio.cli.operate import running  # noqa: PLC0415 (optional dependency)

        return running.web(host=host, port=port, data=data)


def worker(
    *,
    queues: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="What to take: score, metric, board and model, separated by commas.",
            show_default="all this machine can do",
        ),
    ] = "",
    data: DataFolder = None,
) -> object:
    """Run one more worker, beside `palio serve` or on another machine."""
    with server_parts():
        from palio.cli.operate import running  # noqa: PLC0415 (optional dependency)

        return running.worker(queues, data=data)


def migrate(*, data: DataFolder = None) -> object:
    """Bring the database to the schema of this version."""
    with server_parts():
        from palio.cli.operate import running  # noqa: PLC0415 (optional dependency)

        return running.migrate(data)


def sweep(*, data: DataFolder = None) -> object:
    """Look once for stuck work and clocks that are due; workers do it by themselves."""
    with server_parts():
        from palio.cli.operate import running  # noqa: PLC0415 (optional dependency)

        return running.sweep_once(data)


def doctor(*, data: DataFolder = None) -> object:
    """Say whether everything a server needs is there, and what to do where it is not."""
    with server_parts():
        from palio.cli.operate import doctor as checks  # noqa: PLC0415 (optional dependency)

        return checks.examine(data)


def new_challenge(folder: Folder) -> object:
    """Make a folder with a small ready challenge to change into your own."""
    with server_parts():
        from palio.cli.operate import packs  # noqa: PLC0415 (optional dependency)

        return packs.new(folder)


def check_challenge(
    folder: Folder,
    *,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Try an own metric with the runtime of this server."),
    ] = None,
) -> object:
    """Say everything that is wrong with a challenge folder; score its sample and baselines."""
    with server_parts():
        from palio.cli.operate import packs  # noqa: PLC0415 (optional dependency)

        return packs.check(folder, data=data)


def publish_challenge(
    folder: Folder,
    *,
    organizer: Annotated[
        str, typer.Option(metavar="HANDLE", help="Whose challenge it is (local server only).")
    ] = "",
    data: DataFolder = None,
) -> object:
    """Publish a challenge: on the server you are signed in to, or on the one in --data."""
    from palio.cli.operate import publishing  # noqa: PLC0415 (slow import)

    if not publishing.is_local(data, organizer=organizer):
        return publishing.send(folder)
    with server_parts():
        from palio.cli.operate import packs  # noqa: PLC0415 (optional dependency)

        return packs.publish(folder, organizer=organizer, data=data)


def export_challenge(
    challenge: Slug = "",
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", dir_okay=False, show_default="CHALLENGE.zip")
    ] = None,
) -> object:
    """Fetch everything of a challenge as a zip (organizer)."""
    from palio.cli.operate import publishing  # noqa: PLC0415 (slow import)

    return publishing.export(challenge, out)


def open_answers(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", dir_okay=False, help="Where to.")],
    row: Annotated[str, typer.Option(metavar="ID", help="Only this row; else all.")] = "",
    data: DataFolder = None,
) -> object:
    """After the reveal: open the answers that were promised at the launch."""
    with server_parts():
        from palio.cli.operate import answers  # noqa: PLC0415 (optional dependency)

        return answers.open_answers(challenge, row=row, out=out, data=data)


def erase_event(
    event_hash: Annotated[str, typer.Argument(metavar="HASH", help="Of the entry, see /log.")],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Stands in the log; no names.")],
    data: DataFolder = None,
) -> object:
    """Forget who did what in one entry; its hash stays, and every proof holds."""
    with server_parts():
        from palio.cli.operate import answers  # noqa: PLC0415 (optional dependency)

        return answers.erase_event(event_hash, reason=reason, data=data)


def add_log_key(*, data: DataFolder = None) -> object:
    """Let the signing key of this machine sign beside the old one; audited."""
    with server_parts():
        from palio.cli.operate import answers  # noqa: PLC0415 (optional dependency)

        return answers.add_key(data=data)


def create_user(
    handle: Handle,
    *,
    name: Annotated[str, typer.Option(help="Name shown beside the handle.")] = "",
    email: Annotated[str, typer.Option(help="Not needed for anything.")] = "",
    admin: Annotated[bool, typer.Option("--admin", help="May do everything.")] = False,
    password_stdin: FromStdin = False,
    data: DataFolder = None,
) -> object:
    """Make an account on the server of this machine."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.create(
            handle, name=name, email=email, admin=admin, from_stdin=password_stdin, data=data
        )


def set_password(
    handle: Handle, *, password_stdin: FromStdin = False, data: DataFolder = None
) -> object:
    """Give somebody a new password; all their sessions end, and their tokens too."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.set_password(handle, from_stdin=password_stdin, data=data)


def make_token(
    handle: Handle,
    *,
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by the operator",
    scope: Annotated[str, typer.Option(help="read, submit or organize.")] = "submit",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.")] = None,
    data: DataFolder = None,
) -> object:
    """Make an API token for somebody; shown this once."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.make_token(handle, name=name, scope=scope, days=days, data=data)


def disable_user(handle: Handle, *, data: DataFolder = None) -> object:
    """Shut somebody out: no log-in, no token works; what they sent stays."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.set_disabled(handle, is_disabled=True, data=data)


def enable_user(handle: Handle, *, data: DataFolder = None) -> object:
    """Let somebody in again who was shut out."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.set_disabled(handle, is_disabled=False, data=data)


def list_users(*, data: DataFolder = None) -> object:
    """List the accounts of the server of this machine."""
    with server_parts():
        from palio.cli.operate import people  # noqa: PLC0415 (optional dependency)

        return people.list_all(data)


def build_runtime(
    *,
    wheels: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Folder of wheels; no network is used."),
    ] = None,
    data: DataFolder = None,
) -> object:
    """Make it now; else the first code submission waits for it."""
    with server_parts():
        from palio.cli.operate import runtime  # noqa: PLC0415 (optional dependency)

        return runtime.build(wheels, data=data)


def show_runtime(*, data: DataFolder = None) -> object:
    """Show which Python and packages it has."""
    with server_parts():
        from palio.cli.operate import runtime  # noqa: PLC0415 (optional dependency)

        return runtime.show_built(data)


def check_ledger(*, data: DataFolder = None) -> object:
    """Draw the trial balance: every currency must come to zero, every balance to its postings."""
    with server_parts():
        from palio.cli.operate import ledger  # noqa: PLC0415 (optional dependency)

        return ledger.check(data)


def export_ledger(
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the CSV goes.")],
    challenge: Annotated[
        str, typer.Option(metavar="CHALLENGE", help="Only this one; else all of them.")
    ] = "",
    data: DataFolder = None,
) -> object:
    """Write every posting as CSV."""
    with server_parts():
        from palio.cli.operate import ledger  # noqa: PLC0415 (optional dependency)

        return ledger.export(challenge, out=out, data=data)
