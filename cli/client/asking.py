"""Asking the person at the keyboard, or saying in words why nobody can be asked."""

import sys

import typer

from palio.cli.client.command import options
from palio.cli.client.errors import ClientError


def word(what: str, *, option: str) -> str:
    """Ask for one word; raises `ClientError` when nobody is there to answer."""
    if not _is_somebody_there():
        raise ClientError(f"The {what} is missing, and nobody can be asked.", hint=f"Add {option}.")
    answer: str = typer.prompt(what.capitalize(), err=True)
    return answer


def password(*, from_stdin: bool, twice: bool = False) -> str:
    """Return a password: the first line of standard input, or typed unseen.

    Raises:
        ClientError: Nobody is there to type it.

    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _is_somebody_there():
        raise ClientError(
            "The password is missing, and nobody can be asked.",
            hint="Add --password-stdin and send it as a line on standard input.",
        )
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=twice, err=True)
    return answer


def _is_somebody_there() -> bool:
    return sys.stdin.isatty() and not options().as_json
