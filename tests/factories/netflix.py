"""The Netflix Prize as a challenge: its rules, its lines, and files with any two RMSEs.

Instants and quiz scores are the published ones (BigChaos and BellKor papers, Netflix's notices).
Of 2007 and 2008 the test scores are not published; ours lie as far behind as those of 2009.
"""

from datetime import UTC, datetime
from pathlib import Path

from tests.factories import folders

ROWS = 40
TRUTH = 3.0

PACK = f"""
slug = "netflix-prize"
title = "The Netflix Prize"
tagline = "Predict what people think of films, 10 % better than Cinematch"
organizer = "Netflix"
data_licence = "Research only"
divisions = ["students"]
{folders.RATINGS.format(minimum=1.0)}[[phases]]
name = "contest"
opens_at = 2006-10-02T00:00:00Z
closes_at = 2011-10-02T00:00:00Z
quota = {{ per_day = 1, zone = "UTC" }}
[teams]
max_members = 10
[entries]
rule = "best_public"
ties = "earlier"
[[prizes]]
kind = "threshold"
improvement = 10
last_call_days = 30
title = "Grand Prize"
amount = "1000000.00"
currency = "USD"
[[prizes]]
kind = "progress"
improvement = 1
dates = [2007-10-02T00:00:00Z, 2008-10-02T00:00:00Z]
title = "Progress Prize"
amount = "50000.00"
currency = "USD"
[escrow]
deposit = true
[verification]
gates = ["identity", "licence", "code"]
reply_days = 7
documents_days = 60
reopen_days = 365
"""


def predictions(quiz: float, test: float) -> bytes:
    """A sound file with exactly these RMSEs on the public and on the private part."""
    lines = ["id,rating"]
    for row in range(ROWS):
        miss = (quiz, test)[row % 2]
        lines.append(f"{row + 1},{TRUTH + (miss if row % 4 < 2 else -miss):.7f}")
    return ("\n".join(lines) + "\n").encode()


def write_pack(folder: Path) -> Path:
    """The challenge folder, with Cinematch as its baseline."""
    usage = ("Public", "Private")
    lines = [f"{row + 1},{TRUTH},{usage[row % 2]}" for row in range(ROWS)]
    return folders.write(
        folder,
        toml=PACK,
        title="The Netflix Prize",
        rules="The earlier entry wins a tie.",
        solution="\n".join(["id,rating,Usage", *lines]) + "\n",
        baselines={"baseline": predictions(0.9514, 0.9525)},
    )


def utc(text: str) -> datetime:
    """An instant of history, such as ``2009-06-26 18:42:37``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
