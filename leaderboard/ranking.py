"""Who stands where: pure functions of scored entries, the same for every board.

The order is total (integrity.md §3.1): rounded score, then earlier receipt of the counted
submission, then its id. Rounded scores that are equal share a rank (1-2-2-4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from palio.challenges.contracts import EntryRule
from palio.leaderboard.contracts import Board
from palio.scoring.direction import Direction
from palio.submissions.contracts import ScoredEntry, SubmissionKind

BASELINE_LABEL = "baseline"
_HUNDREDTH = Decimal("0.01")
_WIDE = Context(prec=400)  # a score may be as large as a double


@dataclass(frozen=True, slots=True)
class Ranking:
    """How a board is ranked.

    Attributes:
        finals: How many submissions count for a team where it chooses.

    """

    board: Board
    direction: Direction
    rule: EntryRule
    finals: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a board before it gets names.

    Attributes:
        rank: None for a baseline.
        improvement: Percent better than the baseline, None without one.
        entries: How many scored submissions stand behind the line.

    """

    rank: int | None
    entry: ScoredEntry
    improvement: Decimal | None
    entries: int


def rank(entries: Iterable[ScoredEntry], *, ranking: Ranking) -> tuple[Row, ...]:
    """Return the lines of a board, best first; baselines after teams of the same score."""
    teams: dict[str, list[ScoredEntry]] = {}
    baselines: list[ScoredEntry] = []
    for entry in entries:
        if entry.kind is SubmissionKind.BASELINE:
            baselines.append(entry)
        else:
            teams.setdefault(entry.team_id, []).append(entry)
    direction = ranking.direction
    counted = [(counted_entry(own, ranking=ranking), len(own)) for own in teams.values()]
    lines = sorted(
        [*counted, *((entry, 1) for entry in baselines)],
        key=lambda line: _order(line[0], direction=direction),
    )
    reference = baseline(baselines, direction=direction)
    ranks = _ranks([entry for entry, _ in lines])
    return tuple(
        Row(
            rank=place,
            entry=entry,
            improvement=(
                None
                if reference is None
                else improvement(entry.rounded, over=reference.rounded, direction=direction)
            ),
            entries=count,
        )
        for (entry, count), place in zip(lines, ranks, strict=True)
    )


def counted_entry(entries: Sequence[ScoredEntry], *, ranking: Ranking) -> ScoredEntry:
    """Return the one of a team's scored submissions that stands on this board.

    - LAST: the one received last.
    - BEST_PUBLIC: the best public score, on the private board too.
    - CHOSEN: on the private board the best private score among the team's final ones: those it
      chose, and for every choice it did not make the best public one left. On the public board
      the best public score among the chosen, or among all where nothing is chosen (as at Kaggle).
    """
    if ranking.rule is EntryRule.LAST:
        return max(entries, key=lambda entry: (entry.received_at, entry.submission_id))
    direction = ranking.direction
    by_public = sorted(entries, key=lambda entry: _public_order(entry, direction=direction))
    if ranking.rule is EntryRule.BEST_PUBLIC:
        return by_public[0]
    chosen = [entry for entry in by_public if entry.is_chosen]
    if ranking.board is Board.PUBLIC:
        return (chosen or by_public)[0]
    rest = [entry for entry in by_public if not entry.is_chosen]
    finals = (chosen + rest)[: max(ranking.finals, 1)]
    return min(finals, key=lambda entry: _order(entry, direction=direction))


def baseline(baselines: Iterable[ScoredEntry], *, direction: Direction) -> ScoredEntry | None:
    """Return the baseline that improvements are measured from (Netflix: the Cinematch line).

    The one labelled "baseline"; where there is none, the one with the best public score, so
    that both boards compare with the same line.
    """
    return min(
        baselines,
        key=lambda entry: (
            entry.label.casefold() != BASELINE_LABEL,
            _public_order(entry, direction=direction),
        ),
        default=None,
    )


def improvement(score: Decimal, *, over: Decimal, direction: Direction) -> Decimal | None:
    """Return by how many percent of the baseline a rounded score is better, to 2 decimals.

    Half to even, on the rounded values, as Netflix printed it: 0.8712 over 0.9514 is 8.43.
    None when the baseline is zero.
    """
    if over == 0:
        return None
    gain = over - score if direction is Direction.LOWER else score - over
    return (gain / abs(over) * 100).quantize(_HUNDREDTH, ROUND_HALF_EVEN, _WIDE)


def _ranks(entries: Sequence[ScoredEntry]) -> list[int | None]:
    ranks: list[int | None] = []
    place = seen = 0
    score_before: Decimal | None = None
    for entry in entries:
        if entry.kind is SubmissionKind.BASELINE:
            ranks.append(None)
            continue
        seen += 1
        if entry.rounded != score_before:
            place, score_before = seen, entry.rounded
        ranks.append(place)
    return ranks


def _order(entry: ScoredEntry, *, direction: Direction) -> tuple[Decimal, bool, datetime, str]:
    is_baseline = entry.kind is SubmissionKind.BASELINE
    return (
        _ascending(entry.rounded, direction=direction),
        is_baseline,
        entry.received_at,
        entry.submission_id,
    )


def _public_order(entry: ScoredEntry, *, direction: Direction) -> tuple[Decimal, datetime, str]:
    return _ascending(entry.public, direction=direction), entry.received_at, entry.submission_id


def _ascending(score: Decimal, *, direction: Direction) -> Decimal:
    """Return a key under which better comes first; negating a Decimal would round it."""
    return score if direction is Direction.LOWER else score.copy_negate()
