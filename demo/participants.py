"""One participant of the demo, a process of its own that knows the public HTTP interface only."""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from palio.cli.client.api import Api
from palio.cli.client.errors import ClientError
from palio.demo import models
from palio.demo.models import Model

WAIT_SECONDS = 60.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Participant:
    """Who takes part, and with what.

    Attributes:
        name: Handle, also the name of the team of one.
        tries: Each a note for the team's list, and the model behind it.
        founds: Name of the team this participant founds, empty for none.
        joins: Name of the founder whose team this participant joins, empty for none.
        sends_broken_file: Whether the first file sent is one with faults.

    """

    name: str
    tries: tuple[tuple[str, Model], ...]
    founds: str = ""
    joins: str = ""
    sends_broken_file: bool = False


FACTORS = models.factorisation(rank=8, penalty=15, rounds=8)
BIASES = models.biases(shrinkage=4, rounds=8)
NEIGHBOURS = models.neighbourhood(neighbours=60, shrinkage=40)

CAST = {
    one.name: one
    for one in (
        Participant(
            "gita",
            (("always 3.5", models.constant(3.5)), ("global mean", models.global_mean)),
            sends_broken_file=True,
        ),
        Participant(
            "filip",
            (("film mean", models.film_mean(0)), ("film mean, shrunken", models.film_mean(5))),
        ),
        Participant(
            "bea",
            (
                ("person + film, 2 pseudo-ratings", models.biases(shrinkage=2, rounds=8)),
                ("person + film, 8 pseudo-ratings", models.biases(shrinkage=8, rounds=8)),
            ),
        ),
        Participant(
            "nadia",
            (
                ("20 nearest films", models.neighbourhood(neighbours=20, shrinkage=10)),
                ("60 nearest films", models.neighbourhood(neighbours=60, shrinkage=40)),
            ),
        ),
        Participant(
            "felix",
            (
                ("factorisation, rank 4", models.factorisation(rank=4, penalty=10, rounds=8)),
                ("factorisation, rank 8", FACTORS),
            ),
            founds="Factor and Friends",
        ),
        Participant(
            "bianca",
            (
                ("blend of two", models.blend((BIASES, FACTORS))),
                ("blend of three", models.blend((BIASES, FACTORS, NEIGHBOURS))),
            ),
            joins="felix",
        ),
    )
}


def take_part(who: Participant, *, api: Api, slug: str, folder: Path, invites: Path) -> None:
    """Accept the rules, download, train, check, submit, wait: what a person would do."""
    api.accept_rules(slug, sha256=api.rules(slug)["sha256"])
    form_team(who, api=api, slug=slug, invites=invites)
    folder.mkdir(parents=True, exist_ok=True)
    for item in api.data(slug):
        api.download(slug, item, folder / item["path"])
    ratings, questions = models.read_data(folder)
    if who.sends_broken_file:
        send_broken_file(api, slug=slug, path=folder / "broken.csv", questions=questions)
    for number, (note, model) in enumerate(who.tries, start=1):
        path = folder / f"try-{number}.csv"
        models.write_predictions(path, questions, model(ratings, questions))
        verdict = api.check(slug, path)["verdict"]
        receipt = api.submit(slug, path, note=note)
        ended = api.wait(receipt["submission_id"], timeout_seconds=WAIT_SECONDS)
        scores = ", ".join(
            f"{score['metric']} {score['score']}" for score in ended["public_scores"]
        )
        say(f"{note}: checked ({verdict}), submitted, {scores or ended['status']}")


def form_team(who: Participant, *, api: Api, slug: str, invites: Path) -> None:
    """Found a team and leave the invite where the friend finds it, or join by it."""
    if who.founds:
        team = api.create_team(slug, name=who.founds)
        invite = api.invite(slug)["code"]
        (invites / f"{who.name}.part").write_text(invite, encoding="utf-8")
        (invites / f"{who.name}.part").rename(invites / who.name)
        say(f"founds the team {team['name']}")
    if who.joins:
        invite_file = invites / who.joins
        ends_at = time.monotonic() + WAIT_SECONDS
        while not invite_file.exists():
            if time.monotonic() > ends_at:
                raise ClientError(f"No invite from {who.joins} came.")
            time.sleep(LOOK_SECONDS)
        team = api.join_team(invite_file.read_text(encoding="utf-8"))
        say(f"joins the team {team['name']}")


def send_broken_file(api: Api, *, slug: str, path: Path, questions: models.Questions) -> None:
    """Send a file with a word for a number and a row too few, and show that it costs no try."""
    before = api.quota(slug)["remaining"]
    rows = [f"{key},3.5" for key in questions.ids[:-1]]
    rows[40] = f"{questions.ids[40]},three and a half"
    path.write_text("\n".join(["id,rating", *rows]) + "\n", encoding="utf-8")
    receipt = api.submit(slug, path, note="in a hurry")
    ended = api.wait(receipt["submission_id"], timeout_seconds=WAIT_SECONDS)
    say(f"sends a broken file: {ended['state']}")
    for finding in ended["findings"]:
        say(f"  {finding['text']}")
    say(f"tries left: {before} before, {api.quota(slug)['remaining']} after")


def say(text: str) -> None:
    """Print one line at once; whoever started this process shows it."""
    print(text, flush=True)


def main() -> int:
    """Play one participant; the password comes on standard input."""
    parser = argparse.ArgumentParser(description="One participant of Palio's demo.")
    parser.add_argument("name", choices=sorted(CAST))
    parser.add_argument("--server", required=True)
    parser.add_argument("--challenge", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--invites", type=Path, required=True)
    options = parser.parse_args()
    password = sys.stdin.readline().strip()
    who = CAST[options.name]
    try:
        with Api(options.server) as visitor:
            visitor.sign_up(handle=who.name, password=password, display_name=who.name.title())
            token = visitor.make_token(name="demo", handle=who.name, password=password)["token"]
        with Api(options.server, token) as api:
            take_part(
                who,
                api=api,
                slug=options.challenge,
                folder=options.folder,
                invites=options.invites,
            )
    except ClientError as error:
        say(f"error: {error.detail}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
