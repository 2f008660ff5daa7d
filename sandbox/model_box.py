"""The model box of a code submission: the same on the server and at home, so written once."""

import hashlib
import math
import os
import platform
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from palio.sandbox import bundle, model_toml
from palio.sandbox.bundle import BundleLimits
from palio.sandbox.spec import (
    INPUT,
    Limits,
    Mount,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    Sandbox,
    SandboxError,
    Wanted,
)

PREDICTIONS = "predictions.csv"
CODE = "/app"
CODE_BYTES_MAX = 100 * 2**20  # where no challenge says otherwise
DEFAULT_LIMITS = Limits(
    seconds=600,
    memory_bytes=2 * 2**30,
    cpus=1.0,
    processes=64,
    output_bytes=64 * 2**20,
    scratch_bytes=256 * 2**20,
)
_HOME = "home"
_JOB = re.compile(r"(?:home|probe|check)?(\d+)(?:x\d+)?")


def code_spec(
    *, name: RunName, runtime: RuntimeRoot, folder: Path, features: Path, limits: Limits
) -> RunSpec:
    """Return the run of a team's code: what it sees, and the one file taken from it.

    Args:
        name: Of this attempt.
        runtime: What `sandbox.runtime.build.ensure` gave.
        folder: The unpacked code, readable by everybody.
        features: What it predicts from, readable by everybody.
        limits: Those of the challenge.

    Raises:
        ImageRefusedError: palio-model.toml is missing or wrong (`model_toml.read`).

    """
    return RunSpec(
        name=name,
        root=runtime,
        argv=model_toml.read(folder).command,
        limits=limits,
        mounts=(Mount(features, INPUT), Mount(folder, CODE)),
        env=environment(limits),
        wanted=(Wanted(PREDICTIONS, limits.output_bytes),),
        workdir=CODE,
    )


def environment(limits: Limits) -> Mapping[str, str]:
    """Return the variables that suit any model.

    What it says comes out at once, and no library starts a thread for each core of the machine
    when the box has one of them.
    """
    threads = str(max(1, math.ceil(limits.cpus)))
    return {
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "LOKY_MAX_CPU_COUNT": threads,
    }


def rehearse(
    sandbox: Sandbox,
    *,
    runtime: RuntimeRoot,
    folder: Path,
    features: Path,
    limits: Limits,
    state: Path,
    out: Path,
    most_bytes: int = CODE_BYTES_MAX,
) -> RunReport:
    """Run code at home exactly as the server does: packed, unpacked, started in a box.

    Args:
        sandbox: The box.
        runtime: What it runs in.
        folder: The team's folder; it stays as it is.
        features: Folder that becomes /input; it stays as it is.
        limits: Those of the challenge, so that the rehearsal tells something.
        state: Folder of ours for copies, cleared away afterwards.
        out: Where the predictions go when the run ended well; replaced when it is there.
        most_bytes: Of the code, packed and unpacked alike.

    Raises:
        ImageRefusedError: The folder is not sound.
        SandboxError: The box failed.
        OSError: No room.

    """
    sandbox.reap(is_live=is_alive_at_home)
    state.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=state, prefix="rehearsal-") as work:
        code, given, taken = (Path(work, name) for name in ("code", "input", "taken"))
        code.mkdir()
        taken.mkdir()
        packed = Path(work, "model.zip")
        model_toml.read(folder)
        bundle.pack(folder, packed)
        bundle.unpack(packed, code, limits=BundleLimits(bytes=most_bytes))
        _copy_for_everybody(features, given)
        _open_to_everybody(code)
        name = RunName(site=site_of(state), job=f"{_HOME}{os.getpid()}", fence=0, box="model")
        spec = code_spec(name=name, runtime=runtime, folder=code, features=given, limits=limits)
        report = sandbox.run(spec, collect_into=taken)
        for each in report.collected:
            shutil.move(each.path, out)
    return report


def site_of(state: Path) -> str:
    """Return the eight digits by which runs at home are told from those of a server here."""
    words = f"{platform.node()} {os.getuid()} {state.resolve()}"
    return hashlib.sha256(words.encode()).hexdigest()[:8]


def is_alive_at_home(name: RunName) -> bool:
    """Tell whether the process that made a box lives, where no database knows the jobs.

    Jobs bear its number: ``home12`` of a rehearsal, ``check12x3`` of a metric on trial.
    """
    if name.box == "trial":  # an engine's own, which it clears away by itself
        return True
    found = _JOB.fullmatch(name.job)
    return found is not None and Path("/proc", found.group(1)).exists()


def _copy_for_everybody(source: Path, target: Path) -> None:
    """Copy features as the server has them: plain files that nobody in the box is kept from."""
    try:
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    except shutil.Error as error:
        first = error.args[0][0]
        raise SandboxError(f"{first[0]} cannot be copied: {first[2]}") from error
    _open_to_everybody(target)


def _open_to_everybody(folder: Path) -> None:
    for top, _, names in os.walk(folder):
        Path(top).chmod(0o755)
        for name in names:
            path = Path(top, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
