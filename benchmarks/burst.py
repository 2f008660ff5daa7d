"""A burst on the embedded default: N submissions within S seconds, over the public interface.

    python benchmarks/burst.py [--submissions 300] [--rows 10000] [--seconds 5] [--teams 30]

Starts `palio serve` (SQLite, files, folder broker) in a temporary folder, sends the submissions
evenly spread over the seconds, waits for the last score, and checks that every receipt is scored,
none is lost and none counted twice. Prints times, and how far the order of scoring was from the
order of receipt. Nothing here is a test of speed.
"""

import argparse
import asyncio
import base64
import hashlib
import multiprocessing
import socket
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import numpy as np
from sqlalchemy import text

from palio.accounts import api_tokens
from palio.accounts import service as accounts
from palio.accounts.contracts import Scope
from palio.challenges import service as challenges
from palio.challenges.packs import read_pack
from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.core.storage import LocalStorage
from palio.migrations.upgrade import upgrade
from palio.pipeline import launch, supervise, tables

PATIENCE_SECONDS = 600
SLUG = "burst"
TOML = """
slug = "burst"
title = "Burst"
tagline = "Many at once"
organizer = "Benchmark"
data_licence = "CC0"
[[metrics]]
name = "rmse"
digits = 6
[submission]
id_column = "id"
id_kind = "integer"
[[submission.targets]]
name = "rating"
kind = "real"
[answers]
public_share = 0.5
seed = 42
[[phases]]
name = "main"
opens_at = {opens_at}
closes_at = {closes_at}
quota = {{ zone = "UTC" }}
[teams]
max_members = 1
[entries]
rule = "best_public"
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent."""

    submissions: int
    rows: int
    seconds: float
    teams: int


def main() -> None:
    """Run one burst and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--teams", type=int, default=30)
    load = Load(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_folder=Path(folder) / "data", port=free_port())
        tokens = prepare(settings, load, Path(folder) / "pack")
        server = multiprocessing.get_context("spawn").Process(
            target=supervise.serve, args=(settings,)
        )
        server.start()
        try:
            wait_for_workers(settings)
            asyncio.run(burst(settings, load, tokens))
        finally:
            server.terminate()
            server.join(60)
        report(settings, load)


def free_port() -> int:
    """Return a port nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def prepare(settings: Settings, load: Load, pack: Path) -> list[str]:
    """Launch the challenge and return one token for each team."""
    settings.data_folder.mkdir(parents=True)
    write_pack(pack, rows=load.rows)
    engine = db.open_engine(settings.database)
    upgrade(engine, metadata=tables.metadata)
    tokens = []
    with db.unit_of_work(engine, send=lambda _: None) as session:
        now = database_now(session)
        people = [
            accounts.sign_up(
                session,
                handle=f"team{number}",
                display_name=f"Team {number}",
                email=None,
                password_hash="-",  # noqa: S106 (nobody signs in)
                now=now,
            )
            for number in range(load.teams + 1)
        ]
        challenge = launch.publish_pack(
            session,
            pack=read_pack(pack),
            blobs=LocalStorage(settings.blobs_folder),
            sealed=LocalStorage(settings.sealed_folder),
            hidden=LocalStorage(settings.hidden_folder),
            organizer_id=people.pop().id,
            now=now,
        )
        for person in people:
            challenges.accept_rules(
                session,
                challenge_id=challenge.id,
                person_id=person.id,
                rules_sha256=challenge.rules_sha256,
                now=now,
            )
            token = api_tokens.make_token(
                session,
                person_id=person.id,
                name="burst",
                scope=Scope.SUBMIT,
                challenge_id=None,
                days=1,
                now=now,
            )
            tokens.append(token.secret)
    engine.dispose()
    return tokens


def write_pack(folder: Path, *, rows: int) -> None:
    """Write the challenge folder."""
    (folder / "data").mkdir(parents=True)
    now = datetime.fromtimestamp(time.time(), UTC)
    toml = TOML.format(
        opens_at=(now - timedelta(hours=1)).isoformat(timespec="seconds"),
        closes_at=(now + timedelta(hours=1)).isoformat(timespec="seconds"),
    )
    (folder / "challenge.toml").write_text(toml)
    (folder / "description.md").write_text("# Burst\n\nMany at once.\n")
    (folder / "rules.md").write_text("# Rules\n\nNone.\n")
    (folder / "data" / "train.csv").write_text("id,rating\n0,3\n")
    (folder / "solution.csv").write_bytes(predictions(0, rows=rows))


def predictions(seed: int, *, rows: int) -> bytes:
    """Return a file of random ratings."""
    values = np.random.default_rng(seed).uniform(1, 5, rows)
    lines = [f"{row + 1},{value:.3f}" for row, value in enumerate(values.tolist())]
    return ("\n".join(["id,rating", *lines]) + "\n").encode()


def wait_for_workers(settings: Settings) -> None:
    """Return when the server and its worker answer."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"{settings.url}/healthz", timeout=5).json()["workers_alive"]:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError("the server did not start")


async def burst(settings: Settings, load: Load, tokens: list[str]) -> None:
    """Send everything, then wait until nothing is pending."""
    bodies = [predictions(seed + 1, rows=load.rows) for seed in range(load.submissions)]
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=settings.url, timeout=120, limits=limits) as client:
        begin = time.monotonic()

        async def send(number: int) -> tuple[str, float]:
            await asyncio.sleep(number * load.seconds / load.submissions)
            asked = time.monotonic()
            receipt_id = await submit(
                client, token=tokens[number % len(tokens)], number=number, body=bodies[number]
            )
            return receipt_id, time.monotonic() - asked

        sent = await asyncio.gather(*(send(number) for number in range(load.submissions)))
        sent_seconds = time.monotonic() - begin
        waits = sorted(seconds for _, seconds in sent)
        print(f"{len({one for one, _ in sent})} receipts in {sent_seconds:.2f} s;", end=" ")
        print(f"answer after {median(waits):.3f} s (median), {waits[-1]:.3f} s (slowest)")
        while await pending(client, tokens):  # noqa: ASYNC110 (another process does the work)
            await asyncio.sleep(0.2)
        print(f"all ended {time.monotonic() - begin:.2f} s after the first was sent")


async def submit(client: httpx.AsyncClient, *, token: str, number: int, body: bytes) -> str:
    """Hand in one file."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    answer = await client.post(
        f"/api/v1/challenges/{SLUG}/submissions",
        params={"file_name": f"{number}.csv"},
        content=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"burst-{number}",
            "Content-Digest": f"sha-256=:{digest}:",
        },
    )
    answer.raise_for_status()
    submission_id: str = answer.json()["submission_id"]
    return submission_id


async def pending(client: httpx.AsyncClient, tokens: list[str]) -> bool:
    """Tell whether any team has a submission that has not ended."""
    for token in tokens:
        answer = await client.get(
            f"/api/v1/challenges/{SLUG}/submissions",
            params={"limit": 500},
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()
        if any(item["state"] in ("received", "running") for item in answer.json()["items"]):
            return True
    return False


def report(settings: Settings, load: Load) -> None:
    """Look into the database: what was scored, how often, and in which order."""
    engine = db.open_engine(settings.database)
    with engine.connect() as connection:
        states = connection.execute(
            text("SELECT state, count(*) AS total FROM submission GROUP BY state")
        )
        print("states:", {row.state: row.total for row in states})
        scores = connection.execute(text("SELECT count(*) FROM public_score")).scalar_one()
        attempts = connection.execute(text("SELECT max(attempts) FROM job")).scalar_one()
        ended = connection.execute(
            text("SELECT id FROM submission ORDER BY ended_at, received_at")
        ).scalars()
        places = {one: place for place, one in enumerate(ended)}
        received = connection.execute(text("SELECT id FROM submission ORDER BY received_at"))
        moved = [abs(places[one] - place) for place, one in enumerate(received.scalars())]
    engine.dispose()
    print(f"{scores} scores for {load.submissions} submissions; at most {attempts} attempt(s) each")
    print(f"order: scored at most {max(moved)} places away from the order of receipt")


if __name__ == "__main__":
    main()
