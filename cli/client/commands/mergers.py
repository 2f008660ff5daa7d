"""Teams that become one: look, propose, list, accept, decline, withdraw."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, SlugOption, challenge_in_use, command, server_and_token

if TYPE_CHECKING:
    from palio.cli.client.standing import Preview, StandingApi

Other = Annotated[str, typer.Argument(metavar="TEAM", help="The other team, by its name or id.")]
MergerId = Annotated[str, typer.Argument(metavar="PROPOSAL", help="Its id.")]


class Side(StrEnum):
    """Which of the two teams."""

    OURS = "ours"
    THEIRS = "theirs"


def register(team: typer.Typer) -> None:
    """Add these commands to `palio team`."""
    command(team, "preview-merger")(preview)
    command(team, "propose-merger")(propose)
    command(team, "mergers")(list_mergers)
    command(team, "accept-merger")(accept)
    command(team, "decline-merger")(decline)
    command(team, "withdraw-merger")(withdraw)


def preview(other: Other, *, challenge: SlugOption = "") -> object:
    """Show what your team and another one would be together; nobody is told."""
    with _api() as api:
        found = api.preview(challenge_in_use(challenge), team=other)
    _print(found)
    return found


def propose(
    other: Other,
    *,
    name: Annotated[Side, typer.Option(help="Whose name stays.")] = Side.OURS,
    captain: Annotated[Side, typer.Option(help="Whose captain leads.")] = Side.OURS,
    challenge: SlugOption = "",
) -> object:
    """Propose to another team that the two become one; its captain decides."""
    with _api() as api:
        made = api.propose(
            challenge_in_use(challenge), team=other, name=name.value, captain=captain.value
        )
    show.line(f"Proposed to {made['other_name']}. All members of both teams are told.")
    return made


def list_mergers(challenge: Slug = "") -> object:
    """List the proposals from and to your team; every member sees them."""
    with _api() as api:
        found = api.mergers(challenge_in_use(challenge))
    for item in found["items"]:
        show.line(
            f"{item['id']}  {item['proposer_name']} to {item['other_name']}: {item['state']}",
            bold=item["state"] == "open",
        )
        if item["preview"] is not None:
            show.line(f"Merged: {item['name']}, captain {item['captain']}.")
            _print(item["preview"])
            if not item["is_current"]:
                show.line("A team has changed since: it has to be proposed anew.", colour="yellow")
    if not found["items"]:
        show.line("No proposals.")
    return found


def accept(proposal: MergerId, *, challenge: SlugOption = "") -> object:
    """Accept: the two teams are one from then on. It cannot be undone."""
    return _decide(proposal, challenge, "accept")


def decline(proposal: MergerId, *, challenge: SlugOption = "") -> object:
    """Decline a proposal to your team."""
    return _decide(proposal, challenge, "decline")


def withdraw(proposal: MergerId, *, challenge: SlugOption = "") -> object:
    """Withdraw a proposal of your team."""
    return _decide(proposal, challenge, "withdraw")


def _decide(proposal: str, challenge: str, decision: str) -> object:
    with _api() as api:
        team = api.decide(challenge_in_use(challenge), proposal, decision=decision)
    members = ", ".join(member["handle"] for member in team["members"])
    show.line(f"Your team is {team['name']}: {members}.")
    return team


def _api() -> "StandingApi":
    from palio.cli.client.standing import StandingApi  # noqa: PLC0415 (slow import)

    return StandingApi(*server_and_token())


def _print(found: "Preview") -> None:
    ours, theirs = found["our_name"], found["their_name"]
    members = len(found["our_members"]) + len(found["their_members"])
    show.line(f"{ours} and {theirs}: {members} of at most {found['max_members']} members.")
    for tries in found["phases"]:
        show.table(
            [f"tries in {tries['phase']}", f"{ours}>", f"{theirs}>", "together>"],
            [
                *(
                    (day["day"], day["ours"], day["theirs"], day["ours"] + day["theirs"])
                    for day in tries["days"]
                ),
                ("all days", tries["ours"], tries["theirs"], tries["combined"]),
            ],
        )
        left = "no limit" if tries["remaining"] is None else tries["remaining"]
        show.line(f"Left right after merging: {left}")
    if found["choices_end"]:
        show.line("Too many finals are chosen together: none stays chosen.", colour="yellow")
    if ends := found.get("divisions_end"):
        show.line(
            f"The merged team would be in no division: not in {', '.join(ends)}.", colour="yellow"
        )
    for words in found["obstacles"]:
        show.line(words, colour="red")
