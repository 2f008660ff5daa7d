"""Programs and own metrics before the reveal: nothing depends on private answers (ADR 0016).

The boxes are fakes whose programs do their worst: whatever they say, log, score or refuse is made
from every byte they were given.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import select
from tests.factories.boxed import code
from tests.factories.models import ABLE
from tests.fakes.sandbox import FakeSandbox, ended, wrote
from tests.web.site import Site, make_site
from tests.web.toy_pack import predictions, write_pack
from tests.web.twins import answers, change_private_answers, play, private_scores, twin_of

from palio.accounts import passwords
from palio.challenges.packs import read_pack
from palio.core import db
from palio.core.clock import database_now
from palio.core.storage import LocalStorage
from palio.pipeline import launch, model_steps, steps, sweep
from palio.pipeline.bench import Boxes
from palio.pipeline.contracts import Queue
from palio.pipeline.models import Job
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunReport, RunSpec, RuntimeRoot
from palio.submissions import queries as submissions

OWN_METRIC = """[metric]
file = "metric.py"
[[metric.scores]]
name = "cost"
better = "lower"
digits = 4
"""
MODELS = """
[models]
seconds = 600
memory = "64 MiB"
"""
FILES = {
    "metric.py": b"def score(solution, submission, row_id_column_name):\n    return 1.0\n",
    "models/input/test.csv": b"id,film\n1,7\n",
    "models/sample/test.csv": b"id,film\n900001,7\n",
}
MOODS = ("scores", "private_breaks", "private_refuses", "refuses", "breaks")
PATHS = (
    "/challenges/toy",
    "/challenges/toy/board",
    "/challenges/toy/board?board=private",
    "/challenges/toy/submissions",
    "/challenges/toy/host",
    "/api/v1/challenges/toy",
    "/api/v1/challenges/toy/submissions",
    "/api/v1/challenges/toy/submissions?all=true",
    "/api/v1/challenges/toy/quota",
    "/api/v1/challenges/toy/leaderboard",
    "/api/v1/challenges/toy/leaderboard?board=private",
    "/api/v1/challenges/toy/leaderboard.csv",
    "/api/v1/challenges/toy/host",
    "/api/v1/challenges/toy/export",
    "/healthz",
)


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "PASSES", 1)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose challenge has a metric of its own and takes code."""
    made = make_site(tmp_path / "site")
    folder = write_pack(
        made.folder / "packs", slug="toy", now=made.now(), per_day=50, baselines=False
    )
    toml = (folder / "challenge.toml").read_text()
    start, end = toml.index("[[metrics]]"), toml.index("[submission]")
    (folder / "challenge.toml").write_text(toml[:start] + OWN_METRIC + toml[end:] + MODELS)
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with made.work() as session:
        launch.publish_pack(
            session,
            pack=read_pack(folder),
            blobs=made.state.storage,
            sealed=LocalStorage(made.settings.sealed_folder),
            hidden=LocalStorage(made.settings.hidden_folder),
            organizer_id=made.organizer_id,
            now=database_now(session),
        )
    sweep.say_alive(
        replace(made.bench, worker="models"), processes=1, queues=(Queue.MODEL,), abilities=ABLE
    )
    yield made
    made.close()


def everything_in(spec: RunSpec) -> str:
    """A digest of every byte that a metric was given."""
    digest = hashlib.sha256()
    for path in sorted(spec.mounts[0].source.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def metric(mood: str, spec: RunSpec, into: Path) -> RunReport:
    seen = everything_in(spec)
    is_private = spec.name.box == "metric-private"
    if mood == "breaks" or (mood == "private_breaks" and is_private):
        return ended(Outcome.PROGRAM_ERROR, log=seen.encode(), reason=seen)
    if mood == "refuses" or (mood == "private_refuses" and is_private):
        return wrote(into, json.dumps({"visible": seen}).encode(), name="result.json")
    scores = {"scores": {"cost": int(seen[:8], 16) / 1000}}
    return wrote(into, json.dumps(scores).encode(), name="result.json")


def model(spec: RunSpec, into: Path) -> RunReport:
    rows = b"id,rating\n900001,3\n" if spec.name.box == "smoke" else predictions(0.5)
    return wrote(into, rows)


def run_all(site: Site, moods: dict[str, str]) -> None:
    """Work off every queue with programs in these moods, by submission."""

    def mood_of(job_id: str) -> str:
        with db.reading(site.state.engine) as session:
            return moods[session.exec(select(Job.submission_id).where(Job.id == job_id)).one()]

    def behave(spec: RunSpec, into: Path) -> RunReport:
        if spec.name.box in {"smoke", "model"}:
            return model(spec, into)
        return metric(mood_of(spec.name.job), spec, into)

    box = FakeSandbox(behave)
    boxes = Boxes(
        site="00c0ffee",
        folder=site.folder / "boxes",
        code=box,
        image=box,
        metric=box,
        abilities=ABLE,
        runtime=lambda: RuntimeRoot(Path("/nowhere")),
    )
    site.bench = replace(site.bench, boxes=lambda: boxes)
    models = model_steps.ModelBench(
        engine=site.state.engine,
        send=site.state.send,
        blobs=site.state.storage,
        terms=site.bench.terms,
        worker="models",
        hidden=LocalStorage(site.settings.hidden_folder),
        boxes=lambda: boxes,
    )
    _while(lambda: model_steps.run_next(models, on_lost=lambda: None))
    _while(lambda: steps.score_next(site.bench, on_lost=lambda: None, queue_name=Queue.METRIC))
    for column in ("started_at", "ended_at"):
        site.sql(f"UPDATE model_run SET {column} = '2026-01-01 00:00:00.000000'")  # noqa: S608 (own words)
    play(site)


def _while(do: Callable[[], bool]) -> None:
    while do():
        pass


@pytest.mark.integration
def test_no_view_of_a_participant_depends_on_private_answers(site: Site, tmp_path: Path) -> None:
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    moods: dict[str, str] = {}
    for mood in MOODS:
        for visitor, body, delivery in ((ada, predictions(0.5), ""), (bob, code(), "code")):
            sent = visitor.submit(body, delivery=delivery).json()
            moods[sent["submission_id"]] = mood
    twin = twin_of(site, tmp_path / "twin")
    change_private_answers(twin, shift=2.0)
    for one in (site, twin):
        run_all(one, moods)
        one.end()
        play(one)
    ends = [states(one, moods) for one in (site, twin)]
    assert ends[0] == ends[1]
    assert ends[0] == [
        *[("scores", "scored")] * 2,
        *[("private_breaks", "scored")] * 2,
        *[("private_refuses", "scored")] * 2,
        *[("refuses", "failed")] * 2,
        *[("breaks", "errored")] * 2,
    ]
    mine, other = (private_scores(one) for one in (site, twin))
    assert len(mine) == len(other) == 2  # nothing private where the private part gave none
    assert set(mine).isdisjoint(other)  # the sites do differ, and programs saw it

    paths = [
        *PATHS,
        *(f"/api/v1/submissions/{i}{x}" for i in moods for x in ("", "/file", "/host-runs")),
        *(f"/challenges/toy/submissions/{i}{x}" for i in moods for x in ("", "/host-runs")),
    ]
    visitors = [site.spectator(), ada, bob]
    for answer, same in zip(
        answers(site, visitors, paths), answers(twin, visitors, paths), strict=True
    ):
        assert answer == same
    twin.close()


def states(site: Site, moods: dict[str, str]) -> list[tuple[str, str]]:
    with db.reading(site.state.engine) as session:
        return [(mood, submissions.submission(session, i).state.value) for i, mood in moods.items()]
