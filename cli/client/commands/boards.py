"""Looking at leaderboards and prizes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palio.cli.client import show
from palio.cli.client.answers import Board, BoardLine, BoardName, BoardRow, Explanation
from palio.cli.client.command import Slug, challenge_in_use, command, open_api
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.api import Api

PANEL = "Take part"
PAGE = 50
OWN = "own"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "leaderboard", panel=PANEL)(leaderboard)
    command(app, "awards", panel=PANEL)(awards)
    command(app, "bundle", panel=PANEL)(bundle)


def leaderboard(
    challenge: Slug = "",
    *,
    board: Annotated[
        BoardName,
        typer.Option(help="private after the reveal; late: entries after the bell."),
    ] = "public",
    at: Annotated[
        str, typer.Option(metavar="TIME", help="As it was, e.g. 2026-12-01T12:00:00Z.")
    ] = "",
    why: Annotated[
        str,
        typer.Option(metavar="TEAM", help="Why this team (or `own`) stands where it does."),
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help=f"Not only the first {PAGE}.")] = False,
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the whole board here as CSV.")
    ] = None,
) -> object:
    """Show the leaderboard."""
    slug = challenge_in_use(challenge)
    with open_api() as api:
        if csv:
            api.leaderboard_csv(slug, csv, board=board, at=at)
            show.line(f"Wrote the {board} leaderboard to {csv}.")
            return {"board": board, "file": str(csv)}
        if why:
            team_id = _id_of(api, slug, why, board, at)
            return _show_why(api.explain(slug, team_id, board=board, at=at))
        page = _board(api, slug, board, at, everything=everything)
    made_at = show.time_of(page["made_at"])
    show.line(f"{page['board'].capitalize()} leaderboard of {slug}, {made_at}", bold=True)
    show.paragraph(page["rule"])
    show.table(
        ["rank>", "team<", "score>", "better by>", "entries>", "at (UTC)"],
        _rows(page),
        empty="Nobody has a score yet.",
    )
    if words := page.get("chance_words"):
        show.paragraph(words)
    if page["next_cursor"]:
        show.line("There is more: --all, or --csv FILE.", dim=True)
    return page


def bundle(
    challenge: Slug = "",
    *,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Where to; CHALLENGE-bundle.zip without.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Bring opened answers too, to this file.")
    ] = None,
    row: Annotated[
        str, typer.Option(metavar="ID", help="With --answers: this row alone, where it is opened.")
    ] = "",
) -> object:
    """Bring what proves a board: log, promises and, after the reveal, every score."""
    if row and not answers:
        raise ClientError("--row needs --answers FILE: where to write it.")
    slug = challenge_in_use(challenge)
    target = out or Path(f"{slug}-bundle.zip")
    with open_api() as api:
        if answers:
            api.opening(slug, _opened(api, slug, row), answers)
        api.bundle(slug, target)
    more = f" --answers {answers}" if answers else ""
    show.line(f"Written to {target}. Check it with: palio verify board {target}{more}")
    return {
        "challenge": slug,
        "file": str(target),
        "answers": str(answers) if answers else None,
    }


def _opened(api: "Api", slug: str, row: str) -> str:
    for each in api.openings(slug):
        if each["row"] == row and each["state"] == "opened":
            return each["id"]
    what = f"Row {row}" if row else "Not all of the answers"
    raise ClientError(
        f"{what} {'is not' if row else 'are'} opened.",
        hint="The organizer opens them after the reveal.",
    )


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
                award["state"].replace("_", " "),
            )
            for award in listed
        ],
        empty="No awards before the private leaderboard is revealed.",
    )
    if listed:
        show.line("Where one stands, and whose turn it is: palio award show ID", dim=True)
    return listed


def _board(api: "Api", slug: str, board: BoardName, at: str, *, everything: bool) -> Board:
    page = api.leaderboard(slug, board=board, at=at, limit=PAGE)
    while everything and page["next_cursor"]:
        further = api.leaderboard(slug, board=board, at=at, limit=200, cursor=page["next_cursor"])
        page["items"] += further["items"]
        page["lines"] += further["lines"]
        page["next_cursor"] = further["next_cursor"]
    return page


def _id_of(api: "Api", slug: str, team: str, board: BoardName, at: str) -> str:
    """Return what the server calls a team that is named as on the board."""
    if team == OWN:
        return team
    rows = _board(api, slug, board, at, everything=True)["items"]
    return next((row["team_id"] for row in rows if row["team"] == team), team)


def _rows(page: Board) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for place in range(len(page["items"]) + 1):
        rows += [_line(line) for line in page["lines"] if line["position"] == place]
        rows += [_row(row) for row in page["items"][place : place + 1]]
    return rows


def _row(row: BoardRow) -> tuple[object, ...]:
    is_unranked = row["kind"] in {"baseline", "host"}
    return (
        "" if is_unranked else _rank(row),
        f"{row['team']} ({row['kind']})" if is_unranked else row["team"],
        row["score"],
        _percent(row["improvement"]),
        "" if is_unranked else row["entries"],
        row["received_at"][5:16].replace("T", " "),
    )


def _line(line: BoardLine) -> tuple[object, ...]:
    return "", f"-- {line['title']} --", line["score"], _percent(line["improvement"]), "", ""


def _rank(row: BoardRow) -> str:
    low, high = row["rank_low"], row["rank_high"]
    return f"{row['rank']}" if low == high else f"{row['rank']} ({low}-{high})"


def _percent(better: str | None) -> str:
    return "" if better is None else f"{better} %"


def _show_why(why: Explanation) -> Explanation:
    row = why["row"]
    above = sum(group["rows"] for group in why["better"])
    rank = "no rank" if row["rank"] is None else f"rank {row['rank']}"
    show.line(f"{row['team']}: {rank}", bold=True)
    show.paragraph(why["rule"])
    show.line(f"The entry that counts was received {show.time_of(row['received_at'])}.")
    rows = "1 row is" if above == 1 else f"{above} rows are"
    show.line(f"It has {', '.join(why['values'])}; {rows} strictly better.")
    if why["better"]:
        show.line(f"The nearest of them has {', '.join(why['better'][-1]['values'])}.")
    for tie in why["ties"]:
        show.line(f"Equal: {tie['team']}, received {show.time_of(tie['received_at'])}.")
    for deed in why["deeds"]:
        show.line(f"{show.time_of(deed['at'])}: {deed['words']}")
    return why
