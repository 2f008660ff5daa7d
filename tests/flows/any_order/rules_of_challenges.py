"""Kinds of challenges: between them every way to count entries, share prizes and verify winners."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.factories import folders
from tests.flows.any_order import files


@dataclass(frozen=True)
class Kind:
    """What a challenge.toml says beyond what all say, and the money there is at the launch."""

    name: str
    words: str
    deposits: tuple[tuple[int, str], ...] = ()


_ALL = """
slug = "{name}"
title = "Any order"
tagline = "Whatever comes first"
organizer = "Us"
data_licence = "CC0"
{ratings}[[phases]]
name = "main"
opens_at = {opens_at}
closes_at = {closes_at}
quota = {{ per_day = 3, zone = "UTC" }}
[teams]
max_members = 3
"""

# Chosen finals, the organizer's word, prizes in two currencies, entries after the bell.
WORD = Kind(
    "word",
    """
[entries]
rule = "chosen"
finals = 2
ties = "earlier"
[board]
late_entries = true
[escrow]
silence_days = 3
[[prizes]]
rank = 1
title = "First"
amount = "1000.01"
currency = "EUR"
[[prizes]]
rank = 2
title = "A trip"
amount = "30001"
currency = "JPY"
""",
)

# Shared ties, a gate and its clocks, a deposit with a fee, open again when nobody verifies.
VERIFIED = Kind(
    "verified",
    """
[entries]
rule = "best_public"
ties = "shared"
[escrow]
deposit = true
fee = 5
silence_days = 4
[verification]
gates = ["identity"]
reply_days = 2
documents_days = 3
hold_days = 1
reopen_days = 2
[[prizes]]
rank = 1
title = "First"
amount = "1000.01"
currency = "EUR"
[[prizes]]
rank = 2
title = "Second"
amount = "500.00"
currency = "EUR"
""",
    ((157_502, "EUR"),),
)

# A grand prize with a last call, a progress prize on the second day, scores told by the Ladder.
GRAND = Kind(
    "grand",
    """
[entries]
rule = "best_public"
ties = "earlier"
[board.release]
kind = "ladder"
step = 0.001
[escrow]
silence_days = 4
[verification]
gates = ["identity"]
reply_days = 2
documents_days = 3
reopen_days = 2
[[prizes]]
kind = "threshold"
improvement = 14
last_call_days = 1
title = "Grand prize"
amount = "100000.00"
currency = "USD"
[[prizes]]
kind = "progress"
improvement = 1
dates = [{progress_at}]
title = "Progress prize"
amount = "5000.00"
currency = "USD"
""",
    ((4_000_000, "USD"),),
)
KINDS = (WORD, VERIFIED, GRAND)


def write_pack(folder: Path, kind: Kind, *, opens_at: datetime) -> Path:
    """The challenge folder, with a baseline that every file of `files` but one beats."""
    toml = (_ALL + kind.words).format(
        ratings=folders.RATINGS.format(minimum=1.0),
        name=kind.name,
        opens_at=opens_at.isoformat(),
        closes_at=(opens_at + timedelta(days=4)).isoformat(),
        progress_at=(opens_at + timedelta(days=2)).isoformat(),
    )
    return folders.write(
        folder,
        toml=toml,
        title="Any order",
        rules="Be fair.",
        solution=files.solution(0),
        baselines={"baseline": files.by_name("worst")},
    )
