"""Teams: found, rename, invite, join, leave."""

from typing import Annotated

import typer

from palio.cli.client import show
from palio.cli.client.answers import Team
from palio.cli.client.command import Slug, SlugOption, challenge_in_use, command, open_api
from palio.cli.client.commands import mergers

Name = Annotated[str, typer.Argument(help="How the team is called.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    team = typer.Typer(no_args_is_help=True, help="Your team in a challenge.")
    command(team, "show")(show_team)
    command(team, "create")(create)
    command(team, "rename")(rename)
    command(team, "invite")(invite)
    command(team, "join")(join)
    command(team, "leave")(leave)
    mergers.register(team)
    app.add_typer(team, name="team", rich_help_panel="Take part")


def show_team(challenge: Slug = "") -> object:
    """Show your team and its members."""
    with open_api() as api:
        team = api.team(challenge_in_use(challenge))
    _print(team)
    return team


def create(name: Name, *, challenge: SlugOption = "") -> object:
    """Found a team; you are its captain."""
    slug = challenge_in_use(challenge)
    with open_api() as api:
        team = api.create_team(slug, name=name)
    _print(team)
    show.line(f"Invite others with: palio team invite {slug}", dim=True)
    return team


def rename(name: Name, *, challenge: SlugOption = "") -> object:
    """Give your team another name."""
    with open_api() as api:
        team = api.rename_team(challenge_in_use(challenge), name=name)
    _print(team)
    return team


def invite(challenge: Slug = "") -> object:
    """Make an invitation for one person."""
    with open_api() as api:
        link = api.invite(challenge_in_use(challenge))
    show.line(link["url"], bold=True)
    show.line(f"For one person, until {show.time_of(link['expires_at'])}. Shown this once.")
    show.line(f"Or by command: palio team join {link['code']}", dim=True)
    return link


def join(code: Annotated[str, typer.Argument(help="Code or address of the invitation.")]) -> object:
    """Accept an invitation."""
    with open_api() as api:
        team = api.join_team(code.rstrip("/").rsplit("/", 1)[-1])
    _print(team)
    return team


def leave(challenge: Slug = "") -> object:
    """Leave your team; possible before its first submission."""
    slug = challenge_in_use(challenge)
    with open_api() as api:
        api.leave_team(slug)
    show.line("You left the team.")
    return {"challenge": slug, "left": True}


def _print(team: Team) -> None:
    show.line(team["name"], bold=True)
    show.table(
        ["handle", "name<", ""],
        [
            (member["handle"], member["display_name"], "captain" if member["is_captain"] else "")
            for member in team["members"]
        ],
    )
    if team.get("first_submission_at"):
        show.line("The team has submitted, so nobody leaves it any more.", dim=True)
