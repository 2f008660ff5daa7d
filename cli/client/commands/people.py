"""People from the command line: profiles, ratings, thanks."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command, server_and_token
from palio.cli.client.commands.host import Named

if TYPE_CHECKING:
    from palio.cli.client.people import Mark

PANEL = "Take part"
Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="Whom.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "profile", panel=PANEL)(profile)
    command(app, "rate", panel=PANEL)(rate)
    command(app, "thank", panel=PANEL)(thank)
    command(app, "feedback", panel=PANEL)(feedback)


def profile(
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="Left out: you.")] = "",
    *,
    hide: Annotated[
        bool | None, typer.Option("--hide/--show", help="Hide your profile, or show it again.")
    ] = None,
    invitations: Annotated[
        bool | None, typer.Option(help="Let organizers invite you by your results.")
    ] = None,
) -> object:
    """Show somebody's finishes, prizes, thanks; or set what yours shows."""
    from palio.cli.client.people import PeopleApi  # noqa: PLC0415 (slow import)

    with PeopleApi(*server_and_token()) as api:
        name = handle or api.me()["person"]["handle"]
        found = api.profile(name)
        if not handle and (hide is not None or invitations is not None):
            api.set_profile(
                is_hidden=found["is_hidden"] if hide is None else hide,
                takes_invitations=(
                    found["takes_invitations"] if invitations is None else invitations
                ),
            )
            found = api.profile(name)
    show.facts(
        [
            ("person", found["display_name"] or found["handle"]),
            ("tier", f"{found['tier']}, {found['points']:.0f} points"),
            ("prizes", f"{len(found['prizes'])}, {found['reproduced']} reproduced"),
            ("thanks", found["thanks"]),
            ("organized", found["organized"] or ""),
            *((_words(mark["question"]), _rated(mark)) for mark in found["marks"]),
            ("hidden", "yes" if found["is_hidden"] else "no"),
        ]
    )
    show.table(
        ("challenge", "rank>", "teams>", "medal"),
        [
            (line["challenge"], line["rank"], line["teams"], line["medal"] or "")
            for line in found["finishes"]
        ],
        empty="No finished challenge yet.",
    )
    for out in found["disqualifications"]:
        show.line(f"Disqualified from {out['challenge']} on {show.time_of(out['at'])}.")
    return found


def _words(question: str) -> str:
    return question.replace("_", " ")


def _rated(mark: "Mark") -> str:
    count = f"{mark['count']} rating{'' if mark['count'] == 1 else 's'}"
    if mark["mean"] is None:
        return f"{count}, a mean from three on"
    return f"{mark['mean']:.1f} of 5, {count}"


def rate(
    challenge: Named,
    handle: Handle,
    question: Annotated[
        Literal["paid_on_time", "rules_clear", "reproducible", "well_documented"],
        typer.Argument(help="Of organizers the first two, of winners the others."),
    ],
    stars: Annotated[int, typer.Argument(min=1, max=5, metavar="STARS", help="1 to 5.")],
) -> object:
    """Rate somebody after a challenge, once for each question."""
    from palio.cli.client.people import PeopleApi  # noqa: PLC0415 (slow import)

    with PeopleApi(*server_and_token()) as api:
        api.rate(challenge, handle=handle, question=question, stars=stars)
    show.line(f"{handle}: {stars} of 5. It stays so.")
    return {"challenge": challenge, "handle": handle, "question": question, "stars": stars}


def thank(challenge: Named, handle: Handle) -> object:
    """Say thank you to somebody after a challenge, once."""
    from palio.cli.client.people import PeopleApi  # noqa: PLC0415 (slow import)

    with PeopleApi(*server_and_token()) as api:
        api.thank(challenge, handle=handle)
    show.line(f"You thanked {handle}.")
    return {"challenge": challenge, "handle": handle}


def feedback(challenge: Slug = "") -> object:
    """List whom you may still rate or thank after a challenge, and on what."""
    from palio.cli.client.people import PeopleApi  # noqa: PLC0415 (slow import)

    with PeopleApi(*server_and_token()) as api:
        found = api.feedback(challenge_in_use(challenge))
    show.table(
        ("person", "may be rated on", "may be thanked"),
        [
            (line["handle"], ", ".join(line["questions"]), "yes" if line["may_thank"] else "")
            for line in found["items"]
        ],
        empty="There is nobody left to rate or thank.",
    )
    return found
