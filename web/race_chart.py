"""A race as a drawing without scripts: one line a team, time to the right, rank one on top."""

from dataclasses import dataclass
from datetime import datetime

from palio.web.api.schemas_history import RacerView, RaceView

WIDTH, HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 170, 14, 30
_NAME_MOST = 22


@dataclass(frozen=True, slots=True)
class Track:
    """One team's line.

    Attributes:
        colour: Number of its colour class, from 0.
        paths: Points of each unbroken stretch, as SVG wants them.
        x, y: Where the line ends.
        label_y: Where its name stands: those of one rank below each other.

    """

    team: str
    label: str
    rank: int
    colour: int
    paths: tuple[str, ...]
    x: float
    y: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws, in units of the drawing."""

    tracks: tuple[Track, ...]
    ranks: tuple[tuple[int, float], ...]
    left: int
    right: int
    bottom: int
    begin: datetime
    end: datetime


def draw(race: RaceView) -> Chart:
    """Lay a race out; it has two instants at least."""
    lowest = max((r for racer in race.racers for r in racer.ranks if r is not None), default=1)
    shown = min(lowest, 2 * max(len(race.racers), 1))  # worse ranks run along the bottom
    begin, end = race.instants[0], race.instants[-1]
    span = (end - begin).total_seconds() or 1.0
    places = [
        _LEFT + (at - begin).total_seconds() / span * (WIDTH - _LEFT - _RIGHT)
        for at in race.instants
    ]
    step = (HEIGHT - _TOP - _BOTTOM) / max(shown - 1, 1)

    def height(rank: int) -> float:
        return round(_TOP + (min(rank, shown) - 1) * step, 1)

    last = [racer.ranks[-1] or 0 for racer in race.racers]
    tracks = []
    for colour, racer in enumerate(race.racers):
        heights = [height(rank) if rank else None for rank in racer.ranks]
        before = last[:colour].count(last[colour])
        points = list(zip(places, heights, strict=True))
        tracks.append(_track(racer, colour, points, label_y=height(last[colour] + before)))
    return Chart(
        tracks=tuple(tracks),
        ranks=tuple((rank, height(rank)) for rank in range(1, shown + 1)),
        left=_LEFT,
        right=WIDTH - _RIGHT,
        bottom=HEIGHT - _BOTTOM,
        begin=begin,
        end=end,
    )


def _track(
    racer: RacerView, colour: int, points: list[tuple[float, float | None]], *, label_y: float
) -> Track:
    stretches: list[list[str]] = [[]]
    for x, y in points:
        if y is None:
            stretches.append([])
            continue
        if stretches[-1]:  # a rank holds until it changes
            stretches[-1].append(f"{x:.1f},{stretches[-1][-1].split(',')[1]}")
        stretches[-1].append(f"{x:.1f},{y}")
    x, y = points[-1]
    label = racer.team if len(racer.team) <= _NAME_MOST else f"{racer.team[: _NAME_MOST - 1]}…"
    return Track(
        team=racer.team,
        label=label,
        rank=racer.ranks[-1] or 0,
        colour=colour,
        paths=tuple(" ".join(stretch) for stretch in stretches if stretch),
        x=x,
        y=y or 0.0,
        label_y=label_y,
    )
