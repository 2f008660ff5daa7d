"""Installs the locked packages into a root, each checked against its hash."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from palio.sandbox.runtime.python import Python
from palio.sandbox.spec import SandboxError

LOCK = Path(__file__).with_name("requirements.txt")
_SECONDS = 1800
_UNREACHABLE = re.compile(
    r"Failed to establish|NameResolution|name resolution|Network is unreachable|Connection refused"
    r"|Max retries|timed out|ProxyError|SSLError|from versions: none",
    re.IGNORECASE,
)


class RuntimeBuildError(SandboxError):
    """The root for code could not be made here.

    Attributes:
        hint: What to do; may be empty.

    """

    def __init__(self, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


def install(target: Path, *, python: Python, wheels: Path | None) -> None:
    """Install what the lock names into `target`, and nothing that has to be built.

    Args:
        target: An empty folder.
        python: Whose packages they are.
        wheels: Folder to take them from; None: the index pip is set up for on this machine.

    Raises:
        RuntimeBuildError: pip is not there, reaches nothing, or a hash is wrong.

    """
    source = ["--no-index", "--find-links", str(wheels.resolve())] if wheels else []
    done = _run(
        [
            *_pip(python),
            "install",
            "--require-hashes",
            "--only-binary=:all:",
            "--no-deps",  # the lock is complete
            "--no-compile",  # it is compiled later, with the paths it has in the box
            "--no-input",
            "--disable-pip-version-check",
            "--no-warn-script-location",
            "--target",
            str(target),
            "--requirement",
            str(LOCK),
            *source,
        ]
    )
    if done.returncode:
        raise _refusal(done.stdout + done.stderr, wheels=wheels)
    # Its scripts name this machine's Python in their first line.
    shutil.rmtree(target / "bin", ignore_errors=True)


def installed(folder: Path) -> dict[str, str]:
    """Return the packages in a folder, as name and version, by name."""
    found = (each.name.removesuffix(".dist-info").split("-") for each in folder.glob("*.dist-info"))
    return dict(sorted((name, version) for name, version, *_ in found))


def _pip(python: Python) -> list[str]:
    """Return the command of a pip: our own, the base Python's, or the wheel Python carries."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if _run([str(python.program), "-m", "pip", "--version"]).returncode == 0:
        return [str(python.program), "-m", "pip"]
    carried = sorted((python.library / "ensurepip" / "_bundled").glob("pip-*.whl"))
    if carried:
        return [sys.executable, str(carried[-1] / "pip")]
    raise RuntimeBuildError(
        "The Python that runs Palio has no pip, which fetches the packages for code.",
        hint="Install it: python -m ensurepip; on Debian: apt-get install python3-pip",
    )


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (pip, with the options above)
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )


def _refusal(said: str, *, wheels: Path | None) -> RuntimeBuildError:
    fetch = f"pip download --require-hashes --only-binary=:all: --no-deps -r {LOCK} -d wheels"
    lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines()
    last = lines[-1].removeprefix("ERROR: ") if lines else "it gave no reason"
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in said or "do not match the hashes" in said:
        return RuntimeBuildError(
            "A package is not the one the lock names: its hash is different.",
            hint="Nothing was installed. Use an index you trust, or a folder of wheels.",
        )
    if wheels:
        return RuntimeBuildError(
            f"The folder {wheels} does not have every package: {last}",
            hint=f"Fill it on a machine like this one with: {fetch}",
        )
    if _UNREACHABLE.search(said):
        return RuntimeBuildError(
            "pip cannot reach a package index that has the packages for code.",
            hint=f"On a machine of this kind with network: {fetch}"
            " Then bring the folder here: palio runtime build --wheels wheels",
        )
    return RuntimeBuildError(f"pip could not install the packages for code: {last}")
