"""The `palio` program: the participant's commands, and the operator's where the server is."""

from importlib.metadata import version
from typing import Annotated

import typer

from palio.cli.client.commands import account, boards, challenges, submissions, teams
from palio.cli.operate import commands as operate

EPILOG = """
[bold]Exit codes[/bold]: 0 well · 1 refused or failed · 2 wrong usage · 3 not signed in or not
allowed · 4 not found · 5 network or server fault · 6 timed out · 130 interrupted

[bold]Environment[/bold]: PALIO_SERVER, PALIO_TOKEN, PALIO_CONFIG (file of servers and tokens)
"""

app = typer.Typer(
    name="palio",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EPILOG,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it so)
    if wanted:
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


for part in (challenges, submissions, boards, teams, account):
    part.register(app)
operate.register(app)


def main() -> None:
    """Run the program."""
    app()
