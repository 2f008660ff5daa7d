"""A launched challenge whose programs and own metric run in real boxes of this machine."""

import io
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conformance import boxes as backends
from tests.factories.arena import MODELS, Arena

from palio.accounts.contracts import Team
from palio.challenges.contracts import Delivery
from palio.core import db
from palio.core.storage import LocalStorage
from palio.leaderboard import queries as leaderboard
from palio.leaderboard.contracts import Board
from palio.pipeline import board_steps, boxes, model_steps, steps, sweep
from palio.pipeline.bench import Boxes
from palio.pipeline.contracts import Abilities, Queue
from palio.sandbox.images.write import FolderLayer, Start, write_image
from palio.sandbox.runtime import build
from palio.sandbox.spec import Level, RuntimeRoot, Sandbox
from palio.submissions import host_runs, runs
from palio.submissions.contracts import HostRun, ModelRuns

PATIENCE_SECONDS = 120
FILMS = [(row * 5) % 9 / 2 + 1 for row in range(40)]
FILES = {
    "models/input/test.csv": (
        "id,film\n" + "".join(f"{row + 1},{film}\n" for row, film in enumerate(FILMS))
    ).encode(),
    "models/sample/test.csv": b"id,film\n900001,3\n900002,4\n",
    "models/sample_submission.csv": b"id,rating\n900001,3\n900002,3\n",
    "metric/run.py": b"""
import csv, json
def column(path):
    with open(path) as file:
        return [float(row[-1]) for row in list(csv.reader(file))[1:]]
truth, told = column("/input/ref/solution.csv"), column("/input/res/predictions.csv")
cost = sum(abs(one - other) for one, other in zip(truth, told)) / len(truth)
json.dump({"cost": cost}, open("/output/scores.json", "w"))
""",
}
OWN_METRIC = """[metric]
program = ["python3", "run.py"]
memory = "128 MiB"
[[metric.scores]]
name = "cost"
better = "lower"
digits = 4
"""
MAIN = """
import csv, os, pathlib
rows = list(csv.DictReader(open("/input/test.csv")))
print("rows", len(rows), "uid", os.getuid())
lines = ["id,rating"] + [f"{row['id']},{row['film']}" for row in rows]
pathlib.Path("/output/predictions.csv").write_text("\\n".join(lines) + "\\n")
"""
# Found by the image's PATH alone; the shell of a tiny image has no other programs.
PREDICT = """#!/bin/sh
echo "home $HOME, proxy $http_proxy, own $OWN, path $PATH"
{
  read -r head
  echo id,rating
  while IFS=, read -r id film; do echo "$id,3.0"; done
} < /input/test.csv > /output/predictions.csv
"""
IMAGE_ENV = {
    "PATH": "/opt/model/bin:/usr/bin",
    "HOME": "/root",
    "http_proxy": "http://192.0.2.1",
    "OWN": "yes",
}
_OF_SHELL = ("usr/bin/sh", "libc.so.6", "ld-linux*")


def code(main: str = MAIN) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("palio-model.toml", 'command = ["python3", "main.py"]')
        archive.writestr("main.py", main)
    return held.getvalue()


def slow(mark: str, *, seconds: float) -> bytes:
    """Code that takes its time on the hidden features alone."""
    return code(
        f"""
import csv, pathlib, time
rows = list(csv.DictReader(open("/input/test.csv")))
if len(rows) > 2:
    import subprocess, sys
    subprocess.run([sys.executable, "-c", "import time; time.sleep({seconds})", "{mark}"])
lines = ["id,rating"] + [row["id"] + "," + row["film"] for row in rows]
pathlib.Path("/output/predictions.csv").write_text("\\n".join(lines) + "\\n")
"""
    )


def image(runtime: RuntimeRoot, folder: Path, *, program: str = PREDICT) -> bytes:
    """A container image of 2 MB, as `docker save` writes it: a shell, and one program."""
    root, model = folder / "root", folder / "model"
    for pattern in _OF_SHELL:
        for path in runtime.folder.rglob(pattern):
            target = root / path.relative_to(runtime.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for link in ("bin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    model.mkdir()
    (model / "predict").write_text(program)
    (model / "predict").chmod(0o755)
    path = folder / "image.tar"
    write_image(
        path,
        layers=(FolderLayer(root), FolderLayer(model, at="opt/model/bin")),
        start=Start(argv=("predict",), env=IMAGE_ENV),
    )
    return path.read_bytes()


def stand_in(folder: Path) -> RuntimeRoot:
    """Put a Python without packages where a server's own processes look for the whole one."""
    bare = build.ensure(folder, packages=False)
    place = bare.folder.with_name(build.digest_of(packages=True)[:16])
    if not place.exists():
        shutil.copytree(bare.folder, place, symlinks=True, copy_function=os.link)
    return bare


@dataclass
class Boxed:
    """Both kinds of workers, with real boxes of one backend, on an arena's database."""

    arena: Arena
    boxes: Boxes

    def __post_init__(self) -> None:
        self.arena.bench = replace(self.arena.bench, boxes=lambda: self.boxes)
        self.models = model_steps.ModelBench(
            engine=self.arena.engine,
            send=self.arena.sent.append,
            blobs=self.arena.bench.blobs,
            terms=self.arena.bench.terms,
            worker="models",
            hidden=LocalStorage(self.arena.folder / "hidden"),
            boxes=lambda: self.boxes,
        )

    def launch(self) -> None:
        self.arena.launch(metrics=OWN_METRIC, changes=MODELS, files=FILES)
        self.announce()

    def announce(self) -> None:
        sweep.say_alive(
            self.models, processes=1, queues=(Queue.MODEL,), abilities=self.boxes.abilities
        )

    def work_off(self) -> None:
        """Do everything there is to do on every queue, and make the board."""

        def nothing() -> None:
            return None

        while (
            model_steps.run_next(self.models, on_lost=nothing)
            or steps.score_next(self.arena.bench, on_lost=nothing, queue_name=Queue.METRIC)
            or steps.score_next(self.arena.bench, on_lost=nothing)
        ):
            pass
        board_steps.publish(self.arena.bench, self.arena.challenge_id)

    def send(self, team: Team, content: bytes, delivery: Delivery) -> str:
        return self.arena.submit(team, content, delivery=delivery).submission_id

    def runs(self, submission_id: str) -> ModelRuns:
        with db.reading(self.arena.engine) as session:
            return runs.of_submission(session, submission_id)

    def told(self, submission_id: str) -> tuple[HostRun, ...]:
        with db.reading(self.arena.engine) as session:
            return host_runs.of_submission(session, submission_id)

    def board(self) -> list[tuple[int | None, str, str]]:
        with db.reading(self.arena.engine) as session:
            snapshot = leaderboard.latest(
                session, challenge_id=self.arena.challenge_id, board=Board.PUBLIC
            )
        assert snapshot is not None
        return [(row.rank, row.name, str(row.score)) for row in snapshot.standings]


def boxes_of(sandbox: Sandbox, *, site: str, state: Path, runtime: RuntimeRoot) -> Boxes:
    """One backend for everything, with a Python without packages."""
    level = Level.NAMESPACES
    return Boxes(
        site=site,
        folder=state,
        code=sandbox,
        image=sandbox,
        metric=sandbox,
        abilities=Abilities(level, level, level, boxes.machine_memory()),
        runtime=lambda: runtime,
    )


def offer(name: str, *, state: Path, site: str) -> backends.Offer:
    """Build a backend and try it out."""
    return backends.offer(name, state=state, site=site)


def processes(mark: str) -> list[int]:
    """The processes of this machine that were started with the mark."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # gone meanwhile
    return found


def wait_until(condition: Callable[[], object]) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        pause.wait(0.02)
