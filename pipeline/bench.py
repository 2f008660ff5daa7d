"""What every process of a worker has at hand, whatever it works on."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine
from sqlmodel import Session

from palio.core import db, queue
from palio.core.storage import Storage
from palio.pipeline import leases
from palio.pipeline.contracts import Abilities, Claim
from palio.sandbox.spec import RuntimeRoot, Sandbox


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of one machine, by what runs in them; None where none is strong enough.

    Attributes:
        site: Eight hex digits of the installation, for names of runs.
        folder: Where images, runtimes and unpacked packages are kept.
        abilities: The same as is announced to others.
        runtime: Gives the Python that code and metrics run in, made at the first call.

    """

    site: str
    folder: Path
    code: Sandbox | None
    image: Sandbox | None
    metric: Sandbox | None
    abilities: Abilities
    runtime: Callable[[], RuntimeRoot]

    @property
    def all(self) -> tuple[Sandbox, ...]:
        """Every box there is, each once."""
        found = (self.code, self.image, self.metric)
        return tuple({id(box): box for box in found if box is not None}.values())


ATTEMPTS = "attempts"


@contextmanager
def attempt_folder(boxes: Boxes, claim: Claim) -> Iterator[Path]:
    """Give an empty folder to this attempt alone, closed to other people, cleared afterwards.

    A killed process leaves it behind; its name says whose it was (`keeper.Keeper`).
    """
    place = boxes.folder / ATTEMPTS
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    prefix = f"{claim.job_id}-{claim.fence}-"
    with TemporaryDirectory(dir=place, prefix=prefix, ignore_cleanup_errors=True) as name:
        yield Path(name)


def no_boxes() -> Boxes | None:
    """Give none: where only predictions are scored."""
    return None


@dataclass(frozen=True)
class Bench:
    """What a worker works with.

    Attributes:
        worker: Names its process.
        boxes: Gives the machine's boxes; looks for them at the first call. None = it has none.

    """

    engine: Engine
    send: Callable[[queue.Message], None]
    blobs: Storage
    terms: leases.Terms
    worker: str
    boxes: Callable[[], Boxes | None] = field(default=no_boxes, kw_only=True)

    def work(self) -> AbstractContextManager[Session]:
        """Open one unit of work."""
        return db.unit_of_work(self.engine, send=self.send)
