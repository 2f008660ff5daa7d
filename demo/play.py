"""The demo's course of events, told step by step as they happen."""

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from palio.cli.client.answers import BoardName, BoardRow
from palio.cli.client.api import Api
from palio.cli.client.errors import ApiError
from palio.demo import challenge
from palio.demo.participants import CAST

PALIO = (sys.executable, "-m", "palio.cli")
HOST, ADMIN, JUDGE = "olga", "ada", "judy"
START_SECONDS = 60.0
REVEAL_SECONDS = 60.0
LOOK_SECONDS = 0.25
CLOSE_CALL_SECONDS = 12
EXTENSION_SECONDS = 30


class DemoError(Exception):
    """The demo cannot go on; says why and what to do."""


@dataclass
class Stage:
    """What the play works with.

    Attributes:
        data: Folder of the server and of everything the demo makes.
        server: Address of the running server.
        seconds: Length of the phase.
        passwords: Handle to password, made anew each time.

    """

    console: Console
    data: Path
    server: str
    seconds: int
    started: float = field(default_factory=time.monotonic)
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def pack(self) -> Path:
        """The organizer's challenge folder."""
        return self.data / "organizer" / challenge.SLUG

    def step(self, text: str) -> None:
        """Print one step with the seconds since the beginning."""
        seconds = time.monotonic() - self.started
        self.console.print(f"[dim]{seconds:5.1f} s[/]  {text}", soft_wrap=True)

    def palio(self, *arguments: str, given: str = "") -> str:
        """Run a `palio` command as its user would and return what it prints."""
        done = subprocess.run(  # noqa: S603 (our own command)
            [*PALIO, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DemoError(f"palio {' '.join(arguments)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def show(self, *arguments: str) -> None:
        """Run a `palio` command and let it be seen as its user would see it."""
        if not self.console.is_terminal:
            self.console.print(self.palio(*arguments).rstrip(), highlight=False, soft_wrap=True)
            return
        done = subprocess.run([*PALIO, *arguments], check=False)  # noqa: S603 (our own command)
        if done.returncode != 0:
            raise DemoError(f"palio {' '.join(arguments)} ended with {done.returncode}.")


@dataclass
class Player:
    """A participant's process: its exit code, None while it plays, and the last line it said."""

    handle: str
    process: "subprocess.Popen[str]"
    last_words: str = ""
    ended_with: int | None = None

    def relay(self, stage: Stage, lines: IO[str]) -> None:
        """Print what the process says as it comes, until it ends."""
        for line in lines:
            self.last_words = line.strip().removeprefix("error: ")
            stage.step(f"[cyan]{self.handle:<7}[/] {line.rstrip()}")
        self.ended_with = self.process.wait()


def wait_for_server(stage: Stage, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; raises `DemoError` with its last words when it does not."""
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at:
        if server.poll() is not None:
            raise DemoError((stage.data / "server.log").read_text(encoding="utf-8")[-2000:])
        try:
            if httpx.get(f"{stage.server}/healthz", timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(LOOK_SECONDS)
    raise DemoError(f"The server did not answer within {START_SECONDS:g} s.")


def make_accounts(stage: Stage) -> None:
    """Make the organizer and the administrator; participants sign up themselves."""
    for handle in (HOST, ADMIN, JUDGE, *CAST):
        stage.passwords[handle] = secrets.token_urlsafe(9)
    for handle, flags in ((HOST, ()), (ADMIN, ("--admin",))):
        stage.palio(
            "user", "create", handle, *flags, "--password-stdin", "--data", str(stage.data),
            given=stage.passwords[handle],
        )  # fmt: skip


def launch(stage: Stage) -> None:
    """Write, check and publish the challenge as its organizer."""
    challenge.write_challenge(stage.pack, **_times(stage))
    stage.show("challenge", "check", str(stage.pack))
    challenge.write_settings(stage.pack, **_times(stage))  # on a slow machine checking takes long
    stage.palio(
        "challenge", "publish", str(stage.pack), "--organizer", HOST, "--data", str(stage.data)
    )


def _times(stage: Stage) -> dict[str, datetime]:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 (a person reads the wall clock)
    return {"opens_at": now, "closes_at": now + timedelta(seconds=stage.seconds)}


def as_organizer(stage: Stage, path: str, document: dict[str, str | int]) -> httpx.Response:
    """Post to one of the challenge's host addresses with a token of the organizer's."""
    with Api(stage.server) as visitor:
        token = visitor.make_token(
            name="host", handle=HOST, password=stage.passwords[HOST], scope="organize"
        )["token"]
    answer = httpx.post(
        f"{stage.server}/api/v1/challenges/{challenge.SLUG}/{path}",
        json=document,
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.raise_for_status()


def invite_judge(stage: Stage) -> None:
    """Let a judge in by a join link: no e-mail is needed."""
    link = as_organizer(stage, "join-links", {"role": "judge", "uses": 1, "days": 1}).json()
    with Api(stage.server) as visitor:
        visitor.sign_up(
            handle=JUDGE,
            password=stage.passwords[JUDGE],
            display_name=JUDGE.title(),
            join_code=link["code"],
        )


def start_participants(stage: Stage, stack: ExitStack) -> list[Player]:
    """Start a process for each participant; their words are printed as they come."""
    invites = stage.data / "participants" / "invites"
    invites.mkdir(parents=True)
    players = []
    for handle in CAST:
        process = subprocess.Popen(  # noqa: S603 (our own module)
            [
                sys.executable, "-m", "palio.demo.participants", handle,
                "--server", stage.server,
                "--challenge", challenge.SLUG,
                "--folder", str(stage.data / "participants" / handle),
                "--invites", str(invites),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        stack.callback(process.kill)
        if process.stdin is None or process.stdout is None:
            raise DemoError("a participant could not be started")
        process.stdin.write(stage.passwords[handle] + "\n")
        process.stdin.close()
        player = Player(handle, process)
        threading.Thread(target=player.relay, args=(stage, process.stdout), daemon=True).start()
        players.append(player)
    return players


def wait_for_first_board(stage: Stage, api: Api, players: Sequence[Player] = ()) -> None:
    """Wait until a team stands on the public board."""
    ends_at = time.monotonic() + stage.seconds
    while time.monotonic() < ends_at:
        someone_plays(players)
        if any(row["rank"] for row in rows(api, "public")):
            break
        if seconds_left(api) < CLOSE_CALL_SECONDS:
            extend(stage, api)
        time.sleep(LOOK_SECONDS)


def wait_for_participants(stage: Stage, api: Api, players: Sequence[Player]) -> None:
    """Wait until all have submitted; on a slow machine the organizer gives them more time."""
    while someone_plays(players):
        if seconds_left(api) < CLOSE_CALL_SECONDS:
            extend(stage, api)
        time.sleep(LOOK_SECONDS)


def someone_plays(players: Sequence[Player]) -> bool:
    """Tell whether any still plays; raises `DemoError` when one ended with a fault."""
    for player in players:
        if player.ended_with:
            raise DemoError(f"{player.handle} could not take part. {player.last_words}")
    return any(player.ended_with is None for player in players)


def seconds_left(api: Api) -> float:
    """Return the seconds until the phase closes, by the server's clock."""
    detail = api.challenge(challenge.SLUG)
    closes_at = datetime.fromisoformat(detail["phases"][0]["closes_at"])
    return (closes_at - datetime.fromisoformat(detail["now"])).total_seconds()


def extend(stage: Stage, api: Api) -> None:
    """Move the deadline forwards, in public, as only an organizer can."""
    closes_at = api.challenge(challenge.SLUG)["phases"][0]["closes_at"]
    later = datetime.fromisoformat(closes_at) + timedelta(seconds=EXTENSION_SECONDS)
    as_organizer(
        stage,
        "phases/main/extension",
        {"closes_at": later.isoformat(), "reason": "Some models are still training."},
    )
    stage.step(f"the organizer extends the phase to {later:%H:%M:%S} UTC: models still train")


def wait_for_deadline(stage: Stage, api: Api) -> None:
    """Show the time left until the phase closes, by the server's clock."""
    whole = max(seconds_left(api), 0.1)
    ends_at = time.monotonic() + whole
    columns = (TextColumn("         the deadline comes"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stage.console, transient=True) as progress:
        bar = progress.add_task("deadline", total=whole)
        while (left := ends_at - time.monotonic()) > 0:
            progress.update(bar, completed=whole - left)
            time.sleep(min(LOOK_SECONDS, left))


def send_late(stage: Stage) -> None:
    """Try to submit after the deadline, and show the answer."""
    late = "gita"
    with Api(stage.server) as visitor:
        token = visitor.make_token(name="late", handle=late, password=stage.passwords[late])
    with Api(stage.server, token["token"]) as api:
        try:
            api.submit(challenge.SLUG, stage.data / "participants" / late / "try-2.csv")
        except ApiError as error:
            stage.step(f"[cyan]{late:<7}[/] one more file, too late: {error.detail}")
        else:
            raise DemoError("A file was taken after the deadline.")


def wait_for_reveal(api: Api) -> None:
    """Wait until everything in time is scored and the private board is shown."""
    ends_at = time.monotonic() + REVEAL_SECONDS
    while api.challenge(challenge.SLUG)["state"] not in ("revealed", "awarded"):
        if time.monotonic() > ends_at:
            raise DemoError("The private board was not revealed in time.")
        time.sleep(LOOK_SECONDS)


def rows(api: Api, board: BoardName) -> list[BoardRow]:
    """Return a board's rows; none while there is no board."""
    try:
        return api.leaderboard(challenge.SLUG, board=board)["items"]
    except ApiError as error:
        if error.status == httpx.codes.NOT_FOUND:
            return []
        raise


def show_board(stage: Stage, api: Api, board: BoardName) -> None:
    """Print a board as a table."""
    table = Table(title=f"{board} board", title_justify="left", title_style="bold")
    for name in ("rank", "team", "RMSE", f"better than {challenge.BASELINE}"):
        table.add_column(name, justify="left" if name == "team" else "right")
    page = api.leaderboard(challenge.SLUG, board=board)
    for place, row in enumerate([*page["items"], None]):
        for line in page["lines"]:
            if line["position"] == place:
                gain = f"{line['improvement']} %"
                table.add_row("", line["title"], line["score"], gain, style="red")
        if row is None:
            break
        better = row.get("improvement")
        style = "" if row["rank"] else "yellow"
        cells = (
            str(row["rank"] or "-"),
            row["team"],
            row["score"],
            f"{better} %" if better else "",
        )
        table.add_row(*cells, style=style)
    stage.console.print(table)


def show_awards(stage: Stage, api: Api) -> None:
    """Print who is offered which prize."""
    for award in api.awards(challenge.SLUG):
        stage.step(
            f"[green]{award['title']}[/], {award['money']['text']}, is offered to "
            f"{award['team']} ({award['state']})"
        )


def farewell(stage: Stage, *, roles: Mapping[str, str]) -> Iterator[str]:
    """Yield what a newcomer looks at next: addresses and an account for each role."""
    page = f"{stage.server}/challenges/{challenge.SLUG}"
    yield f"The board        {page}/board"
    yield f"The challenge    {page}"
    yield f"The host's page  {page}/host"
    yield f"The API          {stage.server}/api/v1/openapi.json"
    for role, handle in roles.items():
        yield f"{role:<16} {handle:<8} password {stage.passwords[handle]}"
