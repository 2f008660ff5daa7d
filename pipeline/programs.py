"""From what a team sent to something a box can run, and whether what it wrote is sound."""

import csv
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from palio.challenges.contracts import Delivery, ModelRules
from palio.pipeline.bench import Boxes
from palio.sandbox import bundle, model_box, model_toml
from palio.sandbox.images.intake import IntakeLimits, take_in
from palio.sandbox.spec import (
    INPUT,
    SCRATCH,
    ImageRoot,
    Limits,
    Mount,
    RunName,
    RunSpec,
    Sandbox,
    SandboxError,
    Wanted,
)
from palio.scoring.form import FileFormat, PredictionForm
from palio.scoring.read import read_predictions
from palio.scoring.rows import RowIds

UNPACKED_TIMES = 4
UNPACKED_BYTES = 10 * 2**30


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program.

    Attributes:
        sandbox: Where it runs.
        image_id: Empty for code.
        make_spec: Gives its run in a box of this name, with this folder as input.

    """

    sandbox: Sandbox
    image_id: str
    make_ready: Callable[[], None]
    make_spec: Callable[[RunName, Path], RunSpec]


def prepare(
    path: Path, *, delivery: Delivery, rules: ModelRules, boxes: Boxes, folder: Path
) -> Program:
    """Check what a team sent; nothing of it runs here.

    Args:
        path: The file as sent.
        delivery: What it is.
        rules: Of the challenge.
        boxes: Of this machine.
        folder: Of this attempt alone, cleared away by the caller.

    Raises:
        ImageRefusedError: It is not what the contract with participants asks for.
        SandboxError: This machine cannot run such things.

    """
    sandbox = boxes.code if delivery is Delivery.CODE else boxes.image
    if sandbox is None:
        raise SandboxError(f"this machine has no box for deliveries of kind {delivery}")
    into = folder / "program"
    into.mkdir(mode=0o755)
    if delivery is Delivery.CODE:
        return _code(path, rules=rules, boxes=boxes, sandbox=sandbox, into=into)
    return _image(path, rules=rules, sandbox=sandbox, into=into)


def _code(path: Path, *, rules: ModelRules, boxes: Boxes, sandbox: Sandbox, into: Path) -> Program:
    bundle.unpack(path, into, limits=bundle.BundleLimits(bytes=rules.code_max_bytes))
    model_toml.read(into)
    limits = limits_of(rules, cpus=os.cpu_count() or 1)

    def make_spec(name: RunName, data: Path) -> RunSpec:
        return model_box.code_spec(
            name=name, runtime=boxes.runtime(), folder=into, features=data, limits=limits
        )

    return Program(sandbox, image_id="", make_ready=lambda: None, make_spec=make_spec)


def _image(path: Path, *, rules: ModelRules, sandbox: Sandbox, into: Path) -> Program:
    image = take_in(path, into=into, limits=IntakeLimits(bytes=unpacked_most(rules)))
    limits = limits_of(rules, cpus=os.cpu_count() or 1)

    def make_ready() -> None:
        if image.archive.exists():  # the smoke run before needed it, or this is the first
            sandbox.add_image(image.archive, image_id=image.image_id)
            image.archive.unlink()

    def make_spec(name: RunName, data: Path) -> RunSpec:
        return RunSpec(
            name=name,
            root=ImageRoot(image.image_id),
            argv=image.argv,
            limits=limits,
            mounts=(Mount(data, INPUT),),
            env=_kept(image.env),
            wanted=(Wanted(model_box.PREDICTIONS, limits.output_bytes),),
            workdir=image.workdir or SCRATCH,
        )

    return Program(sandbox, image.image_id, make_ready=make_ready, make_spec=make_spec)


def _kept(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of an image without those that are ours to say.

    PATH stays: by it intake found the program.
    """
    return {
        name: value
        for name, value in env.items()
        if name != "HOME" and not name.lower().endswith("_proxy")
    }


def unpacked_most(rules: ModelRules) -> int:
    """Return how many bytes an image's layers may hold: files packed by `docker save | gzip`.

    Four times the file, as images with much text in them pack; never over 10 GiB for that alone,
    because a machine keeps each image unpacked.
    """
    return min(UNPACKED_TIMES * rules.image_max_bytes, max(UNPACKED_BYTES, rules.image_max_bytes))


def limits_of(rules: ModelRules, *, cpus: int) -> Limits:
    """Return the limits of a run: the challenge's, on a machine with so many cores."""
    return Limits(
        seconds=rules.seconds,
        memory_bytes=rules.memory_bytes,
        cpus=min(rules.cpus, float(cpus)),  # an engine refuses to promise what is not there
        processes=rules.processes,
        output_bytes=rules.output_bytes,
        scratch_bytes=rules.scratch_bytes,
    )


def check_predictions(path: Path, *, like: Path, form: PredictionForm) -> None:
    """See that predictions on the public sample have the rows of the host's sample submission.

    Raises:
        PredictionsRefusedError: They are not sound; everything of it may be told.

    """
    if FileFormat.CSV not in form.formats:
        return  # the host's sample file has no column of ids to go by
    with like.open(encoding="utf-8-sig", newline="") as file:
        texts = [row[form.id_column] for row in csv.DictReader(file)]
    read_predictions(path, form=form, ids=RowIds.of(texts, kind=form.id_kind))
