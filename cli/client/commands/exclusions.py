"""What does not count: withdrawn submissions, and disqualifications by the organizer."""

from typing import TYPE_CHECKING, Annotated

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command, server_and_token

if TYPE_CHECKING:
    from palio.cli.client.standing import StandingApi

SubmissionId = Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its id.")]
Named = Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="The team reads it.")]
HostWords = Annotated[
    str, typer.Option("--words", metavar="TEXT", help="As organizer: why; the team reads it.")
]


def register(app: typer.Typer) -> None:
    """Add the participants' commands to the program."""
    command(app, "finals", panel="Take part")(finals)
    command(app, "withdraw", panel="Take part")(withdraw)
    command(app, "restore", panel="Take part")(restore)


def register_host(challenge: typer.Typer) -> None:
    """Add the organizer's commands to `palio challenge`."""
    command(challenge, "disqualified")(list_exclusions)
    command(challenge, "disqualify")(disqualify)
    command(challenge, "lift")(lift)


def finals(challenge: Slug = "") -> object:
    """Show which of your submissions would count now, by which rule, until when."""
    with _api() as api:
        found = api.finals(challenge_in_use(challenge))
    show.line(found["words"])
    show.table(
        ["submission", "file<", ""],
        [
            (
                item["submission_id"],
                item["file_name"],
                "chosen" if item["is_chosen"] else "stands in" if found["limit"] else "",
            )
            for item in found["items"]
        ],
        empty="Nothing is scored yet.",
    )
    return found


def withdraw(submission_id: SubmissionId, *, words: HostWords = "") -> object:
    """Withdraw a submission: it stops counting, nothing is deleted, no try comes back."""
    return _withdraw(submission_id, words, is_withdrawn=True)


def restore(submission_id: SubmissionId, *, words: HostWords = "") -> object:
    """Let a withdrawn submission count again; until the close."""
    return _withdraw(submission_id, words, is_withdrawn=False)


def _withdraw(submission_id: str, words: str, *, is_withdrawn: bool) -> object:
    with _api() as api:
        item = api.withdraw(submission_id, is_withdrawn=is_withdrawn, words=words)
    show.line(
        f"{item['file_name']} is withdrawn; it counts on no board."
        if is_withdrawn
        else f"{item['file_name']} counts again."
    )
    return item


def list_exclusions(challenge: Slug = "") -> object:
    """List who is disqualified in your challenge, and who was let in again."""
    with _api() as api:
        found = api.exclusions(challenge_in_use(challenge))
    show.table(
        ["id", "team<", "submission", "reason", "state"],
        [
            (
                item["id"],
                item["team"]["name"],
                item["submission_id"] or "all",
                item["reason"],
                "lifted" if item["lifted_at"] else "in force",
            )
            for item in found["items"]
        ],
        empty="Nobody is disqualified.",
    )
    return found


def disqualify(
    challenge: Named,
    team: Annotated[str, typer.Argument(metavar="TEAM", help="By its name or id.")],
    *,
    reason: Annotated[
        str,
        typer.Option(metavar="CODE", help="Such as copied; a wrong one is answered with the list."),
    ],
    words: Words,
    submission: Annotated[
        str, typer.Option(metavar="ID", help="One submission; else the whole team.")
    ] = "",
) -> object:
    """Disqualify a team or one of its submissions; boards are made anew without it."""
    with _api() as api:
        made = api.disqualify(
            challenge, team=team, submission_id=submission, reason=reason, words=words
        )
    show.line(f"{made['team']['name']}: {made['title']}. The team is told. Id: {made['id']}")
    return made


def lift(
    challenge: Named,
    exclusion: Annotated[str, typer.Argument(metavar="ID", help="Of the disqualification.")],
    *,
    words: Words,
) -> object:
    """Take a disqualification back; boards are made anew."""
    with _api() as api:
        lifted = api.lift(challenge, exclusion, words=words)
    show.line(f"Lifted for {lifted['team']['name']}. The team is told.")
    return lifted


def _api() -> "StandingApi":
    from palio.cli.client.standing import StandingApi  # noqa: PLC0415 (slow import)

    return StandingApi(*server_and_token())
