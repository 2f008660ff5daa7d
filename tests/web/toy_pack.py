"""A small challenge folder whose answers tests may shift, and files of predictions for it."""

import gzip
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from palio.challenges.contracts import ModelRules

ROWS = 40
TRUTH = [1.0 + (row * 7 % 9) / 2 for row in range(ROWS)]
PUBLIC = [row % 2 == 0 for row in range(ROWS)]


def predictions(offset: float = 0.0) -> bytes:
    """A sound file that misses every answer by `offset` (towards 3, so that it stays in range)."""
    lines = ["id,rating"]
    for row, truth in enumerate(TRUTH):
        value = truth + offset if truth < 3 else truth - offset
        lines.append(f"{row + 1},{value:.3f}")
    return ("\n".join(lines) + "\n").encode()


IMAGE = gzip.compress(b"not looked at before a worker does", mtime=0)
MODELS = ModelRules(
    seconds=600,
    memory_bytes=2 * 2**30,
    cpus=1.0,
    processes=64,
    output_bytes=64 * 2**20,
    scratch_bytes=256 * 2**20,
    image_max_bytes=8 * 2**20,
    code_max_bytes=2**20,
    has_sample_answers=True,
)


def write_pack(
    folder: Path,
    *,
    slug: str,
    now: datetime,
    per_day: int = 5,
    rule: str = "best_public",
    private_shift: float = 0.0,
    public_shift: float = 0.0,
    baselines: bool = True,
    metric: str = "rmse",
    opens_in: timedelta = timedelta(hours=-1),
) -> Path:
    """Write a challenge folder; the shifts move the answers of one part and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    opens_at, closes_at = now + opens_in, now + timedelta(days=20)
    (folder / "challenge.toml").write_text(
        f"""slug = "{slug}"
title = "Toy ratings"
tagline = "Predict how people rate films."
organizer = "Palio"
tags = ["ratings"]
data_licence = "CC0-1.0"

[[metrics]]
name = "{metric}"
digits = 4

[[metrics]]
name = "mae"
digits = 3

[submission]
id_column = "id"
id_kind = "integer"
formats = ["csv", "csv.gz"]
max_bytes = "4 MiB"

[[submission.targets]]
name = "rating"
kind = "real"
minimum = 0.0
maximum = 6.0

[[phases]]
name = "main"
opens_at = {opens_at:%Y-%m-%dT%H:%M:%SZ}
closes_at = {closes_at:%Y-%m-%dT%H:%M:%SZ}
quota = {{ per_day = {per_day}, total = 100, zone = "UTC" }}

[teams]
max_members = 3

[entries]
rule = "{rule}"
finals = 2
ties = "earlier"

[[prizes]]
rank = 1
title = "First prize"
amount = "1000.00"
currency = "EUR"
"""
    )
    (folder / "description.md").write_text("# Toy\n\nPredict *ratings*.\n")
    (folder / "rules.md").write_text("# Rules\n\n1. Play fair.\n")
    (folder / "data" / "train.csv").write_text("user,film,rating\n" + "1,2,3.5\n" * 200)
    lines = ["id,rating,Usage"]
    for row, (truth, is_public) in enumerate(zip(TRUTH, PUBLIC, strict=True)):
        value = abs(truth - (public_shift if is_public else private_shift))
        lines.append(f"{row + 1},{value},{'Public' if is_public else 'Private'}")
    (folder / "solution.csv").write_text("\n".join(lines) + "\n")
    if baselines:
        (folder / "baselines").mkdir()
        mean = "\n".join(f"{row + 1},3.0" for row in range(ROWS))
        (folder / "baselines" / "Mean of all.csv").write_text(f"id,rating\n{mean}\n")
    return folder
