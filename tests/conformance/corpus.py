"""The hostile programs, what each may say, and how its run may end."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from palio.sandbox.outcome import Outcome

PROGRAMS = Path(__file__).parent / "programs"
SHARED = Path("/work/shared/corpus/hostile")  # run too where the machine has it
GOOD = b"id,y\n1,0.5\n2,0.5\n"

_VERDICT = re.compile(r"VERDICT (\w+)(.*)")  # an engine may mix the streams up


@dataclass(frozen=True, slots=True)
class Program:
    """One hostile program.

    Attributes:
        words: Verdicts it may give; none when it cannot give any.
        outcomes: How the run may end.
        reasons: What the collector may say then.
        seconds: Its time.
        is_core: Run in every `make test`, not only in the slow suite.
        is_own_output: Its predictions are not the usual good ones, yet collected.

    """

    name: str
    file: Path
    words: frozenset[str]
    outcomes: frozenset[Outcome]
    reasons: frozenset[str]
    seconds: float = 10
    is_core: bool = False
    is_own_output: bool = False


def ours() -> list[Program]:
    """Read our own manifest."""
    rows = tomllib.loads((PROGRAMS / "manifest.toml").read_text(encoding="utf-8"))
    defaults = rows.pop("defaults")
    return [_program(name, defaults | row) for name, row in rows.items()]


def shared() -> list[Program]:
    """Read the manifest of the collection our own grew from; nothing where it is not there."""
    manifest = SHARED / "manifest.json"
    if not manifest.is_file():
        return []
    known = {row["was"]: row for row in _rows() if "was" in row}
    found = json.loads(manifest.read_text(encoding="utf-8"))["programs"]
    return [_shared_program(row, known.get(row["id"], {})) for row in found]


def verdicts(log: bytes) -> list[tuple[str, str]]:
    """Return the verdicts in a log, each a word and its detail."""
    return _VERDICT.findall(log.decode("utf-8", "replace"))


def _rows() -> list[dict[str, Any]]:
    rows = tomllib.loads((PROGRAMS / "manifest.toml").read_text(encoding="utf-8"))
    return [rows["defaults"] | row for name, row in rows.items() if name != "defaults"]


def _program(name: str, row: dict[str, Any]) -> Program:
    return Program(
        name=name,
        file=PROGRAMS / f"{name}.py",
        words=frozenset(row["words"]),
        outcomes=frozenset(Outcome(word) for word in row["outcomes"]),
        reasons=frozenset(row.get("reasons", [""])),
        seconds=row.get("seconds", 10),
        is_core=row.get("is_core", False),
        is_own_output=row.get("is_own_output", False),
    )


def _shared_program(row: dict[str, Any], mine: dict[str, Any]) -> Program:
    ends = mine.get("outcomes", [outcome.value for outcome in Outcome if outcome != "image_error"])
    if row["category"] == "output":
        ends = [*ends, "program_error"]  # it may end at the first error
    return Program(
        name=row["name"],
        file=SHARED / row["file"],
        words=frozenset(row["accept"]),
        outcomes=frozenset(Outcome(word) for word in ends),
        reasons=frozenset(mine.get("reasons", [""])),
        seconds=max(row["timeout_s"], mine.get("seconds", 0)),
        is_own_output=True,
    )
