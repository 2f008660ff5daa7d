"""The organizer's commands on a challenge that is on a server: how it is doing, and the deeds."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command, server_and_token
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.host import HostApi

Named = Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")]


def register(challenge: typer.Typer) -> None:
    """Add these commands to `palio challenge`."""
    command(challenge, "status")(status)
    command(challenge, "extend")(extend)
    command(challenge, "invite")(invite)
    command(challenge, "invite-by-results")(invite_by_results)
    command(challenge, "grant")(grant)
    command(challenge, "archive")(archive)


def organizing() -> "HostApi":
    """Return the way to the server in use, with what organizers ask of it."""
    from palio.cli.client.host import HostApi  # noqa: PLC0415 (slow import)

    return HostApi(*server_and_token())


def status(
    challenge: Slug = "",
    *,
    clear: Annotated[
        str, typer.Option(metavar="ID", help="Take away an alarm that was looked at.")
    ] = "",
) -> object:
    """Show how a challenge is doing: submissions, queue, workers, alarms."""
    slug = challenge_in_use(challenge)
    with organizing() as api:
        if clear:
            api.clear_alarm(slug, clear)
        found, detail = api.overview(slug), api.challenge(slug)
    for alarm in found["alarms"]:
        since = show.time_of(alarm["raised_at"])
        show.line(f"Alarm {alarm['id']} since {since}: {alarm['words']}", colour="red")
    if not found["workers_alive"]:
        show.line("No worker is alive, so nothing is scored.", colour="red")
    counts = found["submissions"].items()
    show.facts(
        [
            ("state", detail["state"]),
            *(
                (f"phase {phase['name']}", f"closes {show.time_of(phase['closes_at'])}")
                for phase in detail["phases"]
            ),
            ("teams", found["teams"]),
            ("submissions", ", ".join(f"{count} {state}" for state, count in counts) or "none"),
            ("in the queue", found["jobs"].get("queued", 0)),
            ("running", found["jobs"].get("running", 0)),
            ("scoring", f"{found['workers_alive']} processes alive"),
        ]
    )
    return found


def extend(
    challenge: Named,
    *,
    phase: Annotated[str, typer.Option(metavar="NAME", help="The phase, by its name.")],
    until: Annotated[
        str, typer.Option(metavar="TIME", help="New close with its zone: 2026-12-24T00:00:00Z.")
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Everybody will read it.")],
) -> object:
    """Let a phase close later; nothing else about its time can change."""
    closes_at = _instant(until)
    with organizing() as api:
        detail = api.extend_phase(challenge, phase=phase, closes_at=closes_at, reason=reason)
    change = detail["schedule_changes"][-1]
    show.line(
        f"{phase} closes {show.time_of(change['closes_at_after'])}, "
        f"not {show.time_of(change['closes_at_before'])}. The challenge's page says so."
    )
    return detail


def invite(
    challenge: Slug = "",
    *,
    role: Annotated[
        Literal["participant", "organizer", "judge"], typer.Option(help="What they become.")
    ] = "participant",
    uses: Annotated[int, typer.Option(min=1, max=10_000, help="For how many people.")] = 1,
    days: Annotated[int, typer.Option(min=1, max=365, help="Days until it expires.")] = 14,
) -> object:
    """Make a join link: works without e-mail, and where sign-up is closed."""
    slug = challenge_in_use(challenge)
    given = "" if role == "participant" else role
    with organizing() as api:
        link = api.make_join_link(slug, role=given, uses=uses, days=days)
    show.line(link["url"], bold=True)
    people = "one person" if uses == 1 else f"{uses} people"
    show.line(f"For {people}, until {show.time_of(link['expires_at'])}. Shown this once.")
    return link


def invite_by_results(
    challenge: Slug = "",
    *,
    tier: Annotated[
        Literal["newcomer", "expert", "master", "grandmaster"], typer.Option(help="At least.")
    ] = "newcomer",
    finishes: Annotated[int, typer.Option(min=0, max=1000, help="At least so many.")] = 0,
    top_percent: Annotated[
        int | None, typer.Option(min=1, max=100, help="One finish within the best so many %.")
    ] = None,
    tag: Annotated[str, typer.Option(help="Of a challenge they finished.")] = "",
    words: Annotated[str, typer.Option(metavar="TEXT", help="They read it.")] = "",
) -> object:
    """Invite people who take invitations, by past results; you learn how many, not who."""
    from palio.cli.client.people import PeopleApi  # noqa: PLC0415 (slow import)

    order = {"tier": tier, "finishes": finishes, "tag": tag, "words": words}
    with PeopleApi(*server_and_token()) as api:
        done = api.invite_by_results(
            challenge_in_use(challenge), order | {"top_percent": top_percent}
        )
    match done["invited"]:
        case 0:
            show.line("Nobody was invited: nobody who takes invitations has such results now.")
        case count:
            show.line(f"{count} {'person was' if count == 1 else 'people were'} invited.")
    return done


def grant(
    challenge: Named,
    team: Annotated[str, typer.Argument(help="Name or id of the team.")],
    *,
    tries: Annotated[int, typer.Option(min=1, max=1000, help="How many more.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Stands in the team's ledger.")],
) -> object:
    """Give a team more tries in the phase that is open."""
    with organizing() as api:
        api.grant_tries(challenge, team=team, tries=tries, reason=reason)
    show.line(f"{team} has {tries} more {'try' if tries == 1 else 'tries'}.")
    return {"challenge": challenge, "team": team, "tries": tries, "reason": reason}


def archive(challenge: Named) -> object:
    """Put a finished challenge away; everybody still reads it."""
    with organizing() as api:
        api.archive(challenge)
    show.line(f"{challenge} is archived.")
    return {"challenge": challenge, "state": "archived"}


def _instant(text: str) -> str:
    """Return a time that names its zone as ISO 8601; raises `ClientError`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ClientError(
            f"“{text}” is no time with its zone.",
            hint="Write 2026-12-24T00:00:00Z, or 2026-12-24T01:00:00+01:00.",
        )
    return instant.isoformat()
