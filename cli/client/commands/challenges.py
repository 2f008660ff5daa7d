"""Looking at challenges, accepting their rules, fetching their data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from palio.cli.client import config, show
from palio.cli.client.answers import ChallengeDetail, DataItem
from palio.cli.client.command import (
    Slug,
    challenge_in_use,
    command,
    open_api,
    server_and_token,
)
from palio.cli.client.errors import ClientError

PANEL = "Take part"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    command(app, "challenges", panel=PANEL)(list_challenges)
    command(app, "show", panel=PANEL)(show_challenge)
    command(app, "use", panel=PANEL)(use)
    command(app, "rules", panel=PANEL)(rules)
    command(app, "data", panel=PANEL)(data)


def list_challenges() -> object:
    """List the challenges of the server."""
    with open_api() as api:
        challenges = api.challenges()
    show.table(
        ["challenge", "title<", "state", "closes", "teams>"],
        [
            (
                each["slug"],
                each["title"],
                each["state"],
                show.time_of(each["closes_at"]),
                each["teams"],
            )
            for each in challenges
        ],
        empty="No challenges here yet.",
    )
    return challenges


def show_challenge(challenge: Slug = "") -> object:
    """Show a challenge: task, dates, metric, limits, prizes."""
    with open_api() as api:
        detail = api.challenge(challenge_in_use(challenge))
    show.line(detail["title"], bold=True)
    show.line(detail["tagline"])
    show.line()
    show.facts(_facts(detail))
    for change in detail["schedule_changes"]:
        show.line(
            f"{change['phase']} now closes {show.time_of(change['closes_at_after'])}:"
            f" {change['reason']}",
            colour="yellow",
        )
    show.line()
    show.markdown(detail["description"])
    return detail


def use(challenge: Annotated[str, typer.Argument(help="Its short name.")]) -> object:
    """Choose the challenge that commands mean when none is named."""
    server, _ = server_and_token()
    with open_api() as api:
        title = api.challenge(challenge)["title"]
    path = config.surroundings().path
    known = config.read(path)
    known_account = known.account(server)
    account = config.Account(
        known_account.handle, known_account.token, known_account.token_id, challenge
    )
    config.write(path, known.with_account(server, account))
    show.line(f"Commands now mean {challenge} ({title}).")
    return {"server": server, "challenge": challenge}


def rules(
    challenge: Slug = "",
    *,
    accept: Annotated[bool, typer.Option("--accept", help="Accept them as they stand.")] = False,
) -> object:
    """Show the rules of a challenge, or accept them."""
    slug = challenge_in_use(challenge)
    with open_api() as api:
        text = api.rules(slug)
        if accept:
            api.accept_rules(slug, sha256=text["sha256"])
            show.line(f"You accepted the rules of {slug} (sha256 {text['sha256'][:12]}…).")
        else:
            show.markdown(text["markdown"])
            if show.is_terminal():
                show.line(f"\nTo accept them: palio rules {slug} --accept", dim=True)
    return dict(text) | {"accepted": accept}


def data(
    challenge: Slug = "",
    files: Annotated[
        list[str] | None, typer.Argument(help="Only these files.", show_default="all")
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to put them in.", show_default="./CHALLENGE"),
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="List them, fetch nothing.")] = False,
) -> object:
    """Download the data of a challenge; goes on where a cut download stopped."""
    slug = challenge_in_use(challenge)
    folder = out or Path(slug)
    with open_api() as api:
        wanted = _wanted(api.data(slug), files or [])
        if only_list:
            show.table(
                ["file", "size>", "sha256<"],
                [(item["path"], show.size_of(item["bytes"]), item["sha256"]) for item in wanted],
            )
            return wanted
        got: list[dict[str, Any]] = []
        for item in wanted:
            target = _inside(folder, item["path"])
            with show.transfer(item["path"]) as progress:
                is_new = api.download(slug, item, target, progress=progress)
            words = "" if is_new else " (was there already)"
            show.line(f"{target}  {show.size_of(item['bytes'])}{words}")
            got.append(dict(item) | {"target": str(target), "fetched": is_new})
    return got


def _wanted(items: list[DataItem], names: list[str]) -> list[DataItem]:
    unknown = [name for name in names if name not in {item["path"] for item in items}]
    if unknown:
        raise ClientError(
            f"There is no data file {', '.join(unknown)}.",
            hint="There is: " + ", ".join(item["path"] for item in items),
        )
    return [item for item in items if not names or item["path"] in names]


def _inside(folder: Path, name: str) -> Path:
    """Return where a file goes; a server cannot place one outside the folder."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ClientError(f"The server names a file outside the folder: {name}. Nothing fetched.")
    return target


def _facts(detail: ChallengeDetail) -> list[tuple[str, object]]:
    now, form = detail["now"], detail["form"]
    facts: list[tuple[str, object]] = [
        ("challenge", detail["slug"]),
        ("state", detail["state"]),
        ("organizer", detail["organizer"]),
    ]
    for phase in detail["phases"]:
        opens = f"{show.time_of(phase['opens_at'])} ({show.until(phase['opens_at'], now)})"
        closes = f"{show.time_of(phase['closes_at'])} ({show.until(phase['closes_at'], now)})"
        facts += [
            (f"phase {phase['name']}", f"opens {opens}"),
            (" ", f"closes {closes}"),
            ("tries", _tries(phase["quota"])),
        ]
    facts += [
        (
            "metric" if not number else "also shown",
            f"{metric['name']} ({metric['direction'].replace('_', ' ')})",
        )
        for number, metric in enumerate(detail["metrics"])
    ]
    columns = ", ".join(target["name"] for target in form["targets"])
    facts += [
        ("file", f"{' or '.join(form['formats'])} with {form['id_column']}, {columns}"),
        ("at most", show.size_of(detail["limits"]["upload_max_bytes"])),
        *_models(detail),
        ("your entry", detail["entry_rule"].replace("_", " ")),
        ("team size", f"up to {detail['team_rules']['max_members']}"),
        ("licence", detail["data_licence"]),
        ("rules", "accepted" if detail["accepted_rules"] else "not accepted yet"),
    ]
    facts += [
        ("prize", f"{prize['title']}, {prize['money']['text']}") for prize in detail["prizes"]
    ]
    return facts


def _models(detail: ChallengeDetail) -> list[tuple[str, object]]:
    models = detail.get("models")
    if not models:
        return []
    kinds = [
        f"{name} up to {show.size_of(models[f'{name}_max_bytes'])}"
        for name in detail.get("deliveries", [])
        if name != "predictions"
    ]
    limits = (
        f"{models['seconds']:,} s, {show.size_of(models['memory_bytes'])} of memory,"
        f" {models['cpus']:g} CPU, {models['processes']} processes"
    )
    not_now = [offer["words"] for offer in detail.get("offers", []) if not offer["is_offered"]]
    return [
        ("models", " and ".join(kinds)),
        ("their box", limits),
        *(("not now", words) for words in not_now),
    ]


def _tries(quota: dict[str, Any]) -> str:
    words = []
    if quota["per_day"] is not None:
        words.append(f"{quota['per_day']} a day (days of {quota['zone']})")
    if quota["total"] is not None:
        words.append(f"{quota['total']} in all")
    return ", ".join(words) or "no limit"
