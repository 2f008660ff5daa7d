"""A worker of its own process, to be killed: runs one box in which nothing ends by itself."""

import json
import sys
from pathlib import Path

import boxes

from palio.sandbox.spec import Limits, Mount, RunName, RunSpec, RuntimeRoot

PROGRAMS = Path(__file__).parent / "programs"


def main(order: str) -> None:
    """Do what the JSON says, until killed."""
    told = json.loads(order)
    sandbox = boxes.offer(told["backend"], state=Path(told["state"]), site=told["site"]).sandbox
    assert sandbox is not None
    spec = RunSpec(
        name=RunName(told["site"], told["job"], told["fence"], "model"),
        root=RuntimeRoot(Path(told["root"])),
        argv=("/usr/bin/python3", "-Es", "/app/sleep_for_ever.py"),
        limits=Limits(seconds=60, memory_bytes=2**28),
        mounts=(Mount(PROGRAMS, "/app"),),
        env={"HOSTILE_OK": "sandbox", "MARK": told["mark"]},
    )
    print("ready", flush=True)  # noqa: T201 (told to the test)
    sandbox.run(spec, collect_into=Path(told["into"]))


if __name__ == "__main__":
    main(sys.argv[1])
