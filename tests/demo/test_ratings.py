"""The cut of the demo's ratings: what is hidden, what is public."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from palio.demo import ratings


@pytest.fixture(scope="module")
def loaded() -> pd.DataFrame:
    return ratings.load_ratings()


@pytest.fixture(scope="module")
def cut(loaded: pd.DataFrame) -> ratings.Cut:
    return ratings.cut_ratings(loaded)


def test_cut_hides_nine_ratings_of_each_person_and_loses_none(
    loaded: pd.DataFrame, cut: ratings.Cut
) -> None:
    hidden = cut.qualifying.groupby("person").size()
    assert (set(hidden), len(hidden)) == ({9}, 671)
    assert len(cut.training) + len(cut.qualifying) == len(loaded) == 100_004


def test_cut_hides_the_last_ratings_of_each_person(loaded: pd.DataFrame, cut: ratings.Cut) -> None:
    seconds = loaded.set_index(["person", "film"])["seconds"]
    latest_known = cut.training.join(seconds, on=["person", "film"]).groupby("person").seconds.max()
    first_hidden = (
        cut.qualifying.join(seconds, on=["person", "film"]).groupby("person").seconds.min()
    )
    assert (latest_known <= first_hidden).all()


def test_ids_when_sorted_do_not_sort_people_films_or_ratings(cut: ratings.Cut) -> None:
    assert list(cut.qualifying["id"]) == list(range(1, 6040))
    for column in ("person", "film", "rating"):
        assert abs(cut.qualifying["id"].corr(cut.qualifying[column])) < 0.05


def test_public_files_hold_no_hidden_rating(cut: ratings.Cut, tmp_path: Path) -> None:
    ratings.write_public_files(cut, tmp_path / "data")
    with (tmp_path / "data" / "qualifying.csv").open(newline="") as file:
        assert next(csv.reader(file)) == ["id", "person", "film", "date"]
    known = set(zip(cut.training["person"], cut.training["film"], strict=True))
    asked = set(zip(cut.qualifying["person"], cut.qualifying["film"], strict=True))
    assert known & asked == set()
