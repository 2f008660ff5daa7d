"""A worker for programs whose boxes are fakes, for tests of the pipeline."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.factories.arena import SAMPLE_PREDICTIONS, Arena, predictions
from tests.fakes.sandbox import FakeSandbox, wrote

from palio.accounts.contracts import Team
from palio.challenges.contracts import Delivery
from palio.core import db
from palio.core.storage import LocalStorage
from palio.pipeline import model_steps, sweep
from palio.pipeline.bench import Boxes
from palio.pipeline.contracts import Abilities, Queue
from palio.sandbox.outcome import Level
from palio.sandbox.spec import RunReport, RunSpec, RuntimeRoot
from palio.submissions import host_runs, runs
from palio.submissions.contracts import HostRun, ModelRuns, Receipt

ABLE = Abilities(
    code=Level.NAMESPACES,
    image=Level.NAMESPACES,
    metric=Level.NAMESPACES,
    memory_bytes=2**30,
)


def code(command: str = 'command = ["python", "main.py"]') -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("palio-model.toml", command)
        archive.writestr("main.py", "print()")
    return held.getvalue()


def well(spec: RunSpec, into: Path) -> RunReport:
    """A program that does on both what it should."""
    return wrote(into, SAMPLE_PREDICTIONS if spec.name.box == "smoke" else predictions(0.5))


class Models:
    """A worker for programs on an arena's database."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.sandbox = FakeSandbox(well)
        self.boxes = Boxes(
            site="00c0ffee",
            folder=arena.folder / "boxes",
            code=self.sandbox,
            image=self.sandbox,
            metric=self.sandbox,
            abilities=ABLE,
            runtime=lambda: RuntimeRoot(Path("/nowhere")),
        )
        self.bench = model_steps.ModelBench(
            engine=arena.engine,
            send=arena.sent.append,
            blobs=arena.bench.blobs,
            terms=arena.bench.terms,
            worker="models",
            hidden=LocalStorage(arena.folder / "hidden"),
            boxes=lambda: self.boxes,
        )

    def announce(self, abilities: Abilities = ABLE) -> None:
        sweep.say_alive(self.bench, processes=1, queues=(Queue.MODEL,), abilities=abilities)

    def run(self) -> bool:
        self.arena.change_jobs("not_before = created_at")  # as if the back-off were over
        return model_steps.run_next(self.bench, on_lost=lambda: None)

    def behave(self, **by_box: Callable[[RunSpec, Path], RunReport]) -> None:
        self.sandbox.behave = lambda spec, into: by_box.get(spec.name.box, well)(spec, into)

    def runs(self, submission_id: str) -> ModelRuns:
        with db.reading(self.arena.engine) as session:
            return runs.of_submission(session, submission_id)

    def told(self, submission_id: str) -> tuple[HostRun, ...]:
        with db.reading(self.arena.engine) as session:
            return host_runs.of_submission(session, submission_id)


def send(arena: Arena, team: Team, content: bytes = b"") -> Receipt:
    return arena.submit(team, content or code(), delivery=Delivery.CODE)
