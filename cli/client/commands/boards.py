"""Looking at leaderboards and prizes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from palio.cli.client import show
from palio.cli.client.answers import Board, BoardRow
from palio.cli.client.command import Slug, challenge_in_use, command, open_api
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.api import Api

PANEL = "Take part"
PAGE = 50


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "leaderboard", panel=PANEL)(leaderboard)
    command(app, "awards", panel=PANEL)(awards)
    command(app, "bundle", panel=PANEL)(bundle)


def leaderboard(
    challenge: Slug = "",
    *,
    board: Annotated[
        Literal["public", "private"], typer.Option(help="The private one after the reveal.")
    ] = "public",
    everything: Annotated[bool, typer.Option("--all", help=f"Not only the first {PAGE}.")] = False,
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the whole board here as CSV.")
    ] = None,
) -> object:
    """Show the leaderboard."""
    slug = challenge_in_use(challenge)
    with open_api() as api:
        if csv:
            api.leaderboard_csv(slug, csv, board=board)
            show.line(f"Wrote the {board} leaderboard to {csv}.")
            return {"board": board, "file": str(csv)}
        page = _board(api, slug, board, everything=everything)
    made_at = show.time_of(page["made_at"])
    show.line(f"{page['board'].capitalize()} leaderboard of {slug}, {made_at}", bold=True)
    show.paragraph(page["rule"])
    show.table(
        ["rank>", "team<", "score>", "better by>", "tries>", "at (UTC)"],
        [_row(row) for row in page["items"]],
        empty="Nobody has a score yet.",
    )
    if page["next_cursor"]:
        show.line("There is more: --all, or --csv FILE.", dim=True)
    return page


def bundle(
    challenge: Slug = "",
    *,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to; CHALLENGE-bundle.zip without.")
    ] = None,
) -> object:
    """Bring what proves a board: log, promises and, after the reveal, every score."""
    slug = challenge_in_use(challenge)
    target = out or Path(f"{slug}-bundle.zip")
    with open_api() as api:
        api.bundle(slug, target)
    show.line(f"Written to {target}. Check it with: palio verify board {target}")
    return {"challenge": slug, "file": str(target)}


def awards(
    challenge: Slug = "",
    *,
    confirm: Annotated[str, typer.Option(metavar="ID", help="Make it final (organizer).")] = "",
    decline: Annotated[
        str, typer.Option(metavar="ID", help="Turn it down; the next in rank is offered it.")
    ] = "",
) -> object:
    """Show the prizes and who is to have them; an organizer confirms them."""
    if confirm and decline:
        raise ClientError("Confirm or decline, not both at once.")
    slug = challenge_in_use(challenge)
    with open_api() as api:
        if confirm:
            api.confirm_award(confirm)
        if decline:
            api.decline_award(decline)
        listed = api.awards(slug)
    show.table(
        ["id", "place>", "prize<", "amount>", "team<", "score>", "state"],
        [
            (
                award["id"],
                award["place"],
                award["title"],
                award["money"]["text"],
                award["team"],
                award["score"],
                award["state"],
            )
            for award in listed
        ],
        empty="No awards before the private leaderboard is revealed.",
    )
    return listed


def _board(
    api: "Api", slug: str, board: Literal["public", "private"], *, everything: bool
) -> Board:
    page = api.leaderboard(slug, board=board, limit=PAGE)
    while everything and page["next_cursor"]:
        further = api.leaderboard(slug, board=board, limit=200, cursor=page["next_cursor"])
        page["items"] += further["items"]
        page["next_cursor"] = further["next_cursor"]
    return page


def _row(row: BoardRow) -> tuple[object, ...]:
    is_ranked = row["kind"] == "competitor"
    better = row["improvement"]
    return (
        row["rank"] if is_ranked else "",
        row["team"] if is_ranked else f"{row['team']} ({row['kind']})",
        row["score"],
        f"{better} %" if better is not None else "",
        row["entries"] if is_ranked else "",
        row["received_at"][5:16].replace("T", " "),
    )
