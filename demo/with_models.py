"""`make demo-models`: an image, a zip of code and an own metric, in boxes, on one board."""

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.table import Table

from palio.cli.client import show
from palio.cli.client.answers import Submission
from palio.cli.client.api import Api
from palio.demo import challenge, entries, models, play, programs, server, trust
from palio.demo.play import Stage
from palio.sandbox import bundle
from palio.sandbox.runtime import build

COMMAND = "make demo-models"
HOURS = 24  # until the deadline: this demo is about models, not about the end
WAIT_SECONDS = 600.0
ROLES = {"organizer": play.HOST, "participant": "felix", "administrator": play.ADMIN}


@dataclass(frozen=True, slots=True)
class Entry:
    """What one participant sends."""

    who: str
    delivery: str
    words: str
    file: Path


def main() -> int:
    """Play the demo; exit code 1 with words when it cannot go on."""
    options = server.options_of(COMMAND, description=__doc__).parse_args()
    return server.run(
        options, command=COMMAND, seconds=HOURS * 3600, perform=perform, prepare=prepare
    )


def prepare(stage: Stage) -> None:
    """See what boxes this machine has, and make the runtime that code and metrics run in."""
    stage.step("palio doctor: which boxes does this machine offer?")
    stage.show("doctor", "--data", str(stage.data))
    stage.step("making the runtime of code and metrics: Python, numpy, pandas, scikit-learn")
    stage.palio("runtime", "build", "--data", str(stage.data))


def perform(stage: Stage) -> None:
    """Play every act in turn."""
    with ExitStack() as stack, Api(stage.server) as spectator:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        play.make_accounts(stage)
        stage.step("the organizer writes, checks and publishes a challenge with an own metric")
        launch(stage)
        trust.deposit(stage)
        for entry in make_entries(stage, folder):
            take_part(stage, entry)
        stage.step("[bold]predictions, code and image on one board, by the host's own metric[/]")
        show_board(stage, spectator)
    stage.console.print()
    for line in play.farewell(stage, roles=ROLES):
        stage.console.print(line)


def launch(stage: Stage) -> None:
    """Write, check and publish the challenge as its organizer."""
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 (a person reads the wall clock)
    programs.write_challenge(stage.pack, opens_at=now, closes_at=now + timedelta(hours=HOURS))
    stage.show("challenge", "check", str(stage.pack), "--data", str(stage.data))
    stage.palio(
        "challenge", "publish", str(stage.pack), "--organizer", play.HOST, "--data", str(stage.data)
    )


def make_entries(stage: Stage, folder: Path) -> tuple[Entry, ...]:
    """Make what the participants send: one of them forgot to write any output."""
    data = stage.pack / "data"
    known, asked = models.read_data(data)
    predictions = folder / "predictions.csv"
    models.write_predictions(predictions, asked, models.film_mean(5)(known, asked))
    forgetful = folder / "forgetful"
    forgetful.mkdir()
    (forgetful / "palio-model.toml").write_text('command = ["python", "main.py"]\n')
    (forgetful / "main.py").write_text("print('trained for hours, and wrote nothing')\n")
    bundle.pack(forgetful, folder / "forgetful.zip")
    entries.write_code(folder / "leanings.zip")
    stage.step("felix trains at home and makes an image that only predicts")
    runtime = build.ensure(stage.data / server.KEPT, packages=False)
    work = folder / "work"
    work.mkdir()
    image = folder / "factors.tar.gz"
    entries.write_trained_image(image, data=data, runtime=runtime, workdir=work)
    return (
        Entry("gita", "predictions", "film means, as a file", predictions),
        Entry("bea", "code", "leanings, trained in the box", folder / "leanings.zip"),
        Entry("filip", "code", "a program that writes nothing", folder / "forgetful.zip"),
        Entry("felix", "image", "a trained factorisation in an image", image),
    )


def take_part(stage: Stage, entry: Entry) -> None:
    """Sign up, send one entry and tell what becomes of it."""

    def say(text: str) -> None:
        stage.step(f"[cyan]{entry.who:<7}[/] {text}")

    with Api(stage.server) as visitor:
        visitor.sign_up(
            handle=entry.who, password=stage.passwords[entry.who], display_name=entry.who.title()
        )
        token = visitor.make_token(
            name="demo", handle=entry.who, password=stage.passwords[entry.who]
        )["token"]
    with Api(stage.server, token) as api:
        api.accept_rules(challenge.SLUG, sha256=api.rules(challenge.SLUG)["sha256"])
        before = api.quota(challenge.SLUG)["remaining"]
        size = show.size_of(entry.file.stat().st_size)
        say(f"sends {entry.words} ({entry.delivery}, {size})")
        receipt = api.submit(challenge.SLUG, entry.file, note=entry.words, delivery=entry.delivery)
        ended = api.wait(receipt["submission_id"], timeout_seconds=WAIT_SECONDS)
        for line in story(ended):
            say(line)
        say(f"tries left: {before} before, {api.quota(challenge.SLUG)['remaining']} after")


def story(ended: Submission) -> list[str]:
    """Say in a few lines how a submission fared."""
    lines = []
    runs = ended.get("runs") or {}
    for name in ("smoke", "hidden"):
        run = runs.get(name)
        if run:
            memory = run["peak_memory_bytes"] / 2**20
            used = f"{round(run['wall_seconds'], 2):g} s, {memory:.0f} MiB"
            lines.append(f"{name} run: {run['outcome']}, {used}")
    if ended["state"] == "scored":
        scores = ", ".join(f"{one['metric']} {one['score']}" for one in ended["public_scores"])
        return [*lines, f"scored: {scores}"]
    return [*lines, f"{ended['state']}: {ended['reason']}"]


def show_board(stage: Stage, api: Api) -> None:
    """Print the public board as a table."""
    play.wait_for_first_board(stage, api)
    table = Table(title="public board", title_justify="left", title_style="bold")
    for name in ("rank", "team", "mean RMSE per person", f"better than {challenge.BASELINE}"):
        table.add_column(name, justify="left" if name == "team" else "right")
    for row in play.rows(api, "public"):
        better = row.get("improvement")
        cells = (
            str(row["rank"] or "-"),
            row["team"],
            row["score"],
            f"{better} %" if better else "",
        )
        table.add_row(*cells, style="" if row["rank"] else "yellow")
    stage.console.print(table)


if __name__ == "__main__":
    sys.exit(main())
