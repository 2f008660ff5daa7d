"""A launched challenge with teams that submit, for tests of the pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Engine, text
from sqlmodel import col, select
from tests.factories import folders

from palio.accounts import service as accounts
from palio.accounts.contracts import Team
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, Delivery
from palio.challenges.packs import read_pack
from palio.core import db, queue
from palio.core.clock import database_now
from palio.core.storage import LocalStorage
from palio.pipeline import launch, leases, steps
from palio.pipeline.models import Job
from palio.submissions import queries as submissions
from palio.submissions.contracts import QuotaStatus, Receipt, Submission, UploadLimits

ROWS = 40
TRUTH = tuple(1.0 + (row * 7 % 9) / 2 for row in range(ROWS))
LIMITS = UploadLimits()

PACK = """
slug = "ratings"
title = "Ratings"
tagline = "Guess them"
organizer = "Us"
data_licence = "CC0"
{ratings}[[phases]]
name = "main"
opens_at = {opens_at}
closes_at = {closes_at}
quota = {{ per_day = 100, zone = "UTC" }}
[teams]
max_members = 3
[entries]
rule = "best_public"
[[prizes]]
rank = 1
title = "First prize"
amount = "1000.00"
currency = "EUR"
[[prizes]]
rank = 2
title = "Second prize"
amount = "500.00"
currency = "EUR"
"""


def predictions(miss: float, *, rows: int = ROWS) -> bytes:
    """A sound file that misses every answer by `miss`."""
    lines = ["id,rating"]
    for row in range(rows):
        truth = TRUTH[row % ROWS]
        lines.append(f"{row + 1},{truth + miss if truth < 3 else truth - miss:.3f}")
    return ("\n".join(lines) + "\n").encode()


METRICS = """[[metrics]]
name = "rmse"
digits = 4
"""
MODELS = """
[models]
seconds = 600
memory = "64 MiB"
"""
MODEL_FILES = {
    "models/input/test.csv": b"id,film\n1,7\n",
    "models/sample/test.csv": b"id,film\n900001,7\n900002,8\n",
    "models/sample_submission.csv": b"id,rating\n900001,3\n900002,3\n",
}
SAMPLE_PREDICTIONS = b"id,rating\n900001,3.5\n900002,4\n"
OWN_METRIC = """[metric]
program = ["python", "run.py"]
[[metric.scores]]
name = "cost"
better = "lower"
digits = 2
"""
OWN_FILES = {"metric/run.py": b"print()\n"}


def write_pack(
    folder: Path,
    *,
    opens_at: datetime,
    closes_at: datetime,
    rows: int = ROWS,
    changes: str = "",
    metrics: str = METRICS,
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> Path:
    """A challenge folder with one baseline.

    `changes` is TOML put after everything else, `metrics` what stands for the metric, `files`
    come beside the others.
    """
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    toml = PACK.format(
        ratings=folders.RATINGS.format(minimum=0.5),
        opens_at=opens_at.isoformat(timespec="milliseconds"),
        closes_at=closes_at.isoformat(timespec="milliseconds"),
    )
    usage = ("Public", "Private")
    lines = [f"{row + 1},{TRUTH[row % ROWS]},{usage[row % 2]}" for row in range(rows)]
    return folders.write(
        folder,
        toml=toml.replace(METRICS, metrics) + changes,
        rules="Be fair.",
        solution="\n".join(["id,rating,Usage", *lines]) + "\n",
        baselines={"constant": predictions(1.0, rows=rows)},
    )


@dataclass
class Arena:
    """One database, its files, one challenge, one bench."""

    engine: Engine
    folder: Path
    bench: steps.ScoringBench
    sealed: LocalStorage
    sent: list[queue.Message] = field(default_factory=list)
    challenge_id: str = ""
    keys: int = 0

    @property
    def challenge(self) -> Challenge:
        with db.reading(self.engine) as session:
            return challenges.by_id(session, self.challenge_id)

    def now(self) -> datetime:
        with db.reading(self.engine) as session:
            return database_now(session)

    def launch(
        self,
        *,
        rows: int = ROWS,
        changes: str = "",
        metrics: str = METRICS,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        now = self.now()
        folder = write_pack(
            self.folder / "pack",
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(hours=1),
            rows=rows,
            changes=changes,
            metrics=metrics,
            files=files,
        )
        with self.bench.work() as session:
            host = accounts.sign_up(
                session,
                handle="hostess",
                display_name="Hostess",
                email=None,
                password_hash="-",  # noqa: S106 (nobody signs in)
                now=now,
            )
            self.challenge_id = launch.publish_pack(
                session,
                pack=read_pack(folder),
                blobs=self.bench.blobs,
                sealed=self.sealed,
                hidden=LocalStorage(self.folder / "hidden"),
                organizer_id=host.id,
                now=now,
            ).id

    def team(self, handle: str) -> Team:
        now = self.now()
        with self.bench.work() as session:
            person = accounts.sign_up(
                session,
                handle=handle,
                display_name=handle,
                email=None,
                password_hash="-",  # noqa: S106 (nobody signs in)
                now=now,
            )
            return accounts.solo_team(
                session, challenge_id=self.challenge_id, person=person, now=now
            )

    def submit(
        self, team: Team, content: bytes, *, delivery: Delivery = Delivery.PREDICTIONS
    ) -> Receipt:
        with self.bench.blobs.writer(limit_bytes=10**9) as writer:
            writer.write(content)
            blob = writer.keep()
        self.keys += 1
        with self.bench.work() as session:
            return launch.accept_submission(
                session,
                challenge=self.challenge,
                team_id=team.id,
                person_id=team.captain_id,
                blob=blob,
                file_name="p.csv",
                note="",
                idempotency_key=f"key-{self.keys}",
                limits=LIMITS,
                delivery=delivery,
            )

    def score_all(self) -> int:
        """Work the queue off; how many jobs it took."""
        done = 0
        while steps.score_next(self.bench, on_lost=lambda: None):
            done += 1
        return done

    def submission(self, submission_id: str) -> Submission:
        with db.reading(self.engine) as session:
            return submissions.submission(session, submission_id)

    def submissions_of(self, team: Team) -> Sequence[Submission]:
        with db.reading(self.engine) as session:
            return submissions.of_team(
                session, challenge_id=self.challenge_id, team_id=team.id
            ).items

    def quota(self, team: Team) -> QuotaStatus:
        with db.reading(self.engine) as session:
            return submissions.quota(
                session, challenge=self.challenge, team_id=team.id, now=database_now(session)
            )

    def job(self, submission_id: str) -> Job:
        with db.reading(self.engine) as session:
            job = session.exec(select(Job).where(col(Job.submission_id) == submission_id)).one()
            session.expunge(job)
            return job

    def jobs(self) -> Sequence[Job]:
        with db.reading(self.engine) as session:
            jobs = session.exec(select(Job).order_by(col(Job.id))).all()
            session.expunge_all()
            return jobs

    def change_jobs(self, statement: str, **values: object) -> None:
        """Change job rows as only a test may."""
        with self.engine.begin() as connection:
            connection.execute(text(f"UPDATE job SET {statement}"), values)  # noqa: S608 (tests own words)

    def end(self) -> None:
        """Let the last phase be over."""
        past = self.now() - timedelta(seconds=1)
        shown = past if self.engine.dialect.name == "postgresql" else f"{past:%Y-%m-%d %H:%M:%S.%f}"
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE phase SET closes_at = :at"), {"at": shown})
            connection.execute(text("UPDATE challenge SET next_change_at = :at"), {"at": shown})


def make_arena(engine: Engine, folder: Path, *, lease_seconds: int = 60) -> Arena:
    """An arena without a challenge yet; messages are kept in `sent`."""
    sent: list[queue.Message] = []
    sealed = LocalStorage(folder / "sealed")
    bench = steps.make_bench(
        engine=engine,
        send=sent.append,
        blobs=LocalStorage(folder / "blobs"),
        sealed=sealed,
        terms=leases.Terms(lease_seconds=lease_seconds, attempts=3),
        worker="test",
    )
    return Arena(engine, folder, bench, sealed, sent)
