"""The `palio` program: the participant's commands, and the operator's where the server is."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from palio.cli.client.commands import (
    account,
    awards,
    boards,
    cases,
    challenges,
    exclusions,
    model,
    money,
    people,
    submissions,
    teams,
)
from palio.cli.operate import commands as operate
from palio.cli.verify import commands as verify

EPILOG = """
Exit codes: 0 well, 1 refused or failed, 2 wrong usage, 3 not signed in or not allowed,
4 not found, 5 network or server fault, 6 timed out, 130 interrupted.

Environment: PALIO_SERVER, PALIO_TOKEN, PALIO_CONFIG (the file of servers and tokens).
"""


class Program(TyperGroup):
    """Lists the commands under headings. Plain: rich help would double the time to start."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 (typer's own)
        """Write each heading with its commands, in the order they were added."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            row = (name, command.get_short_help_str(limit=200))
            headings.setdefault(command.rich_help_panel or "Commands", []).append(row)
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (typer's own)
        """Run a command; say of a wrong value what is wrong, without the words of a library."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise


app = typer.Typer(
    name="palio",
    cls=Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (slow import)

        typer.echo(f"palio {version('palio')}")
        raise typer.Exit


@app.callback()
def palio(
    *,
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Take part in prediction challenges, and run them.

    Every command takes --server URL, --json (one document on stdout) and --debug.
    """


for part in (
    challenges,
    submissions,
    exclusions,
    model,
    boards,
    awards,
    teams,
    cases,
    money,
    people,
    account,
):
    part.register(app)
verify.register(app)
operate.register(app)


def _say_all(parent: typer.Typer) -> None:
    for group in parent.registered_groups:
        group.cls = Program
        if group.typer_instance:
            _say_all(group.typer_instance)


_say_all(app)


def main() -> None:
    """Run the program."""
    app()
