"""The Python that code and metrics run in: made ahead of the first submission, and shown."""

from dataclasses import asdict
from pathlib import Path

from palio.cli.client import show
from palio.cli.client.errors import ClientError
from palio.cli.operate.here import load, make_folder
from palio.sandbox.runtime import build as building
from palio.sandbox.runtime.packages import RuntimeBuildError
from palio.sandbox.spec import RuntimeRoot


def build(wheels: Path | None, *, data: Path | None) -> object:
    """Make it where it is not there yet."""
    settings = load(data)
    make_folder(settings)
    given = wheels or settings.sandbox_wheels_folder
    try:
        with show.waiting() as tell:
            root = building.ensure(settings.boxes_folder, wheels=given, say=tell)
    except RuntimeBuildError as error:
        raise ClientError(str(error), hint=error.hint) from error
    return _told(root)


def show_built(data: Path | None) -> object:
    """Show what is in it."""
    root = building.find(load(data).boxes_folder)
    if root is None:
        raise ClientError("It is not made yet.", hint="Make it with: palio runtime build")
    return _told(root)


def _told(root: RuntimeRoot) -> object:
    runtime = building.read(root)
    show.facts(
        [
            ("folder", root.folder),
            ("digest", runtime.digest),
            ("Python", runtime.python),
            *((name.replace("_", "-"), version) for name, version in runtime.packages.items()),
        ]
    )
    return asdict(runtime) | {"folder": str(root.folder)}
