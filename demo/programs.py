"""What the second demo adds to the challenge: the host's own metric, and files for models."""

from datetime import datetime
from pathlib import Path

import pandas as pd

from palio.demo import challenge, models, ratings

SAMPLE_PEOPLE = 60
SAMPLE_HIDDEN = 3

FIRST_SCORE = "The score is the root mean squared error."
OWN_SCORE = "The score is the mean over people of each person's root mean squared error."

OWN_METRIC = '''\
"""Each person counts alike: the mean over people of the RMSE of that person's rows."""

import numpy as np
import pandas as pd
from kaggle_metric_utilities import ParticipantVisibleError


def score(
    solution: pd.DataFrame,
    submission: pd.DataFrame,
    row_id_column_name: str,
    least_spread: float = 0.0,
) -> dict[str, float]:
    """Return `per_person`, which ranks, and the plain `rmse`."""
    if submission["rating"].std() < least_spread:
        raise ParticipantVisibleError("These ratings hardly differ; this board is for models.")
    squared = (solution["rating"] - submission["rating"]) ** 2
    people = np.sqrt(squared.groupby(solution["person"]).mean())
    return {"per_person": float(people.mean()), "rmse": float(np.sqrt(squared.mean()))}
'''

METRIC_SETTINGS = """\
[metric] # our own, in metric.py: it runs in a box, as models do
file = "metric.py"
seconds = 60
memory = "1 GiB"
parameters = { least_spread = 0.01 }
public_columns = ["person"] # groups, which everybody may see; the ratings are the answers

[[metric.scores]]
name = "per_person"
better = "lower"
digits = 4

[[metric.scores]]
name = "rmse"
better = "lower"
digits = 4
"""

MODEL_SETTINGS = """\

[[answers.targets]]
name = "rating"
kind = "real"

[[answers.targets]]
name = "person"
kind = "integer"

[models] # predictions, code and images are taken
seconds = 120
memory = "1 GiB"
"""


def write_challenge(folder: Path, *, opens_at: datetime, closes_at: datetime) -> None:
    """Write the challenge of the first demo, scored by its host's own metric, open to models."""
    cut = challenge.write_challenge(folder, opens_at=opens_at, closes_at=closes_at)
    settings = (folder / "challenge.toml").read_text(encoding="utf-8")
    before, _, after = settings.partition("[[metrics]]")
    form, _, rest = after.partition("[submission]")[2].partition("[[phases]]")
    (folder / "challenge.toml").write_text(
        f"{before}{METRIC_SETTINGS}\n[submission]{form.rstrip()}\n{MODEL_SETTINGS}\n[[phases]]{rest}",
        encoding="utf-8",
    )
    about = (folder / "description.md").read_text(encoding="utf-8")
    (folder / "description.md").write_text(about.replace(FIRST_SCORE, OWN_SCORE), encoding="utf-8")
    (folder / "metric.py").write_text(OWN_METRIC, encoding="utf-8")
    cut.qualifying[["id", "rating", "person"]].to_csv(folder / "solution.csv", index=False)
    ratings.write_public_files(cut, folder / "models" / "input")
    write_sample(cut, folder / "models")


def write_sample(cut: ratings.Cut, folder: Path) -> None:
    """Write a small public stand-in for the hidden run: files of the same kind, with its answers.

    Its questions are training ratings of a few people, so nothing of the holdout is in it.
    """
    people = cut.training["person"].unique()[:SAMPLE_PEOPLE]
    known = cut.training[cut.training["person"].isin(people)]
    from_last = known.groupby("person").cumcount(ascending=False)
    asked = known[from_last < SAMPLE_HIDDEN].reset_index(drop=True)
    asked = asked.assign(id=range(1, len(asked) + 1))
    part = ratings.Cut(
        training=known[from_last >= SAMPLE_HIDDEN],
        qualifying=asked[["id", "person", "film", "date", "rating"]],
        films=cut.films,
    )
    ratings.write_public_files(part, folder / "sample")
    pd.DataFrame({"id": asked["id"], "rating": models.HIGHEST}).to_csv(
        folder / "sample_submission.csv", index=False
    )
