"""The demo's challenge folder, written the way an organizer would write it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from palio.demo import models, ratings

SLUG = "film-night"
BASELINE = "Cinematch"

DESCRIPTION = """\
**Guess how people will rate films.**

671 people rated films on a scale from half a star to five. You get all of their ratings but each
person's last nine. Predict those.

| file | what is in it |
|---|---|
| `training.csv` | person, film, rating, date: {training:,} ratings |
| `qualifying.csv` | id, person, film, date: {qualifying:,} rows to predict |
| `films.csv` | film, title, year, genres |

Send a CSV file with the columns `id` and `rating`, one line for every id of `qualifying.csv`,
in any order. Ratings are numbers from 0.5 to 5.

The score is the root mean squared error. Half of the rows are scored on the public board at once;
the other half, which nobody knows, decides the prizes. `Cinematch` is our own line: a film's mean
plus a person's leaning.
"""

RULES = """\
1. One account for each person; a team has at most four people.
2. A team may send ten files. A file that is refused costs nothing.
3. The team's best public entry counts. Equal scores: the earlier one wins. Whoever is 10 % better
   than Cinematch wins the grand prize.
4. Train on what you download here and on nothing else.
5. The ratings come from MovieLens (GroupLens, University of Minnesota), for research and teaching
   only.
"""

SETTINGS = """\
slug = "{slug}"
title = "Film night"
tagline = "How will people rate the next films they see?"
organizer = "The Palio film club"
tags = ["ratings", "recommendation"]
data_licence = "MovieLens, GroupLens Research: research and teaching, no redistribution"

[[metrics]]
name = "rmse"
digits = 4

[submission]
id_column = "id"
id_kind = "integer"
formats = ["csv", "csv.gz", "zip", "parquet"]
max_bytes = "1 MiB"

[[submission.targets]]
name = "rating"
kind = "real"
minimum = 0.5
maximum = 5.0

[answers]
public_share = 0.5
seed = {seed}

[[phases]]
name = "main"
opens_at = {opens_at}
closes_at = {closes_at}
quota = {{ per_day = 10, zone = "UTC" }}

[teams]
max_members = 4

[entries]
rule = "best_public"
ties = "earlier"

[[prizes]]
kind = "threshold"
title = "Grand prize"
amount = "10000.00"
currency = "EUR"
improvement = 10

[[prizes]]
rank = 1
title = "First prize"
amount = "1000.00"
currency = "EUR"

[[prizes]]
rank = 2
title = "Second prize"
amount = "500.00"
currency = "EUR"

[[prizes]]
rank = 3
title = "Third prize"
amount = "250.00"
currency = "EUR"

[escrow]
deposit = true
"""


def write_challenge(folder: Path, *, opens_at: datetime, closes_at: datetime) -> ratings.Cut:
    """Write the folder (replacing an old one) with data, answers and the baseline's file."""
    shutil.rmtree(folder, ignore_errors=True)
    cut = ratings.cut_ratings(ratings.load_ratings())
    ratings.write_public_files(cut, folder / "data")
    ratings.write_solution(cut, folder / "solution.csv")
    write_settings(folder, opens_at=opens_at, closes_at=closes_at)
    texts = {
        "description.md": DESCRIPTION.format(
            training=len(cut.training), qualifying=len(cut.qualifying)
        ),
        "rules.md": RULES,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "baselines").mkdir()
    known, asked = models.read_data(folder / "data")
    leaning = models.biases(shrinkage=0, rounds=1)
    models.write_predictions(folder / "baselines" / f"{BASELINE}.csv", asked, leaning(known, asked))
    return cut


def write_settings(folder: Path, *, opens_at: datetime, closes_at: datetime) -> None:
    """Write challenge.toml (replacing an old one), with these times."""
    text = SETTINGS.format(
        slug=SLUG, seed=ratings.SEED, opens_at=toml_time(opens_at), closes_at=toml_time(closes_at)
    )
    (folder / "challenge.toml").write_text(text, encoding="utf-8")


def toml_time(moment: datetime) -> str:
    """Write an aware time the way challenge.toml wants it: UTC with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
