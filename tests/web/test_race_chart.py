"""A race laid out: where lines run, end and are named."""

from datetime import UTC, datetime, timedelta

from palio.leaderboard.contracts import Board
from palio.web import race_chart
from palio.web.api.schemas_history import RacerView, RaceView

START = datetime(2026, 11, 22, tzinfo=UTC)


def racer(team: str, *ranks: int | None) -> RacerView:
    return RacerView(team=team, team_id=team, ranks=ranks, scores=tuple(None for _ in ranks))


def race(*racers: RacerView) -> RaceView:
    instants = tuple(START + timedelta(hours=hour) for hour in range(len(racers[0].ranks)))
    return RaceView(board=Board.PUBLIC, version=1, instants=instants, racers=racers)


def test_lines_hold_their_rank_until_it_changes_and_begin_where_the_team_came() -> None:
    chart = race_chart.draw(race(racer("a", 2, 1, 1), racer("b", None, 2, 2)))
    (one,), (two,) = (track.paths for track in chart.tracks)
    assert one == "34.0,330.0 292.0,330.0 292.0,14.0 550.0,14.0 550.0,14.0"
    assert two == "292.0,330.0 550.0,330.0 550.0,330.0"
    assert [(track.rank, track.y) for track in chart.tracks] == [(1, 14.0), (2, 330.0)]
    assert chart.ranks == ((1, 14.0), (2, 330.0))


def test_a_team_off_the_board_for_a_while_has_two_stretches() -> None:
    chart = race_chart.draw(race(racer("a", 1, None, 1)))
    assert len(chart.tracks[0].paths) == 2


def test_names_of_one_rank_stand_below_each_other_and_long_ones_are_cut() -> None:
    long = "x" * 40
    tied = race(racer("a", 1, 1), racer(long, 2, 1), racer("c", 3, 3))
    heights = [track.label_y for track in race_chart.draw(tied).tracks]
    assert heights == sorted(set(heights))
    assert race_chart.draw(tied).tracks[1].label == "x" * 21 + "…"
    assert race_chart.draw(tied).tracks[1].team == long


def test_ranks_far_below_run_along_the_bottom() -> None:
    chart = race_chart.draw(race(racer("a", 4000, 1)))
    assert len(chart.ranks) == 2
    assert chart.tracks[0].paths[0].startswith("34.0,330.0 ")
