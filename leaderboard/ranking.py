"""Who stands where: a pure function of scored entries and the view, the same for every board.

The order is total (integrity.md §3.1): rounded values of the ordering columns, then earlier receipt
of the counted submission, then its id. Rows that are equal in all ordering columns share a rank
(1-2-2-4). Round first, rank second: every column is rounded before anything ranks by it, and
computed columns are computed from rounded metrics, so that a board can be checked from what it
shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from palio.challenges.board_contracts import RANK_KINDS, is_named_baseline
from palio.challenges.contracts import EntryRule
from palio.leaderboard import columns
from palio.leaderboard.columns import Values
from palio.leaderboard.contracts import Board, Line
from palio.leaderboard.lines import improvement, score_of
from palio.leaderboard.views import View, direction_of
from palio.submissions.contracts import ScoredEntry, SubmissionKind

_ON_TIME = frozenset({SubmissionKind.COMPETITOR, SubmissionKind.HOST, SubmissionKind.BASELINE})
_ON_BOARD = {Board.LATE: frozenset({SubmissionKind.LATE, SubmissionKind.BASELINE})}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a board before it gets names.

    Attributes:
        rank: None for baselines and host entries.
        values: Of every column, as shown.
        improvement: Percent better than the baseline, None without one.
        entries: How many scored submissions stand behind the row.
        is_measure: It is the baseline that improvements and lines are measured from.

    """

    rank: int | None
    entry: ScoredEntry
    values: Values
    score: Decimal
    improvement: Decimal | None
    entries: int
    is_measure: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """The rows of a board, best first, and the lines among them.

    Attributes:
        phase: Its name where phases have boards of their own, else empty.
        earlier: The boards of the phases before, in order.

    """

    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    phase: str = ""
    earlier: tuple["Ranked", ...] = ()


def rank(entries: Iterable[ScoredEntry], *, view: View) -> Ranked:
    """Return a board; with phases apart that of the last phase, the others beside it.

    The last phase is the last declared one on the private board, and on the others the last one
    with entries.
    """
    kinds, needed = _ON_BOARD.get(view.board, _ON_TIME), _needed(view)
    wanted = [
        entry
        for entry in entries
        if entry.kind in kinds and needed.issubset(columns.metrics_of(entry))
    ]
    if not view.phases:
        return _ranked(wanted, view=view)
    begun = {entry.phase_id for entry in wanted if entry.kind is not SubmissionKind.BASELINE}
    is_final = view.board is Board.PRIVATE
    phases = [
        (id_, name)
        for place, (id_, name) in enumerate(view.phases)
        if id_ in begun or (is_final and place == len(view.phases) - 1)
    ] or list(view.phases[:1])
    boards = [
        _ranked(
            [e for e in wanted if e.phase_id == id_ or e.kind is SubmissionKind.BASELINE],
            view=view,
            phase=name,
        )
        for id_, name in phases
    ]
    last = boards[-1]
    return Ranked(last.rows, last.lines, last.phase, tuple(boards[:-1]))


def finals(entries: Sequence[ScoredEntry], *, view: View) -> tuple[ScoredEntry, ...]:
    """Return those of a team's scored submissions that may stand for it, best public ones first.

    - LAST: the one received last.
    - BEST_PUBLIC: the best public one, on the private board too.
    - ALL: every one.
    - CHOSEN: on the private board those the team chose, and for every choice it did not make the
      best public one left. On the other boards the best public one among the chosen, or among
      all where nothing is chosen (as at Kaggle).
    """
    if view.rule is EntryRule.LAST:
        return (max(entries, key=lambda entry: (entry.received_at, entry.submission_id)),)
    best_first = by_public(entries, view=view)
    if view.rule is EntryRule.ALL:
        return tuple(best_first)
    if view.rule is EntryRule.BEST_PUBLIC:
        return (best_first[0],)
    chosen = [entry for entry in best_first if entry.is_chosen]
    if view.board is not Board.PRIVATE:
        return ((chosen or best_first)[0],)
    rest = [entry for entry in best_first if not entry.is_chosen]
    return tuple((chosen + rest)[: max(view.finals, 1)])


def counted_entries(entries: Sequence[ScoredEntry], *, view: View) -> tuple[ScoredEntry, ...]:
    """Return those of a team's scored submissions that have a row: one, or all (ALL).

    Among several finals it is the one with the best score on this board; mean and median of
    ranks compare by the first metric they are made of.
    """
    found = finals(entries, view=view)
    if view.rule is EntryRule.ALL or len(found) == 1:
        return found
    return (min(found, key=lambda entry: _own_order(entry, view)),)


def baseline(baselines: Iterable[ScoredEntry], *, view: View) -> ScoredEntry | None:
    """Return the baseline that improvements are measured from (Netflix: the Cinematch line).

    The one labelled "baseline"; where there is none, the one with the best public score, so
    that both boards compare with the same line.
    """
    return min(
        baselines,
        key=lambda entry: (
            not is_named_baseline(entry.label),
            _public_order(entry, view),
        ),
        default=None,
    )


def by_public(entries: Iterable[ScoredEntry], *, view: View) -> list[ScoredEntry]:
    """Return a team's submissions by what it was told of them, best first."""
    return sorted(entries, key=lambda entry: _public_order(entry, view))


def is_on(entry: ScoredEntry, *, view: View) -> bool:
    """Say whether an entry has its place on a board.

    One that lacks a metric of an ordering column cannot be compared with the others.
    """
    is_of_kind = entry.kind in _ON_BOARD.get(view.board, _ON_TIME)
    return is_of_kind and _needed(view).issubset(columns.metrics_of(entry))


def _needed(view: View) -> frozenset[str]:
    return frozenset(metric for name in view.order for metric in view.column(name).of)


def _is_ranked(entry: ScoredEntry) -> bool:
    return not entry.is_host and entry.kind not in {SubmissionKind.BASELINE, SubmissionKind.HOST}


def _ranked(entries: Iterable[ScoredEntry], *, view: View, phase: str = "") -> Ranked:
    teams: dict[str, list[ScoredEntry]] = {}
    baselines: list[ScoredEntry] = []
    for entry in entries:
        if entry.kind is SubmissionKind.BASELINE:
            baselines.append(entry)
        else:
            teams.setdefault(entry.team_id, []).append(entry)
    counts = {entry.submission_id: 1 for entry in baselines}
    counted = list(baselines)
    for own in teams.values():
        chosen = counted_entries(own, view=view)
        counted += chosen
        is_all = view.rule is EntryRule.ALL
        counts |= {entry.submission_id: 1 if is_all else len(own) for entry in chosen}
    values = columns.values_of(counted, view=view, is_ranked=_is_ranked)
    ordered = sorted(counted, key=lambda entry: _order(entry, values, view))
    first = view.first.name
    scores = {id_: own[first] for id_, own in values.items()}
    reference = baseline(baselines, view=view)
    over = None if reference is None else scores[reference.submission_id]
    gains = _Gains(view, over)
    rows = tuple(
        Row(
            rank=place,
            entry=entry,
            values=tuple(values[entry.submission_id].items()),
            score=scores[entry.submission_id],
            improvement=gains.of(scores[entry.submission_id]),
            entries=counts[entry.submission_id],
            is_measure=entry is reference,
        )
        for entry, place in zip(ordered, _ranks(ordered, values, view), strict=True)
    )
    known = {entry.submission_id: entry for own in teams.values() for entry in own}
    return Ranked(rows, _lines(rows, known, over=over, view=view, gains=gains), phase)


@dataclass(frozen=True, slots=True)
class _Gains:
    """Improvements over one baseline; ranks of ranks have none."""

    view: View
    over: Decimal | None

    def of(self, score: Decimal) -> Decimal | None:
        column = self.view.first
        if self.over is None or column.kind in RANK_KINDS:
            return None
        return improvement(score, over=self.over, direction=direction_of(column))


def _lines(
    rows: Sequence[Row],
    known: Mapping[str, ScoredEntry],
    *,
    over: Decimal | None,
    view: View,
    gains: _Gains,
) -> tuple[Line, ...]:
    """Sort lines in: a row that reaches a line stands above it."""
    column = view.first
    if column.kind in RANK_KINDS:
        return ()
    wanted = {line.submission_id for line in view.lines} & known.keys()
    scores = {id_: columns.own_value(known[id_].all_rounded, column) for id_ in wanted}
    keys = [_ascending(row.score, column.is_lower_better) for row in rows]
    found = []
    for line in view.lines:
        score = score_of(
            line,
            scores=scores,
            baseline=over,
            digits=column.digits,
            direction=direction_of(column),
        )
        if score is not None:
            key = _ascending(score, column.is_lower_better)
            position = sum(1 for each in keys if each <= key)
            found.append((key, Line(line.kind, line.title, score, gains.of(score), position)))
    return tuple(line for _, line in sorted(found, key=lambda pair: pair[0]))


def _ranks(
    entries: Sequence[ScoredEntry], values: Mapping[str, Mapping[str, Decimal]], view: View
) -> list[int | None]:
    ranks: list[int | None] = []
    place = seen = 0
    before: list[Decimal] | None = None
    for entry in entries:
        if not _is_ranked(entry):
            ranks.append(None)
            continue
        seen += 1
        own = [values[entry.submission_id][name] for name in view.order]
        if own != before:
            place, before = seen, own
        ranks.append(place)
    return ranks


def _order(
    entry: ScoredEntry, values: Mapping[str, Mapping[str, Decimal]], view: View
) -> tuple[list[Decimal], bool, datetime, str]:
    own = values[entry.submission_id]
    keys = [_ascending(own[name], view.column(name).is_lower_better) for name in view.order]
    return keys, not _is_ranked(entry), entry.received_at, entry.submission_id


def _public_order(entry: ScoredEntry, view: View) -> tuple[list[Decimal], datetime, str]:
    """Order a team's own submissions by what it was told of them."""
    known = entry.all_public
    if not known:
        (metric, _), *rest = entry.all_rounded
        known = ((metric, entry.public), *rest)
    return columns.choice_keys(known, view), entry.received_at, entry.submission_id


def _own_order(entry: ScoredEntry, view: View) -> tuple[list[Decimal], datetime, str]:
    keys = columns.choice_keys(entry.all_rounded, view)
    return keys, entry.received_at, entry.submission_id


def _ascending(score: Decimal, is_lower_better: bool) -> Decimal:  # noqa: FBT001 (a direction)
    return columns.ascending(score, is_lower_better=is_lower_better)
